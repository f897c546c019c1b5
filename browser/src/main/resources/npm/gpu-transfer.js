// Bytes on their way to the GPU and back.
import { narrowed, roomOf } from './gpu-types.js';

/** Every buffer may be a kernel's argument, be written, and be read back. */
const usage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;

/** Sizes are multiples of this many bytes: kernels may see a buffer as vectors of four numbers. */
const GRAIN = 16;

/** A new buffer for so many bytes, all zero. */
export const makeBuffer = (device, bytes) => device.createBuffer({ size: Math.max(GRAIN, Math.ceil(bytes / GRAIN) * GRAIN), usage: usage() });

/** Bytes of a file that come at once at most, and those that may be under way to the GPU. */
const PIECE = 4 << 20;
const UNDER_WAY = 64 << 20;

/**
 * Writes weights to buffers as their pieces come: the only copy besides the GPU's is of one piece.
 */
export class Uploads {
  #gpu;
  #staging = null;
  #underWay = 0;

  constructor(gpu) { this.#gpu = gpu; }

  /** Writes bytes that are all there, from an offset on. */
  write(buffer, bytes, at = 0) {
    const { queue } = this.#gpu.device;
    const whole = bytes.byteLength & ~3;
    queue.writeBuffer(buffer, at, bytes, 0, whole);
    if (whole < bytes.byteLength) {
      const rest = new Uint8Array(4);
      rest.set(bytes.subarray(whole));
      queue.writeBuffer(buffer, at + whole, rest);
    }
  }

  /** Writes bytes of a file; see {@link PiecedFile#copy}. */
  async stream(buffer, file, offset, bytes) {
    const { queue } = this.#gpu.device;
    this.#staging ??= new Uint8Array(PIECE + 4);
    const staging = this.#staging;
    let written = 0;
    let held = 0;
    const flush = (upTo) => {
      queue.writeBuffer(buffer, written, staging, 0, upTo);
      written += upTo;
    };
    await file.copy(offset, bytes, (done, n) => {
      const whole = held & ~3;
      if (whole) flush(whole);
      staging.copyWithin(0, whole, held);
      held += n - whole;
      return staging.subarray(held - n, held);
    });
    staging.fill(0, held, held + 3);
    flush((held + 3) & ~3);
    this.#underWay += bytes;
    if (this.#underWay > UNDER_WAY) {
      await this.#gpu.wait(queue.onSubmittedWorkDone());
      this.#underWay = 0;
    }
  }
}

/** Reads values back through one buffer, which grows to what one time of reading needs. */
export class Readback {
  #gpu;
  #buffer = null;

  constructor(gpu) { this.#gpu = gpu; }

  /**
   * Ends the commands so far and waits for the values of these places.
   * @param {GPUCommandEncoder} encoder
   * @param {object[]} places {type, dims, buffer, wide}
   * @param {GPUBuffer[]} buffers that the places count
   * @returns {Promise<Uint8Array[]>} bytes as tensors have them
   */
  async read(encoder, places, buffers) {
    const { device } = this.#gpu;
    let bytes = 0;
    const offsets = places.map((place) => {
      const at = bytes;
      bytes = Math.ceil((at + roomOf(place)) / 8) * 8;
      return at;
    });
    if (bytes > (this.#buffer?.size ?? 0)) {
      this.release();
      this.#buffer = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    }
    const staging = this.#buffer;
    places.forEach((place, i) => {
      const room = roomOf(place);
      if (room) encoder.copyBufferToBuffer(buffers[place.buffer], 0, staging, offsets[i], room);
    });
    device.queue.submit([encoder.finish()]);
    if (!bytes) return places.map(() => new Uint8Array(0));
    await this.#gpu.wait(staging.mapAsync(GPUMapMode.READ, 0, bytes));
    try {
      const range = staging.getMappedRange(0, bytes);
      return places.map((place, i) => narrowed(place, range, offsets[i]));
    } finally {
      staging.unmap();
    }
  }

  release() {
    this.#buffer?.destroy();
    this.#buffer = null;
  }
}
