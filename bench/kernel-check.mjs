// Runs a kernel that two compilers have made on the same memory: prints {changed, relativeError}.
// node kernel-check.mjs OURS.wasm THEIRS.wasm END_BYTES ARGUMENT,...
import fs from 'node:fs';
import v8 from 'node:v8';

// Later versions have relaxed SIMD without the flag.
if (process.version.startsWith('v20.')) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');

const [, , ours, theirs, end, list] = process.argv;
const PAGE = 65536;
const BARRIER_BYTES = 1024;
const args = list.split(',').map(Number);
const addresses = args.slice(0, -2);
const parts = args.slice(-2);
const bytes = Math.ceil(Number(end) / PAGE + 1) * PAGE;
const before = Float32Array.from({ length: (bytes - BARRIER_BYTES) / 4 }, (_, i) => Math.sin(i * 12.9898) * 0.5);
const load = (path) => new WebAssembly.Module(fs.readFileSync(path));

/** What the memory holds after the kernel has run there; it begins at `base`. */
function after(memory, run, base) {
  const values = new Float32Array(memory.buffer, base + BARRIER_BYTES, before.length);
  values.set(before);
  run(...addresses.map((a) => a + base), ...parts);
  return values;
}

const memory = new WebAssembly.Memory({ initial: bytes / PAGE });
const a = after(memory, new WebAssembly.Instance(load(ours), { env: { memory } }).exports.run, 0);
const c = new WebAssembly.Instance(load(theirs), { env: { emscripten_notify_memory_growth() {} } }).exports;
const base = Math.ceil(c.__heap_base.value / PAGE) * PAGE;
c.memory.grow(Math.max(0, (base + bytes - c.memory.buffer.byteLength) / PAGE));
const b = after(c.memory, c.run, base);
let changed = 0;
let most = 0;
let largest = 0;
for (let i = 0; i < a.length; i++) {
  if (Object.is(a[i], before[i]) && Object.is(b[i], before[i])) continue;
  changed++;
  const d = Math.abs(a[i] - b[i]);
  most = Number.isNaN(d) ? Infinity : Math.max(most, d);
  largest = Math.max(largest, Math.abs(b[i]));
}
console.log(JSON.stringify({ changed, relativeError: changed === 0 || most === Infinity ? 1e30 : most / largest }));
