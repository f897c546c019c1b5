// A decoder whose logits depend on the last token alone, so that a page can work out by itself what
// must be generated: a table [vocabulary, vocabulary] of logits by token. It keeps the tokens it has
// seen as keys, and so tests that keys stay in place.
import { TextGenerator } from '/npm/generate.js';
import { draw } from '/npm/sampler.js';
import { writeModel } from '/npm/onnx-writer.js';

/** Logits as of a model that prefers a few tokens, the same on every call. */
export function tableOf(vocabulary, seed = 5) {
  return Float32Array.from({ length: vocabulary * vocabulary }, (_, i) => 6 * draw(seed, 2 * i) ** 3 + draw(seed, 2 * i + 1) - 2);
}

/**
 * The file of the decoder. The keys are read as well, and change nothing.
 * @param {boolean} [merged] whether an input use_cache_branch says which step it is
 */
export function chainModel(table, vocabulary, heads = 1, merged = false) {
  const branch = (name) => ({ nodes: [{ op: 'Add', inputs: ['own', 'nothing'], outputs: [name] }], outputs: [{ name, dims: [] }] });
  const last = merged
    ? { op: 'If', inputs: ['use_cache_branch'], outputs: ['logits'], attributes: { then_branch: branch('later'), else_branch: branch('first') } }
    : { op: 'Add', inputs: ['own', 'nothing'], outputs: ['logits'] };
  const which = merged ? [{ name: 'use_cache_branch', type: 'bool', dims: [1] }] : [];
  const keys = { name: 'past_key_values.0.key', dims: ['batch', heads, 'past', 1] };
  return writeModel([
    { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['own'], attributes: { axis: 0 } },
    { op: 'Cast', inputs: ['input_ids'], outputs: ['numbers'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['numbers', 'axes'], outputs: ['one'] },
    { op: 'Concat', inputs: Array(heads).fill('one'), outputs: ['new'], attributes: { axis: 1 } },
    { op: 'Concat', inputs: [keys.name, 'new'], outputs: ['present.0.key'], attributes: { axis: 2 } },
    { op: 'ReduceSum', inputs: ['present.0.key'], outputs: ['sum'], attributes: { keepdims: 0 } },
    { op: 'Mul', inputs: ['sum', 'zero'], outputs: ['nothing'] },
    last,
  ], [{ name: 'input_ids', type: 'int64', dims: ['batch', 'sequence'] }, keys, ...which],
  [{ name: 'logits', dims: ['batch', 'sequence', vocabulary] }, { name: 'present.0.key', dims: ['batch', heads, 'all', 1] }], [
    { name: 'table', dims: [vocabulary, vocabulary], data: table },
    { name: 'axes', type: 'int64', dims: [2], data: BigInt64Array.of(1n, 3n) },
    { name: 'zero', dims: [], data: Float32Array.of(0) },
  ]);
}

/**
 * An encoder, and a decoder for all steps in one file whose input use_cache_branch says which: its
 * logits are those of the chain after the last token plus the sum of the encoder's tokens.
 */
export function mergedModels(table, vocabulary) {
  const fixed = [{ name: 'one', type: 'int64', dims: [1], data: BigInt64Array.of(1n) },
    { name: 'three', type: 'int64', dims: [2], data: BigInt64Array.of(1n, 3n) }];
  const encoder = writeModel([
    { op: 'Cast', inputs: ['input_ids'], outputs: ['numbers'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['numbers', 'two'], outputs: ['last_hidden_state'] },
  ], [{ name: 'input_ids', type: 'int64', dims: ['batch', 'sequence'] }],
  [{ name: 'last_hidden_state', dims: ['batch', 'sequence', 1] }],
  [{ name: 'two', type: 'int64', dims: [1], data: BigInt64Array.of(2n) }]);
  const past = (part) => ({ name: `past_key_values.0.${part}.key`, dims: ['batch', 1, `past ${part}`, 1] });
  const [own, cross] = [past('decoder'), past('encoder')];
  const branch = (nodes, name) => ({ nodes, outputs: [{ name, dims: [] }] });
  const which = (then, otherwise) => ({ then_branch: then, else_branch: otherwise });
  const made = (name) => branch([{ op: 'Unsqueeze', inputs: ['encoder_hidden_states', 'one'], outputs: [name] }], name);
  const kept = (name, from) => branch([{ op: 'Identity', inputs: [from], outputs: [name] }], name);
  const decoder = writeModel([
    { op: 'If', inputs: ['use_cache_branch'], outputs: ['cross'], attributes: which(kept('a', cross.name), made('b')) },
    // Later steps give anything back for what they have been fed.
    { op: 'If', inputs: ['use_cache_branch'], outputs: ['present.0.encoder.key'], attributes: which(kept('c', own.name), made('d')) },
    { op: 'Cast', inputs: ['input_ids'], outputs: ['numbers'], attributes: { to: 1 } },
    { op: 'Unsqueeze', inputs: ['numbers', 'three'], outputs: ['new'] },
    { op: 'Concat', inputs: [own.name, 'new'], outputs: ['present.0.decoder.key'], attributes: { axis: 2 } },
    { op: 'ReduceSum', inputs: ['cross'], outputs: ['sum'], attributes: { keepdims: 0 } },
    { op: 'Cast', inputs: ['sum'], outputs: ['shift'], attributes: { to: 7 } },
    { op: 'Add', inputs: ['input_ids', 'shift'], outputs: ['far'] },
    { op: 'Mod', inputs: ['far', 'vocabulary'], outputs: ['row'] },
    { op: 'Gather', inputs: ['table', 'row'], outputs: ['logits'], attributes: { axis: 0 } },
  ], [{ name: 'input_ids', type: 'int64', dims: ['batch', 'sequence'] },
    { name: 'encoder_hidden_states', dims: ['batch', 'length', 1] }, own, cross,
    { name: 'use_cache_branch', type: 'bool', dims: [1] }],
  [{ name: 'logits', dims: ['batch', 'sequence', vocabulary] }, { name: 'present.0.decoder.key', dims: ['batch', 1, 'all', 1] },
    { name: 'present.0.encoder.key', dims: ['batch', 1, 'all', 1] }],
  [...fixed, { name: 'table', dims: [vocabulary, vocabulary], data: table },
    { name: 'vocabulary', type: 'int64', dims: [], data: BigInt64Array.of(BigInt(vocabulary)) }]);
  return { encoder, decoder };
}

/** The likeliest tokens after a start, each found so much further on in the table. */
export function likeliest(table, vocabulary, start, shift, count) {
  const tokens = [start];
  while (tokens.length <= count) {
    const row = logits(table, vocabulary, [(tokens.at(-1) + shift) % vocabulary]);
    tokens.push(row.indexOf(Math.max(...row)));
  }
  return tokens.slice(1);
}

/** A generator of the decoder. */
export const chain = (table, vocabulary, more = {}) => TextGenerator.create({
  decoder: chainModel(table, vocabulary), config: { vocab_size: vocabulary }, capacity: 64, ...more,
  options: { threads: 1, tune: false, ...more.options },
});

/** Logits after these tokens with a repetition penalty, in double precision. */
export function logits(table, vocabulary, tokens, penalty = 1) {
  const last = tokens.at(-1);
  const row = Array.from(table.subarray(last * vocabulary, (last + 1) * vocabulary));
  for (const t of new Set(tokens)) row[t] = row[t] < 0 ? row[t] * penalty : row[t] / penalty;
  return row;
}

/** Logarithms of probabilities. */
export function logProbabilities(row) {
  const most = Math.max(...row);
  const sum = row.reduce((a, v) => a + Math.exp(v - most), 0);
  return row.map((v) => v - most - Math.log(sum));
}

/**
 * What sampling must give: candidates are sorted, cut to topK and then to topP, and drawn from in that
 * order; without topK they are drawn from in the order of the vocabulary.
 */
export function sampled(table, vocabulary, prompt, count, { temperature = 1, topK = 50, topP = 1, seed, repetitionPenalty = 1 }) {
  const tokens = [...prompt];
  for (let made = 0; made < count; made++) {
    const row = logits(table, vocabulary, tokens, repetitionPenalty).map((v, t) => ({ v: v / temperature, t }));
    row.sort((a, b) => b.v - a.v || a.t - b.t);
    let kept = topK ? row.slice(0, topK) : row;
    const most = kept[0].v;
    kept = kept.map(({ v, t }) => ({ w: Math.exp(v - most), t }));
    const all = kept.reduce((a, { w }) => a + w, 0);
    let sum = 0;
    kept = kept.filter(({ w }, i) => {
      const keep = i === 0 || sum < topP * all;
      if (keep) sum += w;
      return keep;
    });
    if (!topK) kept.sort((a, b) => a.t - b.t);
    let left = draw(seed, made) * sum;
    const hit = kept.find(({ w }) => (left -= w) < 0) ?? kept.at(-1);
    tokens.push(hit.t);
  }
  return tokens.slice(prompt.length);
}

/** What beam search must find: every beam's every continuation is looked at. */
export function searched(table, vocabulary, prompt, count, { numBeams, lengthPenalty = 1, eos, earlyStopping = false }) {
  let beams = [{ tokens: [], sum: 0 }];
  let ended = [];
  const score = (b) => b.sum / b.tokens.length ** lengthPenalty;
  for (let made = 1; made <= count; made++) {
    const all = [];
    for (const b of beams) {
      const row = logProbabilities(logits(table, vocabulary, [...prompt, ...b.tokens]));
      row.forEach((v, t) => all.push({ tokens: [...b.tokens, t], sum: b.sum + v }));
    }
    all.sort((a, b) => b.sum - a.sum);
    beams = [];
    for (const [rank, b] of all.slice(0, 2 * numBeams).entries()) {
      if (beams.length === numBeams) break;
      if (b.tokens.at(-1) !== eos) beams.push(b);
      else if (rank < numBeams) ended.push(b);
    }
    ended = ended.sort((a, b) => score(b) - score(a)).slice(0, numBeams);
    if (ended.length === numBeams && (earlyStopping || score(ended.at(-1)) >= score(beams[0]))) return ended[0].tokens;
  }
  if (ended.length < numBeams) ended.push(...beams);
  return ended.sort((a, b) => score(b) - score(a))[0].tokens;
}
