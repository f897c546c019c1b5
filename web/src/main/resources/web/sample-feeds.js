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
