// Schedules found on this device, kept in IndexedDB for the next visit. Where the browser keeps
// nothing (private windows, denied storage), nothing is found and nothing fails.

const STORE = 'schedules';

function open() {
  return new Promise((done, failed) => {
    const request = indexedDB.open('nnjit-schedules', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

/** Runs an action on the store and waits until it is done for good. */
async function transact(mode, action) {
  const db = await open();
  try {
    return await new Promise((done, failed) => {
      const transaction = db.transaction(STORE, mode);
      const request = action(transaction.objectStore(STORE));
      transaction.oncomplete = () => done(request?.result);
      transaction.onabort = () => failed(transaction.error);
    });
  } finally {
    db.close();
  }
}

/**
 * Schedules found before with this fingerprint of device, browser and compiler.
 * @returns {Promise<string[]>} each a workload, a tab and a schedule
 */
export async function readSchedules(fingerprint) {
  try {
    const found = await transact('readonly', (store) => store.get(fingerprint));
    return Object.entries(found ?? {}).map(([workload, schedule]) => `${workload}\t${schedule}`);
  } catch {
    return [];
  }
}

/** Adds schedules to those kept, over older ones of the same workloads. */
export async function writeSchedules(fingerprint, lines) {
  const added = Object.fromEntries(lines.map((line) => line.split('\t')));
  try {
    await transact('readwrite', (store) => {
      const request = store.get(fingerprint);
      request.onsuccess = () => store.put({ ...request.result, ...added }, fingerprint);
    });
  } catch {
    // The next visit finds them again.
  }
}
