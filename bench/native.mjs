// Native ONNX Runtime on a model, as a far reference: node native.mjs MODEL THREADS LENGTH ROUNDS
import ort from 'onnxruntime-node';

const [, , path, threads, length, rounds] = process.argv;
const session = await ort.InferenceSession.create(path, { intraOpNumThreads: Number(threads) });
const feeds = {};
for (const { name, type, shape } of session.inputMetadata) {
  const dims = shape.map((d) => (typeof d === 'number' ? d : /batch/i.test(d) ? 1 : Number(length)));
  const n = dims.reduce((a, b) => a * b, 1);
  feeds[name] = type === 'int64'
    ? new ort.Tensor('int64', BigInt64Array.from({ length: n }, (_, k) => (/mask/.test(name) ? 1n : BigInt(4 + ((k * 7919) % 5000)))), dims)
    : new ort.Tensor('float32', Float32Array.from({ length: n }, (_, k) => Math.sin(k)), dims);
}
const end = performance.now() + 3000;
while (performance.now() < end) await session.run(feeds);
const times = [];
for (let i = 0; i < Number(rounds); i++) {
  const start = performance.now();
  await session.run(feeds);
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({ ms: times[times.length >> 1], version: ort.env.versions?.node ?? '', inputs: session.inputMetadata }));
