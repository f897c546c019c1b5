// Schedules found on this device, kept for the next visit.
import { transact } from './database.js';

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
