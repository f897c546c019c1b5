// The engine worker: loads files, owns the memory and the threads, and runs plans that the compiler
// (engine.wasm, from Java) makes.
import { loadEngine } from './engine.js';
import { FEATURE_MODULES } from './features.js';
import { openFile, userError } from './files.js';
import { epoch, live, lock, reset, unlock } from './locks.js';
import { Pieces } from './pieces.js';
import { stepsOf } from './shared-run.js';
import { SmallPlans, bytesOf } from './small-plans.js';
import { ResultBuffers } from './result-buffers.js';
import { keep, readSchedules, recall } from './storage.js';
import { Tuner } from './tuner.js';
import { placePlan, planReads } from './wasm-plan.js';
import { Workbench } from './workbench.js';
import { callCommands, commandsBySegment, traceOf } from './trace.js';
import { ceilings, dotsAreRight, probeSuite, probeThreads } from './probe-suite.js';

const fresh = () => ({
  id: 0, files: null, feeds: null, info: null, device: null, memory: null, threads: 1, helpers: [],
  plans: [], current: -1, load: { bytes: 0, ms: 0 }, runs: { count: 0, lastMs: 0 },
  tuning: { state: 'not started', tried: 0, speedup: 1, stored: 0, found: '' }, swap: null, fingerprint: '',
  background: null, measured: null, threadsAsked: false, features: '', stored: [], gpu: null,
});
const state = fresh();
let engine;
/** The compiler that sessions of this worker take: one that knows GPUs, or the smaller one. */
const loading = loadEngine(new URL(globalThis.name === 'gpu' ? './engine-gpu.wasm' : './engine.wasm', import.meta.url));
loading.catch(() => {}); // create() reports it

/** Features of this engine, and one line for each that is missing. */
function probe(options) {
  const notes = [];
  const has = (name) => WebAssembly.validate(FEATURE_MODULES[name]);
  const simd = options.simd !== false && has('simd');
  const relaxedSimd = simd && options.relaxedSimd !== false && has('relaxedSimd');
  const isolated = globalThis.crossOriginIsolated === true;
  const atomics = has('threads') && typeof SharedArrayBuffer !== 'undefined';
  const hardwareConcurrency = navigator.hardwareConcurrency || 1;
  let threads = options.threads || Math.min(4, hardwareConcurrency);
  if (!simd) notes.push('no WebAssembly SIMD: kernels run one number at a time, 4 to 10 times slower');
  else if (!relaxedSimd) notes.push('no relaxed SIMD: multiply and add are two instructions, up to 2 times slower');
  if (!isolated || !atomics) {
    if (threads > 1) {
      notes.push(isolated ? 'no WebAssembly threads: one thread only'
        : 'the page is not cross-origin isolated (COOP and COEP headers): one thread only');
    }
    threads = 1;
  }
  const shared = isolated && atomics;
  return { provider: 'wasm', simd, relaxedSimd, isolated, shared, threads, hardwareConcurrency, notes };
}

/** What the compiler asks for; see Host.java. */
const host = {
  now: () => performance.now(),
  size(name) {
    const f = state.files.get(name);
    if (!f) throw userError(`external data file '${name}' was not loaded`);
    return f.size;
  },
  read: (name, offset, into, n) => state.files.get(name).read(offset, into.subarray(0, n)),
  feedBytes: (name) => state.feeds[name]?.byteLength ?? -1,
  feed(name, offset, into, n) {
    const f = state.feeds[name];
    into.set(new Int8Array(f.buffer, f.byteOffset + offset, n));
  },
  load: (address, into, n) => into.set(new Int8Array(state.memory.buffer, address, n)),
  store: (address, from, n) => new Int8Array(state.memory.buffer, address, n).set(from.subarray(0, n)),
};

const parse = (json) => {
  const value = JSON.parse(json);
  if (value.error) throw Object.assign(new Error(value.error), { user: value.user });
  return value;
};

async function create(args, report) {
  const start = performance.now();
  state.device = probe(args);
  state.threads = state.device.threads;
  const recalled = recall(state.threads, state.device.relaxedSimd);
  const { providers } = args;
  const gpu = providers[0] !== 'wasm'
    ? import('./gpu-session.js').then(({ startGpu }) => startGpu(lent, providers)) : null;
  gpu?.catch(() => {});
  const files = new Map();
  const external = new Map(args.external.map((e) => [e.path, e.data]));
  const model = await openFile('', args.model, report);
  files.set('', model);
  state.files = files;
  await model.until(Infinity);
  if (args.extension) files.set('+', await openFile('+', args.extension, () => {}));
  engine = await loading;
  const { simd, relaxedSimd } = state.device;
  state.features = [simd && 'simd', relaxedSimd && 'relaxed-simd',
    relaxedSimd && dotsAreRight(engine) && 'relaxed-dot', state.threads > 1 && 'threads'].filter(Boolean).join(',');
  state.fingerprint = [navigator.userAgent, state.features, state.threads, engine.build].join('|');
  state.threadsAsked = args.threads > 0;
  state.stored = args.tune === false ? [] : await readSchedules(state.fingerprint);
  state.tuning.stored = state.stored.length;
  openModel();
  const measured = await recalled;
  if (measured) useDevice(measured);
  state.gpu = await gpu;
  await state.gpu?.begin(args.tune);
  const { info } = state;
  for (const name of info.externalFiles) {
    const source = external.get(name)
      ?? (typeof args.model === 'string' ? new URL(name, args.model).href : null);
    if (source === null) {
      throw userError(`the model keeps weights in '${name}'; pass it in options.externalData as {path: '${name}', data}`);
    }
    files.set(name, await openFile(name, source, report));
  }
  state.load = { bytes: 0, ms: performance.now() - start };
  for (const f of files.values()) state.load.bytes += f.size;
  for (let t = 1; t < state.device.threads; t++) addThread();
  state.background = args.tune;
  return { inputs: info.inputs, outputs: info.outputs, device: state.device };
}

/** Has the compiler read the model, and tells it what earlier visits have found. */
function openModel() {
  const { device, features, files, stored } = state;
  const info = parse(engine.open(host, features, device.threads, device.shared, files.has('+')));
  Object.assign(state, { id: info.id, info });
  engine.schedules(info.id, stored.join('\n'));
  if (state.measured) knowDevice(state.measured);
}

/** Goes on in WebAssembly alone, and notes why. */
function leaveGpu(why) {
  state.gpu.release();
  state.device.notes.push(`WebAssembly in the place of WebGPU: ${why}`);
  engine.release(state.id);
  Object.assign(state, { gpu: null, plans: [], current: -1 });
  openModel();
}

/** From now on what was measured decides what is worth trying. */
function knowDevice(measured) {
  state.measured = measured;
  parse(engine.device(state.id, measured.readings));
}

/** The same, and how many threads share a run. */
function useDevice(measured) {
  knowDevice(measured);
  const { threads } = state.device;
  state.threads = state.threadsAsked ? threads : Math.min(threads, measured.profile.usefulThreads);
}

/** Measures the device beside the requests, unless it is known. */
async function measureDevice(rest) {
  const { id, device, helpers } = state;
  if (state.measured || !device.simd) return;
  const measured = await probeSuite(engine, device, helpers, rest, alone);
  if (state.id !== id) throw new Error('released');
  // Threads that seemed useless are measured some more times before they stop: until then all work.
  knowDevice(measured);
  if (measured.profile.usefulThreads >= device.threads) await keep(measured);
}

/** Threads are useless that were so in so many measurements, so far apart in milliseconds. */
const REVIEWS = 5;
const REVIEW_MS = 1000;

/** Measures again whether threads are useful that did not seem so: another program may have had the core. */
async function reviewThreads(reviews = REVIEWS) {
  const { id, device, helpers, measured } = state;
  if (!measured || measured.profile.usefulThreads >= device.threads) return;
  const again = await probeThreads(engine, device, helpers, measured, alone);
  if (state.id !== id) throw new Error('released');
  state.measured = again;
  if (reviews > 1 && again.profile.usefulThreads < device.threads) {
    // A session that is released meanwhile wants no answer.
    setTimeout(() => state.id === id && reviewThreads(reviews - 1).catch(() => {}), REVIEW_MS);
    return;
  }
  useDevice(again);
  await keep(again);
}

/** Has the page start a thread: it watches it too, as this worker hears nothing while a plan runs. */
function addThread() {
  const { port1: port, port2 } = new MessageChannel();
  const replies = new Map();
  port.onmessage = ({ data }) => {
    replies.get(data.to)?.(data);
    replies.delete(data.to);
  };
  postMessage({ thread: port2 }, [port2]);
  state.helpers.push({ port, replies });
}

/** The helpers that share runs. */
const working = () => state.helpers.slice(0, state.threads - 1);

/** What each of these helpers will send to this name, in order. */
const replies = (helpers, to) => helpers.map((h) => new Promise((done) => { h.replies.set(to, done); }));

/** The plan for these feeds, compiled and its weights loaded when it is new. */
async function planFor(feeds, report) {
  const described = SmallPlans.key(feeds);
  const number = (known) => parse(known ? engine.find(state.id, described) : engine.prepare(state.id, described)).plan;
  const p = await preparedPlan(feeds, number, report);
  p.key ??= described;
  return p;
}

/** The plan that the compiler gives the number of; `number(true)` is -1 when it is not there yet. */
async function preparedPlan(feeds, number, report) {
  state.feeds = {};
  for (const [name, f] of Object.entries(feeds)) state.feeds[name] = bytesOf(f.data);
  const start = performance.now();
  // No plan is made while another is being replaced: the compiler forgets the last one by order.
  let plan = number(true);
  if (plan < 0) {
    if (state.swap) await hurry(state.swap);
    for (const file of state.files.values()) await file.readable();
    plan = number(false);
  }
  if (!state.plans[plan]) {
    try {
      state.plans[plan] = await load(plan, start, report);
    } catch (e) {
      engine.dropLast(state.id);
      throw e;
    }
  }
  state.current = plan;
  return state.plans[plan];
}

/** Makes a new plan ready for runs, pausing when asked to. */
async function load(plan, start, report, pause) {
  await pause?.();
  const p = parse(engine.describe(state.id, plan));
  if (p.gpu) return state.gpu.load(plan, p, start, report);
  p.compileMs = performance.now() - start;
  report({ stage: 'compile', kernels: p.kernels.length, bytes: p.moduleBytes, ms: p.compileMs });
  planReads(state.files, p.load);
  return placePlan(lent, p, {
    number: plan,
    module: () => engine.module(state.id, plan, 0),
    constant: (step) => engine.writeConstant(state.id, plan, 0, step),
    host: (segment) => engine.host(state.id, plan, 0, segment),
  }, report, pause);
}

function write(p, feeds) {
  for (const place of p.inputs) {
    new Uint8Array(state.memory.buffer, place.address, place.bytes).set(bytesOf(feeds[place.name].data));
  }
}

/** A segment that is a call on the host. */
function callHost(p, segment) {
  const answer = p.source.host(segment);
  if (answer) parse(answer);
}

/** A segment of kernels: the helpers do what the message says, and this thread its own share. */
function together(p, message, own) {
  working().forEach((h, t) => h.port.postMessage({ plan: p.source.number, thread: t + 1, threads: state.threads, ...message }));
  try {
    return own();
  } catch (e) {
    throw Object.assign(new Error(`a kernel failed: ${e.message}`), { fatal: true });
  }
}

/** Does all of a plan once. */
function callSegments(p) {
  p.segments.forEach((index, i) => {
    if (index < 0) {
      callHost(p, i);
      return;
    }
    const run = `run${index}`;
    together(p, { run }, () => p.exports[run](0, state.threads));
  });
}

/** One run, or so many; returns the milliseconds of one. */
function execute(p, times = 1) {
  const start = performance.now();
  for (let i = 0; i < times; i++) callSegments(p);
  const ms = (performance.now() - start) / times;
  state.runs.count++;
  state.runs.lastMs = ms;
  return ms;
}

/** Runs that take less, in milliseconds, are measured by the thousand. */
const SHORT_MS = 0.02;

/** Plans that take less, in milliseconds, and copy less, in bytes, the page may run itself. */
const SMALL_MS = 4;
const SMALL_BYTES = 1 << 20;

/** Runs before a plan is offered to the page: by then it has been compiled for good. */
const OFFER_AFTER = 3;

/** The same at most, after offers that the page gave back. */
const OFFER_LATEST = 48;

/**
 * Lets the page run a small plan. Runs that come here all the same mean that the page has forgotten
 * it, because one run there took long: it may have another try after twice as many.
 */
function offer(p, ms, feeds) {
  p.runs = (p.runs ?? 0) + 1;
  p.bestMs = Math.min(p.bestMs ?? Infinity, ms);
  p.offerAfter ??= OFFER_AFTER;
  const copied = [...p.inputs, ...p.outputs].reduce((n, o) => n + o.bytes, 0);
  if (p.runs < p.offerAfter || ms > SMALL_MS || copied > SMALL_BYTES || !state.device.shared
    || p.segments.some((s) => s < 0)) return;
  p.offerAfter = Math.min(OFFER_LATEST, 2 * p.offerAfter);
  p.runs = 0;
  postMessage({ small: {
    key: p.key, number: state.current, module: p.module, memory: state.memory, epoch: epoch(state.memory),
    values: p.valueInputs.map((name) => [name, bytesOf(feeds[name].data).slice()]), bestMs: p.bestMs,
    runs: p.segments.map((s) => `run${s}`), inputs: p.inputs, outputs: p.outputs, checks: p.checks,
    threads: state.threads, steps: stepsOf(p, state.threads),
  } });
}

/** One run, command by command in every thread; its trace. */
async function trace(p) {
  const segments = commandsBySegment(p);
  const own = { thread: 0, origin: performance.timeOrigin, times: [] };
  const others = [];
  const start = performance.now();
  segments.forEach((commands, i) => {
    if (p.segments[i] < 0) {
      const begin = performance.now();
      callHost(p, i);
      own.times.push(commands[0][0], begin, performance.now());
      return;
    }
    const reply = `segment ${i}`;
    others.push(...replies(working(), reply));
    own.times.push(...together(p, { commands, reply }, () => callCommands(p.exports, commands, 0, state.threads)));
  });
  return traceOf(state.info.name, p, start, state.threads, [own, ...await Promise.all(others)]);
}

const results = new ResultBuffers();

const outputs = (p) => p.outputs.map((o) => {
  const data = results.take(o.bytes);
  new Uint8Array(data).set(new Uint8Array(state.memory.buffer, o.address, o.bytes));
  return { name: o.name, type: o.type, dims: o.dims, data };
});

/** Throws where a check has found an index out of bounds. */
function checkIndex(name, wrong) {
  if (wrong) throw userError(`${name}${wrong % 2n ? (1n - wrong) / 2n : (wrong - 2n) / 2n}`);
}

/** The same for all checks of a run. */
function checkIndices(p) {
  for (const { name, address } of p.checks) checkIndex(name, new BigInt64Array(state.memory.buffer, address, 1)[0]);
}

/** Runs what a plan on the GPU leaves to WebAssembly: bytes of its inputs, and of its outputs. */
function runSlice(p, inputs) {
  p.inputs.forEach(({ address }, i) => new Uint8Array(state.memory.buffer).set(inputs[i], address));
  callSegments(p);
  checkIndices(p);
  return p.outputs.map(({ address, bytes }) => new Uint8Array(state.memory.buffer, address, bytes).slice());
}

function kernelIndex(name) {
  const i = state.plans[state.current]?.kernels.findIndex((k) => k.name === name) ?? -1;
  if (i < 0) throw userError(`no kernel '${name}' in the last plan`);
  return i;
}

let queue = Promise.resolve();
let waiting = 0;

const channel = new MessageChannel();
const resting = [];
channel.port1.onmessage = () => resting.shift()();

/** Open while a request waits for tuning, which then does not wait for requests. */
const closed = () => {
  const gate = { isOpen: false };
  gate.opened = new Promise((done) => {
    gate.open = () => {
      gate.isOpen = true;
      done();
    };
  });
  return gate;
};
let gate = closed();

/** Waits, in a request, for what tuning does. */
async function hurry(tuning) {
  gate.open();
  await tuning;
  gate = closed();
}

/** Lets requests that have come go first. */
async function pause() {
  await new Promise((done) => {
    resting.push(done);
    channel.port2.postMessage(0);
  });
  while (waiting > 0 && !gate.isOpen) await Promise.race([queue, gate.opened]);
}

let held = 0;

/** Keeps the page off the memory until what is returned is called. */
function hold() {
  const { memory } = state;
  if (!memory || !state.device?.shared) return () => {};
  if (held++ === 0) lock(memory);
  return () => {
    if (--held === 0) unlock(memory);
  };
}

/** Does something with the helpers in the place of a request. */
function alone(action) {
  const { id } = state;
  const done = queue.then(() => {
    if (state.id !== id) throw new Error('released');
    return action();
  });
  queue = done.catch(() => {});
  return done;
}

const tuner = new Tuner({ state, compiler: () => engine, parse, load, pause, hold, measureDevice, reviewThreads });

/** Runs that add rows to caches; their script comes with the first cache. */
let cached = null;

const methods = {
  create,
  async createCache(args) {
    const { CachedRuns } = await import('./cached-runs.js');
    cached ??= new CachedRuns({
      state, compiler: () => engine, parse, plan: preparedPlan, key: SmallPlans.key, execute, checkIndices, outputs,
    });
    return cached.create(args);
  },
  async runCached(args, report) {
    const answer = await cached.run(args, report);
    const p = state.plans[state.current];
    results.prepare(p.outputs, () => waiting === 0);
    // A plan that serves once, as a prompt's may, is not worth tuning, and guesses may be given up.
    if (p.serves && state.background && !args.kind) {
      tuner.later(state.background, report);
      state.background = null;
    }
    p.serves = true;
    return answer;
  },
  async truncateCache(args) { return cached.truncate(args); },
  async reorderCache(args) { return cached.reorder(args); },
  async releaseCache(args) { return cached.release(args); },
  async prepare({ feeds }, report) {
    await planFor(feeds, report);
    return {};
  },
  async run({ feeds }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    const ms = execute(p);
    checkIndices(p);
    offer(p, ms, feeds);
    results.prepare(p.outputs, () => waiting === 0);
    if (state.background) tuner.later(state.background, report);
    state.background = null;
    return { outputs: outputs(p), ms };
  },
  async measure({ feeds, repeats, atLeastMs }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    const ms = [];
    const start = performance.now();
    // Not after so many runs: short ones would all begin on a processor that has just woken up.
    const pieces = new Pieces(() => new Promise((done) => setTimeout(done)));
    while (ms.length < repeats || performance.now() - start < atLeastMs) {
      // Reading the clock takes as long as a short run.
      ms.push(execute(p, ms.at(-1) < SHORT_MS ? 1000 : 1));
      await pieces.between();
    }
    return { ms };
  },
  async profile({ feeds }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    const times = p.commands.map(() => []);
    for (let round = 0; round < 5; round++) {
      let segment = 0;
      p.commands.forEach((c, i) => {
        if (c.tableIndex < 0) {
          while (p.segments[segment] >= 0) segment++;
          const start = performance.now();
          callHost(p, segment++);
          times[i].push(performance.now() - start);
          return;
        }
        const f = p.exports.table.get(c.tableIndex);
        const start = performance.now();
        f(0, 1);
        times[i].push(performance.now() - start);
      });
    }
    return { commands: p.commands.map((c, i) => ({
      index: i, node: c.node, kernel: p.kernels[c.kernel]?.name ?? 'host', flops: c.flops,
      outputShape: c.output, ms: Math.min(...times[i]),
    })) };
  },
  async compileTimes({ feeds, repeats, warmUpMs }, report) {
    const p = await planFor(feeds, report);
    // A plan that is being loaded would no longer be the last, which dropLast() takes.
    if (state.swap) throw userError('kernels are being replaced just now; compile again when tuning has ended');
    const again = () => {
      parse(engine.replan(state.id, state.current, true));
      let plan = -1;
      while (plan < 0) plan = parse(engine.replanFor(state.id, Infinity)).plan;
      const times = parse(engine.describe(state.id, plan)).kernels.map((k) => k.ms);
      engine.dropLast(state.id);
      return times;
    };
    const end = performance.now() + warmUpMs;
    while (performance.now() < end) again();
    const rounds = Array.from({ length: repeats }, again);
    return { kernels: p.kernels.map((k, i) => ({ name: k.name, ms: rounds.map((times) => times[i]) })) };
  },
  async trace({ feeds }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    await trace(p);
    return trace(p);
  },
  async stats() {
    const p = state.plans[state.current];
    return {
      device: { ...state.device, threads: state.threads },
      load: { ...state.load, fetched: [...state.files?.values() ?? []].reduce((n, f) => n + f.fetched, 0) },
      model: { name: state.info.name, producer: state.info.producer, opset: state.info.opset, nodes: state.info.nodes },
      memoryBytes: state.memory?.buffer.byteLength ?? 0,
      runs: state.runs,
      tuning: { ...state.tuning, log: undefined, found: undefined },
      plan: p && {
        kernels: p.kernels,
        commands: p.commands.map((c, i) => ({ index: i, node: c.node, kernel: p.kernels[c.kernel]?.name ?? 'host', flops: c.flops, outputShape: c.output, parallel: c.parallel })),
        arenaBytes: p.arenaBytes, weightBytes: p.weightBytes, moduleBytes: p.moduleBytes,
        compileMs: p.compileMs, instantiateMs: p.instantiateMs, packMs: p.packMs,
      },
    };
  },
  async ceilings() {
    return state.device.simd ? ceilings(engine, state.device) : { fmaGflops: 0, readGbs: 0 };
  },
  async probeDevice({ threads }) {
    const device = probe({ threads });
    if (!device.simd) throw userError('this browser has no WebAssembly SIMD: there is nothing to measure');
    engine = await loading;
    for (let t = 1; t < device.threads; t++) addThread();
    return probeSuite(engine, device, state.helpers);
  },
  async trial({ name, schedule }) {
    const bench = new Workbench(engine, state.id, state.current, kernelIndex(name), pause);
    return bench.tryOut({ schedule });
  },
  tune: (options, report) => tuner.tune(options, report),
  async tuningLog() { return { text: state.tuning.log ?? '' }; },
  async kernelText({ name }) {
    const p = state.plans[state.current];
    const i = kernelIndex(name);
    return { schedule: p.kernels[i].schedule, loops: engine.loops(state.id, state.current, i) };
  },
  /** Here, as vocabularies take too long for a page's thread. */
  async textParts() {
    return (await import('./gguf-texts.js')).textParts(parse(engine.metadata(state.id)));
  },
  async dump({ stage }) {
    if (state.current < 0) throw userError('nothing has been compiled yet; run the model first');
    return { text: engine.dump(state.id, state.current, stage) };
  },
  async program() {
    if (state.current < 0) throw userError('nothing has been compiled yet; run the model first');
    return { bytes: engine.module(state.id, state.current, 0) };
  },
  async release() {
    state.helpers.forEach((h) => h.port.close());
    state.files?.forEach((f) => f.release());
    state.gpu?.release();
    if (state.id) engine.release(state.id);
    results.clear();
    cached?.clear();
    const { memory, load } = state;
    // The next session takes the memory over: browsers reserve 4 GiB of addresses for each.
    if (memory) reset(memory);
    Object.assign(state, fresh(), { memory });
    return { bytes: load.bytes, memoryBytes: memory?.buffer.byteLength ?? 0 };
  },
};

/** What sessions on WebGPU take of this worker; see GpuSession. */
const lent = {
  state, compiler: () => engine, methods, replies, openModel, parse, pause, planFor, preparedPlan, runSlice, checkIndex, leaveGpu,
};

live().then((lock) => postMessage({ lock }));

/** Tuning and trials are no requests: they wait for those. */
const ASIDE = ['tune', 'trial'];

onmessage = (e) => {
  const { id, method, args } = e.data;
  const answer = async () => {
    const free = ASIDE.includes(method) ? () => {} : hold();
    try {
      const report = (progress) => postMessage({ progress });
      const result = await (state.gpu ? state.gpu.call(method, args, report) : methods[method](args, report));
      const moved = (result.outputs ?? []).map((o) => o.data).filter(Boolean);
      postMessage({ id, result }, moved);
    } catch (error) {
      postMessage({ id, error: error.message ?? String(error), user: error.user === true, fatal: error.fatal === true });
    } finally {
      free();
    }
  };
  if (ASIDE.includes(method)) {
    answer();
    return;
  }
  waiting++;
  queue = queue.then(answer).finally(() => { waiting--; });
};
