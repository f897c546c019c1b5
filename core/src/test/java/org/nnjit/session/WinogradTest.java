package org.nnjit.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.fuse.Fusion;
import org.nnjit.fuse.Layouts;
import org.nnjit.fuse.Program;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.ProgramBuilder;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Passes;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopInterpreter;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.NoValues;
import org.nnjit.wasm.WasmVerifier;

/** Convolutions made by transformed tiles, with bias, residual and ReLU, against plain Java. */
class WinogradTest {
  private static final long SEED = 20261121;

  private final Random random = new Random(SEED);

  /** {@code y = relu(conv(x, w) + b + r)}, x: [n, in, h, w], w: [out, in, 3, 3], padding 1. */
  private record Model(int n, int in, int out, int h, int w, int stride) {
    Graph graph(Tensor weight, Tensor bias) {
      Attributes attributes =
          Attributes.of(
              Map.of(
                  "pads", new long[] {1, 1, 1, 1}, "strides", new long[] {stride, stride}));
      List<Dim> shape = List.of(Dim.of(n), Dim.of(in), Dim.of(h), Dim.of(w));
      List<Dim> result = List.of(Dim.of(n), Dim.of(out), Dim.of(rows()), Dim.of(columns()));
      return new Graph(
          "conv",
          List.of(new Port("x", DType.F32, shape), new Port("r", DType.F32, result)),
          List.of(new Port("y", DType.F32, null)),
          List.of(
              new Node("c", "", "Conv", 17, List.of("x", "w", "b"), List.of("c"), attributes),
              new Node("s", "", "Add", 17, List.of("c", "r"), List.of("s"), Attributes.NONE),
              new Node("y", "", "Relu", 17, List.of("s"), List.of("y"), Attributes.NONE)),
          Map.of("w", new Constant.Inline(weight), "b", new Constant.Inline(bias)));
    }

    Map<String, TensorType> feeds() {
      return Map.of(
          "x", TensorType.of(DType.F32, n, in, h, w),
          "r", TensorType.of(DType.F32, n, out, rows(), columns()));
    }

    int rows() {
      return (h - 1) / stride + 1;
    }

    int columns() {
      return (w - 1) / stride + 1;
    }

    double want(Map<String, Tensor> t, int b, int o, int y, int x) {
      double sum = t.get("b").getDouble(o);
      for (int c = 0; c < in; c++) {
        for (int u = 0; u < 3; u++) {
          for (int v = 0; v < 3; v++) {
            int row = y + u - 1;
            int column = x + v - 1;
            if (row >= 0 && row < h && column >= 0 && column < w) {
              sum +=
                  t.get("x").getDouble(((b * in + c) * h + row) * w + column)
                      * t.get("w").getDouble(((o * in + c) * 3 + u) * 3 + v);
            }
          }
        }
      }
      return Math.max(0, sum + t.get("r").getDouble(((b * out + o) * h + y) * w + x));
    }
  }

  private Tensor random(int... dims) {
    Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
    for (int i = 0; i < t.elements(); i++) {
      t.setDouble(i, random.nextGaussian());
    }
    return t;
  }

  private static Layouts.Result laidOut(Graph graph, Model m, boolean tiles) {
    TypedGraph typed = Specialiser.specialise(graph, m.feeds(), new NoValues()).graph();
    Passes.apply(typed);
    return Layouts.apply(Fusion.apply(ProgramBuilder.build(typed), c -> false, c -> false, c -> false), tiles);
  }

  private static int count(Program p, String prefix) {
    int n = 0;
    for (Program.Call c : p.calls()) {
      n += c instanceof ComputeCall k && k.compute().name().startsWith(prefix) ? 1 : 0;
    }
    return n;
  }

  @Test
  void tilesGiveWhatTheConvolutionDoes() {
    // Whole tiles, cut ones, several images.
    check(new Model(1, 64, 64, 16, 12, 1));
    check(new Model(1, 64, 72, 14, 14, 1));
    check(new Model(2, 68, 64, 9, 15, 1));
    check(new Model(3, 64, 64, 5, 7, 1));
  }

  private void check(Model m) {
    Map<String, Tensor> given = new HashMap<>();
    given.put("x", random(m.n, m.in, m.h, m.w));
    given.put("r", random(m.n, m.out, m.h, m.w));
    given.put("w", random(m.out, m.in, 3, 3));
    given.put("b", random(m.out));
    Layouts.Result laidOut = laidOut(m.graph(given.get("w"), given.get("b")), m, true);
    assertEquals(4, count(laidOut.program(), "tiles_"), laidOut.program().toString());
    for (boolean plain : new boolean[] {false, true}) {
      Tensor y = run(laidOut, given, plain);
      for (int b = 0; b < m.n; b++) {
        for (int o = 0; o < m.out; o++) {
          for (int r = 0; r < m.h; r++) {
            for (int c = 0; c < m.w; c++) {
              double want = m.want(given, b, o, r, c);
              double is = y.getDouble(((b * m.out + o) * m.h + r) * m.w + c);
              String where = m + " at " + b + ", " + o + ", " + r + ", " + c + ", seed " + SEED;
              assertEquals(want, is, 1e-3, where);
            }
          }
        }
      }
    }
  }

  /** All calls in the loop interpreter; transforms in their own family or in the plain one. */
  private static Tensor run(Layouts.Result laidOut, Map<String, Tensor> given, boolean plain) {
    Map<String, Tensor> values = new HashMap<>(given);
    Program p = laidOut.program();
    for (Program.Call call : p.calls()) {
      ComputeCall c = (ComputeCall) call;
      KernelSpace space = Families.of(c.compute(), Target.common());
      Schedule schedule = space.defaultSchedule(Set.of());
      if (c.compute().name().startsWith("tiles_")) {
        boolean product = c.compute().name().equals("tiles_product");
        assertEquals(product ? "contraction" : "transform", schedule.family());
        if (plain && !product) {
          space = Families.plain(c.compute(), Target.common());
          schedule = space.defaultSchedule(Set.of());
        }
      }
      Tensor[] args = new Tensor[c.args().size() + 1];
      for (int i = 0; i < c.args().size(); i++) {
        args[i] = values.get(c.args().get(i));
      }
      for (KernelSpace.Packing packing : space.packings(schedule)) {
        KernelSpace copy = Families.of(packing.compute(), Target.common());
        Tensor packed = Tensor.zeros(DType.F32, packing.compute().output().shape());
        LoopNest nest = copy.lower(copy.defaultSchedule(Set.of()));
        interpret(nest, args[packing.argument()], packed);
        args[packing.argument()] = packed;
      }
      long elements =
          laidOut
              .paddedElements()
              .getOrDefault(c.result(), p.type(c.result()).shape().elements());
      args[args.length - 1] =
          values.computeIfAbsent(
              c.result(), v -> Tensor.zeros(DType.F32, Shape.of((int) elements)));
      LoopNest nest = space.lower(schedule);
      LoopVerifier.verify(nest);
      interpret(nest, args);
    }
    return values.get("y");
  }

  /** In two halves, as two threads would. The last tensor is written. */
  private static void interpret(LoopNest nest, Tensor... tensors) {
    int size = 0;
    for (Tensor t : tensors) {
      size += t.bytes().length;
    }
    byte[] memory = new byte[size + 64];
    LoopInterpreter interpreter = new LoopInterpreter(memory);
    int at = 0;
    for (int i = 0; i < tensors.length; i++) {
      byte[] bytes = tensors[i].bytes();
      System.arraycopy(bytes, 0, memory, at, bytes.length);
      interpreter.bind(nest.buffers().get(i), at, tensors[i].elements());
      at += bytes.length;
    }
    interpreter.run(nest, 0, nest.blocks() / 2);
    interpreter.run(nest, nest.blocks() / 2, nest.blocks());
    byte[] out = tensors[tensors.length - 1].bytes();
    System.arraycopy(memory, at - out.length, out, 0, out.length);
  }

  @Test
  void targetsWithoutSimdHaveNoTiles() {
    Model m = new Model(1, 64, 64, 16, 16, 1);
    Graph graph = m.graph(random(64, 64, 3, 3), random(64));
    PlanContext with = PlanContext.plain(Target.common());
    PlanContext without = PlanContext.plain(Target.of(Set.of(), 1));
    Plan tiles = Compiler.compile(graph, m.feeds(), new NoValues(), with).plan();
    Plan plain = Compiler.compile(graph, m.feeds(), new NoValues(), without).plan();
    WasmVerifier.verify(tiles.module());
    assertTrue(families(tiles).contains("transform"), families(tiles));
    assertTrue(!families(plain).contains("transform"), families(plain));
  }

  private static String families(Plan plan) {
    StringBuilder text = new StringBuilder();
    for (Plan.KernelInfo k : plan.kernels()) {
      text.append(k.family()).append(' ');
    }
    return text.toString();
  }

  @Test
  void onlyWhereTilesPay() {
    for (Model m :
        List.of(
            new Model(1, 66, 64, 16, 16, 1),
            new Model(1, 64, 66, 16, 16, 1),
            new Model(1, 12, 64, 16, 16, 1),
            new Model(1, 512, 256, 7, 7, 1),
            new Model(1, 64, 64, 4, 12, 1),
            new Model(1, 64, 64, 32, 32, 2))) {
      Graph graph = m.graph(random(m.out, m.in, 3, 3), random(m.out));
      assertEquals(0, count(laidOut(graph, m, true).program(), "tiles_"), m.toString());
    }
  }

  @Test
  void largeWeightsOfSmallImagesGrowLess() {
    assertEquals(16, places(new Model(1, 256, 256, 14, 14, 1)));
    assertEquals(36, places(new Model(1, 256, 256, 24, 24, 1)));
    assertEquals(36, places(new Model(1, 128, 128, 14, 14, 1)));
  }

  private int places(Model m) {
    Graph graph = m.graph(random(m.out, m.in, 3, 3), random(m.out));
    return laidOut(graph, m, true).program().types().containsKey("w#tiles4") ? 36 : 16;
  }
}
