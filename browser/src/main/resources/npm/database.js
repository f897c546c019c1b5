// The IndexedDB in which nnJIT keeps what it found on this device. Where the browser keeps nothing
// (private windows, denied storage), nothing is found and nothing fails.
const STORES = ['devices', 'schedules'];

function open() {
  return new Promise((done, failed) => {
    const request = indexedDB.open('nnjit', 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

/**
 * Runs an action on a store and waits until it is done for good.
 * @param {string} name of the store
 * @param {'readonly'|'readwrite'} mode
 * @param {function(IDBObjectStore): IDBRequest|void} action
 * @returns {Promise<*>} the request's result; undefined where nothing can be kept
 */
export async function transact(name, mode, action) {
  try {
    const db = await open();
    try {
      return await new Promise((done, failed) => {
        const transaction = db.transaction(name, mode);
        const request = action(transaction.objectStore(name));
        transaction.oncomplete = () => done(request?.result);
        transaction.onabort = () => failed(transaction.error);
      });
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}
