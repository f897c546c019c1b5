// Text generation over sessions: decoders with past (GPT-2, Llama, ...) and encoder-decoders (T5, BART,
// ...) in the file layout of Hugging Face exports. A page that does not generate text loads none of this.
import { beamSearch } from './beam-search.js';
import { Decoder } from './decoder.js';
import { InferenceSession } from './nnjit.js';
import { Sampler, samplingExtension } from './sampler.js';
import { GUESSES, Speculation } from './speculation.js';
import { TextStream } from './text-stream.js';
import { loadTokenizer } from './tokenizer-file.js';

export { samplingExtension };

/** Positions a generator has room for when neither its caller nor its model's configuration says less. */
const CAPACITY = 2048;

/** Milliseconds without a call after which plans are made for guesses. */
const IDLE_MS = 100;

/** Tokens of a text at least that plans for guesses are made behind. */
const LEAST_GUESSED = 8;

/** Tokens that sampling chooses among, as in transformers. */
const TOP_K = 50;

const integer = (least) => [(v) => Number.isInteger(v) && v >= least, `an integer of ${least} or more`];
const number = (least, most = Infinity) => [(v) => v >= least && v <= most && Number.isFinite(v),
  `a number from ${least}${most === Infinity ? '' : ` to ${most}`}`];
const flag = [(v) => typeof v === 'boolean', 'true or false'];
const action = [(v) => typeof v === 'function', 'a function'];

/** What generate() takes: a test of the value, and what passes it. */
const OPTIONS = {
  maxNewTokens: integer(1),
  sample: flag,
  temperature: number(0),
  topK: integer(0),
  topP: [(v) => v > 0 && v <= 1, 'a number above 0, up to 1'],
  seed: [Number.isInteger, 'an integer'],
  repetitionPenalty: [(v) => v > 0 && Number.isFinite(v), 'a number above 0'],
  numBeams: integer(1),
  lengthPenalty: [Number.isFinite, 'a number'],
  earlyStopping: flag,
  stop: [(v) => [v].flat().every((s) => typeof s === 'string' && s), 'a text or an array of texts'],
  eosTokenId: [(v) => v === null || [v].flat().every((t) => Number.isInteger(t)), 'a token, an array of tokens or null'],
  onToken: action,
  signal: [(v) => v instanceof AbortSignal, 'an AbortSignal'],
};

/** The options with what holds where they say nothing. */
function chosen(given, config) {
  for (const [name, value] of Object.entries(given)) {
    if (!OPTIONS[name]) throw new TypeError(`there is no option '${name}'; there are ${Object.keys(OPTIONS).join(', ')}`);
    const [fits, wanted] = OPTIONS[name];
    if (value !== undefined && !fits(value)) throw new TypeError(`${name} is ${String(value)}, wanted ${wanted}`);
  }
  const { temperature, topK, topP, numBeams = 1 } = given;
  const sample = (given.sample ?? (temperature ?? topK ?? topP) !== undefined) && temperature !== 0;
  if (sample && numBeams > 1) {
    throw new TypeError(`numBeams is ${numBeams} and tokens are to be sampled; leave out numBeams, or temperature, topK and topP`);
  }
  return {
    maxNewTokens: given.maxNewTokens ?? 128,
    sample,
    temperature: temperature ?? 1,
    topK: topK ?? TOP_K,
    topP: topP ?? 1,
    seed: given.seed ?? crypto.getRandomValues(new Int32Array(1))[0],
    repetitionPenalty: given.repetitionPenalty ?? 1,
    numBeams,
    lengthPenalty: given.lengthPenalty ?? 1,
    earlyStopping: given.earlyStopping ?? false,
    stop: [given.stop ?? []].flat(),
    eos: new Set([given.eosTokenId === undefined ? config.eos_token_id : given.eosTokenId].flat().filter((t) => t != null)),
    onToken: given.onToken,
    signal: given.signal,
  };
}

/** The JSON at an address, or what was given instead. */
async function read(source, what) {
  if (typeof source !== 'string' && !(source instanceof URL)) return source;
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${what}: ${source}: the server answered ${response.status} ${response.statusText}`);
  try {
    return JSON.parse(await response.text());
  } catch (e) {
    throw new Error(`${what}: ${source} is no JSON (${e.message})`);
  }
}

/** The capacity, if it is one. */
function roomOf(capacity) {
  if (!Number.isInteger(capacity) || capacity < 2) throw new TypeError(`capacity is ${capacity}, wanted an integer of 2 or more`);
  return capacity;
}

/** A configuration with all that must be in it. */
function known(config, encoder) {
  for (const name of ['vocab_size', ...(encoder ? ['decoder_start_token_id'] : [])]) {
    if (!Number.isInteger(config[name])) throw new TypeError(`config.${name} is ${config[name]}, wanted a number, as in the model's config.json (a GGUF file brings its own)`);
  }
  return config;
}

export class TextGenerator {
  #decoder;
  #tokenizer;
  #config;
  #encodes;
  #capacity;
  #last = Promise.resolve();
  #asked = 0;

  /** Ends the wait for somebody to ask for the next text. */
  #hurry = () => {};

  /** What is known of guesses; null where texts are not guessed. */
  #guessed;

  constructor(decoder, tokenizer, config, encodes, capacity, warmUp, guess) {
    this.#guessed = guess ? { times: new Map(), always: guess === 'always' } : null;
    this.#decoder = decoder;
    this.#tokenizer = tokenizer;
    this.#config = config;
    this.#encodes = encodes;
    this.#capacity = capacity;
    if (warmUp) this.#last = this.#warmUp(warmUp === true ? {} : warmUp).catch(() => {}); // what is wrong shows again in a text
  }

  /** Loads weights and makes plans until somebody asks for a text. */
  async #warmUp(options) {
    const how = chosen({ ...options, numBeams: 1 }, this.#config);
    const sampler = new Sampler(how, this.#config.vocab_size);
    const guesses = (steps) => this.#prepareGuesses(steps, sampler, 0);
    for (const run of this.#decoder.warmUps(options.maxNewTokens ?? 1, () => sampler.feeds(0), guesses)) {
      if (this.#asked || !(await run())) return;
    }
  }

  /** Makes plans for guesses, so that the next such text can be guessed, unless there were more calls than these. */
  async #prepareGuesses(steps, sampler, asked) {
    if (!this.#guessed || asked !== this.#asked) return;
    const tokens = Array.from({ length: GUESSES + 1 }, (_, i) => (i + 1) % this.#config.vocab_size);
    await new Speculation(steps, sampler, this.#guessed).prepare(tokens, () => asked === this.#asked);
  }

  /** The same behind a text, unless somebody asks for the next one soon. */
  async #prepareAfter(steps, sampler, asked) {
    if (!this.#guessed || asked !== this.#asked) return;
    await new Promise((done) => {
      this.#hurry = done;
      setTimeout(done, IDLE_MS);
    });
    await this.#prepareGuesses(steps, sampler, asked);
  }

  /**
   * Loads a model that generates text. Models are what InferenceSession.create takes, or sessions made
   * with its option `extension: samplingExtension()`, which belong to the generator from then on.
   * @param {object} parts
   * @param {string|URL|ArrayBuffer|Uint8Array|Blob|InferenceSession} parts.decoder the model; with an
   *   encoder the decoder of the first step, or the merged one
   * @param {string|URL|ArrayBuffer|Uint8Array|Blob|InferenceSession} [parts.encoder]
   * @param {string|URL|ArrayBuffer|Uint8Array|Blob|InferenceSession} [parts.decoderWithPast] the decoder
   *   of the other steps, where there is an encoder
   * @param {string|URL|object} [parts.tokenizer] address or content of tokenizer.json, or an object with
   *   encode(text), which gives {ids}, and decode(ids); without one, prompts are tokens. A decoder in a GGUF
   *   file has its own tokenizer and config
   * @param {string|URL|object} [parts.config] address or content of config.json: vocab_size, eos_token_id,
   *   decoder_start_token_id and, for the capacity, n_positions or max_position_embeddings; with an
   *   encoder forced_bos_token_id and forced_eos_token_id, the first token and the one at the end of
   *   maxNewTokens
   * @param {number} [parts.capacity] tokens at most that the decoder, or the encoder, has before it
   * @param {boolean|object} [parts.warmUp] true; until the first text is asked for, loads weights and makes
   *   the plans that prompts of usual lengths take with these options of generate(), without any if true
   * @param {boolean|string} [parts.guess] true; tokens are guessed by an estimate of the model, which takes a
   *   quarter of the memory of its weights besides, and checked some at once where that is faster, or
   *   wherever it is possible with 'always': texts stay the same, as far as a run of four rows rounds as
   *   four of one do
   * @param {object} [parts.options] options of InferenceSession.create for all sessions
   * @returns {Promise<TextGenerator>}
   */
  static async create({ decoder, encoder, decoderWithPast, tokenizer, config, capacity, warmUp = true, guess = true, options = {} }) {
    if (!decoder) throw new TypeError('there is no decoder; pass its address or its bytes');
    const given = config === undefined && !encoder ? null : known({ ...await read(config, 'config') }, encoder);
    if (capacity != null) roomOf(capacity);
    let words = await loadTokenizer(tokenizer, read);
    const sessions = [];
    const open = async (model, extension) => {
      if (!model || model instanceof InferenceSession) return model;
      sessions.push(await InferenceSession.create(model, { ...options, extension }));
      return sessions.at(-1);
    };
    try {
      const extension = samplingExtension();
      const coder = await open(encoder);
      const first = await open(decoder, extension);
      const next = await open(decoderWithPast, extension) ?? first;
      const own = given && words || encoder ? {} : await first.textParts();
      const facts = { ...(given ?? known(own.config ?? {})), noTokenizer: own.problem };
      words ??= await loadTokenizer(own.tokenizer, read);
      const room = roomOf(capacity ?? Math.min(CAPACITY, facts.n_positions ?? facts.max_position_embeddings ?? CAPACITY));
      const { pad_token_id: pad, vocab_size: size } = facts;
      const padding = pad >= 0 && pad < size ? pad : 0;
      const parts = new Decoder({ encoder: coder, first, next, capacity: room, padding });
      return new TextGenerator(parts, words, facts, Boolean(encoder), room, warmUp, guess);
    } catch (e) {
      await Promise.all(sessions.map((s) => s.release()));
      throw e;
    }
  }

  /**
   * Continues a prompt or, with an encoder, answers it. Calls wait for each other.
   * @param {string|ArrayLike<number|bigint>} prompt text or tokens
   * @param {object} [options]
   * @param {number} [options.maxNewTokens] 128
   * @param {boolean} [options.sample] draws tokens by probability; else the likeliest is taken. True
   *   where temperature, topK or topP is given
   * @param {number} [options.temperature] 1; probabilities are those of logits divided by it, and 0
   *   takes the likeliest token
   * @param {number} [options.topK] 50; draws among so many likeliest tokens, 0 among all
   * @param {number} [options.topP] 1; draws among the likeliest tokens that have this share together
   * @param {number} [options.seed] the same seed, model and options draw the same tokens
   * @param {number} [options.repetitionPenalty] 1; logits of tokens that were there are divided by it,
   *   negative ones multiplied
   * @param {number} [options.numBeams] 1; follows so many likely texts at once and takes the likeliest
   * @param {number} [options.lengthPenalty] 1; a beam's score is divided by its length to this power
   * @param {boolean} [options.earlyStopping] ends once as many texts as beams have ended
   * @param {string|string[]} [options.stop] texts that end the text before them
   * @param {number|number[]|null} [options.eosTokenId] tokens that end the text, else the model's
   * @param {function(string, number)} [options.onToken] is called with each piece of text, which never
   *   splits a character, and the token that completed it; with beams once, at the end. Without a
   *   tokenizer pieces are empty
   * @param {AbortSignal} [options.signal] ends the call with the signal's reason
   * @returns {Promise<{text: string, tokens: number[], stopReason: string}>} the new tokens with the
   *   one that ended them; text is null without a tokenizer; stopReason is eos, stop, length or capacity
   */
  async generate(prompt, options = {}) {
    const how = chosen(options, this.#config);
    const tokens = this.#tokens(prompt);
    if (how.stop.length && !this.#tokenizer) throw new TypeError('stop texts need a tokenizer; end by eosTokenId instead');
    const asked = ++this.#asked;
    this.#hurry();
    const turn = this.#last;
    let free;
    this.#last = new Promise((done) => { free = done; });
    let step = turn;
    let steps;
    let sampler;
    let isWhole = false;
    try {
      await withSignal(turn, how.signal);
      how.signal?.throwIfAborted();
      const start = this.#encodes ? [this.#config.decoder_start_token_id] : tokens;
      steps = await this.#decoder.begin(tokens, how.numBeams, start.length + how.maxNewTokens);
      /** The last step that was sent is waited for in the end; one that is ahead may interest nobody. */
      const sent = (promise) => {
        step = promise;
        const answer = withSignal(step, how.signal);
        answer.catch(() => {});
        return answer;
      };
      const abortable = {
        step: (...args) => sent(steps.step(...args)),
        ahead: (...args) => {
          const promise = steps.ahead(...args);
          return promise && sent(promise);
        },
        reorder: (rows) => steps.reorder(rows),
        guessed: (...args) => sent(speculation.next(...args)),
        guesses: (most) => speculation?.pays(most) === true,
      };
      const room = this.#capacity - start.length + 1;
      const maxNewTokens = Math.min(how.maxNewTokens, room);
      const work = { ...how, maxNewTokens, check: finite, forced: this.#forced(maxNewTokens) };
      sampler = new Sampler(how, this.#config.vocab_size);
      const speculation = this.#guessed && how.numBeams === 1 ? new Speculation(steps, sampler, this.#guessed) : null;
      const result = how.numBeams > 1
        ? this.#told(await beamSearch(abortable, sampler, start, work), work)
        : await this.#continue(abortable, sampler, start, work);
      if (result.stopReason === 'length' && work.maxNewTokens < how.maxNewTokens) result.stopReason = 'capacity';
      isWhole = how.numBeams === 1 && result.tokens.length >= LEAST_GUESSED;
      return result;
    } finally {
      // A step that an abort left behind ends before the next call begins.
      step.catch(() => {}).then(() => isWhole && this.#prepareAfter(steps, sampler, asked)).catch(() => {})
        .then(() => steps?.release()).catch(() => {}).then(free);
    }
  }

  /** Resolves when all calls have ended, and what is prepared behind them for the next ones. */
  async settled() { await this.#last; }

  /** Frees the sessions; the generator cannot be used again. */
  async release() {
    this.#asked++;
    this.#hurry();
    await this.#last;
    await this.#decoder.release();
  }

  /** The tokens of a prompt, each of which the model knows. */
  #tokens(prompt) {
    const text = typeof prompt === 'string';
    if (text && !this.#tokenizer) throw new TypeError(`the prompt is a text, but ${this.#config.noTokenizer ?? 'there is no tokenizer; pass tokens, or a tokenizer to create()'}`);
    const tokens = Array.from(text ? this.#tokenizer.encode(prompt) : prompt, Number);
    const vocabulary = this.#config.vocab_size;
    if (tokens.length === 0) throw new RangeError('the prompt is empty; begin with one token at least, such as the one that begins texts');
    const wrong = tokens.findIndex((t) => !Number.isInteger(t) || t < 0 || t >= vocabulary);
    if (wrong >= 0) {
      throw new RangeError(`token ${wrong} of the prompt is ${tokens[wrong]}, the model knows 0 to ${vocabulary - 1}`
        + `${text ? ": the tokenizer is another model's; take the tokenizer.json beside this one" : ''}`);
    }
    if (tokens.length > this.#capacity) {
      throw new RangeError(`the prompt has ${tokens.length} tokens, this generator has room for ${this.#capacity}; shorten it or pass a greater capacity to create()`);
    }
    return tokens;
  }

  /** The token that an encoder's text must have behind so many, where its configuration names one. */
  #forced(maxNewTokens) {
    const { forced_bos_token_id: first, forced_eos_token_id: last } = this.#encodes ? this.#config : {};
    return (made) => (made === maxNewTokens - 1 ? last : null) ?? (made === 0 ? first : null) ?? null;
  }

  #stream({ stop }) {
    return this.#tokenizer && new TextStream((ids) => this.#tokenizer.decode(ids), stop);
  }

  /** Token after token. */
  async #continue(steps, sampler, start, how) {
    const { maxNewTokens, eos, onToken, check, forced } = how;
    const stream = this.#stream(how);
    const tokens = [];
    const say = (piece) => piece && onToken?.(piece, tokens.at(-1));
    let next = start;
    let stopReason = 'length';
    let ahead = null;
    /** Whether tokens from this one on should be guessed: all of them are the model's to choose. */
    const isGuessed = (from) => {
      const most = maxNewTokens - from;
      return from > 0 && steps.guesses(most) && Array.from({ length: Math.min(most, GUESSES + 1) },
        (_, i) => forced(from + i)).every((t) => t === null);
    };
    const choose = async () => {
      const number = tokens.length;
      if (!ahead && isGuessed(number)) return (await steps.guessed(next.at(-1), number, check)).slice(0, maxNewTokens - number);
      const step = ahead ?? steps.step(next.slice(number ? -1 : 0), sampler.feeds(number));
      const last = number === maxNewTokens - 1;
      const known = number === 0 || last || forced(number) !== null || !sampler.isDone || isGuessed(number + 1);
      ahead = known ? null : steps.ahead(() => sampler.feeds(number + 1));
      const outputs = await step;
      check(outputs['sampling.values']);
      return [forced(number) ?? sampler.choose(outputs, number)];
    };
    while (tokens.length < maxNewTokens && stopReason === 'length') {
      sampler.see(next);
      next = await choose();
      for (const [i, token] of next.entries()) {
        if (i) how.signal?.throwIfAborted();
        tokens.push(token);
        if (stream) say(stream.add(token));
        else onToken?.('', token);
        if (stream?.stopped) stopReason = 'stop';
        else if (eos.has(token)) stopReason = 'eos';
        if (stopReason !== 'length') break;
      }
    }
    if (stream) say(stream.end());
    return { text: stream?.text ?? null, tokens, stopReason: stream?.stopped ? 'stop' : stopReason };
  }

  /** The text of tokens that were found all at once. */
  #told({ tokens, stopReason }, how) {
    const stream = this.#stream(how);
    let piece = '';
    if (stream) {
      for (const t of tokens) piece += stream.add(t);
      piece += stream.end();
    }
    how.onToken?.(piece, tokens.at(-1));
    return { text: stream?.text ?? null, tokens, stopReason: stream?.stopped ? 'stop' : stopReason };
  }
}

/** Fails unless the largest value of each row [rows, k] is a number. */
function finite({ data, dims: [, k] }) {
  for (let i = 0; i < data.length; i += k) {
    if (!Number.isFinite(data[i])) {
      throw new Error(`the model's logits hold ${data[i]}, from which no token can be chosen: its weights are damaged, or its numbers too large for their type`);
    }
  }
}

/** The promise, or the signal's reason where that comes first. */
function withSignal(promise, signal) {
  if (!signal) return promise;
  return new Promise((done, failed) => {
    const abort = () => failed(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(done, failed).finally(() => signal.removeEventListener('abort', abort));
  });
}
