// Keeps what was measured on this device in IndexedDB. Where the browser gives none (some private
// windows, opaque origins) nothing is kept, and the device is measured again.
const STORE = 'devices';

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function withStore(mode, action) {
  try {
    const opening = indexedDB.open('nnjit-devices', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const db = await done(opening);
    try {
      return await done(action(db.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

/** What was kept under a key, or undefined. */
export const recall = (key) => withStore('readonly', (store) => store.get(key));

/** Keeps a plain object in place of all others. */
export const keep = (key, value) => withStore('readwrite', (store) => {
  store.clear();
  return store.put(value, key);
});
