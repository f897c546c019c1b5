// What the pages of fault tests share: a product that is easy to check, and sessions with faults.
import { workers, breakNext } from './fault-hooks.js';
import { runCase, runSet } from './suite-case.js';
import { oneNode } from '/npm/onnx-writer.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';

export const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

export const floats = (n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));

/** y[m, n] = x[m, k] * w[k, n]. */
export const matmul = (m, k, n) => oneNode('MatMul',
  [{ name: 'x', dims: [m, k] }, { name: 'w', dims: [k, n], data: floats(k * n) }], { name: 'y', dims: [m, n] });

export const feed = (m, k) => ({ x: new Tensor('float32', floats(m * k), [m, k]) });

/** Fails unless y is the product of what {@link matmul} and {@link feed} hold. */
export function checkProduct(y, m, k, n) {
  const x = floats(m * k);
  const w = floats(k * n);
  for (const [i, j] of [[0, 0], [m - 1, n - 1], [m >> 1, n >> 1]]) {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += x[i * k + p] * w[p * n + j];
    const got = y.data[i * n + j];
    if (!(Math.abs(got - sum) <= 1e-5 * k)) throw new Error(`y[${i}, ${j}] is ${got}, wanted ${sum}`);
  }
}

/** Fails unless the promise is rejected with an error that holds all these texts; gives the error. */
export async function rejects(promise, ...texts) {
  let error;
  try {
    await promise;
  } catch (e) {
    error = e;
  }
  if (!error) throw new Error('nothing failed');
  const missing = texts.filter((t) => !error.message.includes(t));
  if (missing.length) throw new Error(`the message lacks '${missing.join("', '")}': ${error.message}`);
  return error;
}

/** Locks that nnJIT's workers hold: one for each that lives. */
export const living = async () => (await navigator.locks.query()).held.filter((l) => l.name.startsWith('nnjit-')).length;

/** A session with a worker of its own, not the one that nnJIT keeps, and with this fault. */
export async function broken(fault, bytes, options) {
  const holder = await InferenceSession.create(matmul(1, 1, 1), options);
  const started = workers.length;
  breakNext(fault);
  try {
    const session = await InferenceSession.create(bytes, options);
    if (workers.length !== started + 1) throw new Error('the session did not start a worker of its own');
    return session;
  } finally {
    await holder.release();
  }
}

/**
 * Runs [name, function] cases in order. After each a good model must be right in a new session, and in
 * one that lives through the faults of all.
 * @param {object} job as of the page
 * @param {object} options of sessions
 * @returns {Promise<Array<{name: string, status: string, message: string}>>} results
 */
export async function runCases(cases, job, options) {
  const log = document.querySelector('#log');
  const witness = await InferenceSession.create(job.good.model, options);
  const results = [];
  for (const [name, act] of cases) {
    log.textContent = `${results.length} of ${cases.length}: ${name}`;
    let message = '';
    let status = 'passed';
    try {
      message = await act();
      const after = await runCase(job.good, { ...job, options });
      if (after.status !== 'passed') throw new Error(`afterwards a good model fails: ${after.message}`);
      const beside = await runSet(witness, job.good.sets[0], job);
      if (beside.text) throw new Error(`another session is wrong: ${beside.text}`);
    } catch (e) {
      status = 'wrong';
      message = e.message;
    }
    results.push({ name, status, message });
  }
  log.textContent = `${results.filter((r) => r.status === 'passed').length} of ${results.length} passed`;
  return results;
}
