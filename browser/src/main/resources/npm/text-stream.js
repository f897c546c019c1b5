// Text of tokens while they come: pieces that never split a character, and the texts that stop.

/** Tokens without a whole character are given out as they are after so many: no character has more bytes. */
const MOST_HELD = 8;

const INCOMPLETE = '\ufffd';

/** The longest end of the text that one of these begins with, in characters. */
function begun(text, stops) {
  let longest = 0;
  for (const stop of stops) {
    for (let n = Math.min(stop.length - 1, text.length); n > longest; n--) {
      if (text.endsWith(stop.slice(0, n))) longest = n;
    }
  }
  return longest;
}

export class TextStream {
  #decode;
  #stops;
  #tokens = [];
  #from = 0;
  #read = 0;
  #held = '';

  /** All text given out so far. */
  text = '';

  /** Whether a stop text has come; the text ends before it. */
  stopped = false;

  /**
   * @param {function(number[]): string} decode text of tokens
   * @param {string[]} stops texts that end the generation
   */
  constructor(decode, stops) {
    this.#decode = decode;
    this.#stops = stops;
  }

  /** The text that a token completes, "" for none. */
  add(token) {
    this.#tokens.push(token);
    return this.#give(this.#piece(false), false);
  }

  /** What is left at the end. */
  end() { return this.#give(this.#piece(true), true); }

  /** Decodes from the token before the last piece on: what a token means may depend on its neighbours. */
  #piece(all) {
    const known = this.#decode(this.#tokens.slice(this.#from, this.#read));
    const now = this.#decode(this.#tokens.slice(this.#from));
    const late = this.#tokens.length - this.#read >= MOST_HELD;
    if (now.length <= known.length || (now.endsWith(INCOMPLETE) && !all && !late)) return '';
    this.#from = this.#read;
    this.#read = this.#tokens.length;
    return now.slice(known.length);
  }

  /** Holds back what may be the beginning of a stop text. */
  #give(piece, all) {
    if (this.stopped) return '';
    const text = this.#held + piece;
    const found = this.#stops.map((s) => text.indexOf(s)).filter((i) => i >= 0);
    this.stopped = found.length > 0;
    const end = this.stopped ? Math.min(...found) : text.length - (all ? 0 : begun(text, this.#stops));
    this.#held = text.slice(end);
    this.text += text.slice(0, end);
    return text.slice(0, end);
  }
}
