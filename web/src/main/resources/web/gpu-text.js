// Text generation on WebGPU: whole models against the tokens of ONNX Runtime, caches that stay on the
// GPU and what becomes of them when it goes. The job is JSON:
// {models: as of generation.js, cycles, threads}
import { broken, rejects, wait } from './fault-cases.js';
import { gpuBytes, loseDevices, refuseKernels } from './fault-hooks.js';
import { cacheCases } from './generation-caches.js';
import { tokenFeeds } from './sample-feeds.js';
import { TextGenerator, samplingExtension } from '/npm/generate.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const job = await (await fetch(query.get('job'))).json();
const options = { threads: job.threads, tune: false, executionProviders: ['webgpu'] };
const wasm = { ...options, executionProviders: ['wasm'] };
const gpt2 = job.models.find((m) => m.name === 'gpt2');

const same = (got, wanted, what) => {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
  }
};

/** A session for text that counts its caches, and the bytes that its runs with them return. */
async function counted(model) {
  const session = await InferenceSession.create(model, { ...options, extension: samplingExtension() });
  session.counts = { caches: 0, runs: 0, bytes: 0 };
  session.createCache = async function createCache(how) {
    const cache = await InferenceSession.prototype.createCache.call(this, how);
    this.counts.caches++;
    return cache;
  };
  session.run = async function run(feeds, how) {
    const outputs = await InferenceSession.prototype.run.call(this, feeds, how);
    if (how?.cache) {
      this.counts.runs++;
      for (const t of Object.values(outputs)) this.counts.bytes += t.data.byteLength;
    }
    return outputs;
  };
  return session;
}

async function greedy(model) {
  const last = model.parts.decoderWithPast ? 'decoderWithPast' : 'decoder';
  const session = await counted(model.parts[last]);
  const g = await TextGenerator.create({ ...model.parts, [last]: session, config: model.config, warmUp: false, options });
  try {
    for (const { prompt, repetitionPenalty, tokens } of model.runs) {
      const made = await g.generate(prompt, { maxNewTokens: tokens.length, eosTokenId: null, repetitionPenalty });
      same(made.tokens, tokens, `tokens after ${prompt}`);
    }
    const { device, plan } = await session.stats();
    same(device.provider, 'webgpu', 'provider');
    const { caches, runs, bytes } = session.counts;
    same(caches, model.runs.length, 'caches that stay');
    if (!(bytes / runs <= 64)) throw new Error(`a step reads back ${bytes / runs} bytes`);
    return `${runs} steps, ${bytes / runs} bytes each; ${plan.gpuCommands} commands on the GPU, ${plan.slices} slices that copy ${plan.copiedBytes} bytes`;
  } finally {
    await g.release();
  }
}

/** Ways to choose tokens that are not the largest logit, as in WebAssembly with the same seed. */
async function chosen() {
  const slices = [];
  const make = async (how) => {
    const session = await InferenceSession.create(gpt2.parts.decoder, { ...how, extension: samplingExtension() });
    const g = await TextGenerator.create({ decoder: session, config: gpt2.config });
    const texts = [];
    for (const choice of [{ topK: 5, seed: 3 }, { topK: 0, seed: 4, temperature: 0.7 }, { topK: 0, topP: 0.8, seed: 5 }, { numBeams: 3 }, { repetitionPenalty: 1.5 }]) {
      texts.push((await g.generate([3, 7, 11], { ...choice, maxNewTokens: 12, eosTokenId: null })).tokens);
      slices.push(`${JSON.stringify(choice)}: ${(await session.stats()).plan.slices ?? 'none'}`);
    }
    await g.release();
    return texts;
  };
  same(await make(options), await make(wasm), 'tokens');
  return `slices: ${slices.slice(0, slices.length / 2).join(', ')}`;
}

async function withSession(fault, more, action) {
  const session = await broken(fault, gpt2.parts.decoder, { ...options, ...more });
  try {
    return await action(session);
  } finally {
    await session.release();
  }
}

const step = (session, cache) => session.run(tokenFeeds(Tensor, session.inputNames, 1, cache.length, 1000), { cache });

/** The logits of so many steps in WebAssembly. */
async function wanted(steps) {
  const session = await InferenceSession.create(gpt2.parts.decoder, wasm);
  const cache = await session.createCache({ capacity: 16 });
  const logits = [];
  for (let i = 0; i < steps; i++) logits.push((await step(session, cache)).logits.data);
  await session.release();
  return logits;
}

function near({ logits: { data } }, expected, what) {
  const largest = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const worst = data.reduce((m, v, i) => (Math.abs(v - expected[i]) <= m ? m : Math.abs(v - expected[i])), 0);
  if (!(worst <= 1e-4 * largest)) throw new Error(`${what}: logits differ by ${worst}, the largest is ${largest}`);
}

/** Caches come and go, and grow: nothing stays on the GPU. */
const manyCaches = () => withSession('engine:gpu-bytes', {}, async (session) => {
  const used = async (steps) => {
    const cache = await session.createCache({ capacity: 16 });
    for (let i = 0; i < steps; i++) await step(session, cache);
    await cache.release();
  };
  for (const steps of [2, 20, 2]) await used(steps);
  const before = await gpuBytes();
  for (let i = 0; i < job.cycles; i++) await used(2);
  await used(20);
  await used(2);
  same(await gpuBytes() - before, 0, `bytes of GPU memory left after ${job.cycles} caches`);
  const held = await Promise.all([1, 2, 3].map(() => session.createCache({ capacity: 16 })));
  for (const cache of held) await step(session, cache);
  const more = await gpuBytes() - before;
  if (!(more > 0)) throw new Error('three caches take no GPU memory: the count is wrong');
  return `${before} bytes of GPU memory, ${more / 3} more for a cache`;
});

/** The rows of a cache are lost with the device; the session is not. */
const lostCaches = () => withSession('engine:gpu-lost', {}, async (session) => {
  const logits = await wanted(3);
  const cache = await session.createCache({ capacity: 16 });
  const fresh = await session.createCache({ capacity: 16 });
  near(await step(session, cache), logits[0], 'first');
  loseDevices();
  await wait(200);
  const { message } = await rejects(step(session, cache), 'rows of this cache went with the GPU device');
  near(await step(session, fresh), logits[0], 'of a cache that was empty');
  near(await step(session, fresh), logits[1], 'and its second');
  await cache.truncate(0);
  near(await step(session, cache), logits[0], 'begun again');
  await cache.release();
  return message;
});

/** A session that goes to WebAssembly takes the rows of its caches along. */
const leftCaches = () => withSession('engine:gpu-code-told', { executionProviders: ['webgpu', 'wasm'] }, async (session) => {
  const logits = await wanted(20);
  const cache = await session.createCache({ capacity: 16 });
  const fresh = await session.createCache({ capacity: 32 });
  const released = await session.createCache({ capacity: 16 });
  await step(session, released);
  await released.release();
  for (let i = 0; i < 15; i++) near(await step(session, cache), logits[i], `step ${i}`);
  refuseKernels();
  await wait(50);
  for (let i = 15; i < 20; i++) near(await step(session, cache), logits[i], `step ${i}`);
  near(await step(session, fresh), logits[0], 'of a cache that was empty');
  await rejects(step(session, released), 'released');
  const { device } = await session.stats();
  same(device.provider, 'wasm', 'provider');
  return device.notes.join('; ');
});

/** A cache begins with tensors that are on the GPU, and so are the logits of its runs. */
async function keptOutputs() {
  const session = await InferenceSession.create(gpt2.parts.decoder, { ...options, preferredOutputLocation: 'gpu-buffer' });
  try {
    const logits = await wanted(5);
    const pasts = session.inputMetadata.filter(({ name }) => name.startsWith('past'));
    const empty = Object.fromEntries(pasts.map(({ name, type, shape }) => [name, new Tensor(type, [], [1, shape[1], 0, shape[3]])]));
    const made = await session.run({ ...tokenFeeds(Tensor, session.inputNames, 3, 0, 1000), ...empty });
    const past = Object.fromEntries(pasts.map(({ name }) => [name, made[name.replace('past_key_values', 'present')]]));
    const cache = await session.createCache({ capacity: 16, past });
    Object.values(made).forEach((t) => t.dispose());
    for (let i = 3; i < 5; i++) {
      const { logits: kept } = await step(session, cache);
      same(kept.location, 'gpu-buffer', 'location');
      near({ logits: { data: await kept.getData(true) } }, logits[i], `step ${i}`);
    }
  } finally {
    await session.release();
  }
}

/** Tuning, which runs kernels on what the last run left, does not touch the rows of caches. */
const tunedMeanwhile = () => withSession('engine:gpu-bytes', {}, async (session) => {
  const logits = await wanted(4);
  const cache = await session.createCache({ capacity: 16 });
  for (let i = 0; i < 4; i++) {
    near(await step(session, cache), logits[i], `step ${i}`);
    same((await session.tune({ budgetMs: 300 })).state, 'plans with caches are not tuned on WebGPU', 'state');
  }
});

const cases = {};
for (const model of job.models) {
  cases[`greedy text of ${model.name}`] = () => greedy(model);
  if (!model.parts.encoder) Object.assign(cases, cacheCases(model.name, model.parts.decoder, options, rejects, wasm));
}
Object.assign(cases, {
  'tokens chosen otherwise': chosen,
  'caches come and go': manyCaches,
  'caches and outputs that stay': keptOutputs,
  'caches and a lost device': lostCaches,
  'caches and tuning': tunedMeanwhile,
  'caches of a session that leaves the GPU': leftCaches,
});

const results = [];
for (const [name, run] of Object.entries(cases)) {
  if (job.only && !name.includes(job.only)) continue;
  const start = performance.now();
  const outcome = await run().then((message = '') => ({ status: 'passed', message }), (e) => ({ status: 'wrong', message: String(e?.message ?? e) }));
  results.push({ name, ...outcome, message: `${outcome.message} (${Math.round(performance.now() - start)} ms)` });
  document.querySelector('#log').textContent = `${results.length} of ${Object.keys(cases).length}: ${name}`;
}
await fetch(`/report/${query.get('report')}`, { method: 'POST', body: JSON.stringify({ results, userAgent: navigator.userAgent }) });
