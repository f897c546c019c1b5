// The micro-benchmarks of the device, run in the engine worker. The compiler makes the modules
// (org.nnjit.tune.Probes) and draws the conclusions (org.nnjit.tune.ProbeReadings); here is the clock.
import { VERSION } from './version.js';

const CHAINS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 24, 28, 32];

/** Working sets in bytes: 8 KiB to 64 MiB, two for each doubling. */
const SETS = Array.from({ length: 27 }, (_, i) => (8192 << (i >> 1)) * (i % 2 ? 1.5 : 1));

/** A call of a probe takes about 10 microseconds: short beside a span, long beside reading the clock. */
const TURNS = 500;

/** Calls are counted between two ticks of the clock, at least this many milliseconds apart. */
const SPAN_MS = 0.4;

/** Turns times chains after which engines have noticed that a function is worth optimising. */
const WARM = 80000;

const ROUNDS = 3;

/** Where TeamProbe has its number of times, and the Barrier its count of waiting threads. */
const TIMES = 0;
const WAITING = 64 / 4;

const now = () => performance.now();
const channel = new MessageChannel();

/** Lets the worker's other messages in. */
const pause = () => new Promise((done) => {
  channel.port1.onmessage = done;
  channel.port2.postMessage(0);
});
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Smallest step of the clock, in milliseconds. */
function clockTick() {
  let tick = Infinity;
  let last = now();
  for (let ticks = 0; ticks < 12;) {
    const t = now();
    if (t === last) continue;
    tick = Math.min(tick, t - last);
    last = t;
    ticks++;
  }
  return tick;
}

/** Calls a millisecond. The clock may tick slowly: only whole ticks are counted. */
function rate(call, spanMs = SPAN_MS) {
  const before = now();
  let start;
  do start = now(); while (start === before);
  let calls = 0;
  let end;
  do {
    call();
    calls++;
    end = now();
  } while (end === start || end - start < spanMs);
  return calls / (end - start);
}

const compile = (engine, name, chains = 0) => new WebAssembly.Module(engine.probeModule(name, chains));
const exportsOf = (module, memory) => new WebAssembly.Instance(module, { env: { memory } }).exports;

/** A chain probe, warmed up: its best rate so far in 10^9 operations a second, and how to improve it. */
function chainProbe(engine, name, chains) {
  const { run } = exportsOf(compile(engine, name, chains));
  const operations = engine.chainOperations(name, chains) * TURNS;
  run(Math.ceil(WARM / chains));
  const probe = {
    chains, gops: 0,
    measure() { probe.gops = Math.max(probe.gops, (rate(() => run(TURNS)) * operations) / 1e6); },
  };
  return probe;
}

/** Whether 8-bit dot products add up in this engine: V8 11.3 had a first tier in which they do not. */
function tryDots(engine) {
  const chains = 4;
  const { run } = exportsOf(compile(engine, 'RELAXED_DOT_I8', chains));
  const sum = (turns) => 4 * ((chains * (chains + 1)) / 2 + chains * turns * 32);
  return run(1) === sum(1) && run(WARM) === (sum(WARM) | 0) && run(3) === sum(3);
}

let right;

/** The same, tried once in a worker. */
export const dotsAreRight = (engine) => (right ??= tryDots(engine));

/** Measures probes in turns, so that a disturbance does not hit one of them alone. */
async function rounds(probes, count, rest = pause) {
  for (let round = 0; round < count; round++) {
    for (const p of probes) {
      p.measure();
      await rest();
    }
  }
}

/** Memory of the largest working set, written to once: untouched memory reads too fast. */
async function writtenMemory(rest) {
  const memory = new WebAssembly.Memory({ initial: SETS.at(-1) / 65536 });
  const words = new Uint32Array(memory.buffer);
  for (let at = 0; at < words.length; at += 1 << 20) {
    words.fill(1, at, at + (1 << 20));
    await rest();
  }
  return memory;
}

/** Reads of one working set: the best rate in GB/s, and the least nanoseconds of a dependent load. */
function setProbe(bytes, vectors, latency, turn) {
  const repeats = Math.max(1, (1 << 20) / bytes | 0);
  const steps = 2000;
  const spanMs = bytes > 4 << 20 ? 0 : SPAN_MS;
  const probe = {
    bytes, readGbs: 0, latencyNanos: Infinity,
    measure() {
      vectors(0, bytes, 1);
      probe.readGbs = Math.max(probe.readGbs, (rate(() => vectors(0, bytes, repeats), spanMs) * bytes * repeats) / 1e6);
      const step = () => { turn.state = latency(turn.state, bytes / 64, steps); };
      probe.latencyNanos = Math.min(probe.latencyNanos, 1e6 / (rate(step) * steps));
    },
  };
  return probe;
}

/** Bandwidth and latency by working set, and what a splat load costs. */
async function memoryProbes(engine, rest) {
  const memory = await writtenMemory(rest);
  const [vectors, splats, latency] = ['VECTORS', 'SPLATS', 'LATENCY']
    .map((name) => exportsOf(compile(engine, name), memory).run);
  vectors(0, 65536, 300);
  splats(0, 65536, 300);
  const turn = { state: latency(1, 128, 300000) };
  await sleep(10);
  const [small] = SETS;
  const loads = [vectors, splats].map((run) => {
    const probe = {
      rate: 0, measure() { probe.rate = Math.max(probe.rate, rate(() => run(0, small, 100))); },
    };
    return probe;
  });
  await rounds(loads, 2 * ROUNDS, rest);
  const sets = SETS.map((bytes) => setProbe(bytes, vectors, latency, turn));
  await rounds(sets, ROUNDS, rest);
  return {
    memory: sets.map(({ bytes, readGbs, latencyNanos }) => ({ bytes, readGbs, latencyNanos })),
    splatCost: loads[0].rate / loads[1].rate,
  };
}

/** The same module with a section of no meaning: engines reuse optimised code of equal bytes. */
function unlike(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Uint8Array.from([...new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, 18, 1, 120, ...random]);
}

/** How long a new function runs in the engine's first tier, and how fast it is meanwhile. */
async function tierUp(engine, name, chains, fastGops, rest) {
  const { run } = exportsOf(new WebAssembly.Module(unlike(engine.probeModule(name, chains))));
  const operations = engine.chainOperations(name, chains) * TURNS;
  let spent = 0;
  let slowGflops = 0;
  for (;;) {
    const before = now();
    const gflops = (rate(() => run(TURNS), 0.2) * operations) / 1e6;
    slowGflops ||= gflops;
    if (gflops > 0.7 * fastGops) return { millis: spent, slowGflops, fastGflops: fastGops };
    spent += now() - before;
    if (spent > 100) return { millis: null, slowGflops, fastGflops: fastGops };
    await rest();
  }
}

/** Barrier and rate of multiply-adds with these helpers; one thread alone has no barrier. */
async function teamProbes(engine, name, chains, gops, helpers, alone) {
  if (helpers.length === 0) return { barrierMicros: null, scaling: [{ threads: 1, gflops: gops }] };
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const words = new Int32Array(memory.buffer);
  const plan = 'probe';
  const module = compile(engine, `TEAM_${name}`, chains);
  const own = exportsOf(module, memory);
  helpers.forEach((h) => h.port.postMessage({ plan, module, memory }));
  /** Milliseconds of one call on so many threads, from when all others wait for this one. */
  const together = (run, times, threads) => alone(async () => {
    words[TIMES] = times;
    helpers.slice(0, threads - 1).forEach((h, t) => h.port.postMessage({ plan, run, thread: t + 1, threads }));
    const late = now() + 10000;
    while (Atomics.load(words, WAITING) < threads - 1) {
      if (now() > late) throw new Error('the threads did not start within 10 s');
      await pause();
    }
    const start = now();
    own[run](0, threads);
    return now() - start;
  });
  const operations = engine.chainOperations(name, chains);
  const turns = Math.ceil((gops * 3e6) / operations);
  const scaling = Array.from({ length: helpers.length + 1 }, (_, i) => ({ threads: i + 1, gflops: 0 }));
  await together('work', turns, scaling.length);
  let barrierMs = (await together('meet', 20, 2)) / 20;
  /** Some thread adds little: it shares a core, or something else was running. */
  const poor = () => scaling.some((s, i) => i > 0 && s.gflops - scaling[i - 1].gflops < scaling[0].gflops / 2);
  for (let round = 0; round < ROUNDS || (round < 2 * ROUNDS && poor()); round++) {
    if (round >= ROUNDS) await sleep(30);
    const times = Math.min(2000, Math.ceil(5 / barrierMs));
    barrierMs = Math.min(barrierMs, (await together('meet', times, 2)) / times);
    for (const s of scaling) {
      const ms = await together('work', turns, s.threads);
      s.gflops = Math.max(s.gflops, (operations * turns * s.threads) / ms / 1e6);
    }
  }
  return { barrierMicros: barrierMs * 1000, scaling };
}

const best = (probes) => probes.reduce((a, b) => (b.gops > a.gops ? b : a));

/** The probe of the fastest multiply-adds that there are. */
const fastest = ({ relaxedSimd }) => (relaxedSimd ? 'RELAXED_MADD' : 'MUL_ADD');

/** Best rates of multiply-adds and of reading 64 MiB on one thread, in 10^9 a second. */
export async function ceilings(engine, device) {
  const probes = [8, 10, 12].map((chains) => chainProbe(engine, fastest(device), chains));
  const { run } = exportsOf(compile(engine, 'VECTORS'), await writtenMemory(pause));
  run(0, 65536, 300);
  await sleep(20);
  await rounds(probes, 10 * ROUNDS);
  const bytes = SETS.at(-1);
  let readGbs = 0;
  for (let i = 0; i < 12; i++) readGbs = Math.max(readGbs, (rate(() => run(0, bytes, 1), 0) * bytes) / 1e6);
  return { fmaGflops: best(probes).gops, readGbs };
}

/** The profile that follows from these readings. */
function profileOf(engine, readings) {
  const profile = JSON.parse(engine.deviceProfile(readings));
  if (profile.error) throw new Error(profile.error);
  return profile;
}

const scalingLine = (scaling) => `scaling ${scaling.map((s) => s.gflops).join(' ')}`;

/**
 * Measures the device; see probeDevice in nnjit.js for the result.
 * @param engine the compiler's functions
 * @param device what the worker found: relaxedSimd, isolated, hardwareConcurrency
 * @param helpers further threads, which take messages as those of a plan do
 * @param {function(): Promise<void>} rest is awaited between pieces of some milliseconds
 * @param {function(function(): Promise): Promise} alone does something with the helpers while nothing
 *   else is done with them
 */
export async function probeSuite(engine, device, helpers, rest = pause, alone = (action) => action()) {
  const start = now();
  const tick = clockTick();
  const { run } = exportsOf(compile(engine, 'CLOCK'));
  run(WARM, 3, 5);
  const clock = { ghz: 0, measure() { clock.ghz = Math.max(clock.ghz, (rate(() => run(TURNS, 3, 5)) * TURNS * 64) / 1e6); } };
  const probes = async (name, counts) => {
    const list = [];
    for (const chains of counts) {
      list.push(chainProbe(engine, name, chains));
      await rest();
    }
    return list;
  };
  const madd = device.relaxedSimd ? await probes('RELAXED_MADD', CHAINS) : [];
  const mulAdd = await probes('MUL_ADD', CHAINS);
  const dotI16 = await probes('DOT_I16', [6, 9]);
  const dotI8 = device.relaxedSimd && dotsAreRight(engine) ? await probes('RELAXED_DOT_I8', [4, 10]) : [];
  const reads = await memoryProbes(engine, rest);
  const name = fastest(device);
  const telling = device.relaxedSimd ? madd : mulAdd;
  await rounds([clock, ...madd, ...mulAdd, ...dotI16, ...dotI8], ROUNDS, rest);
  await rounds(telling, ROUNDS, rest);
  const top = best(telling);
  const tier = await tierUp(engine, name, top.chains, top.gops, rest);
  await rest();
  const team = await teamProbes(engine, name, top.chains, top.gops, helpers, alone);
  const rates = (list) => list.map((p) => ({ chains: p.chains, gflops: p.gops }));
  const line = (reading, values) => [reading, ...values].join(' ');
  const readings = [
    line('chains', CHAINS), line('madd', madd.map((p) => p.gops)), line('mulAdd', mulAdd.map((p) => p.gops)),
    line('clock', [clock.ghz]), line('bytes', SETS), line('read', reads.memory.map((m) => m.readGbs)),
    line('latency', reads.memory.map((m) => m.latencyNanos)), line('splat', [reads.splatCost]),
    line('barrier', team.barrierMicros === null ? [] : [team.barrierMicros]),
    scalingLine(team.scaling),
  ].join('\n');
  return {
    version: VERSION, userAgent: navigator.userAgent, hardwareConcurrency: device.hardwareConcurrency,
    isolated: device.isolated, relaxedSimd: device.relaxedSimd, timerMicros: tick * 1000,
    madd: rates(madd), mulAdd: rates(mulAdd), dotI16Gops: best(dotI16).gops,
    dotI8Gops: dotI8.length ? best(dotI8).gops : null, ...reads, tierUp: tier, ...team,
    readings, profile: profileOf(engine, readings),
    millis: now() - start,
  };
}

/**
 * A measurement again with what the threads reach now: a thread that something else disturbed must
 * not count as useless for good.
 * @param measured what {@link probeSuite} gave
 */
export async function probeThreads(engine, device, helpers, measured, alone) {
  const rates = device.relaxedSimd ? measured.madd : measured.mulAdd;
  const top = rates.reduce((a, b) => (b.gflops > a.gflops ? b : a));
  const { scaling } = await teamProbes(engine, fastest(device), top.chains, top.gflops, helpers, alone);
  const best = measured.scaling.map((s, i) => ({ ...s, gflops: Math.max(s.gflops, scaling[i]?.gflops ?? 0) }));
  const readings = measured.readings.replace(/^scaling.*$/m, scalingLine(best));
  return { ...measured, scaling: best, readings, profile: profileOf(engine, readings) };
}
