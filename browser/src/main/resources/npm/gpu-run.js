// Runs of a plan on the GPU. Between its slices, which run in WebAssembly, all commands go to the GPU
// at once; values on the Wasm side are known by name.
import { encode } from './gpu-plan.js';
import { widened } from './gpu-types.js';

const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export class GpuRuns {
  #context;

  /**
   * @param {{gpu: object, uploads: Uploads, readback: Readback, runSlice: function(object,
   *   Uint8Array[]): Uint8Array[], checkIndex: function(string, bigint)}} context `runSlice` runs a
   *   slice's plan on its inputs and gives its outputs
   */
  constructor(context) { this.#context = context; }

  /** Puts feeds where kernels read them. */
  write(plan, feeds) {
    for (const { name, buffer } of plan.p.inputs) {
      if (buffer >= 0) this.#context.uploads.write(plan.buffers[buffer], bytesOf(feeds[name].data));
    }
  }

  /**
   * One run on the feeds that were written last.
   * @param {GpuPlan} plan
   * @param {object} feeds by name
   * @param {function(number, number)} [sliced] is told the index of each slice's command, and its
   *   milliseconds without the GPU's
   * @returns {Promise<Uint8Array[]>} bytes of the outputs
   * @throws where an index of the run lay out of bounds
   */
  async execute(plan, feeds, sliced = () => {}) {
    const { gpu, readback, checkIndex } = this.#context;
    const { device } = gpu;
    const { p, buffers } = plan;
    const values = new Map(Object.entries(feeds).map(([name, f]) => [name, bytesOf(f.data)]));
    let encoder = null;
    for (const stage of plan.stages) {
      if (Array.isArray(stage)) {
        encoder ??= device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (const i of stage) encode(pass, plan.dispatches[i]);
        pass.end();
        continue;
      }
      const slice = p.slices[p.commands[stage].slice];
      const there = slice.inputs.filter((i) => !values.has(i.name));
      if (there.length) {
        const read = await readback.read(encoder ?? device.createCommandEncoder(), there, buffers);
        there.forEach((place, i) => values.set(place.name, read[i]));
      } else if (encoder) {
        // What the slice makes is written to buffers that these commands may still read.
        device.queue.submit([encoder.finish()]);
      }
      encoder = null;
      const start = performance.now();
      this.#slice(slice, values, buffers);
      sliced(stage, performance.now() - start);
    }
    const wanted = [...p.outputs, ...p.checks];
    const there = wanted.filter((o) => o.buffer >= 0);
    const read = await readback.read(encoder ?? device.createCommandEncoder(), there, buffers);
    gpu.check();
    const found = wanted.map((o) => (o.buffer >= 0 ? read[there.indexOf(o)] : values.get(o.name).slice()));
    p.checks.forEach(({ name }, i) => checkIndex(name, new BigInt64Array(found[p.outputs.length + i].buffer, 0, 1)[0]));
    return found.slice(0, p.outputs.length);
  }

  #slice({ plan, inputs, outputs }, values, buffers) {
    const made = this.#context.runSlice(plan, inputs.map(({ name }) => values.get(name)));
    outputs.forEach((place, i) => {
      values.set(place.name, made[i]);
      if (place.buffer >= 0) this.#context.uploads.write(buffers[place.buffer], widened(place, made[i]));
    });
  }
}
