// nnJIT's public API. All work is done in a worker: the page's thread only posts messages.
import { Cache } from './cache.js';
import { keep, recall } from './storage.js';
import { FEATURE_MODULES } from './features.js';
import { ended } from './locks.js';
import { SmallPlans, bytesOf } from './small-plans.js';

const TYPES = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array,
  int64: BigInt64Array, uint64: BigUint64Array, bool: Uint8Array, float16: Uint16Array,
  bfloat16: Uint16Array,
};

/** An n-dimensional array: type name, flat typed array in row-major order, dimensions. */
export class Tensor {
  constructor(type, data, dims) {
    if (typeof type !== 'string') {
      throw new TypeError('new Tensor(type, data, dims): type must be a string such as "float32"');
    }
    const array = TYPES[type];
    if (!array) {
      throw new TypeError(`tensor type '${type}' is not supported; supported are ${Object.keys(TYPES).join(', ')}`);
    }
    if (Array.isArray(data)) {
      data = type === 'int64' || type === 'uint64' ? array.from(data, BigInt) : array.from(data, Number);
    }
    if (!(data instanceof array)) {
      throw new TypeError(`a ${type} tensor takes ${array.name}, got ${data?.constructor?.name ?? typeof data}`);
    }
    dims = dims ? Array.from(dims, Number) : [data.length];
    const elements = dims.reduce((a, b) => a * b, 1);
    if (dims.some((d) => !Number.isInteger(d) || d < 0) || elements !== data.length) {
      throw new RangeError(`dims [${dims}] hold ${elements} elements, the data ${data.length}`);
    }
    this.type = type;
    this.data = data;
    this.dims = dims;
    this.size = data.length;
  }

  get location() { return 'cpu'; }
  async getData() { return this.data; }
  dispose() {}
}

/** What this page may use. */
export const env = { threads: undefined, simd: true, relaxedSimd: true, tune: {} };

/** Where sessions can run. */
const PROVIDERS = ['webgpu', 'wasm', 'auto'];

/** Names of execution providers, given as names or as objects that have one. */
function providersOf(list) {
  const names = list.map((p) => p.name ?? p);
  const wrong = names.find((n) => !PROVIDERS.includes(n));
  if (wrong !== undefined || !names.length) {
    throw new TypeError(`executionProviders are ${JSON.stringify(names)}, wanted some of ${PROVIDERS.join(', ')}`);
  }
  return names;
}

/** Tuning beside requests: for so long at most, taking this share of the worker's time. */
const TUNE = { budgetMs: 30000, share: 0.5, afterMs: 300 };

/** Shared buffers that large feeds travel in, a quarter of the time that a message takes to copy. */
const staging = [];
const LARGE = 1 << 16;

/** The bytes in a shared buffer noted in `lent`; small ones, and all without isolation, as they are. */
function lend(data, lent) {
  if (globalThis.crossOriginIsolated !== true || data.byteLength < LARGE || data.buffer instanceof SharedArrayBuffer) return data;
  const i = staging.findIndex((b) => b.byteLength === data.byteLength);
  const buffer = i < 0 ? new SharedArrayBuffer(data.byteLength) : staging.splice(i, 1)[0];
  const copy = new Uint8Array(buffer);
  copy.set(bytesOf(data));
  lent.push(buffer);
  return copy;
}

/** One engine worker of a released session is kept: the next session starts without loading it. */
const idle = [];

/** Not kept once its sessions have held so much: browsers are slow to collect a worker's buffers. */
const KEPT_BYTES = 64 << 20;

/** An engine worker, which calls its `lost(error)` when it stops; of kind 'gpu' or ''. */
function startWorker(kind = '') {
  const worker = new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: kind });
  worker.kind = kind;
  const lose = (why) => {
    if (idle[0] === worker) idle.pop().terminate();
    worker.lost?.(stopped("nnJIT's worker", why));
  };
  worker.onerror = (e) => lose(e.message ?? 'its script cannot be loaded');
  worker.addEventListener('message', ({ data }) => {
    if (data.lock) ended(data.lock).then(() => lose('the browser ended it'));
  });
  return worker;
}

const stopped = (what, why) => new Error(`${what} stopped: ${why}; release this session and create a new one`);

export class InferenceSession {
  #worker;
  #threads = [];
  #waiting = new Map();
  #next = 1;
  #progress;
  #dead = null;
  #released = false;
  #info;
  /** The tensors that it keeps on the GPU, if any. */
  #there;
  #caller = (method, args) => this.#call(method, args);
  #small = new SmallPlans(this.#threads);

  constructor(worker, onProgress) {
    this.#worker = worker;
    this.#progress = onProgress;
    worker.onmessage = (e) => this.#receive(e.data);
    worker.lost = (error) => this.#lose(error);
  }

  /**
   * Loads a model.
   * @param {string|URL|ArrayBuffer|Uint8Array|Blob} model address or bytes of an ONNX or GGUF file
   * @param {{threads?: number, simd?: boolean, relaxedSimd?: boolean, onProgress?: function,
   *   tune?: false|{budgetMs?: number, share?: number, afterMs?: number},
   *   externalData?: Array<{path: string, data: string|ArrayBuffer|Uint8Array|Blob}>,
   *   executionProviders?: string|Array<string|{name: string}>, extension?: Uint8Array,
   *   preferredOutputLocation?: string|Object<string, string>}} options
   *   `executionProviders` are 'wasm' (alone, if none are named) and 'webgpu': the session runs on the
   *   first of them that works here; with 'auto' it runs its first feeds on both and stays on the
   *   faster; stats() says on which and why; `extension` is a small ONNX file whose nodes go behind the
   *   model's, whose values they name; an output that they read is no output of the session;
   *   `preferredOutputLocation` is 'cpu' or 'gpu-buffer' for all outputs, or for each by name: tensors of
   *   the latter stay on the GPU until getData(), and may be fed to a run of this session
   * @returns {Promise<InferenceSession>}
   */
  static async create(model, options = {}) {
    const providers = providersOf([options.executionProviders ?? 'wasm'].flat());
    const kind = providers[0] === 'wasm' ? '' : 'gpu';
    const worker = idle[0]?.kind === kind ? idle.pop() : startWorker(kind);
    const session = new InferenceSession(worker, options.onProgress);
    const plain = (m) => (m instanceof URL || typeof m === 'string' ? new URL(m, globalThis.location?.href).href : m);
    try {
      session.#info = await session.#call('create', {
        model: plain(model),
        extension: options.extension,
        providers,
        threads: options.threads ?? env.threads ?? 0,
        simd: options.simd ?? env.simd,
        relaxedSimd: options.relaxedSimd ?? env.relaxedSimd,
        tune: (options.tune ?? env.tune) && { ...TUNE, ...(options.tune ?? env.tune) },
        external: (options.externalData ?? []).map((e) => ({ path: e.path, data: plain(e.data) })),
      });
      if (options.preferredOutputLocation) {
        session.#there = (await import('./gpu-tensor.js')).tensorsOf(options, session.outputNames, session.#caller);
      }
    } catch (e) {
      session.#lose(e);
      throw e;
    }
    return session;
  }

  /** Measures this device with so many threads; see probeDevice. */
  static async measureDevice(threads) {
    const carrier = new InferenceSession(startWorker());
    try {
      return await carrier.#call('probeDevice', { threads });
    } finally {
      carrier.#lose(new Error('the device has been measured'));
    }
  }

  get inputNames() { return this.#info.inputs.map((i) => i.name); }
  get outputNames() { return this.#info.outputs.map((o) => o.name); }
  get inputMetadata() { return this.#info.inputs; }
  get outputMetadata() { return this.#info.outputs; }

  /**
   * Runs the model on these tensors, by input name, and returns its outputs by name.
   * @param {{cache?: Cache, chain?: object, chained?: number, from?: number, kind?: string}} options with a cache, feeds
   *   leave out the past keys and values: those of this run are added to it, and the outputs that would
   *   return them are left out. `chain`, while `cache.chains`: inputs whose values are an output, by name,
   *   of the cache's run before, which may not have ended when this one is asked for; with `chained` inputs
   *   keep their beginning, as long as an output, and take the rest from so many runs. `from`: rows from this one on
   *   are forgotten first. `kind`, while `cache.hasKinds`: 'STEPS' for rows as if each came in a run of
   *   its own, even where the model takes one at a time; 'DRAFT' for an estimate of a run of one row, made with
   *   weights of 8 bits beside the others
   */
  async run(feeds, { cache, chain, chained, from, kind } = {}) {
    const lent = [];
    try {
      const given = this.#feeds(feeds, lent);
      if (cache) return this.#outputs(await cache.run(given, { chain, chained, from, kind }));
      const here = this.#dead ? null : this.#small.run(given);
      if (here) {
        if (SmallPlans.turn) await SmallPlans.turn;
        return this.#outputs(here);
      }
      const result = await this.#call('run', { feeds: given });
      return this.#outputs(result.outputs);
    } finally {
      staging.push(...lent);
      staging.splice(0, Math.max(0, staging.length - 8));
    }
  }

  /**
   * Room for the past keys and values of a decoder, which stay where kernels read them.
   * @param {{capacity?: number, held?: object, past?: object}} options `capacity`: rows (tokens) it
   *   has room for at first, growing when they are used up; `held`: feeds that are the same in every
   *   run, such as an encoder's keys and values; `past`: tensors to begin with
   * @returns {Promise<Cache>}
   */
  async createCache({ capacity = 256, held = {}, past = {} } = {}) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity is ${capacity}, wanted a whole number of rows`);
    }
    return new Cache(this.#caller, await this.#call('createCache', {
      capacity, held: this.#feeds(held), past: this.#feeds(past),
    }));
  }

  /** Runs once on one thread with the time of every command. */
  async profile(feeds) {
    return this.#call('profile', { feeds: this.#feeds(feeds) });
  }

  /**
   * Runs on all threads, as run() does, and notes when each called which command: an object of the
   * Chrome trace event format, which chrome://tracing and ui.perfetto.dev open. Of two such runs it
   * is the second, in which the scripts that take the times are no longer new.
   * @returns {Promise<{traceEvents: Array<object>}>} "X" events for commands, `ts` and `dur` in
   *   microseconds, `tid` the thread; `args` are index, node, schedule, flops and outputShape
   */
  async trace(feeds) {
    return this.#call('trace', { feeds: this.#feeds(feeds) });
  }

  /** Compiles and loads weights for these feeds without running. */
  async prepare(feeds) {
    await this.#call('prepare', { feeds: this.#feeds(feeds) });
  }

  /** Runs the model `repeats` times inside the worker and returns each run's milliseconds. */
  async measure(feeds, repeats, atLeastMs = 0) {
    return (await this.#call('measure', { feeds: this.#feeds(feeds), repeats, atLeastMs })).ms;
  }

  /**
   * Compiles the kernels for these feeds over and over, from schedules to bytes, as an engine does
   * that has compiled the compiler itself for good; what comes out is thrown away.
   * @param {{repeats?: number, warmUpMs?: number}} options how often, after compiling for so long
   * @returns {Promise<Array<{name: string, ms: number[]}>>} of each kernel, every time's milliseconds
   */
  async compileTimes(feeds, { repeats = 9, warmUpMs = 3000 } = {}) {
    return (await this.#call('compileTimes', { feeds: this.#feeds(feeds), repeats, warmUpMs })).kernels;
  }

  /** Device, load, plan and run figures. */
  async stats() { return this.#call('stats', {}); }

  /**
   * What one thread of this engine can do at best, or the GPU that the session runs on: {fmaGflops,
   * readGbs}, in 10^9 a second, and of a GPU what gpu-probes.js tells besides.
   */
  async ceilings() { return this.#call('ceilings', {}); }

  /**
   * Finds better schedules for the kernels of the last run and puts them in place; requests go on
   * meanwhile. `wide` tries so many schedules of the full space for each kernel, to judge the lite
   * space by.
   * @param {{budgetMs?: number, share?: number, wide?: number}} options
   * @returns {Promise<{state: string, tried: number, speedup: number, ms: number}>}
   */
  async tune(options = {}) { return this.#call('tune', { budgetMs: 10000, share: 1, ...options }); }

  /** What was tried and left out in tuning, and why, one a line. */
  async tuningLog() { return (await this.#call('tuningLog', {})).text; }

  /** Checks and times a kernel of the last plan alone with another schedule: {ms, note}. */
  async trial(name, schedule) { return this.#call('trial', { name, schedule }); }

  /** {schedule, loops} of a kernel of the last plan, as text; program() has its WebAssembly. */
  async kernelText(name) { return this.#call('kernelText', { name }); }

  /**
   * What a GGUF file says of texts, as TextGenerator.create takes it.
   * @returns {Promise<{config?: object, tokenizer?: object, problem?: string}>} what the file does not say
   *   is missing; `problem`: why there is a vocabulary but no tokenizer
   */
  async textParts() { return this.#call('textParts', {}); }

  /** A compiler stage of the last plan as text: graph, computes or fused. */
  async dump(stage) { return (await this.#call('dump', { stage })).text; }

  /** The WebAssembly module of the last plan: all kernels and the functions that call them. */
  async program() { return new Uint8Array((await this.#call('program', {})).bytes.buffer); }

  /** Frees memory, workers and everything else; the session cannot be used again. */
  async release() {
    if (this.#dead) return;
    this.#released = true;
    const late = new Promise((_, no) => setTimeout(() => no(new Error('late')), 2000));
    try {
      const { bytes, memoryBytes } = await Promise.race([this.#call('release', {}), late]);
      this.#worker.held = (this.#worker.held ?? 0) + bytes;
      if (idle.length === 0 && this.#worker.held + memoryBytes < KEPT_BYTES) idle.push(this.#worker);
      else this.#worker.terminate();
    } catch {
      this.#worker.terminate();
    }
    this.#end(new Error('this session has been released; create a new one'));
  }

  #feeds(feeds, lent = []) {
    const out = {};
    if (feeds === null || typeof feeds !== 'object') {
      throw new TypeError('feeds must be an object of tensors by input name');
    }
    for (const [name, t] of Object.entries(feeds)) {
      const there = this.#there?.feed(name, t);
      if (!there && !(t?.type && t.dims && t.data)) {
        throw new TypeError(`feed '${name}' is not a Tensor`);
      }
      out[name] = there ?? { type: t.type, dims: Array.from(t.dims), data: lend(t.data, lent) };
    }
    return out;
  }

  #outputs(list) {
    const out = {};
    for (const o of list) out[o.name] = this.#there?.output(o) ?? new Tensor(o.type, new TYPES[o.type](o.data), o.dims);
    return out;
  }

  #call(method, args) {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, args });
    });
  }

  #receive(m) {
    if (m.progress) {
      this.#progress?.(m.progress);
      return;
    }
    if (m.thread) this.#startThread(m.thread);
    if (m.small && !this.#dead) this.#small.add(m.small);
    const w = this.#waiting.get(m.id);
    this.#waiting.delete(m.id);
    if (!w) return;
    if (m.error) w.reject(Object.assign(new Error(m.error), { user: m.user }));
    else w.resolve(m.result);
    if (m.fatal) this.#lose(new Error(m.error));
  }

  /** Starts a thread that the engine worker commands through this port, and watches it. */
  #startThread(engine) {
    const worker = new Worker(new URL('./thread-worker.js', import.meta.url), { type: 'module' });
    const lose = (why) => this.#lose(stopped('a thread of nnJIT', why));
    worker.onerror = (e) => lose(e.message ?? 'its script cannot be loaded');
    worker.onmessage = ({ data }) => {
      if (data.error) lose(data.error);
      else ended(data.lock).then(() => lose('the browser ended it'));
    };
    worker.postMessage({ engine }, [engine]);
    this.#threads.push(worker);
  }

  /** A worker has stopped, unless release() did that: the session is over. */
  #lose(error) {
    if (this.#dead || this.#released) return;
    this.#worker.terminate();
    this.#end(error);
  }

  /** Ends the threads, and every call that waits or comes with this error. */
  #end(error) {
    this.#dead = error;
    this.#small.clear();
    this.#threads.forEach((t) => t.terminate());
    for (const w of this.#waiting.values()) w.reject(error);
    this.#waiting.clear();
  }
}

/** Threads that are measured at once at most. */
const PROBED_THREADS = 8;

/**
 * What this device can do, measured in a worker in about a second, or remembered from an earlier
 * visit with the same browser, number of cores and version of nnJIT.
 *
 * The answer is a plain object. Rates are in 10^9 a second, a multiply-add being two operations.
 * - `version`, `userAgent`, `hardwareConcurrency`, `isolated`, `relaxedSimd`: what was measured
 * - `timerMicros`: smallest step of the clock
 * - `madd`, `mulAdd`: [{chains, gflops}] by independent sums, with relaxed SIMD (else empty) and without
 * - `dotI16Gops`, `dotI8Gops`: integer dot products of 16 bits, and of 8 bits (null without relaxed SIMD,
 *   or where its results are wrong)
 * - `memory`: [{bytes, readGbs, latencyNanos}] by working set; a step of the latency is a load and
 *   about 8 cycles
 * - `splatCost`: time of loading a splat of one number, relative to loading a vector
 * - `tierUp`: {millis, slowGflops, fastGflops}: how long a new function runs slowly (null: for more
 *   than 100 ms), and both rates
 * - `barrierMicros`: two threads meeting, null when only one was measured
 * - `scaling`: [{threads, gflops}] with 1, 2, ... threads at once
 * - `profile`: what the compiler concludes; see DeviceProfile.java for each value
 * - `readings`: the same as the compiler reads it
 * - `millis`: how long the measurement took
 * @param {{threads?: number, fresh?: boolean}} options most threads to measure, else as many as
 *   cores, up to 8; `fresh` measures again
 * @returns {Promise<object>}
 */
export async function probeDevice({ threads, fresh = false } = {}) {
  const most = threads ?? Math.min(PROBED_THREADS, navigator.hardwareConcurrency || 1);
  const known = fresh ? undefined : await recall(globalThis.crossOriginIsolated ? most : 1, WebAssembly.validate(FEATURE_MODULES.relaxedSimd));
  if (known) return known;
  const measured = await InferenceSession.measureDevice(most);
  await keep(measured);
  return measured;
}
