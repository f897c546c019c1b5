// The steps of a model that generates text: its encoder, its decoder and their caches.
import { Tensor } from './nnjit.js';
import { PlainCache, isCross, presentOf } from './plain-cache.js';

const longs = (data, dims) => new Tensor('int64', BigInt64Array.from(data, BigInt), dims);
const ones = (rows, columns) => new Tensor('int64', new BigInt64Array(rows * columns).fill(1n), [rows, columns]);

/** A session for the positions after the first, and what each of its inputs is fed. */
export class Decoder {
  #first;
  #next;
  #encoder;
  #caches = new Map();
  #capacity;

  /**
   * @param {{encoder?: InferenceSession, first: InferenceSession, next: InferenceSession,
   *   capacity: number}} parts `first` makes the encoder's keys and values; without an encoder, or
   *   where one file does both, it is `next`
   */
  constructor({ encoder, first, next, capacity }) {
    this.#encoder = encoder;
    this.#first = first;
    this.#next = next;
    this.#capacity = capacity;
    const inputs = next.inputNames;
    if (!inputs.some((name) => presentOf(name) && !isCross(name))) {
      throw new Error(`the decoder has the inputs ${inputs.join(', ')}, but no past_key_values.*: export it`
        + ' with past (in Optimum: text-generation-with-past, text2text-generation-with-past)');
    }
    for (const session of new Set([first, next])) {
      if (!session.outputNames.includes('sampling.ids')) {
        throw new Error(`the decoder has the outputs ${session.outputNames.join(', ')}, but no sampling.ids:`
          + ' create its session with the option extension: samplingExtension()');
      }
    }
  }

  /** An empty cache for so many rows. */
  async #cache(rows) {
    const known = this.#caches.get(rows);
    if (known) {
      await known.truncate(0);
      return known;
    }
    const options = { capacity: this.#capacity, batch: rows };
    try {
      if (this.#next.createCache && !this.#next.inputNames.includes('use_cache_branch')) {
        this.#caches.set(rows, await this.#next.createCache(options));
        return this.#caches.get(rows);
      }
    } catch (e) {
      // A model whose keys and values cannot stay in place says so.
      if (!e.user) throw e;
    }
    return new PlainCache(this.#next, options);
  }

  /**
   * Begins a text.
   * @param {number[]} prompt tokens for the encoder, where there is one
   * @param {number} rows texts that are continued side by side
   */
  async begin(prompt, rows) {
    const cache = await this.#cache(rows);
    if (!this.#encoder) return new Steps(this.#next, cache, rows, {});
    const feeds = { input_ids: longs(prompt, [1, prompt.length]), attention_mask: ones(1, prompt.length) };
    const wanted = Object.entries(feeds).filter(([name]) => this.#encoder.inputNames.includes(name));
    const [states] = Object.values(await this.#encoder.run(Object.fromEntries(wanted)));
    const [, length, size] = states.dims;
    const data = new states.data.constructor(rows * states.size);
    for (let r = 0; r < rows; r++) data.set(states.data, r * states.size);
    const encoded = {
      encoder_hidden_states: new Tensor(states.type, data, [rows, length, size]),
      encoder_attention_mask: ones(rows, length),
    };
    return new Steps(this.#next, cache, rows, encoded, this.#first);
  }

  async release() {
    for (const cache of this.#caches.values()) await cache.release();
    this.#caches.clear();
    for (const session of new Set([this.#encoder, this.#first, this.#next])) await session?.release();
  }
}

/** The steps of one text, or of several side by side. */
class Steps {
  #session;
  #cache;
  #rows;
  #constant;
  #first;
  #cross = null;

  constructor(session, cache, rows, constant, first) {
    this.#session = session;
    this.#cache = cache;
    this.#rows = rows;
    this.#constant = constant;
    this.#first = first;
  }

  get length() { return this.#cache.length; }

  /** The feeds that a session takes for these tokens, all rows one after the other. */
  #feeds(session, tokens, more) {
    const rows = this.#rows;
    const positions = tokens.length / rows;
    const past = this.#cache.length;
    const made = {
      ...this.#constant,
      ...more,
      input_ids: () => longs(tokens, [rows, positions]),
      attention_mask: () => ones(rows, past + positions),
      position_ids: () => longs(Array.from(tokens, (_, i) => past + (i % positions)), [rows, positions]),
      use_cache_branch: () => new Tensor('bool', Uint8Array.of(past > 0 ? 1 : 0), [1]),
    };
    const feeds = {};
    for (const name of session.inputNames) {
      if (presentOf(name) && !made[name]) continue;
      if (!made[name]) {
        throw new Error(`the decoder has an input '${name}', which generation does not know; it feeds ${Object.keys(made).join(', ')} and past_key_values.*`);
      }
      feeds[name] = typeof made[name] === 'function' ? made[name]() : made[name];
    }
    return feeds;
  }

  #run(feeds) {
    return this.#cache instanceof PlainCache ? this.#cache.run(feeds) : this.#session.run(feeds, { cache: this.#cache });
  }

  /**
   * One step.
   * @param {number[]} tokens as many of each row, one row after the other
   * @param {Object<string, Tensor>} more feeds for what comes after the logits
   * @returns {Promise<Object<string, Tensor>>} 'sampling.values' and 'sampling.ids'
   */
  async step(tokens, more) {
    if (this.#first && !this.#cross) return this.#firstStep(tokens, more);
    return this.#run(this.#feeds(this.#session, tokens, { ...more, ...this.#cross }));
  }

  /** The step that makes the encoder's keys and values. */
  async #firstStep(tokens, more) {
    const cached = this.#session.inputNames.filter(isCross);
    const cross = (outputs) => Object.fromEntries(cached.map((name) => {
      const t = outputs[presentOf(name)];
      if (!t) throw new Error(`the decoder for the first step has no output '${presentOf(name)}', which '${name}' needs`);
      return [name, t];
    }));
    if (this.#first === this.#session) {
      const empty = {};
      for (const { name, type, shape } of this.#session.inputMetadata.filter((i) => isCross(i.name))) {
        empty[name] = new Tensor(type, [], [this.#rows, shape[1], 0, shape[3]]);
      }
      const outputs = await this.#run(this.#feeds(this.#session, tokens, { ...more, ...empty }));
      this.#cross = cross(outputs);
      return outputs;
    }
    const outputs = await this.#first.run(this.#feeds(this.#first, tokens, more));
    this.#cross = cross(outputs);
    if (!this.#cache.load) return this.step(tokens, more);
    this.#cache.load(outputs);
    return outputs;
  }

  /** Each row goes on where another stood. What the encoder has read is the same for all. */
  reorder(rows) { return this.#cache.reorder(rows); }
}
