package org.nnjit.browser;

import org.teavm.jso.JSObject;
import org.teavm.jso.typedarrays.Int8Array;

/** What the worker's script does for a session: files, feeds and the kernels' memory. */
interface Host extends JSObject {

  /** Milliseconds from some moment on. */
  double now();

  /** Length of a file in bytes; "" is the model itself. */
  double size(String file);

  /** Copies bytes of a file from an offset to the start of an array. */
  void read(String file, double offset, Int8Array into, int bytes);

  /** Bytes of a feed, or -1 when there is none. */
  int feedBytes(String name);

  /** Copies bytes of a feed. */
  void feed(String name, int offset, Int8Array into, int bytes);

  /** Copies bytes out of the memory. */
  void load(double address, Int8Array into, int bytes);

  /** Copies bytes into the memory. */
  void store(double address, Int8Array from, int bytes);
}
