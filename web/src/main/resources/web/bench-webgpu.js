// A model on WebGPU, against onnxruntime-web's WebGPU backend on the same adapter.
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { difference } from './bench-times.js';
import { against, inTurns } from './bench-turns.js';
import { sampleFeeds } from './sample-feeds.js';

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

/**
 * Measures a model; the peer's answers are brought back from the GPU, as ours are.
 * @param {{url: string, label: string, length: number, rounds: number, warmUp: number, log: function}} how
 * @returns {Promise<object>} a row of the report
 */
export async function onWebGpu({ url, label, length, rounds, warmUp, log }) {
  await log(`${label}: loading`);
  const ours = await InferenceSession.create(url, { threads: 1, executionProviders: ['webgpu'] });
  const feeds = sampleFeeds(Tensor, ours.inputMetadata, length);
  const [firstMs, mine] = await taking(() => ours.run(feeds));
  const { device, plan } = await ours.stats();
  const ort = await loadPeer();
  const theirs = await ort.InferenceSession.create(url, { executionProviders: ['webgpu'] });
  const given = sampleFeeds(ort.Tensor, ours.inputMetadata, length);
  const run = async () => {
    const outputs = await theirs.run(given);
    for (const t of Object.values(outputs)) await t.getData();
    return outputs;
  };
  const [peerFirstMs, other] = await taking(run);
  const output = ours.outputNames[0];
  const relativeError = difference(mine[output].data, await other[output].getData());
  const inMs = (act) => async () => [(await taking(act))[0]];
  const { times } = await inTurns([inMs(() => ours.run(feeds)), inMs(run)], { rounds, warmUp, log });
  await ours.release();
  await theirs.release();
  return {
    model: label, adapter: [device.gpu.vendor, device.gpu.architecture].filter(Boolean).join(' '), kernels: plan.kernels.length,
    slices: plan.commands.filter((c) => c.kernel === 'wasm').length, firstMs, peerFirstMs, relativeError,
    ...against('onnxruntime-web webgpu', ...times),
  };
}
