// Checks and times schedules of one kernel on the GPU, alone: in buffers of its own, beside the plan
// that serves. What it must answer says WebAssembly.
import { dispatchOf, encode } from './gpu-plan.js';
import { timeOnce } from './gpu-profile.js';
import { Readback, Uploads, makeBuffer } from './gpu-transfer.js';
import { roomOf, widened } from './gpu-types.js';
import { PIECE_MS } from './pieces.js';
import { VIEWS, Workbench, difference } from './workbench.js';

/** Bytes that are written at once. */
const PIECE = 4 << 20;

/** A time counts when it is so long, in nanoseconds: clocks of GPUs may tick as slowly as 0.1 ms. */
const LONG_NANOS = 4e6;
const MOST_CALLS = 1024;

/** Largest error of 16-bit floats against WebAssembly, relative to the largest magnitude: two roundings. */
const HALVES = { float16: 2 ** -10, bfloat16: 2 ** -7 };

/** Numbers of 16-bit floats, and bytes as difference() takes them. */
function floatsOf(type, bytes) {
  const n = bytes.byteLength / 2;
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, n);
  const mask = new Uint8Array(4 * n);
  words.forEach((w, i) => { if (w === 0xffff) mask.fill(0xff, 4 * i, 4 * i + 4); });
  return [new Float32Array(widened({ type, dims: [n], wide: true }, bytes).buffer), mask];
}

/** One kernel alone on the GPU: its inputs, what it must answer, and its candidates. */
export class GpuWorkbench extends Workbench {
  #buffers = [];
  #readback;

  /**
   * @param gpu the device
   * @param {object} now the kernel as it is in the plan
   * @param {function(string, string, boolean)} differs is told of each answer that is not
   *   WebAssembly's: the kernel, what is wrong, and whether it is the one in the plan
   */
  constructor(engine, id, plan, kernel, pause, gpu, now, differs) {
    super(engine, id, plan, kernel, pause);
    Object.assign(this, { gpu, now, differs });
    this.#readback = new Readback(gpu);
  }

  /** Inputs of noise in buffers, and WebAssembly's answer to as much of them as it can do in a moment. */
  async prepare() {
    await super.prepare();
    const [inputs, expected] = [this.inputs, this.expected];
    this.expected = null;
    const uploads = new Uploads(this.gpu);
    for (const [i, [address, bytes, type]] of [...inputs, expected].entries()) {
      const place = { type, dims: [bytes / VIEWS[type].BYTES_PER_ELEMENT], wide: this.now.wide[i], buffer: i };
      const buffer = await this.gpu.asked(() => makeBuffer(this.gpu.device, roomOf(place)));
      this.#buffers.push(buffer);
      const given = new Uint8Array(this.memory.buffer, address, bytes);
      if (i === inputs.length) {
        this.result = place;
        this.wanted = given.slice();
        break;
      }
      const laid = widened(place, given);
      for (let at = 0; at < laid.byteLength; at += PIECE) {
        await this.gpu.asked(() => uploads.write(buffer, laid.subarray(at, at + PIECE), at));
        await this.pieces.between();
      }
    }
    this.memory = null;
    this.expected = expected;
  }

  async #poison(buffer) {
    const poison = new Uint8Array(Math.min(PIECE, buffer.size)).fill(0xff);
    for (let at = 0; at < buffer.size; at += PIECE) {
      await this.gpu.asked(() => this.gpu.device.queue.writeBuffer(buffer, at, poison, 0, Math.min(PIECE, buffer.size - at)));
    }
  }

  /** Why what the GPU has answered is wrong, or null. */
  async #wrong() {
    const { gpu, result, wanted } = this;
    const [got] = await gpu.asked(() => this.#readback.read(gpu.device.createCommandEncoder(), [result], this.#buffers));
    await this.pause();
    const most = HALVES[result.type];
    if (most) {
      const [numbers, mask] = floatsOf(result.type, wanted);
      return difference(floatsOf(result.type, got)[0], numbers, mask, this.pieces, most);
    }
    const View = VIEWS[result.type];
    return difference(new View(got.buffer), new View(wanted.buffer), wanted, this.pieces);
  }

  /** A candidate that has been checked, ready to be timed. Throws when its answer is wrong. */
  async check(schedule) {
    const { gpu } = this;
    const kernel = JSON.parse(this.engine.gpu(this.id, this.plan, this.kernel, schedule));
    if (kernel.error) throw new Error(kernel.error);
    const pipeline = await gpu.asked(() => gpu.pipelines.get(kernel));
    const dispatch = await gpu.asked(() => dispatchOf(gpu, pipeline, kernel, this.#buffers));
    const candidate = { schedule, dispatch, calls: 1, ms: 0 };
    await this.#poison(this.#buffers.at(-1));
    await gpu.asked(() => {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      encode(pass, dispatch);
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
    });
    const wrong = await this.#wrong();
    if (!wrong) return candidate;
    this.differs(kernel.name, wrong, schedule === this.now.schedule);
    throw new Error(wrong);
  }

  /** As Workbench does, but there is nothing more to try on a device that is lost. */
  async tryOut(job, alter) {
    const tried = await super.tryOut(job, alter);
    if (this.gpu.lost) throw this.gpu.lost;
    return tried;
  }

  /** Milliseconds of a call; short ones are repeated until together they are long enough for the clock. */
  async time(c) {
    for (;;) {
      await this.pieces.between(Math.min(PIECE_MS, c.ms * c.calls));
      const nanos = await this.gpu.asked(() => timeOnce(this.gpu, c.dispatch, c.calls));
      c.ms = nanos / 1e6 / c.calls;
      if (nanos >= LONG_NANOS || c.calls >= MOST_CALLS) return c.ms;
      c.calls = Math.min(MOST_CALLS, Math.ceil(c.calls * Math.min(8, (1.5 * LONG_NANOS) / Math.max(nanos, 1))));
    }
  }

  /** Gives back its memory. */
  release() {
    this.#readback.release();
    this.#buffers.forEach((b) => b.destroy());
    this.#buffers = [];
  }
}
