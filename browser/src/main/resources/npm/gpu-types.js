// Values of narrow types on their way to and from the GPU, where each element that a kernel writes has
// four bytes of its own: an i32, or an f32 for 16-bit floats.

/** Bytes of an element. */
const SIZES = {
  bool: 1, int8: 1, uint8: 1, int16: 2, uint16: 2, float16: 2, bfloat16: 2,
  int32: 4, uint32: 4, float32: 4, int64: 8, uint64: 8, float64: 8,
};

const INTEGERS = { bool: Uint8Array, int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };

const elements = (dims) => dims.reduce((a, b) => a * b, 1);

/** Bytes of a value as it lies in WebAssembly memory and in tensors. */
export const bytesOf = ({ type, dims }) => elements(dims) * SIZES[type];

/** Bytes of a value in its buffer, as many as a copy of it takes: a multiple of four. */
export const roomOf = (place) => (place.wide ? 4 * elements(place.dims) : (bytesOf(place) + 3) & ~3);

const one = new Float32Array(1);
const bits = new Uint32Array(one.buffer);

/** Of a number in `bits` the nearest bfloat16, the even one of two. */
function toBfloat16() {
  const b = bits[0];
  if ((b & 0x7fffffff) > 0x7f800000) return (b >>> 16) | 64;
  return ((b + 0x7fff + ((b >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The same for float16. */
function toFloat16() {
  const b = bits[0];
  const sign = (b >>> 16) & 0x8000;
  const magnitude = b & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and more round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // A multiple of 2^-24: adding 0.5, whose last bit that is, rounds to it.
    one[0] = Math.abs(one[0]) + 0.5;
    return sign | (bits[0] - 0x3f000000);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The number of a float16. */
function fromFloat16(h) {
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  const v = exponent === 31 ? (fraction ? NaN : Infinity)
    : exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return h & 0x8000 ? -v : v;
}

/**
 * A value as tensors have it.
 * @param {{type: string, dims: number[], wide: boolean}} place
 * @param {ArrayBuffer} buffer with the GPU's bytes from this offset on, a multiple of 8
 * @returns {Uint8Array} its own bytes
 */
export function narrowed(place, buffer, offset) {
  if (!place.wide) return new Uint8Array(buffer, offset, bytesOf(place)).slice();
  const n = elements(place.dims);
  const type = INTEGERS[place.type];
  if (type) return new Uint8Array(new type(new Int32Array(buffer, offset, n)).buffer);
  const from = new Float32Array(buffer, offset, n);
  const to = new Uint16Array(n);
  const round = place.type === 'float16' ? toFloat16 : toBfloat16;
  for (let i = 0; i < n; i++) {
    one[0] = from[i];
    to[i] = round();
  }
  return new Uint8Array(to.buffer);
}

/** The bytes of a tensor as the GPU has them, padded to a multiple of four. */
export function widened(place, bytes) {
  if (!place.wide) {
    if (bytes.byteLength % 4 === 0) return bytes;
    const padded = new Uint8Array(roomOf(place));
    padded.set(bytes);
    return padded;
  }
  const n = elements(place.dims);
  const type = INTEGERS[place.type];
  if (type) return new Uint8Array(Int32Array.from(new type(bytes.buffer, bytes.byteOffset, n)).buffer);
  const from = new Uint16Array(bytes.buffer, bytes.byteOffset, n);
  const to = new Float32Array(n);
  if (place.type === 'float16') {
    for (let i = 0; i < n; i++) to[i] = fromFloat16(from[i]);
  } else {
    const words = new Uint32Array(to.buffer);
    for (let i = 0; i < n; i++) words[i] = from[i] << 16;
  }
  return new Uint8Array(to.buffer);
}
