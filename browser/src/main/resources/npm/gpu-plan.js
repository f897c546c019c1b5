// A plan on the GPU: its buffers and pipelines, and what is done once before its runs. What the plan
// consists of says GpuPlan.java; `p` is that as the compiler describes it.
import { GpuFault } from './gpu-pipelines.js';
import { makeBuffer } from './gpu-transfer.js';

const MiB = (bytes) => Math.ceil(bytes / (1 << 20));

/** Workgroups of a dispatch in both dimensions; kernels number them row by row. */
function grid(groups, most) {
  const x = Math.min(groups, most);
  return [x, Math.ceil(groups / x)];
}

/** Commands between slices together, as lists of indices; slices alone, as their command's index. */
function stagesOf(commands) {
  const stages = [];
  commands.forEach((c, i) => {
    if (c.slice >= 0) stages.push(i);
    else if (Array.isArray(stages.at(-1))) stages.at(-1).push(i);
    else stages.push([i]);
  });
  return stages;
}

export class GpuPlan {
  #context;
  #own = [];
  #keys = [];
  #made = [];

  /** By whom the buffers belong to. */
  #bound = new WeakMap();

  /**
   * @param p as described
   * @param {{gpu: object, uploads: Uploads, weights: Map<string, GPUBuffer>}} context
   *   `weights` by key are the session's, those of this plan are added
   */
  constructor(p, context) {
    this.p = p;
    this.#context = context;
    this.buffers = [];
    this.stages = stagesOf(p.commands);
    /** Indices of buffers that are not the plan's: of caches, and of what is fed once. */
    this.given = new Set([...p.caches, ...p.inputs.filter((i) => p.held.includes(i.name))].map((place) => place.buffer));
    /** Of each command but slices, and but those that wait for buffers: {pipeline, group, x, y}. */
    this.dispatches = [];
  }

  /** The buffer of this index, made when it is first wanted. */
  #buffer(i) {
    if (!this.buffers[i]) {
      const { gpu: { device }, weights } = this.#context;
      const [bytes, key] = this.p.buffers[i];
      const buffer = weights.get(key) ?? makeBuffer(device, bytes);
      this.buffers[i] = buffer;
      if (!key) {
        this.#own.push(buffer);
      } else if (!weights.has(key)) {
        weights.set(key, buffer);
        this.#keys.push(key);
      }
    }
    return this.buffers[i];
  }

  #forget(i) {
    const buffer = this.buffers[i];
    this.buffers[i] = undefined;
    this.#own = this.#own.filter((b) => b !== buffer);
    buffer?.destroy();
  }

  #dispatch(pipeline, index, buffers) {
    return dispatchOf(this.#context.gpu, pipeline, this.p.pipelines[index], buffers.map((b) => this.#buffer(b)));
  }

  /** What a kernel does for a command, but its result goes to another buffer. */
  aside(command, kernel, pipeline, result) {
    const args = this.p.commands[command].buffers.slice(0, -1).map((b) => this.#buffer(b));
    return dispatchOf(this.#context.gpu, pipeline, kernel, [...args, result]);
  }

  /** Puts another kernel with the same results in the place of one. */
  exchange(index, kernel, pipeline) {
    const { commands, pipelines } = this.p;
    pipelines[index] = kernel;
    commands.forEach((c, i) => {
      if (c.kernel === index) this.dispatches[i] = this.#dispatch(pipeline, index, c.buffers);
    });
  }

  #waits({ buffers }) { return buffers.some((b) => this.given.has(b)); }

  #command({ kernel, buffers }) { return this.#dispatch(this.#made[kernel], kernel, buffers); }

  /**
   * Has the next runs use buffers that are not the plan's.
   * @param {object} owner has the same buffers each time
   * @param {Map<number, GPUBuffer>} buffers by index
   */
  bind(owner, buffers) {
    if (!this.#bound.has(owner)) {
      this.buffers = [...this.buffers];
      buffers.forEach((buffer, i) => { this.buffers[i] = buffer; });
      const dispatches = this.p.commands.map((c, i) => (c.slice < 0 && this.#waits(c) ? this.#command(c) : this.dispatches[i]));
      this.#bound.set(owner, { buffers: this.buffers, dispatches });
    }
    Object.assign(this, this.#bound.get(owner));
  }

  /**
   * Makes pipelines and buffers and fills the weights.
   * @param {{constant: function(number): Uint8Array, files: Map<string, PiecedFile>, said:
   *   function(number)}} sources inline constants by index, files by name, and who wants to know how
   *   many steps are done
   */
  async load({ constant, files, said }) {
    const { gpu } = this.#context;
    const { p } = this;
    const start = performance.now();
    try {
      await gpu.guarded(async () => {
        const making = p.pipelines.map((k) => gpu.pipelines.get(k));
        making.forEach((m) => m.catch(() => {}));
        await this.#steps(making, constant, files, said);
        this.#made = await gpu.wait(Promise.all(making));
        p.pipelineMs = performance.now() - start;
        this.dispatches = p.commands.map((c) => (c.slice >= 0 || this.#waits(c) ? null : this.#command(c)));
        for (const { buffer } of [...p.inputs, ...p.outputs, ...p.checks, ...p.slices.flatMap((s) => [...s.inputs, ...s.outputs])]) {
          if (buffer >= 0 && !this.given.has(buffer)) this.#buffer(buffer);
        }
        await gpu.wait(gpu.device.queue.onSubmittedWorkDone());
      });
    } catch (e) {
      this.abandon();
      if (e.kind !== 'memory') throw e;
      throw new GpuFault('memory', `out of GPU memory: the model needs ${MiB(p.weightBytes)} MiB for weights and ${MiB(p.arenaBytes)} MiB for all else`);
    }
    p.packMs = performance.now() - start;
  }

  async #steps(making, constant, files, said) {
    const { gpu, uploads } = this.#context;
    let encoder = null;
    const submit = () => {
      if (encoder) gpu.device.queue.submit([encoder.finish()]);
      encoder = null;
    };
    for (const [i, [kind, index, ...rest]] of this.p.load.entries()) {
      // What is written to a buffer must not come before commands that read it.
      if (kind !== 2) submit();
      if (kind === 0) {
        uploads.write(this.#buffer(index), constant(rest[1]));
      } else if (kind === 1) {
        const [bytes, offset, name] = rest;
        await uploads.stream(this.#buffer(index), files.get(name), offset, bytes);
      } else if (kind === 2) {
        const pipeline = await gpu.wait(making[index]);
        encoder ??= gpu.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        encode(pass, this.#dispatch(pipeline, index, rest));
        pass.end();
      } else {
        this.#forget(index);
      }
      said(i);
    }
    submit();
  }

  /** Gives back all memory, of weights too: this plan will not be. */
  abandon() {
    const { weights } = this.#context;
    for (const key of this.#keys) {
      weights.get(key).destroy();
      weights.delete(key);
    }
    this.release();
  }

  /** Gives back all memory but the weights, which the session has. */
  release() {
    this.#own.forEach((b) => b.destroy());
    this.#own = [];
    this.buffers = [];
    this.dispatches = [];
    this.#bound = new WeakMap();
  }
}

/** A kernel on buffers: its arguments, then its result. */
export function dispatchOf(gpu, pipeline, { bindings, groups }, buffers) {
  const [x, y] = grid(groups, gpu.limits.maxComputeWorkgroupsPerDimension);
  return { pipeline, group: gpu.pipelines.group(bindings, buffers), x, y };
}

/** Adds a dispatch to a pass. */
export function encode(pass, { pipeline, group, x, y }) {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(x, y);
}
