// Tensors that stay on the GPU, in the page: handles of buffers that the engine worker has. A GPUBuffer
// belongs to the thread whose device made it, so the page cannot have it.
import { Tensor } from './nnjit.js';

/** Where outputs may be wanted, as onnxruntime-web calls it. */
const LOCATIONS = ['cpu', 'gpu-buffer'];

/** An output on the GPU. */
export class GpuTensor extends Tensor {
  #tensors;
  #id;

  constructor(tensors, { type, dims, kept }) {
    super(type, [], [0]);
    this.dims = dims;
    this.size = dims.reduce((a, b) => a * b, 1);
    this.#tensors = tensors;
    this.#id = kept;
  }

  get location() { return this.#id ? 'gpu-buffer' : 'none'; }

  get data() { throw new Error('this tensor is on the GPU: await tensor.getData()'); }

  set data(_) { /* What Tensor sets is empty. */ }

  get gpuBuffer() {
    throw new Error("this tensor's buffer is in nnJIT's worker: feed the tensor to a run of its session, or await tensor.getData()");
  }

  /**
   * Its numbers, copied from the GPU.
   * @param {boolean} releaseData whether the tensor is disposed of afterwards
   * @returns {Promise<object>} a typed array
   */
  async getData(releaseData = false) {
    const data = await this.#tensors.read(this);
    if (releaseData) this.dispose();
    return data;
  }

  /** Gives its memory back; it cannot be used again. */
  dispose() {
    if (this.#id) this.#tensors.dispose(this, this.#id);
    this.#id = 0;
  }

  /** Whose it is. */
  get tensors() { return this.#tensors; }

  /** What the worker knows it by. */
  get handle() {
    if (!this.#id) throw new Error('this tensor has been disposed of');
    return this.#id;
  }
}

/** The tensors on the GPU of one session. */
class GpuTensors {
  #call;

  /** Gives back the memory of tensors that nothing holds any more. */
  #forgotten = new FinalizationRegistry((id) => this.#release(id));

  /** @param {function(string, object): Promise<object>} call of the worker */
  constructor(call) { this.#call = call; }

  /** An output that the worker has kept; undefined for others. */
  output(kept) {
    if (!kept.kept) return undefined;
    const tensor = new GpuTensor(this, kept);
    this.#forgotten.register(tensor, kept.kept, tensor);
    return tensor;
  }

  /** What the worker is told of a feed that it has; undefined for others. */
  feed(name, tensor) {
    if (!(tensor instanceof GpuTensor)) return undefined;
    if (tensor.tensors !== this) throw new Error(`feed '${name}' is on the GPU for another session: await its getData()`);
    return { type: tensor.type, dims: tensor.dims, data: new Uint8Array(0), kept: tensor.handle };
  }

  /** The numbers of a tensor, in a typed array. */
  async read({ type, handle }) {
    const { outputs: [{ data }] } = await this.#call('readTensor', { id: handle });
    return new (new Tensor(type, [], [0]).data.constructor)(data);
  }

  dispose(tensor, id) {
    this.#forgotten.unregister(tensor);
    this.#release(id);
  }

  /** A session that has ended has none left. */
  #release(id) { this.#call('disposeTensor', { id }).catch(() => {}); }
}

/**
 * Has a session keep outputs on the GPU.
 * @param {{executionProviders?: Array, preferredOutputLocation: string|object}} options of the session
 * @param {string[]} names of its outputs
 * @param {function(string, object): Promise<object>} call of the worker
 */
export function tensorsOf({ executionProviders: [first] = [], preferredOutputLocation: wanted }, names, call) {
  const all = typeof wanted === 'string';
  const locations = all ? [wanted] : Object.values(wanted);
  const wrong = locations.find((l) => !LOCATIONS.includes(l));
  if (wrong !== undefined) throw new TypeError(`preferredOutputLocation is '${wrong}', wanted ${LOCATIONS.join(' or ')}`);
  const unknown = all ? undefined : Object.keys(wanted).find((n) => !names.includes(n));
  if (unknown !== undefined) throw new TypeError(`preferredOutputLocation names '${unknown}'; outputs are ${names.join(', ')}`);
  if (locations.includes(LOCATIONS[1]) && (first?.name ?? first) !== 'webgpu') {
    throw new TypeError("preferredOutputLocation 'gpu-buffer' is for sessions with executionProviders: ['webgpu', ...]");
  }
  // A session that has gone to WebAssembly already does not know the call, and keeps none.
  call('keepOutputs', { wanted }).catch(() => {});
  return new GpuTensors(call);
}
