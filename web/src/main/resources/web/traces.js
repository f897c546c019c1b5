// Checks traces of runs. The job is JSON: {model: a case as in suite.js, threads}
import { readFeeds } from './suite-case.js';
import { writeModel } from '/npm/onnx-writer.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const log = document.querySelector('#log');
const job = await (await fetch(query.get('job'))).json();

/** What two threads' clocks may differ by, in microseconds: a few ticks of Firefox's. */
const SKEW = 100;

/** Ends and sums of whole nanoseconds in microseconds round by less than this. */
const ROUNDING = 1e-6;

const end = (e) => e.ts + e.dur;

function check(fact, message) {
  if (!fact) throw new Error(message);
}

/** Every command is there once on each thread that takes part, as the plan describes it. */
function everyCommand(events, commands, threads) {
  commands.forEach((c, i) => {
    const own = events.filter((e) => e.args.index === i);
    const wanted = Array.from({ length: c.parallel ? threads : 1 }, (_, t) => t).join();
    check(own.map((e) => e.tid).sort().join() === wanted, `command ${i} is on threads ${own.map((e) => e.tid)}, wanted ${wanted}`);
    for (const e of own) {
      check(e.name === c.kernel && e.args.node === c.node && e.args.flops === c.flops && e.args.outputShape === c.outputShape,
        `command ${i} is ${c.kernel} of ${c.node}, the event ${JSON.stringify(e)}`);
    }
  });
  const known = events.every((e) => e.args.index in commands);
  check(known, 'an event belongs to no command');
}

/** Events of one thread follow each other. */
function oneAfterTheOther(events, threads) {
  for (let t = 0; t < threads; t++) {
    const own = events.filter((e) => e.tid === t).sort((a, b) => a.args.index - b.args.index);
    own.forEach((e, i) => {
      check(e.ts >= -SKEW && e.dur >= 0, `event ${JSON.stringify(e)} begins or ends too early`);
      const before = own[i - 1];
      check(!before || e.ts >= end(before) - ROUNDING, `on thread ${t} ${e.name} begins at ${e.ts}, ${before?.name} ends at ${end(before ?? e)}`);
    });
  }
}

/** A parallel command begins when all threads have finished what was before it. */
function afterBarriers(events, commands) {
  const last = commands.map((_, i) => Math.max(...events.filter((e) => e.args.index === i).map(end)));
  let worst = 0;
  for (const e of events.filter((o) => commands[o.args.index].parallel)) {
    const before = last[e.args.index - 1] ?? 0;
    worst = Math.max(worst, before - e.ts);
  }
  check(worst <= SKEW, `a parallel command begins ${worst} us before the one before it ends`);
  return worst;
}

async function traced(model, feedsOf) {
  const session = await InferenceSession.create(model, { threads: job.threads });
  try {
    const feeds = await feedsOf(session);
    const wanted = await session.run(feeds);
    const trace = await session.trace(feeds);
    const { plan, device } = await session.stats();
    const { threads } = device;
    const events = trace.traceEvents.filter((e) => e.ph === 'X');
    const names = trace.traceEvents.filter((e) => e.ph === 'M' && e.name === 'thread_name').map((e) => e.tid);
    check(names.join() === Array.from({ length: threads }, (_, t) => t).join(), `threads ${names} have names, there are ${threads}`);
    check(trace.traceEvents.every((e) => e.ph === 'X' || e.ph === 'M'), 'an event is neither complete nor metadata');
    everyCommand(events, plan.commands, threads);
    oneAfterTheOther(events, threads);
    const worst = afterBarriers(events, plan.commands);
    for (const [name, t] of Object.entries(await session.run(feeds))) {
      check(t.data.every((v, i) => Object.is(v, wanted[name].data[i])), `after the trace ${name} is another`);
    }
    const parallel = plan.commands.filter((c) => c.parallel).length;
    const host = plan.commands.filter((c) => c.kernel === 'host').length;
    const length = Math.max(...events.map(end));
    return { threads, parallel, host,
      text: `${events.length} events of ${plan.commands.length} commands (${parallel} parallel, ${host} on the host) in ${length.toFixed(0)} us, clocks differ by ${worst.toFixed(1)} us at least` };
  } finally {
    await session.release();
  }
}

/** Kernels, a call on the host (a long sort across rows, which has no kernel), and kernels again. */
async function aroundTheHost() {
  const floats = (n) => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
  const nodes = [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
    { op: 'TopK', inputs: ['a', 'k'], outputs: ['v', 'i'], attributes: { axis: 0 } },
    { op: 'MatMul', name: 'last', inputs: ['v', 'u'], outputs: ['y'] },
  ];
  const model = writeModel(nodes, [{ name: 'x', dims: [128, 64] }], [{ name: 'y', dims: [32, 64] }], [
    { name: 'w', dims: [64, 128], data: floats(8192) },
    { name: 'u', dims: [128, 64], data: floats(8192) },
    { name: 'k', type: 'int64', dims: [1], data: BigInt64Array.of(32n) },
  ]);
  const t = await traced(model, () => ({ x: new Tensor('float32', floats(8192), [128, 64]) }));
  check(t.host === 1 && t.parallel === 2, `wanted one host call between two parallel kernels, got ${t.text}`);
  return t;
}

const cases = {
  model: () => traced(job.model.model, (session) => readFeeds(session, job.model.sets[0])),
  'around the host': aroundTheHost,
};
const results = [];
for (const [name, act] of Object.entries(cases)) {
  try {
    const t = await act();
    check(t.threads === job.threads, `ran on ${t.threads} threads, wanted ${job.threads}`);
    results.push({ name, status: 'passed', message: t.text });
  } catch (e) {
    results.push({ name, status: 'wrong', message: e.message });
  }
}
log.textContent = JSON.stringify(results);
await fetch(`/report/${query.get('report')}`, { method: 'POST', body: JSON.stringify({ results }) });
