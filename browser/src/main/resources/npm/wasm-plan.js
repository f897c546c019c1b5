// Puts a plan's WebAssembly in place: memory, instances in all threads, weights.
import { userError } from './files.js';
import { Pieces } from './pieces.js';

/** Has the memory reach so far. */
function ensureMemory(state, end) {
  const pages = Math.ceil(end / 65536) + 1;
  if (pages > 65536) {
    throw userError(`the model needs ${Math.ceil(end / (1 << 20))} MiB, WebAssembly memory ends at 4096 MiB`);
  }
  try {
    if (!state.memory) {
      state.memory = state.device.shared
        ? new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true })
        : new WebAssembly.Memory({ initial: pages });
    } else {
      const have = state.memory.buffer.byteLength / 65536;
      if (pages > have) state.memory.grow(pages - have);
    }
  } catch (e) {
    throw userError(`out of memory: the model needs ${Math.ceil(end / (1 << 20))} MiB (${e.message})`);
  }
}

/** Notes what load steps will read of the files, so that their bytes go when they have been read. */
export function planReads(files, steps) {
  for (const [name, file] of files) {
    file.plan(steps.filter((s) => s[0] === 1 && s[4] === name).map((s) => [s[3], s[2]]));
  }
}

/**
 * Instantiates a plan in all threads and loads its weights.
 * @param {{state: object, replies: function}} worker its state, and what its threads answer
 * @param {{number: number|string, module: function(): Int8Array, constant: function(number), host:
 *   function(number): string}} source its name among the threads, and what the compiler has of it:
 *   module, inline constants by load step, calls on the host by segment
 */
export async function placePlan({ state, replies }, p, source, report, pause) {
  p.source = source;
  ensureMemory(state, p.endAddress);
  const code = source.module();
  const instantiating = performance.now();
  const module = pause ? await WebAssembly.compile(code) : new WebAssembly.Module(code);
  await pause?.();
  p.exports = new WebAssembly.Instance(module, { env: { memory: state.memory } }).exports;
  p.instantiateMs = performance.now() - instantiating;
  p.module = module;
  const plan = source.number;
  const ready = replies(state.helpers, plan);
  state.helpers.forEach((h) => h.port.postMessage({ plan, module, memory: state.memory }));
  for (const [address, bytes] of p.zeroed) new Uint8Array(state.memory.buffer, address, bytes).fill(0);
  await placeWeights(state, p, report, pause);
  await Promise.race([Promise.all(ready), new Promise((_, no) => setTimeout(() => no(new Error('the threads did not start within 20 s')), 20000))]);
  return p;
}

/** Does a plan's load steps; weights are waited for, and their bytes go as soon as they are placed. */
async function placeWeights(state, p, report, pause) {
  const start = performance.now();
  const table = p.exports.table;
  let said = start;
  const pieces = pause && new Pieces(pause);
  for (let i = 0; i < p.load.length; i++) {
    const step = p.load[i];
    if (step[0] === 0) {
      p.source.constant(step[3]);
    } else if (step[0] === 1) {
      const [, address, bytes, offset, name] = step;
      await state.files.get(name).copy(offset, bytes, (at, n) => new Uint8Array(state.memory.buffer, address + at, n));
    } else {
      table.get(step[1])(...step.slice(2));
    }
    await pieces?.between();
    if (performance.now() - said > 50) {
      said = performance.now();
      report({ stage: 'weights', loaded: i, total: p.load.length });
    }
  }
  p.packMs = performance.now() - start;
}
