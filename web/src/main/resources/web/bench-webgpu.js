// Models and single kernels on WebGPU, against onnxruntime-web's and TensorFlow.js's WebGPU backends on
// the same adapter. Answers are brought back from the GPU by all.
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { KERNELS, makeKernel } from './bench-kernels.js';
import { difference, median } from './bench-times.js';
import { against, inTurns } from './bench-turns.js';
import { sampleFeeds } from './sample-feeds.js';

const GPU = { executionProviders: ['webgpu'] };

async function loadPeer() {
  const ort = await import('/peers/onnxruntime-web/dist/ort.webgpu.min.mjs');
  ort.env.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
  ort.env.wasm.numThreads = 1;
  return ort;
}

/** Milliseconds that a promise takes, and what it gives. */
async function taking(act) {
  const start = performance.now();
  const value = await act();
  return [performance.now() - start, value];
}

const inMs = (act) => async () => [(await taking(act))[0]];

/** A model, its bytes or address, in both engines, and in a third where one is given. */
async function compare(label, model, feedsFor, third, { rounds, warmUp, log }) {
  await log(`${label}: loading`);
  const ours = await InferenceSession.create(model, { threads: 1, tune: false, ...GPU });
  const feeds = feedsFor(Tensor, ours.inputMetadata);
  const [firstMs, mine] = await taking(() => ours.run(feeds));
  const { device, plan } = await ours.stats();
  const ort = await loadPeer();
  const theirs = await ort.InferenceSession.create(model, GPU);
  const given = feedsFor(ort.Tensor, ours.inputMetadata);
  const run = async () => {
    const outputs = await theirs.run(given);
    for (const t of Object.values(outputs)) await t.getData();
    return outputs;
  };
  const [peerFirstMs, other] = await taking(run);
  const output = ours.outputNames[0];
  const relativeError = difference(mine[output].data, await other[output].getData());
  const runs = [() => ours.run(feeds), run, ...(third ? [() => third.run()] : [])];
  const { times } = await inTurns(runs.map(inMs), { rounds, warmUp, log });
  await ours.release();
  await theirs.release();
  third?.dispose();
  return {
    model: label, adapter: [device.gpu.vendor, device.gpu.architecture].filter(Boolean).join(' '), kernels: plan.kernels.length,
    slices: plan.commands.filter((c) => c.kernel === 'wasm').length, firstMs, peerFirstMs, relativeError,
    tfjsMs: third ? median(times[2].flat()) : null, ...against('onnxruntime-web webgpu', times[0], times[1]),
  };
}

/**
 * Measures a model.
 * @param {{url: string, label: string, length: number, rounds: number, warmUp: number, log: function}} how
 * @returns {Promise<object>} a row of the report
 */
export const onWebGpu = ({ url, label, length, ...how }) =>
  compare(label, url, (T, inputs) => sampleFeeds(T, inputs, length), null, how);

async function tensorflow(script) {
  await script('/peers/@tensorflow/tfjs-core/dist/tf-core.min.js');
  await script('/peers/@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js');
  await globalThis.tf.setBackend('webgpu');
  await globalThis.tf.ready();
  return globalThis.tf;
}

/**
 * Measures single kernels.
 * @param {{rounds: number, warmUp: number, log: function, script: function(string)}} how `script` loads
 *   a script of the page
 * @returns {Promise<object[]>} rows of the report
 */
export async function kernelsOnWebGpu({ script, ...how }) {
  const tf = await tensorflow(script);
  const rows = [];
  for (const c of KERNELS) {
    const { onnx, x, flops, tfjs } = makeKernel(c);
    const row = await compare(c.name, onnx, (T) => ({ x: new T('float32', x, c.x) }), tfjs(tf), how);
    rows.push({ ...row, gflops: flops / row.nnjitMs / 1e6 });
  }
  return rows;
}
