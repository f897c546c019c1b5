// Finds better schedules for the kernels of a session on the GPU while it serves, and puts them in
// place one by one: they read and write what the present ones do.
import { GpuFault } from './gpu-pipelines.js';
import { keepProbes, probeGpu, recallProbes } from './gpu-probes.js';
import { timeDispatches } from './gpu-profile.js';
import { makeBuffer } from './gpu-transfer.js';
import { GpuWorkbench } from './gpu-workbench.js';
import { readSchedules } from './storage.js';
import { Tuner } from './tuner.js';

/** Kernels that are timed at once before requests go first. */
const AT_ONCE = 8;

/** Workbenches that are kept, with their buffers: tuning goes to and fro between kernels. */
const BENCHES = 4;

export class GpuTuner extends Tuner {
  #gpu;
  #benches = new Map();

  /** Where results go while the plan's kernels are timed. */
  #aside = null;

  constructor(worker, gpu) {
    super(worker);
    this.#gpu = gpu;
  }

  /** The same browser, GPU and compiler. */
  get fingerprint() {
    const { vendor, architecture, device, description } = this.#gpu.info;
    return [navigator.userAgent, vendor, architecture, device, description, this.#gpu.text, this.worker.compiler().build].join('|');
  }

  /** What the GPU can do as far as it was measured, here or on an earlier visit; see probeGpu. */
  probes;

  /** The same, measured now. */
  async probe(rest = async () => {}) {
    this.probes = await probeGpu(this.#gpu, rest);
    await keepProbes(this.fingerprint, this.probes);
    return this.probes;
  }

  /** Tells the compiler what earlier visits have found, unless `tune` is false. */
  async recall(tune) {
    const { state, compiler } = this.worker;
    this.probes = await recallProbes(this.fingerprint);
    if (tune === false) return;
    const lines = await readSchedules(this.fingerprint);
    compiler().schedules(state.id, lines.join('\n'));
    state.tuning.stored += lines.length;
  }

  /** As for WebAssembly. A page that waits for it has the GPU measured besides, once. */
  async tune(options, report) {
    const { state, pause } = this.worker;
    const { tuning } = state;
    // Its kernels store rows in caches, which trials must not touch.
    if (state.plans[state.current]?.cached.length) {
      return { state: 'plans with caches are not tuned on WebGPU', tried: 0, speedup: 1, ms: 0 };
    }
    try {
      const tuned = await super.tune(options, report);
      if (options.share === 1 && !this.probes) await this.probe(pause);
      return tuned;
    } catch (e) {
      // A GPU that fails here ends the tuning; whether it serves the next run will say.
      if (!(e instanceof GpuFault)) throw e;
      tuning.state = `failed: ${e.message}`;
      return { state: tuning.state, tried: tuning.tried, speedup: 1, ms: 0 };
    } finally {
      if (tuning.state === 'running') tuning.state = 'ended early';
      this.#benches.forEach((b) => b.release());
      this.#benches.clear();
      this.#aside?.destroy();
      this.#aside = null;
    }
  }

  /** Dispatches of the first command of each of these kernels, whose results go aside. */
  async #dispatches(p, kernels) {
    const gpu = this.#gpu;
    const pipelines = await Promise.all(kernels.map(([kernel]) => gpu.asked(() => gpu.pipelines.get(kernel))));
    return gpu.asked(() => kernels.map(([kernel, index], i) => (
      p.gpuPlan.aside(p.commands.findIndex((c) => c.kernel === index), kernel, pipelines[i], this.#aside))));
  }

  /** Milliseconds of each command; equal kernels are timed once, on the values of the last run. */
  async times(p, rest) {
    const used = p.pipelines.map((k, i) => [k, i]).filter(([, i]) => p.commands.some((c) => c.kernel === i));
    if (!used.length) return p.commands.map(() => 0);
    const room = Math.max(...p.commands.filter((c) => c.kernel >= 0).map((c) => p.buffers[c.buffers.at(-1)][0]));
    this.#aside = await this.#gpu.asked(() => makeBuffer(this.#gpu.device, room));
    const ms = [];
    for (let at = 0; at < used.length; at += AT_ONCE) {
      const some = used.slice(at, at + AT_ONCE);
      await rest();
      const found = await timeDispatches(this.#gpu, await this.#dispatches(p, some));
      some.forEach(([, i], k) => { ms[i] = found[k]; });
    }
    return p.commands.map((c) => ms[c.kernel] ?? 0);
  }

  bench(last, plan, kernel, rest) {
    const { state, compiler } = this.worker;
    let bench = this.#benches.get(kernel);
    // What was used last stands last.
    this.#benches.delete(kernel);
    if (this.#benches.size >= BENCHES) {
      const [[oldest, left]] = this.#benches;
      left.release();
      this.#benches.delete(oldest);
    }
    bench ??= new GpuWorkbench(compiler(), state.id, plan, kernel, rest, this.#gpu, state.plans[plan].pipelines[kernel], (...what) => this.#differs(...what));
    this.#benches.set(kernel, bench);
    return bench;
  }

  /** A wrong answer is told, not only left out. */
  #differs(name, why, serves) {
    const { device, tuning } = this.worker.state;
    tuning.wrong = (tuning.wrong ?? 0) + 1;
    device.notes.push(`kernel ${name}, ${serves ? 'which serves' : 'on trial and not used'}, answers otherwise on this GPU than WebAssembly: ${why}`);
  }

  /** Kernels that are faster in their places too take them; plans to come are made with all that was found. */
  async end(plan, rest) {
    const { state, compiler, parse } = this.worker;
    const engine = compiler();
    const { id, tuning } = state;
    const p = state.plans[plan];
    const settled = this.settled();
    if (settled) return settled;
    engine.schedules(id, tuning.found);
    const found = new Map(tuning.found.split('\n').map((line) => line.split('\t')));
    let exchanged = 0;
    for (const [i, now] of p.pipelines.entries()) {
      const schedule = found.get(now.workload) ?? now.schedule;
      if (schedule === now.schedule) continue;
      await rest();
      const kernel = { ...parse(engine.gpu(id, plan, i, schedule)), calls: now.calls };
      const pipeline = await this.#gpu.asked(() => this.#gpu.pipelines.get(kernel));
      const times = p.commands.some((c) => c.kernel === i)
        ? await timeDispatches(this.#gpu, await this.#dispatches(p, [[now, i], [kernel, i]])) : [0, 0];
      if (state.id !== id) throw new Error('released');
      if (times[1] > times[0]) {
        this.giveUp('', now.workload);
        continue;
      }
      for (let n = 2; p.pipelines.some((k) => k.name === kernel.name); n++) kernel.name = `${kernel.name.replace(/_\d$/, '')}_${n}`;
      p.gpuPlan.exchange(i, kernel, pipeline);
      const { code, ...said } = kernel;
      p.kernels[i] = said;
      exchanged++;
    }
    // Errors of the GPU are looked for in the next run again.
    p.gpuPlan.proven = false;
    return exchanged ? 'done' : 'no better schedules';
  }
}
