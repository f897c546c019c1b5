// The steps of a model that generates text: its encoder, its decoder and their caches.
import { Tensor } from './nnjit.js';
import { PlainCache, isCross, presentOf } from './plain-cache.js';

const longs = (data, dims) => new Tensor('int64', BigInt64Array.from(data, BigInt), dims);

/** The first tokens of each row count, the others do not. */
function mask(rows, first, columns) {
  const data = new BigInt64Array(rows * columns);
  for (let at = 0; at < data.length; at += columns) data.fill(1n, at, at + first);
  return new Tensor('int64', data, [rows, columns]);
}
const ones = (rows, columns) => mask(rows, columns, columns);

/** Positions that caches have room for at least: the same plans serve texts of many lengths. */
const LEAST_CAPACITY = 256;

/** Tokens that a prompt is read in at a time: prompts of all lengths take the same few plans. */
const PIECES = [128, 64, 32, 16, 8, 4, 1];

/** What a piece costs beside its tokens, and what a plan that is not there yet costs, in tokens. */
const PIECE_COST = 8;
const PLAN_COST = 64;

/** Pieces, and lengths of an encoder, that plans are made for while nobody asks for a text. */
const WARMED_PIECES = [1, 32, 8, 128, 16];
const WARMED_LENGTHS = [32, 64, 96, 128, 16];

/** What an encoder reads has a length that is a multiple of this, and of a quarter of a power of two. */
const LEAST_STEP = 16;

/** The length that so many tokens are filled up to: a quarter more at most, but for short ones. */
const filled = (n) => {
  const step = Math.max(LEAST_STEP, 2 ** (Math.floor(Math.log2(n - 1)) - 2));
  return Math.ceil(n / step) * step;
};

/** A length that there are plans for is taken if it is not longer than by this. */
const MOST_FILLED = 1.5;

/**
 * How many tokens are read next, and what reading all of them costs. The last piece may begin with
 * tokens that have been read: that takes less time than making one more plan.
 * @param {number} left tokens not read yet
 * @param {number} read tokens of this prompt that may be read again
 * @param {function(number): boolean} isReady whether the plan for so many is there
 * @param {number[]} pieces that there may be, the largest first
 */
function pieceOf(left, read, isReady, pieces) {
  let best = { cost: Infinity };
  pieces.forEach((n, i) => {
    if (n > left + read) return;
    const rest = left % n;
    const whole = left - rest;
    const again = rest > 0 ? n + PIECE_COST : 0;
    const other = rest > 0 && whole > 0 ? pieceOf(rest, read + whole, isReady, pieces.slice(i + 1)).cost : again;
    const cost = (whole / n) * (n + PIECE_COST) + Math.min(again, other) + (isReady(n) ? 0 : PLAN_COST);
    if (cost < best.cost) best = { n, cost };
  });
  return best;
}

/** A session for the positions after the first, and what each of its inputs is fed. */
export class Decoder {
  #first;
  #next;
  #encoder;
  #capacity;

  #padding;

  /** Pieces that there are plans for: rows, capacity, tokens and shapes of what comes behind them, as text. */
  #ready = new Set();

  /** Lengths that the encoder has plans for; none where it, or a decoder, takes no mask. */
  #lengths = new Set();
  #masked;

  /**
   * @param {{encoder?: InferenceSession, first: InferenceSession, next: InferenceSession,
   *   capacity: number, padding: number}} parts `first` makes the encoder's keys and values; without an
   *   encoder, or where one file does both, it is `next`; `padding` is a token
   */
  constructor({ encoder, first, next, capacity, padding }) {
    this.#encoder = encoder;
    this.#first = first;
    this.#next = next;
    this.#capacity = capacity;
    this.#padding = padding;
    const read = encoder?.inputMetadata.find(({ name }) => name === 'input_ids');
    this.#masked = typeof read?.shape[1] === 'string' && encoder.inputNames.includes('attention_mask')
      && [first, next].every((s) => s.inputNames.includes('encoder_attention_mask'));
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

  /**
   * Begins a text.
   * @param {number[]} prompt tokens for the encoder, where there is one
   * @param {number} rows texts that are continued side by side
   * @param {number} positions how long it may become
   */
  async begin(prompt, rows, positions) {
    const capacity = Math.min(this.#capacity, Math.max(LEAST_CAPACITY, 2 ** Math.ceil(Math.log2(positions))));
    if (!this.#encoder) return new Steps(this.#next, rows, capacity, this.#ready, {});
    const length = this.#lengthFor(prompt.length);
    const tokens = [...prompt, ...new Array(length - prompt.length).fill(this.#padding)];
    const feeds = { input_ids: longs(tokens, [1, length]), attention_mask: mask(1, prompt.length, length) };
    const wanted = Object.entries(feeds).filter(([name]) => this.#encoder.inputNames.includes(name));
    const [states] = Object.values(await this.#encoder.run(Object.fromEntries(wanted)));
    this.#lengths.add(length);
    const [, read, size] = states.dims;
    const data = new states.data.constructor(rows * states.size);
    for (let r = 0; r < rows; r++) data.set(states.data, r * states.size);
    const encoded = {
      encoder_hidden_states: new Tensor(states.type, data, [rows, read, size]),
      encoder_attention_mask: mask(rows, read === length ? prompt.length : read, read),
    };
    return new Steps(this.#next, rows, capacity, this.#ready, encoded, this.#first);
  }

  /** How many tokens the encoder reads for so many: each length takes plans of its own. */
  #lengthFor(n) {
    if (!this.#masked) return n;
    const own = Math.min(this.#capacity, filled(n));
    const ready = [...this.#lengths].filter((length) => length >= n && length <= own * MOST_FILLED);
    return ready.length ? Math.min(...ready) : own;
  }

  /**
   * Runs that make the plans which a text of one row takes.
   * @param {number} positions how long it may become
   * @param {function(): Object<string, Tensor>} more feeds for what comes after the logits
   * @param {function(Steps): Promise} guesses makes plans for guesses behind some steps
   * @returns {function(): Promise<boolean>[]} to be called one after the other, up to one that gives false:
   *   this decoder has a plan for each past, and none can be made before it is asked for
   */
  warmUps(positions, more, guesses) {
    const run = (prompt, pieces, then) => async () => {
      const steps = await this.begin(prompt, 1, positions);
      try {
        for (const n of pieces) await steps.step(new Array(n).fill(this.#padding), more(), true);
        await then?.(steps);
        return steps.staysInPlace;
      } finally {
        await steps.release();
      }
    };
    // The first step of a merged decoder has a plan of its own.
    const before = this.#next.inputNames.includes('use_cache_branch') ? [1] : [];
    if (!this.#encoder) {
      const all = WARMED_PIECES.filter((n) => n <= this.#capacity / 2).map((n) => run([], [...before, n]));
      return [...all, run([], [1, 1], guesses)];
    }
    const lengths = this.#masked ? WARMED_LENGTHS.filter((n) => n <= this.#capacity) : [1];
    const prompts = lengths.map((n) => new Array(n).fill(this.#padding));
    return [...prompts.map((p) => run(p, [1, 1])), run(prompts[0], [1, 1], guesses)];
  }

  async release() {
    for (const session of new Set([this.#encoder, this.#first, this.#next])) await session?.release();
  }
}

/** The steps of one text, or of several side by side. */
class Steps {
  #session;
  #rows;
  #capacity;
  #ready;
  #constant;
  #first;
  #cross = null;

  /** The cache in use; the plain one stands by until the other has served a step. */
  #cache = null;
  #plain;

  constructor(session, rows, capacity, ready, constant, first) {
    this.#session = session;
    this.#rows = rows;
    this.#capacity = capacity;
    this.#ready = ready;
    this.#constant = constant;
    this.#first = first;
    this.#plain = new PlainCache(session, { capacity, batch: rows });
  }

  /** Positions of steps that have been sent, but not answered. */
  #pending = 0;

  /** Where the next run goes on, if not behind the last one: guesses may have been wrong. */
  #kept = null;

  /** Whether keys and values stay where they are, so that one plan serves every past. */
  get staysInPlace() { return this.#cache !== this.#plain; }

  /** Positions so far. */
  get length() { return this.#kept ?? (this.#cache ?? this.#plain).length + this.#pending; }

  /** Whether runs can be guesses and checks; known behind a step with the cache. */
  get hasKinds() { return !this.#plain && this.#cache?.hasKinds === true; }

  /** Whether guesses take less time than steps; known behind one. */
  get drafts() { return this.#cache.drafts; }

  /** Whether so many more positions fit. */
  hasRoom(positions) { return this.length + positions <= this.#capacity; }

  /** The feeds that a session takes for these tokens, all rows one after the other. */
  #feeds(session, tokens, more, past = this.length) {
    const rows = this.#rows;
    const positions = tokens.length / rows;
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

  /** A step with the cache, which begins with what the plain one holds. */
  async #run(feeds) {
    if (!this.#cache && !this.#session.createCache) this.#cache = this.#plain;
    // The first step of a merged decoder takes the branch that knows of no past.
    const first = !this.#cache && this.#plain.length === 0 && this.#session.inputNames.includes('use_cache_branch');
    if (first || this.#cache === this.#plain) return this.#plain.run({ ...feeds, ...this.#cross });
    try {
      this.#cache ??= await this.#session.createCache({
        capacity: this.#capacity, past: this.#plain.length ? this.#plain.past : {}, held: this.#cross ?? {},
      });
      const outputs = await this.#sent(feeds.input_ids.dims[1], this.#session.run(feeds, { cache: this.#cache }));
      this.#plain = null;
      return outputs;
    } catch (e) {
      // A model whose keys and values cannot stay in place says so; what else is wrong shows again.
      if (!e.user || !this.#plain) throw e;
      await this.#cache?.release();
      this.#cache = this.#plain;
      return this.#run(feeds);
    }
  }

  /**
   * One step.
   * @param {number[]} tokens as many of each row, one row after the other
   * @param {Object<string, Tensor>} more feeds for what comes after the logits
   * @param {boolean} [whole] in one piece, whether or not others would take less time
   * @returns {Promise<Object<string, Tensor>>} 'sampling.values' and 'sampling.ids'
   */
  async step(tokens, more, whole = false) {
    if (this.#first && !this.#cross) return this.#firstStep(tokens, more);
    if (this.#kept !== null) {
      this.#cache.truncate(this.#kept).catch(() => {}); // the run shows it too
      this.#kept = null;
    }
    const length = tokens.length / this.#rows;
    const pieces = PIECES.filter((k) => k === 1 || k <= this.#capacity / 2);
    let outputs;
    for (let at = 0, n; at < length; at += n) {
      const left = length - at;
      n = left;
      if (this.staysInPlace && !whole) {
        // Every step but the first has one token: its plan will be there.
        ({ n } = pieceOf(left, at, (k) => k === 1 || this.#ready.has(this.key(k, more)), pieces));
        if (n > left) {
          await (this.#cache ?? this.#plain).truncate(this.length - (n - left));
          at -= n - left;
        }
      }
      const piece = Array.from({ length: this.#rows * n }, (_, i) => tokens[Math.floor(i / n) * length + at + (i % n)]);
      outputs = await this.#run(this.#feeds(this.#session, piece, more));
      if (this.#cache) this.#ready.add(this.key(n, more));
    }
    return outputs;
  }

  /** What a plan depends on, for so many tokens. */
  key(n, more) {
    const constant = Object.values(this.#constant).map((t) => t.dims);
    return [this.#rows, this.#capacity, n, ...constant, ...Object.values(more).map((t) => t.dims)].join();
  }

  /**
   * An estimate of a step.
   * @param {number} past positions before it, at most as many as there are
   * @param {?number} token null for the one that the run sent before it answers
   * @param {Object<string, Tensor>} more as of step()
   */
  guess(past, token, more) {
    const feeds = this.#feeds(this.#session, [token ?? 0], more, past);
    const chain = token === null ? { input_ids: 'sampling.ids' } : undefined;
    return this.#session.run(feeds, { cache: this.#cache, from: past, kind: 'DRAFT', chain });
  }

  /**
   * Steps all at once: what comes after the logits is given for each.
   * @param {boolean} chained all tokens but the first are those that the runs sent before it answer
   */
  check(past, tokens, more, chained) {
    const feeds = this.#feeds(this.#session, tokens, more, past);
    const chain = chained ? { input_ids: 'sampling.ids' } : undefined;
    const kind = tokens.length > 1 ? 'STEPS' : undefined;
    const before = chained ? tokens.length - 1 : undefined;
    return this.#session.run(feeds, { cache: this.#cache, from: past, kind, chain, chained: before });
  }

  /** Forgets all positions from this one on. */
  keep(length) { this.#kept = length; }

  /**
   * The step of one token behind the one that is under way, which will tell the token.
   * @param {function(): Object<string, Tensor>} more gives feeds as of step(), if it is sent: each draws anew
   * @returns {?Promise} as of step(), or null where a step can only be sent when the one before it has ended
   */
  ahead(more) {
    if (this.#plain || !this.#cache.chains) return null;
    const feeds = this.#feeds(this.#session, new Array(this.#rows).fill(0), more());
    return this.#sent(1, this.#session.run(feeds, { cache: this.#cache, chain: { input_ids: 'sampling.ids' } }));
  }

  /** Counts positions as pending until a run has ended. */
  async #sent(positions, run) {
    this.#pending += positions;
    try {
      return await run;
    } finally {
      this.#pending -= positions;
    }
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
      const outputs = await this.#run({ ...this.#feeds(this.#session, tokens, more), ...empty });
      this.#cross = cross(outputs);
      return outputs;
    }
    const outputs = await this.#first.run(this.#feeds(this.#first, tokens, more));
    this.#cross = cross(outputs);
    this.#plain.load(outputs);
    return outputs;
  }

  /** Each row goes on where another stood. What the encoder has read is the same for all. */
  reorder(rows) { return (this.#cache ?? this.#plain).reorder(rows); }

  release() { return (this.#cache ?? this.#plain).release(); }
}
