// Long work in pieces of some milliseconds, between which requests go first.

/** A piece of work ends after about this many milliseconds. */
export const PIECE_MS = 20;

/** Pieces of a kernel that is new, and slow at first, begin with one block and double up to this. */
const NEW_MS = PIECE_MS / 8;

/** Awaits `rest` whenever so much has been done since the last time. */
export class Pieces {
  #rest;
  #begin = performance.now();

  /** @param {function(): Promise<void>} rest lets requests go first */
  constructor(rest) { this.#rest = rest; }

  /** To be awaited between steps; `next` is how long the following one will take, in milliseconds. */
  async between(next = 0) {
    if (performance.now() - this.#begin + next <= PIECE_MS) return;
    await this.#rest();
    this.#begin = performance.now();
  }

  /**
   * Does something that consists of equal parts.
   * @param {number} count of parts
   * @param {function(number, number)} part does those from the first number up to the second
   * @param {number} [known] milliseconds that all of it took before
   * @returns {Promise<number>} milliseconds that it took, without the rests
   */
  async all(count, part, known = 0) {
    if (known > 0 && known <= PIECE_MS / 2) {
      await this.between(known);
      const start = performance.now();
      part(0, count);
      return performance.now() - start;
    }
    let step = known > 0 ? Math.max(1, Math.floor((count * PIECE_MS) / 2 / known)) : 1;
    let sum = 0;
    for (let at = 0; at < count;) {
      const end = Math.min(count, at + step);
      const start = performance.now();
      part(at, end);
      const ms = performance.now() - start;
      sum += ms;
      at = end;
      if (known === 0 && ms < NEW_MS) step *= 2;
      await this.between(ms);
    }
    return sum;
  }
}
