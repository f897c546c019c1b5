// Runs plans of a few milliseconds in the page itself, on the memory that the engine worker shares
// with it: a message there and back would take longer than the run.
import { tryLock, unlock, epoch } from './locks.js';
import { share } from './shared-run.js';

/**
 * A run that took longer, in milliseconds, was the last here: the page's thread must stay free. The
 * worker offers the plan again when its own runs are short.
 */
const LONGEST_MS = 12;

/**
 * Runs go on for so long, in milliseconds, before the page's other events have their turn; those
 * that were called all at once go to the worker after twice as long.
 */
const TURN_MS = 12;

/** What a message to the worker and back takes, in milliseconds. */
const TRIP_MS = 0.15;

/**
 * Runs after which a plan's time here is compared with the worker's. The threads share the second
 * half of them, and stay where that is faster by a tenth.
 */
const JUDGED_RUNS = 16;
const WORTH_SHARING = 0.9;

/** After so many runs they are compared again: another program may have had the core. */
const JUDGED_AGAIN = 160;

/** The bytes of a typed array. */
export const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Time spent on runs, for all sessions, since the page's other events had their turn. */
let spentMs = 0;

/** Resolves when they have; null when there was no run since. */
let turn = null;
let pass;
let channel;

/** Notes that so much time was spent. */
function spend(ms) {
  spentMs += ms;
  if (turn) return;
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => {
      spentMs = 0;
      turn = null;
      pass();
    };
  }
  turn = new Promise((done) => { pass = done; });
  channel.port2.postMessage(0);
}

export class SmallPlans {
  /** Plans by types and shapes; those of one key are for different values of some feeds. */
  #plans = new Map();

  /** Numbers of plans that are faster in the worker. */
  #slower = new Set();

  #threads;

  /** @param {Worker[]} threads that may share runs */
  constructor(threads) { this.#threads = threads; }

  /**
   * Takes a plan that the worker offers.
   * @param {{key: string, number: number, module: WebAssembly.Module, memory: WebAssembly.Memory,
   *   epoch: number, values: Array<[string, Uint8Array]>, bestMs: number, runs: string[],
   *   inputs: object[], outputs: object[], checks: object[], threads: number, steps: object[]}} plan
   *   `values` are the bytes of the feeds that it was made for, by name; `bestMs` is its time in the
   *   worker, where so many `threads` share a run
   */
  add(plan) {
    if (this.#slower.has(plan.number)) return;
    const { exports } = new WebAssembly.Instance(plan.module, { env: { memory: plan.memory } });
    const helpers = this.#threads.slice(0, plan.threads - 1);
    const { number, steps } = plan;
    helpers.forEach((h) => h.postMessage({ plan: number, steps }));
    const call = (job) => helpers.forEach((h) => h.postMessage({ plan: number, job }));
    const mayShare = helpers.length > 0 && steps.some((s) => s.pieces > 0);
    this.#plans.set(plan.key, [...this.#others(plan),
      { ...plan, exports, call, mayShare, shares: false, count: 0, aloneMs: Infinity, sharedMs: Infinity }]);
  }

  clear() { this.#plans.clear(); }

  /** Types and shapes of feeds, which choose a plan. */
  static key(feeds) {
    return Object.entries(feeds).map(([name, f]) => `${name}\t${f.type}\t${f.dims.join(',')}`).join('\n');
  }

  /** The plans of this one's key that are not this one. */
  #others({ key, number }) {
    return (this.#plans.get(key) ?? []).filter((p) => p.number !== number);
  }

  #drop(plan) { this.#plans.set(plan.key, this.#others(plan)); }

  /** The plan for these feeds, if it is here. */
  #find(feeds) {
    if (this.#plans.size === 0) return undefined;
    return this.#plans.get(SmallPlans.key(feeds))?.find((plan) =>
      plan.inputs.every((i) => feeds[i.name].data.byteLength === i.bytes)
      && plan.values.every(([name, bytes]) => same(bytes, bytesOf(feeds[name].data))));
  }

  /** What to wait for after a run that ends a long row of them; else null. */
  static get turn() { return spentMs > TURN_MS ? turn : null; }

  /**
   * Runs the plan for these feeds.
   * @returns {object[]|null} outputs as the worker gives them; null when the worker must do it
   */
  run(feeds) {
    const plan = spentMs > 2 * TURN_MS ? undefined : this.#find(feeds);
    if (!plan) return null;
    const { memory } = plan;
    if (!tryLock(memory)) return null;
    let late = null;
    try {
      if (epoch(memory) !== plan.epoch) {
        this.#plans.clear();
        return null;
      }
      const start = performance.now();
      for (const i of plan.inputs) new Uint8Array(memory.buffer, i.address, i.bytes).set(bytesOf(feeds[i.name].data));
      const shared = plan.count < JUDGED_RUNS ? plan.mayShare && plan.count >= JUDGED_RUNS / 2 : plan.shares;
      const began = performance.now();
      if (shared) late = share(memory, plan.exports, plan.steps, plan.call);
      else for (const run of plan.runs) plan.exports[run](0, 1);
      const ended = performance.now();
      if (late) {
        this.#drop(plan);
        return null;
      }
      // The worker says what is wrong.
      if (plan.checks.some((c) => new BigInt64Array(memory.buffer, c.address, 1)[0])) return null;
      const outputs = plan.outputs.map((o) => ({
        name: o.name, type: o.type, dims: o.dims,
        data: new Uint8Array(memory.buffer, o.address, o.bytes).slice().buffer,
      }));
      this.#timed(plan, performance.now() - start, ended - began, shared);
      return outputs;
    } catch {
      this.#drop(plan);
      return null;
    } finally {
      if (late) late.then(() => unlock(memory));
      else unlock(memory);
    }
  }

  /** Judges a plan by the times of a run, with and without copies of its feeds and outputs. */
  #timed(plan, ms, runMs, shared) {
    spend(ms);
    if (ms > LONGEST_MS) this.#drop(plan);
    if (plan.count < JUDGED_RUNS) {
      const which = shared ? 'sharedMs' : 'aloneMs';
      plan[which] = Math.min(plan[which], runMs);
    }
    plan.count = (plan.count + 1) % JUDGED_AGAIN;
    if (plan.count === 0) plan.aloneMs = plan.sharedMs = Infinity;
    if (plan.count !== JUDGED_RUNS) return;
    plan.shares = plan.sharedMs < WORTH_SHARING * plan.aloneMs;
    if (Math.min(plan.sharedMs, plan.aloneMs) > plan.bestMs + TRIP_MS) {
      this.#slower.add(plan.number);
      this.#drop(plan);
    }
  }
}
