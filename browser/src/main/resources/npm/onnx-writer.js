// Writes small ONNX models: what generation puts behind a model, benchmarks of single kernels, tests.

const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 };

function varint(n) {
  const out = [];
  for (let v = BigInt.asUintN(64, BigInt(n)); ; v >>= 7n) {
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
  message(2, message(1, number(1, TYPES[type]), message(2, ...dims.map((d) => message(1, typeof d === 'string' ? text(2, d) : number(1, d)))))));

function attribute([name, v]) {
  if (Array.isArray(v)) return message(5, text(1, name), ...v.map((n) => number(8, n)), number(20, 7));
  if (typeof v === 'object') return message(5, text(1, name), graph(6, v), number(20, 5));
  return message(5, text(1, name), number(3, v), number(20, 2));
}

const entry = (key, v) => message(13, text(1, key), text(2, v));

function weight({ name, type = 'float32', dims, data, file }) {
  const content = file ? [entry('location', file), number(14, 1)]
    : [bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
  return message(5, ...dims.map((d) => number(1, d)), number(2, TYPES[type]), text(8, name), ...content);
}

/** A graph, in this field of a message; as {@link writeModel} has it. */
function graph(field, { nodes, inputs = [], outputs, weights = [] }) {
  const list = nodes.map((n) => message(1, ...n.inputs.map((i) => text(1, i)),
    ...n.outputs.map((o) => text(2, o)), text(3, n.name ?? n.op), text(4, n.op),
    ...(n.domain ? [text(7, n.domain)] : []), ...Object.entries(n.attributes ?? {}).map(attribute)));
  return message(field, ...list, text(2, 'graph'), ...weights.map(weight),
    ...inputs.map((i) => value(11, i)), ...outputs.map((o) => value(12, o)));
}

/**
 * A model.
 * @param {Array<{op: string, domain?: string, name?: string, inputs: string[], outputs: string[],
 *   attributes?: Object<string, number[]|number|object>}>} nodes operators, of the default domain
 *   unless they name one, with attributes of integers, or of graphs as {nodes, outputs}
 * @param {Array<{name: string, type?: string, dims: Array<number|string>}>} inputs a dimension with
 *   a name may have any size
 * @param {Array<{name: string, type?: string, dims: Array<number|string>}>} outputs
 * @param {Array<{name: string, type?: string, dims: number[], data?: TypedArray, file?: string}>}
 *   weights each with its data or with the file that holds it
 * @returns {Uint8Array} an ONNX file
 */
export function writeModel(nodes, inputs, outputs, weights = [], opset = 17) {
  const domains = [...new Set(nodes.flatMap((n) => n.domain ?? []))];
  return join([number(1, 8), graph(7, { nodes, inputs, outputs, weights }), message(8, number(2, opset)),
    ...domains.map((d) => message(8, text(1, d), number(2, 1)))]);
}

/**
 * A model of one node; inputs with data are weights.
 * @param {string} op operator of the default domain
 * @param {Array<{name: string, type?: string, dims: number[], data?: TypedArray}>} inputs
 * @param {{name: string, type?: string, dims: number[]}} output
 * @param {Object<string, number[]|number>} attributes integers
 * @returns {Uint8Array} an ONNX file of opset 17
 */
export function oneNode(op, inputs, output, attributes = {}) {
  return writeModel([{ op, inputs: inputs.map((i) => i.name), outputs: [output.name], attributes }],
    inputs.filter((i) => !i.data), [output], inputs.filter((i) => i.data));
}
