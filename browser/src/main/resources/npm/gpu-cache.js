// Runs that add rows to caches which stay on the GPU: what CachedRuns does in WebAssembly. A cache has
// buffers of its own, each [batch, ..., capacity, ...] with the rows that are used first; the plans for
// its capacity serve all caches of that capacity.
import { copyRows, cuts, layout } from './cached-runs.js';
import { userError } from './files.js';
import { makeBuffer } from './gpu-transfer.js';
import { roomOf, widened } from './gpu-types.js';
import { SmallPlans, bytesOf } from './small-plans.js';

/** The input that holds how many rows the caches have before a run; see Growth.java. */
const LENGTH = '#length';

/** Where the rows of a cache lie on the GPU. */
const layoutThere = (place, axis) => layout({ dims: place.dims, bytes: roomOf(place) }, axis);

/** Bytes of a value with room for more rows than these along an axis; zeros behind them. */
function padded(place, { data, dims }, axis) {
  const bytes = new Uint8Array(place.bytes);
  const { part, row } = layout(place, axis);
  const used = row * dims[axis];
  copyRows(bytes, part, bytesOf(data), used, used);
  return bytes;
}

export class GpuCaches {
  #worker;
  #caches = new Map();
  #context = null;

  /** @param worker as of {@link GpuSession} */
  constructor(worker) { this.#worker = worker; }

  /** From now on buffers are made on this GPU; those of another are gone. */
  use(context) {
    this.#context = context;
    for (const c of this.#caches.values()) Object.assign(c, { buffers: null, held: new Map() });
  }

  #get(id) {
    const c = this.#caches.get(id);
    if (!c) throw userError('this cache has been released; create a new one');
    return c;
  }

  /** WebAssembly knows the cache too, should the session go on there before its first run. */
  async create(args) {
    const made = await this.#worker.methods.createCache(args);
    this.#caches.set(made.id, { ...made, given: args.held, past: args.past, places: null, axes: null, buffers: null, held: new Map() });
    return made;
  }

  /** What the plans are known by that serve this cache, and others like it. */
  #name({ capacity, given }) { return `gpu ${capacity} ${Object.keys(given)}`; }

  /**
   * One run.
   * @param {function(object, object): Promise<object>} execute runs a plan on its feeds
   */
  async run({ id, feeds, chain, from, kind }, report, execute) {
    if (kind) throw userError(`a run on WebGPU cannot be of the kind ${kind}; ask cache.hasKinds`);
    if (cuts(from, this.#get(id).length)) this.truncate({ id, length: from });
    if (chain) throw userError("a run on WebGPU cannot be fed by the one before; leave out 'chain', or ask cache.chains");
    const c = this.#get(id);
    let p = await this.#planFor(c, feeds, report);
    if (!c.buffers) await this.#begin(c, p);
    const [, rows] = p.cached[0];
    if (c.length + rows > c.capacity) p = await this.#grow(c, c.length + rows, feeds, report);
    const given = this.#feeds(p, c, feeds);
    this.#bind(p, c);
    const answer = await execute(p, given);
    c.length += rows;
    return { ...answer, length: c.length, capacity: c.capacity };
  }

  async #planFor(c, feeds, report) {
    const { compiler, parse, preparedPlan, state } = this.#worker;
    const all = { ...feeds, ...c.given };
    const args = [state.id, SmallPlans.key(all), Object.keys(c.given).join('\t'), c.length, c.capacity, this.#name(c), 'PLAIN'];
    const p = await preparedPlan(all, (known) => parse(compiler().prepareCached(...args, known)).plan, report);
    p.caches.forEach(({ name, dims }, i) => {
      const there = c.buffers && c.places[i].dims;
      if (there && String(there) !== String(dims)) {
        throw userError(`the cache holds '${name}' [${there}], this run wants [${dims}]; create another cache for it`);
      }
    });
    return p;
  }

  /** New buffers for the caches of a plan, zeros but for the bytes that are given. */
  async #make(p, first = []) {
    const { gpu, uploads } = this.#context;
    const buffers = [];
    try {
      await gpu.guarded(async () => {
        p.caches.forEach((place, i) => {
          buffers.push(makeBuffer(gpu.device, roomOf(place)));
          if (first[i]) uploads.write(buffers[i], widened(place, first[i]));
        });
      });
    } catch (e) {
      buffers.forEach((b) => b.destroy());
      throw e;
    }
    return buffers;
  }

  async #begin(c, p) {
    const axes = p.cached.map(([axis]) => axis);
    if (c.length > 0 && !c.past) throw userError('the rows of this cache went with the GPU device that was lost; create a new cache');
    const first = c.length > 0 ? p.caches.map((place, i) => this.#rows(c, place, axes[i])) : [];
    const buffers = await this.#make(p, first);
    Object.assign(c, { places: p.caches, axes, buffers, past: null });
  }

  /** A cache with the rows that it begins with. */
  #rows({ past, length }, place, axis) {
    const t = past[place.name];
    if (!t) throw userError(`'past' lacks '${place.name}'`);
    const wanted = place.dims.with(axis, length);
    if (t.type !== place.type || String(t.dims) !== String(wanted)) {
      throw userError(`past '${place.name}': got ${t.type}[${t.dims}], wanted ${place.type}[${wanted}]`);
    }
    return padded(place, t, axis);
  }

  /** Room for so many rows, twice as much as before at least; the GPU copies those that are there. */
  async #grow(c, rows, feeds, report) {
    const { capacity, places, buffers: old } = c;
    const name = this.#name(c);
    while (c.capacity < rows) c.capacity *= 2;
    let p;
    try {
      const { device } = this.#context.gpu;
      c.buffers = null;
      p = await this.#planFor(c, feeds, report);
      const buffers = await this.#make(p);
      const encoder = device.createCommandEncoder();
      c.axes.forEach((axis, i) => {
        const { parts, part, row } = layoutThere(places[i], axis);
        const wider = layoutThere(p.caches[i], axis).part;
        for (let n = 0; c.length && n < parts; n++) encoder.copyBufferToBuffer(old[i], n * part, buffers[i], n * wider, row * c.length);
      });
      device.queue.submit([encoder.finish()]);
      Object.assign(c, { buffers, places: p.caches });
    } catch (e) {
      Object.assign(c, { capacity, buffers: old });
      throw e;
    }
    old.forEach((b) => b.destroy());
    if (![...this.#caches.values()].some((other) => this.#name(other) === name)) this.#drop(name);
    return p;
  }

  /** Gives up the plans of this name, and the weights that only they have. */
  #drop(name) {
    const { compiler, parse, state } = this.#worker;
    const { weights } = this.#context;
    for (const plan of parse(compiler().dropCaches(state.id, name)).plans) {
      state.plans[plan]?.gpuPlan.release();
      state.plans[plan] = undefined;
    }
    const needed = new Set(state.plans.flatMap((p) => p?.buffers.map(([, key]) => key) ?? []));
    for (const [key, buffer] of weights) {
      if (needed.has(key)) continue;
      buffer.destroy();
      weights.delete(key);
    }
  }

  /** What a plan is fed, the length among it. */
  #feeds(p, c, feeds) {
    const growing = new Map(p.growing);
    const given = { [LENGTH]: { data: Int32Array.of(c.length) } };
    for (const place of p.inputs) {
      const { name } = place;
      if (name === LENGTH) continue;
      const feed = p.held.includes(name) ? c.given[name] : feeds[name];
      if (!feed) throw userError(`missing feed '${name}': the model does not return it with rows appended, so it cannot be a cache`);
      given[name] = growing.has(name) ? { data: padded(place, feed, growing.get(name)) } : feed;
    }
    return given;
  }

  /** Has the plan run on the cache's buffers, and on those of what is fed once. */
  #bind(p, c) {
    const { gpu, uploads } = this.#context;
    const given = new Map(p.caches.map(({ buffer }, i) => [buffer, c.buffers[i]]));
    for (const { name, buffer } of p.inputs) {
      if (buffer < 0 || !p.held.includes(name)) continue;
      if (!c.held.has(name)) {
        const bytes = bytesOf(c.given[name].data);
        c.held.set(name, makeBuffer(gpu.device, bytes.byteLength));
        uploads.write(c.held.get(name), bytes);
      }
      given.set(buffer, c.held.get(name));
    }
    p.gpuPlan.bind(c, given);
  }

  /** Rows that are given up are zeroed: what lies behind the end must be finite. */
  truncate({ id, length }) {
    const c = this.#get(id);
    if (c.buffers && length < c.length) {
      const { device } = this.#context.gpu;
      const encoder = device.createCommandEncoder();
      c.places.forEach((place, i) => {
        const { parts, part, row } = layoutThere(place, c.axes[i]);
        for (let n = 0; n < parts; n++) encoder.clearBuffer(c.buffers[i], n * part + row * length, row * (c.length - length));
      });
      device.queue.submit([encoder.finish()]);
    }
    c.length = length;
    return { length };
  }

  /** Sequences that come from another go there through a buffer of their own: ranges of one may not overlap. */
  reorder({ id, from }) {
    const c = this.#get(id);
    if (!c.buffers) return {};
    const [batch] = c.places[0].dims;
    if (from.length !== batch || from.some((b) => !Number.isInteger(b) || b < 0 || b >= batch)) {
      throw userError(`reorder: got [${from}], wanted ${batch} numbers from 0 to ${batch - 1}`);
    }
    const { device } = this.#context.gpu;
    const moved = [...from.entries()].filter(([i, b]) => i !== b);
    const sizes = c.places.map((place) => roomOf(place) / batch);
    const between = makeBuffer(device, Math.max(...sizes) * moved.length);
    const encoder = device.createCommandEncoder();
    c.buffers.forEach((buffer, k) => {
      moved.forEach(([, b], n) => encoder.copyBufferToBuffer(buffer, b * sizes[k], between, n * sizes[k], sizes[k]));
      moved.forEach(([i], n) => encoder.copyBufferToBuffer(between, n * sizes[k], buffer, i * sizes[k], sizes[k]));
    });
    device.queue.submit([encoder.finish()]);
    between.destroy();
    return {};
  }

  #free(c) {
    c.buffers?.forEach((b) => b.destroy());
    c.held.forEach((b) => b.destroy());
  }

  async release({ id }) {
    const c = this.#caches.get(id);
    if (c) this.#free(c);
    this.#caches.delete(id);
    return this.#worker.methods.releaseCache({ id });
  }

  clear() {
    this.#caches.forEach((c) => this.#free(c));
    this.#caches.clear();
  }

  /**
   * What WebAssembly must be told of the caches to go on with them: arguments of its createCache.
   * Caches whose rows the GPU no longer has are released there.
   */
  async leave() {
    const { gpu, readback } = this.#context;
    const left = [];
    for (const [id, c] of this.#caches) {
      const { capacity, given: held, axes, places, length } = c;
      // One that has not begun is there as it was created.
      if (!c.buffers && (c.past || !length)) continue;
      try {
        if (!c.buffers) throw gpu.lost;
        const encoder = gpu.device.createCommandEncoder();
        const whole = await readback.read(encoder, places.map((place, buffer) => ({ ...place, buffer })), c.buffers);
        const past = places.map((place, i) => {
          const { parts, part, row } = layout(place, axes[i]);
          const data = new Uint8Array(parts * row * length);
          for (let n = 0; n < parts; n++) data.set(whole[i].subarray(n * part, n * part + row * length), n * row * length);
          return [place.name, { type: place.type, dims: place.dims.with(axes[i], length), data }];
        });
        left.push({ id, capacity, held, past: Object.fromEntries(past) });
      } catch {
        await this.#worker.methods.releaseCache({ id });
      }
    }
    return left;
  }
}
