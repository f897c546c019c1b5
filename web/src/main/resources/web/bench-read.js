// A thread of the read probe: reads its own 256 MiB with the compiler's own module for that
// (org.nnjit.tune.Probes). Of 64 MiB a third-level cache of 32 MiB keeps a part from pass to pass.
import { loadEngine } from '/npm/engine.js';

const BYTES = 256 << 20;

/** Passes of a measurement take so long together; the best of them counts. */
const SPAN_MS = 150;

async function prepared() {
  const engine = await loadEngine(new URL('/npm/engine.wasm', import.meta.url));
  const memory = new WebAssembly.Memory({ initial: BYTES / 65536 });
  // Untouched memory reads too fast.
  new Uint32Array(memory.buffer).fill(1);
  const module = new WebAssembly.Module(engine.probeModule('VECTORS', 0));
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  run(0, 65536, 300);
  return () => run(0, BYTES, 1);
}

/** The best pass, in 10^9 bytes a second. */
function best(pass) {
  let ms = Infinity;
  for (let start = performance.now(), last = start; last - start < SPAN_MS;) {
    pass();
    const now = performance.now();
    ms = Math.min(ms, now - last);
    last = now;
  }
  return BYTES / ms / 1e6;
}

const pass = prepared();
onmessage = async ({ data }) => {
  const read = await pass;
  postMessage(data === 'read' ? best(read) : 0);
};
