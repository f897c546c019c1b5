/**
 * Trains the digit recogniser: `npm ci && npm run train` (about ten minutes on one core).
 *
 * Writes digits.bin (the weights: float32 little-endian, in ONNX layout, one after the other in the
 * order of LAYERS), digits.json (accuracy and settings) and the drawings that the Java test reads.
 * The same seed on the same library gives the same files.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { drawSet } from './draw.mjs';

const SEED = 20240613;
const TRAIN = Number(process.env.TRAIN ?? 70000);
const EPOCHS = Number(process.env.EPOCHS ?? 7);
const BATCH = 64;
const RATE = 0.002;
const SAMPLES = 400;
const SAMPLE_FILE = '../../cli/src/test/resources/digits-drawings.bin.gz';

/** name -> shape as ONNX wants it; Conv weights [out, in, 3, 3], Gemm weights [in, out]. */
const LAYERS = {
  'conv1.weight': [8, 1, 3, 3],
  'conv1.bias': [8],
  'conv2.weight': [16, 8, 3, 3],
  'conv2.bias': [16],
  'conv3.weight': [32, 16, 3, 3],
  'conv3.bias': [32],
  'dense1.weight': [32 * 3 * 3, 64],
  'dense1.bias': [64],
  'dense2.weight': [64, 10],
  'dense2.bias': [10],
};

await tf.setBackend('wasm');
await tf.ready();
console.log(`tfjs ${tf.version.tfjs}, backend ${tf.getBackend()}`);

/**
 * 3x3 convolution with padding 1. x: [b, h, w, c], weight: [3, 3, c, out], result [b, h, w, out].
 *
 * The WebAssembly backend has no filter gradient; both gradients are convolutions again: of the
 * output's gradient with the turned filter, and of the input with the output's gradient as filter.
 */
const conv3x3 = tf.customGrad((x, weight, save) => {
  save([x, weight]);
  return {
    value: tf.conv2d(x, weight, 1, 'same'),
    gradFunc: (dy, [input, filter]) => [
      tf.conv2d(dy, tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]), 1, 'same'),
      tf.transpose(
        tf.conv2d(
          tf.transpose(input, [3, 1, 2, 0]),
          tf.transpose(dy, [1, 2, 0, 3]),
          1,
          [[0, 0], [1, 1], [1, 1], [0, 0]],
        ),
        [1, 2, 0, 3],
      ),
    ],
  };
});

/**
 * 2x2 maximum with stride 2; an odd last row and column are dropped, as ONNX MaxPool does. The
 * gradient (absent from the backend) goes to the elements equal to their maximum.
 */
const pool2x2 = tf.customGrad((x, save) => {
  const y = tf.maxPool(x, 2, 2, 'valid');
  save([x, y]);
  return {
    value: y,
    gradFunc: (dy, [input, output]) => {
      const [h, w] = [input.shape[1], input.shape[2]];
      const grow = (t) =>
        tf.pad(
          tf.image.resizeNearestNeighbor(t, [h - (h % 2), w - (w % 2)]),
          [[0, 0], [0, h % 2], [0, w % 2], [0, 0]],
        );
      return tf.mul(grow(dy), tf.cast(tf.equal(input, grow(output)), 'float32'));
    },
  };
});

const variables = makeVariables();
const parameters = Object.values(variables).reduce((n, v) => n + v.size, 0);

let started = performance.now();
const train = drawSet(TRAIN, SEED + 1, 'train');
const tests = {
  unseenWriters: drawSet(5000, SEED + 2, 'train'),
  heldOutStyles: drawSet(5000, SEED + 3, 'held-out'),
};
console.log(`drew ${TRAIN} + 10000 digits in ${seconds()} s; ${parameters} parameters`);

started = performance.now();
fit();
const accuracy = Object.fromEntries(Object.entries(tests).map(([k, set]) => [k, round(score(set))]));
accuracy.all = round((accuracy.unseenWriters + accuracy.heldOutStyles) / 2);
console.log('test accuracy', accuracy);
save(accuracy);

/** He-initialised variables; convolution weights as [3, 3, in, out]. */
function makeVariables() {
  const out = {};
  let seed = SEED;
  for (const [name, shape] of Object.entries(LAYERS)) {
    const fanIn = shape.length === 4 ? shape[1] * 9 : shape[0];
    const dims = shape.length === 4 ? [3, 3, shape[1], shape[0]] : shape;
    const start =
      shape.length === 1
        ? tf.zeros(dims)
        : tf.randomNormal(dims, 0, Math.sqrt(2 / fanIn), 'float32', seed++);
    out[name] = tf.variable(start, true, name);
  }
  return out;
}

/** images: [b, 28, 28, 1] to logits [b, 10]. */
function forward(images) {
  let x = images;
  for (const name of ['conv1', 'conv2', 'conv3']) {
    x = pool2x2(conv3x3(x, variables[`${name}.weight`]));
    x = tf.relu(tf.add(x, variables[`${name}.bias`]));
  }
  // [b, channel, y, x]: the order in which ONNX flattens.
  x = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], 32 * 3 * 3]);
  x = tf.relu(tf.add(tf.matMul(x, variables['dense1.weight']), variables['dense1.bias']));
  return tf.add(tf.matMul(x, variables['dense2.weight']), variables['dense2.bias']);
}

/** Cross-entropy with labels smoothed by 0.02. */
function loss(images, labels) {
  const target = tf.add(tf.mul(tf.oneHot(labels, 10), 0.98), 0.002);
  const logits = forward(images);
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const logSum = tf.log(tf.sum(tf.exp(shifted), 1, true));
  return tf.mean(tf.neg(tf.sum(tf.mul(target, tf.sub(shifted, logSum)), 1)));
}

function fit() {
  const optimizer = tf.train.adam(RATE);
  const order = Int32Array.from({ length: TRAIN }, (_, i) => i);
  const steps = Math.floor(TRAIN / BATCH), all = steps * EPOCHS;
  let shuffle = SEED, running = 0;
  for (let epoch = 0, step = 0; epoch < EPOCHS; epoch++) {
    for (let i = TRAIN - 1; i > 0; i--) {
      shuffle = (Math.imul(shuffle, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((shuffle / 4294967296) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    for (let s = 0; s < steps; s++, step++) {
      // One warm-up per cent, then a cosine down to nothing.
      const t = step / all;
      optimizer.learningRate =
        RATE * Math.min(1, (t + 1e-4) / 0.01) * 0.5 * (1 + Math.cos(Math.PI * t));
      const { images, labels } = gather(train, order.subarray(s * BATCH, (s + 1) * BATCH));
      const cost = optimizer.minimize(() => loss(images, labels), true);
      running += 0.01 * (cost.dataSync()[0] - running);
      tf.dispose([images, labels, cost]);
      if (step % 100 === 0) {
        console.log(`epoch ${epoch + 1}/${EPOCHS} step ${s} loss ${running.toFixed(4)} ${seconds()} s`);
      }
    }
    console.log(`epoch ${epoch + 1}: test ${score(tests.unseenWriters)} ${score(tests.heldOutStyles)} ${seconds()} s`);
  }
}

function gather(set, rows) {
  const pixels = new Float32Array(rows.length * 784), labels = new Int32Array(rows.length);
  rows.forEach((row, i) => {
    pixels.set(set.images.subarray(row * 784, (row + 1) * 784), i * 784);
    labels[i] = set.labels[row];
  });
  return { images: tf.tensor(pixels, [rows.length, 28, 28, 1]), labels: tf.tensor(labels, [rows.length], 'int32') };
}

/** The share of a set that is recognised. */
function score(set) {
  let right = 0;
  for (let start = 0; start < set.labels.length; start += 500) {
    tf.tidy(() => {
      const end = Math.min(set.labels.length, start + 500);
      const images = tf.tensor(set.images.slice(start * 784, end * 784), [end - start, 28, 28, 1]);
      const logits = forward(images).dataSync();
      for (let i = start; i < end; i++) {
        const row = logits.subarray((i - start) * 10, (i - start + 1) * 10);
        if (row.indexOf(Math.max(...row)) === set.labels[i]) right++;
      }
    });
  }
  return right / set.labels.length;
}

/** A variable's values in the order of its shape in LAYERS. */
function onnxOrder(name) {
  const values = variables[name].dataSync(), shape = LAYERS[name];
  const out = Float32Array.from(values);
  if (shape.length === 4) {
    const [outs, ins] = shape;
    for (let o = 0, to = 0; o < outs; o++) {
      for (let i = 0; i < ins; i++) {
        for (let k = 0; k < 9; k++) out[to++] = values[(k * ins + i) * outs + o];
      }
    }
  }
  return out;
}

function save(accuracy) {
  const weights = Buffer.concat(Object.keys(LAYERS).map((n) => Buffer.from(onnxOrder(n).buffer)));
  fs.writeFileSync('digits.bin', weights);
  const stats = {
    parameters, accuracy, seed: SEED, trainDrawings: TRAIN, testDrawings: 10000, epochs: EPOCHS,
    batch: BATCH, library: `@tensorflow/tfjs ${tf.version.tfjs}`, layers: LAYERS,
  };
  fs.writeFileSync('digits.json', JSON.stringify(stats, null, 2) + '\n');
  // label byte + 784 pixel bytes each, half of the drawings from either test set
  const rows = [];
  for (let i = 0; i < SAMPLES; i++) {
    const set = i % 2 === 0 ? tests.unseenWriters : tests.heldOutStyles, at = i >> 1;
    rows.push(set.labels[at]);
    for (const v of set.images.subarray(at * 784, (at + 1) * 784)) rows.push(Math.round(v * 255));
  }
  fs.mkdirSync('../../cli/src/test/resources', { recursive: true });
  fs.writeFileSync(SAMPLE_FILE, zlib.gzipSync(Buffer.from(rows), { level: 9 }));
  console.log(`wrote digits.bin (${weights.length} bytes)`);
}

function seconds() {
  return ((performance.now() - started) / 1000).toFixed(1);
}

function round(x) {
  return Math.round(x * 10000) / 10000;
}
