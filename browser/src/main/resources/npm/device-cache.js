// What was measured on this device, kept for the next visit with the same browser, number of cores
// and version of nnJIT.
import { transact } from './database.js';
import { VERSION } from './version.js';

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
