// Runs that add rows to caches, in the engine worker: keys and values of past tokens stay in memory,
// each [batch, ..., capacity, ...] with the rows that are used first.
import { userError } from './files.js';
import { bytesOf } from './small-plans.js';

const product = (list) => list.reduce((a, b) => a * b, 1);

/** A value with rows along an axis: how many parts it has, and the bytes of a part and of a row. */
export function layout({ dims, bytes }, axis) {
  const parts = product(dims.slice(0, axis));
  return { parts, part: bytes / parts, row: bytes / parts / dims[axis] };
}

/** Copies the first rows of each part. */
export function copyRows(to, toPart, from, fromPart, bytes) {
  for (let t = 0, f = 0; f < from.length; t += toPart, f += fromPart) to.set(from.subarray(f, f + bytes), t);
}

/** Whether a run that goes on from a row forgets rows. */
export function cuts(from, length) {
  if (from !== undefined && !(Number.isInteger(from) && from >= 0 && from <= length)) {
    throw userError(`from is ${from}, wanted a whole number of rows from 0 to ${length}`);
  }
  return from < length;
}

/** What a plan depends on: types and shapes of feeds, those that grow with the cache as if it were empty. */
function typesOf(feeds, growing, length) {
  const axes = new Map(growing);
  return Object.entries(feeds).map(([name, { type, dims }]) => {
    const axis = axes.get(name);
    return `${name} ${type} ${axis === undefined ? dims : dims.with(axis, dims[axis] - length)}`;
  }).join('\n');
}

/** Outputs of so many bytes can be fed to the next runs, of so many runs. */
const MOST_CHAINED = 256;
const MOST_ANSWERS = 8;

/** Plans that a cache finds without asking the compiler. */
const MOST_KNOWN = 4;

export class CachedRuns {
  #context;
  #caches = new Map();
  #next = 1;

  /** @param context {state, compiler, parse, plan, key, execute, checkIndices, outputs} of the worker */
  constructor(context) { this.#context = context; }

  #at(place) { return new Uint8Array(this.#context.state.memory.buffer, place.address, place.bytes); }

  #get(id) {
    const c = this.#caches.get(id);
    if (!c) throw userError('this cache has been released; create a new one');
    return c;
  }

  /** The lowest name that no cache has: its plans may be there from an earlier one. */
  #name(capacity) {
    const used = [...this.#caches.values()].map((c) => c.name);
    let number = 0;
    while (used.includes(`${number}/${capacity}`)) number++;
    return `${number}/${capacity}`;
  }

  create({ id = this.#next++, capacity, held, past }) {
    const [first] = Object.entries(past);
    let length = 0;
    if (first) {
      const shape = this.#context.state.info.inputs.find((i) => i.name === first[0])?.shape;
      const axis = shape?.findIndex((d, i) => i > 0 && typeof d === 'string') ?? -1;
      if (axis < 0) throw userError(`'${first[0]}' is not an input of this model that can be a cache`);
      length = first[1].dims[axis];
    }
    while (capacity < length) capacity *= 2;
    const cache = { id, capacity, held, past, length, name: this.#name(capacity), known: [], answers: [] };
    this.#caches.set(id, cache);
    return { id, length, capacity };
  }

  /** What the runs before have answered takes the place of these feeds, or of their ends; returns the answers. */
  #chain(c, feeds, chain, chained) {
    const { answers } = c;
    c.answers = [];
    for (const [input, output] of Object.entries(chain)) {
      const data = bytesOf(feeds[input]?.data ?? new Uint8Array()).slice();
      const parts = answers.slice(-(chained ?? 1)).map((a) => a.get(output));
      const bytes = parts[0]?.length;
      const own = chained ? bytes : 0;
      if (parts.length !== (chained ?? 1) || parts.some((p) => p?.length !== bytes) || own + parts.length * bytes !== data.length) {
        throw userError(`'${input}' cannot be fed with '${output}' of the run before: ${bytes ? 'it has another size'
          : `that has failed, or '${output}' has over ${MOST_CHAINED} bytes`}`);
      }
      parts.forEach((p, i) => data.set(p, own + i * bytes));
      feeds[input].data = data;
    }
    return answers;
  }

  async run({ id, feeds, chain = {}, chained, from, kind = 'PLAIN' }, report) {
    const { execute, outputs, state } = this.#context;
    const c = this.#get(id);
    const answers = this.#chain(c, feeds, chain, chained);
    if (cuts(from, c.length)) this.truncate({ id, length: from });
    let p = await this.#prepare(c, feeds, kind, report);
    const [, rows] = p.cached[0];
    if (c.length + rows > c.capacity) p = await this.#grow(c, c.length + rows, feeds, kind, report);
    this.#write(p, c, feeds);
    new Int32Array(state.memory.buffer, p.length, 1)[0] = c.length;
    const ms = execute(p);
    this.#context.checkIndices(p);
    c.length += rows;
    const answer = new Map(p.outputs.filter((o) => o.bytes <= MOST_CHAINED).map((o) => [o.name, this.#at(o).slice()]));
    c.answers = [...answers.slice(1 - MOST_ANSWERS), answer];
    if (kind === 'DRAFT') c.drafts = p.kernels.some((k) => k.name.includes('_draft'));
    // Tuning works between requests: runs that are sent ahead would leave it no time.
    const chains = state.tuning.state !== 'running';
    return { outputs: outputs(p), ms, length: c.length, capacity: c.capacity, chains, hasKinds: true, drafts: c.drafts };
  }

  /** The plan for these feeds, and the places of the caches. */
  async #prepare(c, feeds, kind, report) {
    const { compiler, parse, key, plan, state } = this.#context;
    const found = c.known.find((k) => k.kind === kind && state.plans[k.number] === k.plan
      && k.key === typesOf(feeds, k.plan.growing, c.length));
    if (found) {
      state.current = found.number;
      return found.plan;
    }
    const all = { ...feeds, ...c.held };
    const args = [state.id, key(all), Object.keys(c.held).join('\t'), c.length, c.capacity, c.name, kind];
    const p = await plan(all, (known) => parse(compiler().prepareCached(...args, known)).plan, report);
    if (!c.places) {
      const axes = p.cached.map(([axis]) => axis);
      p.caches.forEach((place, i) => this.#begin(c, place, axes[i]));
      Object.assign(c, { places: p.caches, axes, written: new Set(), past: {} });
    }
    // What a feed holds may ask for another plan.
    if (p.valueInputs.length === 0) {
      const now = { plan: p, kind, number: state.current, key: typesOf(feeds, p.growing, c.length) };
      c.known = [now, ...c.known].slice(0, MOST_KNOWN);
    }
    return p;
  }

  /** Rows that the cache begins with, and zeros: what another cache left here might be NaN. */
  #begin(c, place, axis) {
    const bytes = this.#at(place).fill(0);
    const past = c.past[place.name];
    if (!past) {
      if (c.length > 0) throw userError(`'past' lacks '${place.name}'`);
      return;
    }
    const wanted = place.dims.with(axis, c.length);
    if (past.type !== place.type || String(past.dims) !== String(wanted)) {
      throw userError(`past '${place.name}': got ${past.type}[${past.dims}], wanted ${place.type}[${wanted}]`);
    }
    const { part, row } = layout(place, axis);
    const from = bytesOf(past.data);
    if (c.length > 0) copyRows(bytes, part, from, row * c.length, row * c.length);
  }

  /** Room for so many rows, twice as much as before at least; nothing is lost. */
  async #grow(c, rows, feeds, kind, report) {
    const { compiler, parse, state } = this.#context;
    const { name, places, written } = c;
    const before = { capacity: c.capacity, name, places, written, past: {}, known: [] };
    const past = places.map((place, i) => {
      const { parts, part, row } = layout(place, c.axes[i]);
      const from = this.#at(place);
      const data = new Uint8Array(parts * row * c.length);
      copyRows(data, row * c.length, from, part, row * c.length);
      return [place.name, { type: place.type, dims: place.dims.with(c.axes[i], c.length), data }];
    });
    let capacity = 2 * c.capacity;
    while (capacity < rows) capacity *= 2;
    Object.assign(c, { capacity, name: this.#name(capacity), places: null, past: Object.fromEntries(past), known: [] });
    try {
      const p = await this.#prepare(c, feeds, kind, report);
      for (const plan of parse(compiler().dropCaches(state.id, name)).plans) state.plans[plan] = undefined;
      return p;
    } catch (e) {
      Object.assign(c, before);
      throw e;
    }
  }

  #write(p, c, feeds) {
    const growing = new Map(p.growing);
    for (const place of p.inputs) {
      const once = p.held.includes(place.name);
      if (once && c.written.has(place.address)) continue;
      const given = once ? c.held[place.name] : feeds[place.name];
      if (!given) throw userError(`missing feed '${place.name}': the model does not return it with rows appended, so it cannot be a cache`);
      const { data, dims } = given;
      const from = bytesOf(data);
      const axis = growing.get(place.name);
      if (axis === undefined) {
        this.#at(place).set(from);
      } else {
        const { part, row } = layout(place, axis);
        copyRows(this.#at(place), part, from, row * dims[axis], row * dims[axis]);
      }
      if (once) c.written.add(place.address);
    }
  }

  /** Rows that are given up are zeroed: the next ones may be fewer than were there. */
  truncate({ id, length }) {
    const c = this.#get(id);
    c.places?.forEach((place, i) => {
      const { part, row } = layout(place, c.axes[i]);
      const bytes = this.#at(place);
      for (let at = 0; at < bytes.length; at += part) bytes.fill(0, at + row * length, at + row * c.length);
    });
    c.length = length;
    return { length };
  }

  reorder({ id, from }) {
    const c = this.#get(id);
    c.places?.forEach((place) => {
      const batch = place.dims[0];
      if (from.length !== batch || from.some((b) => !Number.isInteger(b) || b < 0 || b >= batch)) {
        throw userError(`reorder: got [${from}], wanted ${batch} numbers from 0 to ${batch - 1}`);
      }
      const bytes = this.#at(place);
      const size = bytes.length / batch;
      const old = bytes.slice();
      from.forEach((b, i) => i !== b && bytes.set(old.subarray(b * size, (b + 1) * size), i * size));
    });
    return {};
  }

  release({ id }) {
    this.#caches.delete(id);
    return {};
  }

  clear() { this.#caches.clear(); }
}
