package org.nnjit.browser;

import java.nio.ByteBuffer;
import org.teavm.jso.typedarrays.Int8Array;

/**
 * Moves bytes between Java arrays, which scripts cannot see, and the {@link Host}, through a window
 * that both see.
 */
final class Bridge {
  private static final int WINDOW = 1 << 16;
  private static final ByteBuffer BYTES = ByteBuffer.allocateDirect(WINDOW);

  private Bridge() {}

  /** Moves the part of a transfer that begins at {@code done}. */
  private interface Step {
    void move(int done, Int8Array window, int bytes);
  }

  private static Int8Array window() {
    return Int8Array.fromJavaBuffer(BYTES);
  }

  private static void receive(byte[] into, int at, int length, Step step) {
    for (int done = 0; done < length; done += WINDOW) {
      int n = Math.min(WINDOW, length - done);
      step.move(done, window(), n);
      BYTES.clear();
      BYTES.get(into, at + done, n);
    }
  }

  private static void send(byte[] from, Step step) {
    for (int done = 0; done < from.length; done += WINDOW) {
      int n = Math.min(WINDOW, from.length - done);
      BYTES.clear();
      BYTES.put(from, done, n);
      step.move(done, window(), n);
    }
  }

  /** Copies bytes of a file. */
  static void read(Host host, String file, long offset, byte[] into, int at, int length) {
    receive(into, at, length, (done, w, n) -> host.read(file, (double) (offset + done), w, n));
  }

  /** All bytes of a feed, or null when there is none. */
  static byte[] feed(Host host, String name) {
    int bytes = host.feedBytes(name);
    if (bytes < 0) {
      return null;
    }
    byte[] data = new byte[bytes];
    receive(data, 0, bytes, (done, w, n) -> host.feed(name, done, w, n));
    return data;
  }

  /** Copies bytes out of the kernels' memory; the address is unsigned. */
  static void load(Host host, int address, byte[] into) {
    long base = address & 0xffffffffL;
    receive(into, 0, into.length, (done, w, n) -> host.load((double) (base + done), w, n));
  }

  /** Copies bytes into the kernels' memory; the address is unsigned. */
  static void store(Host host, int address, byte[] from) {
    long base = address & 0xffffffffL;
    send(from, (done, w, n) -> host.store((double) (base + done), w, n));
  }

  /** A copy of the bytes as a JavaScript array. */
  static Int8Array bytes(byte[] from) {
    Int8Array out = new Int8Array(from.length);
    send(from, (done, w, n) -> out.set(new Int8Array(w.getBuffer(), w.getByteOffset(), n), done));
    return out;
  }
}
