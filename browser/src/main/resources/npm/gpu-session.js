// What the engine worker does for a session on WebGPU: other methods in the place of some of its own.
import { userError } from './files.js';
import { staysOnGpu } from './gpu-auto.js';
import { GpuCaches } from './gpu-cache.js';
import { openGpu } from './gpu-device.js';
import { GpuFault } from './gpu-pipelines.js';
import { GpuPlan } from './gpu-plan.js';
import { timeDispatches } from './gpu-profile.js';
import { GpuRuns } from './gpu-run.js';
import { GpuTensors } from './gpu-tensors.js';
import { Readback, Uploads } from './gpu-transfer.js';
import { GpuTuner } from './gpu-tuner.js';
import { roomOf } from './gpu-types.js';
import { placePlan, planReads } from './wasm-plan.js';

/** Refuses what only sessions in WebAssembly do. */
const onlyWasm = (what) => async () => {
  throw userError(`${what} on WebGPU; create the session with executionProviders: ['wasm']`);
};

/** Bytes that slices make a run copy from the GPU and to it. */
const copied = ({ slices }) => slices.flatMap((s) => [...s.inputs, ...s.outputs])
  .reduce((n, place) => n + (place.buffer < 0 ? 0 : roomOf(place)), 0);

/** The methods of a session's worker while the session is on the GPU. */
export class GpuSession {
  #worker;
  #gpu;
  #fallback;
  #auto;
  #weights = new Map();
  #caches;
  #tensors;
  #context;
  #runs;
  #tuner;

  /** False while plans have to be loaded again because the device was lost. */
  #whole = true;
  #losses = 0;

  /**
   * @param {{state: object, compiler: function(): object, methods: object, replies: function, parse:
   *   function, pause: function(): Promise, planFor: function, runSlice: function, checkIndex: function,
   *   leaveGpu: function(string)}} worker what the engine worker lends: its state and methods, what its
   *   threads answer, how it reads the compiler's answers, lets requests go first, has plans made, runs
   *   slices in WebAssembly and goes on without a GPU
   * @param {boolean} fallback whether it may go on without
   * @param {boolean} auto whether the first feeds are run there too, and the faster stays
   */
  constructor(worker, gpu, fallback, auto) {
    this.#worker = worker;
    this.#fallback = fallback;
    this.#caches = new GpuCaches(worker);
    this.#tensors = new GpuTensors();
    this.#auto = auto;
    this.#use(gpu);
  }

  #use(gpu) {
    this.#gpu = gpu;
    this.#weights.clear();
    this.#context = { gpu, weights: this.#weights, uploads: new Uploads(gpu), readback: new Readback(gpu) };
    const { runSlice, checkIndex } = this.#worker;
    this.#runs = new GpuRuns({ ...this.#context, runSlice, checkIndex });
    this.#caches.use(this.#context);
    this.#tensors.use(this.#context);
    this.#tuner = new GpuTuner(this.#worker, gpu);
  }

  /** Tells the compiler of the device and, unless `tune` is false, of the schedules found on it before. */
  async begin(tune) {
    const { compiler, parse, state } = this.#worker;
    parse(compiler().gpu(state.id, -1, 0, this.#gpu.text));
    await this.#tuner.recall(tune);
  }

  /** Calls a method; what the GPU cannot do goes to WebAssembly, for good, where that is allowed. */
  async call(method, args, report) {
    const { methods, leaveGpu } = this.#worker;
    if (!this.#methods[method]) return methods[method](args, report);
    try {
      const given = method === 'run' ? args : await this.#tensors.here(args);
      if (this.#auto && given.feeds && !(await this.#stays(given.feeds, report))) return await methods[method](given, report);
      return await this.#methods[method](given, report);
    } catch (e) {
      if (!(e instanceof GpuFault)) throw e;
      if (e.kind === 'lost') throw userError(`${e.message}; the next run makes a new one`);
      if (!this.#fallback) throw e;
      // Rows of caches and tensors go along, as far as the GPU still has them.
      const caches = await this.#caches.leave();
      const tensors = await this.#tensors.left(methods);
      leaveGpu(e.message);
      this.#worker.state.gpu = tensors;
      for (const c of caches) await methods.createCache(c);
      return tensors ? tensors.call(method, args, report) : methods[method](args, report);
    }
  }

  /** Loads a new plan. */
  async load(number, p, start, report) {
    const { compiler, state } = this.#worker;
    const engine = compiler();
    const { id } = state;
    p.number = number;
    p.kernels = p.pipelines.map(({ code, ...rest }) => rest);
    p.compileMs = performance.now() - start;
    report({ stage: 'compile', kernels: p.kernels.length, bytes: p.pipelines.reduce((n, k) => n + k.code.length, 0), ms: p.compileMs });
    planReads(state.files, [p, ...p.slices.map((s) => s.plan)].flatMap((part) => part.load));
    await this.#place(p, report);
    try {
      for (const [i, { plan }] of p.slices.entries()) {
        await placePlan(this.#worker, plan, {
          number: `${number}/${i}`,
          module: () => engine.module(id, number, i + 1),
          constant: (step) => engine.writeConstant(id, number, i + 1, step),
          host: (segment) => engine.host(id, number, i + 1, segment),
        }, report);
      }
    } catch (e) {
      p.gpuPlan.abandon();
      throw e;
    }
    return p;
  }

  /** Puts a plan's part of the GPU in place. */
  async #place(p, report) {
    const { compiler, state } = this.#worker;
    p.gpuPlan = new GpuPlan(p, this.#context);
    let last = performance.now();
    await p.gpuPlan.load({
      files: state.files,
      constant: (index) => new Uint8Array(compiler().constantBytes(state.id, p.number, index).buffer),
      said: (loaded) => {
        if (performance.now() - last < 50) return;
        last = performance.now();
        report({ stage: 'weights', loaded, total: p.load.length });
      },
    });
  }

  /** After the loss of the device another takes its place: all plans are loaded again. */
  async #restore(report) {
    if (!this.#gpu.lost && this.#whole) return;
    const { state } = this.#worker;
    this.#whole = false;
    if (this.#gpu.lost) {
      const { message } = this.#gpu.lost;
      const gpu = await openGpu().catch((e) => { throw new GpuFault('absent', `${message}, and no other comes: ${e.message}`); });
      if (!gpu.serves(this.#gpu)) throw new GpuFault('absent', `${message}, and its successor can do less`);
      this.#losses++;
      this.#use(gpu);
    }
    for (const file of state.files.values()) await file.readable();
    for (const p of state.plans) {
      if (!p) continue;
      p.gpuPlan.release();
      planReads(state.files, p.load);
      await this.#place(p, report);
    }
    this.#whole = true;
  }

  async #planFor(feeds, report) {
    await this.#restore(report);
    return this.#worker.planFor(feeds, report);
  }

  /** Tells from a few runs of the first feeds whether the session stays here. */
  async #stays(feeds, report) {
    const p = await this.#planFor(feeds, report);
    await this.#execute(p, feeds);
    this.#auto = false;
    const run = async () => (await this.#execute(p, feeds)).ms;
    return staysOnGpu(this.#worker, this, run, feeds, report);
  }

  /** One run; a plan's first one looks for errors of the GPU. */
  async #execute(p, feeds, keep, sliced) {
    const { gpuPlan } = p;
    const run = () => {
      this.#runs.write(gpuPlan, feeds);
      return this.#runs.execute(gpuPlan, feeds, keep, sliced);
    };
    const start = performance.now();
    const outputs = await (gpuPlan.proven ? run() : this.#gpu.guarded(run));
    gpuPlan.proven = true;
    const ms = performance.now() - start;
    const { runs } = this.#worker.state;
    runs.count++;
    runs.lastMs = ms;
    return { outputs, ms };
  }

  /** The same with the outputs as the page gets them. */
  async #answer(p, feeds) {
    const keep = (...output) => this.#tensors.keep(...output);
    const { outputs, ms } = await this.#tensors.orNone(() => this.#execute(p, feeds, keep));
    return { outputs: p.outputs.map(({ name, type, dims }, i) => (outputs[i].kept ? outputs[i] : { name, type, dims, data: outputs[i].buffer })), ms };
  }

  #methods = {
    prepare: async ({ feeds }, report) => {
      await this.#planFor(feeds, report);
      return {};
    },
    run: async ({ feeds }, report) => {
      await this.#restore(report);
      const known = await this.#tensors.decided(feeds);
      const p = await this.#planFor(known, report);
      this.#tensors.planned(p, known);
      const answer = await this.#answer(p, await this.#tensors.fed(p, known));
      const { state } = this.#worker;
      if (state.background) this.#tuner.later(state.background, report);
      state.background = null;
      return answer;
    },
    keepOutputs: async (args) => this.#tensors.place(args),
    readTensor: (args) => this.#tensors.read(args),
    disposeTensor: async (args) => this.#tensors.dispose(args),
    createCache: (args) => this.#caches.create(args),
    runCached: async (args, report) => {
      await this.#restore(report);
      return this.#caches.run(args, report, (p, feeds) => this.#answer(p, feeds));
    },
    truncateCache: async (args) => this.#caches.truncate(args),
    reorderCache: async (args) => this.#caches.reorder(args),
    releaseCache: (args) => this.#caches.release(args),
    measure: async ({ feeds, repeats, atLeastMs }, report) => {
      const p = await this.#planFor(feeds, report);
      const times = [];
      const start = performance.now();
      while (times.length < repeats || performance.now() - start < atLeastMs) times.push((await this.#execute(p, feeds)).ms);
      return { ms: times };
    },
    profile: async ({ feeds }, report) => {
      const p = await this.#planFor(feeds, report);
      const times = [];
      await this.#execute(p, feeds);
      await this.#execute(p, feeds, undefined, (i, ms) => { times[i] = ms; });
      const timed = [...p.gpuPlan.dispatches.entries()].filter(([, d]) => d);
      const found = await this.#gpu.guarded(() => timeDispatches(this.#gpu, timed.map(([, d]) => d)));
      timed.forEach(([i], k) => { times[i] = found[k]; });
      return { commands: p.commands.map((c, i) => ({
        index: i, node: c.node, kernel: p.kernels[c.kernel]?.name ?? 'wasm', flops: c.flops, outputShape: c.output, ms: times[i],
      })) };
    },
    stats: async () => {
      const { methods, state } = this.#worker;
      const stats = await methods.stats();
      stats.plan?.commands.forEach((c) => { if (c.kernel === 'host') c.kernel = 'wasm'; });
      Object.assign(stats.device, { provider: 'webgpu', gpu: { ...this.#gpu.info, losses: this.#losses, probes: this.#tuner.probes } });
      if (stats.plan) {
        const p = state.plans[state.current];
        const slices = p.commands.filter((c) => c.slice >= 0).length;
        Object.assign(stats.plan, { gpuCommands: p.commands.length - slices, slices, copiedBytes: copied(p), pipelineMs: p.pipelineMs });
      }
      return stats;
    },
    kernelText: async ({ name }) => {
      const { state } = this.#worker;
      const kernel = state.plans[state.current]?.pipelines.find((k) => k.name === name);
      if (!kernel) throw userError(`no kernel '${name}' in the last plan`);
      return { schedule: kernel.schedule, loops: kernel.code };
    },
    ceilings: () => this.#tuner.probe(),
    tune: (options, report) => this.#tuner.tune(options, report),
    trial: onlyWasm('kernels are not tried one by one'),
    trace: onlyWasm('there are no traces'),
    compileTimes: onlyWasm('compiling is not timed'),
    program: onlyWasm('there is no WebAssembly module of the whole plan'),
  };

  /** Gives back all GPU memory; the device stays for the worker's next session. */
  release(plans = this.#worker.state.plans) {
    plans.forEach((p) => p?.gpuPlan?.release());
    this.#caches.clear();
    this.#tensors.clear();
    this.#weights.forEach((b) => b.destroy());
    this.#weights.clear();
    this.#context.readback.release();
  }
}

/**
 * Puts a session on the GPU.
 * @param worker as of {@link GpuSession}
 * @param {string[]} providers in the order of preference; with 'wasm' it may stay in WebAssembly, with a
 *   note, where there is no GPU, and with 'auto' also where that is faster
 * @returns {Promise<GpuSession|null>}
 */
export async function startGpu(worker, providers) {
  const { notes } = worker.state.device;
  const auto = providers[0] === 'auto';
  const fallback = auto || providers.includes('wasm');
  try {
    const gpu = await openGpu();
    if (gpu.software) notes.push('WebGPU runs on a program in the place of a graphics adapter: it is slow');
    return new GpuSession(worker, gpu, fallback, auto);
  } catch (e) {
    if (!(e instanceof GpuFault)) throw e;
    if (!fallback) throw userError(`no WebGPU: ${e.message}; with executionProviders: ['webgpu', 'wasm'] the session runs in WebAssembly then`);
    notes.push(`WebAssembly in the place of WebGPU: ${e.message}`);
    return null;
  }
}
