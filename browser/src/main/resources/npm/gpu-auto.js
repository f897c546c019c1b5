// Whether a session is faster on the GPU or in WebAssembly: both run the first feeds a few times.

/** The GPU runs so often, or for so long in milliseconds; engines compile WebAssembly for good meanwhile. */
const RUNS = 5;
const LONG_MS = 600;

/** The least of some times of a run. */
async function least(run, fewest, most) {
  const start = performance.now();
  let ms = Infinity;
  for (let i = 0; i < fewest || (i < most && performance.now() - start < LONG_MS); i++) ms = Math.min(ms, await run());
  return ms;
}

/**
 * Has the same session in WebAssembly for a while, and keeps the faster.
 * @param {object} worker what the engine worker lends
 * @param {GpuSession} session which has run on the feeds
 * @param {function(): Promise<number>} run on the GPU, its milliseconds
 * @returns {Promise<boolean>} whether the GPU stays; its part of the session is released otherwise
 */
export async function staysOnGpu(worker, session, run, feeds, report) {
  const { state, compiler, methods, openModel } = worker;
  const engine = compiler();
  const { notes } = state.device;
  const gpuMs = await least(run, 2, RUNS);
  const { id, plans, current, memory, runs } = state;
  const kept = { id, plans, current, memory, runs: { ...runs }, gpu: session };
  Object.assign(state, { gpu: null, plans: [], current: -1, memory: null });
  let wasmMs = Infinity;
  let why = '';
  try {
    openModel();
    wasmMs = await least(async () => (await methods.measure({ feeds, repeats: 1, atLeastMs: 0 }, report)).ms[0], 3, 1000);
  } catch (e) {
    why = `, where it fails: ${e.message}`;
  }
  const found = `${gpuMs.toPrecision(3)} ms a run on WebGPU, ${why ? 'none' : wasmMs.toPrecision(3)} in WebAssembly${why}`;
  if (wasmMs < gpuMs) {
    session.release(kept.plans);
    engine.release(kept.id);
    state.runs = kept.runs;
    notes.push(`runs in WebAssembly, the faster of both here: ${found}`);
    return false;
  }
  state.helpers.forEach((h) => state.plans.forEach((_, plan) => h.port.postMessage({ drop: plan })));
  if (state.id !== kept.id) engine.release(state.id);
  Object.assign(state, kept);
  notes.push(`runs on WebGPU, the faster of both here: ${found}`);
  return true;
}
