// The engine worker: loads files, owns the memory and the threads, and runs plans that the compiler
// (engine.wasm, from Java) makes.
import { loadEngine } from './engine.js';
import { FEATURE_MODULES } from './features.js';
import { live } from './life.js';
import { ceilings, probeSuite } from './probe-suite.js';

const SEGMENT = 4 << 20;
const fresh = () => ({
  id: 0, files: null, feeds: null, info: null, device: null, memory: null, threads: 1, helpers: [],
  plans: [], current: -1, load: { bytes: 0, ms: 0 }, runs: { count: 0, lastMs: 0 },
});
const state = fresh();
let engine;
const loading = loadEngine(new URL('./engine.wasm', import.meta.url));
loading.catch(() => {}); // create() reports it

const userError = (message) => Object.assign(new Error(message), { user: true });

/** The bytes of one file in pieces, which are given back once their weights are in place. */
class SegmentedFile {
  /** @param {string|null} address where pieces can be fetched again, null when they cannot */
  constructor(name, address, size) {
    this.name = name;
    this.address = address;
    this.size = size;
    this.loaded = 0;
    this.pieces = [];
    this.waiting = [];
    this.complete = false;
    this.failure = null;
    this.reader = null;
    this.users = [];
  }

  add(bytes) {
    this.pieces.push({ from: this.loaded, bytes });
    this.loaded += bytes.byteLength;
    this.#wake();
  }

  /** The last byte has come. */
  finish() {
    this.complete = true;
    this.#wake();
  }

  fail(error) {
    this.failure = error;
    this.#wake();
  }

  #wake() {
    this.waiting = this.waiting.filter(({ upTo, resolve, reject }) => {
      if (this.failure) reject(this.failure);
      else if (this.complete || this.loaded >= upTo) resolve();
      else return true;
      return false;
    });
  }

  /** Resolves when all bytes before this offset are here. */
  until(upTo) {
    if (this.failure) return Promise.reject(this.failure);
    if (this.complete || this.loaded >= upTo) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ upTo, resolve, reject }));
  }

  #index(offset) {
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.pieces[mid].from <= offset) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  read(offset, into) {
    let done = 0;
    for (let i = this.#index(offset); done < into.length; i++) {
      const piece = this.pieces[i];
      if (!piece) throw new Error(`'${this.name}' ends at byte ${this.loaded}`);
      if (!piece.bytes) piece.bytes = this.#again(piece.from, i);
      const at = offset + done - piece.from;
      const n = Math.min(into.length - done, piece.bytes.byteLength - at);
      into.set(new Int8Array(piece.bytes.buffer, piece.bytes.byteOffset + at, n), done);
      done += n;
    }
  }

  /** Pieces given back are fetched again when another shape wants the weights otherwise. */
  #again(from, i) {
    const end = i + 1 < this.pieces.length ? this.pieces[i + 1].from : this.loaded;
    const request = new XMLHttpRequest();
    request.open('GET', this.address, false);
    request.responseType = 'arraybuffer';
    request.setRequestHeader('Range', `bytes=${from}-${end - 1}`);
    request.send();
    if (request.status !== 206) {
      throw new Error(`${this.address}: the server answered ${request.status} to a range request`);
    }
    return new Uint8Array(request.response);
  }

  /**
   * Notes reads to come, as [offset, bytes] in order; `discard` gives back what none of them needs.
   */
  plan(reads) {
    this.users = this.pieces.map(() => 0);
    for (const [offset, bytes] of reads) this.#each(offset, bytes, (i) => { this.users[i]++; });
  }

  /** One planned read is done: pieces that no other needs go, where they can be fetched again. */
  discard(offset, bytes) {
    if (!this.address) return;
    this.#each(offset, bytes, (i) => {
      const { bytes: data } = this.pieces[i];
      if (--this.users[i] > 0 || !data) return;
      data.buffer.transfer?.(0);
      this.pieces[i].bytes = null;
    });
  }

  #each(offset, bytes, action) {
    if (bytes === 0) return;
    const last = this.#index(offset + bytes - 1);
    for (let i = this.#index(offset); i <= last; i++) action(i);
  }

  /** Forgets everything and stops loading. */
  release() {
    this.fail(userError('this session has been released'));
    this.reader?.cancel().catch(() => {});
    for (const p of this.pieces) p.bytes = null;
  }
}

/** Opens a file and starts loading it. */
async function openFile(name, source, report) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    const file = new SegmentedFile(name, null, bytes.byteLength);
    file.add(bytes);
    file.finish();
    return file;
  }
  if (source instanceof Blob) {
    const file = new SegmentedFile(name, URL.createObjectURL(source), source.size);
    fill(file, source.stream(), report);
    return file;
  }
  if (typeof source !== 'string') {
    throw userError('the model must be an address, an ArrayBuffer, a Uint8Array or a Blob');
  }
  let response;
  try {
    response = await fetch(source);
  } catch (e) {
    throw userError(`${source}: cannot be loaded (${e.message})`);
  }
  if (!response.ok) throw userError(`${source}: the server answered ${response.status} ${response.statusText}`);
  const encoded = response.headers.has('Content-Encoding');
  const total = encoded ? 0 : Number(response.headers.get('Content-Length') ?? 0);
  const file = new SegmentedFile(name, response.redirected ? response.url : source, total);
  fill(file, response.body, report);
  if (!total) await file.until(Infinity);
  return file;
}

/** Reads a stream into pieces of 4 MiB. */
async function fill(file, stream, report) {
  const total = file.size;
  const source = file.address;
  let piece = new Uint8Array(Math.min(SEGMENT, Math.max(total, 65536)));
  let used = 0;
  let said = 0;
  const flush = () => {
    if (used) file.add(piece.subarray(0, used));
    used = 0;
  };
  try {
    file.reader = stream.getReader();
    for (;;) {
      const { done, value } = await file.reader.read();
      if (done) break;
      for (let at = 0; at < value.length;) {
        if (used === piece.length) {
          flush();
          piece = new Uint8Array(SEGMENT);
        }
        const n = Math.min(value.length - at, piece.length - used);
        piece.set(value.subarray(at, at + n), used);
        used += n;
        at += n;
      }
      const loaded = file.loaded + used;
      if (loaded - said > 8 << 20) {
        said = loaded;
        report({ stage: 'download', file: file.name, loaded, total });
      }
    }
    flush();
    if (total && file.loaded !== total) {
      throw userError(`${source}: got ${file.loaded} of ${total} bytes, the transfer broke off`);
    }
    file.size = file.loaded;
    file.finish();
    report({ stage: 'download', file: file.name, loaded: file.size, total: file.size });
  } catch (e) {
    file.fail(e.user ? e : userError(`${source}: the transfer broke off after ${file.loaded + used} bytes (${e.message})`));
  }
}

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
  return { simd, relaxedSimd, isolated, threads, hardwareConcurrency, notes };
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
  const files = new Map();
  const external = new Map(args.external.map((e) => [e.path, e.data]));
  const model = await openFile('', args.model, report);
  files.set('', model);
  state.files = files;
  await model.until(Infinity);
  engine = await loading;
  const features = [state.device.simd && 'simd', state.device.relaxedSimd && 'relaxed-simd',
    state.threads > 1 && 'threads'].filter(Boolean).join(',');
  const info = parse(engine.open(host, features, state.threads, state.threads > 1));
  state.id = info.id;
  state.info = info;
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
  for (let t = 1; t < state.threads; t++) addThread();
  return { inputs: info.inputs, outputs: info.outputs, device: state.device };
}

/** Has the page start a thread: it watches it too, as this worker hears nothing while a plan runs. */
function addThread() {
  const { port1: port, port2 } = new MessageChannel();
  const ready = new Map();
  port.onmessage = ({ data }) => ready.get(data.ready)?.();
  postMessage({ thread: port2 }, [port2]);
  state.helpers.push({ port, ready });
}

function ensureMemory(end) {
  const pages = Math.ceil(end / 65536) + 1;
  if (pages > 65536) {
    throw userError(`the model needs ${Math.ceil(end / (1 << 20))} MiB, WebAssembly memory ends at 4096 MiB`);
  }
  try {
    if (!state.memory) {
      state.memory = state.threads > 1
        ? new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true })
        : new WebAssembly.Memory({ initial: pages });
    } else {
      const have = state.memory.buffer.byteLength / 65536;
      if (pages > have) state.memory.grow(pages - have);
    }
  } catch (e) {
    throw userError(`out of memory: the model needs ${Math.ceil(end / (1 << 20))} MiB (${e.message})`);
  }
}

const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The plan for these feeds, compiled and its weights loaded when it is new. */
async function planFor(feeds, report) {
  const lines = [];
  state.feeds = {};
  for (const [name, f] of Object.entries(feeds)) {
    lines.push(`${name}\t${f.type}\t${f.dims.join(',')}`);
    state.feeds[name] = bytesOf(f.data);
  }
  const start = performance.now();
  const { plan } = parse(engine.prepare(state.id, lines.join('\n')));
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

/** Instantiates a new plan in all threads and loads its weights. */
async function load(plan, start, report) {
  const p = parse(engine.describe(state.id, plan));
  const code = engine.module(state.id, plan);
  p.compileMs = performance.now() - start;
  report({ stage: 'compile', kernels: p.kernels.length, bytes: code.byteLength, ms: p.compileMs });
  ensureMemory(p.endAddress);
  const instantiating = performance.now();
  const module = new WebAssembly.Module(code);
  p.exports = new WebAssembly.Instance(module, { env: { memory: state.memory } }).exports;
  p.instantiateMs = performance.now() - instantiating;
  const ready = state.helpers.map((h) => new Promise((done) => h.ready.set(plan, done)));
  state.helpers.forEach((h) => h.port.postMessage({ plan, module, memory: state.memory }));
  await placeWeights(plan, p, report);
  await Promise.race([Promise.all(ready), new Promise((_, no) => setTimeout(() => no(new Error('the threads did not start within 20 s')), 20000))]);
  return p;
}

/** Does a plan's load steps; weights are waited for, and their bytes go as soon as they are placed. */
async function placeWeights(plan, p, report) {
  const start = performance.now();
  const table = p.exports.table;
  for (const [name, file] of state.files) {
    file.plan(p.load.filter((s) => s[0] === 1 && s[4] === name).map((s) => [s[3], s[2]]));
  }
  let said = start;
  for (let i = 0; i < p.load.length; i++) {
    const step = p.load[i];
    if (step[0] === 0) {
      engine.writeConstant(state.id, plan, step[3]);
    } else if (step[0] === 1) {
      const file = state.files.get(step[4]);
      if (file.loaded < step[3] + step[2]) await file.until(step[3] + step[2]);
      file.read(step[3], new Int8Array(state.memory.buffer, step[1], step[2]));
      file.discard(step[3], step[2]);
    } else {
      table.get(step[1])(...step.slice(2));
    }
    if (performance.now() - said > 50) {
      said = performance.now();
      report({ stage: 'weights', loaded: i, total: p.load.length });
    }
  }
  p.packMs = performance.now() - start;
}

function write(p, feeds) {
  for (const place of p.inputs) {
    new Uint8Array(state.memory.buffer, place.address, place.bytes).set(bytesOf(feeds[place.name].data));
  }
}

/** One run; returns its milliseconds. */
function execute(p) {
  const start = performance.now();
  p.segments.forEach((index, i) => {
    if (index < 0) {
      const answer = engine.host(state.id, state.current, i);
      if (answer) parse(answer);
      return;
    }
    const run = `run${index}`;
    state.helpers.forEach((h, t) => h.port.postMessage({ plan: state.current, run, thread: t + 1, threads: state.threads }));
    try {
      p.exports[run](0, state.threads);
    } catch (e) {
      throw Object.assign(new Error(`a kernel failed: ${e.message}`), { fatal: true });
    }
  });
  const ms = performance.now() - start;
  state.runs.count++;
  state.runs.lastMs = ms;
  return ms;
}

const outputs = (p) => p.outputs.map((o) => ({
  name: o.name, type: o.type, dims: o.dims,
  data: new Uint8Array(state.memory.buffer, o.address, o.bytes).slice().buffer,
}));

function kernelIndex(name) {
  const i = state.plans[state.current]?.kernels.findIndex((k) => k.name === name) ?? -1;
  if (i < 0) throw userError(`no kernel '${name}' in the last plan`);
  return i;
}

/** Numbers between -1 and 1, the same in every trial. */
function fillNoise(array) {
  let x = 12345;
  for (let i = 0; i < array.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    array[i] = x / 2147483648;
  }
}

/** One kernel alone on made-up inputs: its result, and the median time of a call over `ms`. */
function runTrial(kernel, schedule, ms) {
  const t = parse(engine.trial(state.id, state.current, kernel, schedule));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(t.end / 65536) + 1 });
  const { pack, run } = new WebAssembly.Instance(
    new WebAssembly.Module(engine.trialModule()), { env: { memory } }).exports;
  for (const [address, bytes, type] of t.inputs) {
    if (type === 'float32') fillNoise(new Float32Array(memory.buffer, address, bytes / 4));
  }
  const [address, bytes] = t.output;
  new Uint8Array(memory.buffer, address, bytes).fill(0xff);
  pack();
  run(1);
  const result = { schedule: t.schedule, data: memory.buffer.slice(address, address + bytes), type: t.output[2], ms: 0 };
  if (ms === 0) return result;
  const start = performance.now();
  let calls = 1;
  while (performance.now() - start < ms / 2) {
    const before = performance.now();
    run(calls);
    if (performance.now() - before < 5) calls *= 2;
  }
  const times = [];
  while (performance.now() - start < ms || times.length < 5) {
    const before = performance.now();
    run(calls);
    times.push((performance.now() - before) / calls);
  }
  times.sort((a, b) => a - b);
  result.ms = times[times.length >> 1];
  [result.bestMs] = times;
  return result;
}

/** Largest difference from the reference, relative to its largest magnitude. */
function compare(result, reference) {
  if (result.type !== 'float32') {
    const a = new Uint8Array(result.data);
    const b = new Uint8Array(reference.data);
    return { result, error: a.every((v, i) => v === b[i]) ? 0 : Infinity };
  }
  const a = new Float32Array(result.data);
  const b = new Float32Array(reference.data);
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i]) || (Number.isNaN(a[i]) && Number.isNaN(b[i]))) continue;
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= difference)) difference = Number.isNaN(d) ? Infinity : d;
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return { result, error: difference === 0 ? 0 : difference / (largest || 1) };
}

const methods = {
  create,
  async prepare({ feeds }, report) {
    await planFor(feeds, report);
    return {};
  },
  async run({ feeds }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    const ms = execute(p);
    return { outputs: outputs(p), ms };
  },
  async measure({ feeds, repeats, atLeastMs }, report) {
    const p = await planFor(feeds, report);
    write(p, feeds);
    const ms = [];
    const start = performance.now();
    while (ms.length < repeats || performance.now() - start < atLeastMs) {
      ms.push(execute(p));
      if (ms.length % 8 === 0) await new Promise((done) => setTimeout(done));
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
          const answer = engine.host(state.id, state.current, segment++);
          if (answer) parse(answer);
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
  async stats() {
    const p = state.plans[state.current];
    return {
      device: state.device,
      load: state.load,
      model: { name: state.info.name, producer: state.info.producer, opset: state.info.opset, nodes: state.info.nodes },
      memoryBytes: state.memory?.buffer.byteLength ?? 0,
      runs: state.runs,
      plan: p && {
        kernels: p.kernels,
        commands: p.commands.map((c, i) => ({ index: i, node: c.node, kernel: p.kernels[c.kernel]?.name ?? 'host', flops: c.flops, outputShape: c.output, parallel: c.parallel })),
        arenaBytes: p.arenaBytes, weightBytes: p.weightBytes, moduleBytes: p.moduleBytes,
        compileMs: p.compileMs, instantiateMs: p.instantiateMs, packMs: p.packMs,
      },
    };
  },
  async ceilings() {
    const { simd, relaxedSimd } = state.device;
    return simd ? ceilings(engine, relaxedSimd) : { fmaGflops: 0, readGbs: 0 };
  },
  async probeDevice({ threads }) {
    const device = probe({ threads });
    if (!device.simd) throw userError('this browser has no WebAssembly SIMD: there is nothing to measure');
    engine = await loading;
    for (let t = 1; t < device.threads; t++) addThread();
    return probeSuite(engine, device, state.helpers);
  },
  async trial({ name, schedule, ms }) {
    const kernel = kernelIndex(name);
    const reference = runTrial(kernel, '', 0);
    const { result, error } = compare(runTrial(kernel, schedule, ms), reference);
    return { schedule: result.schedule, ms: result.ms, bestMs: result.bestMs, error };
  },
  async kernelText({ name }) {
    const p = state.plans[state.current];
    const i = kernelIndex(name);
    return {
      schedule: p.kernels[i].schedule,
      loops: engine.loops(state.id, state.current, i),
      wat: engine.wat(state.id, state.current, name),
    };
  },
  async dump({ stage }) {
    if (state.current < 0) throw userError('nothing has been compiled yet; run the model first');
    return { text: engine.dump(state.id, state.current, stage) };
  },
  async release() {
    state.helpers.forEach((h) => h.port.close());
    state.files?.forEach((f) => f.release());
    if (state.id) engine.release(state.id);
    const bytes = state.load.bytes + (state.memory?.buffer.byteLength ?? 0);
    Object.assign(state, fresh());
    return { bytes };
  },
};

live().then((lock) => postMessage({ lock }));

let queue = Promise.resolve();
onmessage = (e) => {
  const { id, method, args } = e.data;
  queue = queue.then(async () => {
    try {
      const result = await methods[method](args, (progress) => postMessage({ progress }));
      const moved = (result.outputs ?? []).map((o) => o.data).filter(Boolean);
      postMessage({ id, result }, moved);
    } catch (error) {
      postMessage({ id, error: error.message ?? String(error), user: error.user === true, fatal: error.fatal === true });
    }
  });
};
