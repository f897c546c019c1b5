// Reads TensorProto files, the inputs and outputs of ONNX's backend tests.
import { Tensor } from '/npm/nnjit.js';

const TYPES = {
  1: ['float32', Float32Array], 2: ['uint8', Uint8Array], 3: ['int8', Int8Array],
  4: ['uint16', Uint16Array], 5: ['int16', Int16Array], 6: ['int32', Int32Array],
  7: ['int64', BigInt64Array], 9: ['bool', Uint8Array], 10: ['float16', Uint16Array],
  11: ['float64', Float64Array], 12: ['uint32', Uint32Array], 13: ['uint64', BigUint64Array],
  16: ['bfloat16', Uint16Array],
};

/** {name, tensor} of a TensorProto. */
export function readTensor(buffer) {
  const bytes = new Uint8Array(buffer);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = bytes[at++];
      value |= BigInt(b & 127) << shift;
      if (b < 128) return BigInt.asIntN(64, value);
    }
  };
  const dims = [];
  const numbers = [];
  let type = 0;
  let name = '';
  let raw = null;
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    switch (tag & 7) {
      case 0: {
        const v = varint();
        if (field === 1) dims.push(Number(v));
        else if (field === 2) type = Number(v);
        else numbers.push(v);
        break;
      }
      case 2: {
        const length = Number(varint());
        const end = at + length;
        if (field === 8) name = new TextDecoder().decode(bytes.subarray(at, end));
        else if (field === 4 || field === 9 || field === 10) raw = buffer.slice(at, end);
        else if (field === 1) while (at < end) dims.push(Number(varint()));
        else if (field === 5 || field === 7 || field === 11) while (at < end) numbers.push(varint());
        at = end;
        break;
      }
      case 5: at += 4; break;
      default: at += 8;
    }
  }
  const known = TYPES[type];
  if (!known) throw new Error(`not a tensor of numbers: element type ${type}`);
  const [typeName, Array] = known;
  const big = Array === BigInt64Array || Array === BigUint64Array;
  const data = raw ? new Array(raw) : Array.from(numbers, big ? undefined : Number);
  return { name, tensor: new Tensor(typeName, data, dims) };
}
