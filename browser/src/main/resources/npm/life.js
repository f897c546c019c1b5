// How the page learns that a worker has ended, however that came about. A worker that the browser
// ends sends no event, and the engine worker hears nothing while it waits in a barrier; but a lock
// (https://w3c.github.io/web-locks/) goes to the next in line when its holder ends.

/**
 * In a worker: holds a lock for as long as the worker lives.
 * @returns {Promise<string|null>} the lock's name; null where the browser gives no locks
 */
export function live() {
  if (!navigator.locks) return Promise.resolve(null);
  const name = `nnjit-${crypto.randomUUID()}`;
  return new Promise((held) => {
    navigator.locks.request(name, () => {
      held(name);
      return new Promise(() => {});
    }).catch(() => held(null));
  });
}

/**
 * In the page: resolves when the worker that holds this lock has ended.
 * @param {string|null} name what {@link live} gave
 */
export function ended(name) {
  return name ? navigator.locks.request(name, () => {}) : new Promise(() => {});
}
