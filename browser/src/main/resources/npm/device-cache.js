// What was measured on this device.
import { transact } from './database.js';

/** What was kept under a key, or undefined. */
export const recall = (key) => transact('devices', 'readonly', (store) => store.get(key));

/** Keeps a plain object in place of all others. */
export const keep = (key, value) => transact('devices', 'readwrite', (store) => {
  store.clear();
  store.put(value, key);
});
