package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nnjit.cli.models.SmallModel.ints;
import static org.nnjit.cli.models.SmallModel.random;
import static org.nnjit.cli.models.SmallModel.scalar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/**
 * ONNX Runtime's own operators with random attributes and shapes: interpreter and plan agree with
 * ONNX Runtime. Case {@code i} of seed {@code s} is case 0 of seed {@code s + i}.
 */
class ContribTest {
  private static final long SEED = Long.getLong("nnjit.fuzz.seed", 1);
  private static final int CASES = Integer.getInteger("nnjit.fuzz.cases", 40);

  /** One node under test, drawn from a seed. */
  private static final class Drawn {
    final Random random;
    final SmallModel model = new SmallModel();
    final Map<String, Object> attributes = new TreeMap<>();
    final List<String> inputs = new ArrayList<>();

    Drawn(long seed) {
      random = new Random(seed);
    }

    boolean flip() {
      return random.nextBoolean();
    }

    int upTo(int most) {
      return 1 + random.nextInt(most);
    }

    Drawn with(String attribute, Object value) {
      attributes.put(attribute, value);
      return this;
    }

    /** An input that is fed. */
    void fed(Tensor t) {
      inputs.add(model.feed("in" + inputs.size(), t));
    }

    void floats(int... dims) {
      fed(random(random, dims));
    }

    /** An input that is a weight or, as often, fed. */
    void weight(int... dims) {
      Tensor t = random(random, dims);
      inputs.add(
          flip() ? model.feed("in" + inputs.size(), t) : model.weight("in" + inputs.size(), t));
    }

    void absent() {
      inputs.add("");
    }

    /** Random i32 from 0 to {@code below - 1}. */
    Tensor draws(DType type, int below, int... dims) {
      int n = IntStream.of(dims).reduce(1, (a, b) -> a * b);
      return ints(type, dims, random.longs(n, 0, below).toArray());
    }

    /** The model with these outputs, those that are not empty. */
    SmallModel nodeOf(String domain, String type, String... outputs) {
      model.node(domain, type, attributes, inputs, List.of(outputs));
      for (String o : outputs) {
        if (!o.isEmpty()) {
          model.output(o, null);
        }
      }
      return model;
    }

    SmallModel node(String type, String... outputs) {
      return nodeOf("com.microsoft", type, outputs);
    }
  }

  private static void check(Consumer<Drawn> draw) {
    for (int i = 0; i < CASES; i++) {
      Drawn drawn = new Drawn(SEED + i);
      draw.accept(drawn);
      try {
        RandomGraphsTest.check(drawn.model.bytes(17), drawn.model.feeds);
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            e.getMessage() + "\nrepeat with -Dnnjit.fuzz.cases=1 -Dnnjit.fuzz.seed=" + (SEED + i)
                + "\n" + drawn.model,
            e);
      }
    }
  }

  @Test
  void normalisations() {
    check(
        d -> {
          int width = d.upTo(20);
          d.floats(d.upTo(2), d.upTo(4), width);
          d.weight(width);
          d.with("epsilon", d.flip() ? 1e-5 : 1e-2).with("axis", -1).with("stash_type", 1);
          d.nodeOf("", "SimplifiedLayerNormalization", d.flip() ? new String[] {"y", "inv"}
              : new String[] {"y"});
        });
  }

  @Test
  void normalisationsOfSums() {
    for (boolean simple : new boolean[] {false, true}) {
      check(
          d -> {
            int batch = d.upTo(2);
            int length = d.upTo(4);
            int width = 4 * d.upTo(4);
            d.floats(batch, length, width);
            switch (d.random.nextInt(3)) {
              case 0 -> d.floats(1, length, width);
              case 1 -> d.floats(length, width);
              default -> d.floats(batch, length, width);
            }
            d.weight(width);
            boolean added = d.flip();
            if (!simple && (d.flip() || added)) {
              d.weight(width);
            }
            if (added) {
              d.weight(width);
            }
            d.with("epsilon", d.flip() ? 1e-5 : 1e-2);
            String type = simple ? "SkipSimplifiedLayerNormalization" : "SkipLayerNormalization";
            if (d.flip()) {
              d.node(type, "y", "", "", "sum");
            } else {
              d.node(type, "y");
            }
          });
    }
  }

  @Test
  void embeddings() {
    check(
        d -> {
          int batch = d.upTo(3);
          int length = d.upTo(5);
          int width = 4 * d.upTo(4);
          boolean segments = d.flip();
          d.fed(d.draws(DType.I32, 9, batch, length));
          d.fed(segments ? d.draws(DType.I32, 2, batch, length) : null);
          d.weight(9, width);
          d.weight(7, width);
          if (segments) {
            d.weight(2, width);
          } else {
            d.absent();
          }
          d.weight(width);
          d.weight(width);
          d.fed(d.flip() ? d.draws(DType.I32, 2, batch, length) : null);
          d.fed(d.flip() ? d.draws(DType.I32, 7, d.flip() ? 1 : batch, length) : null);
          d.with("epsilon", 1e-5);
          d.node("EmbedLayerNormalization", "y", "mask", "sum");
        });
  }

  @Test
  void activations() {
    check(
        d -> {
          int width = d.upTo(20);
          d.floats(d.upTo(2), d.upTo(4), width);
          String[] types = {"BiasGelu", "FastGelu", "Gelu", "QuickGelu"};
          String type = types[d.random.nextInt(4)];
          if (type.equals("BiasGelu") || (type.equals("FastGelu") && d.flip())) {
            d.weight(width);
          }
          if (type.equals("QuickGelu") && d.flip()) {
            d.with("alpha", d.flip() ? 1.0 : 1.3);
          }
          d.node(type, "y");
        });
  }

  @Test
  void products() {
    check(
        d -> {
          int m = d.upTo(6);
          int k = d.upTo(6);
          int n = d.upTo(6);
          int batch = d.upTo(3);
          boolean a = d.flip();
          boolean b = d.flip();
          d.with("transA", a ? 1 : 0).with("transB", b ? 1 : 0);
          d.with("alpha", d.flip() ? 1.0 : 0.3);
          d.floats(batch, a ? k : m, a ? m : k);
          if (d.flip()) {
            d.weight(b ? n : k, b ? k : n);
          } else {
            d.weight(batch, b ? n : k, b ? k : n);
          }
          d.node("FusedMatMul", "y");
        });
  }

  @Test
  void rotations() {
    check(
        d -> {
          int batch = d.upTo(2);
          int length = d.upTo(4);
          int heads = d.upTo(3);
          int angles = 2 * d.upTo(4);
          boolean partial = d.flip();
          int size = 2 * angles + (partial ? 8 : 0);
          if (d.flip()) {
            d.floats(batch, length, heads * size);
            if (!partial) {
              d.with("num_heads", 0);
            }
          } else {
            d.floats(batch, heads, length, size);
          }
          if (partial) {
            d.with("rotary_embedding_dim", 2 * angles).with("num_heads", heads);
          }
          d.fed(
              d.flip()
                  ? ints(DType.I64, new int[] {1}, d.random.nextInt(4))
                  : d.draws(DType.I64, 8, batch, length));
          d.weight(8, angles);
          d.weight(8, angles);
          d.with("interleaved", d.flip() ? 1 : 0);
          d.node("RotaryEmbedding", "y");
        });
  }

  @Test
  void groupedQueries() {
    check(ContribTest::grouped);
  }

  private static void grouped(Drawn d) {
    int batch = d.upTo(2);
    int keyHeads = d.upTo(2);
    int heads = keyHeads * d.upTo(3);
    int size = 16 * d.upTo(2);
    boolean prompt = d.flip();
    int length = prompt ? d.upTo(6) : d.flip() ? 1 : d.upTo(3);
    int past = prompt ? 0 : d.upTo(6);
    if (past > 0 && length > 1) {
      batch = 1;
    }
    int total = past + length;
    int room = prompt ? (d.flip() ? 0 : total + 2) : past + (d.flip() ? 0 : d.upTo(4));
    boolean packed = d.flip();
    d.floats(batch, length, (packed ? heads + 2 * keyHeads : heads) * size);
    for (int i = 0; i < 2; i++) {
      d.fed(packed ? null : random(d.random, batch, length, keyHeads * size));
    }
    // What lies beyond the past is not the operator's to read; ONNX Runtime gives zeros there.
    long[] own = new long[batch];
    for (int b = 0; b < batch; b++) {
      boolean less = b > 0 && !prompt && d.flip();
      own[b] = less ? d.random.nextInt(past + 1) : past;
    }
    for (int i = 0; i < 2; i++) {
      Tensor t = room == 0 ? null : random(d.random, batch, keyHeads, room, size);
      for (int e = 0; t != null && e < t.elements(); e++) {
        boolean old = e / size % room < own[e / (keyHeads * room * size)];
        t.setDouble(e, old ? t.getDouble(e) : 0);
      }
      d.fed(t);
    }
    for (int b = 0; b < batch; b++) {
      own[b] += length - 1;
    }
    d.fed(ints(DType.I32, new int[] {batch}, own));
    d.fed(scalar(DType.I32, total));
    if (d.flip()) {
      int angles = d.flip() ? size / 2 : 8;
      d.weight(24, angles);
      d.weight(24, angles);
      d.with("do_rotary", 1).with("rotary_interleaved", d.flip() ? 1 : 0);
    }
    d.with("num_heads", heads).with("kv_num_heads", keyHeads);
    if (d.flip()) {
      d.with("scale", 0.3);
    }
    if (d.flip()) {
      d.with("softcap", 2.0);
    }
    if (d.flip()) {
      d.with("local_window_size", d.upTo(4));
    }
    if (d.random.nextInt(4) == 0) {
      d.with("smooth_softmax", 1);
    }
    d.node("GroupQueryAttention", "y", "present_key", "present_value");
  }

  @Test
  void manyHeads() {
    check(
        d -> {
          int batch = d.upTo(2);
          int heads = d.upTo(3);
          int size = 4 * d.upTo(3);
          int length = d.upTo(5);
          boolean cross = d.random.nextInt(3) == 0;
          boolean split = cross && d.flip();
          int fresh = cross ? d.upTo(6) : length;
          int past = cross ? 0 : d.random.nextInt(4);
          int valueSize = past > 0 || split || d.flip() ? size : 4 * d.upTo(3);
          int keys = past + fresh;
          d.floats(batch, length, heads * size);
          if (split) {
            d.floats(batch, heads, fresh, size);
            d.floats(batch, heads, fresh, valueSize);
            d.absent();
          } else {
            d.floats(batch, fresh, heads * size);
            d.floats(batch, fresh, heads * valueSize);
            if (d.flip()) {
              d.weight(heads * (2 * size + valueSize));
            } else {
              d.absent();
            }
          }
          mask(d, 1 + d.random.nextInt(4), batch, length, keys);
          d.fed(
              d.flip()
                  ? random(d.random, d.flip() ? 1 : batch, d.flip() ? 1 : heads, length, keys)
                  : null);
          if (past > 0) {
            d.floats(batch, heads, past, size);
            d.floats(batch, heads, past, valueSize);
          }
          d.with("num_heads", heads);
          if (d.flip()) {
            d.with("scale", 0.4);
          }
          if (!cross && d.flip()) {
            d.with("unidirectional", 1);
          }
          if (past > 0 || (!cross && d.flip())) {
            d.node("MultiHeadAttention", "y", "present_key", "present_value");
          } else {
            d.node("MultiHeadAttention", "y");
          }
        });
  }

  /** With rows enough to gain, the nodes that an operator becomes are one kernel again. */
  @Test
  void eachAttentionIsOneCall() throws Exception {
    for (String type : List.of("Attention", "GroupQueryAttention", "MultiHeadAttention")) {
      Drawn d = new Drawn(SEED);
      d.with("num_heads", 4);
      switch (type) {
        case "Attention" -> {
          d.with("unidirectional", 1);
          d.floats(2, 24, 32);
          d.weight(32, 3 * 64);
          d.weight(3 * 64);
          mask(d, 2, 2, 24, 24);
        }
        case "GroupQueryAttention" -> {
          d.with("kv_num_heads", 2).with("do_rotary", 1).with("local_window_size", 20);
          d.floats(1, 24, (4 + 2 * 2) * 16);
          d.absent();
          d.absent();
          d.floats(1, 2, 9, 16);
          d.floats(1, 2, 9, 16);
          d.fed(ints(DType.I32, new int[] {1}, 32));
          d.fed(scalar(DType.I32, 33));
          d.weight(40, 8);
          d.weight(40, 8);
        }
        default -> {
          d.with("unidirectional", 1);
          for (int i = 0; i < 3; i++) {
            d.floats(2, 24, 64);
          }
          d.weight(3 * 64);
          mask(d, 2, 2, 24, 24);
          d.floats(1, 4, 24, 24);
        }
      }
      if (type.equals("GroupQueryAttention")) {
        d.node(type, "y", "present_key", "present_value");
      } else {
        d.node(type, "y");
      }
      int fused = RandomGraphsTest.check(d.model.bytes(17), d.model.feeds);
      assertEquals(1, fused, type);
    }
  }

  /** None, [batch], [batch, keys], [batch, length, keys] or [2 * batch]; the first key is seen. */
  private static void mask(Drawn d, int kind, int batch, int length, int keys) {
    Tensor t =
        switch (kind) {
          case 1 -> d.draws(DType.I32, keys, batch);
          case 2 -> d.draws(DType.I32, 2, batch, keys);
          case 3 -> d.draws(DType.I32, 2, batch, length, keys);
          case 4 -> null;
          default -> d.draws(DType.I32, keys, 2 * batch);
        };
    for (int i = 0; t != null && i < t.elements(); i++) {
      if (kind == 1) {
        t.setLong(i, t.getLong(i) + 1);
      } else if (kind > 4) {
        // Starts after the ends.
        t.setLong(i, i < batch ? keys - t.getLong(i) / 2 : t.getLong(i) / 2);
      } else if (i % keys == 0) {
        t.setLong(i, 1);
      }
    }
    d.fed(t);
  }

  @Test
  void attentionWithProjection() {
    check(
        d -> {
          int batch = d.upTo(2);
          int heads = d.upTo(3);
          int size = 4 * d.upTo(3);
          int length = d.upTo(5);
          int features = 4 * d.upTo(4);
          int past = d.random.nextInt(3);
          int valueSize = past == 0 && d.flip() ? 4 * d.upTo(3) : size;
          int keys = past + length;
          int width = heads * (2 * size + valueSize);
          d.floats(batch, length, features);
          d.weight(features, width);
          d.weight(width);
          int kind = 1 + d.random.nextInt(5);
          mask(d, kind, batch, length, keys);
          d.fed(past == 0 ? null : random(d.random, 2, batch, heads, past, size));
          d.fed(
              past == 0 && d.flip()
                  ? random(d.random, d.flip() ? 1 : batch, d.flip() ? 1 : heads, length, keys)
                  : null);
          d.with("num_heads", heads);
          if (d.flip()) {
            d.with("scale", 0.2);
          }
          if (valueSize != size) {
            d.with(
                "qkv_hidden_sizes",
                new int[] {heads * size, heads * size, heads * valueSize});
          }
          // A row that sees no key is a matter of rounding: its scores are all near -10000.
          if (kind != 5 && d.flip()) {
            d.with("unidirectional", 1);
          }
          if (past > 0 || (valueSize == size && d.flip())) {
            d.node("Attention", "y", "present");
          } else {
            d.node("Attention", "y");
          }
        });
  }

  @Test
  void whatIsNotTakenIsNamed() {
    Drawn d = new Drawn(SEED);
    d.floats(1, 2, 8);
    d.weight(8, 24);
    d.with("num_heads", 2).with("do_rotary", 1);
    refused(
        d.node("Attention", "y"),
        "com.microsoft.Attention 'y': attribute do_rotary is 1, nnJIT takes 0 only");
    Drawn packed = new Drawn(SEED);
    packed.floats(1, 2, 2, 3, 4);
    packed.with("num_heads", 2);
    refused(packed.node("MultiHeadAttention", "y"), "wanted three inputs");
    Drawn bare = new Drawn(SEED);
    bare.floats(1, 2, 8);
    bare.floats(1, 2, 8);
    bare.floats(1, 2, 8);
    refused(
        bare.node("MultiHeadAttention", "y"), "attribute num_heads is 0, wanted 1 or more");
    Drawn unknown = new Drawn(SEED);
    unknown.floats(1, 2);
    refused(unknown.node("LongformerAttention", "y"), "unsupported operator");
  }

  private static void refused(SmallModel model, String wanted) {
    String message =
        assertThrows(
                ModelException.class,
                () ->
                    GraphInterpreter.run(
                        OnnxReader.read(ByteSource.of(model.bytes(17))).graph(),
                        model.feeds,
                        c -> null))
            .getMessage();
    assertTrue(message.contains(wanted), message);
  }
}
