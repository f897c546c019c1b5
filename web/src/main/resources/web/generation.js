// Text generation in a page: whole models against the tokens of ONNX Runtime, choices among tokens
// against a plain calculation, streamed text, ends, aborts and errors. The job is JSON:
// {models: [{name, parts: {decoder, encoder?, decoderWithPast?}, config, runs: [{prompt, tokens}]}],
// noPast: address of a decoder without past, threads}
import { TextGenerator, samplingExtension } from '/npm/generate.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { oneNode } from '/npm/onnx-writer.js';
import { Sampler } from '/npm/sampler.js';
import { textParts } from '/npm/gguf-texts.js';
import { TextStream } from '/npm/text-stream.js';
import { loadTokenizer } from '/npm/tokenizer-file.js';
import { cacheCases, countKinds } from './generation-caches.js';
import { chain, chainModel, likeliest, mergedModels, sampled, searched, tableOf } from './generation-chain.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const job = await (await fetch(query.get('job'))).json();
const options = { threads: job.threads, tune: false };

const same = (got, wanted, what) => {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
  }
};

/** Fails unless the promise is rejected with an error that holds all these texts. */
async function rejects(promise, ...texts) {
  const error = await promise.then(() => null, (e) => e);
  if (!error) throw new Error('nothing failed');
  const missing = texts.filter((t) => !error.message.includes(t));
  if (missing.length) throw new Error(`the message lacks '${missing.join("', '")}': ${error.message}`);
  return error;
}

const vocabulary = 300;
const table = tableOf(vocabulary);

/** Runs with a generator of the chain, which is released. */
async function withChain(action, more) {
  const g = await chain(table, vocabulary, more);
  try {
    return await action(g);
  } finally {
    await g.release();
  }
}

/** A session of a decoder that keeps nothing in place. */
async function plainSession(model) {
  const session = await InferenceSession.create(model, { ...options, extension: samplingExtension() });
  session.createCache = undefined;
  return session;
}

/** Plans that a text takes at most where one serves every past: of the encoder, of pieces of a prompt, of steps. */
const PLANS = 6;

const greedy = async (model, inPlace) => {
  const last = model.parts.decoderWithPast ? 'decoderWithPast' : 'decoder';
  const parts = inPlace ? model.parts : { ...model.parts, [last]: await plainSession(model.parts[last]) };
  let compiled = 0;
  const onProgress = ({ stage }) => { compiled += stage === 'compile'; };
  const g = await TextGenerator.create({ ...parts, config: model.config, options: { ...options, onProgress }, warmUp: false });
  for (const { prompt, repetitionPenalty, tokens } of model.runs) {
    const made = await g.generate(prompt, { maxNewTokens: tokens.length, eosTokenId: null, repetitionPenalty });
    same(made.tokens, tokens, `tokens after ${prompt}`);
  }
  const most = PLANS * model.runs.length;
  if (inPlace && compiled > most) throw new Error(`${compiled} plans for ${model.runs.length} texts, wanted ${most} at most: caches do not stay in place`);
  await g.release();
};

/** Ways to choose tokens that are guessed: sent one behind the other, and each when the last one is known. */
const GUESSED = [{}, { repetitionPenalty: 1000 }, { topK: 5, temperature: 3 }, { topK: 0, temperature: 0.5 },
  { topK: 0, topP: 0.8, repetitionPenalty: 1.3 }];

/** Texts with guesses are those without; some of the guesses are right. */
const guessed = async (model) => {
  const last = model.parts.decoderWithPast ? 'decoderWithPast' : 'decoder';
  const plain = await TextGenerator.create({ ...model.parts, config: model.config, options, warmUp: false, guess: false });
  const session = await InferenceSession.create(model.parts[last], { ...options, extension: samplingExtension() });
  const kinds = countKinds(session);
  const g = await TextGenerator.create({ ...model.parts, [last]: session, config: model.config, options, warmUp: false, guess: 'always' });
  const [{ prompt }] = model.runs;
  const short = { maxNewTokens: 9, eosTokenId: null };
  await Promise.all([g.generate(prompt, short), g.generate(prompt, short)]);
  if (kinds.DRAFT) throw new Error('a text that was asked for has waited for guesses of the next ones');
  for (const [i, way] of GUESSED.entries()) {
    const how = { ...way, seed: 7 + i, maxNewTokens: 33, eosTokenId: null };
    const wanted = (await plain.generate(prompt, how)).tokens;
    same((await g.generate(prompt, how)).tokens, wanted, `the first text, ${JSON.stringify(way)}`);
    await g.settled();
    const before = { ...kinds };
    same((await g.generate(prompt, how)).tokens, wanted, `the second text, ${JSON.stringify(way)}`);
    const [steps, drafts] = ['STEPS', 'DRAFT'].map((k) => kinds[k] - before[k]);
    if (!(steps > 0 && drafts === 3 * steps && steps < 30)) {
      throw new Error(`${drafts} guesses and ${steps} checks for 33 tokens, ${JSON.stringify(way)}`);
    }
    for (const end of [wanted[9], wanted[20]]) {
      const upTo = wanted.indexOf(end) + 1;
      same((await g.generate(prompt, { ...how, eosTokenId: end })).tokens, wanted.slice(0, upTo), `up to token ${upTo}`);
    }
  }
  await plain.release();
  await g.release();
};

const SAMPLED = [
  { topK: 5 }, { topK: 40, temperature: 0.6 }, { topK: 50, topP: 0.5 }, { temperature: 2 }, { topK: 0 },
  { topK: 0, temperature: 0.5 }, { topK: 0, topP: 0.8 }, { topK: 0, topP: 0.3, temperature: 1.5 },
  { topK: 300, topP: 0.9 }, { topK: 20, repetitionPenalty: 1.8 }, { topK: 0, topP: 0.9, repetitionPenalty: 1.3 },
];

/** A tokenizer of letters, each a token from 97 on; all other tokens are bytes of UTF-8. */
const letters = {
  encode: (text) => ({ ids: Array.from(new TextEncoder().encode(text)) }),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids, (t) => t & 255)),
};

/** A byte-level tokenizer.json with one merge. */
function tokenizerJson() {
  const bytes = Array.from({ length: 256 }, (_, i) => i);
  const shown = bytes.filter((b) => (b > 32 && b < 127) || (b > 160 && b !== 173));
  const characters = bytes.map((b) => String.fromCodePoint(shown.includes(b) ? b : 256 + bytes.filter((c) => c < b && !shown.includes(c)).length));
  const vocab = Object.fromEntries(characters.map((c, b) => [c, b]));
  vocab.th = 256;
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0', truncation: null, padding: null, normalizer: null, pre_tokenizer: level, post_processor: null, decoder: level,
    added_tokens: [{ id: 257, content: '<end>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
    model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, vocab, merges: ['t h'] },
  };
}

/** A table of logits in which each of these tokens is followed by the next. */
function pathOf(tokens, size) {
  const path = new Float32Array(size * size);
  for (let i = 0; i + 1 < tokens.length; i++) path[tokens[i] * size + tokens[i + 1]] = 9;
  return path;
}

const pieces = (stops, tokens) => {
  const stream = new TextStream(letters.decode, stops);
  const list = tokens.map((t) => stream.add(t));
  return { list: [...list, stream.end()], text: stream.text, stopped: stream.stopped };
};

const cases = {
  'the largest of many logits': async () => {
    for (const [n, rows] of [[50257, 1], [32128, 3]]) {
      const x = Float32Array.from({ length: rows * n }, (_, i) => Math.fround(Math.sin(i * 12.9898) * 43758.5453 % 1));
      for (let i = 0; i < 40; i++) x[(i * 911) % n] = 2;
      for (const k of [1, 8, 64]) {
        const s = await InferenceSession.create(oneNode('TopK', [{ name: 'x', dims: [rows, n] },
          { name: 'k', type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(k)) }], { name: 'y', dims: [rows, k] }), options);
        const { y } = await s.run({ x: new Tensor('float32', x, [rows, n]) });
        const { plan } = await s.stats();
        same(plan.commands.filter((c) => c.kernel === 'host').length, 0, 'calls on the host');
        for (let r = 0; r < rows; r++) {
          same(Array.from(y.data.subarray(r * k, (r + 1) * k)), Array.from(x.slice(r * n, (r + 1) * n).sort().reverse().subarray(0, k)), `the ${k} largest of ${n}`);
        }
        await s.release();
      }
    }
  },
  'sampled tokens': () => withChain(async (g) => {
    for (const [i, o] of SAMPLED.entries()) {
      const how = { ...o, seed: 100 + i };
      const { tokens } = await g.generate([7, 3], { ...how, maxNewTokens: 24 });
      same(tokens, sampled(table, vocabulary, [7, 3], 24, how), JSON.stringify(how));
      // A prompt of one token is as short as a step, but cannot have one sent behind it.
      same((await g.generate([7], { ...how, maxNewTokens: 9 })).tokens, sampled(table, vocabulary, [7], 9, how), `[7], ${JSON.stringify(how)}`);
    }
  }),
  'sampled tokens, plain cache': async () => {
    const g = await TextGenerator.create({ decoder: await plainSession(chainModel(table, vocabulary)), config: { vocab_size: vocabulary } });
    const how = { topK: 0, seed: 9 };
    same((await g.generate([7], { ...how, maxNewTokens: 12 })).tokens, sampled(table, vocabulary, [7], 12, how), 'tokens');
    await g.release();
  },
  'the same seed draws the same': () => withChain(async (g) => {
    const draw = async (seed) => (await g.generate([1], { topK: 0, seed, maxNewTokens: 16 })).tokens.join();
    const [first, again, other] = [await draw(1), await draw(1), await draw(2)];
    same(again, first, 'the second text');
    if (other === first) throw new Error(`seeds 1 and 2 draw the same: ${first}`);
  }),
  'temperature 0 and a penalty': () => withChain(async (g) => {
    const plain = await g.generate([9], { maxNewTokens: 20 });
    same((await g.generate([9], { maxNewTokens: 20, temperature: 0, topK: 9 })).tokens, plain.tokens, 'temperature 0');
    same((await g.generate([9], { maxNewTokens: 20, repetitionPenalty: 5 })).tokens,
      sampled(table, vocabulary, [9], 20, { topK: 1, seed: 1, repetitionPenalty: 5 }), 'penalty');
  }),
  'steps that are sent before the last one has ended': async () => {
    const session = await InferenceSession.create(chainModel(table, vocabulary), { ...options, extension: samplingExtension() });
    const sampler = new Sampler({ numBeams: 1, sample: false, topK: 0, topP: 1, seed: 1, repetitionPenalty: 1, temperature: 1 }, vocabulary);
    const cache = await session.createCache({ capacity: 16 });
    const step = (token, chain) => session.run(
      { input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]), ...sampler.feeds(0) }, { cache, chain });
    const ids = { input_ids: 'sampling.ids' };
    await rejects(step(0, ids), "'input_ids'", "'sampling.ids'", 'has failed');
    const wanted = likeliest(table, vocabulary, 5, 0, 40);
    const all = await Promise.all([step(5), ...wanted.slice(1).map(() => step(0, ids))]);
    same(all.map((o) => Number(o['sampling.ids'].data[0])), wanted, 'tokens of a cache that grew meanwhile');
    await rejects(step(0, { input_ids: 'sampling.values' }), 'another size');
    await cache.release();
    const g = await TextGenerator.create({ decoder: session, config: { vocab_size: vocabulary }, warmUp: false });
    const before = (await session.stats()).runs.count;
    same((await g.generate([5], { maxNewTokens: 12, eosTokenId: wanted[2] })).tokens, wanted.slice(0, 3), 'tokens up to an end');
    same((await session.stats()).runs.count - before, 4, 'runs, one of them in vain');
    await g.release();
  },
  'plans that are made before a text is asked for': async () => {
    let compiled = 0;
    const onProgress = ({ stage }) => { compiled += stage === 'compile'; };
    const opened = (more) => InferenceSession.create(chainModel(table, vocabulary), { ...options, ...more, extension: samplingExtension() });
    const count = async (session) => (await session.stats()).runs.count;
    const session = await opened({ onProgress });
    const g = await TextGenerator.create({ decoder: session, config: { vocab_size: vocabulary }, capacity: 512 });
    for (let before = -1; (await count(session)) !== before;) {
      before = await count(session);
      await new Promise((done) => { setTimeout(done, 300); });
    }
    same(compiled, 5, 'plans');
    for (const n of [1, 5, 8, 20, 33, 100, 128]) {
      const prompt = Array.from({ length: n }, (_, i) => (7 * i) % vocabulary);
      same((await g.generate(prompt, { maxNewTokens: 3 })).tokens, likeliest(table, vocabulary, prompt.at(-1), 0, 3), `after ${n} tokens`);
    }
    same(compiled, 5, 'plans after texts');
    await g.release();
    const other = await opened();
    const h = await TextGenerator.create({ decoder: other, config: { vocab_size: vocabulary }, capacity: 512 });
    await h.generate([3, 4], { maxNewTokens: 2, eosTokenId: null });
    const runs = await count(other);
    if (runs > 4) throw new Error(`${runs} runs: a text has waited for more than the first plan`);
    await h.release();
  },
  'beam search': () => withChain(async (g) => {
    const free = searched(table, vocabulary, [4, 2], 10, { numBeams: 4 });
    for (const o of [{ numBeams: 2 }, { numBeams: 4 }, { numBeams: 4, lengthPenalty: 2 }, { numBeams: 3, earlyStopping: true }]) {
      for (const eos of [undefined, free[3], free[6]]) {
        const { tokens } = await g.generate([4, 2], { ...o, eosTokenId: eos ?? null, maxNewTokens: 10 });
        same(tokens, searched(table, vocabulary, [4, 2], 10, { ...o, eos }), `${JSON.stringify(o)}, end ${eos}`);
      }
    }
  }),
  'all steps in one decoder': async () => {
    const g = await TextGenerator.create({ ...mergedModels(table, vocabulary), options,
      config: { vocab_size: vocabulary, decoder_start_token_id: 2 } });
    for (const prompt of [[5], [7, 100, 30]]) {
      const sum = prompt.reduce((a, b) => a + b);
      same((await g.generate(prompt, { maxNewTokens: 9 })).tokens, likeliest(table, vocabulary, 2, sum, 9), `tokens for ${prompt}`);
    }
    same((await g.generate([5, 6], { maxNewTokens: 5, numBeams: 3 })).tokens.length, 5, 'tokens of beams');
    await g.release();
  },
  'prompts for a decoder of all steps without an encoder': async () => {
    for (const warmUp of [false, true]) {
      const g = await TextGenerator.create({ decoder: chainModel(table, vocabulary, 1, true), options, config: { vocab_size: vocabulary }, capacity: 512, warmUp });
      for (const n of [200, 1, 37, 129]) {
        const prompt = Array.from({ length: n }, (_, i) => (7 * i) % vocabulary);
        same((await g.generate(prompt, { maxNewTokens: 4 })).tokens, likeliest(table, vocabulary, prompt.at(-1), 0, 4), `after ${n} tokens`);
      }
      await g.release();
    }
  },
  'tokens that the configuration asks for': async () => {
    const config = { vocab_size: vocabulary, decoder_start_token_id: 2, forced_bos_token_id: 7, forced_eos_token_id: 11, eos_token_id: 11 };
    const g = await TextGenerator.create({ ...mergedModels(table, vocabulary), options, config });
    const wanted = [7, ...likeliest(table, vocabulary, 7, 5, 3), 11];
    same((await g.generate([5], { maxNewTokens: 5 })).tokens, wanted, 'tokens');
    const { tokens } = await g.generate([5], { maxNewTokens: 5, numBeams: 3 });
    same([tokens.length, tokens[0], tokens.at(-1)], [5, 7, 11], 'ends of the best beam');
    await g.release();
  },
  'prompts of many lengths': async () => {
    // A piece that is there reads tokens again rather than that another is made: what is in the caches must
    // be the same whatever the pieces were.
    for (const { name, parts, config, runs: [{ prompt, tokens }] } of job.models.filter((m) => !m.parts.encoder)) {
      const g = await TextGenerator.create({ ...parts, config, options });
      for (const length of [20, 33, 9, 45, 30, 61]) {
        const all = [...prompt, ...tokens];
        const made = await g.generate(all.slice(0, length), { maxNewTokens: 4, eosTokenId: null });
        same(made.tokens, all.slice(length, length + 4), `${name}: tokens after ${length}`);
      }
      await g.release();
    }
  },
  'pieces of text never split a character': async () => {
    const text = 'a\u00f1o \u6f22\u5b57 \ud83c\udf89!';
    const { list, text: whole } = pieces([], letters.encode(text).ids);
    same(whole, text, 'text');
    same(list.filter((p) => p).join('|'), 'a|\u00f1|o| |\u6f22|\u5b57| |\ud83c\udf89|!', 'pieces');
    same(pieces([], [0xf0, 0x9f]).text, '\ufffd', 'text that breaks off');
    same(pieces([], Array(20).fill(0xff)).text, '\ufffd'.repeat(20), 'bytes that are no text');
  },
  'texts that stop': async () => {
    const of = (stops, text) => pieces(stops, letters.encode(text).ids);
    same(of(['end'], 'the end of it'), { list: ['t', 'h', '', 'e ', '', '', '', '', '', '', '', '', '', ''], text: 'the ', stopped: true }, 'end');
    same(of(['xyz', 'lo'], 'hello xy').text, 'hel', 'the first of two');
    same(of(['abc'], 'xxab').text, 'xxab', 'one that only begins');
  },
  'text from a tokenizer.json': async () => {
    const ids = [256, 101, 32, 0xe6, 0xbc, 0xa2];
    const file = URL.createObjectURL(new Blob([JSON.stringify(tokenizerJson())]));
    const g = await chain(pathOf(ids, 258), 258, { tokenizer: tokenizerJson(), config: { vocab_size: 258, eos_token_id: 257 } });
    const said = [];
    const result = await g.generate('th', { maxNewTokens: 5, onToken: (piece, token) => said.push([piece, token]) });
    same(result, { text: 'e \u6f22', tokens: ids.slice(1), stopReason: 'length' }, 'result');
    same(said, [['e', 101], [' ', 32], ['\u6f22', 0xa2]], 'pieces');
    await g.release();
    const ended = await chain(pathOf([256, 101, 257], 258), 258, { tokenizer: file, config: { vocab_size: 258, eos_token_id: 257 } });
    same(await ended.generate('th'), { text: 'e', tokens: [101, 257], stopReason: 'eos' }, 'result');
    same((await ended.generate('th', { stop: 'e' })).stopReason, 'stop', 'reason');
    await ended.release();
  },
  'text from the vocabulary of a GGUF file': async () => {
    const session = await InferenceSession.create(job.ownWords, { ...options, extension: samplingExtension() });
    const { tokenizer, config } = await session.textParts();
    same(config, { vocab_size: 277, bos_token_id: 1, eos_token_id: 2, max_position_embeddings: 2048 }, 'config');
    const words = await loadTokenizer(tokenizer, (file) => file);
    const text = 'the hello world';
    const ids = [1, 261, 268, 260, 263, 267, 266];
    same(Array.from(words.encode(text)), ids, 'tokens');
    same(words.decode(ids), text, 'text');
    same(Array.from(words.encode('\u00e9<2>')), [1, 268, 3 + 0xc3, 3 + 0xa9, 2], 'bytes and a control');
    same(words.decode([0, 268, 3 + 0xc3, 3 + 0xa9]), '\u00e9', 'text of bytes behind an unknown token');
    const how = { maxNewTokens: 6, eosTokenId: null };
    const own = await TextGenerator.create({ decoder: session });
    const said = await own.generate(text, how);
    same((await own.generate(ids, how)).tokens, said.tokens, 'tokens after text and after tokens');
    same(words.decode(said.tokens), said.text, 'text');
    await own.release();
    const other = await InferenceSession.create(job.noPast, options);
    same(await other.textParts(), {}, 'what an ONNX file says');
    await other.release();
  },
  'vocabularies of bytes': async () => {
    const tokens = ['<s>', 'H', 'i', '\u0120', '1', '2', '3', '4', '5', '34', '12', '123', '45', '\u0120H', '\u00c3', '\u00a9', '!!'];
    const lists = { 'tokenizer.ggml.model': ['gpt2'], 'tokenizer.ggml.bos_token_id': ['0'], 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.token_type': tokens.map((_, i) => (i ? '1' : '3')),
      'tokenizer.ggml.merges': ['3 4', '1 2', '12 3', '4 5', '\u0120 H'] };
    const of = async (pre, more) => loadTokenizer(textParts({ ...lists, 'tokenizer.ggml.pre': [pre], ...more }).tokenizer, (file) => file);
    const encoded = async (pre, text, more) => Array.from((await of(pre, more)).encode(text));
    same(await encoded('llama-bpe', '12345 Hi'), [0, 11, 12, 13, 2], 'three digits');
    same(await encoded('gpt-2', '12345 Hi'), [10, 9, 8, 13, 2], 'all digits');
    same(await encoded('smollm', '12345 Hi'), [4, 5, 6, 7, 8, 13, 2], 'digits alone');
    same(await encoded('gpt-2', '<s>\u00e9', { 'tokenizer.ggml.add_bos_token': ['1'] }), [0, 0, 14, 15], 'bytes');
    same((await of('llama-bpe')).decode([0, 11, 12, 13, 2, 14, 15]), '12345 Hi\u00e9', 'text');
    for (const pre of ['tekken', 'constructor']) {
      const { tokenizer, problem } = textParts({ ...lists, 'tokenizer.ggml.pre': [pre] });
      if (tokenizer || !problem.includes(`'${pre}'`) || !problem.includes('tokenizer.json')) throw new Error(`tokenizer ${tokenizer}, problem ${problem}`);
    }
    const { config } = textParts({ ...lists, 'tokenizer.ggml.tokens': [...tokens, '<|im_end|>'], 'tokenizer.ggml.token_type': [...lists['tokenizer.ggml.token_type'], '3'], 'tokenizer.ggml.eos_token_id': ['1'] });
    same(config.eos_token_id, [1, tokens.length], 'ends');
  },
  'an aborted step': () => withChain(async (g) => {
    const wanted = await g.generate([5], { maxNewTokens: 12 });
    const control = new AbortController();
    let count = 0;
    const onToken = () => {
      if (++count === 3) setTimeout(() => control.abort(), 0);
    };
    const error = await rejects(g.generate([5], { maxNewTokens: 60, onToken, signal: control.signal }), 'abort');
    same(error.name, 'AbortError', 'error');
    if (count >= 60) throw new Error('all tokens came');
    same((await g.generate([5], { maxNewTokens: 12 })).tokens, wanted.tokens, 'tokens after it');
    await rejects(g.generate([5], { signal: AbortSignal.abort(new Error('too late')) }), 'too late');
    const both = await Promise.all([g.generate([5], { maxNewTokens: 12 }), g.generate([5], { maxNewTokens: 12 })]);
    same(both.map((b) => b.tokens), [wanted.tokens, wanted.tokens], 'tokens of two calls at once');
  }),
  'bad calls': () => withChain(async (g) => {
    const wanted = await g.generate([5], { maxNewTokens: 4 });
    const bad = [
      [[], {}, 'empty', 'one token at least'],
      ['', {}, 'empty'],
      [Array(65).fill(1), {}, '65 tokens', 'room for 64', 'capacity'],
      [[1, 300], {}, 'token 1', '300', '0 to 299'],
      [[1, 2.5], {}, 'token 1', '2.5'],
      ['\u00ff', {}, 'token 0', '511', "another model's"],
      [[1], { max_new_tokens: 3 }, 'max_new_tokens', 'maxNewTokens'],
      [[1], { temperature: -1 }, 'temperature is -1', '0'],
      [[1], { topP: 0 }, 'topP is 0', 'above 0'],
      [[1], { topK: 1.5 }, 'topK is 1.5', 'integer'],
      [[1], { numBeams: 2, topK: 5 }, 'numBeams is 2', 'sampled'],
      [[1], { stop: [''] }, 'stop'],
    ];
    for (const [prompt, how, ...texts] of bad) {
      await rejects(g.generate(prompt, how), ...texts);
      same((await g.generate([5], { maxNewTokens: 4 })).tokens, wanted.tokens, `tokens after ${JSON.stringify(how)}`);
    }
    const most = await g.generate([5], { maxNewTokens: 500 });
    same([most.tokens.length, most.stopReason], [64, 'capacity'], 'the longest text');
  }, { tokenizer: { encode: (text) => Array.from(text, (c) => c.charCodeAt(0) + 256), decode: letters.decode } }),
  'logits that are no numbers': async () => {
    for (const [value, how] of [[NaN, {}], [Infinity, {}], [NaN, { topK: 0, seed: 1 }], [NaN, { topK: 9, seed: 1 }], [NaN, { numBeams: 2 }]]) {
      const broken = tableOf(vocabulary);
      broken[3 * vocabulary + 17] = value;
      const g = await chain(broken, vocabulary);
      await rejects(g.generate([3], how), 'logits hold', 'damaged');
      same((await g.generate([5], { maxNewTokens: 1 })).tokens.length, 1, 'tokens after it');
      await g.release();
    }
  },
  'parts that do not fit': async () => {
    const config = { vocab_size: vocabulary, decoder_start_token_id: 0 };
    const decoder = chainModel(table, vocabulary);
    await rejects(TextGenerator.create({ decoder, config: {}, options }), 'config.vocab_size', 'config.json');
    await rejects(TextGenerator.create({ config, options }), 'no decoder');
    await rejects(TextGenerator.create({ decoder: job.noPast, config, options }), 'past_key_values', 'export it');
    await rejects(TextGenerator.create({ decoder, config, options, tokenizer: { words: 3 } }), 'tokenizer.json', 'encode');
    await rejects(TextGenerator.create({ decoder, config: '/web/none.json', options }), 'none.json', '404');
    await rejects(TextGenerator.create({ decoder, config: '/web/generation.html', options }), 'no JSON');
    await rejects(TextGenerator.create({ decoder: decoder.slice(0, decoder.length >> 1), config, options }), 'not a valid ONNX model');
    await rejects(InferenceSession.create(oneNode('Relu', [{ name: 'x', dims: [1] }], { name: 'y', dims: [1] }),
      { ...options, extension: samplingExtension() }), "'logits'", 'made by no node');
    const bare = await InferenceSession.create(decoder, options);
    await rejects(TextGenerator.create({ decoder: bare, config, options }), 'samplingExtension()');
    await bare.release();
    const session = await InferenceSession.create(decoder, { ...options, extension: samplingExtension() });
    const g = await TextGenerator.create({ decoder: session, config });
    same((await g.generate([1], { maxNewTokens: 2 })).tokens.length, 2, 'tokens of a session that was there');
    await g.release();
  },
  'a past of another model': async () => {
    const [t5, bart] = ['t5', 'bart'].map((n) => job.models.find((m) => m.name === n));
    const g = await TextGenerator.create({ ...t5.parts, decoderWithPast: bart.parts.decoderWithPast, config: t5.config, options });
    await rejects(g.generate([1, 2]), 'present.0.decoder.key', 'different models');
    await g.release();
  },
};
for (const model of job.models) {
  cases[`greedy text of ${model.name}`] = () => greedy(model, true);
  cases[`guessed text of ${model.name}`] = () => guessed(model);
  cases[`greedy text of ${model.name}, plain cache`] = () => greedy(model, false);
  if (!model.parts.encoder) Object.assign(cases, cacheCases(model.name, model.parts.decoder, options, rejects));
}

const results = [];
for (const [name, run] of Object.entries(cases)) {
  if (job.only && !name.includes(job.only)) continue;
  const start = performance.now();
  const outcome = await run().then(() => ({ status: 'passed', message: '' }), (e) => ({ status: 'wrong', message: String(e?.message ?? e) }));
  results.push({ name, ...outcome, message: `${outcome.message} (${Math.round(performance.now() - start)} ms)` });
  document.querySelector('#log').textContent = `${results.length} of ${Object.keys(cases).length}: ${name}`;
}
await fetch(`/report/${id}`, { method: 'POST', body: JSON.stringify({ results, userAgent: navigator.userAgent }) });
