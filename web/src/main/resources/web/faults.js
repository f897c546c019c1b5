// What goes wrong must say so, and the page must go on working. Each case makes one fault and looks
// at the error; after it a good model answers as ONNX Runtime does. The job is JSON:
// {good: a case as in suite.js, large: {name, model, sets}, threads, relative, cycles}
import { broken, checkProduct, feed, floats, living, matmul, rejects, runCases, wait } from './fault-cases.js';
import { workers } from './fault-hooks.js';
import { runSet, readFeeds } from './suite-case.js';
import { writeModel, oneNode } from '/npm/onnx-writer.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const post = (kind, value) => fetch(`/${kind}/${id}`, { method: 'POST', body: JSON.stringify(value) });
const job = await (await fetch(query.get('job'))).json();
const { threads } = job;

/** A worker's end must be known within this many milliseconds. */
const NOTICED_MS = 1500;

/** No task may hold the page's thread longer, in milliseconds. */
const LONGEST_TASK_MS = 50;

/** The numbers of a good model's file. */
const goodBytes = new Uint8Array(await (await fetch(job.good.model)).arrayBuffer());

function numbers(n, seed) {
  let x = seed;
  return Uint8Array.from({ length: n }, () => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) >>> 24);
}

/** The model cannot be loaded, or not run when there are feeds. */
const refused = (model, texts, feeds) => async () => {
  let session;
  const use = async () => {
    session = await InferenceSession.create(model, { threads });
    await session.run(feeds ?? {});
  };
  try {
    const error = await rejects(use(), ...texts);
    if (error.user !== true) throw new Error(`this is not told as the model's fault: ${error.message}`);
    return error.message;
  } finally {
    await session?.release();
  }
};

const one = [{ name: 'x', dims: [2, 3] }];
const out = [{ name: 'y', dims: [2, 3] }];
const node = (op, more = {}) => ({ op, name: 'layer1/op', inputs: ['x'], outputs: ['y'], ...more });
const outside = [{ name: 'w', dims: [3, 3], file: 'missing.bin' }];
const withFile = writeModel([node('MatMul', { inputs: ['x', 'w'] })], one, out, outside);
const some = feed(2, 3);

const models = {
  'empty model': refused(new Uint8Array(0), ['empty (0 bytes)']),
  'truncated model': refused(goodBytes.slice(0, goodBytes.length >> 1), ['not a valid ONNX model', 'at byte']),
  'random model': refused(numbers(4096, 7), ['not a valid ONNX model']),
  'length beyond the file': refused(new Uint8Array([8, 8, 58, 255, 255, 255, 255, 255, 127, 1, 2, 3]), ['not a valid ONNX model', 'at byte']),
  'web page for a model': refused('/web/faults.html', ['HTML']),
  'no such address': refused('/web/no-such-model.onnx', ['no-such-model.onnx', '404']),
  'not a model at all': refused({ some: 'object' }, ['must be an address']),
  'cyclic model': refused(writeModel([node('Add', { name: 'first', inputs: ['x', 'b'], outputs: ['a'] }),
    node('Relu', { name: 'second', inputs: ['a'], outputs: ['b'] })], one, [{ name: 'b', dims: [2, 3] }]), ['cycle', 'first', 'second']),
  'value that nothing makes': refused(writeModel([node('Add', { inputs: ['x', 'ghost'] })], one, out), ["'layer1/op'", "'ghost'"]),
  'unknown operator': refused(writeModel([node('Frobnicate')], one, out), ['Frobnicate', "'layer1/op'", 'opset 17'], some),
  'opset too new': refused(writeModel([node('Relu')], one, out, [], 99), ['opset 99']),
  'opset too old': refused(writeModel([node('Relu')], one, out, [], 1), ['opset 1,']),
  'shapes that do not fit': refused(writeModel([node('MatMul', { inputs: ['x', 'x'] })], one, out), ["MatMul 'layer1/op'", '[2,3]'], some),
  'weights in a file that was not given': refused(withFile, ['missing.bin', 'externalData']),
  'more memory than WebAssembly has': refused(oneNode('MatMul', [{ name: 'x', dims: [40000, 1] }, { name: 'w', dims: [1, 40000], data: floats(40000) }],
    { name: 'y', dims: [40000, 40000] }), ['MatMul', 'MiB'], feed(40000, 1)),
};

/** Wrong feeds, which leave their session as it was. */
async function feeds() {
  const session = await InferenceSession.create(matmul(4, 8, 16), { threads });
  try {
    const cases = [
      [{ z: feed(4, 8).x }, "'z'", 'inputs are', 'x'],
      [{}, "'x'", 'missing', 'float32'],
      [{ x: new Tensor('int64', new BigInt64Array(32), [4, 8]) }, "'x'", 'got int64', 'wanted float32'],
      [feed(4, 9), "'x'", 'got shape [4,9]', '[4,8]'],
      [{ x: new Tensor('float32', floats(32), [32]) }, "'x'", 'got shape [32]', '[4,8]'],
      [{ x: [1, 2, 3] }, "'x'", 'not a Tensor'],
      [{ ...feed(4, 8), extra: feed(4, 8).x }, "'extra'"],
    ];
    const messages = [];
    for (const [wrong, ...texts] of cases) {
      messages.push((await rejects(session.run(wrong), ...texts)).message);
      checkProduct((await session.run(feed(4, 8))).y, 4, 8, 16);
    }
    return messages.join(' | ');
  } finally {
    await session.release();
  }
}

/** Rows that the feeds choose; after some runs the page runs so small a plan itself. */
async function indices() {
  const bytes = writeModel([node('Gather', { inputs: ['x', 'i'] })], [{ name: 'x', dims: [5, 2] }, { name: 'i', type: 'int64', dims: [3] }],
    [{ name: 'y', dims: [3, 2] }]);
  const session = await InferenceSession.create(bytes, { threads });
  const rows = (...i) => ({ x: new Tensor('float32', floats(10), [5, 2]), i: new Tensor('int64', BigInt64Array.from(i, BigInt), [3]) });
  try {
    const messages = [];
    for (let run = 0; run < 8; run++) {
      const { y } = await session.run(rows(4, 0, -5));
      const wanted = [8, 9, 0, 1, 0, 1].map((i) => Math.fround(Math.sin(i)));
      if (wanted.some((w, i) => w !== y.data[i])) throw new Error(`y is ${y.data}, wanted ${wanted}`);
      const bad = [5, -6, 2 ** 32][run % 3];
      messages.push((await rejects(session.run(rows(1, bad, 2)), "Gather 'layer1/op'", 'wanted -5 to 4', `: ${bad}`)).message);
    }
    return messages.slice(0, 3).join(' | ');
  } finally {
    await session.release();
  }
}

/** Memory does not grow for one shape; the session goes on with a smaller one. */
async function memory() {
  const bytes = oneNode('MatMul', [{ name: 'x', dims: ['rows', 64] }, { name: 'w', dims: [64, 64], data: floats(4096) }], { name: 'y', dims: ['rows', 64] });
  const session = await broken('engine:memory', bytes, { threads });
  try {
    const { message } = await rejects(session.run(feed(1 << 18, 64)), 'out of memory', 'MiB');
    checkProduct((await session.run(feed(8, 64))).y, 8, 64, 64);
    return message;
  } finally {
    await session.release();
  }
}

/**
 * Small runs that the page does itself, first alone, then with the threads that come, give the same
 * numbers; other feeds in between show that each run reads its own.
 */
async function shared() {
  const ops = [['MatMul', 'x', 'w', 'y'], ['Relu', 'y', 'z'], ['MatMul', 'z', 'v', 'u']];
  const nodes = ops.map(([op, ...names]) => ({ op, inputs: names.slice(0, -1), outputs: names.slice(-1) }));
  const bytes = writeModel(nodes, [{ name: 'x', dims: [1, 512] }], [{ name: 'u', dims: [1, 1024] }], [
    { name: 'w', dims: [512, 768], data: floats(512 * 768) }, { name: 'v', dims: [768, 1024], data: floats(768 * 1024) }]);
  const session = await InferenceSession.create(bytes, { threads, tune: false });
  try {
    const given = [1, -2, 3].map((f) => ({ x: new Tensor('float32', floats(512).map((v) => v * f), [1, 512]) }));
    const wanted = [];
    for (let i = 0; i < 900; i++) {
      const { u } = await session.run(given[i % 3]);
      wanted[i % 3] ??= u.data;
      if (u.data.some((v, j) => v !== wanted[i % 3][j])) throw new Error(`run ${i} differs from the first with its feeds`);
    }
    const { count } = (await session.stats()).runs;
    if (crossOriginIsolated && count > 800) throw new Error(`${count} of 900 runs were done in the worker`);
    return `${900 - count} runs in the page`;
  } finally {
    await session.release();
  }
}

/** A session whose worker has ended failed in time, says so ever after, and can be released. */
async function dead(session, error, ms) {
  if (ms > NOTICED_MS) throw new Error(`noticed after ${ms.toFixed(0)} ms only: ${error.message}`);
  await rejects(session.run(feed(512, 512)), error.message);
  await session.release();
  return `after ${ms.toFixed(0)} ms: ${error.message}`;
}

/** A fault in the third run of a model that all threads share. */
const dies = (fault, ...texts) => async () => {
  const session = await broken(fault, matmul(512, 512, 512), { threads });
  for (let i = 0; i < 2; i++) checkProduct((await session.run(feed(512, 512))).y, 512, 512, 512);
  const start = performance.now();
  const error = await rejects(Promise.race([session.run(feed(512, 512)), wait(20000)]), ...texts);
  return dead(session, error, performance.now() - start);
};

/** The engine's worker is ended from outside while it runs. */
async function ended() {
  const session = await broken('', matmul(512, 512, 512), { threads });
  const worker = workers.at(-1);
  await session.run(feed(512, 512));
  const running = session.measure(feed(512, 512), 1, 30000);
  running.catch(() => {});
  await wait(300);
  const start = performance.now();
  worker.terminate();
  const error = await rejects(Promise.race([running, wait(20000)]), "nnJIT's worker stopped");
  return dead(session, error, performance.now() - start);
}

/** Sessions come and go: neither workers nor memory may pile up. */
async function cycles() {
  const bytes = matmul(16, 1024, 2048);
  const cycle = async () => {
    const session = await InferenceSession.create(bytes, { threads });
    checkProduct((await session.run(feed(16, 1024))).y, 16, 1024, 2048);
    await session.release();
  };
  const measure = async (mark) => {
    await wait(500);
    await post('progress', { mark });
    return performance.measureUserAgentSpecificMemory ? (await performance.measureUserAgentSpecificMemory()).bytes : NaN;
  };
  for (let i = 0; i < 10; i++) await cycle();
  const before = await measure('before');
  const alive = await living();
  for (let i = 0; i < job.cycles; i++) await cycle();
  const grown = (await measure('after')) - before;
  const left = (await living()) - alive;
  if (left > 0) throw new Error(`${left} workers are left over`);
  // One cycle holds the file, the weights and the activations: 16 MiB at least.
  if (grown > 16 << 20) throw new Error(`memory grew by ${(grown / 1e6).toFixed(1)} MB in ${job.cycles} cycles`);
  return `${alive} workers live, memory grew by ${(grown / 1e6).toFixed(1)} MB`;
}

/** The page's thread stays free while a large model is loaded and run. */
async function tasks() {
  const long = [];
  const watched = PerformanceObserver.supportedEntryTypes.includes('longtask');
  const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration)));
  if (watched) observer.observe({ type: 'longtask' });
  const session = await InferenceSession.create(job.large.model, { threads });
  const { text } = await runSet(session, job.large.sets[0], job);
  if (text) throw new Error(text);
  const given = await readFeeds(session, job.large.sets[0]);
  for (let i = 0; i < 5; i++) await session.run(given);
  await session.release();
  await wait(200);
  observer.disconnect();
  if (!watched) return 'this browser does not tell long tasks';
  const longest = Math.max(0, ...long);
  if (longest > LONGEST_TASK_MS) throw new Error(`a task held the page for ${longest.toFixed(0)} ms`);
  return longest ? `longest task ${longest} ms` : 'no task of 50 ms or more';
}

const cases = Object.entries({
  ...models,
  'wrong feeds': feeds,
  'indices out of bounds': indices,
  'memory does not grow': memory,
  'engine worker is ended in a run': ended,
  'kernel traps in the engine worker': dies('engine:trap', 'a kernel failed', 'unreachable'),
  ...(threads > 1 && {
    'thread ends in a run': dies('thread:close', 'a thread of nnJIT stopped', 'ended'),
    'kernel traps in a thread': dies('thread:trap', 'a thread of nnJIT stopped', 'unreachable'),
  }),
  'small runs in the page': shared,
  'sessions come and go': cycles,
  'page stays free': tasks,
});

const results = await runCases(cases, job, { threads });
await post('report', { results, userAgent: navigator.userAgent });
