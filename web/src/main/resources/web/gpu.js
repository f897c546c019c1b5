// Sessions on WebGPU and what goes wrong there. After each case a good model answers as ONNX Runtime
// does, in a new session and in one that lives through all cases. The job is JSON:
// {good: a case as in suite.js, threads, relative, cycles}
import { broken, checkProduct, feed, floats, living, matmul, rejects, runCases, wait } from './fault-cases.js';
import { loseDevices } from './fault-hooks.js';
import { outputCases } from './gpu-outputs.js';
import { runSet, readFeeds } from './suite-case.js';
import { writeModel, oneNode } from '/npm/onnx-writer.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const post = (kind, value) => fetch(`/${kind}/${id}`, { method: 'POST', body: JSON.stringify(value) });
const job = await (await fetch(query.get('job'))).json();
const { threads } = job;
const gpu = { threads, executionProviders: ['webgpu'] };
const either = { threads, executionProviders: ['webgpu', 'wasm'] };

/** No task may hold the page's thread longer, in milliseconds. */
const LONGEST_TASK_MS = 50;

const same = (got, wanted, what) => {
  if (got !== wanted) throw new Error(`${what}: got ${got}, wanted ${wanted}`);
};

/** Gives what the action does with a session of these options, which ends after it. */
async function using(model, options, action, fault) {
  const session = fault ? await broken(fault, model, options) : await InferenceSession.create(model, options);
  try {
    return await action(session);
  } finally {
    await session.release();
  }
}

const small = matmul(16, 64, 48);
const runSmall = async (session) => checkProduct((await session.run(feed(16, 64))).y, 16, 64, 48);
const provider = async (session) => (await session.stats()).device.provider;

async function plain() {
  return using(small, gpu, async (session) => {
    for (let i = 0; i < 3; i++) await runSmall(session);
    const { device, plan, runs } = await session.stats();
    same(device.provider, 'webgpu', 'provider');
    same(plan.slices, 0, 'slices');
    same(runs.count, 3, 'runs');
    if (!plan.gpuCommands) throw new Error('no command runs on the GPU');
    const { loops } = await session.kernelText(plan.kernels[0].name);
    if (!loops.includes('@compute')) throw new Error(`the kernel's text is ${loops}`);
    const { commands } = await session.profile(feed(16, 64));
    if (commands.length !== plan.gpuCommands || commands.some((c) => !(c.ms >= 0 && c.ms < 1000))) {
      throw new Error(`the profile is ${JSON.stringify(commands)}`);
    }
    same((await session.measure(feed(16, 64), 4)).length, 4, 'measured runs');
    await runSmall(session);
    return `${device.gpu.vendor} ${device.gpu.architecture}, ${device.gpu.features}; ${device.notes.join('; ')}`;
  });
}

/** One session runs on feeds of several shapes, whose plans share weights. */
async function shapes() {
  const bytes = oneNode('MatMul', [{ name: 'x', dims: ['rows', 64] }, { name: 'w', dims: [64, 48], data: floats(64 * 48) }], { name: 'y', dims: ['rows', 48] });
  return using(bytes, gpu, async (session) => {
    for (const rows of [8, 33, 1, 8, 120]) checkProduct((await session.run(feed(rows, 64))).y, rows, 64, 48);
    return 'four shapes';
  });
}

async function order() {
  await using(small, { threads, executionProviders: ['wasm', 'webgpu'] }, async (s) => {
    await runSmall(s);
    same(await provider(s), 'wasm', 'provider');
  });
  await using(small, { threads, executionProviders: [{ name: 'webgpu', preferredLayout: 'NHWC' }, 'wasm'] }, async (s) => {
    await runSmall(s);
    same(await provider(s), 'webgpu', 'provider');
  });
  return (await rejects(InferenceSession.create(small, { executionProviders: ['webgl'] }), 'webgl', 'webgpu, wasm')).message;
}

/** What a session on the GPU does not do says so, and leaves it as it was. */
async function refusals() {
  return using(small, gpu, async (session) => {
    await runSmall(session);
    const messages = [];
    const calls = [session.trace(feed(16, 64)), session.program(), session.compileTimes(feed(16, 64)), session.trial('x', '')];
    for (const call of calls) {
      const e = await rejects(call, "executionProviders: ['wasm']");
      same(e.user, true, 'told as a wish that cannot be had');
      messages.push(e.message);
    }
    const tuned = await session.tune();
    same(tuned.tried, 0, 'schedules tried');
    await runSmall(session);
    return `${tuned.state} | ${messages.join(' | ')}`;
  });
}

const rows = (...i) => ({ x: new Tensor('float32', floats(10), [5, 2]), i: new Tensor('int64', BigInt64Array.from(i, BigInt), [3]) });

async function indices() {
  const bytes = writeModel([{ op: 'Gather', name: 'layer1/op', inputs: ['x', 'i'], outputs: ['y'] }],
    [{ name: 'x', dims: [5, 2] }, { name: 'i', type: 'int64', dims: [3] }], [{ name: 'y', dims: [3, 2] }]);
  return using(bytes, gpu, async (session) => {
    const messages = [];
    for (const bad of [5, -6, 2 ** 32]) {
      const { y } = await session.run(rows(4, 0, -5));
      same(String(y.data), String(Float32Array.from([8, 9, 0, 1, 0, 1], Math.sin)), 'y');
      messages.push((await rejects(session.run(rows(1, bad, 2)), "Gather 'layer1/op'", 'wanted -5 to 4', `: ${bad}`)).message);
    }
    return messages.join(' | ');
  });
}

/** Where there is no GPU a session that may goes to WebAssembly, and says so; another fails. */
const without = (fault, ...texts) => async () => {
  const { message } = await rejects(broken(fault, small, gpu), "['webgpu', 'wasm']", ...texts);
  return using(small, either, async (session) => {
    await runSmall(session);
    const { device } = await session.stats();
    same(device.provider, 'wasm', 'provider');
    const note = device.notes.find((n) => texts.every((t) => n.includes(t)));
    if (!note) throw new Error(`no note says why it runs in WebAssembly: ${device.notes.join('; ')}`);
    return `${message} | ${note}`;
  }, fault);
};

/** The device goes between two runs, whose session has plans for two shapes and files that have gone. */
async function lostBetween() {
  return using(job.good.model, gpu, async (session) => {
    const right = async (s) => {
      const { text } = await runSet(s, job.good.sets[0], job);
      if (text) throw new Error(text);
    };
    await right(session);
    for (let i = 1; i <= 3; i++) {
      loseDevices();
      await wait(200);
      await right(session);
      await right(session);
      same((await session.stats()).device.gpu.losses, i, 'losses');
    }
    return 'three times';
  }, 'engine:gpu-lost');
}

async function lostRunning() {
  return using(small, gpu, async (session) => {
    await runSmall(session);
    await runSmall(session);
    const { message } = await rejects(session.run(feed(16, 64)), 'GPU device was lost', 'the next run makes a new one');
    await runSmall(session);
    same((await session.stats()).device.gpu.losses, 1, 'losses');
    return message;
  }, 'engine:gpu-lost-running');
}

/** The device goes and no other comes. */
async function gone() {
  const lose = async (session) => {
    await runSmall(session);
    loseDevices();
    await wait(200);
  };
  const message = await using(small, gpu, async (session) => {
    await lose(session);
    return (await rejects(session.run(feed(16, 64)), 'GPU device was lost', 'no adapter')).message;
  }, 'engine:gpu-gone');
  return using(small, either, async (session) => {
    await lose(session);
    await runSmall(session);
    same(await provider(session), 'wasm', 'provider');
    return `${message} | ${(await session.stats()).device.notes.join('; ')}`;
  }, 'engine:gpu-gone');
}

/** What fails on the GPU fails clearly, or is done in WebAssembly with a note. */
const failing = (fault, bytes, given, check, ...texts) => async () => {
  const { message } = await using(bytes, gpu, (session) => rejects(session.run(given), ...texts), fault);
  return using(bytes, either, async (session) => {
    check(await session.run(given));
    check(await session.run(given));
    const { device } = await session.stats();
    same(device.provider, 'wasm', 'provider');
    if (!device.notes.some((n) => texts.every((t) => n.includes(t)))) throw new Error(`no note says why: ${device.notes.join('; ')}`);
    return message;
  }, fault);
};

const isSmall = ({ y }) => checkProduct(y, 16, 64, 48);

/** A plan that is too large leaves its session as it was. */
async function memory() {
  const bytes = oneNode('MatMul', [{ name: 'x', dims: ['rows', 64] }, { name: 'w', dims: [64, 48], data: floats(64 * 48) }], { name: 'y', dims: ['rows', 48] });
  await using(bytes, gpu, async (session) => {
    checkProduct((await session.run(feed(8, 64))).y, 8, 64, 48);
    await rejects(session.run(feed(1 << 13, 64)), 'out of GPU memory', 'MiB');
    checkProduct((await session.run(feed(8, 64))).y, 8, 64, 48);
    checkProduct((await session.run(feed(9, 64))).y, 9, 64, 48);
  }, 'engine:gpu-memory');
  return failing('engine:gpu-memory', bytes, feed(1 << 13, 64), ({ y }) => checkProduct(y, 1 << 13, 64, 48), 'out of GPU memory', 'MiB')();
}

/** An error that comes when a plan has served is told by the run that it spoils. */
async function refusedLater() {
  return using(small, gpu, async (session) => {
    await runSmall(session);
    await runSmall(session);
    return (await rejects(session.run(feed(16, 64)), 'GPU refused')).message;
  }, 'engine:gpu-commands-later');
}

/** Two sessions at once; the end of one is nothing to the other. */
async function two() {
  return using(matmul(5, 64, 7), gpu, async (first) => {
    await using(small, gpu, async (second) => {
      const both = await Promise.all([first.run(feed(5, 64)), second.run(feed(16, 64))]);
      checkProduct(both[0].y, 5, 64, 7);
      checkProduct(both[1].y, 16, 64, 48);
    });
    checkProduct((await first.run(feed(5, 64))).y, 5, 64, 7);
    return 'the second was released first';
  });
}

/** Sessions come and go: neither workers nor memory may pile up. */
async function cycles() {
  const bytes = matmul(16, 512, 1024);
  const cycle = () => using(bytes, gpu, async (session) => checkProduct((await session.run(feed(16, 512))).y, 16, 512, 1024));
  const measure = async (mark) => {
    await wait(500);
    await post('progress', { mark });
    return performance.measureUserAgentSpecificMemory ? (await performance.measureUserAgentSpecificMemory()).bytes : NaN;
  };
  for (let i = 0; i < 20; i++) await cycle();
  const before = await measure('before');
  const alive = await living();
  const start = performance.now();
  for (let i = 0; i < job.cycles; i++) await cycle();
  const ms = (performance.now() - start) / job.cycles;
  const grown = (await measure('after')) - before;
  const left = (await living()) - alive;
  if (left > 0) throw new Error(`${left} workers are left over`);
  // One cycle holds 2 MiB of weights at least.
  if (grown > 8 << 20) throw new Error(`memory grew by ${(grown / 1e6).toFixed(1)} MB in ${job.cycles} cycles`);
  return `${ms.toFixed(0)} ms each, memory grew by ${(grown / 1e6).toFixed(1)} MB`;
}

/** The page's thread stays free while a model is loaded and run. */
async function tasks() {
  const long = [];
  const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration)));
  observer.observe({ type: 'longtask' });
  await using(job.good.model, gpu, async (session) => {
    const given = await readFeeds(session, job.good.sets[0]);
    for (let i = 0; i < 5; i++) await session.run(given);
  });
  await wait(200);
  observer.disconnect();
  const longest = Math.max(0, ...long);
  if (longest > LONGEST_TASK_MS) throw new Error(`a task held the page for ${longest.toFixed(0)} ms`);
  return longest ? `longest task ${longest} ms` : 'no task of 50 ms or more';
}

const cases = Object.entries({
  'runs on the GPU': plain,
  'several shapes': shapes,
  'order of providers': order,
  'what is not done on the GPU': refusals,
  'indices out of bounds': indices,
  'no WebGPU in this browser': without('engine:gpu-unknown', 'this browser does not have it'),
  'no adapter': without('engine:gpu-absent', 'no adapter'),
  'device lost between runs': lostBetween,
  'device lost in a run': lostRunning,
  'device lost for good': gone,
  'no GPU memory': memory,
  'kernel is refused': failing('engine:gpu-code', small, feed(16, 64), isSmall, 'the GPU refused kernel', 'line 1'),
  'command is refused': failing('engine:gpu-commands', small, feed(16, 64), isSmall, 'the GPU refused'),
  'command is refused later': refusedLater,
  'two sessions': two,
  ...outputCases({ threads, using, same }),
  'sessions come and go': cycles,
  'page stays free': tasks,
});

const results = await runCases(cases, job, gpu);
await post('report', { results, userAgent: navigator.userAgent });
