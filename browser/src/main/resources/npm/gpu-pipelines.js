// Kernels of a device as pipelines, which take a browser long to make.

/** Something that the GPU cannot do, or no longer; WebAssembly might. */
export class GpuFault extends Error {
  /**
   * @param {'absent'|'lost'|'memory'|'kernel'} kind
   * @param {boolean} user the page or its device is at fault, not nnJIT
   */
  constructor(kind, message, user = kind !== 'kernel') {
    super(message);
    this.kind = kind;
    this.user = user;
  }
}

/** Pipelines that are kept for plans to come, of other sessions too. */
const KEPT = 1000;

/** The pipelines of a device by their code, and layouts by the number of buffers that they take. */
export class Pipelines {
  #gpu;
  #layouts = [];
  #made = new Map();

  constructor(gpu) { this.#gpu = gpu; }

  #layout(bindings) {
    const { device } = this.#gpu;
    if (!this.#layouts[bindings]) {
      const group = device.createBindGroupLayout({ entries: Array.from({ length: bindings }, (_, binding) => ({
        binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: binding < bindings - 1 ? 'read-only-storage' : 'storage' },
      })) });
      this.#layouts[bindings] = { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
    }
    return this.#layouts[bindings];
  }

  /** The pipeline of a kernel, a promise; the browser makes it beside everything else. */
  get({ name, code, bindings }) {
    const made = this.#made.get(code) ?? this.#make(name, code, this.#layout(bindings).pipeline);
    // What was used last stands last.
    this.#made.delete(code);
    this.#made.set(code, made);
    made.catch(() => this.#made.delete(code));
    if (this.#made.size > KEPT) this.#made.delete(this.#made.keys().next().value);
    return made;
  }

  async #make(label, code, layout) {
    const { device } = this.#gpu;
    const module = device.createShaderModule({ label, code });
    try {
      return await device.createComputePipelineAsync({ label, layout, compute: { module, entryPoint: 'main' } });
    } catch (e) {
      if (this.#gpu.lost) throw this.#gpu.lost;
      const { messages } = await module.getCompilationInfo();
      const first = messages.find((m) => m.type === 'error');
      const line = first && `line ${first.lineNum} '${code.split('\n')[first.lineNum - 1]?.trim()}': ${first.message}`;
      throw new GpuFault('kernel', `the GPU refused kernel '${label}': ${line ?? e.message}`);
    }
  }

  /** The buffers that a dispatch of a kernel with so many bindings sees. */
  group(bindings, buffers) {
    return this.#gpu.device.createBindGroup({
      layout: this.#layout(bindings).group,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }
}
