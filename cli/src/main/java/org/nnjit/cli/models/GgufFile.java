package org.nnjit.cli.models;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files of version 3; a tensor's rows are made when they are written. */
public final class GgufFile {
  private static final int ALIGNMENT = 32;

  /** The bytes of a row, little-endian. */
  interface Rows {
    ByteBuffer row(int index);
  }

  private record Entry(String name, GgufType type, int columns, int rows, boolean vector, Rows of) {
    long bytes() {
      return (long) type.rowBytes(columns) * rows;
    }
  }

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Entry> tensors = new ArrayList<>();

  /** Notes an Integer, Float, String, or an array of floats, ints or strings. */
  public GgufFile put(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  GgufFile vector(String name, GgufType type, int columns, Rows of) {
    tensors.add(new Entry(name, type, columns, 1, true, of));
    return this;
  }

  GgufFile matrix(String name, GgufType type, int rows, int columns, Rows of) {
    tensors.add(new Entry(name, type, columns, rows, false, of));
    return this;
  }

  /** Writes the file. */
  public void write(Path to) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to), 1 << 20)) {
      write(out);
    }
  }

  void write(OutputStream out) throws IOException {
    long written = 0;
    written += put(out, little(24).put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3)
        .putLong(tensors.size()).putLong(metadata.size()));
    for (Map.Entry<String, Object> e : metadata.entrySet()) {
      written += put(out, text(e.getKey())) + value(out, e.getValue());
    }
    long offset = 0;
    for (Entry t : tensors) {
      written += put(out, text(t.name));
      ByteBuffer info = little(32).putInt(t.vector ? 1 : 2).putLong(t.columns);
      if (!t.vector) {
        info.putLong(t.rows);
      }
      written += put(out, info.putInt(t.type.number).putLong(offset));
      offset += aligned(t.bytes());
    }
    out.write(new byte[(int) (aligned(written) - written)]);
    for (Entry t : tensors) {
      for (int i = 0; i < t.rows; i++) {
        ByteBuffer row = t.of.row(i);
        out.write(row.array(), 0, row.capacity());
      }
      out.write(new byte[(int) (aligned(t.bytes()) - t.bytes())]);
    }
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int put(OutputStream out, ByteBuffer bytes) throws IOException {
    out.write(bytes.array(), 0, bytes.position());
    return bytes.position();
  }

  private static ByteBuffer text(String s) {
    byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
    return little(8 + bytes.length).putLong(bytes.length).put(bytes);
  }

  private static int value(OutputStream out, Object value) throws IOException {
    return switch (value) {
      case Integer i -> put(out, little(8).putInt(4).putInt(i));
      case Float f -> put(out, little(8).putInt(6).putFloat(f));
      case String s -> put(out, little(4).putInt(8)) + put(out, text(s));
      case int[] all -> {
        ByteBuffer b = little(16 + 4 * all.length).putInt(9).putInt(5).putLong(all.length);
        for (int i : all) {
          b.putInt(i);
        }
        yield put(out, b);
      }
      case float[] all -> {
        ByteBuffer b = little(16 + 4 * all.length).putInt(9).putInt(6).putLong(all.length);
        for (float f : all) {
          b.putFloat(f);
        }
        yield put(out, b);
      }
      case String[] all -> {
        int written = put(out, little(16).putInt(9).putInt(8).putLong(all.length));
        for (String s : all) {
          written += put(out, text(s));
        }
        yield written;
      }
      default -> throw new IllegalArgumentException("no metadata: " + value);
    };
  }
}
