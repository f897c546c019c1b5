// Buffers for results, made ahead while nobody waits: touching the pages of a new one takes several
// times as long as copying a result into it.

/** Results of fewer bytes cost little; more, all together, would take long to make and to keep. */
const LEAST = 1 << 17;
const MOST = 1 << 23;

/** So long, in milliseconds, nobody must have asked for anything. */
const REST_MS = 2;

export class ResultBuffers {
  #spare = [];
  #timer = 0;

  /** A buffer of so many bytes, with anything in it. */
  take(bytes) {
    const i = this.#spare.findIndex((b) => b.byteLength === bytes);
    return i < 0 ? new ArrayBuffer(bytes) : this.#spare.splice(i, 1)[0];
  }

  /**
   * Makes buffers for the next run's results, in a while.
   * @param {Array<{bytes: number}>} outputs of the plan that ran
   * @param {function(): boolean} free whether nobody waits
   */
  prepare(outputs, free) {
    clearTimeout(this.#timer);
    const sizes = outputs.map((o) => o.bytes).filter((n) => n >= LEAST);
    if (sizes.length === 0 || sizes.reduce((a, b) => a + b) > MOST) return;
    this.#timer = setTimeout(() => {
      if (!free()) return;
      const old = this.#spare;
      this.#spare = sizes.map((n) => {
        const i = old.findIndex((b) => b.byteLength === n);
        return i < 0 ? touched(n) : old.splice(i, 1)[0];
      });
    }, REST_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#spare = [];
  }
}

/** A new buffer of so many bytes whose pages are in memory. */
function touched(n) {
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; i += 4096) bytes[i] = 0;
  return bytes.buffer;
}
