// Feeds that fit a model's inputs, the same every time: token ids, masks of ones, images of waves.

/**
 * @param {function} T a Tensor class, nnJIT's or a peer's
 * @param {Array<{name: string, type: string, shape: Array<number|string>}>} inputs
 * @param {number} length what a dimension with a name is, unless it is the batch
 */
export function sampleFeeds(T, inputs, length) {
  const out = {};
  for (const i of inputs) {
    const dims = i.shape.map((d) => (typeof d === 'number' ? d : /batch/i.test(d) ? 1 : length));
    const n = dims.reduce((a, b) => a * b, 1);
    out[i.name] = i.type === 'int64'
      ? new T('int64', BigInt64Array.from({ length: n }, (_, k) => (/mask/.test(i.name) ? 1n : BigInt(4 + ((k * 7919) % 900)))), dims)
      : new T('float32', Float32Array.from({ length: n }, (_, k) => Math.sin(k)), dims);
  }
  return out;
}

const longs = (T, n, of, dims) => new T('int64', BigInt64Array.from({ length: n }, (_, i) => BigInt(of(i))), dims);

/**
 * Feeds of n tokens behind a past, without its keys and values.
 * @param {function} T a Tensor class
 * @param {string[]} names of the decoder's inputs
 * @param {number} words tokens are less than this
 */
export function tokenFeeds(T, names, n, past, words = 900) {
  const made = {
    input_ids: () => longs(T, n, (i) => 4 + (((past + i) * 7919) % (words - 4)), [1, n]),
    attention_mask: () => longs(T, past + n, () => 1, [1, past + n]),
    position_ids: () => longs(T, n, (i) => past + i, [1, n]),
  };
  return Object.fromEntries(Object.entries(made).filter(([name]) => names.includes(name)).map(([name, make]) => [name, make()]));
}
