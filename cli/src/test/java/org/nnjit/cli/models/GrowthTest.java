package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nnjit.cli.models.SmallModel.ints;
import static org.nnjit.cli.models.SmallModel.random;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nnjit.compute.Workload;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Target;
import org.nnjit.session.Caching;
import org.nnjit.session.Compiler;
import org.nnjit.session.GpuBackend;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** One plan for every length of its caches answers as ONNX Runtime does for each. */
class GrowthTest {
  private static final int CAPACITY = 24;
  private static final int LARGEST = 64;
  private static final double RELATIVE = 1e-5;

  /** A layer of attention over cached keys and values, as exporters write it. */
  private static final class Layer {
    final SmallModel m = new SmallModel();
    final int batch;
    final int heads;
    final int rows;
    final int size;
    final Map<String, Integer> growing = new LinkedHashMap<>();
    private final Random random;
    private final int width;
    private String past;
    private String total;

    /**
     * @param seed chooses sizes and how masks, biases and positions are made
     * @param rows that a run adds
     */
    Layer(long seed, int rows) {
      random = new Random(seed);
      boolean wide = random.nextInt(8) == 0;
      batch = wide ? 1 : 1 + random.nextInt(2);
      heads = wide ? 1 : 1 + random.nextInt(3);
      size = wide ? 132 : 4;
      width = heads * size;
      this.rows = rows;
      // Weights are the same for all numbers of rows.
      Random fed = new Random(-seed);
      String x = m.feed("x", random(fed, batch, rows, width));
      String keys = m.feedOfAnyShape("past_k", random(fed, batch, heads, 7, size));
      String values = m.feedOfAnyShape("past_v", random(fed, batch, heads, 7, size));
      growing.put("past_k", 2);
      growing.put("past_v", 2);
      String shape = m.node("Shape", keys);
      past = m.node("Gather", shape, m.weight("two", SmallModel.scalar(DType.I64, 2)));
      total = m.node("Add", past, m.weight("rows", SmallModel.scalar(DType.I64, rows)));
      if (random.nextBoolean()) {
        String table = m.weight("positions", random(random, LARGEST, width));
        x = m.node("Add", x, m.node("Gather", table, range(past, total)));
      }
      String k = m.node("Concat", Map.of("axis", 2), keys, split(x, "k"));
      String v = m.node("Concat", Map.of("axis", -2), values, split(x, "v"));
      String turned = m.node("Transpose", Map.of("perm", new int[] {0, 1, 3, 2}), k);
      String scores = m.node("MatMul", split(x, "q"), turned);
      scores = m.node("Div", scores, m.weight("root", Tensor.ofFloats(Shape.of(1), 2)));
      scores = masked(scores);
      String weights = m.node("Softmax", Map.of("axis", -1), scores);
      if (random.nextInt(3) == 0) {
        String none = m.weight("none", Tensor.ofFloats(Shape.SCALAR, 0));
        weights = m.node("Where", m.node("IsNaN", weights), none, weights);
      }
      String mixed = m.node("MatMul", weights, v);
      mixed = m.node("Transpose", Map.of("perm", new int[] {0, 2, 1, 3}), mixed);
      mixed = m.node("Reshape", mixed, m.weight("merged", longs(batch, rows, width)));
      mixed = m.node("MatMul", mixed, m.weight("wo", matrix()));
      m.output(m.node("Add", x, mixed), null);
      m.output(random.nextBoolean() ? m.node("Identity", k) : k, null).output(v, null);
    }

    /** A projection that keeps magnitudes: softmax makes large differences of small ones. */
    private Tensor matrix() {
      Tensor t = random(random, width, width);
      for (int i = 0; i < t.elements(); i++) {
        t.setDouble(i, t.getDouble(i) / Math.sqrt(width));
      }
      return t;
    }

    private static Tensor longs(long... values) {
      return Tensor.ofLongs(Shape.of(values.length), values);
    }

    private String range(String from, String to) {
      String one = m.weight("one" + m.feeds.size() + from + to + random.nextInt(), one());
      return m.node("Range", from, to, one);
    }

    private static Tensor one() {
      return SmallModel.scalar(DType.I64, 1);
    }

    /** Rows of x as [batch, heads, rows, size]. */
    private String split(String x, String name) {
      String y = m.node("MatMul", x, m.weight("w" + name, matrix()));
      y = m.node("Reshape", y, m.weight("heads" + name, longs(batch, rows, heads, size)));
      return m.node("Transpose", Map.of("perm", new int[] {0, 2, 1, 3}), y);
    }

    private String masked(String scores) {
      String s = scores;
      String low = m.weight("low", Tensor.ofFloats(Shape.SCALAR, -10000));
      String zero = m.weight("zero", SmallModel.scalar(DType.I64, 0));
      if (random.nextBoolean()) {
        // Padding: a feed that grows.
        Tensor ones = ints(DType.I64, new int[] {batch, 7 + rows}, new long[batch * (7 + rows)]);
        String mask = m.feedOfAnyShape("mask", ones);
        growing.put("mask", 1);
        String wide = m.node("Unsqueeze", mask, m.weight("middle", longs(1, 2)));
        String off = m.node("Sub", m.weight("yes", one()), wide);
        s = m.node("Add", s, m.node("Mul", m.node("Cast", Map.of("to", 1), off), low));
      }
      switch (random.nextInt(3)) {
        case 0 -> {
          // GPT-2: rows of a table of what each row may see.
          Tensor table = Tensor.zeros(DType.BOOL, Shape.of(1, 1, LARGEST, LARGEST));
          for (int i = 0; i < table.elements(); i++) {
            table.setLong(i, i % LARGEST <= i / LARGEST ? 1 : 0);
          }
          String seen = m.weight("table", table);
          seen = slice(seen, m.node("Unsqueeze", past, axes()), m.node("Unsqueeze", total, axes()), 2);
          seen = slice(seen, m.node("Unsqueeze", zero, axes()), m.node("Unsqueeze", total, axes()), 3);
          s = m.node("Where", seen, s, low);
        }
        case 1 -> {
          // Newer exports: positions compared.
          String own = m.node("Unsqueeze", range(past, total), m.weight("last", longs(1)));
          s = m.node("Where", m.node("LessOrEqual", range(zero, total), own), s, low);
        }
        default -> {
          // T5: a bias by distance, made for all rows, of which the last are taken.
          String rowsOf = m.node("Unsqueeze", range(zero, total), m.weight("last", longs(1)));
          String columns = m.node("Unsqueeze", range(zero, total), axes());
          String far = m.node("Abs", m.node("Sub", columns, rowsOf));
          String near = m.node("Min", far, m.weight("most", SmallModel.scalar(DType.I64, 5)));
          String bias = m.node("Gather", m.weight("bias", random(random, 6, heads)), near);
          bias = m.node("Transpose", Map.of("perm", new int[] {2, 0, 1}), bias);
          bias = m.node("Unsqueeze", bias, axes());
          String end = m.weight("end", longs(Long.MAX_VALUE));
          s = m.node("Add", s, slice(bias, m.node("Unsqueeze", past, axes()), end, 2));
        }
      }
      return s;
    }

    private int constants;

    private String axes() {
      return m.weight("first" + constants++, longs(0));
    }

    private String slice(String x, String from, String to, int axis) {
      return m.node("Slice", x, from, to, m.weight("axis" + constants++, longs(axis)));
    }
  }

  /** Few rows are steps; many are attention in tiles, whose loops end at the length too. */
  @ParameterizedTest
  @CsvSource({"1,24", "3,24", "16,64"})
  void everyLengthAnswersAsOnnxRuntime(int rows, int capacity) throws Exception {
    for (long seed = 1; seed <= Integer.getInteger("nnjit.fuzz.graphs", 12); seed++) {
      check(seed, rows, capacity, null);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void everyLengthAnswersAsOnnxRuntimeOnAGpu(int rows) throws Exception {
    GpuTarget least = GpuTarget.least();
    GpuTarget tight =
        new GpuTarget(4, least.bufferBytes(), least.groupSize(), least.sharedBytes(), false, false, false);
    int slices = 0;
    for (long seed = 1; seed <= Integer.getInteger("nnjit.fuzz.graphs", 12); seed++) {
      check(seed, rows, CAPACITY, least);
      // With fewer arguments than kernels have, some of what touches the caches runs in slices.
      slices += check(seed, rows, CAPACITY, tight).gpu().slices().size();
    }
    assertTrue(slices > 0, "no call ran in WebAssembly");
  }

  /** The runs of a plan at each length of its caches. */
  private interface Runner {
    Map<String, Tensor> run(Map<String, Tensor> feeds, Map<String, Integer> growing, int length);
  }

  private static Compiler.Compiled check(long seed, int rows, int capacity, GpuTarget gpu)
      throws Exception {
    Layer layer = new Layer(seed, rows);
    byte[] model = layer.m.bytes(17);
    ByteSource file = ByteSource.of(model);
    Map<String, Tensor> feeds = new LinkedHashMap<>(layer.m.feeds);
    Compiler.Compiled compiled =
        compile(layer, file, capacity, gpu == null ? null : new GpuBackend(gpu));
    List<String> outputs = compiled.graph().outputs();
    PlanRunner.Order order = PlanRunner.Order.values()[(int) (seed % 2)];
    Runner runner =
        gpu == null
            ? PlanRunner.loaded(compiled.plan(), file, order)::run
            : GpuPlanRunner.loaded(compiled.gpu(), file)::run;
    Random random = new Random(seed);
    int[] empty = {layer.batch, layer.heads, 0, layer.size};
    feeds.put("past_k", Tensor.zeros(DType.F32, Shape.of(empty)));
    feeds.put("past_v", Tensor.zeros(DType.F32, Shape.of(empty)));
    try (Oracle oracle = new Oracle(model)) {
      for (int length = 0; length + rows <= capacity; length += rows) {
        feeds.put("x", random(random, layer.batch, rows, layer.heads * layer.size));
        if (layer.growing.containsKey("mask")) {
          feeds.put("mask", mask(layer.batch, length + rows));
        }
        Map<String, Tensor> expected = oracle.tensors(feeds);
        Map<String, Tensor> fed = new LinkedHashMap<>(feeds);
        fed.remove("past_k");
        fed.remove("past_v");
        Map<String, Tensor> got = runner.run(fed, compiled.growing(), length);
        String y = outputs.get(0);
        assertEquals(
            0, worst(expected.get(y), got.get(y)), RELATIVE,
            "seed " + seed + ", length " + length + "\n" + layer.m);
        feeds.put("past_k", expected.get(outputs.get(1)));
        feeds.put("past_v", expected.get(outputs.get(2)));
      }
    }
    return compiled;
  }

  /** A product that stores its heads in a cache far apart is one with tiles all the same. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void productsThatMakeRowsAreContractions(int rows) throws Exception {
    for (long seed = 1; seed <= 12; seed++) {
      Layer layer = new Layer(seed, rows);
      Plan plan = compile(layer, ByteSource.of(layer.m.bytes(17)), CAPACITY, null).plan();
      List<Workload> others = new ArrayList<>();
      for (Plan.KernelInfo kernel : plan.kernels()) {
        Workload w = kernel.workload();
        boolean product = w.compute().name().equals("matmul") && !w.weights().isEmpty();
        if (product && !kernel.family().equals("contraction")) {
          others.add(w);
        }
      }
      assertEquals(List.of(), others, "seed " + seed);
    }
  }

  /** Rows of one run answer as they would one by one, whether or not the model hides later ones. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void stepsSeeWhatCameBeforeThem(int rows) throws Exception {
    for (long seed = 1; seed <= Integer.getInteger("nnjit.fuzz.graphs", 12); seed++) {
      Layer several = new Layer(seed, rows);
      Layer one = new Layer(seed, 1);
      ByteSource file = ByteSource.of(several.m.bytes(17));
      Compiler.Compiled compiled =
          compile(several, file, CAPACITY, null, Caching.Kind.STEPS);
      PlanRunner runner = PlanRunner.loaded(compiled.plan(), file, PlanRunner.Order.FORWARD);
      Random random = new Random(seed);
      int width = several.heads * several.size;
      int[] empty = {several.batch, several.heads, 0, several.size};
      Map<String, Tensor> past = new LinkedHashMap<>();
      past.put("past_k", Tensor.zeros(DType.F32, Shape.of(empty)));
      past.put("past_v", Tensor.zeros(DType.F32, Shape.of(empty)));
      List<String> outputs = compiled.graph().outputs();
      try (Oracle oracle = new Oracle(one.m.bytes(17))) {
        for (int length = 0; length + rows <= CAPACITY; length += rows) {
          Map<String, Tensor> fed = new LinkedHashMap<>();
          Tensor x = random(random, several.batch, rows, width);
          fed.put("x", x);
          if (several.growing.containsKey("mask")) {
            fed.put("mask", mask(several.batch, length + rows));
          }
          Tensor got = runner.run(fed, compiled.growing(), length).get(outputs.get(0));
          for (int r = 0; r < rows; r++) {
            Map<String, Tensor> step = new LinkedHashMap<>(past);
            step.put("x", row(x, r));
            if (several.growing.containsKey("mask")) {
              step.put("mask", mask(several.batch, length + r + 1));
            }
            Map<String, Tensor> expected = oracle.tensors(step);
            List<String> names = List.copyOf(expected.keySet());
            assertEquals(
                0, worst(expected.get(names.get(0)), row(got, r)), RELATIVE,
                "seed " + seed + ", length " + length + ", row " + r + "\n" + several.m);
            past.put("past_k", expected.get(names.get(1)));
            past.put("past_v", expected.get(names.get(2)));
          }
        }
      }
    }
  }

  /** A mask [batch, length] that hides one column. */
  private static Tensor mask(int batch, int length) {
    Tensor mask = Tensor.zeros(DType.I64, Shape.of(batch, length));
    for (int i = 0; i < mask.elements(); i++) {
      mask.setLong(i, i % length == 1 ? 0 : 1);
    }
    return mask;
  }

  /** A row of [batch, rows, width]. */
  private static Tensor row(Tensor t, int row) {
    Shape s = t.shape();
    Tensor out = Tensor.zeros(t.dtype(), s.with(1, 1));
    for (int b = 0; b < s.dim(0); b++) {
      for (int i = 0; i < s.dim(2); i++) {
        out.setDouble(b * s.dim(2) + i, t.getDouble((b * s.dim(1) + row) * s.dim(2) + i));
      }
    }
    return out;
  }

  private static Compiler.Compiled compile(
      Layer layer, ByteSource file, int capacity, Compiler.Backend backend) {
    return compile(layer, file, capacity, backend, Caching.Kind.PLAIN);
  }

  private static Compiler.Compiled compile(
      Layer layer, ByteSource file, int capacity, Compiler.Backend backend, Caching.Kind kind) {
    Map<String, TensorType> types = new LinkedHashMap<>();
    layer.m.feeds.forEach((name, t) -> types.put(name, t.type()));
    return Compiler.compileGrowing(
        OnnxReader.read(file).graph(),
        new Caching("test", capacity, 7, types, layer.growing, Set.of(), kind),
        new HashSet<>(),
        Specialiser.Values.of(Map.of(), s -> OnnxTensors.load(file, s)),
        PlanContext.plain(Target.common()),
        backend);
  }

  /** The largest difference, relative to the largest value. */
  private static double worst(Tensor expected, Tensor got) {
    double worst = 0;
    double largest = 0;
    assertEquals(expected.shape(), got.shape());
    for (int i = 0; i < expected.elements(); i++) {
      double difference = Math.abs(expected.getDouble(i) - got.getDouble(i));
      largest = Math.max(largest, Math.abs(expected.getDouble(i)));
      // NaN is not within any bound.
      worst = difference <= worst ? worst : difference;
    }
    return worst / largest;
  }

  @Test
  void modelsWhoseCachesCannotStaySaySo() {
    SmallModel m = new SmallModel();
    m.feedOfAnyShape("past", random(new Random(1), 1, 2, 7, 4));
    String added = m.feed("x", random(new Random(2), 1, 2, 1, 4));
    String all = m.node("Concat", Map.of("axis", 2), "past", added);
    m.output(m.node("Relu", all), null);
    Map<String, TensorType> types = new LinkedHashMap<>();
    m.feeds.forEach((name, t) -> types.put(name, t.type()));
    ByteSource file = ByteSource.of(m.bytes(17));
    ModelException e =
        assertThrows(
            ModelException.class,
            () ->
                Compiler.compileGrowing(
                    OnnxReader.read(file).graph(),
                    new Caching("test", CAPACITY, 7, types, Map.of("past", 2), Set.of(), Caching.Kind.PLAIN),
                    new HashSet<>(),
                    Specialiser.Values.of(Map.of(), s -> OnnxTensors.load(file, s)),
                    PlanContext.plain(Target.common()),
                    null));
    assertTrue(e.getMessage().contains("is not an input with rows appended"), e.getMessage());
  }
}
