package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * A valid ONNX graph of 5 to 15 steps, drawn from a seed, with feeds. {@link RandomOps} draws the
 * steps; this class keeps the values. Outputs are all values that no node reads.
 */
final class RandomGraph {
  private static final int OPSET = 17;
  private static final int MOST_ELEMENTS = 2000;

  /**
   * A value of the graph.
   *
   * @param exact no operation before it rounds, so that comparing it is not a matter of luck
   */
  record Value(String name, DType dtype, int[] dims, boolean exact) {
    int rank() {
      return dims.length;
    }

    boolean is(DType type) {
      return dtype == type;
    }
  }

  final Random random;
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("random");
  private final Map<String, Tensor> feeds = new LinkedHashMap<>();
  private final List<Value> values = new ArrayList<>();
  private final Set<String> read = new HashSet<>();
  private int names;

  RandomGraph(long seed) {
    this(seed, false);
  }

  private RandomGraph(long seed, boolean attention) {
    random = new Random(seed * 0x9E3779B97F4A7C15L);
    if (attention) {
      // What later nodes make of infinity and NaN depends on their order of sums.
      steps(new RandomAttention(this).draw() ? 0 : below(4));
    } else {
      input(DType.F32, 1, 1 + below(2), 1 + below(8), 3 + below(6), 3 + below(6));
      input(DType.F32, 1, 1 + below(3), 1 + below(6), 1 + below(12));
      input(below(2) == 0 ? DType.I64 : DType.BOOL, 1, 1 + below(4), 1 + below(12));
      steps(5 + below(11));
    }
    for (Value v : values) {
      if (!read.contains(v.name()) && !feeds.containsKey(v.name())) {
        graph.addOutput(port(v));
      }
    }
  }

  /** A graph of one attention and up to three steps. */
  static RandomGraph attention(long seed) {
    return new RandomGraph(seed, true);
  }

  private void steps(int count) {
    RandomOps ops = new RandomOps(this);
    for (int steps = count; steps > 0; ) {
      if (ops.step()) {
        steps--;
      }
    }
  }

  ModelProto model() {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .setGraph(graph)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
        .build();
  }

  Map<String, Tensor> feeds() {
    return feeds;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  /** An input fed with normal numbers times a scale. */
  Value input(DType dtype, double scale, int... dims) {
    return input(draw(dtype, scale, dims));
  }

  Value input(Tensor feed) {
    Value v = new Value("in" + feeds.size(), feed.dtype(), feed.shape().dims(), true);
    graph.addInput(port(v));
    feeds.put(v.name(), feed);
    values.add(v);
    return v;
  }

  private static ValueInfoProto port(Value v) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (int d : v.dims()) {
      shape.addDimBuilder().setDimValue(d);
    }
    return ValueInfoProto.newBuilder()
        .setName(v.name())
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(v.dtype().onnxCode())
                        .setShape(shape)))
        .build();
  }

  /** Floats are multiples of 1/8 half of the time, so that some are equal; integers -5 to 5. */
  private Tensor draw(DType dtype, double scale, int... dims) {
    Tensor t = Tensor.zeros(dtype, Shape.of(dims));
    boolean coarse = random.nextBoolean();
    for (int i = 0; i < t.elements(); i++) {
      double x = random.nextGaussian();
      switch (dtype) {
        case F32 -> t.setDouble(i, scale * (coarse ? Math.rint(8 * x) / 8 : x));
        case BOOL -> t.setLong(i, x > 0 ? 1 : 0);
        default -> t.setLong(i, below(11) - 5);
      }
    }
    return t;
  }

  /** An initializer of normal numbers times a scale. */
  Value weight(DType dtype, double scale, int... dims) {
    return constant(draw(dtype, scale, dims));
  }

  /** An i64 vector initializer. */
  Value longs(int... elements) {
    long[] wide = Arrays.stream(elements).asLongStream().toArray();
    return constant(Tensor.ofLongs(Shape.of(wide.length), wide));
  }

  Value constant(Tensor t) {
    String name = "w" + names++;
    TensorProto.Builder proto =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(t.dtype().onnxCode())
            .setRawData(ByteString.copyFrom(t.bytes()));
    for (int d : t.shape().dims()) {
      proto.addDims(d);
    }
    graph.addInitializer(proto);
    return new Value(name, t.dtype(), t.shape().dims(), true);
  }

  /** Any value of a type with at least this rank, or null; later values are likelier. */
  Value any(DType dtype, int leastRank, boolean exact) {
    List<Value> fitting = new ArrayList<>();
    for (Value v : values) {
      if (v.is(dtype) && v.rank() >= leastRank && (v.exact() || !exact)) {
        fitting.add(v);
      }
    }
    int n = fitting.size();
    return n == 0 ? null : fitting.get(Math.max(below(n), below(n)));
  }

  /** Values that fit a condition on their extents. */
  List<Value> all(Predicate<Value> fits) {
    return values.stream().filter(fits).toList();
  }

  /** True when a result of these extents is neither empty nor too large for the interpreters. */
  static boolean fits(int... dims) {
    long elements = 1;
    for (int d : dims) {
      elements *= d;
    }
    return elements > 0 && elements <= MOST_ELEMENTS && dims.length <= 5;
  }

  /** Adds a node with one result; inputs that are null are left off as "". */
  Value add(
      String op, DType dtype, int[] dims, boolean exact, List<Value> in, AttributeProto... attrs) {
    String name = "v" + names++;
    NodeProto.Builder node =
        NodeProto.newBuilder().setOpType(op).addOutput(name).addAllAttribute(List.of(attrs));
    for (Value v : in) {
      node.addInput(v == null ? "" : v.name());
      if (v != null) {
        read.add(v.name());
      }
    }
    graph.addNode(node);
    Value made = new Value(name, dtype, dims, exact);
    values.add(made);
    return made;
  }
}
