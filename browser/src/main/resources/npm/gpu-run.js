// Runs of a plan on the GPU. Between its slices, which run in WebAssembly, all commands go to the GPU
// at once; values on the Wasm side are known by name.
import { encode } from './gpu-plan.js';
import { roomOf, widened } from './gpu-types.js';
import { bytesOf } from './small-plans.js';

export class GpuRuns {
  #context;

  /**
   * @param {{gpu: object, uploads: Uploads, readback: Readback, runSlice: function(object,
   *   Uint8Array[]): Uint8Array[], checkIndex: function(string, bigint)}} context `runSlice` runs a
   *   slice's plan on its inputs and gives its outputs
   */
  constructor(context) { this.#context = context; }

  /** Puts feeds where kernels read them; those with a `buffer` are there. */
  write(plan, feeds) {
    const { gpu: { device }, uploads } = this.#context;
    for (const place of plan.p.inputs) {
      const { name, buffer } = place;
      if (buffer < 0 || plan.given.has(buffer)) continue;
      if (feeds[name].buffer) {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(feeds[name].buffer, 0, plan.buffers[buffer], 0, roomOf(place));
        device.queue.submit([encoder.finish()]);
      } else {
        uploads.write(plan.buffers[buffer], bytesOf(feeds[name].data));
      }
    }
  }

  /**
   * One run on the feeds that were written last.
   * @param {GpuPlan} plan
   * @param {object} feeds by name
   * @param {function(GPUCommandEncoder, object, GPUBuffer|Uint8Array): object} keep gives for an
   *   output what is returned of it when it stays on the GPU, else null
   * @param {function(number, number)} [sliced] is told the index of each slice's command, and its
   *   milliseconds without the GPU's
   * @returns {Promise<Array<Uint8Array|object>>} bytes of the outputs, or what `keep` gave
   * @throws where an index of the run lay out of bounds
   */
  async execute(plan, feeds, keep = () => null, sliced = () => {}) {
    const { gpu, readback, checkIndex } = this.#context;
    const { device } = gpu;
    const { p, buffers } = plan;
    const values = new Map(Object.entries(feeds).filter(([, f]) => !f.buffer).map(([name, f]) => [name, bytesOf(f.data)]));
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
      // Kernels may add rows before another slice looks.
      there.filter(({ buffer }) => plan.given.has(buffer)).forEach(({ name }) => values.delete(name));
    }
    const wanted = [...p.outputs, ...p.checks];
    encoder ??= device.createCommandEncoder();
    const kept = p.outputs.map((o) => keep(encoder, o, o.buffer >= 0 ? buffers[o.buffer] : values.get(o.name)));
    const there = wanted.filter((o, i) => o.buffer >= 0 && !kept[i]);
    const read = await readback.read(encoder, there, buffers);
    gpu.check();
    const found = wanted.map((o, i) => kept[i] ?? (o.buffer >= 0 ? read[there.indexOf(o)] : values.get(o.name).slice()));
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
