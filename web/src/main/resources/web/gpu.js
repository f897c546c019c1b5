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

/** Time for tuning one product. */
const TUNING_MS = 4000;

/** The faster of both stays, whichever it is. */
async function auto() {
  return using(small, { threads, tune: false, executionProviders: 'auto' }, async (session) => {
    for (let i = 0; i < 3; i++) await runSmall(session);
    const { device: { notes, provider: name }, runs } = await session.stats();
    const note = notes.find((n) => n.includes('the faster of both'));
    const [gpuMs, wasmMs] = note?.match(/[\d.]+(?= ms a run)|[\d.]+(?= in WebAssembly)/g).map(Number) ?? [];
    same(name, wasmMs < gpuMs ? 'wasm' : 'webgpu', `provider, with the notes ${notes.join('; ')}`);
    if (!(runs.count >= 3)) throw new Error(`${runs.count} runs`);
    return note;
  });
}

/** The same where both are held up in turn, so that the answer is known. */
const held = (fault, wanted) => async () => using(small, { threads, tune: false, executionProviders: ['auto'] }, async (session) => {
  for (let i = 0; i < 3; i++) await runSmall(session);
  same(await provider(session), wanted, 'provider');
  const { device: { notes } } = await session.stats();
  await runSmall(session);
  return notes.at(-1);
}, fault);

/** What the GPU can do is measured when asked for, and remembered. */
async function probes() {
  const measured = await using(small, { ...gpu, tune: false }, async (session) => {
    const rates = await session.ceilings();
    const names = ['fmaGflops', 'readGbs', 'sharedGbs', 'dispatchMicros', 'waitMs', 'pipelineMs'];
    const wrong = names.find((n) => !(rates[n] > 0 && rates[n] < 1e6));
    if (wrong) throw new Error(`${wrong} is ${rates[wrong]}`);
    await runSmall(session);
    return rates;
  });
  return using(small, { ...gpu, tune: false }, async (session) => {
    const { device } = await session.stats();
    same(JSON.stringify(device.gpu.probes), JSON.stringify(measured), 'what was kept');
    return JSON.stringify(measured);
  });
}

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

/** The bits of numbers that need few of them as 16-bit floats. */
function halves(type, numbers) {
  const f32 = new Uint32Array(Float32Array.from(numbers).buffer);
  const f16 = (b) => (b & 0x7fffffff ? ((b >>> 16) & 0x8000) | (((b & 0x7fffffff) - 0x38000000) >>> 13) : 0);
  return Uint16Array.from(f32, (b) => (type === 'float16' ? f16(b) : b >>> 16));
}

/** Weights of 16 bits take two bytes each, in products of every kind. */
async function narrow() {
  const [k, n] = [160, 132];
  const numbers = Array.from({ length: k * n }, (_, i) => ((i * 37) % 61 - 30) / 8);
  const texts = [];
  for (const type of ['float16', 'bfloat16']) {
    for (const [rows, turned] of [[1, false], [3, true], [40, false], [40, true]]) {
      const weight = { name: 'w', type, dims: turned ? [n, k] : [k, n], data: halves(type, numbers) };
      const nodes = [{ op: 'Cast', inputs: ['w'], outputs: ['b'], attributes: { to: 1 } },
        { op: 'Gemm', inputs: ['x', 'b'], outputs: ['y'], attributes: { transB: turned ? 1 : 0 } }];
      const bytes = writeModel(nodes, [{ name: 'x', dims: [rows, k] }], [{ name: 'y', dims: [rows, n] }], [weight]);
      texts.push(await using(bytes, { ...gpu, tune: false }, async (session) => {
        const { y } = await session.run(feed(rows, k));
        const x = floats(rows * k);
        for (let i = 0; i < rows * n; i++) {
          const [row, column] = [Math.floor(i / n), i % n];
          let sum = 0;
          for (let p = 0; p < k; p++) sum += x[row * k + p] * numbers[turned ? column * k + p : p * n + column];
          if (!(Math.abs(y.data[i] - sum) <= 1e-3)) throw new Error(`${type}, ${rows} rows: y[${row}, ${column}] is ${y.data[i]}, wanted ${sum}`);
        }
        const { plan } = await session.stats();
        same(plan.weightBytes, 2 * k * n, 'bytes of weights');
        return plan.kernels.map((q) => q.name).join();
      }));
    }
  }
  return texts.join(', ');
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
    await runSmall(session);
    return messages.join(' | ');
  });
}

/** Sizes of a product that has several kernels worth trying. */
const TUNED = [96, 200, 160];
const runTuned = async (session) => checkProduct((await session.run(feed(TUNED[0], TUNED[1]))).y, ...TUNED);
const schedules = async (session) => (await session.stats()).plan.kernels.map((k) => k.schedule).join(', ');

/** Tuning goes on beside requests, changes no answer, and is remembered. */
async function tuning() {
  const bytes = matmul(...TUNED);
  let found;
  const message = await using(bytes, { ...gpu, tune: false }, async (session) => {
    await runTuned(session);
    let pending = true;
    const ended = session.tune({ budgetMs: TUNING_MS }).finally(() => { pending = false; });
    let runs = 0;
    for (; pending; runs++) await runTuned(session);
    const { state, tried, speedup } = await ended;
    if (tried < 2) throw new Error(`${tried} schedules were tried: ${state}`);
    await runTuned(session);
    const { device } = await session.stats();
    const wrong = device.notes.filter((n) => n.includes('answers otherwise'));
    if (wrong.length) throw new Error(wrong.join('; '));
    const log = await session.tuningLog();
    if (!log.includes('worth trying')) throw new Error(`the log says nothing of the space: ${log}`);
    found = await schedules(session);
    return `${state}, ${tried} schedules, ${speedup.toFixed(2)} times as fast, ${runs} runs beside; ${found}`;
  });
  return using(bytes, { ...gpu, tune: { afterMs: 2 ** 30 } }, async (session) => {
    await runTuned(session);
    if (!((await session.stats()).tuning.stored > 0)) throw new Error('no schedules were kept');
    same(await schedules(session), found, 'schedules of the next session');
    return message;
  });
}

/** Faster kernels take the places of slow ones, and those of the next session. */
async function winners() {
  const bytes = matmul(64, 136, 72);
  const run = async (session) => checkProduct((await session.run(feed(64, 136))).y, 64, 136, 72);
  let before;
  let after;
  const message = await using(bytes, { ...gpu, tune: false }, async (session) => {
    await run(session);
    before = await schedules(session);
    const { state, speedup } = await session.tune({ budgetMs: TUNING_MS });
    await run(session);
    await run(session);
    after = await schedules(session);
    if (state !== 'done' || !(speedup > 1.1) || after === before) throw new Error(`${state}, ${speedup} times as fast, ${before} became ${after}`);
    return `${before} became ${after}, ${speedup.toFixed(1)} times as fast`;
  }, 'engine:gpu-slow-kernels');
  return using(bytes, gpu, async (session) => {
    await run(session);
    same(await schedules(session), after, 'schedules of the next session');
    return message;
  });
}

/** Kernels that do nothing are found out, and told of. */
async function brokenCandidates() {
  return using(matmul(...TUNED), { ...gpu, tune: false }, async (session) => {
    await runTuned(session);
    await session.tune({ budgetMs: TUNING_MS });
    await runTuned(session);
    const { device, tuning: { wrong } } = await session.stats();
    const lines = (await session.tuningLog()).split('\n').filter((line) => line.includes('not used'));
    if (!(wrong > 0) || lines.length < wrong) throw new Error(`${wrong} wrong answers, ${lines.length} kernels refused`);
    if (!device.notes.some((n) => n.includes('on trial and not used'))) throw new Error(`no note: ${device.notes.join('; ')}`);
    return `${wrong} refused: ${lines[0]}`;
  }, 'engine:gpu-idle');
}

/** A session that ends, or whose device is lost, while it is tuned leaves nothing behind. */
async function tuningEnds() {
  const bytes = matmul(...TUNED);
  const began = async (session) => {
    await runTuned(session);
    const ended = session.tune({ budgetMs: TUNING_MS }).then((t) => t.state, (e) => e.message);
    await wait(300);
    return ended;
  };
  let released;
  await using(bytes, { ...gpu, tune: false }, async (session) => { released = began(session); await wait(300); });
  return using(bytes, { ...gpu, tune: false }, async (session) => {
    await runTuned(session);
    const ended = session.tune({ budgetMs: TUNING_MS });
    await wait(300);
    loseDevices();
    const { state } = await ended;
    if (!state.startsWith('failed: the GPU device was lost')) throw new Error(`tuning ended with: ${state}`);
    await runTuned(session);
    const again = await session.tune({ budgetMs: TUNING_MS });
    if (!(again.tried > 0)) throw new Error(`on the next device nothing is tried: ${again.state}`);
    await runTuned(session);
    return `${await released} | ${state} | ${again.state}`;
  }, 'engine:gpu-lost');
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

/** Where invocations may read each other's registers, sums that are joined so are right. */
async function subgroups() {
  const [rows, columns] = [24, 3000];
  const bytes = oneNode('Softmax', [{ name: 'x', dims: [rows, columns] }], { name: 'y', dims: [rows, columns] }, { axis: -1 });
  return using(bytes, { ...gpu, tune: false }, async (session) => {
    const run = async () => {
      const { y } = await session.run({ x: new Tensor('float32', floats(rows * columns), [rows, columns]) });
      for (let r = 0; r < rows; r++) {
        const sum = y.data.subarray(r * columns, (r + 1) * columns).reduce((a, b) => a + b);
        if (!(Math.abs(sum - 1) < 1e-4)) throw new Error(`row ${r} adds up to ${sum}`);
      }
    };
    await run();
    const { device } = await session.stats();
    if (!device.gpu.features.includes('subgroups')) return 'the device has no subgroups';
    await session.tune({ budgetMs: TUNING_MS });
    await run();
    const tried = (await session.tuningLog()).split('\n').filter((line) => line.includes('sub=1'));
    if (!tried.length || tried.some((line) => line.includes('not used'))) throw new Error(`tried: ${tried.join('; ')}`);
    return `${tried.length} with subgroups`;
  });
}

const cases = Object.entries({
  'runs on the GPU': plain,
  'several shapes': shapes,
  'weights of 16 bits': narrow,
  'order of providers': order,
  'what is not done on the GPU': refusals,
  tuning,
  'faster kernels': winners,
  'broken kernels on trial': brokenCandidates,
  'sums by subgroups': subgroups,
  'tuning ends early': tuningEnds,
  'the faster of both': auto,
  'a slow GPU': held('engine:gpu-slow', 'wasm'),
  'slow WebAssembly': held('engine:slow', 'webgpu'),
  'what the GPU can do': probes,
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
