package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nnjit.cli.models.SmallModel.random;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Caching;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Estimates: products of one row read codes of 8 bits that are made of panels in memory. */
class DraftTest {
  private static final long SEED = 20261123;
  private static final int CAPACITY = 24;
  private static final int HEADS = 2;
  private static final int SIZE = 64;
  private static final int WIDTH = HEADS * SIZE;

  /** A new row of a cache, a layer of products with all kinds of epilogues, and a transposed head. */
  private static SmallModel model(Random random, int inner) {
    SmallModel m = new SmallModel();
    String x = m.feed("x", random(random, 1, 1, WIDTH));
    String past = m.feedOfAnyShape("past", random(random, 1, HEADS, 7, SIZE));
    String k = m.node("MatMul", x, m.weight("wk", matrix(random, WIDTH, WIDTH)));
    k = m.node("Reshape", k, m.weight("heads", longs(1, 1, HEADS, SIZE)));
    k = m.node("Transpose", Map.of("perm", new int[] {0, 2, 1, 3}), k);
    String all = m.node("Concat", Map.of("axis", 2), past, k);
    String h = m.node("MatMul", x, m.weight("w1", matrix(random, WIDTH, inner)));
    h = m.node("Relu", m.node("Add", h, m.weight("b1", random(random, inner))));
    h = m.node("Reshape", h, m.weight("flat", longs(1, inner)));
    h = m.node("Gemm", h, m.weight("w2", matrix(random, inner, WIDTH)), m.weight("b2", random(random, WIDTH)));
    h = m.node("Add", x, m.node("Reshape", h, m.weight("back", longs(1, 1, WIDTH))));
    String turned = m.node("Transpose", Map.of("perm", new int[] {1, 0}), m.weight("table", matrix(random, 300, WIDTH)));
    m.output(m.node("MatMul", h, turned), null).output(all, null);
    return m;
  }

  private static Tensor longs(long... values) {
    return Tensor.ofLongs(Shape.of(values.length), values);
  }

  private static Tensor matrix(Random random, int rows, int columns) {
    Tensor t = random(random, rows, columns);
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, t.getDouble(i) / Math.sqrt(WIDTH));
    }
    return t;
  }

  private static Compiler.Compiled compile(
      SmallModel m, ByteSource file, PlanContext context, Caching.Kind kind) {
    Map<String, TensorType> types = new LinkedHashMap<>();
    m.feeds.forEach((name, t) -> types.put(name, t.type()));
    return Compiler.compileGrowing(
        OnnxReader.read(file).graph(),
        new Caching("test", CAPACITY, 7, types, Map.of("past", 2), Set.of(), kind),
        new HashSet<>(),
        Specialiser.Values.of(Map.of(), s -> OnnxTensors.load(file, s)),
        context,
        null);
  }

  /** @param inner depth of a product, which blocks of 64, 32 and 16 divide, or none */
  @ParameterizedTest
  @CsvSource({"512, 4", "480, 4", "496, 4", "500, 3"})
  void estimatesAreNearAndReadNoFile(int inner, int estimated) {
    Random random = new Random(SEED);
    SmallModel m = model(random, inner);
    ByteSource file = ByteSource.of(m.bytes(17));
    PlanContext context = PlanContext.plain(Target.common());
    Plan exact = compile(m, file, context, Caching.Kind.PLAIN).plan();
    Compiler.Compiled compiled = compile(m, file, context, Caching.Kind.DRAFT);
    Plan draft = compiled.plan();
    long quantised = draft.kernels().stream().filter(k -> k.family().equals("quantised")).count();
    assertEquals(estimated, quantised, "products that read codes");
    for (Plan.LoadStep step : draft.load()) {
      boolean matrix =
          step instanceof Plan.LoadConstant c
              && c.constant() instanceof Constant.Stored s
              && s.type().bytes() > 4096;
      assertTrue(!matrix, "a matrix is read from the file again: " + step);
    }
    PlanRunner first = PlanRunner.loaded(exact, file, PlanRunner.Order.FORWARD);
    PlanRunner second = first.and(draft, file);
    Map<String, Tensor> fed = Map.of("x", m.feeds.get("x"));
    String y = compiled.graph().outputs().get(0);
    Tensor wanted = first.run(fed, Map.of(), 0).get(y);
    Tensor got = second.run(fed, Map.of(), 0).get(y);
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < wanted.elements(); i++) {
      worst = Math.max(worst, Math.abs(wanted.getDouble(i) - got.getDouble(i)));
      largest = Math.max(largest, Math.abs(wanted.getDouble(i)));
    }
    String error = worst / largest + ", seed " + SEED;
    assertTrue(worst <= 0.02 * largest, "too far: " + error);
    assertTrue(worst >= 1e-4 * largest, "no estimate: " + error);
  }

  @Test
  void estimatesWorkBeforeAnythingElseIsThere() {
    Random random = new Random(SEED);
    SmallModel m = model(random, 512);
    ByteSource file = ByteSource.of(m.bytes(17));
    List<Tensor> results =
        List.of(Caching.Kind.PLAIN, Caching.Kind.DRAFT).stream()
            .map(
                kind -> {
                  Compiler.Compiled c = compile(m, file, PlanContext.plain(Target.common()), kind);
                  return PlanRunner.loaded(c.plan(), file, PlanRunner.Order.BACKWARD)
                      .run(Map.of("x", m.feeds.get("x")), Map.of(), 0)
                      .get(c.graph().outputs().get(0));
                })
            .toList();
    for (int i = 0; i < results.get(0).elements(); i++) {
      assertEquals(results.get(0).getDouble(i), results.get(1).getDouble(i), 0.2, "element " + i);
    }
  }
}
