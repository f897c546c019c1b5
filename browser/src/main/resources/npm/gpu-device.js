// The GPU of an engine worker: one device, which the sessions of the worker use in turn and which
// none of them destroys.

import { GpuFault, Pipelines } from './gpu-pipelines.js';

/** Limits that kernels and buffers depend on; the device gets the adapter's highest. */
const LIMITS = ['maxStorageBuffersPerShaderStage', 'maxStorageBufferBindingSize', 'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupStorageSize', 'maxComputeWorkgroupsPerDimension'];

/** Workgroups have one dimension: this limit must be as high as that of their invocations. */
const WIDTH = 'maxComputeWorkgroupSizeX';

/** Features that kernels use where they are there. */
const KERNEL_FEATURES = ['shader-f16', 'subgroups'];

/** The same for times of kernels. */
const TIMES = 'timestamp-query';

/** The loss of a device is told within so many milliseconds after what it has ended. */
const TOLD_MS = 100;

/** Filters of error scopes, outermost first. */
const FILTERS = ['validation', 'internal', 'out-of-memory'];

/** A device and what is known of it. */
class Gpu {
  /** The fault that ended it, or null. */
  lost = null;

  pipelines = new Pipelines(this);

  /** The first error that no scope has caught, or null. */
  #loose = null;

  constructor(adapter, device) {
    const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info ?? device.adapterInfo ?? {};
    this.device = device;
    this.software = isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
    this.hasTimes = device.features.has(TIMES);
    this.features = KERNEL_FEATURES.filter((f) => device.features.has(f));
    this.limits = Object.fromEntries(LIMITS.map((name) => [name, device.limits[name]]));
    this.limits.maxComputeInvocationsPerWorkgroup = Math.min(this.limits.maxComputeInvocationsPerWorkgroup, device.limits[WIDTH]);
    this.info = { vendor, architecture, device: model, description, software: this.software, features: [...device.features].sort(), limits: this.limits };
    device.lost.then(({ reason, message }) => {
      this.lost = new GpuFault('lost', `the GPU device was lost (${[reason, message].filter(Boolean).join(': ')})`);
    });
    device.addEventListener('uncapturederror', (e) => {
      e.preventDefault();
      this.#loose ??= e.error;
    });
  }

  /** What the compiler is told, one `name=value` a line. */
  get text() {
    const features = this.software ? [...this.features, 'software'] : this.features;
    return [...Object.entries(this.limits), ['features', features]].map(([name, v]) => `${name}=${v}`).join('\n');
  }

  /** Whether all that was promised of another device holds of this one. */
  serves(other) {
    return LIMITS.every((name) => this.limits[name] >= other.limits[name])
      && other.features.every((f) => this.features.includes(f));
  }

  /** What comes of the promise; what has ended the device or gone wrong on it is thrown instead. */
  async wait(promise) {
    try {
      const result = await promise;
      if (this.lost) throw this.lost;
      return result;
    } catch (e) {
      // What was under way may fail before the reason is told.
      await Promise.race([this.device.lost, new Promise((done) => { setTimeout(done, TOLD_MS); })]);
      this.check();
      throw e;
    }
  }

  /** Throws when the device is lost or an error has come that no scope has caught. */
  check() {
    if (this.lost) throw this.lost;
    const error = this.#loose;
    this.#loose = null;
    if (error) throw faultOf(error);
  }

  /** What the action gives; errors that the GPU finds in what it does are thrown. */
  async guarded(action) {
    this.#watch();
    const [done] = await Promise.allSettled([(async () => action())()]);
    return this.#judge(done, this.#found());
  }

  /**
   * The same for what an action does before it waits, so that other work, which has scopes of its own,
   * may be under way.
   */
  async asked(action) {
    this.#watch();
    const given = (async () => action())();
    const found = this.#found();
    const [done] = await Promise.allSettled([given]);
    return this.#judge(done, found);
  }

  #watch() { FILTERS.forEach((f) => this.device.pushErrorScope(f)); }

  /** The errors found since the last #watch(), a promise. */
  #found() { return Promise.all(FILTERS.map(() => this.device.popErrorScope().catch(() => null))); }

  async #judge({ status, value, reason }, found) {
    const [memory, internal, validation] = await found;
    if (this.lost) throw this.lost;
    if (memory) throw faultOf(memory);
    if (status === 'rejected') throw reason;
    if (internal ?? validation) throw faultOf(internal ?? validation);
    return value;
  }
}

/** The fault that a GPUError tells of. */
function faultOf(error) {
  const memory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
  const [message] = error.message.split('\n');
  return memory ? new GpuFault('memory', `out of GPU memory: ${message}`)
    : new GpuFault('kernel', `the GPU refused a command: ${message}`);
}

let current = null;

const absent = (why) => new GpuFault('absent', why);

/**
 * The device of this worker, made anew when it has been lost.
 * @returns {Promise<Gpu>}
 * @throws {GpuFault} 'absent' when there is none
 */
export async function openGpu() {
  if (current && !current.lost) return current;
  const { gpu } = navigator;
  if (!gpu) {
    throw absent(globalThis.isSecureContext ? 'this browser does not have it, or not in workers'
      : 'the page must come from https or from this machine');
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw absent('the browser gives no adapter; the graphics driver may be missing or blocked');
  const requiredLimits = {};
  for (const name of [...LIMITS, WIDTH]) if (name in adapter.limits) requiredLimits[name] = adapter.limits[name];
  const requiredFeatures = [...KERNEL_FEATURES, TIMES].filter((f) => adapter.features.has(f));
  try {
    current = new Gpu(adapter, await adapter.requestDevice({ requiredLimits, requiredFeatures }));
  } catch (e) {
    throw absent(`the adapter gives no device (${e.message})`);
  }
  return current;
}
