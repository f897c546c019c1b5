// nnJIT and its peers in one page, interleaved, each warmed up for three seconds. The query says
// which part: a model, kernels, node tests, the first answer of one engine, two visits of a page,
// compiling, a line of text generation, or a model on WebGPU.
import * as nnjit from '/npm/nnjit.js';
import { KERNELS, makeKernel } from './bench-kernels.js';
import { nodeTests } from './bench-nodes.js';
import { compileTimes, difference, median, spread, timed } from './bench-times.js';
import { firstVisit, secondVisit } from './bench-visits.js';
import { sampleFeeds } from './sample-feeds.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const threads = Number(query.get('threads'));
const rounds = Number(query.get('rounds'));
const warmUp = Number(query.get('warmup') ?? 3000);
const length = Number(query.get('length'));
const post = (kind, value) => fetch(`/${kind}/${id}`, { method: 'POST', body: JSON.stringify(value) });
const log = (text) => {
  document.querySelector('#log').textContent = text;
  return post('progress', text);
};

/** Models of which a tuned and an untuned session fit in memory beside the peer, in bytes. */
const BESIDE_BYTES = 200e6;

let peer;
async function ort() {
  if (!peer) {
    peer = await import('/peers/onnxruntime-web/dist/ort.wasm.min.mjs');
    peer.env.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
    peer.env.wasm.numThreads = threads;
  }
  return peer;
}

/**
 * Threads of onnxruntime-web go on spinning after a run, 45 to 65 ms here, and would take a core from
 * whoever comes next. Each turn therefore begins with rest, and with untimed runs for so long; longer
 * with threads, which an operating system may wake up on one core and part after 100 ms.
 */
const REST_MS = 150;
const SETTLE_MS = threads > 1 ? 200 : 30;

/** What goes before a timed run: every engine is then measured as if it were alone. */
async function settle(run) {
  if (threads > 1) await new Promise((done) => { setTimeout(done, REST_MS); });
  const end = performance.now() + SETTLE_MS;
  do await run(); while (performance.now() < end);
}

/** Warms the runs up one after the other, then times them in turns: a list of times for each. */
async function interleave(name, runs) {
  await log(`${name}, ${threads} threads: warming up`);
  for (const run of runs) {
    const end = performance.now() + warmUp;
    while (performance.now() < end) await run();
  }
  const times = runs.map(() => []);
  for (let i = 0; i < rounds; i++) {
    await log(`${name}, ${threads} threads: round ${i + 1} of ${rounds}`);
    for (const [k, run] of runs.entries()) {
      await settle(run);
      times[k].push(await timed(run));
    }
  }
  return times;
}

/** Turns with the ceilings: so many whose ceilings before and after agree, or so many in all. */
const STEADY_TURNS = 7;
const MOST_TURNS = 21;

/** Ceilings agree that differ by less than this. */
const STEADY = 0.04;

/**
 * Runs inside the worker and the ceilings, measured in turns: other work on the machine slows both.
 * A turn in which the ceiling changed says nothing and is left out, while there are three others.
 * @returns {Promise<object>} medians of the time, the rates, and their shares of the ceilings; how
 *   many turns were steady, of how many; `bestOfFma`, the best run of all turns against the best
 *   ceiling of all turns
 */
async function besideCeilings(session, given, flops, bytes, threads) {
  const rows = [];
  let before = await session.ceilings();
  let bestMs = Infinity;
  let mostGflops = before.fmaGflops;
  while (rows.length < MOST_TURNS && rows.filter((r) => r.steady).length < STEADY_TURNS) {
    const times = await session.measure(given, 1, 60);
    const insideMs = median(times);
    // Short runs take few ticks of the clock, unless they are so short that a thousand are timed at once.
    const rough = insideMs > 0.01 && insideMs < 0.2;
    bestMs = Math.min(bestMs, rough ? times.reduce((a, b) => a + b) / times.length : Math.min(...(times.length > 1 ? times.slice(1) : times)));
    const after = await session.ceilings();
    const mean = (key) => (before[key] + after[key]) / 2;
    const apart = (key) => Math.abs(before[key] - after[key]) / mean(key);
    const gflops = flops / insideMs / 1e6;
    rows.push({
      insideMs, gflops, fmaGflops: mean('fmaGflops'), readGbs: mean('readGbs'), ofFma: gflops / (mean('fmaGflops') * threads),
      ofRead: bytes / insideMs / 1e6 / mean('readGbs'), steady: apart('fmaGflops') < STEADY,
    });
    mostGflops = Math.max(mostGflops, after.fmaGflops);
    before = after;
  }
  const steady = rows.filter((r) => r.steady);
  const used = steady.length >= 3 ? steady : rows;
  const { steady: _, ...keys } = rows[0];
  const medians = Object.fromEntries(Object.keys(keys).map((key) => [key, median(used.map((r) => r[key]))]));
  const bestOfFma = flops / bestMs / 1e6 / (mostGflops * threads);
  return { ...medians, bestOfFma, steadyTurns: steady.length, turns: rows.length };
}

/** A session that has run, without tuning. */
async function opened(url, a) {
  const session = await nnjit.InferenceSession.create(url, { threads, tune: false });
  const feeds = a ?? sampleFeeds(nnjit.Tensor, session.inputMetadata, length);
  return { session, feeds, answer: await session.run(feeds) };
}

/** Columns of a tuned plan, from times that were taken in turns with the peer's. */
const tunedColumns = ({ state, tried, ms }, mine, other) => ({
  tunedMs: median(mine), tunedSpread: spread(mine), tunedOrtMs: median(other), tunedRatio: median(other) / median(mine),
  tuning: { state, tried, ms },
});

async function model(name, label) {
  const url = `/models/${name}.onnx`;
  const budgetMs = Number(query.get('tune'));
  await log(`${label}, ${threads} threads: loading`);
  const { session: ours, feeds: a, answer: mine } = await opened(url);
  const first = await ours.stats();
  const inputs = ours.inputMetadata;
  const { InferenceSession, Tensor } = await ort();
  const theirs = await InferenceSession.create(url, { executionProviders: ['wasm'] });
  const b = sampleFeeds(Tensor, inputs, length);
  const other = await theirs.run(b);
  const output = ours.outputNames[0];
  const relativeError = difference(mine[output].data, other[output].data);
  const runs = [() => ours.run(a), () => theirs.run(b)];
  const beside = budgetMs > 0 && first.load.bytes < BESIDE_BYTES;
  const tuned = beside ? (await opened(url, a)).session : ours;
  const tune = async () => {
    await log(`${label}, ${threads} threads: tuning`);
    return tuned.tune({ budgetMs });
  };
  let tuning = {};
  let x;
  let y;
  if (beside) {
    const result = await tune();
    let z;
    [x, y, z] = await interleave(label, [...runs, () => tuned.run(a)]);
    tuning = tunedColumns(result, z, y);
  } else {
    [x, y] = await interleave(label, runs);
  }
  const { commands } = await ours.profile(a);
  const flops = commands.reduce((sum, c) => sum + c.flops, 0);
  const against = await besideCeilings(ours, a, flops, 0, first.device.threads);
  const compiled = await compileTimes(ours, a, first, warmUp);
  if (budgetMs > 0 && !beside) {
    const result = await tune();
    const [z, again] = await interleave(`${label} tuned`, runs);
    tuning = tunedColumns(result, z, again);
  }
  const after = (await tuned.run(a))[output].data;
  await ours.release();
  if (beside) await tuned.release();
  await theirs.release();
  return {
    model: label, threads: first.device.threads,
    nnjitMs: median(x), nnjitSpread: spread(x), ortMs: median(y), ortSpread: spread(y), ratio: median(y) / median(x),
    ...tuning, inputs, relativeError: Math.max(relativeError, difference(after, other[output].data)),
    gflop: flops / 1e9, fmaGflops: against.fmaGflops, readGbs: against.readGbs, ofCeiling: against.ofFma, bestOfFma: against.bestOfFma,
    steadyTurns: against.steadyTurns, turns: against.turns, ...compiled,
  };
}

/** What compiling one kernel costs in a page that has compiled nothing before. */
async function compiling(name) {
  const { session, feeds } = await opened(`/models/${name}.onnx`);
  const { plan } = await session.stats();
  const times = await session.compileTimes(feeds, { warmUpMs: warmUp });
  await session.release();
  return plan.kernels.map((k, i) => ({ kernel: k.name, bytes: k.bytes, coldMs: k.ms, warmMs: median(times[i].ms) }));
}

/** Both visits, the second in a page loaded anew: null after the first. */
async function visits(name, label) {
  const url = `/models/${name}.onnx`;
  const before = sessionStorage.getItem('visit');
  if (!before) {
    sessionStorage.setItem('visit', JSON.stringify(await firstVisit(url, length, threads, Number(query.get('tune')))));
    location.reload();
    return null;
  }
  const visit1 = JSON.parse(before);
  return { model: label, threads, first: visit1, second: await secondVisit(url, length, threads, visit1) };
}

async function kernel(c) {
  const made = makeKernel(c);
  await log(`${c.name}, ${threads} threads: loading`);
  const ours = await nnjit.InferenceSession.create(made.onnx, { threads, tune: false });
  const { InferenceSession, Tensor } = await ort();
  const theirs = await InferenceSession.create(made.onnx, { executionProviders: ['wasm'] });
  const a = { x: new nnjit.Tensor('float32', made.x, c.x) };
  const b = { x: new Tensor('float32', made.x, c.x) };
  const relativeError = difference((await ours.run(a)).y.data, (await theirs.run(b)).y.data);
  const runs = [() => ours.run(a), () => theirs.run(b)];
  let third = null;
  if (globalThis.tf) {
    third = made.tfjs(globalThis.tf);
    runs.push(() => third.run());
  }
  const [x, y, z] = await interleave(c.name, runs);
  const { plan, device } = await ours.stats();
  const against = await besideCeilings(ours, a, made.flops, made.weightBytes, device.threads);
  third?.dispose();
  await ours.release();
  await theirs.release();
  const main = plan.commands.reduce((a, c) => (c.flops > a.flops ? c : a));
  const peers = z ? Math.min(median(y), median(z)) : median(y);
  return {
    kernel: c.name, threads: device.threads, schedule: plan.kernels.find((k) => k.name === main.kernel).schedule, relativeError,
    nnjitMs: median(x), nnjitSpread: spread(x), ortMs: median(y), ortSpread: spread(y),
    tfjsMs: z ? median(z) : null, ratio: peers / median(x), ...against,
  };
}

const script = (src) => new Promise((done, failed) => {
  const s = Object.assign(document.createElement('script'), { src, onload: done, onerror: () => failed(new Error(src)) });
  document.head.append(s);
});

async function tfjs() {
  await script('/peers/@tensorflow/tfjs-core/dist/tf-core.min.js');
  await script('/peers/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
  globalThis.tf.wasm.setWasmPaths('/peers/@tensorflow/tfjs-backend-wasm/dist/');
  globalThis.tf.wasm.setThreadsCount(threads);
  await globalThis.tf.setBackend('wasm');
  await globalThis.tf.ready();
}

/** Create and run once; the server watches the memory of the page meanwhile. */
async function first(engine, name, label) {
  const url = `/models/${name}.onnx`;
  const inputs = JSON.parse(query.get('inputs'));
  if (engine === 'ort') await ort();
  await post('progress', 'ready');
  await new Promise((done) => { setTimeout(done, 500); });
  const start = performance.now();
  const { InferenceSession, Tensor } = engine === 'nnjit' ? nnjit : await ort();
  const session = await InferenceSession.create(url, engine === 'nnjit' ? { threads } : { executionProviders: ['wasm'] });
  await session.run(sampleFeeds(Tensor, inputs, length));
  return { engine, model: label, threads, firstMs: performance.now() - start };
}

try {
  let rows = [];
  const name = query.get('model');
  const label = query.get('label');
  const show = () => {
    document.querySelector('#table').innerHTML = `<table><tr><th>Case<th class="num">nnJIT ms<th class="num">tuned ms<th class="num">onnxruntime-web ms<th class="num">Ratio</tr>${
      rows.map((r) => `<tr><td>${r.model ?? r.kernel}<td class="num">${r.nnjitMs.toFixed(3)}<td class="num">${r.tunedMs?.toFixed(3) ?? ''}<td class="num">${r.ortMs.toFixed(3)}<td class="num">${r.ratio.toFixed(2)}</tr>`).join('')}</table>`;
  };
  const parts = {
    model: async () => {
      rows.push(await model(name, label));
      show();
    },
    kernels: async () => {
      await tfjs();
      for (const c of KERNELS) {
        rows.push(await kernel(c));
        show();
      }
    },
    nodes: async () => { rows = await nodeTests(await ort(), threads, log); },
    first: async () => rows.push(await first(query.get('engine'), name, label)),
    visits: async () => {
      const both = await visits(name, label);
      rows = both && [both];
    },
    compiling: async () => { rows = await compiling(name); },
    generation: async () => {
      const { generationLine } = await import('./bench-generation.js');
      rows = await generationLine(query.get('case'), { ort, threads, rounds, warmUp, log });
    },
    webgpu: async () => {
      const { onWebGpu } = await import('./bench-webgpu.js');
      rows.push(await onWebGpu({ url: `/models/${name}.onnx`, label, length, rounds, warmUp, log }));
    },
    webgpuKernels: async () => {
      const { kernelsOnWebGpu } = await import('./bench-webgpu.js');
      rows = await kernelsOnWebGpu({ rounds, warmUp, log, script });
    },
  };
  await parts[query.get('part')]();
  if (rows) await post('report', { rows, userAgent: navigator.userAgent });
} catch (e) {
  await post('report', { failure: String(e?.stack ?? e) });
}
