package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nnjit.cli.models.RandomGraph.Value;
import org.nnjit.tensor.DType;

/** Draws nodes for a {@link RandomGraph}: each method adds one, or none and says false. */
final class RandomOps {
  private static final List<String> ROUNDING =
      List.of("Tanh", "Sigmoid", "Erf", "Softplus", "Sin", "Cos", "Elu", "HardSwish", "LeakyRelu");
  private static final List<String> EXACT = List.of("Relu", "Abs", "Neg", "Floor", "Sign");
  private static final List<String> REDUCTIONS =
      List.of("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp");

  private final RandomGraph g;
  private final RandomMoves moves;
  private final RandomWindows windows;

  RandomOps(RandomGraph graph) {
    g = graph;
    moves = new RandomMoves(graph);
    windows = new RandomWindows(graph);
  }

  boolean step() {
    return switch (g.below(20)) {
      case 0, 1 -> unary();
      case 2, 3, 4 -> binary();
      case 5 -> where();
      case 6 -> cast();
      case 7, 8 -> reduce();
      case 9, 10 -> matMul();
      case 11 -> gemm();
      case 12 -> windows.conv();
      case 13 -> windows.pool();
      case 14 -> normalise();
      case 15 -> compare();
      default -> moves.step();
    };
  }

  private <T> T pick(List<T> from) {
    return from.get(g.below(from.size()));
  }

  private boolean unary() {
    boolean rounds = g.below(2) == 0;
    String op = rounds ? pick(ROUNDING) : pick(EXACT);
    Value x = g.any(DType.F32, 0, op.equals("Floor") || op.equals("Sign"));
    if (op.equals("Sin") || op.equals("Cos")) {
      x = tanh(x); // of a large value they would keep only what it was rounded by
    }
    g.add(op, DType.F32, x.dims(), x.exact() && !rounds, List.of(x));
    return true;
  }

  /** The other operand: a value that broadcasts with this one, or a weight made to. */
  private Value partner(Value x) {
    List<Value> fitting =
        g.all(v -> v.is(x.dtype()) && broadcast(v.dims(), x.dims()) != null);
    if (g.below(2) == 0) {
      return pick(fitting);
    }
    int from = g.below(x.rank() + 1);
    int[] dims = Arrays.copyOfRange(x.dims(), from, x.rank());
    for (int i = 0; i < dims.length; i++) {
      dims[i] = g.below(3) == 0 ? 1 : dims[i];
    }
    return g.weight(x.dtype(), 1, dims);
  }

  /** Extents after ONNX's broadcasting, or null when they do not fit. */
  static int[] broadcast(int[] a, int[] b) {
    int[] out = new int[Math.max(a.length, b.length)];
    for (int i = 1; i <= out.length; i++) {
      int p = i <= a.length ? a[a.length - i] : 1;
      int q = i <= b.length ? b[b.length - i] : 1;
      if (p != q && p != 1 && q != 1) {
        return null;
      }
      out[out.length - i] = p == 1 ? q : p;
    }
    return out;
  }

  private boolean binary() {
    Value x = g.any(g.below(6) == 0 ? DType.I64 : DType.F32, 0, false);
    if (x == null) {
      return false;
    }
    String op = pick(List.of("Add", "Sub", "Mul", "Min", "Max", "Div"));
    Value y = partner(x);
    int[] dims = broadcast(x.dims(), y.dims());
    boolean integer = x.is(DType.I64);
    if (!RandomGraph.fits(dims) || integer && op.equals("Div")) {
      return false;
    }
    if (op.equals("Div")) {
      Value positive = g.add("Exp", DType.F32, y.dims(), false, List.of(tanh(y)));
      g.add("Div", DType.F32, dims, false, List.of(x, positive));
      return true;
    }
    if (op.equals("Mul") && !integer) {
      y = tanh(y); // products of products would lose all digits in a later difference
    }
    boolean moves = op.equals("Min") || op.equals("Max") || integer;
    List<Value> operands = g.below(2) == 0 ? List.of(x, y) : List.of(y, x);
    g.add(op, x.dtype(), dims, moves && x.exact() && y.exact(), operands);
    return true;
  }

  private Value tanh(Value x) {
    return g.add("Tanh", DType.F32, x.dims(), false, List.of(x));
  }

  private boolean compare() {
    Value x = g.any(pick(List.of(DType.F32, DType.I64, DType.BOOL)), 0, true);
    if (x == null) {
      return false;
    }
    if (x.is(DType.BOOL) && g.below(3) == 0) {
      g.add("Not", DType.BOOL, x.dims(), true, List.of(x));
      return true;
    }
    Value y = partner(x);
    int[] dims = broadcast(x.dims(), y.dims());
    if (!y.exact() || !RandomGraph.fits(dims)) {
      return false;
    }
    String op =
        x.is(DType.BOOL)
            ? pick(List.of("And", "Or", "Xor"))
            : pick(List.of("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"));
    g.add(op, DType.BOOL, dims, true, List.of(x, y));
    return true;
  }

  private boolean where() {
    Value x = g.any(DType.F32, 0, false);
    Value y = partner(x);
    int[] both = broadcast(x.dims(), y.dims());
    List<Value> conditions =
        g.all(v -> v.is(DType.BOOL) && broadcast(v.dims(), both) != null);
    Value c = conditions.isEmpty() ? g.weight(DType.BOOL, 1, both) : pick(conditions);
    int[] dims = broadcast(c.dims(), both);
    if (!RandomGraph.fits(dims)) {
      return false;
    }
    g.add("Where", DType.F32, dims, x.exact() && y.exact(), List.of(c, x, y));
    return true;
  }

  private boolean cast() {
    DType from = pick(List.of(DType.F32, DType.I64, DType.I32, DType.BOOL));
    DType to = pick(List.of(DType.F32, DType.F32, DType.I64, DType.I32, DType.BOOL));
    Value x = g.any(from, 0, true);
    if (x == null) {
      return false;
    }
    g.add("Cast", to, x.dims(), true, List.of(x), Attr.of("to", to.onnxCode()));
    return true;
  }

  private boolean reduce() {
    Value x = g.any(DType.F32, 1, false);
    List<Integer> axes = new ArrayList<>();
    int keep = g.below(2);
    List<Integer> dims = new ArrayList<>();
    int certain = g.below(x.rank());
    for (int i = 0; i < x.rank(); i++) {
      if (i == certain || g.below(3) == 0) {
        axes.add(g.below(2) == 0 ? i : i - x.rank());
        if (keep == 1) {
          dims.add(1);
        }
      } else {
        dims.add(x.dims()[i]);
      }
    }
    int[] out = dims.stream().mapToInt(Integer::intValue).toArray();
    int[] over = axes.stream().mapToInt(Integer::intValue).toArray();
    if (g.below(4) == 0) {
      g.add("ReduceSum", DType.F32, out, false, List.of(x, g.longs(over)), Attr.of("keepdims", keep));
      return true;
    }
    if (g.below(4) == 0 && over.length == 1 && x.exact()) {
      String op = pick(List.of("ArgMax", "ArgMin"));
      g.add(
          op, DType.I64, out, true, List.of(x), Attr.of("axis", over[0]), Attr.of("keepdims", keep));
      return true;
    }
    String op = pick(REDUCTIONS);
    boolean exact = x.exact() && (op.equals("ReduceMax") || op.equals("ReduceMin"));
    long[] wide = Arrays.stream(over).asLongStream().toArray();
    g.add(
        op, DType.F32, out, exact, List.of(x), Attr.of("axes", wide), Attr.of("keepdims", keep));
    return true;
  }

  private boolean matMul() {
    Value x = g.any(DType.F32, 1, false);
    int k = x.dims()[x.rank() - 1];
    int[] batch = Arrays.copyOf(x.dims(), Math.max(0, x.rank() - 2));
    List<Value> fitting =
        g.all(
            v ->
                v.is(DType.F32)
                    && v.rank() >= 2
                    && v.dims()[v.rank() - 2] == k
                    && broadcast(Arrays.copyOf(v.dims(), v.rank() - 2), batch) != null);
    Value w;
    if (!fitting.isEmpty() && g.below(3) > 0) {
      w = pick(fitting);
    } else if (g.below(6) == 0) {
      w = g.weight(DType.F32, 1 / Math.sqrt(k), k);
    } else {
      w = g.weight(DType.F32, 1 / Math.sqrt(k), k, 1 + g.below(20));
    }
    int[] wide = broadcast(batch, Arrays.copyOf(w.dims(), Math.max(0, w.rank() - 2)));
    List<Integer> dims = new ArrayList<>(Arrays.stream(wide).boxed().toList());
    if (x.rank() > 1) {
      dims.add(x.dims()[x.rank() - 2]);
    }
    if (w.rank() > 1) {
      dims.add(w.dims()[w.rank() - 1]);
    }
    int[] out = dims.stream().mapToInt(Integer::intValue).toArray();
    if (!RandomGraph.fits(out)) {
      return false;
    }
    g.add("MatMul", DType.F32, out, false, List.of(x, w));
    return true;
  }

  private boolean gemm() {
    List<Value> matrices = g.all(v -> v.is(DType.F32) && v.rank() == 2);
    if (matrices.isEmpty()) {
      return false;
    }
    Value a = pick(matrices);
    int ta = g.below(2);
    int tb = g.below(2);
    int m = a.dims()[ta];
    int k = a.dims()[1 - ta];
    int n = 1 + g.below(20);
    Value b = tb == 1 ? g.weight(DType.F32, 0.3, n, k) : g.weight(DType.F32, 0.3, k, n);
    int[][] shapes = {{n}, {1, n}, {m, 1}, {m, n}, {1}, {}};
    Value c = g.below(3) == 0 ? null : g.weight(DType.F32, 1, shapes[g.below(shapes.length)]);
    if (!RandomGraph.fits(m, n)) {
      return false;
    }
    g.add(
        "Gemm",
        DType.F32,
        new int[] {m, n},
        false,
        c == null ? List.of(a, b) : List.of(a, b, c),
        Attr.of("transA", ta),
        Attr.of("transB", tb),
        Attr.of("alpha", g.below(2) == 0 ? 1f : 0.5f),
        Attr.of("beta", g.below(2) == 0 ? 1f : 2f));
    return true;
  }

  private boolean normalise() {
    Value x = g.any(DType.F32, 1, false);
    int axis = g.below(x.rank());
    int last = x.dims()[x.rank() - 1];
    if (g.below(3) > 0 || last < 4) {
      String op = pick(List.of("Softmax", "LogSoftmax"));
      g.add(op, DType.F32, x.dims(), false, List.of(x), Attr.of("axis", axis));
      return true;
    }
    // A variance of nearly zero would magnify rounding: the epsilon is a large one.
    Value scale = g.weight(DType.F32, 1, last);
    Value bias = g.weight(DType.F32, 1, last);
    g.add(
        "LayerNormalization",
        DType.F32,
        x.dims(),
        false,
        List.of(x, scale, bias),
        Attr.of("axis", -1),
        Attr.of("epsilon", 0.1f));
    return true;
  }
}
