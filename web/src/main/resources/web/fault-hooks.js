// Stands between nnJIT and the browser on the page of the fault tests, in the page and in every
// worker: keeps the engine workers at hand, and breaks what a worker's name says. "engine:F" is a
// fault of an engine worker, "thread:F" one of a thread. F is
//   trap    a kernel traps in the third run      close   the worker ends itself in the third run
//   memory  memory for weights and activations ends at 64 MiB
//   idle    every second kernel on trial does nothing, in no time

/** The engine workers that this page has started, ended ones too. */
export const workers = [];

let next = '';

/** The next worker of the fault's kind gets this fault. */
export const breakNext = (fault) => { next = fault; };

const RealWorker = globalThis.Worker;
const ownName = typeof document === 'undefined' ? globalThis.name : '';

globalThis.Worker = class extends RealWorker {
  constructor(url) {
    const kind = String(url).includes('thread-worker') ? 'thread' : 'engine';
    const name = next.startsWith(kind) ? next : '';
    const text = `import '${import.meta.url}'; import '${url}';`;
    super(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), { type: 'module', name });
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

switch (ownName.split(':')[1]) {
  case 'trap': breakRuns(() => { throw new WebAssembly.RuntimeError('unreachable'); }); break;
  case 'close': breakRuns(() => globalThis.close()); break;
  case 'memory': endMemory(1024); break;
  case 'idle': idleTrials(); break;
  default:
}
