package org.nnjit.gguf;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.FileWindow;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Texts;

/**
 * Reads a GGUF file into a graph. Every length is checked against the file before it is believed.
 */
public final class GgufReader {
  /** The file's first four bytes, "GGUF", as a little-endian number. */
  private static final int MAGIC = 0x46554747;

  /** Where the version lies, behind it. */
  private static final int VERSION_AT = 4;

  /** Tables of tokens, which are passed over, take megabytes. */
  private static final int WINDOW = 1 << 20;

  /** What the names of metadata of texts begin with, and the one that does not. */
  private static final String TOKENIZER = "tokenizer.";

  private static final String LENGTH = "llama.context_length";

  private static final int MOST_NESTED = 8;
  private static final int LONGEST_TEXT = 1 << 20;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** Bytes of numbers of each kind. */
  private static final int[] BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

  private final FileWindow window;
  private final long size;
  private long at;

  /** What is known of texts, with the elements of arrays; null where these are passed over. */
  private Map<String, List<String>> lists;

  private GgufReader(ByteSource source) {
    window = new FileWindow(source, WINDOW);
    size = source.size();
  }

  /** Whether the file begins as GGUF files do. */
  public static boolean reads(ByteSource source) {
    return source.size() >= 4 && new FileWindow(source, 4).int32(0) == MAGIC;
  }

  /**
   * Reads a model; weights are only located.
   *
   * @throws ModelException when the bytes are no valid model or it needs what nnJIT lacks
   */
  public static Model read(ByteSource source) {
    try {
      return new GgufReader(source).model();
    } catch (NumberFormatException e) {
      throw new ModelException("metadata of the GGUF file: " + e.getMessage());
    }
  }

  /**
   * Reads what the file tells of texts: its vocabulary and how long they may be.
   *
   * @return elements of arrays of numbers and texts by their names, numbers as text; what is no array is a
   *     list of one
   * @throws ModelException when the bytes are no valid model
   */
  public static Map<String, List<String>> lists(ByteSource source) {
    GgufReader reader = new GgufReader(source);
    reader.lists = new TreeMap<>();
    reader.at = VERSION_AT;
    reader.i32();
    reader.i64();
    reader.metadata(reader.i64());
    return reader.lists;
  }

  private Model model() {
    at = VERSION_AT;
    int version = i32();
    if (version < 2 || version > 3) {
      throw error(
          version != 0 && (version & 0xffff) == 0
              ? "it is big-endian, wanted little-endian"
              : "it has version " + version + ", wanted 2 or 3");
    }
    long tensors = i64();
    long entries = i64();
    Map<String, String> metadata = metadata(entries);
    Map<String, GgufTensor> found = new LinkedHashMap<>();
    for (long i = 0; i != tensors; i++) {
      GgufTensor t = tensor();
      if (found.put(t.name(), t) != null) {
        throw error("tensor '" + t.name() + "' is there twice");
      }
    }
    String architecture = metadata.getOrDefault("general.architecture", "");
    if (!architecture.equals("llama")) {
      throw new ModelException(
          "the GGUF file holds a model of architecture '" + architecture + "', nnJIT reads llama");
    }
    LlamaGraph llama = new LlamaGraph(metadata, located(found, metadata));
    Map<String, Integer> opsets = new TreeMap<>();
    opsets.put("", LlamaGraph.OPSET);
    return new Model(
        llama.graph(), opsets, metadata.getOrDefault("general.name", ""), metadata, Set.of());
  }

  /** So many entries but arrays, and lists of those that are wanted. */
  private Map<String, String> metadata(long entries) {
    Map<String, String> metadata = new TreeMap<>();
    for (long i = 0; i != entries; i++) {
      String key = text();
      boolean wanted = lists != null && (key.startsWith(TOKENIZER) || key.equals(LENGTH));
      List<String> list = wanted ? new ArrayList<>() : null;
      String value = value(i32(), 0, list);
      if (list != null) {
        lists.put(key, value == null ? list : List.of(value));
      } else if (value != null) {
        metadata.put(key, value);
      }
    }
    return metadata;
  }

  /** The tensors with their places in the file, in which they lie. */
  private Map<String, GgufTensor> located(
      Map<String, GgufTensor> found, Map<String, String> metadata) {
    String text = metadata.getOrDefault("general.alignment", "32");
    long align = Long.parseLong(text);
    if (align < 1 || align > size || (align & (align - 1)) != 0) {
      throw error("its alignment is " + text + ", wanted a power of two");
    }
    long data = at + align - 1 & -align;
    Map<String, GgufTensor> located = new LinkedHashMap<>();
    for (GgufTensor t : found.values()) {
      if (t.offset() < 0 || t.offset() > size - data || t.bytes() > size - data - t.offset()) {
        throw error(
            "tensor '" + t.name() + "' has " + t.bytes() + " bytes at " + t.offset()
                + " of the data, which end at " + (size - data) + "; is the file cut off?");
      }
      located.put(
          t.name(),
          new GgufTensor(t.name(), t.type(), t.columns(), t.rows(), data + t.offset()));
    }
    return located;
  }

  private GgufTensor tensor() {
    String name = text();
    int rank = i32();
    long columns = 1;
    long rows = 1;
    for (int i = 0; i != rank; i++) {
      long dim = i64();
      boolean possible = i < 2 ? dim > 0 && dim <= Integer.MAX_VALUE : dim == 1;
      if (!possible || i > 3) {
        throw error("tensor '" + name + "' has dimension " + dim + ", wanted a matrix or vector");
      }
      columns = i == 0 ? dim : columns;
      rows = i == 1 ? dim : rows;
    }
    int type = i32();
    BlockType blocks = BlockType.of(type);
    if (blocks == null) {
      throw error(
          "tensor '" + name + "' has type " + type + " of ggml, nnJIT reads " + BlockType.NAMES);
    }
    if (columns % blocks.elements() != 0) {
      throw error(
          "tensor '" + name + "' has rows of " + columns + " elements in blocks of "
              + blocks.elements());
    }
    return new GgufTensor(name, type, (int) columns, (int) rows, i64());
  }

  // --- values ---

  /**
   * The text of a number or string; null of an array.
   *
   * @param into gets the elements of an array, but not of one of arrays; null where it is passed over
   */
  private String value(int kind, int depth, List<String> into) {
    if (kind == STRING) {
      return text();
    }
    if (kind == ARRAY) {
      int of = i32();
      long count = i64();
      if (into != null && of != ARRAY) {
        for (long i = 0; i != count; i++) {
          into.add(value(of, depth, null));
        }
      } else if (of == STRING || of == ARRAY) {
        for (long i = 0; i != count; i++) {
          if (of == STRING) {
            advance(i64());
          } else if (depth < MOST_NESTED) {
            value(ARRAY, depth + 1, null);
          } else {
            throw error("arrays are nested deeper than " + MOST_NESTED);
          }
        }
      } else {
        int bytes = bytes(of);
        if (count < 0 || count > size / bytes) {
          throw error("an array has " + count + " elements");
        }
        advance(count * bytes);
      }
      return null;
    }
    int bytes = bytes(kind);
    long x = 0;
    need(bytes);
    for (int i = 0; i < bytes; i++) {
      x |= (long) window.byteAt(at++) << 8 * i;
    }
    int unused = 64 - 8 * bytes;
    return switch (kind) {
      case 6 -> Numbers.text(Float.intBitsToFloat((int) x));
      case 12 -> Numbers.text((float) Double.longBitsToDouble(x));
      case 1, 3, 5 -> Long.toString(x << unused >> unused);
      default -> Long.toString(x);
    };
  }

  private int bytes(int kind) {
    if (kind < 0 || kind >= BYTES.length || BYTES[kind] == 0) {
      throw error("a value has kind " + kind + ", which there is not");
    }
    return BYTES[kind];
  }

  private String text() {
    long length = i64();
    if (length > LONGEST_TEXT) {
      throw error("a name or text has " + length + " bytes");
    }
    long start = at;
    advance(length);
    byte[] bytes = new byte[(int) length];
    window.copy(start, bytes);
    return Texts.utf8(bytes);
  }

  private int i32() {
    need(4);
    at += 4;
    return window.int32(at - 4);
  }

  private long i64() {
    return i32() & 0xffffffffL | (long) i32() << 32;
  }

  private void advance(long bytes) {
    need(bytes);
    at += bytes;
  }

  private void need(long bytes) {
    if (bytes < 0 || size - at < bytes) {
      throw error("it ends in the middle of its header; is the file cut off?");
    }
  }

  private ModelException error(String message) {
    return new ModelException("not a GGUF file nnJIT can read: at byte " + at + ": " + message);
  }
}
