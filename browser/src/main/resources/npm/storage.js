// What nnJIT keeps of this device for the next visit, in IndexedDB. Where the browser keeps nothing
// (private windows, denied storage), nothing is found and nothing fails.
import { VERSION } from './version.js';

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
async function transact(name, mode, action) {
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

/**
 * Schedules found before with this fingerprint of device, browser and compiler.
 * @returns {Promise<string[]>} each a workload, a tab and a schedule
 */
export async function readSchedules(fingerprint) {
  const found = await transact('schedules', 'readonly', (store) => store.get(fingerprint));
  return Object.entries(found ?? {}).map(([workload, schedule]) => `${workload}\t${schedule}`);
}

/** Adds schedules to those kept, over older ones of the same workloads. */
export async function writeSchedules(fingerprint, lines) {
  const added = Object.fromEntries(lines.map((line) => line.split('\t')));
  await transact('schedules', 'readwrite', (store) => {
    const request = store.get(fingerprint);
    request.onsuccess = () => store.put({ ...request.result, ...added }, fingerprint);
  });
}

/** Measurements are for the same browser, number of cores and version of nnJIT. */
const key = () => [navigator.userAgent, navigator.hardwareConcurrency, VERSION, globalThis.crossOriginIsolated].join('|');

/** What was kept, when it was measured with these instructions and so many threads or more; else undefined. */
export async function recall(threads, relaxedSimd) {
  const known = await transact('devices', 'readonly', (store) => store.get(key()));
  return known?.relaxedSimd === relaxedSimd && known.scaling.length >= threads ? known : undefined;
}

/** Keeps a measurement (see probeDevice) in place of all others. */
export const keep = (measured) => transact('devices', 'readwrite', (store) => {
  store.clear();
  store.put(measured, key());
});
