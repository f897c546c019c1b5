package org.nnjit.browser;

import org.teavm.jso.JSBody;
import org.teavm.jso.JSByRef;
import org.teavm.jso.JSObject;

/** Calls into the worker's script: files, feeds and memory. */
final class Bridge {
  private Bridge() {}

  /** Length of a file of the session, "" being the model. */
  @JSBody(
      params = {"files", "name"},
      script = "return files.size(name);")
  static native double size(JSObject files, String name);

  /** Copies bytes of a file. */
  @JSBody(
      params = {"files", "name", "offset", "into", "at", "length"},
      script = "files.read(name, offset, into.subarray(at, at + length));")
  static native void read(
      JSObject files, String name, double offset, @JSByRef byte[] into, int at, int length);

  /** Bytes of a feed, or -1 when there is none. */
  @JSBody(
      params = {"feeds", "name"},
      script = "var f = feeds[name]; return f ? f.byteLength : -1;")
  static native int feedBytes(JSObject feeds, String name);

  @JSBody(
      params = {"feeds", "name", "into"},
      script = "var f = feeds[name]; into.set(new Int8Array(f.buffer, f.byteOffset, f.byteLength));")
  static native void feed(JSObject feeds, String name, @JSByRef byte[] into);

  /** Copies bytes out of the WebAssembly memory; the address is unsigned. */
  @JSBody(
      params = {"memory", "address", "into"},
      script = "into.set(new Int8Array(memory.buffer, address >>> 0, into.length));")
  static native void load(JSObject memory, int address, @JSByRef byte[] into);

  @JSBody(
      params = {"memory", "address", "from"},
      script = "new Int8Array(memory.buffer, address >>> 0, from.length).set(from);")
  static native void store(JSObject memory, int address, @JSByRef byte[] from);

  /** A copy of the bytes as a JavaScript array. */
  @JSBody(
      params = {"from"},
      script = "return new Uint8Array(from.slice().buffer);")
  static native JSObject bytes(@JSByRef byte[] from);
}
