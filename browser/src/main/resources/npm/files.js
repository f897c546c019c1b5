// Files of a model, in pieces: streamed in the background, or fetched as they are wanted.

/** Bytes of every piece but the last. */
const PIECE = 4 << 20;

/** Larger files with weights are not streamed whole, in bytes. */
const STREAMED = 1 << 30;

/** Pieces that are fetched at once. */
const AHEAD = 4;

/** An error that is the model's or the caller's fault. */
export const userError = (message) => Object.assign(new Error(message), { user: true });

/** Parts of a file behind an address, for which the server must know ranges. */
class Address {
  constructor(address) {
    this.address = address;
  }

  async fetch(from, end) {
    try {
      const response = await fetch(this.address, { headers: { Range: `bytes=${from}-${end - 1}` } });
      const whole = response.status === 206 && await response.arrayBuffer();
      return this.#part(response.status, whole, end - from);
    } catch (e) {
      throw e.user ? e : userError(`${this.address}: bytes ${from} to ${end} cannot be loaded (${e.message})`);
    }
  }

  fetchNow(from, end) {
    const request = new XMLHttpRequest();
    request.open('GET', this.address, false);
    request.responseType = 'arraybuffer';
    request.setRequestHeader('Range', `bytes=${from}-${end - 1}`);
    request.send();
    return this.#part(request.status, request.response, end - from);
  }

  #part(status, buffer, wanted) {
    if (status !== 206) throw userError(`${this.address}: the server answered ${status} to a range request`);
    if (buffer.byteLength !== wanted) {
      throw userError(`${this.address}: got ${buffer.byteLength} of ${wanted} bytes of a range, the file has changed`);
    }
    return new Uint8Array(buffer);
  }

  /** Whether the server knows ranges. */
  async inParts() {
    return this.fetch(0, 1).then(() => true, () => false);
  }
}

/** Parts of a file that the user has chosen. */
class Chosen {
  constructor(blob) {
    this.blob = blob;
  }

  async fetch(from, end) {
    return new Uint8Array(await this.blob.slice(from, end).arrayBuffer());
  }

  fetchNow(from, end) {
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(this.blob.slice(from, end)));
  }
}

/** One file's pieces, which are given back once their weights are in place. */
class PiecedFile {
  #pieces = [];
  #asked = new Map();
  #users = [];
  #order = [];
  #next = 0;
  #waiting = [];
  #complete = false;
  #failure = null;

  /** @param {Address|Chosen|null} source where parts come from again, null when from nowhere */
  constructor(name, source, size) {
    this.name = name;
    this.source = source;
    this.size = size;
    this.loaded = 0;
    this.fetched = 0;
    this.reader = null;
    this.inParts = source !== null;
  }

  /** Resolves when `read` can have any bytes: without ranges that is when all have come. */
  async readable() {
    if (await this.inParts) return;
    this.source = null;
    await this.until(Infinity);
  }

  /** The next piece of a stream. */
  add(bytes) {
    this.#pieces.push(bytes);
    this.loaded += bytes.byteLength;
    this.fetched += bytes.byteLength;
    this.#wake();
  }

  /** The last byte has come, or comes when it is wanted. */
  finish() {
    this.loaded = this.size;
    this.#complete = true;
    this.#wake();
  }

  fail(error) {
    this.#failure = error;
    this.#wake();
  }

  #wake() {
    this.#waiting = this.#waiting.filter(({ upTo, resolve, reject }) => {
      if (this.#failure) reject(this.#failure);
      else if (this.#complete || this.loaded >= upTo) resolve();
      else return true;
      return false;
    });
  }

  /** Resolves when all bytes before this offset have come. */
  until(upTo) {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#complete || this.loaded >= upTo) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ upTo, resolve, reject }));
  }

  /** What lies in each piece of a range: piece, first byte in it, bytes, bytes before them. */
  #parts(offset, bytes) {
    if (offset + bytes > this.size) {
      throw userError(`${this.name ? `'${this.name}'` : 'the model'} ends at byte ${this.size}, the model wants bytes ${offset} to ${offset + bytes}`);
    }
    const parts = [];
    for (let done = 0; done < bytes;) {
      const i = Math.floor((offset + done) / PIECE);
      const at = offset + done - i * PIECE;
      const n = Math.min(bytes - done, PIECE - at);
      parts.push([i, at, n, done]);
      done += n;
    }
    return parts;
  }

  /** Copies bytes; those that are not here are waited for. */
  read(offset, into) {
    for (const [i, at, n, done] of this.#parts(offset, into.length)) {
      let part = this.#pieces[i]?.subarray(at, at + n);
      if (!part) {
        part = this.source.fetchNow(i * PIECE + at, i * PIECE + at + n);
        this.fetched += n;
      }
      into.set(new Int8Array(part.buffer, part.byteOffset, n), done);
    }
  }

  /**
   * Notes copies to come, as [offset, bytes] in order: a piece is given back after the last copy
   * from it, where it can be fetched again, and the next pieces are fetched meanwhile.
   */
  plan(reads) {
    this.#users = [];
    this.#order = [];
    this.#next = 0;
    for (const [offset, bytes] of reads) {
      for (const [i] of this.#parts(offset, bytes)) {
        this.#users[i] = (this.#users[i] ?? 0) + 1;
        if (this.#order.at(-1) !== i) this.#order.push(i);
      }
    }
  }

  /** Does a planned copy; `into(done, n)` gives the place for n bytes after the first ones. */
  async copy(offset, bytes, into) {
    for (const [i, at, n, done] of this.#parts(offset, bytes)) {
      const end = Math.min(this.size, (i + 1) * PIECE);
      if (this.loaded < end) await this.until(end);
      if (!this.#pieces[i]) await this.#fetch(i);
      into(done, n).set(this.#pieces[i].subarray(at, at + n));
      if (this.source && --this.#users[i] === 0) this.#drop(i);
    }
  }

  /** Fetches a piece, and begins with those that are wanted after it. */
  async #fetch(i) {
    this.#next = Math.max(this.#next, this.#order.indexOf(i, this.#next));
    for (const k of this.#order.slice(this.#next, this.#next + AHEAD)) {
      const end = Math.min(this.size, (k + 1) * PIECE);
      if (end > this.loaded || this.#pieces[k] || this.#asked.has(k)) continue;
      const coming = this.source.fetch(k * PIECE, end).then((bytes) => {
        if (!this.#failure) this.#pieces[k] = bytes;
        this.fetched += bytes.length;
      }).finally(() => this.#asked.delete(k));
      coming.catch(() => {});
      this.#asked.set(k, coming);
    }
    await this.#asked.get(i);
    if (this.#failure) throw this.#failure;
  }

  #drop(i) {
    this.#pieces[i].buffer.transfer?.(0);
    this.#pieces[i] = null;
  }

  /** Forgets everything and stops loading. */
  release() {
    this.fail(userError('this session has been released'));
    this.reader?.cancel().catch(() => {});
    this.#pieces = [];
  }
}

/** All bytes of a file that is in memory. */
function held(name, bytes) {
  const file = new PiecedFile(name, null, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at += PIECE) file.add(bytes.subarray(at, at + PIECE));
  file.finish();
  return file;
}

/** Opens a file and starts loading it. Large ones besides the model, whose name is "", only on demand. */
export async function openFile(name, source, report) {
  if (source instanceof ArrayBuffer) return held(name, new Uint8Array(source));
  if (ArrayBuffer.isView(source)) return held(name, new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  const large = (size) => name !== '' && size > STREAMED;
  if (source instanceof Blob) {
    const file = new PiecedFile(name, new Chosen(source), source.size);
    if (large(file.size)) file.finish();
    else fill(file, 'the file', source.stream(), report);
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
  const file = new PiecedFile(name, new Address(response.redirected ? response.url : source), total);
  file.inParts = !encoded && (response.headers.get('Accept-Ranges') === 'bytes' || file.source.inParts());
  if (large(total) && await file.inParts) {
    response.body.cancel().catch(() => {});
    file.finish();
    return file;
  }
  fill(file, source, response.body, report);
  if (!total) await file.until(Infinity);
  return file;
}

/** Reads a stream into pieces. */
async function fill(file, source, stream, report) {
  const total = file.size;
  let piece = new Uint8Array(Math.min(PIECE, total || PIECE));
  let used = 0;
  let said = 0;
  try {
    file.reader = stream.getReader();
    for (;;) {
      const { done, value } = await file.reader.read();
      if (done) break;
      for (let at = 0; at < value.length;) {
        if (used === piece.length) {
          file.add(piece);
          piece = new Uint8Array(PIECE);
          used = 0;
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
    if (used) file.add(used < piece.length ? piece.slice(0, used) : piece);
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
