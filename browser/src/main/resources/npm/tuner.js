// Finds better schedules for the plan of a session while it serves, and puts a faster plan in its
// place. Which schedule is tried next the compiler decides (Tuner.java).
import { userError } from './files.js';
import { nextEpoch } from './locks.js';
import { PIECE_MS, Pieces } from './pieces.js';
import { writeSchedules } from './storage.js';
import { Workbench } from './workbench.js';

/** A new plan is run for so long, in milliseconds, that engines compile it for good, and so often. */
const WARM_MS = 500;
const WARM_ROUNDS = 3;

/** Both plans are compared in so many turns. */
const TURNS = 4;

/** Runs that promise to become faster by less are left as they are: new weights cost memory and time. */
const WORTH = 1.01;

/** Commands are called again while all calls together took less, in milliseconds. */
const TIMED_MS = 500;

/** Time of one call of every command of a plan on one thread, in milliseconds; 0 where it would write to caches. */
async function timeCommands(p, rest, rounds = 3) {
  p.commandMs ??= p.commands.map(() => 0);
  const times = p.commands.map(() => 0);
  const pieces = new Pieces(rest);
  let spent = 0;
  for (let round = 0; round < rounds && spent < TIMED_MS; round++) {
    for (const [i, c] of p.commands.entries()) {
      if (c.tableIndex < 0 || c.step) continue;
      const kernel = p.exports.table.get(p.kernels[c.kernel].tableIndex);
      const addresses = c.args.slice(0, -2);
      const ms = await pieces.all(c.args.at(-1), (begin, end) => kernel(...addresses, begin, end), p.commandMs[i]);
      p.commandMs[i] = ms;
      spent += ms;
      times[i] = round ? Math.min(times[i], ms) : ms;
    }
  }
  return times;
}

const sum = (a) => a.reduce((x, y) => x + y, 0);

export class Tuner {
  /**
   * @param {{state: object, compiler: function(): object, parse: function, load: function,
   *   pause: function(): Promise<void>, hold: function(): function, measureDevice: function(function):
   *   Promise, reviewThreads: function(): Promise}} worker what the engine worker lends: its state, how it
   *   loads plans, lets requests go first, keeps the page off the memory and measures the device
   */
  constructor(worker) { this.worker = worker; }

  /** Does something in pieces while the page is kept off the memory, except between them. */
  async #holding(rest, action) {
    let free = this.worker.hold();
    try {
      return await action(async () => {
        free();
        free = () => {};
        await rest();
        free = this.worker.hold();
      });
    } finally {
      free();
    }
  }

  /** Milliseconds of each command, once the device is known. */
  async times(p, rest) {
    await this.worker.measureDevice(rest);
    return this.#holding(rest, (held) => timeCommands(p, held));
  }

  /** Where the schedules of a kernel are tried, given that of the kernel before. */
  bench(last, plan, kernel, rest) {
    return last?.kernel === kernel ? last : new Workbench(this.worker.compiler(), this.worker.state.id, plan, kernel, rest);
  }

  /** Puts what was found in place; what became of it. */
  async end(plan, rest, report) {
    const became = await this.#holding(rest, (held) => this.#swap(plan, held, report));
    await this.worker.reviewThreads();
    return became;
  }

  /** What the schedules found are good for. */
  get fingerprint() { return this.worker.state.fingerprint; }

  /**
   * Tunes the plan of the last run, and puts a faster one in its place; the first time it measures the
   * device before.
   * @param {{budgetMs: number, share: number, wide: number, again: boolean}} options share of the time
   *   that tuning may take; whether to try kernels again that are known from earlier visits
   */
  async tune({ budgetMs, share, wide = 0, again = true }, report) {
    const { state, pause } = this.worker;
    const engine = this.worker.compiler();
    const { id, current: plan } = state;
    if (state.tuning.state === 'running') throw userError('this session is being tuned already');
    if (plan < 0) throw userError('nothing has been run yet; run the model first');
    const start = performance.now();
    const { tuning } = state;
    tuning.state = 'running';
    let began = start;
    const rest = async () => {
      const worked = performance.now() - began;
      if (share < 1) await new Promise((done) => { setTimeout(done, worked * (1 / share - 1)); });
      await pause();
      if (state.id !== id) throw new Error('released');
      began = performance.now();
    };
    const p = state.plans[plan];
    const times = await this.times(p, rest);
    const byKernel = p.kernels.map((_, k) => sum(times.filter((__, i) => p.commands[i].kernel === k)));
    engine.tune(id, plan, byKernel.join(','), wide, again);
    Object.assign(tuning, JSON.parse(engine.tuned(id)));
    let bench = null;
    // The last part of the budget is for the plan with the winners.
    const swapMs = Math.min(budgetMs / 2, sum(times) * (WARM_ROUNDS + 2 * TURNS));
    let inTime;
    for (;;) {
      inTime = performance.now() - start < budgetMs - swapMs;
      const text = inTime ? engine.nextTrial(id) : '';
      if (!text) break;
      const job = JSON.parse(text);
      bench = this.bench(bench, plan, job.kernel, rest);
      const { ms, rivalMs, note } = await bench.tryOut(job);
      engine.record(id, ms, rivalMs, note);
      Object.assign(tuning, JSON.parse(engine.tuned(id)));
      report({ stage: 'tune', kernel: p.kernels[job.kernel].name, schedule: job.schedule, ms, rivalMs, note, tried: tuning.tried, speedup: tuning.speedup });
      await rest();
    }
    const became = await this.end(plan, rest, report);
    tuning.state = tuning.tried || inTime ? became : 'no time left';
    tuning.ms = performance.now() - start;
    await writeSchedules(this.fingerprint, tuning.found.split('\n').filter(Boolean));
    return { state: tuning.state, tried: tuning.tried, speedup: tuning.speedup, ms: tuning.ms };
  }

  /** Winners, all or of a workload, that are no faster in place serve nobody, in later visits neither. */
  giveUp(why, workload = '') {
    const { id, tuning } = this.worker.state;
    Object.assign(tuning, JSON.parse(this.worker.compiler().giveUp(id, workload)));
    return why;
  }

  /** What has become of it where there is nothing to put in place, or null. */
  settled() {
    const { tried, speedup } = this.worker.state.tuning;
    if (!tried) return 'nothing left to try';
    return speedup < WORTH ? this.giveUp('no better schedules') : null;
  }

  /** Loads the plan with the schedules found while the old one serves; what became of it. */
  async #swap(plan, rest, report) {
    const settled = this.settled();
    if (settled) return settled;
    const { state, load, parse } = this.worker;
    const engine = this.worker.compiler();
    const { id } = state;
    let done;
    state.swap = new Promise((resolve) => { done = resolve; });
    try {
      if (!parse(engine.replan(id, plan, false)).changed) return 'no better schedules';
      let next = -1;
      while (next < 0) {
        await rest();
        next = parse(engine.replanFor(id, PIECE_MS)).plan;
      }
      try {
        const p = await load(next, performance.now(), report, rest);
        const start = performance.now();
        for (let i = 0; i < WARM_ROUNDS || (i < 200 && performance.now() - start < WARM_MS); i++) await timeCommands(p, rest, 1);
        let ms = Infinity;
        let oldMs = Infinity;
        for (let i = 0; i < TURNS; i++) {
          ms = Math.min(ms, sum(await timeCommands(p, rest, 1)));
          oldMs = Math.min(oldMs, sum(await timeCommands(state.plans[plan], rest, 1)));
        }
        if (ms > oldMs) {
          engine.dropLast(id);
          return this.giveUp(`not better as a whole: ${ms.toFixed(2)} ms, ${oldMs.toFixed(2)} before`);
        }
        p.key = state.plans[plan].key;
        state.plans[next] = p;
        engine.replace(id, plan, next);
        if (state.device.shared) nextEpoch(state.memory);
        if (state.current === plan) state.current = next;
        delete state.plans[plan];
        state.helpers.forEach((h) => h.port.postMessage({ drop: plan }));
        return 'done';
      } catch (e) {
        if (state.id === id) engine.dropLast(id);
        throw e;
      }
    } finally {
      state.swap = null;
      done();
    }
  }

  /** Tunes beside the requests, once the first has been answered. */
  later(options, report) {
    const { state, pause } = this.worker;
    const { id } = state;
    setTimeout(async () => {
      await pause();
      if (state.id !== id || state.tuning.state !== 'not started') return;
      try {
        await this.tune({ ...options, again: false }, report);
      } catch (e) {
        if (state.id === id) state.tuning.state = `failed: ${e.message}`;
      }
    }, options.afterMs);
  }
}
