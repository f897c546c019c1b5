/**
 * Past keys and values of a decoder in the engine's memory; made by InferenceSession.createCache.
 * Steps of one sequence follow each other: InferenceSession.run(feeds, { cache }).
 */
export class Cache {
  #call;
  #state;

  constructor(call, state) {
    this.#call = call;
    this.#state = state;
  }

  /** Rows (tokens) in it. */
  get length() { return this.#state.length; }

  /** Rows it has room for; more when a run needs more. */
  get capacity() { return this.#state.capacity; }

  async #do(method, args) {
    const { outputs, ...state } = await this.#call(method, { id: this.#state.id, ...args });
    this.#state = { ...this.#state, ...state };
    return outputs;
  }

  /** Whether the next run can be sent before this one has ended; known when a first one has. */
  get chains() { return this.#state.chains === true; }

  /** Whether runs can be of another kind than plain; known when a first one has ended. */
  get hasKinds() { return this.#state.hasKinds === true; }

  /** Whether runs of the kind 'DRAFT' take less time than others; known when one has ended. */
  get drafts() { return this.#state.drafts === true; }

  /** A run of the session on feeds in the form of a message. */
  async run(feeds, how) { return this.#do('runCached', { feeds, ...how }); }

  /** Forgets the rows from this one on. */
  async truncate(length) {
    if (!Number.isInteger(length) || length < 0 || length > this.length) {
      throw new RangeError(`length is ${length}, wanted a whole number from 0 to ${this.length}`);
    }
    const done = this.#do('truncateCache', { length });
    // Runs may be sent before this has been answered.
    this.#state = { ...this.#state, length };
    await done;
  }

  /** Sequence i of the batch becomes what sequence `from[i]` was, as beam search wants it. */
  async reorder(from) { await this.#do('reorderCache', { from: Array.from(from, Number) }); }

  /** Gives its memory back to the session. */
  async release() { await this.#do('releaseCache', {}); }
}
