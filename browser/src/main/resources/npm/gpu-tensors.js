// Outputs that stay on the GPU, in the engine worker: each in a buffer of its own, known to the page by
// a number.
import { userError } from './files.js';
import { makeBuffer } from './gpu-transfer.js';
import { roomOf, widened } from './gpu-types.js';
import { SmallPlans } from './small-plans.js';

/** Arguments of calls that are feeds by name. */
const FEEDS = ['feeds', 'held', 'past'];

export class GpuTensors {
  #context = null;
  #tensors = new Map();
  #next = 1;
  #wanted = {};

  /** Types and shapes of feeds that plans were made for, and the feeds whose values mattered. */
  #seen = new Set();
  #decisive = new Set();

  /** Where outputs are from now on, as preferredOutputLocation of InferenceSession.create says. */
  place({ wanted }) {
    this.#wanted = wanted;
    return {};
  }

  /** From now on buffers are made on this GPU; those of another are gone. */
  use(context) {
    this.#context = context;
    for (const t of this.#tensors.values()) t.buffer = null;
  }

  /** Whether an output stays on the GPU. */
  #wants(name) { return (typeof this.#wanted === 'string' ? this.#wanted : this.#wanted[name]) === 'gpu-buffer'; }

  /** Disposes of those of a run that fails. */
  async orNone(run) {
    const first = this.#next;
    try {
      return await run();
    } catch (e) {
      for (let id = first; id < this.#next; id++) this.dispose({ id });
      throw e;
    }
  }

  #get(id) {
    const t = this.#tensors.get(id);
    if (!t) throw userError('this tensor has been disposed of');
    if (!t.buffer) throw userError('this tensor went with the GPU device that was lost; run the model again');
    return t;
  }

  /**
   * Keeps an output that a run has made, where that is wanted.
   * @param place of the output
   * @param {GPUBuffer|Uint8Array} from which it is copied: its buffer, or its bytes
   * @returns {object|null} the output as the page gets it
   */
  keep(encoder, { name, type, dims, wide }, from) {
    if (!this.#wants(name)) return null;
    const { gpu, uploads } = this.#context;
    const place = { type, dims, wide };
    const room = roomOf(place);
    const buffer = makeBuffer(gpu.device, room);
    if (from instanceof Uint8Array) uploads.write(buffer, widened(place, from));
    else if (room) encoder.copyBufferToBuffer(from, 0, buffer, 0, room);
    const kept = this.#next++;
    this.#tensors.set(kept, { place, buffer });
    return { name, type, dims, kept };
  }

  /** Bytes of a tensor. */
  async #bytes({ place, buffer }) {
    const { gpu, readback } = this.#context;
    const [bytes] = await readback.read(gpu.device.createCommandEncoder(), [{ ...place, buffer: 0 }], [buffer]);
    return bytes;
  }

  async read({ id }) {
    const t = this.#get(id);
    const bytes = await this.#bytes(t);
    return { outputs: [{ data: bytes.buffer }] };
  }

  dispose({ id }) {
    this.#tensors.get(id)?.buffer?.destroy();
    this.#tensors.delete(id);
    return {};
  }

  /** The feeds with the bytes of those on the GPU whose values a plan may depend on. */
  async decided(feeds) {
    const there = Object.entries(feeds).filter(([, f]) => f.kept);
    if (!there.length) return feeds;
    const known = this.#seen.has(SmallPlans.key(feeds));
    const needed = there.filter(([name]) => !known || this.#decisive.has(name));
    return this.#with(feeds, needed);
  }

  /** Arguments of a call with the bytes of all feeds in them. */
  async here(args) {
    const read = { ...args };
    for (const name of FEEDS) {
      if (args[name]) read[name] = await this.#with(args[name], Object.entries(args[name]).filter(([, f]) => f.kept));
    }
    return read;
  }

  /** The plan that these feeds were for, for runs to come. */
  planned(p, feeds) {
    this.#seen.add(SmallPlans.key(feeds));
    p.valueInputs.forEach((name) => this.#decisive.add(name));
  }

  async #with(feeds, needed) {
    const all = { ...feeds };
    // One after the other: they share a buffer.
    for (const [name, f] of needed) all[name] = { ...f, data: await this.#bytes(this.#get(f.kept)) };
    return all;
  }

  /**
   * Feeds as a run takes them: those on the GPU have a `buffer`, which lies as the plan wants it, or
   * their bytes where a slice reads them, or kernels read them packed.
   */
  async fed(p, feeds) {
    const there = Object.entries(feeds).filter(([, f]) => f.kept);
    if (!there.length) return feeds;
    const sliced = new Set(p.slices.flatMap((s) => s.inputs.map((i) => i.name)));
    const outputs = new Set(p.outputs.filter((o) => o.buffer < 0).map((o) => o.name));
    const copied = ([name, f]) => !sliced.has(name) && !outputs.has(name)
      && p.inputs.some((i) => i.name === name && i.wide === this.#get(f.kept).place.wide);
    const buffers = there.filter(copied).map(([name, f]) => [name, { ...f, buffer: this.#get(f.kept).buffer }]);
    return { ...await this.#with(feeds, there.filter((f) => !copied(f))), ...Object.fromEntries(buffers) };
  }

  /**
   * What stands in the session's place when it has gone to WebAssembly, where tensors are bytes.
   * @param {object} methods of the engine worker
   */
  async left(methods) {
    const bytes = new Map();
    for (const [id, t] of this.#tensors) {
      const data = await (t.buffer ? this.#bytes(t) : Promise.reject(t)).catch(() => null);
      bytes.set(id, { ...t.place, data });
    }
    return bytes.size ? new LeftTensors(bytes, methods) : null;
  }

  clear() {
    this.#tensors.forEach((t) => t.buffer?.destroy());
    this.#tensors.clear();
  }
}

/** Calls of a session that has left the GPU, whose tensors have been read. */
class LeftTensors {
  #tensors;
  #methods;

  constructor(tensors, methods) {
    this.#tensors = tensors;
    this.#methods = methods;
  }

  #get(id) {
    const t = this.#tensors.get(id);
    if (!t?.data) throw userError('this tensor went with the GPU that the session has left; run the model again');
    return t;
  }

  async call(method, args, report) {
    if (method === 'readTensor') {
      const t = this.#get(args.id);
      return { outputs: [{ data: t.data.slice().buffer }] };
    }
    if (method === 'disposeTensor') {
      this.#tensors.delete(args.id);
      return {};
    }
    const read = { ...args };
    for (const name of FEEDS) {
      if (args[name]) read[name] = Object.fromEntries(Object.entries(args[name]).map(([n, f]) => [n, f.kept ? this.#get(f.kept) : f]));
    }
    return this.#methods[method](read, report);
  }

  release() { this.#tensors.clear(); }
}
