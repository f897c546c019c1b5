// The micro-benchmarks of the GPU: small kernels whose operations and bytes are known.
import { dispatchOf } from './gpu-plan.js';
import { timeOnce } from './gpu-profile.js';
import { makeBuffer } from './gpu-transfer.js';
import { readSchedules, writeSchedules } from './storage.js';

/** Invocations of a workgroup: every WebGPU takes as many. */
const SIZE = 256;

/** Fours of numbers that a workgroup shares: 8 KiB, half of what every WebGPU has. */
const SHARED = 512;

/** Turns of a loop, each of 8 multiply-adds of four numbers, or of one read of four. */
const TURNS = 256;

/** Bytes that are read from memory; no cache of a GPU holds as many. */
const READ_BYTES = 256 << 20;

/** A time counts when it is so long, in nanoseconds; kernels get more workgroups until it is. */
const LONG_NANOS = 4e6;
const FIRST_GROUPS = 64;
const MOST_GROUPS = 1 << 15;

const ROUNDS = 3;
const EMPTY_DISPATCHES = 256;

const module = (body, shared = '') => `
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> r: array<vec4<f32>>;
${shared}
@compute @workgroup_size(${SIZE})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) wgs: vec3<u32>, @builtin(local_invocation_index) lid: u32) {
  let group = wid.x;
${body}
  if (sum.x == 0.1234567) { r[lid] = sum; }
}
`;

const names = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'];

/** Eight independent chains hide the latency of each. */
const MULTIPLY_ADDS = module(`  let x = a[lid & 3u];
${names.map((s, i) => `  var ${s} = x + vec4<f32>(f32(lid + group) + ${i}.0);`).join('\n')}
  for (var i = 0; i < ${TURNS}; i++) {
${names.map((s) => `    ${s} = fma(${s}, x, x);`).join('\n')}
  }
  let sum = ${names.join(' + ')};`);

/** Neighbouring invocations read neighbours, all of a buffer together. */
const READS = module(`  var sum = vec4<f32>();
  let all = arrayLength(&a);
  for (var i = group * ${SIZE}u + lid; i < all; i += wgs.x * ${SIZE}u) { sum += a[i]; }`);

const SHARED_READS = module(`  for (var i = lid; i < ${SHARED}u; i += ${SIZE}u) { tile[i] = a[i & 3u]; }
  workgroupBarrier();
  var sum = vec4<f32>();
  for (var i = 0u; i < ${TURNS}u; i++) { sum += tile[(lid + i * 7u) & ${SHARED - 1}u]; }`,
`var<workgroup> tile: array<vec4<f32>, ${SHARED}>;`);

const EMPTY = module('  let sum = a[0];');

/** Runs kernels of this device on buffers of its own. */
class Bench {
  #gpu;
  #result;
  #small;

  constructor(gpu) { this.#gpu = gpu; }

  async open() {
    const { device } = this.#gpu;
    this.#result = await this.#gpu.asked(() => makeBuffer(device, SIZE * 16));
    this.#small = await this.#gpu.asked(() => makeBuffer(device, 64));
  }

  /** The least nanoseconds of a kernel with so many workgroups, so often in a row. */
  async nanos(name, code, groups, times = 1, input = this.#small) {
    const gpu = this.#gpu;
    const kernel = { name: `probe ${name}`, code, bindings: 2, groups };
    const pipeline = await gpu.asked(() => gpu.pipelines.get(kernel));
    const dispatch = await gpu.asked(() => dispatchOf(gpu, pipeline, kernel, [input, this.#result]));
    let best = Infinity;
    for (let i = 0; i < ROUNDS; i++) best = Math.min(best, await gpu.asked(() => timeOnce(gpu, dispatch, times)));
    return best;
  }

  /** The most work a nanosecond, of a kernel whose workgroups do so much each. */
  async rate(name, code, work, rest) {
    const most = Math.min(MOST_GROUPS, this.#gpu.limits.maxComputeWorkgroupsPerDimension);
    for (let groups = FIRST_GROUPS; ; groups *= 4) {
      await rest();
      const nanos = await this.nanos(name, code, groups);
      if (nanos >= LONG_NANOS || 4 * groups > most) return (groups * work) / Math.max(1, nanos);
    }
  }

  /** Bytes a nanosecond, of memory that is read once. */
  async reads(rest) {
    const { device, limits } = this.#gpu;
    let bytes = Math.min(READ_BYTES, limits.maxStorageBufferBindingSize, limits.maxBufferSize);
    for (;; bytes /= 2) {
      await rest();
      try {
        const buffer = await this.#gpu.asked(() => makeBuffer(device, bytes));
        try {
          return bytes / Math.max(1, await this.nanos('reads', READS, 1024, 1, buffer));
        } finally {
          buffer.destroy();
        }
      } catch (e) {
        if (e.kind !== 'memory' || bytes < 1 << 20) throw e;
      }
    }
  }

  close() {
    this.#result?.destroy();
    this.#small?.destroy();
  }
}

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

/** Milliseconds of an action, of three times the middle. */
async function middle(action) {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await action(i);
    times.push(performance.now() - start);
  }
  return median(times);
}

/**
 * Measures the GPU, in a second or two.
 * @param gpu the device
 * @param {function(): Promise} rest lets requests go first
 * @returns {Promise<object>} `fmaGflops`, a multiply-add counting two; `readGbs` from memory,
 *   `sharedGbs` from the memory of workgroups; `dispatchMicros` of a kernel that does nothing, in a
 *   row of them; `waitMs` until the end of commands is told; `pipelineMs` to make a small kernel
 */
export async function probeGpu(gpu, rest) {
  const bench = new Bench(gpu);
  try {
    await bench.open();
    const { queue } = gpu.device;
    const fmaGflops = await bench.rate('multiply-adds', MULTIPLY_ADDS, SIZE * TURNS * 8 * 4 * 2, rest);
    const sharedGbs = await bench.rate('shared', SHARED_READS, SIZE * TURNS * 16, rest);
    const readGbs = await bench.reads(rest);
    await rest();
    const dispatchMicros = (await bench.nanos('nothing', EMPTY, 1, EMPTY_DISPATCHES)) / 1e3 / EMPTY_DISPATCHES;
    const waitMs = await middle(() => {
      queue.submit([]);
      return gpu.wait(queue.onSubmittedWorkDone());
    });
    // Code that no cache knows.
    const pipelineMs = await middle((i) => gpu.asked(() => gpu.pipelines.get({
      name: 'probe pipeline', bindings: 2, code: MULTIPLY_ADDS.replace('0.1234567', `0.${performance.now().toFixed(3).replace('.', '')}${i}1`),
    })));
    return { fmaGflops, readGbs, sharedGbs, dispatchMicros, waitMs, pipelineMs };
  } finally {
    bench.close();
  }
}

const key = (fingerprint) => `${fingerprint}|probes`;

/** What was measured on an earlier visit, or undefined. */
export async function recallProbes(fingerprint) {
  const lines = await readSchedules(key(fingerprint));
  return lines.length ? Object.fromEntries(lines.map((line) => line.split('\t')).map(([name, v]) => [name, Number(v)])) : undefined;
}

export const keepProbes = (fingerprint, probes) => writeSchedules(key(fingerprint), Object.entries(probes).map((e) => e.join('\t')));
