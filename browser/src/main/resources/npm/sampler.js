// What happens to the logits of a model that generates text. Nodes behind the model take the last
// position, the repetition penalty, the logarithms of probabilities, the likeliest candidates or a
// token drawn from the whole distribution, so that the compiler writes kernels for them and only a few
// numbers come back; what is left to this script is a choice among those candidates.
import { writeModel } from './onnx-writer.js';
import { Tensor } from './nnjit.js';

/** What the extension answers, by the first dimension of its input 'sampling.plan'. */
const CANDIDATES = 1;
const LOG_CANDIDATES = 2;
const WHOLE = 3;
const NUCLEUS = 4;

/** Probabilities are summed in blocks of so many, so that a draw looks at two short rows of sums. */
const BLOCK = 256;

/** The end of an axis, however long. */
const END = 2 ** 31 - 1;

/**
 * Halvings of the range of logits in search of a nucleus. The range is about 11 long for 50,000 tokens
 * and a share of 0.9: what is not told apart at its end are logits that differ by 1e-5.
 */
const HALVINGS = 20;

/** The exponential of less is 0 in float32. */
const LEAST_LOGIT = -88;

/** Steps that draws are a multiple of: then a sum times a draw is less than the sum, in float32 too. */
const DRAW_STEPS = 2 ** 24;

/** Nodes of a graph and, shared by all graphs within it, its weights. */
class Nodes {
  static #made = 0;

  constructor(weights = []) {
    this.weights = weights;
    this.list = [];
  }

  /** A node with one output, whose name it returns; or `outputs` names of several. */
  op(op, inputs, attributes = {}, outputs = [`sampling.${Nodes.#made++}`]) {
    this.list.push({ op, inputs, outputs, attributes });
    return outputs[0];
  }

  #weight(type, data, dims) {
    const name = `sampling.constant.${this.weights.length}`;
    this.weights.push({ name, type, dims, data });
    return name;
  }

  ints(...values) { return this.#weight('int64', BigInt64Array.from(values, BigInt), [values.length]); }

  int(value) { return this.#weight('int64', BigInt64Array.of(BigInt(value)), []); }

  float(value) { return this.#weight('float32', Float32Array.of(value), []); }

  /** One of two graphs, each made by a function of its nodes that returns its outputs' names. */
  choose(condition, yes, no, count = 1) {
    const [then_branch, else_branch] = [yes, no].map((make) => {
      const inner = new Nodes(this.weights);
      const outputs = [make(inner)].flat().map((o) => inner.op('Identity', [o]));
      return { nodes: inner.list, outputs: outputs.map((name) => ({ name, dims: [] })) };
    });
    const outputs = Array.from({ length: count }, () => `sampling.${Nodes.#made++}`);
    this.op('If', [condition], { then_branch, else_branch }, outputs);
    return count === 1 ? outputs[0] : outputs;
  }
}

/**
 * The least of the logits whose probabilities together reach a share of all, or a little less:
 * [rows, 1]. All tokens that are less likely than the average of what may be left out, can be.
 */
function nucleus(n, z, e, total, topP, vocabulary) {
  const wanted = n.op('Mul', [total, topP]);
  const outside = n.op('Div', [n.op('Sub', [total, wanted]), n.op('Cast', [vocabulary], { to: 1 })]);
  let low = n.op('Max', [n.op('Log', [outside]), n.float(LEAST_LOGIT)]);
  let high = n.float(0);
  const half = n.float(0.5);
  const lastAxis = n.ints(1);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = n.op('Mul', [n.op('Add', [low, high]), half]);
    const inside = n.op('Mul', [n.op('Cast', [n.op('GreaterOrEqual', [z, middle])], { to: 1 }), e]);
    const enough = n.op('GreaterOrEqual', [n.op('ReduceSum', [inside, lastAxis]), wanted]);
    low = n.op('Where', [enough, middle, low]);
    high = n.op('Where', [enough, high, middle]);
  }
  return low;
}

/** Which of the sums along the last axis is the first to exceed a number. */
function firstAbove(n, sums, number, most, axis) {
  const below = n.op('Cast', [n.op('LessOrEqual', [sums, number])], { to: 7 });
  return n.op('Min', [n.op('ReduceSum', [below, n.ints(axis)]), most]);
}

/** A token drawn with its probability, or within the nucleus: the sum of all weights, and its id. */
function drawn(n, x, mode, columns) {
  const [, temperature, topP, draw] = columns;
  const top = n.op('ReduceMax', [x], { axes: [1] });
  const z = n.op('Div', [n.op('Sub', [x, top]), temperature]);
  const e = n.op('Exp', [z]);
  const total = n.op('ReduceSum', [e, n.ints(1)]);
  const vocabulary = n.op('Slice', [n.op('Shape', [x]), n.ints(1), n.ints(2)]);
  const p = n.choose(n.op('Equal', [mode, n.int(NUCLEUS)]), (m) => {
    const low = nucleus(m, z, e, total, topP, vocabulary);
    return m.op('Where', [m.op('GreaterOrEqual', [z, low]), e, m.float(0)]);
  }, (m) => m.op('Identity', [e]));
  const over = n.op('Mod', [n.op('Add', [vocabulary, n.ints(BLOCK - 1)]), n.ints(BLOCK)]);
  const rows = n.op('Slice', [n.op('Shape', [x]), n.ints(0), n.ints(1)]);
  const rest = n.op('Concat', [rows, n.op('Sub', [n.ints(BLOCK - 1), over])], { axis: 0 });
  const padded = n.op('Concat', [p, n.op('Expand', [n.float(0), rest])], { axis: 1 });
  const blocks = n.op('Reshape', [padded, n.ints(0, -1, BLOCK)]);
  const sums = n.op('ReduceSum', [blocks, n.ints(2)], { keepdims: 0 });
  const running = n.op('CumSum', [sums, n.int(1)]);
  const all = n.op('Slice', [running, n.ints(-1), n.ints(END), n.ints(1)]);
  const target = n.op('Mul', [all, draw]);
  const lastBlock = n.op('Sub', [n.op('Slice', [n.op('Shape', [sums]), n.ints(1), n.ints(2)]), n.ints(1)]);
  const block = firstAbove(n, running, target, lastBlock, 1);
  const before = n.op('Sub', [n.op('GatherElements', [running, block], { axis: 1 }),
    n.op('GatherElements', [sums, block], { axis: 1 })]);
  const wide = n.op('Concat', [n.op('Shape', [block]), n.ints(BLOCK)], { axis: 0 });
  const place = n.op('Expand', [n.op('Unsqueeze', [block, n.ints(2)]), wide]);
  const row = n.op('Squeeze', [n.op('GatherElements', [blocks, place], { axis: 1 }), n.ints(1)]);
  const within = n.op('CumSum', [row, n.int(1)]);
  const whole = n.op('Slice', [within, n.ints(-1), n.ints(END), n.ints(1)]);
  const reached = n.op('Mul', [whole, n.float(1 - 1 / DRAW_STEPS)]);
  const left = n.op('Min', [n.op('Max', [n.op('Sub', [target, before]), n.float(0)]), reached]);
  const index = firstAbove(n, within, left, n.ints(BLOCK - 1), 1);
  return [n.op('Identity', [total]), n.op('Add', [n.op('Mul', [block, n.ints(BLOCK)]), index])];
}

let bytes;

/**
 * The nodes that go behind the output 'logits' [rows, positions, vocabulary] of a model, as an ONNX file
 * for the option `extension` of InferenceSession.create. Inputs:
 * - 'sampling.plan', bool[mode, k]: its shape alone counts, since shapes choose a plan
 * - 'sampling.seen', bool[rows, vocabulary]: tokens with a penalty; bool[1, 1] for none
 * - 'sampling.numbers', float32[rows, 4]: penalty, temperature, share of the nucleus, draw from 0 to 1; rows
 *   are those of the model, or for each as many of its last positions
 *
 * Outputs 'sampling.values' and 'sampling.ids', [rows, k]: the k largest logits or logarithms of
 * probabilities, largest first, and their tokens; or [rows, 1]: a sum, which is a number unless a logit
 * is not, and the token drawn.
 */
export function samplingExtension() {
  if (bytes) return bytes;
  const n = new Nodes();
  const part = (shape, i) => n.op('Slice', [shape, n.ints(i), n.ints(i + 1)]);
  const shape = n.op('Shape', ['logits']);
  const taken = n.op('Div', [part(n.op('Shape', ['sampling.numbers']), 0), part(shape, 0)]);
  const last = n.op('Slice', ['logits', n.op('Neg', [taken]), n.ints(END), n.ints(1)]);
  const rows = n.op('Concat', [n.ints(-1), part(shape, 2)], { axis: 0 });
  const raw = n.op('Cast', [n.op('Reshape', [last, rows])], { to: 1 });
  const columns = Array.from({ length: 4 }, (_, i) =>
    n.op('Slice', ['sampling.numbers', n.ints(i), n.ints(i + 1), n.ints(1)]));
  const plan = n.op('Shape', ['sampling.plan']);
  const mode = n.op('Gather', [plan, n.int(0)], { axis: 0 });
  const same = (x) => (m) => m.op('Identity', [x]);
  const scores = n.choose(n.op('Equal', [mode, n.int(LOG_CANDIDATES)]),
    (m) => m.op('LogSoftmax', [raw], { axis: 1 }), same(raw));
  const x = n.choose(n.op('Greater', [n.op('Size', ['sampling.seen']), n.int(1)]), (m) => {
    const negative = m.op('Less', [scores, m.float(0)]);
    const less = m.op('Where', [negative, m.op('Mul', [scores, columns[0]]), m.op('Div', [scores, columns[0]])]);
    return m.op('Where', ['sampling.seen', less, scores]);
  }, same(scores));
  const [values, ids] = n.choose(n.op('Greater', [mode, n.int(LOG_CANDIDATES)]),
    (m) => drawn(m, x, mode, columns),
    (m) => {
      const both = ['sampling.top', 'sampling.where'];
      m.op('TopK', [x, m.op('Slice', [plan, m.ints(1), m.ints(2)])], { axis: 1 }, both);
      return both;
    }, 2);
  n.op('Identity', [values], {}, ['sampling.values']);
  n.op('Identity', [ids], {}, ['sampling.ids']);
  bytes = writeModel(n.list, [
    { name: 'sampling.plan', type: 'bool', dims: ['sampling modes', 'sampling candidates'] },
    { name: 'sampling.seen', type: 'bool', dims: ['rows seen', 'tokens seen'] },
    { name: 'sampling.numbers', dims: ['sampling rows', 4] },
  ], [
    { name: 'sampling.values', dims: ['rows', 'candidates'] },
    { name: 'sampling.ids', type: 'int64', dims: ['rows', 'candidates'] },
  ], n.weights);
  return bytes;
}

/** A number from 0 to 1, without 1, for each token of a text, which depends on the seed alone. */
export function draw(seed, number) {
  const state = (seed + Math.imul(number + 1, 0x6d2b79f5)) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 8) / DRAW_STEPS;
}

/** The least power of two that is not less. */
const upToPower = (n) => 2 ** Math.ceil(Math.log2(n));

/** Feeds for {@link samplingExtension} and the choice among what it answers, for one generation. */
export class Sampler {
  #options;
  #vocabulary;
  #seen;
  #plan;

  /**
   * @param {{sample: boolean, temperature: number, topK: number, topP: number, seed: number,
   *   repetitionPenalty: number, numBeams: number}} options checked ones
   * @param {number} vocabulary how many logits there are
   */
  constructor(options, vocabulary) {
    this.#options = options;
    this.#vocabulary = vocabulary;
    const { sample, topK, topP, numBeams } = options;
    const rows = numBeams;
    const width = options.repetitionPenalty === 1 ? 1 : vocabulary;
    this.#seen = new Tensor('bool', new Uint8Array(width === 1 ? 1 : rows * width), [width === 1 ? 1 : rows, width]);
    const most = (k) => Math.min(k, vocabulary);
    if (numBeams > 1) this.#plan = [LOG_CANDIDATES, most(2 * numBeams)];
    else if (!sample) this.#plan = [CANDIDATES, 1];
    else if (topK > 0) this.#plan = [CANDIDATES, most(upToPower(topK))];
    else this.#plan = [topP < 1 ? NUCLEUS : WHOLE, 1];
  }

  /** Whether a step's first id is its token, which no later step's feeds depend on. */
  get isDone() { return this.#seen.size === 1 && (this.#plan[0] >= WHOLE || !this.#options.sample); }

  /** Notes tokens of a row, which have the repetition penalty from now on. */
  see(tokens, row = 0) {
    if (this.#seen.size === 1) return;
    for (const t of tokens) this.#seen.data[row * this.#vocabulary + t] = 1;
  }

  /** Each row goes on where another stood. */
  reorder(rows) {
    if (this.#seen.size === 1) return;
    const width = this.#vocabulary;
    const old = this.#seen.data.slice();
    rows.forEach((from, to) => this.#seen.data.set(old.subarray(from * width, (from + 1) * width), to * width));
  }

  /**
   * Feeds of a step, for all beams; or for several tokens of a text that are chosen at once, each as if those
   * before it were there.
   * @param {number} number of the first token of the text that guesses follow
   * @param {number[]} guesses
   * @param {number} from how many guesses the first row comes after
   */
  feeds(number, guesses = [], from = 0) {
    const { repetitionPenalty, temperature, topP, seed, numBeams } = this.#options;
    const rows = Math.max(numBeams, guesses.length + 1 - from);
    const numbers = Float32Array.from({ length: rows * 4 },
      (_, i) => [repetitionPenalty, temperature || 1, topP, draw(seed, number + from + (i >> 2))][i % 4]);
    const [mode, k] = this.#plan;
    return {
      'sampling.plan': new Tensor('bool', new Uint8Array(mode * k), [mode, k]),
      'sampling.seen': this.#seenAfter(guesses, from),
      'sampling.numbers': new Tensor('float32', numbers, [rows, 4]),
    };
  }

  #seenAfter(guesses, from) {
    const { data, size } = this.#seen;
    if (size === 1 || guesses.length === 0) return this.#seen;
    const rows = guesses.length + 1 - from;
    const all = new Uint8Array(rows * size);
    for (let r = 0; r < rows; r++) {
      all.set(data, r * size);
      for (const token of guesses.slice(0, from + r)) all[r * size + token] = 1;
    }
    return new Tensor('bool', all, [rows, size]);
  }

  /** The token of this number, from a row of the outputs of a step. */
  choose(outputs, number, row = 0) {
    const { data, dims: [, k] } = outputs['sampling.values'];
    const ids = outputs['sampling.ids'].data;
    const { sample, topK, seed } = this.#options;
    const at = row * k;
    if (this.#plan[0] >= WHOLE || !sample) return Number(ids[at]);
    return Number(ids[at + this.#draw(data.subarray(at, at + Math.min(k, topK)), draw(seed, number))]);
  }

  /** Which of these logits, largest first, a draw takes. */
  #draw(values, share) {
    const { temperature, topP } = this.#options;
    const weights = Array.from(values, (v) => Math.exp((v - values[0]) / temperature));
    const wanted = topP * weights.reduce((a, b) => a + b, 0);
    let count = 0;
    let sum = 0;
    while (count < weights.length && (count === 0 || sum < wanted)) sum += weights[count++];
    let left = share * sum;
    for (let i = 0; i < count - 1; i++) {
      left -= weights[i];
      if (left < 0) return i;
    }
    return count - 1;
  }
}
