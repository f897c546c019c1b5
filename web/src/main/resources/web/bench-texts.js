// Whole texts for the benchmark of generation: T5 and BART against a loop over onnxruntime-web's
// sessions and against transformers.js, a Llama in 4 bits against wllama, which is llama.cpp in
// WebAssembly.
import { TextGenerator, samplingExtension } from '/npm/generate.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { difference, median, timed } from './bench-times.js';
import { transformers } from './bench-transformers.js';
import { OF_FLOOR, ReadProbe, against, inTurns } from './bench-turns.js';
import { tokenFeeds } from './sample-feeds.js';

const WASM = { executionProviders: ['wasm'] };

/** Tokens that the encoders read and the decoders write. */
const READ = 64;
const WRITTEN = 32;

/** Without a token that ends a text: all engines write as many as they are asked for. */
const T5 = {
  name: 't5-small',
  config: {
    model_type: 't5', is_encoder_decoder: true, vocab_size: 32128, decoder_start_token_id: 0,
    num_layers: 6, num_decoder_layers: 6, num_heads: 8, d_kv: 64, d_model: 512,
  },
};
const BART = {
  name: 'bart-base',
  config: {
    model_type: 'bart', is_encoder_decoder: true, vocab_size: 50265, decoder_start_token_id: 2,
    encoder_layers: 6, decoder_layers: 6, encoder_attention_heads: 12, decoder_attention_heads: 12, d_model: 768,
  },
};

export const GPT2 = {
  name: 'gpt2-with-past',
  config: { vocab_size: 50257, n_positions: 1024 },

  /** Bytes that a step reads: all parameters but the positions; the head is the table of words. */
  bytes: 4 * (124_439_808 - 1024 * 768),

  /** Bytes of keys and values that it reads for each token of the past. */
  rowBytes: 4 * 12 * 2 * 768,
};

/** Files with products of bytes. */
const BYTES = '-q8';

/**
 * What rounding of activations to the other side may change of first logits: as much as quantising does.
 * bart-base's encoder with and without onnxruntime's rewrites is 0.024 apart, each 0.04 from floats; scales
 * that are a tenth too large are 0.1 off.
 */
const ROUNDING = 0.06;

const promptOf = (length) => Array.from({ length }, (_, i) => 4 + (i * 7919) % 900);
const prompt = promptOf(READ);
const presentOf = (name) => name.replace('past_key_values.', 'present.');

/**
 * No token comes twice: models with random weights would repeat one for ever, which says nothing of texts. It
 * matters to engines that guess tokens: repeated ones are guessed too well.
 */
export const PENALTY = 1000;

/** The index of the largest of the last `n` values that is not one of some tokens. */
function largest(data, n, except) {
  const from = data.length - n;
  let at = -1;
  for (let i = from; i < data.length; i++) if ((at < 0 || data[i] > data[at]) && !except.has(i - from)) at = i;
  return at - from;
}

/** What is fed of these to a session. */
const fed = (session, all) => Object.fromEntries(session.inputNames.map((name) => [name, all[name]]));

const longs = (T, list) => new T('int64', BigInt64Array.from(list, BigInt), [1, list.length]);

/**
 * The likeliest text, as a page writes that loop around sessions of onnxruntime-web; nnJIT's calls are the same.
 * @returns {Promise<{loop: function(number[], number, object): Promise<number[]>, release: function}>} the
 *   loop takes a prompt, how many tokens to write and {onToken, forced}: what is told each step's outputs,
 *   and tokens to go on with in the place of the likeliest
 */
async function loopOf({ InferenceSession: Session, Tensor: T }, config, url, options) {
  const sessions = await Promise.all(['encoder', 'decoder', 'decoder-with-past'].map((part) => Session.create(url(part), options)));
  const [encoder, first, next] = sessions;
  const loop = async (tokens, count, { onToken = () => {}, forced = [] } = {}) => {
    const mask = longs(T, tokens.map(() => 1));
    const encoded = await encoder.run(fed(encoder, { input_ids: longs(T, tokens), attention_mask: mask }));
    const same = { encoder_attention_mask: mask, encoder_hidden_states: encoded[encoder.outputNames[0]] };
    const made = [];
    const seen = new Set([config.decoder_start_token_id]);
    let out = await first.run(fed(first, { ...same, input_ids: longs(T, [config.decoder_start_token_id]) }));
    const past = {};
    for (;;) {
      made.push(forced[made.length] ?? largest(out.logits.data, config.vocab_size, seen));
      onToken(out);
      seen.add(made.at(-1));
      if (made.length === count) return made;
      for (const name of next.inputNames) if (out[presentOf(name)]) past[name] = out[presentOf(name)];
      out = await next.run(fed(next, { ...same, ...past, input_ids: longs(T, made.slice(-1)) }));
    }
  };
  return { loop, release: () => Promise.all(sessions.map((s) => s.release())) };
}

/** What a decoder alone is fed of tokens behind so many others. */
const behind = (T, session, tokens, length) =>
  ({ ...tokenFeeds(T, session.inputNames, tokens.length, length), input_ids: longs(T, tokens) });

/** A decoder's inputs that are keys and values of tokens before. */
export const pastsOf = (session) => session.inputMetadata.filter(({ name }) => presentOf(name) !== name);

/** Keys and values of no tokens. */
export const emptyPast = (T, pasts) =>
  Object.fromEntries(pasts.map(({ name, shape }) => [name, new T('float32', new Float32Array(0), [1, shape[1], 0, shape[3]])]));

/** A run's keys and values as the next one's past. */
export const nextPast = (pasts, outputs) => Object.fromEntries(pasts.map(({ name }) => [name, outputs[presentOf(name)]]));

/** The same around a decoder alone. */
function decoderLoop({ Tensor: T }, session, { vocab_size: words }, pasts) {
  return async (tokens, count, { onToken = () => {}, forced = [] } = {}) => {
    const made = [];
    const seen = new Set(tokens);
    let past = emptyPast(T, pasts);
    for (let next = tokens, length = 0; ; length += next.length, next = made.slice(-1)) {
      const out = await session.run({ ...behind(T, session, next, length), ...past });
      made.push(forced[made.length] ?? largest(out.logits.data, words, seen));
      onToken(out);
      seen.add(made.at(-1));
      if (made.length === count) return made;
      past = nextPast(pasts, out);
    }
  };
}

/** Tokens after which logits are compared. */
const FORCED = [7, 300, 41, 5];

/** How far the logits of two loops are apart where both go on with the same tokens, of the largest. */
async function apart(loops, tokens, { vocab_size: words }) {
  const [mine, theirs] = await Promise.all(loops.map(async (loop) => {
    const rows = [];
    await loop(tokens, FORCED.length, { forced: FORCED, onToken: ({ logits }) => rows.push(logits.data.slice(-words)) });
    return rows;
  }));
  return Math.max(...mine.map((row, i) => difference(row, theirs[i], ROUNDING)));
}

/**
 * What is said of a peer's text. Engines that quantise activations in each run may round one the other way
 * where sums of floats differ in the last digit, and from there on texts of random weights are others.
 * @param {number[]} mine
 * @param {number[]} theirs
 * @param {number} [error] of logits after the same tokens, where activations are quantised
 */
function sameTokens(mine, theirs, error) {
  const first = mine.findIndex((token, i) => token !== theirs[i]);
  if (error === undefined && first >= 0) throw new Error(`the tokens are ${mine}, the peer's ${theirs}`);
  if (error === undefined) return 'the same tokens, none twice';
  const same = first < 0 ? 'the same tokens' : `${first} of ${WRITTEN} tokens the same before one differs`;
  return `logits within ${error.toExponential(1)}, ${same}`;
}

/** A text of an encoder and a decoder. */
async function pair({ name, config }, how, ending = '') {
  const { ort, threads } = how;
  const url = (part) => `/models/${name}-${part}${ending}.onnx`;
  const peer = await ort();
  const { loop } = await loopOf(peer, config, url, WASM);
  let error;
  if (ending === BYTES) {
    const own = await loopOf({ InferenceSession, Tensor }, config, url, { threads, tune: false });
    error = await apart([own.loop, loop], prompt, config);
    await own.release();
  }
  const g = await TextGenerator.create({
    encoder: url('encoder'), decoder: url('decoder'), decoderWithPast: url('decoder-with-past'),
    config, warmUp: false, options: { threads, tune: false },
  });
  const library = await transformers(threads, config, { encoder: url('encoder'), decoder: url('decoder-merged') },
    { repetition_penalty: PENALTY });
  const texts = [
    async () => (await g.generate(prompt, { maxNewTokens: WRITTEN, eosTokenId: null, repetitionPenalty: PENALTY })).tokens,
    () => loop(prompt, WRITTEN),
    () => library(prompt, WRITTEN),
  ];
  const tokens = [];
  for (const text of texts) tokens.push(await text());
  await g.settled();
  const agreement = tokens.slice(1).map((theirs) => sameTokens(tokens[0], theirs, error));
  const { times: [mine, ...theirs] } = await inTurns(texts.map((text) => async () => [await timed(text)]), how);
  return ['onnxruntime-web', 'transformers.js'].map((library, i) =>
    ({ ...against(library, mine, theirs[i]), tokens: WRITTEN, wanted: 2, agreement: agreement[i] }));
}

/** A text of a decoder alone, its prompt included; and of its tokens, which may be guessed, each after the first. */
async function decoderText({ name, config, bytes, rowBytes }, how, { ending = '', read = READ } = {}) {
  const { ort, threads } = how;
  const given = promptOf(read);
  const url = `/models/${name}${ending}.onnx`;
  const options = { threads, tune: false };
  const session = await InferenceSession.create(url, { ...options, extension: samplingExtension() });
  const pasts = pastsOf(session);
  const peer = await ort();
  const loop = decoderLoop(peer, await peer.InferenceSession.create(url, WASM), config, pasts);
  let error;
  if (ending === BYTES) {
    const own = await InferenceSession.create(url, options);
    error = await apart([decoderLoop({ Tensor }, own, config, pasts), loop], given, config);
    await own.release();
  }
  const g = await TextGenerator.create({ decoder: session, config, warmUp: false });
  const texts = [
    async (onToken) => (await g.generate(given, { maxNewTokens: WRITTEN, eosTokenId: null, repetitionPenalty: PENALTY, onToken })).tokens,
    (onToken) => loop(given, WRITTEN, { onToken }),
  ];
  const agreement = sameTokens(await texts[0](() => {}), await texts[1](), error);
  await g.settled();
  const reads = ending ? undefined : await ReadProbe.create(threads);
  const stamped = (text) => async () => {
    const at = [];
    const ms = await timed(() => text(() => at.push(performance.now())));
    return [ms, (at.at(-1) - at[0]) / (WRITTEN - 1)];
  };
  const { times, readGbs } = await inTurns(texts.map(stamped), { ...how, reads });
  const same = { peer: 'onnxruntime-web', wanted: 1.3, agreement };
  const floor = {
    readGbs: median(readGbs), ofFloorWanted: OF_FLOOR,
    ofFloor: median(times[0].map(([, ms], i) => (bytes + (read + WRITTEN / 2) * rowBytes) / ms / 1e6 / readGbs[i])),
  };
  const work = `gpt2${ending && ' 8-bit weights'}, ${WRITTEN} tokens behind ${read}`;
  return [
    { work, ...against(same.peer, ...times, 0), ...same, tokens: WRITTEN },
    { work: `${work}: each after the first${ending ? '' : ', guessed'}`, ...against(same.peer, ...times, 1), ...same, tokens: 1, ...(reads && floor) },
  ];
}

const LLAMA = '/models/tinyllama-1.1b-q4_0.gguf';
const LLAMA_WORDS = 32000;

/** Tokens of the prompt, in one piece in both engines, and new ones. */
const LONG = 128;

/** Tokens that the file's vocabulary begins a text with: the first one, and a blank's three bytes. */
const BEGIN = [1, ...[0xe2, 0x96, 0x81].map((byte) => byte + 3)];

/** A text, which wllama wants, and its tokens: no word of the vocabulary is in it, so each letter is one. */
function letters(count) {
  const codes = Array.from({ length: count - BEGIN.length }, (_, i) => 97 + (i * 7) % 26);
  return { text: String.fromCharCode(...codes), tokens: [...BEGIN, ...codes.map((c) => c + 3)] };
}
const longPrompt = letters(LONG);

/** wllama with the file; its clock is llama.cpp's own, which leaves out messages to its worker. */
async function wllama(threads) {
  const { Wllama, LoggerWithoutDebug } = await import('/peers/@wllama/wllama/esm/index.js');
  const w = new Wllama({ default: '/peers/@wllama/wllama/esm/wasm/wllama.wasm' }, { suppressNativeLog: true, logger: LoggerWithoutDebug });
  const file = await (await fetch(LLAMA)).blob();
  await w.loadModel([file], { n_threads: threads, n_ctx: 512, n_gpu_layers: 0 });
  const complete = (prompt, count, more) => w.createCompletion({
    prompt, max_tokens: count, temperature: 0, top_k: 1, ignore_eos: true, cache_prompt: false, ...more,
  });
  return {
    /** The likeliest tokens after a prompt: [token, logarithm of its probability]. */
    async likeliest(text, count) {
      const { choices: [{ logprobs }] } = await complete(text, 1, { logprobs: count });
      return logprobs.content[0].top_logprobs.map((t) => [t.id, t.logprob]);
    },
    /** Milliseconds of the prompt and of each step after it. */
    async text() {
      const { timings: t } = await complete(longPrompt.text, WRITTEN);
      if (t.prompt_n !== LONG || t.predicted_n !== WRITTEN) throw new Error(`wllama read ${t.prompt_n} tokens and wrote ${t.predicted_n}`);
      return [t.prompt_ms, t.predicted_ms / (t.predicted_n - 1)];
    },
  };
}

/** Logarithms of a row's probabilities. */
function logarithms(row) {
  const top = row.reduce((m, v) => Math.max(m, v), -Infinity);
  const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0);
  return row.map((v) => v - top - Math.log(total));
}

/** What llama.cpp's rounding of activations to 8 bits and of keys and values to halves may change. */
const APART = 0.5;

/** How far the peer's likeliest tokens are from nnJIT's probabilities. */
async function agreement(threads, peer) {
  const { text, tokens } = letters(16);
  const session = await InferenceSession.create(LLAMA, { threads, tune: false });
  const feeds = tokenFeeds(Tensor, session.inputNames, tokens.length, 0);
  feeds.input_ids = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
  const cache = await session.createCache();
  const { logits } = await session.run(feeds, { cache });
  const mine = logarithms(logits.data.slice(-LLAMA_WORDS));
  await session.release();
  const theirs = await peer.likeliest(text, 5);
  const worst = Math.max(...theirs.map(([token, value]) => Math.abs(mine[token] - value)));
  if (!(worst <= APART)) throw new Error(`logarithms of probabilities differ by ${worst} from the peer's ${JSON.stringify(theirs)}`);
  return `logarithms of the 5 likeliest within ${worst.toFixed(3)}`;
}

/** Prompt and steps of the same file in both engines, one text a turn. */
async function llama(how) {
  const { threads } = how;
  const peer = await wllama(threads);
  const g = await TextGenerator.create({ decoder: LLAMA, config: { vocab_size: LLAMA_WORDS }, capacity: 512, warmUp: false, options: { threads, tune: false } });
  const same = { wanted: 1.2, agreement: await agreement(threads, peer) };
  const own = async () => {
    const at = [performance.now()];
    await g.generate(longPrompt.tokens, { maxNewTokens: WRITTEN, eosTokenId: null, onToken: () => at.push(performance.now()) });
    return [at[1] - at[0], (at.at(-1) - at[1]) / (WRITTEN - 1)];
  };
  const { times } = await inTurns([own, peer.text], { ...how, rounds: Math.max(3, how.rounds >> 1), warmUp: 0 });
  return [
    { work: 'TinyLlama 4 bit, decode', ...against('wllama', ...times, 1), tokens: 1, ...same },
    { work: `TinyLlama 4 bit, prefill ${LONG}`, ...against('wllama', ...times, 0), tokens: LONG, ...same },
  ];
}

export const textLines = {
  'gpt2, 32 tokens': (how) => decoderText(GPT2, how),
  'gpt2, 32 tokens behind 512': (how) => decoderText(GPT2, how, { read: 512 }),
  'gpt2 8-bit weights, 32 tokens': (how) => decoderText(GPT2, how, { ending: BYTES }),
  't5-small, 32 tokens': (how) => pair(T5, how),
  't5-small 16-bit weights, 32 tokens': (how) => pair(T5, how, '-f16'),
  't5-small 8-bit weights, 32 tokens': (how) => pair(T5, how, BYTES),
  'bart-base, 32 tokens': (how) => pair(BART, how),
  'bart-base 16-bit weights, 32 tokens': (how) => pair(BART, how, '-f16'),
  'bart-base 8-bit weights, 32 tokens': (how) => pair(BART, how, BYTES),
  'TinyLlama 4 bit': llama,
};
