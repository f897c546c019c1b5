// Runs plans of a millisecond in the page itself, on the memory that the engine worker shares with
// it: a message there and back would take longer than the run.
import { tryLock, unlock, epoch } from './memory-lock.js';

/** A run that took longer, in milliseconds, was the last here: the page's thread must stay free. */
const LONGEST_MS = 4;

const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export class SmallPlans {
  #plans = new Map();

  /**
   * Takes a plan that the worker offers.
   * @param {{key: string, module: WebAssembly.Module, memory: WebAssembly.Memory, epoch: number,
   *   runs: string[], inputs: object[], outputs: object[]}} plan
   */
  add(plan) {
    const { exports } = new WebAssembly.Instance(plan.module, { env: { memory: plan.memory } });
    this.#plans.set(plan.key, { ...plan, exports });
  }

  clear() { this.#plans.clear(); }

  /** Types and shapes of feeds, which choose a plan. */
  static key(feeds) {
    return Object.entries(feeds).map(([name, f]) => `${name}\t${f.type}\t${f.dims.join(',')}`).join('\n');
  }

  /**
   * Runs the plan for these feeds.
   * @returns {object[]|null} outputs as the worker gives them; null when the worker must do it
   */
  run(feeds) {
    if (this.#plans.size === 0) return null;
    const plan = this.#plans.get(SmallPlans.key(feeds));
    if (!plan || plan.inputs.some((i) => feeds[i.name].data.byteLength !== i.bytes)) return null;
    const { memory } = plan;
    if (!tryLock(memory)) return null;
    try {
      if (epoch(memory) !== plan.epoch) {
        this.#plans.clear();
        return null;
      }
      const start = performance.now();
      for (const i of plan.inputs) new Uint8Array(memory.buffer, i.address, i.bytes).set(bytesOf(feeds[i.name].data));
      for (const run of plan.runs) plan.exports[run](0, 1);
      const outputs = plan.outputs.map((o) => ({
        name: o.name, type: o.type, dims: o.dims,
        data: new Uint8Array(memory.buffer, o.address, o.bytes).slice().buffer,
      }));
      if (performance.now() - start > LONGEST_MS) this.#plans.delete(plan.key);
      return outputs;
    } catch {
      this.#plans.delete(plan.key);
      return null;
    } finally {
      unlock(memory);
    }
  }
}
