// Files of a model, loaded in the background piece by piece.

const SEGMENT = 4 << 20;

/** An error that is the model's or the caller's fault. */
export const userError = (message) => Object.assign(new Error(message), { user: true });

/** The bytes of one file in pieces, which are given back once their weights are in place. */
class SegmentedFile {
  /** @param {string|null} address where pieces can be fetched again, null when they cannot */
  constructor(name, address, size) {
    this.name = name;
    this.address = address;
    this.size = size;
    this.loaded = 0;
    this.pieces = [];
    this.waiting = [];
    this.complete = false;
    this.failure = null;
    this.reader = null;
    this.users = [];
  }

  add(bytes) {
    this.pieces.push({ from: this.loaded, bytes });
    this.loaded += bytes.byteLength;
    this.#wake();
  }

  /** The last byte has come. */
  finish() {
    this.complete = true;
    this.#wake();
  }

  fail(error) {
    this.failure = error;
    this.#wake();
  }

  #wake() {
    this.waiting = this.waiting.filter(({ upTo, resolve, reject }) => {
      if (this.failure) reject(this.failure);
      else if (this.complete || this.loaded >= upTo) resolve();
      else return true;
      return false;
    });
  }

  /** Resolves when all bytes before this offset are here. */
  until(upTo) {
    if (this.failure) return Promise.reject(this.failure);
    if (this.complete || this.loaded >= upTo) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ upTo, resolve, reject }));
  }

  #index(offset) {
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.pieces[mid].from <= offset) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  read(offset, into) {
    let done = 0;
    for (let i = this.#index(offset); done < into.length; i++) {
      const piece = this.pieces[i];
      if (!piece) throw new Error(`'${this.name}' ends at byte ${this.loaded}`);
      if (!piece.bytes) piece.bytes = this.#again(piece.from, i);
      const at = offset + done - piece.from;
      const n = Math.min(into.length - done, piece.bytes.byteLength - at);
      into.set(new Int8Array(piece.bytes.buffer, piece.bytes.byteOffset + at, n), done);
      done += n;
    }
  }

  /** Pieces given back are fetched again when another shape wants the weights otherwise. */
  #again(from, i) {
    const end = i + 1 < this.pieces.length ? this.pieces[i + 1].from : this.loaded;
    const request = new XMLHttpRequest();
    request.open('GET', this.address, false);
    request.responseType = 'arraybuffer';
    request.setRequestHeader('Range', `bytes=${from}-${end - 1}`);
    request.send();
    if (request.status !== 206) {
      throw new Error(`${this.address}: the server answered ${request.status} to a range request`);
    }
    return new Uint8Array(request.response);
  }

  /**
   * Notes reads to come, as [offset, bytes] in order; `discard` gives back what none of them needs.
   */
  plan(reads) {
    this.users = this.pieces.map(() => 0);
    for (const [offset, bytes] of reads) this.#each(offset, bytes, (i) => { this.users[i]++; });
  }

  /** One planned read is done: pieces that no other needs go, where they can be fetched again. */
  discard(offset, bytes) {
    if (!this.address) return;
    this.#each(offset, bytes, (i) => {
      const { bytes: data } = this.pieces[i];
      if (--this.users[i] > 0 || !data) return;
      data.buffer.transfer?.(0);
      this.pieces[i].bytes = null;
    });
  }

  #each(offset, bytes, action) {
    if (bytes === 0) return;
    const last = this.#index(offset + bytes - 1);
    for (let i = this.#index(offset); i <= last; i++) action(i);
  }

  /** Forgets everything and stops loading. */
  release() {
    this.fail(userError('this session has been released'));
    this.reader?.cancel().catch(() => {});
    for (const p of this.pieces) p.bytes = null;
  }
}

/** Opens a file and starts loading it. */
export async function openFile(name, source, report) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    const file = new SegmentedFile(name, null, bytes.byteLength);
    file.add(bytes);
    file.finish();
    return file;
  }
  if (source instanceof Blob) {
    const file = new SegmentedFile(name, URL.createObjectURL(source), source.size);
    fill(file, source.stream(), report);
    return file;
  }
  if (typeof source !== 'string') {
    throw userError('the model must be an address, an ArrayBuffer, a Uint8Array or a Blob');
  }
  let response;
  try {
    response = await fetch(source);
  } catch (e) {
    throw userError(`${source}: cannot be loaded (${e.message})`);
  }
  if (!response.ok) throw userError(`${source}: the server answered ${response.status} ${response.statusText}`);
  const encoded = response.headers.has('Content-Encoding');
  const total = encoded ? 0 : Number(response.headers.get('Content-Length') ?? 0);
  const file = new SegmentedFile(name, response.redirected ? response.url : source, total);
  fill(file, response.body, report);
  if (!total) await file.until(Infinity);
  return file;
}

/** Reads a stream into pieces of 4 MiB. */
async function fill(file, stream, report) {
  const total = file.size;
  const source = file.address;
  let piece = new Uint8Array(Math.min(SEGMENT, Math.max(total, 65536)));
  let used = 0;
  let said = 0;
  const flush = () => {
    if (used) file.add(piece.subarray(0, used));
    used = 0;
  };
  try {
    file.reader = stream.getReader();
    for (;;) {
      const { done, value } = await file.reader.read();
      if (done) break;
      for (let at = 0; at < value.length;) {
        if (used === piece.length) {
          flush();
          piece = new Uint8Array(SEGMENT);
        }
        const n = Math.min(value.length - at, piece.length - used);
        piece.set(value.subarray(at, at + n), used);
        used += n;
        at += n;
      }
      const loaded = file.loaded + used;
      if (loaded - said > 8 << 20) {
        said = loaded;
        report({ stage: 'download', file: file.name, loaded, total });
      }
    }
    flush();
    if (total && file.loaded !== total) {
      throw userError(`${source}: got ${file.loaded} of ${total} bytes, the transfer broke off`);
    }
    file.size = file.loaded;
    file.finish();
    report({ stage: 'download', file: file.name, loaded: file.size, total: file.size });
  } catch (e) {
    file.fail(e.user ? e : userError(`${source}: the transfer broke off after ${file.loaded + used} bytes (${e.message})`));
  }
}
