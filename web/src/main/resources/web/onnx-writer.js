// Writes small ONNX models of one node, for benchmarks of single kernels.

const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 };

function varint(n) {
  const out = [];
  for (let v = BigInt(n); ; v >>= 7n) {
    if (v < 128n) return [...out, Number(v)];
    out.push(Number(v & 127n) | 128);
  }
}

function join(parts) {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    bytes.set(p, at);
    at += p.length;
  }
  return bytes;
}

const number = (field, n) => varint(BigInt(field) << 3n).concat(varint(n));
const bytes = (field, data) => join([varint((BigInt(field) << 3n) | 2n), varint(data.length), data]);
const text = (field, s) => bytes(field, new TextEncoder().encode(s));
const message = (field, ...parts) => bytes(field, join(parts));

const value = (field, { name, type = 'float32', dims }) => message(field, text(1, name),
  message(2, message(1, number(1, TYPES[type]), message(2, ...dims.map((d) => message(1, number(1, d)))))));

/**
 * A model of one node.
 * @param {string} op operator of the default domain
 * @param {Array<{name: string, type?: string, dims: number[], data?: TypedArray}>} inputs those
 *   with data are weights
 * @param {{name: string, type?: string, dims: number[]}} output
 * @param {Object<string, number[]|number>} attributes integers
 * @returns {Uint8Array} an ONNX file of opset 17
 */
export function oneNode(op, inputs, output, attributes = {}) {
  const attribute = ([name, v]) => (Array.isArray(v)
    ? message(5, text(1, name), ...v.map((n) => number(8, n)), number(20, 7))
    : message(5, text(1, name), number(3, v), number(20, 2)));
  const node = message(1, ...inputs.map((i) => text(1, i.name)), text(2, output.name), text(3, op), text(4, op),
    ...Object.entries(attributes).map(attribute));
  const weights = inputs.filter((i) => i.data).map((i) => message(5, ...i.dims.map((d) => number(1, d)),
    number(2, TYPES[i.type ?? 'float32']), text(8, i.name),
    bytes(9, new Uint8Array(i.data.buffer, i.data.byteOffset, i.data.byteLength))));
  const graph = message(7, node, text(2, 'one'), ...weights,
    ...inputs.filter((i) => !i.data).map((i) => value(11, i)), value(12, output));
  return join([number(1, 8), graph, message(8, number(2, 17))]);
}
