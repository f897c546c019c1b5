// Locks of two kinds. By the browser's (https://w3c.github.io/web-locks/) the page learns that a worker
// has ended, however that came about: one that the browser ends sends no event, and the engine worker
// hears nothing while it waits in a barrier; but a lock goes to the next in line when its holder ends.
// The other says who may touch a session's memory: the page, which runs small plans itself, or the
// engine worker. Two words in the reserved first bytes of the shared memory: the lock, and an epoch that
// moves on when addresses change their meaning.

const LOCK = 512 / 4;
const EPOCH = 516 / 4;

const words = (memory) => new Int32Array(memory.buffer, 0, EPOCH + 1);

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

/** Takes the lock when it is free; never waits. */
export const tryLock = (memory) => Atomics.compareExchange(words(memory), LOCK, 0, 1) === 0;

/** Takes the lock; only in workers, because it waits. */
export function lock(memory) {
  const view = words(memory);
  while (Atomics.compareExchange(view, LOCK, 0, 1) !== 0) Atomics.wait(view, LOCK, 1, 1);
}

export const unlock = (memory) => Atomics.store(words(memory), LOCK, 0);

export const epoch = (memory) => Atomics.load(words(memory), EPOCH);

/** Ends all that was known of addresses. */
export const nextEpoch = (memory) => Atomics.add(words(memory), EPOCH, 1);

/** Makes the reserved bytes what they are in a new memory, except the lock; addresses known before end. */
export function reset(memory) {
  new Uint8Array(memory.buffer, 0, 4 * LOCK).fill(0);
  nextEpoch(memory);
}
