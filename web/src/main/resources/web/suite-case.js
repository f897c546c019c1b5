// One case of a suite: a model with data sets of feeds and what it must answer.
import { InferenceSession } from '/npm/nnjit.js';
import { readTensor } from './onnx-tensor.js';

const get = async (url) => {
  const r = await fetch(url);
  if (!r.ok) throw new Error(`${url}: ${r.status}`);
  return r.arrayBuffer();
};

const half = (bits) => {
  const e = (bits >> 10) & 31;
  const m = bits & 1023;
  const v = e === 31 ? (m ? NaN : Infinity) : e === 0 ? m * 2 ** -24 : (1 + m / 1024) * 2 ** (e - 15);
  return bits & 32768 ? -v : v;
};

/** What differs, or null; `relative` measures against the largest magnitude of the tensor. */
function difference(wanted, got, job) {
  const sameType = wanted.type === got.type || (wanted.type === 'uint16' && got.type === 'bfloat16');
  if (!sameType || wanted.dims.join() !== got.dims.join()) {
    return { text: `wanted ${wanted.type}[${wanted.dims}], got ${got.type}[${got.dims}]`, error: Infinity };
  }
  const number = wanted.type === 'float16' ? half : Number;
  let scale = 0;
  for (const v of wanted.data) {
    const a = Math.abs(number(v));
    if (Number.isFinite(a) && a > scale) scale = a;
  }
  let worst = 0;
  let text = null;
  for (let i = 0; i < wanted.data.length; i++) {
    const a = number(wanted.data[i]);
    const b = number(got.data[i]);
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const error = Math.abs(a - b);
    const limit = job.relative ? job.relative * (scale || 1) : job.atol + job.rtol * Math.abs(a);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error / (scale || 1));
    if (!(error <= limit) && !text) text = `element ${i}: wanted ${a}, got ${b} (largest magnitude ${scale})`;
  }
  return { text, error: worst };
}

/** Feeds of a data set, by input name. */
export async function readFeeds(session, set) {
  const feeds = {};
  for (const [i, url] of set.inputs.entries()) {
    const { name, tensor } = readTensor(await get(url));
    const input = session.inputNames.includes(name) ? name : session.inputNames[i];
    const meta = session.inputMetadata.find((m) => m.name === input);
    if (tensor.type === 'uint16' && meta?.type === 'bfloat16') tensor.type = 'bfloat16';
    feeds[input] = tensor;
  }
  return feeds;
}

/** Where the last plan's module is another than the file at this address, or null. */
async function otherProgram(session, url) {
  const wanted = new Uint8Array(await get(url));
  const got = await session.program();
  const at = got.findIndex((v, i) => v !== wanted[i]);
  if (at < 0 && got.length === wanted.length) return null;
  const where = at < 0 ? Math.min(got.length, wanted.length) : at;
  return `the program has ${got.length} bytes, ${url} ${wanted.length}; they differ first at byte ${where}`;
}

/**
 * Runs a data set: what differs first, or null, and the largest relative error. A set may name the
 * file of the program that must have been made for it.
 */
export async function runSet(session, set, job) {
  const out = await session.run(await readFeeds(session, set));
  const other = set.program && await otherProgram(session, set.program[0]);
  if (other) return { text: other, error: Infinity };
  let error = 0;
  for (const [i, url] of set.outputs.entries()) {
    const d = difference(readTensor(await get(url)).tensor, out[session.outputNames[i]], job);
    error = Math.max(error, d.error);
    if (d.text) return { text: `output ${i}: ${d.text}`, error };
  }
  return { text: null, error };
}

/** Makes a session of a case's model and runs its data sets: {name, status, message, error, ...}. */
export async function runCase(c, job) {
  let session;
  try {
    session = await InferenceSession.create(c.model, { threads: job.threads, ...job.options });
    let error = 0;
    for (const set of c.sets) {
      const { text, error: worst } = await runSet(session, set, job);
      error = Math.max(error, worst);
      if (text) return { name: c.name, status: 'wrong', message: text };
    }
    const { plan, device, load } = await session.stats();
    if (load.fetched > c.mostFetched) {
      return { name: c.name, status: 'wrong', message: `fetched ${load.fetched} bytes, wanted ${c.mostFetched} at most` };
    }
    return { name: c.name, status: 'passed', error, kernels: plan?.kernels.length ?? 0,
      hostCalls: plan?.commands.filter((k) => ['host', 'wasm'].includes(k.kernel)).length ?? 0, compileMs: plan?.compileMs,
      threads: device.threads, provider: device.provider, notes: device.notes };
  } catch (e) {
    const user = e.user || /not a tensor of numbers/.test(e.message);
    return { name: c.name, status: user ? 'unsupported' : 'wrong', message: e.message };
  } finally {
    await session?.release();
  }
}
