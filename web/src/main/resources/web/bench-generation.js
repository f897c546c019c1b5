// Lines of the benchmark of text generation, each for a page of its own: steps and prompts of GPT-2,
// the time of a step outside the kernels, products with 4-bit weights; whole texts are in
// bench-texts.js. Every line is measured by inTurns().
import { TextGenerator, samplingExtension } from '/npm/generate.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { oneNode, writeModel } from '/npm/onnx-writer.js';
import { GPT2, emptyPast, nextPast, pastsOf, textLines } from './bench-texts.js';
import { difference, median, spread } from './bench-times.js';
import { OF_FLOOR, ReadProbe, against, inTurns } from './bench-turns.js';
import { tokenFeeds } from './sample-feeds.js';

const FLOATS = `/models/${GPT2.name}.onnx`;

/** The same with weights of 16 bits. */
const HALVES = `/models/${GPT2.name}-f16.onnx`;

/** Rows that caches of GPT-2 have room for: as many as it has positions, or what a prompt begins with. */
const CAPACITY = 1024;
const PROMPT_CAPACITY = 256;

/** What counts as no overhead. */
const OVERHEAD = 0.03;

/** Both engines' sessions of GPT-2 and what they are fed. */
async function gpt2({ ort, threads }, capacity, file = FLOATS) {
  const mine = await InferenceSession.create(file, { threads, tune: false });
  const peer = await ort();
  const theirs = await peer.InferenceSession.create(file, { executionProviders: ['wasm'] });
  const pasts = pastsOf(mine);
  const feeds = (T, n, past) => tokenFeeds(T, mine.inputNames, n, past);
  const cache = await mine.createCache({ capacity });
  return {
    mine, cache, empty: emptyPast(peer.Tensor, pasts),
    /** A run of nnJIT behind so many rows of the cache, and its milliseconds. */
    async own(n, past) {
      await cache.truncate(past);
      const given = feeds(Tensor, n, past);
      const start = performance.now();
      const outputs = await mine.run(given, { cache });
      return { outputs, ms: performance.now() - start };
    },
    /** A run of the peer with these keys and values, and its milliseconds. */
    async other(n, past, rows) {
      const given = { ...feeds(peer.Tensor, n, past), ...rows };
      const start = performance.now();
      const outputs = await theirs.run(given);
      return { outputs, ms: performance.now() - start };
    },
    /** A run's keys and values as the next one's past. */
    rows: (outputs) => nextPast(pasts, outputs),
  };
}

async function decode(past, how, file = FLOATS) {
  const g = await gpt2(how, CAPACITY, file);
  const reads = await ReadProbe.create(how.threads);
  if (past) await g.own(past, 0);
  const rows = g.rows((await g.other(past, 0, g.empty)).outputs);
  const error = difference((await g.own(1, past)).outputs.logits.data, (await g.other(1, past, rows)).outputs.logits.data);
  const { times: [mine, theirs], readGbs } = await inTurns(
    [async () => [(await g.own(1, past)).ms], async () => [(await g.other(1, past, rows)).ms]], { ...how, reads });
  const bytes = GPT2.bytes / (file === HALVES ? 2 : 1) + past * GPT2.rowBytes;
  const ofFloor = median(mine.map(([ms], i) => bytes / ms / 1e6 / readGbs[i]));
  return [{
    ...against('onnxruntime-web', mine, theirs), tokens: 1, wanted: 1.3, agreement: `error ${error.toExponential(1)}`,
    readGbs: median(readGbs), ofFloor, ofFloorWanted: OF_FLOOR,
  }];
}

async function prefill(n, how) {
  const g = await gpt2(how, PROMPT_CAPACITY);
  const error = difference((await g.own(n, 0)).outputs.logits.data, (await g.other(n, 0, g.empty)).outputs.logits.data);
  const { times } = await inTurns([async () => [(await g.own(n, 0)).ms], async () => [(await g.other(n, 0, g.empty)).ms]], how);
  return [{ ...against('onnxruntime-web', ...times), tokens: n, wanted: 1.75, agreement: `error ${error.toExponential(1)}` }];
}

/**
 * What a step takes for its caller and what of it the plan's functions take, in which there is nothing
 * but kernels and their barriers: of a session's run, and between two tokens of generate().
 */
async function outside({ threads, rounds, warmUp, log }) {
  const session = await InferenceSession.create(FLOATS, { threads, tune: false, extension: samplingExtension() });
  const g = await TextGenerator.create({ decoder: session, config: GPT2.config, warmUp: false, guess: false });
  const prompt = Array.from({ length: 64 }, (_, i) => 4 + (i * 7919) % 900);
  const steps = [];
  /** A text of a few tokens; of its last step both times are known. */
  const text = async () => {
    let last = 0;
    let ms = 0;
    const onToken = () => {
      const now = performance.now();
      ms = now - last;
      last = now;
    };
    await g.generate(prompt, { maxNewTokens: 8, eosTokenId: null, onToken });
    const { runs } = await session.stats();
    return { ms, inside: runs.lastMs };
  };
  await log('warming up');
  for (let end = performance.now() + warmUp; performance.now() < end;) await text();
  for (let i = 0; i < 3 * rounds; i++) {
    await log(`text ${i + 1} of ${3 * rounds}`);
    steps.push(await text());
  }
  const { plan } = await session.stats();
  const hostCalls = plan.commands.filter((c) => c.kernel === 'host').length;
  await g.release();
  if (hostCalls) throw new Error(`${hostCalls} commands of a step are no kernels`);
  const ms = steps.map((s) => s.ms);
  return [{
    nnjitMs: median(ms), nnjitSpread: spread(ms), tokens: 1,
    insideMs: median(steps.map((s) => s.inside)), outside: median(steps.map((s) => 1 - s.inside / s.ms)), outsideWanted: OVERHEAD,
  }];
}

const K = 4096;
const N = 4096;
const BLOCK = 32;

/** Numbers that look random, the same every time. */
function noise(array, of) {
  let state = 1;
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = of(state >>> 8);
  }
  return array;
}

/** A product of one row with 4-bit weights, against the peer's and against nnJIT's own of floats. */
async function fourBits(level, how) {
  const { ort, threads } = how;
  const weights = [
    { name: 'codes', type: 'uint8', dims: [N, K / BLOCK, BLOCK / 2], data: noise(new Uint8Array((N * K) / 2), (v) => v & 255) },
    { name: 'scales', dims: [(N * K) / BLOCK], data: noise(new Float32Array((N * K) / BLOCK), (v) => (0.5 + v / 2 ** 24) / 300) },
  ];
  const node = {
    op: 'MatMulNBits', domain: 'com.microsoft', inputs: ['x', 'codes', 'scales'], outputs: ['y'],
    attributes: { K, N, bits: 4, block_size: BLOCK, accuracy_level: level },
  };
  const model = writeModel([node], [{ name: 'x', dims: [1, K] }], [{ name: 'y', dims: [1, N] }], weights);
  const floats = oneNode('MatMul', [{ name: 'x', dims: [1, K] },
    { name: 'w', dims: [K, N], data: noise(new Float32Array(K * N), (v) => v / 2 ** 24 - 0.5) }], { name: 'y', dims: [1, N] });
  const x = noise(new Float32Array(K), (v) => v / 2 ** 24 - 0.5);
  const peer = await ort();
  const sessions = [
    await InferenceSession.create(model, { threads, tune: false }),
    await peer.InferenceSession.create(model, { executionProviders: ['wasm'] }),
    await InferenceSession.create(floats, { threads, tune: false }),
  ];
  const feeds = [Tensor, peer.Tensor, Tensor].map((T) => ({ x: new T('float32', x, [1, K]) }));
  const [mine, theirs] = [(await sessions[0].run(feeds[0])).y.data, (await sessions[1].run(feeds[1])).y.data];
  // Level 4 lets an engine round the row to 8 bits, or not.
  const error = difference(mine, theirs, level === 4 ? 2e-2 : 1e-4);
  const { times } = await inTurns(sessions.map((s, i) => async () => {
    const start = performance.now();
    await s.run(feeds[i]);
    return [performance.now() - start];
  }), how);
  const own = against('nnJIT f32', times[0], times[2]);
  return [{
    ...against('onnxruntime-web', times[0], times[1]), wanted: 20, agreement: `error ${error.toExponential(1)}`,
    floatMs: own.peerMs, ofFloats: own.ratio, ofFloatsWanted: 2.5,
  }];
}

const LINES = {
  'gpt2 decode, past 64': (how) => decode(64, how),
  'gpt2 decode, past 512': (how) => decode(512, how),
  'gpt2 16-bit weights decode, past 64': (how) => decode(64, how, HALVES),
  'gpt2 prefill 128': (how) => prefill(128, how),
  'gpt2 step outside kernels': outside,
  'MatMulNBits 1x4096x4096': (how) => fourBits(0, how),
  'MatMulNBits 1x4096x4096 level 4': (how) => fourBits(4, how),
  ...textLines,
};

/**
 * Measures one line.
 * @param {string} name of the line
 * @param {{ort: function(): Promise<object>, threads: number, rounds: number, warmUp: number,
 *   log: function(string)}} how `ort` loads onnxruntime-web
 * @returns {Promise<object[]>} rows of the report: times in milliseconds for so many `tokens`, medians
 *   of the turns; `wanted` is the ratio aimed at
 */
export async function generationLine(name, how) {
  const log = (text) => how.log(`${name}, ${how.threads} threads: ${text}`);
  const rows = await LINES[name]({ ...how, log });
  return rows.map((r) => ({ work: name, threads: how.threads, ...r }));
}
