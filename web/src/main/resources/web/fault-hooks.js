// Stands between nnJIT and the browser on the page of the fault tests, in the page and in every
// worker: keeps the engine workers at hand, and breaks what a worker's name says. "engine:F" is a
// fault of an engine worker, "thread:F" one of a thread. F is
//   trap    a kernel traps in the third run      close   the worker ends itself in the third run
//   memory  memory for weights and activations ends at 64 MiB
//   idle    every second kernel on trial does nothing, in no time
//   slow    kernels take half a second longer
//   gpu-...    faults of WebGPU, see GPU_FAULTS

/** The engine workers that this page has started, ended ones too. */
export const workers = [];

const losses = new BroadcastChannel('nnjit-losses');

const kernels = new BroadcastChannel('nnjit-kernels');

/** Kernels that workers with the fault "gpu-code-told" make from now on are refused. */
export const refuseKernels = () => kernels.postMessage('now');

const counts = new BroadcastChannel('nnjit-gpu-bytes');

/** Bytes of the GPU buffers that a worker with the fault "gpu-bytes" has made and not destroyed. */
export const gpuBytes = () => new Promise((done) => {
  counts.onmessage = ({ data }) => done(data);
  counts.postMessage('wanted');
});

/** The GPU devices of workers with the fault "gpu-lost" are lost now. */
export const loseDevices = () => losses.postMessage('now');

let next = '';

/** The next worker of the fault's kind gets this fault. */
export const breakNext = (fault) => { next = fault; };

const RealWorker = globalThis.Worker;
/** The fault of this worker; its name becomes what the page wanted it to be. */
const [ownFault, ownName] = typeof document === 'undefined' ? globalThis.name.split('|') : ['', ''];
if (ownName !== undefined) globalThis.name = ownName;

globalThis.Worker = class extends RealWorker {
  constructor(url, options) {
    const kind = String(url).includes('thread-worker') ? 'thread' : 'engine';
    const name = next.startsWith(kind) ? next : '';
    const text = `import '${import.meta.url}'; import '${url}';`;
    super(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), { type: 'module', name: `${name}|${options.name ?? ''}` });
    if (name) next = '';
    if (kind === 'engine') workers.push(this);
  }
};

/** Plans are instances of their own; the compiler comes through WebAssembly.instantiate. */
function breakRuns(action) {
  const RealInstance = WebAssembly.Instance;
  WebAssembly.Instance = function Instance(module, imports) {
    const exports = { ...new RealInstance(module, imports).exports };
    for (const name of Object.keys(exports).filter((n) => /^run\d/.test(n))) {
      const run = exports[name];
      let calls = 0;
      exports[name] = (...args) => (++calls === 3 ? action() : run(...args));
    }
    return { exports };
  };
}

/** Every run of a plan takes so many milliseconds more. */
function slowRuns(ms) {
  const RealInstance = WebAssembly.Instance;
  WebAssembly.Instance = function Instance(module, imports) {
    const exports = { ...new RealInstance(module, imports).exports };
    for (const name of Object.keys(exports).filter((n) => /^run\d/.test(n))) {
      const run = exports[name];
      exports[name] = (...args) => {
        for (const end = performance.now() + ms; performance.now() < end;);
        return run(...args);
      };
    }
    return { exports };
  };
}

function idleTrials() {
  const RealInstance = WebAssembly.Instance;
  let trials = 0;
  WebAssembly.Instance = function Instance(module, imports) {
    const { exports } = new RealInstance(module, imports);
    return { exports: exports.part && ++trials % 2 === 0 ? { ...exports, run: () => {}, part: () => {} } : exports };
  };
}

function endMemory(pages) {
  const RealMemory = WebAssembly.Memory;
  const check = (n) => {
    if (n > pages) throw new RangeError('the tests end memory here');
  };
  WebAssembly.Memory = class extends RealMemory {
    constructor(limits) {
      check(limits.initial);
      super(limits);
    }

    grow(n) {
      check(this.buffer.byteLength / 65536 + n);
      return super.grow(n);
    }
  };
}

/** Puts another method in the place of one; `make` has the old one. */
function replaceMethod(type, name, make) {
  type.prototype[name] = make(type.prototype[name]);
}

/** The devices of this worker. */
function devicesMade() {
  const devices = [];
  replaceMethod(GPUAdapter, 'requestDevice', (old) => async function request(...args) {
    devices.push(await old.apply(this, args));
    return devices.at(-1);
  });
  return devices;
}

let reads = 0;

/** Counts how often results are read back, and calls this each time. */
function onRead(action) {
  replaceMethod(GPUBuffer, 'mapAsync', (old) => function map(...args) {
    const done = old.apply(this, args);
    reads++;
    action();
    return done;
  });
}

function noAdapterAfter(count) {
  let asked = 0;
  replaceMethod(globalThis.GPU, 'requestAdapter', (old) => async function request(...args) {
    return ++asked > count ? null : old.apply(this, args);
  });
}

function loseWhenTold() {
  const devices = devicesMade();
  losses.onmessage = () => devices.forEach((d) => d.destroy());
}

/** Buffers of more bytes than this are out of memory. */
function endGpuMemory(mostBytes) {
  const filters = [];
  let over = false;
  replaceMethod(GPUDevice, 'createBuffer', (old) => function create(descriptor) {
    over ||= descriptor.size > mostBytes;
    return old.call(this, descriptor);
  });
  replaceMethod(GPUDevice, 'pushErrorScope', (old) => function push(filter) {
    filters.push(filter);
    return old.call(this, filter);
  });
  replaceMethod(GPUDevice, 'popErrorScope', (old) => async function pop() {
    const filter = filters.pop();
    const ended = over && filter === 'out-of-memory';
    const error = await old.call(this);
    if (!ended) return error;
    over = false;
    return new GPUOutOfMemoryError('the tests end GPU memory here');
  });
}

/** Puts a broken kernel in the place of each that is made while this holds. */
function breakKernels(holds) {
  replaceMethod(GPUDevice, 'createShaderModule', (old) => function create(descriptor) {
    return old.call(this, holds() ? { ...descriptor, code: `fn broken( {\n${descriptor.code}` } : descriptor);
  });
}

function breakKernelsWhenTold() {
  let told = false;
  kernels.onmessage = () => { told = true; };
  breakKernels(() => told);
}

function countBytes() {
  const sizes = new Map();
  replaceMethod(GPUDevice, 'createBuffer', (old) => function create(descriptor) {
    const buffer = old.call(this, descriptor);
    sizes.set(buffer, descriptor.size);
    return buffer;
  });
  replaceMethod(GPUBuffer, 'destroy', (old) => function destroy() {
    sizes.delete(this);
    return old.call(this);
  });
  counts.onmessage = () => counts.postMessage([...sizes.values()].reduce((a, b) => a + b, 0));
}

/** Dispatches have more workgroups than there can be after so many times of reading back. */
function refuseCommandsAfter(count) {
  onRead(() => {});
  replaceMethod(GPUComputePassEncoder, 'dispatchWorkgroups', (old) => function dispatch(x, ...more) {
    return old.call(this, reads >= count ? 0x7fffffff : x, ...more);
  });
}

const GPU_FAULTS = {
  'gpu-unknown': () => Object.defineProperty(WorkerNavigator.prototype, 'gpu', { value: undefined }),
  'gpu-absent': () => noAdapterAfter(0),
  'gpu-lost': loseWhenTold,
  // In the third run.
  'gpu-lost-running': () => {
    const devices = devicesMade();
    onRead(() => reads === 3 && devices[0].destroy());
  },
  'gpu-gone': () => {
    loseWhenTold();
    noAdapterAfter(1);
  },
  'gpu-memory': () => endGpuMemory(1 << 20),
  'gpu-bytes': countBytes,
  'gpu-code': () => breakKernels(() => true),
  'gpu-code-told': breakKernelsWhenTold,
  // Every second kernel that is new after the first run, which only tuning makes, does nothing.
  'gpu-idle': () => {
    onRead(() => {});
    let trials = 0;
    replaceMethod(GPUDevice, 'createShaderModule', (old) => function create(descriptor) {
      const idle = reads > 0 && ++trials % 2 === 0;
      const code = idle ? descriptor.code.replace(/fn main\([^{]*\{/, '$& if (wgs.x > 0u) { return; }') : descriptor.code;
      return old.call(this, { ...descriptor, code });
    });
  },
  // Kernels made before the first run, not those of tuning, calculate in vain for a while.
  'gpu-slow-kernels': () => {
    onRead(() => {});
    const busy = 'var busy = 1u; for (var i = 0; i < 20000; i++) { busy = busy * 1664525u + 1013904223u; } if (busy == 1u) { return; }';
    replaceMethod(GPUDevice, 'createShaderModule', (old) => function create(descriptor) {
      return old.call(this, { ...descriptor, code: reads ? descriptor.code : descriptor.code.replace(/fn main\([^{]*\{/, `$& ${busy}`) });
    });
  },
  // Every result takes so long to be read back.
  'gpu-slow': () => replaceMethod(GPUBuffer, 'mapAsync', (old) => async function map(...args) {
    await old.apply(this, args);
    await new Promise((done) => { setTimeout(done, 200); });
  }),
  'gpu-commands': () => refuseCommandsAfter(0),
  'gpu-commands-later': () => refuseCommandsAfter(2),
};

const fault = ownFault.split(':')[1];
GPU_FAULTS[fault]?.();
switch (fault) {
  case 'trap': breakRuns(() => { throw new WebAssembly.RuntimeError('unreachable'); }); break;
  case 'close': breakRuns(() => globalThis.close()); break;
  case 'memory': endMemory(1024); break;
  case 'idle': idleTrials(); break;
  case 'slow': slowRuns(500); break;
  default:
}
