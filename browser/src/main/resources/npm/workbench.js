// Checks and times schedules of one kernel, alone. Works in pieces of some milliseconds; between them
// `pause` lets requests go first.
import { PIECE_MS, Pieces } from './pieces.js';

/** A candidate is timed in turns with the best so far for this long, in milliseconds. */
const TIMED_MS = 40;

/** A candidate slower than the best by this factor is not timed further. */
const HOPELESS = 1.25;

/** Largest difference from the reference, relative to its largest magnitude. */
const TOLERANCE = 1e-4;

/** Room for a packed argument of any schedule, relative to the first one's. */
const PACKED_ROOM = 2;

const now = () => performance.now();

/** Elements that are written or compared at once. */
const CHUNK = 1 << 18;

/** Numbers between -1 and 1, the same in every trial. */
const NOISE = {
  float32: (x) => x / 2147483648,
  // 0.25 to 0.5 of both signs.
  float16: (x) => ((x >>> 16) & 0x83ff) | 0x3400,
  bfloat16: (x) => ((x >>> 16) & 0x807f) | 0x3e80,
};

async function fillNoise(array, type, pieces) {
  const of = NOISE[type];
  let x = 12345;
  await pieces.all(Math.ceil(array.length / CHUNK), (begin, end) => {
    for (let i = begin * CHUNK; i < Math.min(array.length, end * CHUNK); i++) {
      x = (Math.imul(x, 1664525) + 1013904223) | 0;
      array[i] = of(x);
    }
  });
}

export const VIEWS = {
  float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array, bool: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, float16: Uint16Array,
  bfloat16: Uint16Array, int64: BigInt64Array, uint64: BigUint64Array,
};

/**
 * Why a result is wrong, or null. Elements of `wanted` that are still poisoned are not compared.
 * @param {TypedArray} got
 * @param {TypedArray} wanted
 * @param {Uint8Array} bytes of `wanted`
 * @param {number} tolerance largest difference relative to the largest magnitude; integers must be equal
 */
export async function difference(got, wanted, bytes, pieces, tolerance = TOLERANCE) {
  const size = wanted.BYTES_PER_ELEMENT;
  const poisoned = (i) => {
    for (let b = 0; b < size; b++) if (bytes[i * size + b] !== 0xff) return false;
    return true;
  };
  const exact = !(wanted instanceof Float32Array || wanted instanceof Float64Array);
  let largest = 0;
  let most = 0;
  let compared = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (i % CHUNK === 0) await pieces.between();
    if (poisoned(i)) continue;
    compared++;
    if (exact) {
      if (got[i] !== wanted[i]) return `element ${i} is ${got[i]}, wanted ${wanted[i]}`;
      continue;
    }
    if (Object.is(got[i], wanted[i]) || (Number.isNaN(got[i]) && Number.isNaN(wanted[i]))) continue;
    const d = Math.abs(got[i] - wanted[i]);
    if (Number.isNaN(d)) return `element ${i} is ${got[i]}, wanted ${wanted[i]}`;
    most = Math.max(most, d);
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  if (compared === 0) return 'the reference gave nothing to compare with';
  return most > tolerance * (largest || 1) ? `differs by ${(most / (largest || 1)).toExponential(1)} of the largest magnitude` : null;
}

/** One kernel alone, with memory of its own: its inputs, what it must answer, and its candidates. */
export class Workbench {
  /**
   * @param {object} engine the compiler
   * @param {function(): Promise<void>} pause lets requests go first
   */
  constructor(engine, id, plan, kernel, pause) {
    Object.assign(this, { engine, id, plan, kernel, pause, memory: null, slot: 0, room: 0, best: null });
    this.pieces = new Pieces(pause);
  }

  #make(schedule, gap) {
    const t = JSON.parse(this.engine.trial(this.id, this.plan, this.kernel, schedule, gap));
    if (t.error) throw new Error(t.error);
    const pages = Math.ceil(t.end / 65536) + 1;
    if (!this.memory) this.memory = new WebAssembly.Memory({ initial: pages });
    const have = this.memory.buffer.byteLength / 65536;
    if (pages > have) this.memory.grow(pages - have);
    const module = new WebAssembly.Module(this.engine.trialModule());
    return { ...t, ...new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports };
  }

  view([address, bytes, type]) {
    const View = VIEWS[type];
    return new View(this.memory.buffer, address, Math.floor(bytes / View.BYTES_PER_ELEMENT));
  }

  #poison([address, bytes]) {
    new Uint8Array(this.memory.buffer, address, bytes).fill(0xff);
  }

  /** Inputs of noise, and the answer by the reference to as much as it can do in a moment. */
  async prepare() {
    const reference = this.#make('reference', 0);
    for (const input of reference.inputs) {
      if (NOISE[input[2]]) await fillNoise(this.view(input), input[2], this.pieces);
    }
    this.#poison(reference.output);
    const { blocks } = reference;
    const start = now();
    // The ends first, then ever closer in between.
    const order = [0, blocks - 1];
    for (let step = blocks; step > 1; step /= 2) {
      for (let at = step / 2; at < blocks && order.length < 256; at += step) order.push(Math.floor(at));
    }
    const done = new Set();
    for (const block of order) {
      if (now() - start > 3 * PIECE_MS) break;
      if (!done.has(block)) reference.part(block, block + 1);
      done.add(block);
      await this.pieces.between();
    }
    this.inputs = reference.inputs;
    this.expected = reference.output;
  }

  /** A candidate that has been checked, ready to be timed. Throws when its answer is wrong. */
  async check(schedule, alter = (x) => x) {
    const other = this.best ? 1 - this.best.slot : 0;
    const made = this.#make(schedule, other * this.room);
    if (!this.room) this.room = Math.ceil((made.end - this.#packedAt(made)) * PACKED_ROOM + 65536);
    const candidate = { ...alter(made), slot: other, calls: 1, ms: 0 };
    await this.pause();
    this.#poison(candidate.output);
    await this.pieces.all(candidate.packs, candidate.pack);
    await this.pieces.all(candidate.blocks, candidate.part);
    const [address, bytes] = this.expected;
    const wrong = await difference(this.view(candidate.output), this.view(this.expected),
      new Uint8Array(this.memory.buffer, address, bytes), this.pieces);
    if (wrong) throw new Error(wrong);
    return candidate;
  }

  #packedAt(made) {
    const [address, bytes] = made.output;
    return address + 2 * bytes;
  }

  /** Milliseconds of a call; a short one is repeated, a long one done in pieces. */
  async time(c) {
    if (c.ms > PIECE_MS / 2) {
      c.ms = await this.pieces.all(c.blocks, c.part, c.ms);
      return c.ms;
    }
    await this.pieces.between(c.ms * c.calls);
    const start = now();
    c.run(c.calls);
    const ms = now() - start;
    c.ms = ms / c.calls;
    if (ms < 1) c.calls *= 4;
    return c.ms;
  }

  /** Calls a candidate until engines have compiled it for good; returns its best time. */
  async warm(c) {
    const start = now();
    let best = Infinity;
    for (let i = 0; i < 3 || (now() - start < PIECE_MS && i < 200); i++) best = Math.min(best, await this.time(c));
    return best;
  }

  /** Times of the candidate and of the best so far, measured in turns. */
  async compare(c) {
    let mine = Infinity;
    let rival = Infinity;
    let spent = 0;
    for (let i = 0; i < 4 || spent < 2 * TIMED_MS; i++) {
      mine = Math.min(mine, await this.time(c));
      rival = Math.min(rival, await this.time(this.best));
      spent += c.ms * c.calls + this.best.ms * this.best.calls;
      if (i >= 1 && mine > HOPELESS * rival) break;
    }
    return [mine, rival];
  }

  /** Tries a job of the tuner: {ms, rivalMs, note}; ms is NaN when the answer was wrong. */
  async tryOut(job, alter) {
    try {
      if (!this.expected) await this.prepare();
      if (this.candidate?.schedule === job.rival) this.best = this.candidate;
      if (job.rival && this.best?.schedule !== job.rival) {
        this.best = null;
        this.best = await this.check(job.rival);
        await this.warm(this.best);
      }
      const candidate = await this.check(job.schedule, alter);
      const ms = await this.warm(candidate);
      this.candidate = candidate;
      if (!job.rival) return { ms, rivalMs: 0, note: '' };
      const [mine, rivalMs] = await this.compare(candidate);
      return { ms: mine, rivalMs, note: '' };
    } catch (e) {
      return { ms: NaN, rivalMs: 0, note: e.message };
    }
  }
}
