// Tokens of a text that are guessed by an estimate of the model and checked several at once: a run of a few
// rows reads the weights as often as one of a single row, and an estimate reads a quarter of their bytes.
// What comes out is what the model says, token for token: a guess counts where the model chooses the same.

/** Tokens that are guessed before a check. */
export const GUESSES = 3;

/** A step that takes less, in milliseconds, does not wait for its weights. */
const LEAST_MS = 1.5;

/** Times as fast as steps that guesses must be. */
const LEAST_GAIN = 1.05;

/** How many of so many guesses are taken to be right before any is known to be. */
const RIGHT = 9;
const TRIED = 10;

/** How far a check's values may be from those of steps, of the largest: as far as sums in another order are. */
const MOST_APART = 1e-4;

/**
 * Runs of a kind that are timed: engines compile functions for good that have run for long, and attention of a
 * few rows takes a hundred runs until then (13 ms a check of t5-small before, 9 after).
 */
const TIMED = 120;

/** As many at least. */
const LEAST_TIMED = 4;

/** Whether guesses pay, by the times of steps, checks and guesses in milliseconds. */
class Account {
  #right = RIGHT;
  #tried = TRIED;

  constructor(times) { this.times = times; }

  /** Notes how many guesses were right up to the first that was not. */
  note(right) {
    this.#right += right;
    this.#tried += Math.min(GUESSES, right + 1);
  }

  get pays() {
    const { step, check, guess } = this.times;
    const share = this.#right / this.#tried;
    let tokens = 1;
    for (let i = 1; i <= GUESSES; i++) tokens += share ** i;
    return tokens * step > LEAST_GAIN * (check + GUESSES * guess);
  }
}

/** The guesses of one text, whose steps are {@link Steps}. */
export class Speculation {
  #steps;
  #sampler;
  #known;
  #always;
  #account;
  #planKey;

  /**
   * @param {Steps} steps of one text
   * @param {Sampler} sampler
   * @param {{times: Map<string, ?object>, always: boolean}} known times by what plans depend on, null where
   *   guesses are of no use; `always` guesses whether or not it is faster
   */
  constructor(steps, sampler, { times, always }) {
    this.#steps = steps;
    this.#sampler = sampler;
    this.#known = times;
    this.#always = always;
  }

  /** What the plans for checks depend on. */
  get #key() {
    this.#planKey ??= this.#steps.key(GUESSES + 1, this.#sampler.feeds(0, new Array(GUESSES).fill(0)));
    return this.#planKey;
  }

  /** Whether the next tokens, of so many that there may be, should be guessed. */
  pays(most) {
    if (most < GUESSES || !this.#steps.hasKinds || !this.#steps.hasRoom(GUESSES + 1)) return false;
    if (this.#account === undefined) {
      const times = this.#known.get(this.#key);
      this.#account = times ? new Account(times) : null;
    }
    return this.#account !== null && (this.#always || this.#account.pays);
  }

  /**
   * The tokens behind a token: as many guesses as the model confirms, and what it says after them.
   * @param {number} token the last of the text
   * @param {number} number of the first of these in the text
   * @param {function(Tensor)} test is called with the model's values
   */
  async next(token, number, test) {
    const sampler = this.#sampler;
    const past = this.#steps.length;
    const guesses = [];
    let answer;
    if (sampler.isDone) {
      // A guess is fed with the one before it on the spot, and so is the check.
      const nobody = new Array(GUESSES).fill(0);
      const sent = nobody.map((_, i) => this.#steps.guess(past + i, i ? null : token, sampler.feeds(number + i)));
      answer = this.#steps.check(past, [token, ...nobody], sampler.feeds(number, nobody), true);
      for (const p of [...sent, answer]) p.catch(() => {});
      for (const [i, p] of sent.entries()) guesses.push(sampler.choose(await p, number + i));
    } else {
      for (let i = 0; i < GUESSES; i++) {
        const outputs = await this.#steps.guess(past + i, guesses[i - 1] ?? token, sampler.feeds(number, guesses, i));
        guesses.push(sampler.choose(outputs, number + i));
      }
      answer = this.#steps.check(past, [token, ...guesses], sampler.feeds(number, guesses));
    }
    const outputs = await answer;
    const tokens = [];
    do tokens.push(sampler.choose(outputs, number + tokens.length, tokens.length));
    while (tokens.length <= GUESSES && tokens.at(-1) === guesses[tokens.length - 1]);
    const { data, dims: [, k] } = outputs['sampling.values'];
    test({ data: data.subarray(0, tokens.length * k), dims: [tokens.length, k] });
    this.#account.note(tokens.length - 1);
    this.#steps.keep(past + tokens.length);
    return tokens;
  }

  /**
   * Makes the plans for guesses and takes their times, behind whatever the steps have read; and makes sure that
   * this model answers several rows as it does one by one.
   * @param {number[]} tokens any, one more than guesses
   * @param {function(): boolean} isWanted whether there is time for more; else the rest is for the next time
   */
  async prepare(tokens, isWanted) {
    if (!this.#steps.hasKinds || !this.#steps.hasRoom(tokens.length)) return;
    const before = this.#known.get(this.#key);
    if (before === null || before?.runs >= this.#most) return;
    this.#known.set(this.#key, null);
    const times = await this.#measured(tokens, isWanted, { guess: Infinity, check: Infinity, runs: 0, ...before });
    if (times) this.#known.set(this.#key, times);
    else if (times === undefined) this.#known.delete(this.#key);
  }

  /** Runs after which times are as good as they get. */
  get #most() { return this.#always ? LEAST_TIMED : TIMED; }

  /** The times; null where guesses are of no use, undefined where there was not enough time to tell. */
  async #measured(tokens, isWanted, times) {
    const steps = this.#steps;
    const sampler = this.#sampler;
    const past = steps.length;
    const others = tokens.slice(1);
    const answers = (outputs) => ['values', 'ids'].map((name) => Array.from(outputs[`sampling.${name}`].data, Number));
    const run = async (kind, action) => {
      const start = performance.now();
      const outputs = await action();
      times[kind] = Math.min(times[kind], performance.now() - start);
      return answers(outputs);
    };
    times.step = Infinity;
    const single = [];
    for (const [i, token] of tokens.entries()) {
      single.push(await run('step', () => steps.check(past + i, [token], sampler.feeds(0, others.slice(0, i), i))));
    }
    steps.keep(past);
    if (!this.#always && times.step < LEAST_MS) return null;
    const [values, ids] = [0, 1].map((i) => single.flatMap((s) => s[i]));
    const most = MOST_APART * values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    for (; times.runs < this.#most; times.runs++) {
      if (!isWanted()) break;
      await run('guess', () => steps.guess(past, tokens[0], sampler.feeds(0)));
      if (!this.#always && !steps.drafts) return null;
      if (!isWanted()) break;
      const [rows, chosen] = await run('check', () => steps.check(past, tokens, sampler.feeds(0, others)));
      if (!rows.every((v, i) => Math.abs(v - values[i]) <= most) || !chosen.every((id, i) => id === ids[i])) return null;
    }
    return times.runs < LEAST_TIMED ? undefined : times;
  }
}
