// Tuning must never change an answer: while it goes on, after it, on the next visit, and when
// kernels on trial are broken. The job is JSON: {good: a case as in suite.js, threads, relative}
import { breakNext } from './fault-hooks.js';
import { sampleFeeds } from './sample-feeds.js';
import { readFeeds, runSet } from './suite-case.js';
import { keep } from '/npm/storage.js';
import { InferenceSession, Tensor, probeDevice } from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const log = document.querySelector('#log');
const post = (kind, value) => fetch(`/${kind}/${id}`, { method: 'POST', body: JSON.stringify(value) });
const job = await (await fetch(query.get('job'))).json();
const { threads } = job;
const BUDGET_MS = 6000;

const create = (options) => InferenceSession.create(job.good.model, { threads, ...options });

async function right(session) {
  for (const set of job.good.sets) {
    const { text } = await runSet(session, set, job);
    if (text) throw new Error(text);
  }
}

/** Runs while the promise is pending; how many, and the longest in milliseconds. */
async function runBeside(session, promise) {
  let pending = true;
  promise.finally(() => { pending = false; });
  let runs = 0;
  let longest = 0;
  while (pending) {
    const start = performance.now();
    await right(session);
    longest = Math.max(longest, performance.now() - start);
    runs++;
  }
  return `${runs} runs beside, the longest ${longest.toFixed(0)} ms`;
}

async function foreground() {
  const session = await create({ tune: false });
  try {
    await right(session);
    const tuning = session.tune({ budgetMs: BUDGET_MS });
    const beside = await runBeside(session, tuning);
    const { state, tried, speedup } = await tuning;
    if (tried === 0) throw new Error('nothing was tried');
    await right(session);
    const { text } = { text: await session.tuningLog() };
    if (!text.includes('worth trying')) throw new Error(`the log says nothing of the space: ${text}`);
    return `${state}, ${tried} schedules, ${speedup.toFixed(2)} times as fast; ${beside}`;
  } finally {
    await session.release();
  }
}

async function background() {
  const session = await create({ tune: { budgetMs: BUDGET_MS, share: 0.5, afterMs: 0 } });
  try {
    await right(session);
    const start = performance.now();
    for (;;) {
      await right(session);
      const { tuning } = await session.stats();
      if (!['not started', 'running'].includes(tuning.state)) {
        if (tuning.state.startsWith('failed')) throw new Error(tuning.state);
        await right(session);
        return `${tuning.state} after ${(performance.now() - start).toFixed(0)} ms, ${tuning.tried} schedules`;
      }
      if (performance.now() - start > 5 * BUDGET_MS) throw new Error('tuning does not end');
      await new Promise((done) => { setTimeout(done, 20); });
    }
  } finally {
    await session.release();
  }
}

async function secondVisit() {
  const session = await create({});
  try {
    await right(session);
    const { tuning } = await session.stats();
    if (!(tuning.stored > 0)) throw new Error('no schedules were kept');
    return `${tuning.stored} schedules were kept`;
  } finally {
    await session.release();
  }
}

async function brokenCandidates() {
  const holder = await create({ tune: false });
  breakNext('engine:idle');
  const session = await create({ tune: false });
  await holder.release();
  try {
    await right(session);
    await session.tune({ budgetMs: BUDGET_MS });
    await right(session);
    const text = await session.tuningLog();
    const lines = text.split('\n').filter((line) => line.includes('not used'));
    if (lines.length === 0) throw new Error(`no candidate was refused: ${text}`);
    return `${lines.length} broken candidates refused`;
  } finally {
    await session.release();
  }
}

/** Compiling again for the clock leaves everything as it was. */
async function compiledAgain() {
  const session = await create({ tune: false });
  try {
    await right(session);
    const before = await session.stats();
    const feeds = await readFeeds(session, job.good.sets[0]);
    const times = await session.compileTimes(feeds, { repeats: 5, warmUpMs: 300 });
    const after = await session.stats();
    const names = before.plan.kernels.map((k) => k.name).join();
    if (times.map((k) => k.name).join() !== names) throw new Error(`times of ${times.map((k) => k.name)}, wanted ${names}`);
    const wrong = times.find((k) => k.ms.length !== 5 || !k.ms.every((ms) => ms >= 0));
    if (wrong) throw new Error(`${wrong.name} took ${wrong.ms} ms`);
    const rounds = [0, 1, 2, 3, 4].map((i) => times.reduce((sum, k) => sum + k.ms[i], 0));
    if (!rounds.every((ms) => ms > 0)) throw new Error(`all kernels took ${rounds} ms`);
    if (after.memoryBytes !== before.memoryBytes) throw new Error(`memory grew from ${before.memoryBytes} to ${after.memoryBytes} bytes`);
    if (after.plan.kernels.map((k) => k.name).join() !== names) throw new Error('the plan is another');
    await right(session);
    return `${times.length} kernels in ${Math.min(...rounds).toFixed(2)} ms, ${before.plan.kernels.reduce((sum, k) => sum + k.ms, 0).toFixed(2)} at first`;
  } finally {
    await session.release();
  }
}

/** Requests with new shapes need a plan of their own: none waits for ever for tuning, nor tuning for it. */
async function newShapesBeside() {
  const session = await create({ tune: false });
  try {
    await right(session);
    let pending = true;
    const tuning = session.tune({ budgetMs: 500 }).finally(() => { pending = false; });
    let length = 1;
    while (pending && length < 100) await session.run(sampleFeeds(Tensor, session.inputMetadata, length++));
    await tuning;
    await session.trial((await session.stats()).plan.kernels[0].name, (await session.stats()).plan.kernels[0].schedule);
    await right(session);
    return `${length - 1} plans beside`;
  } finally {
    await session.release();
  }
}

/** A thread that was measured to add nothing stays idle, unless the page asks for it. */
async function uselessThreads() {
  const measured = await probeDevice({ threads: 2, fresh: true });
  if (measured.scaling.length < 2) return 'one thread only';
  const [{ gflops }] = measured.scaling;
  const poor = {
    ...measured, scaling: [{ threads: 1, gflops }, { threads: 2, gflops }],
    readings: measured.readings.replace(/^scaling.*$/m, `scaling ${gflops} ${gflops}`),
    profile: { ...measured.profile, usefulThreads: 1 },
  };
  const threadsOf = async (options, then = () => {}) => {
    const session = await InferenceSession.create(job.good.model, { tune: false, ...options });
    try {
      await right(session);
      await then(session);
      await right(session);
      return (await session.stats()).device.threads;
    } finally {
      await session.release();
    }
  };
  try {
    await keep(poor);
    const idle = await threadsOf({});
    if (idle !== 1) throw new Error(`${idle} threads run where the second adds nothing`);
    const asked = await threadsOf({ threads: 2 });
    if (asked !== 2) throw new Error(`${asked} threads run where two were asked for`);
    const reviewed = await threadsOf({}, (session) => session.tune({ budgetMs: 300 }));
    const { profile } = await probeDevice({ threads: 2 });
    if (reviewed !== profile.usefulThreads) throw new Error(`${reviewed} threads run of ${profile.usefulThreads} useful ones`);
    return `1 of 2 threads; ${reviewed} once measured again`;
  } finally {
    await keep(measured);
  }
}

/** A session that ends while it is tuned leaves nothing running. */
async function releasedMeanwhile() {
  const session = await create({ tune: false });
  await right(session);
  const tuning = session.tune({ budgetMs: BUDGET_MS }).then(() => 'ended', (e) => e.message);
  await new Promise((done) => { setTimeout(done, 200); });
  await session.release();
  return tuning;
}

const cases = Object.entries({
  'broken candidates never serve': brokenCandidates,
  'tuning beside requests': foreground,
  'tuning in the background': background,
  'the next visit': secondVisit,
  'compiled again': compiledAgain,
  'new shapes while tuning': newShapesBeside,
  'threads that add nothing': uselessThreads,
  'released while tuning': releasedMeanwhile,
});
const results = [];
for (const [name, act] of cases) {
  log.textContent = `${results.length} of ${cases.length}: ${name}`;
  try {
    results.push({ name, status: 'passed', message: await act() });
  } catch (e) {
    results.push({ name, status: 'wrong', message: e.message });
  }
}
log.textContent = `${results.filter((r) => r.status === 'passed').length} of ${results.length} passed`;
await post('report', { results, userAgent: navigator.userAgent });
