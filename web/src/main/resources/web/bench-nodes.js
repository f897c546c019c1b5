// The ONNX node tests in both engines: models of one node, where the way to an engine and back is most
// of the time. A user's whole call is timed: tensors made of typed arrays that no run has seen, the
// run, and the answer's typed arrays, which the caller owns.
import * as nnjit from '/npm/nnjit.js';
import { median } from './bench-times.js';
import { readFeeds } from './suite-case.js';

/** How long each engine runs before timing, and at least how often. */
const WARM_MS = 30;
const WARM_RUNS = 20;

/** Timed batches of each engine in turns, and how long each takes: the clock ticks 5 us. */
const BATCHES = 9;
const BATCH_MS = 2.5;

/** Runs of a batch at most: their feeds lie ready. */
const MOST_RUNS = 200;

/** A call of an engine on a copy of the arrays. */
function caller(Tensor, session, feeds) {
  const names = Object.keys(feeds);
  return {
    fresh: () => names.map((name) => feeds[name].data.slice()),
    async run(arrays) {
      const given = {};
      names.forEach((name, i) => { given[name] = new Tensor(feeds[name].type, arrays[i], feeds[name].dims); });
      const out = await session.run(given);
      return session.outputNames.map((name) => out[name].data);
    },
  };
}

/** Milliseconds a call, on average over a batch; what is needed for it is made before. */
async function batch(engine, runs) {
  const arrays = Array.from({ length: runs }, engine.fresh);
  const start = performance.now();
  for (const a of arrays) await engine.run(a);
  return (performance.now() - start) / runs;
}

/** Runs until the engine is warm; runs of a batch. */
async function warmed(engine) {
  const start = performance.now();
  let ms = Infinity;
  for (let runs = 0; runs < WARM_RUNS || performance.now() - start < WARM_MS; runs += 5) {
    ms = Math.min(ms, await batch(engine, 5));
  }
  return Math.max(1, Math.min(MOST_RUNS, Math.ceil(BATCH_MS / ms)));
}

/** A session and a call of it that has been made once; throws, naming the engine, where it cannot. */
async function opened(engine, create, Tensor, feedsOf, sessions) {
  try {
    const session = await create();
    sessions.push(session);
    const call = caller(Tensor, session, await feedsOf(session));
    await call.run(call.fresh());
    return { session, call };
  } catch (e) {
    throw Object.assign(new Error(String(e?.message ?? e)), { engine });
  }
}

async function measured(ort, threads, c, sessions) {
  let feeds;
  const mine = await opened('nnjit', () => nnjit.InferenceSession.create(c.model, { threads, tune: false }),
    nnjit.Tensor, async (session) => (feeds = await readFeeds(session, c.sets[0])), sessions);
  const other = await opened('ort', () => ort.InferenceSession.create(c.model, { executionProviders: ['wasm'] }),
    ort.Tensor, () => halves(feeds), sessions);
  const x = [];
  const y = [];
  const mineRuns = await warmed(mine.call);
  const otherRuns = await warmed(other.call);
  for (let i = 0; i < BATCHES; i++) {
    x.push(await batch(mine.call, mineRuns));
    y.push(await batch(other.call, otherRuns));
  }
  const { plan } = await mine.session.stats();
  return {
    nnjitMs: median(x), ortMs: median(y), ratio: median(y) / median(x),
    hostCalls: plan.commands.filter((k) => k.kernel === 'host').length,
  };
}

/** Where the browser has arrays of half floats, onnxruntime-web takes no others. */
function halves(feeds) {
  const { Float16Array } = globalThis;
  return Object.fromEntries(Object.entries(feeds).map(([name, f]) => [name,
    f.type === 'float16' && Float16Array ? { type: f.type, dims: f.dims, data: new Float16Array(f.data.buffer) } : f]));
}

/**
 * Times every node test of the job in both engines.
 * @returns {Promise<object[]>} {test, threads, nnjitMs, ortMs, ratio, hostCalls} of each that both
 *   run, {test, threads, refusedBy, message} of the others
 */
export async function nodeTests(ort, threads, log) {
  ort.env.logLevel = 'fatal';
  const cases = await (await fetch('/job/job.json')).json();
  const rows = [];
  const start = performance.now();
  for (const [i, c] of cases.entries()) {
    const sessions = [];
    try {
      rows.push({ test: c.name, threads, ...await measured(ort, threads, c, sessions) });
    } catch ({ engine, message }) {
      rows.push({ test: c.name, threads, refusedBy: engine ?? 'page', message });
    }
    for (const s of sessions) await s.release();
    if ((i + 1) % 50 === 0) {
      await log(`node tests, ${threads} threads: ${i + 1} of ${cases.length} after ${Math.round((performance.now() - start) / 1000)} s`);
    }
  }
  return rows;
}
