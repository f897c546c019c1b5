// Keys and values of the positions that a decoder has seen, for models that the caches of sessions do
// not serve: what a run presents is fed to the next one as its past, and copied on both ways.
import { Tensor } from './nnjit.js';

const PAST = 'past_key_values.';
const PRESENT = 'present.';

/** The output that holds what an input of this name holds, one step later; null for other inputs. */
export const presentOf = (input) => (input.startsWith(PAST) ? PRESENT + input.slice(PAST.length) : null);

/** Keys and values of the encoder's positions, which no step changes. */
export const isCross = (input) => input.startsWith(PAST) && input.includes('.encoder.');

/** Elements of the rows of a tensor [rows, heads, length, size], in this order. */
function pick(tensor, rows) {
  const [, heads, length, size] = tensor.dims;
  const each = heads * length * size;
  const data = new tensor.data.constructor(rows.length * each);
  rows.forEach((from, to) => data.set(tensor.data.subarray(from * each, (from + 1) * each), to * each));
  return new Tensor(tensor.type, data, [rows.length, heads, length, size]);
}

/** The first positions of a tensor [rows, heads, length, size]. */
function cut(tensor, to) {
  const [rows, heads, length, size] = tensor.dims;
  const data = new tensor.data.constructor(rows * heads * to * size);
  for (let i = 0; i < rows * heads; i++) {
    data.set(tensor.data.subarray(i * length * size, (i * length + to) * size), i * to * size);
  }
  return new Tensor(tensor.type, data, [rows, heads, to, size]);
}

export class PlainCache {
  #session;
  #past = new Map();

  /**
   * An empty cache.
   * @param {InferenceSession} session with inputs past_key_values.* [rows, heads, length, size] and
   *   outputs present.*
   * @param {{capacity: number, batch: number}} options positions at most, and rows
   */
  constructor(session, { capacity, batch }) {
    this.#session = session;
    this.capacity = capacity;
    for (const { name, type, shape } of session.inputMetadata) {
      if (!session.outputNames.includes(presentOf(name)) || isCross(name)) continue;
      const [, heads, , size] = shape;
      if (shape.length !== 4 || !Number.isInteger(heads) || !Number.isInteger(size)) {
        throw new Error(`input '${name}' is ${type}[${shape}], wanted [rows, heads, length, size] with`
          + ' numbers for heads and size; export the model again with these two fixed');
      }
      this.#past.set(name, new Tensor(type, [], [batch, heads, 0, size]));
    }
  }

  /** The tensors it holds, by the names of the inputs that take them. */
  get past() { return Object.fromEntries(this.#past); }

  /** Positions it holds. */
  get length() { return this.#past.values().next().value?.dims[2] ?? 0; }

  /** Runs a step: feeds without the past, outputs without what is present. */
  async run(feeds) {
    const outputs = await this.#session.run({ ...feeds, ...this.past });
    this.load(outputs);
    for (const name of this.#past.keys()) delete outputs[presentOf(name)];
    return outputs;
  }

  /** Takes what a step of this session, or of the decoder without past beside it, has made present. */
  load(outputs) {
    const next = new Map();
    for (const [name, old] of this.#past) {
      const t = outputs[presentOf(name)];
      if (t?.type !== old.type || t.dims.length !== 4 || t.dims[1] !== old.dims[1] || t.dims[3] !== old.dims[3]) {
        throw new Error(`'${presentOf(name)}' is ${t ? `${t.type}[${t.dims}]` : 'missing'}, but '${name}' wants`
          + ` ${old.type}[rows,${old.dims[1]},length,${old.dims[3]}]: the files belong to different models`);
      }
      next.set(name, t);
    }
    this.#past = next;
  }

  /** Forgets the positions from this one on. */
  async truncate(length) {
    for (const [name, t] of this.#past) if (length < t.dims[2]) this.#past.set(name, cut(t, length));
  }

  /** Each row goes on where another stood; there may be more rows or fewer than before. */
  async reorder(rows) {
    for (const [name, t] of this.#past) this.#past.set(name, pick(t, rows));
  }

  release() { this.#past.clear(); }
}
