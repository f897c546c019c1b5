package org.nnjit.gguf;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Numbers;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * The graph of a file of architecture llama, with inputs and outputs as Hugging Face's exports have
 * them: input_ids, attention_mask, position_ids and past_key_values.N.key and .value make logits
 * and present.N.key and .value.
 *
 * <p>In these files the rows of queries and keys are ordered so that the two elements that turn by
 * one angle are neighbours. When weights are loaded they get their places half a head apart again,
 * so that caches are those of other exports of the model.
 */
final class LlamaGraph {
  /** Version of ONNX's operators that the nodes are written in. */
  static final int OPSET = 17;

  private static final Dim BATCH = Dim.symbolic("batch_size");
  private static final Dim LENGTH = Dim.symbolic("sequence_length");
  private static final Dim PAST = Dim.symbolic("past_sequence_length");
  private static final Dim TOTAL = Dim.symbolic("total_sequence_length");

  private final Map<String, String> metadata;
  private final Map<String, GgufTensor> tensors;
  private final Set<String> unused;
  private final Set<String> unpacked = new HashSet<>();
  private final List<Node> nodes = new ArrayList<>();
  private final List<Port> inputs = new ArrayList<>();
  private final List<Port> outputs = new ArrayList<>();
  private final Map<String, Constant> constants = new LinkedHashMap<>();
  private String scope = "";

  LlamaGraph(Map<String, String> metadata, Map<String, GgufTensor> tensors) {
    this.metadata = metadata;
    this.tensors = tensors;
    unused = new LinkedHashSet<>(tensors.keySet());
  }

  Graph graph() {
    int layers = count("block_count", 0);
    int hidden = count("embedding_length", 0);
    int inner = count("feed_forward_length", 0);
    int heads = count("attention.head_count", 0);
    int keyHeads = count("attention.head_count_kv", heads);
    int size = count("attention.key_length", hidden / heads);
    double epsilon = real("attention.layer_norm_rms_epsilon", Double.NaN);
    if (heads % keyHeads != 0
        || size % 2 != 0
        || count("attention.value_length", size) != size
        || count("rope.dimension_count", size) != size
        || !(epsilon >= 0)) {
      throw new ModelException(
          "heads " + heads + " over " + keyHeads + " of size " + size + ", rotated "
              + count("rope.dimension_count", size) + ", with epsilon " + Numbers.text(epsilon)
              + ": nnJIT takes heads of one even size, all of it rotated");
    }
    Attributes norm = Attributes.NONE.with("axis", -1L);
    norm = norm.with("epsilon", new Attributes.Real(epsilon));
    String ids = port(inputs, "input_ids", DType.I64, BATCH, LENGTH);
    String mask = port(inputs, "attention_mask", DType.I64, BATCH, TOTAL);
    String positions = port(inputs, "position_ids", DType.I64, BATCH, LENGTH);
    String seen = seen(ids, mask);
    String angles = angles(positions, size);
    String cos = put("Cos", angles);
    String sin = put("Sin", angles);
    GgufTensor words = tensors.get("token_embd.weight");
    int vocabulary = words == null ? 1 : words.rows();
    String x = embedded(tensor("token_embd.weight", hidden, vocabulary), ids);
    for (int i = 0; i < layers; i++) {
      scope = "blk." + i + ".";
      String normed = norm(norm, x, "attn_norm.weight", hidden);
      String q = heads(product(normed, "attn_q.weight", hidden, heads * size, heads), heads, size);
      String k = product(normed, "attn_k.weight", hidden, keyHeads * size, keyHeads);
      k = heads(k, keyHeads, size);
      String v = product(normed, "attn_v.weight", hidden, keyHeads * size, 0);
      v = heads(v, keyHeads, size);
      k = cached(i, "key", rotated(k, cos, sin, size), keyHeads, size);
      v = cached(i, "value", v, keyHeads, size);
      q = rotated(q, cos, sin, size);
      String scores =
          put("MatMul", q, transposed(each(k, keyHeads, heads, size), 0, 1, 3, 2));
      scores = put("Mul", scores, number(1 / Math.sqrt(size)));
      scores = put("Where", seen, scores, number(-Float.MAX_VALUE));
      String shares = put("", "Softmax", Attributes.NONE.with("axis", -1L), scores);
      String mixed = put("MatMul", shares, each(v, keyHeads, heads, size));
      mixed = transposed(mixed, 0, 2, 1, 3);
      mixed = put("Reshape", mixed, longs(0, 0, (long) heads * size));
      x = put("Add", x, product(mixed, "attn_output.weight", heads * size, hidden, 0));
      normed = norm(norm, x, "ffn_norm.weight", hidden);
      String gate = product(normed, "ffn_gate.weight", hidden, inner, 0);
      String up = product(normed, "ffn_up.weight", hidden, inner, 0);
      String wide = put("Mul", put("Mul", gate, put("Sigmoid", gate)), up);
      x = put("Add", x, product(wide, "ffn_down.weight", inner, hidden, 0));
    }
    scope = "";
    x = norm(norm, x, "output_norm.weight", hidden);
    String head = tensors.containsKey("output.weight") ? "output.weight" : "token_embd.weight";
    String logits = product(x, head, hidden, vocabulary, 0);
    outputs.add(0, new Port("logits", DType.F32, List.of(BATCH, LENGTH, Dim.of(vocabulary))));
    int last = nodes.size() - 1;
    nodes.set(last, nodes.get(last).renamed(Map.of(logits, "logits")));
    if (!unused.isEmpty()) {
      throw new ModelException(
          "tensor '" + unused.iterator().next() + "' has no place in the architecture llama as"
              + " nnJIT knows it");
    }
    return new Graph("llama", inputs, outputs, nodes, constants);
  }

  // --- parts ---

  /** Which keys a query sees, bool [batch, 1, length, total]: earlier ones that are no padding. */
  private String seen(String ids, String mask) {
    Attributes second = Attributes.NONE.with("start", 1L).with("end", 2L);
    String total = put("Squeeze", put("", "Shape", second, mask));
    String length = put("Squeeze", put("", "Shape", second, ids));
    String one = constant(integer(1));
    String keys = put("Range", constant(integer(0)), total, one);
    String queries = put("Range", put("Sub", total, length), total, one);
    String earlier = put("LessOrEqual", keys, put("Unsqueeze", queries, longs(1)));
    String there = put("Unsqueeze", put("Greater", mask, constant(integer(0))), longs(1, 2));
    return put("And", there, earlier);
  }

  /** Angles of positions, f32 [batch, 1, length, size / 2]. */
  private String angles(String positions, int size) {
    double base = real("rope.freq_base", 10000);
    double factor = real("rope.scaling.factor", real("rope.scale_linear", 1));
    String kind = metadata.getOrDefault("llama.rope.scaling.type", "linear");
    if (kind.equals("none")) {
      factor = 1;
    } else if (!kind.equals("linear")) {
      throw new ModelException("rope.scaling.type is '" + kind + "', nnJIT knows none and linear");
    }
    Tensor steps = Tensor.zeros(DType.F32, Shape.of(size / 2));
    for (int i = 0; i < size / 2; i++) {
      steps.setDouble(i, Math.pow(base, -2.0 * i / size) / factor);
    }
    String step = constant(steps);
    if (tensors.containsKey("rope_freqs.weight")) {
      step = put("Div", step, vector("rope_freqs.weight", size / 2));
    }
    String at = put("Unsqueeze", cast(positions), longs(1, 3));
    return put("Mul", at, step);
  }

  private String embedded(GgufTensor words, String ids) {
    BlockType b = words.blocks();
    if (b.dtype() != null) {
      return floats(words, put("Gather", words.name(), ids));
    }
    String[] parts = unpacked(words, 0);
    Attributes a = Attributes.NONE.with("bits", (long) b.bits());
    a = a.with("block_size", (long) b.scaled()).with("quantize_axis", 1L);
    return put("com.microsoft", "GatherBlockQuantized", a, parts[0], ids, parts[1], parts[2]);
  }

  private String norm(Attributes norm, String x, String weight, int size) {
    return put("nnjit", "RMSNormalization", norm, x, vector(scope + weight, size));
  }

  /** [batch, length, heads * size] as [batch, heads, length, size]. */
  private String heads(String x, int heads, int size) {
    return transposed(put("Reshape", x, longs(0, 0, heads, size)), 0, 2, 1, 3);
  }

  /** The past and what is new, which is an output too. */
  private String cached(int layer, String what, String fresh, int heads, int size) {
    String name = layer + "." + what;
    Dim[] dims = {BATCH, Dim.of(heads), PAST, Dim.of(size)};
    String past = port(inputs, "past_key_values." + name, DType.F32, dims);
    dims[2] = TOTAL;
    String all = port(outputs, "present." + name, DType.F32, dims);
    place(all, "", "Concat", Attributes.NONE.with("axis", 2L), past, fresh);
    return all;
  }

  /** Keys or values once for each head of queries. */
  private String each(String x, int keyHeads, int heads, int size) {
    if (keyHeads == heads) {
      return x;
    }
    String wide = put("Unsqueeze", x, longs(2));
    wide = put("Expand", wide, longs(1, 1, heads / keyHeads, 1, 1));
    return put("Reshape", wide, longs(0, heads, -1, size));
  }

  /** Turns elements half a head apart by their angles. */
  private String rotated(String x, String cos, String sin, int size) {
    String a = put("Slice", x, longs(0), longs(size / 2), longs(3));
    String b = put("Slice", x, longs(size / 2), longs(size), longs(3));
    String first = put("Sub", put("Mul", a, cos), put("Mul", b, sin));
    String second = put("Add", put("Mul", b, cos), put("Mul", a, sin));
    return put("", "Concat", Attributes.NONE.with("axis", 3L), first, second);
  }

  /**
   * x times a weight of the layer.
   *
   * @param heads whose rows are in the order of neighbours, 0 for none
   */
  private String product(String x, String name, int in, int out, int heads) {
    GgufTensor t = tensor(scope + name, in, out);
    BlockType b = t.blocks();
    if (b.dtype() != null) {
      return put("MatMul", x, transposed(floats(t, apart(t, heads)), 1, 0));
    }
    String[] parts = unpacked(t, heads);
    Attributes a = Attributes.NONE.with("K", (long) in).with("N", (long) out);
    a = a.with("bits", (long) b.bits()).with("block_size", (long) b.scaled());
    return put("com.microsoft", "MatMulNBits", a, x, parts[0], parts[1], parts[2]);
  }

  /** The tensor, the two halves of each head's rows apart. */
  private String apart(GgufTensor t, int heads) {
    if (heads == 0) {
      return t.name();
    }
    String pairs = put("Reshape", t.name(), longs(heads, t.rows() / heads / 2, 2, -1));
    return put("Reshape", transposed(pairs, 0, 2, 1, 3), longs(t.rows(), -1));
  }

  /** Codes, scales and zero points of a tensor; no zero points where its type has none. */
  private String[] unpacked(GgufTensor t, int heads) {
    BlockType b = t.blocks();
    String[] parts = {t.name() + ".codes", t.name() + ".scales", t.name() + ".zeros"};
    if (t.type() != 12) {
      parts[2] = "";
    }
    Attributes a = Attributes.NONE.with("type", (long) t.type());
    a = a.with("columns", (long) t.columns()).with("bits", (long) b.bits());
    a = a.with("block_size", (long) b.scaled());
    a = a.with("blocks", (long) t.columns() / b.elements());
    if (unpacked.add(t.name())) {
      List<String> in = List.of(apart(t, heads));
      nodes.add(new Node(t.name(), "nnjit", "UnpackBlocks", 1, in, List.of(parts), a));
    }
    return parts;
  }

  // --- tensors and metadata ---

  private GgufTensor tensor(String name, int columns, int rows) {
    GgufTensor t = tensors.get(name);
    if (t == null) {
      throw new ModelException("the GGUF file has no tensor '" + name + "'");
    }
    if (t.columns() != columns || t.rows() != rows) {
      throw new ModelException(
          "tensor '" + name + "' has " + t.rows() + " rows of " + t.columns() + ", wanted " + rows
              + " of " + columns);
    }
    unused.remove(name);
    constants.put(name, t.constant(false));
    return t;
  }

  private String vector(String name, int size) {
    GgufTensor t = tensor(name, size, 1);
    if (t.blocks().dtype() == null) {
      throw new ModelException("tensor '" + name + "' is quantised, wanted floats");
    }
    constants.put(name, t.constant(true));
    return floats(t, name);
  }

  private int count(String key, int otherwise) {
    String text = metadata.getOrDefault("llama." + key, Integer.toString(otherwise));
    long n = Long.parseLong(text);
    if (n > 0 && n <= 1 << 24) {
      return (int) n;
    }
    throw new ModelException(
        metadata.containsKey("llama." + key)
            ? "metadata llama." + key + " is " + text + ", wanted 1 to " + (1 << 24)
            : "the GGUF file has no metadata llama." + key);
  }

  private double real(String key, double otherwise) {
    String text = metadata.get("llama." + key);
    return text == null ? otherwise : Numbers.parse(text);
  }

  // --- nodes ---

  private static String port(List<Port> ports, String name, DType dtype, Dim... dims) {
    ports.add(new Port(name, dtype, List.of(dims)));
    return name;
  }

  private String put(String type, String... in) {
    return put("", type, Attributes.NONE, in);
  }

  private String put(String domain, String type, Attributes attributes, String... in) {
    return place(scope + type + nodes.size(), domain, type, attributes, in);
  }

  private String place(
      String out, String domain, String type, Attributes attributes, String... in) {
    int opset = domain.isEmpty() ? OPSET : 1;
    nodes.add(new Node("", domain, type, opset, List.of(in), List.of(out), attributes));
    return out;
  }

  private String transposed(String x, long... order) {
    return put("", "Transpose", Attributes.NONE.with("perm", order), x);
  }

  /** Elements of a tensor as f32. */
  private String floats(GgufTensor t, String x) {
    return t.blocks().dtype() == DType.F32 ? x : cast(x);
  }

  private String cast(String x) {
    return put("", "Cast", Attributes.NONE.with("to", (long) DType.F32.onnxCode()), x);
  }

  private String constant(Tensor t) {
    String name = "constant" + constants.size();
    constants.put(name, new Constant.Inline(t));
    return name;
  }

  private String number(double value) {
    return constant(Tensor.scalar(DType.F32, value));
  }

  private static Tensor integer(long value) {
    Tensor t = Tensor.zeros(DType.I64, Shape.SCALAR);
    t.setLong(0, value);
    return t;
  }

  private String longs(long... values) {
    return constant(Tensor.ofLongs(Shape.of(values.length), values));
  }
}
