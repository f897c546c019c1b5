// Loads engine.wasm, the compiler: Java compiled by TeaVM to WebAssembly with garbage collection.
// This is what TeaVM's modules import, without code made from strings, so that a page whose policy
// forbids eval can use it.

/** Pages of 64 KiB for the buffers that Java and scripts share. */
const MAX_PAGES = 1024;

const identity = (v) => v;

/** The scripts inside TeaVM's class library that this program reaches. */
const SCRIPTS = {
  'return str;': identity,
  'return number;': identity,
  'return buffer;': identity,
  'return value;': identity,
  '{return {};}': () => ({}),
  "return typeof obj=='undefined';": (o) => o === undefined,
  'return object.toString();': (o) => o.toString(),
};

function script(...parts) {
  const body = parts.at(-1);
  if (!SCRIPTS[body]) throw new Error(`engine.wasm wants the script "${body}", which engine.js does not know`);
  return SCRIPTS[body];
}

/** Names of functions "callMethod0" ... as TeaVM numbers them by arguments. */
const numbered = (name, make) => Object.fromEntries(
  Array.from({ length: 9 }, (_, n) => [`${name}${n}`, make]));

/** Strings for engines older than the js-string builtins. */
const STRINGS = {
  fromCharCode: (code) => String.fromCharCode(code),
  charCodeAt: (text, i) => text.charCodeAt(i),
  length: (text) => text.length,
  concat: (a, b) => a + b,
  substring: (text, from, to) => text.substring(from, to),
  fromCharCodeArray: () => { throw new Error('this engine has no js-string builtins'); },
  intoCharCodeArray: () => { throw new Error('this engine has no js-string builtins'); },
};

function imports(memory, dataSize, builtins, ask) {
  const exceptions = new WeakMap();
  const wrappers = new WeakMap();
  const objects = new WeakMap();
  const codes = new WeakMap();
  let lastCode = 1;

  const messageOf = (e) => {
    const text = ask()['teavm.exceptionMessage'](e);
    return text == null ? '' : ask()['teavm.stringToJs'](text);
  };
  const toScript = (e) => {
    const tag = ask()['teavm.javaException'];
    if (!(e instanceof WebAssembly.Exception) || !e.is(tag)) return e;
    const java = e.getArg(tag, 0);
    return ask()['teavm.js.extractException'](java) ?? new Error(messageOf(java));
  };
  const throwInJava = (e) => {
    const all = ask();
    all['teavm.js.throwException'](exceptions.get(e) ?? all['teavm.js.wrapException'](e));
  };
  const guarded = (f) => (...args) => {
    try {
      return f(...args);
    } catch (e) {
      throwInJava(e);
      throw e;
    }
  };
  const exported = (f) => (...args) => {
    try {
      return f(...args);
    } catch (e) {
      throw toScript(e);
    }
  };

  return {
    env: { memory },
    teavmMath: Math,
    'wasm:js-string': STRINGS,
    teavmDate: { currentTimeMillis: () => Date.now() },
    teavm: {
      takeStackTrace: () => ({ getStack: () => [] }),
      decorateException: () => {},
    },
    teavmMemory: {
      linearMemory: () => memory.buffer,
      notifyHeapResized: () => {},
      heapOffset: new WebAssembly.Global({ value: 'i32', mutable: false }, (dataSize + 7) & ~7),
      maxSize: new WebAssembly.Global({ value: 'i32', mutable: false }, MAX_PAGES << 16),
    },
    teavmJso: {
      stringBuiltinsSupported: () => (builtins ? 1 : 0),
      isUndefined: (o) => (o === undefined ? 1 : 0),
      unwrapBoolean: (v) => (v ? 1 : 0),
      unwrapInt: identity,
      unwrapByte: identity,
      unwrapDouble: identity,
      wrapInt: identity,
      wrapShort: identity,
      wrapDouble: identity,
      getProperty: guarded((o, name) => (o === null ? globalThis : o)[name]),
      setProperty: guarded((o, name, v) => { (o === null ? globalThis : o)[name] = v; }),
      global: guarded((name) => globalThis[name]),
      instanceOf: (o, type) => (o instanceof type ? 1 : 0),
      sameRef: (a, b) => (a === b ? 1 : 0),
      hashCode(o) {
        if (!codes.has(o)) codes.set(o, lastCode++);
        return codes.get(o);
      },
      createClass: () => class {
        constructor(java) {
          this.java = java;
        }
      },
      defineMethod(type, name, f) {
        const call = exported(f);
        type.prototype[name] = function method(...args) {
          return call(this, ...args);
        };
      },
      javaObjectToJS(java, type) {
        if (java === null) return null;
        if (!objects.has(java)) objects.set(java, new type(java));
        return objects.get(java);
      },
      unwrapJavaObject: (o) => o.java,
      asFunction: (o, name) => o && ((...args) => o[name](...args)),
      defineFunction: exported,
      defineStaticMethod: (type, name, f) => { type[name] = exported(f); },
      wrapObject(o) {
        if (o === null) return null;
        if (!wrappers.has(o)) wrappers.set(o, ask()['teavm.jso.createWrapper'](o));
        return wrappers.get(o);
      },
      ...numbered('createFunction', script),
      ...numbered('callMethod', guarded((o, name, ...args) => (o === null ? globalThis : o)[name](...args))),
      ...numbered('callFunction', guarded((f, ...args) => f(...args))),
      ...numbered('construct', guarded((type, ...args) => new type(...args))),
    },
  };
}

/**
 * The compiler's functions by name; see Engine.java.
 * @param {URL|string} url where engine.wasm lies
 */
export async function loadEngine(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status} ${response.statusText}`);
  const options = { builtins: ['js-string'] };
  const typed = response.headers.get('Content-Type')?.startsWith('application/wasm');
  let module;
  try {
    module = typed
      ? await WebAssembly.compileStreaming(response, options)
      : await WebAssembly.compile(await response.arrayBuffer(), options);
  } catch (e) {
    throw new Error('this browser cannot load nnJIT: it wants WebAssembly with garbage collection '
      + `(Chrome 119, Firefox 120, Safari 18.2 or newer): ${e.message}`);
  }
  const builtins = !WebAssembly.Module.imports(module).some((i) => i.module === 'wasm:js-string');
  const [section] = WebAssembly.Module.customSections(module, 'teavm.memoryRequirements');
  const wanted = JSON.parse(new TextDecoder().decode(section));
  const memory = new WebAssembly.Memory({ initial: wanted.min, maximum: MAX_PAGES });
  let instance;
  const ask = () => instance.exports;
  instance = await WebAssembly.instantiate(module, imports(memory, wanted.dataSize, builtins, ask));
  // What the compiler writes may change with every build of it.
  const functions = { build: response.headers.get('ETag') ?? response.headers.get('Content-Length') };
  for (const [name, value] of Object.entries(instance.exports)) {
    if (value instanceof WebAssembly.Global) Object.defineProperty(functions, name, { get: () => value.value });
  }
  return functions;
}
