// Single kernels for the benchmark, each as an ONNX file and as calls of TensorFlow.js.
import { oneNode } from '/npm/onnx-writer.js';

const product = (dims) => dims.reduce((a, b) => a * b, 1);
const noise = (n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 0.5);

const matmul = (m, k, n) => ({ name: `MatMul ${m}x${k}x${n}`, op: 'MatMul', x: [m, k], w: [k, n], y: [m, n] });
const conv = (name, channels, side, filters, size, stride = 1, groups = 1) => {
  const pad = size >> 1;
  const out = Math.floor((side + 2 * pad - size) / stride) + 1;
  return {
    name: `Conv ${name}`, op: 'Conv', x: [1, channels, side, side], w: [filters, channels / groups, size, size],
    y: [1, filters, out, out], stride, pad, groups,
  };
};

export const KERNELS = [
  matmul(128, 768, 768), matmul(128, 768, 3072), matmul(128, 3072, 768), matmul(512, 512, 512),
  matmul(1024, 1024, 1024), matmul(16, 768, 768), matmul(127, 769, 1023), matmul(1, 1000, 2048),
  matmul(7, 64, 64), matmul(1, 4096, 4096),
  conv('7x7/2 3-64 at 224', 3, 224, 64, 7, 2), conv('3x3 64-64 at 56', 64, 56, 64, 3),
  conv('1x1 64-256 at 56', 64, 56, 256, 1), conv('3x3 256-256 at 14', 256, 14, 256, 3),
  conv('depthwise 3x3 144 at 56', 144, 56, 144, 3, 1, 144),
];

/** ONNX bytes, input, operations, and the same in TensorFlow.js. */
export function makeKernel(c) {
  const w = noise(product(c.w));
  const x = noise(product(c.x));
  const attributes = c.op === 'Conv' ? {
    kernel_shape: c.w.slice(2), pads: [c.pad, c.pad, c.pad, c.pad], strides: [c.stride, c.stride], group: c.groups,
  } : {};
  return {
    onnx: oneNode(c.op, [{ name: 'x', dims: c.x }, { name: 'w', dims: c.w, data: w }], { name: 'y', dims: c.y }, attributes),
    x,
    weightBytes: w.byteLength,
    flops: 2 * product(c.y) * (c.op === 'Conv' ? product(c.w.slice(1)) : c.w[0]),
    tfjs: (tf) => tensorflow(tf, c, x, w),
  };
}

/** Images and filters lie the way TensorFlow.js wants them; time to read the result is included. */
function tensorflow(tf, c, x, w) {
  const keep = [];
  const own = (t) => {
    keep.push(t);
    return t;
  };
  let call;
  if (c.op === 'MatMul') {
    const b = own(tf.tensor2d(w, c.w));
    const a = own(tf.tensor2d(x, c.x));
    call = () => tf.matMul(a, b);
  } else {
    const image = own(tf.transpose(own(tf.tensor4d(x, c.x)), [0, 2, 3, 1]));
    const depthwise = c.groups > 1;
    const filters = own(tf.transpose(own(tf.tensor4d(w, c.w)), depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]));
    call = depthwise
      ? () => tf.depthwiseConv2d(image, filters, c.stride, 'same')
      : () => tf.conv2d(image, filters, c.stride, 'same');
  }
  return {
    async run() {
      const y = call();
      await y.data();
      y.dispose();
    },
    dispose: () => keep.forEach((t) => t.dispose()),
  };
}
