package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.nnjit.tensor.DType.BOOL;
import static org.nnjit.tensor.DType.F32;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.compute.Compute;
import org.nnjit.fuse.Program;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Graph;
import org.nnjit.graph.interp.ComputeInterpreter;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.loop.LoopInterpreter;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.wasm.WasmVerifier;

/**
 * Attention as exporters write it, in one call: the compute and its loops against the nodes one by
 * one in the reference interpreter, rows that see no key included.
 */
class AttentionTest {
  private static final int HEADS = 4;
  private static final int WIDTH = 16;
  private static final double RELATIVE = 1e-5;
  private static final long SEED = 5;

  @TempDir Path dir;

  /** Ways to write attention; inputs q, k, v {@code [1, s, 64]}, or qkv, and mask. */
  private static void graph(GraphWriter g, String way, int s) {
    int all = HEADS * WIDTH;
    String[] x = new String[3];
    if (way.equals("together")) {
      String qkv = g.input("qkv", F32, 1, s, 3 * all);
      x = g.node(3, "Split", List.of(qkv, g.ints(all, all, all)), Attr.of("axis", 2));
    } else {
      for (int i = 0; i < 3; i++) {
        x[i] = g.input(List.of("q", "k", "v").get(i), F32, 1, s, all);
      }
    }
    boolean row = way.equals("divided") || way.equals("flat");
    String mask = g.input("mask", F32, 1, 1, row ? 1 : s, s);
    boolean early = way.equals("early");
    if (early) {
      x[0] = g.mul(x[0], g.scalar(0.5f));
      x[1] = g.mul(x[1], g.scalar(0.5f));
    }
    String q = g.transpose(g.reshape(x[0], 1, s, HEADS, WIDTH), 0, 2, 1, 3);
    String v = g.transpose(g.reshape(x[2], 1, s, HEADS, WIDTH), 0, 2, 1, 3);
    String k = g.transpose(g.reshape(x[1], 1, s, HEADS, WIDTH), 0, 2, 3, 1);
    boolean flat = way.equals("flat");
    if (flat) {
      q = g.reshape(q, HEADS, s, WIDTH);
      v = g.reshape(v, HEADS, s, WIDTH);
      k = g.reshape(k, HEADS, WIDTH, s);
    }
    String scores = g.matMul(q, k);
    if (!early) {
      scores = g.div(scores, g.scalar(4f));
    }
    if (way.equals("causal")) {
      ByteBuffer seen = GraphWriter.littleEndian(s * s);
      for (int i = 0; i < s * s; i++) {
        seen.put((byte) (i % s <= i / s ? 1 : 0));
      }
      String triangle = g.constant(BOOL, new long[] {1, 1, s, s}, seen);
      scores = g.op("Where", triangle, scores, g.scalar(-Float.MAX_VALUE));
    }
    if (flat) {
      scores = g.reshape(g.add(g.reshape(scores, 1, HEADS, s, s), mask), HEADS, s, s);
    } else {
      scores = g.add(scores, mask);
    }
    String shares = g.softmax(scores);
    if (way.equals("guarded")) {
      shares = g.op("Where", g.op("IsNaN", shares), g.scalar(0f), shares);
    }
    String y = g.matMul(shares, v);
    if (flat) {
      y = g.reshape(y, 1, HEADS, s, WIDTH);
    }
    y = g.reshape(g.transpose(y, 0, 2, 1, 3), 1, s, all);
    g.output(y, "y", F32, 1, s, all);
  }

  @ParameterizedTest
  @CsvSource({
    "divided,37", "early,37", "causal,37", "guarded,37", "flat,37", "together,37",
    "divided,16", "causal,133", "guarded,64", "together,150"
  })
  void agreesWithItsNodes(String way, int s) throws Exception {
    Model.Sample unused = new Model.Sample.Digit();
    Model model = new Model(way, way, "", 14, 0, unused, g -> graph(g, way, s));
    Path file = ModelFiles.write(model, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
    ByteSource source = ByteSource.of(Files.readAllBytes(file));
    Graph graph = OnnxReader.read(source).graph();
    Map<String, Tensor> feeds = feeds(graph, s);
    Tensor want =
        GraphInterpreter.run(graph, feeds, c -> OnnxTensors.load(source, c)).get("y");
    Compiler.Compiled compiled = compile(graph, source, feeds);
    WasmVerifier.verify(compiled.plan().module());
    assertEquals(1, fused(compiled), compiled.fused().toString());
    Program fused = compiled.fused();
    // A mask for each query hides all keys from one of them.
    boolean nans = fused.type("mask").shape().dim(2) > 1 && !way.equals("guarded");
    check("compute", want, run(fused, feeds, source, null), nans);
    check("tiles", want, run(fused, feeds, source, Target.common()), nans);
  }

  /** How many attentions are one call. */
  static int fused(Compiler.Compiled compiled) {
    int fused = 0;
    for (Program.Call call : compiled.fused().calls()) {
      boolean is = call instanceof Program.ComputeCall c && c.compute().name().startsWith("attention");
      fused += is ? 1 : 0;
    }
    return fused;
  }

  private static Map<String, Tensor> feeds(Graph graph, int s) {
    Random random = new Random(SEED);
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    graph.inputs().forEach(
        p -> {
          int[] dims = new int[p.dims().size()];
          for (int i = 0; i < dims.length; i++) {
            dims[i] = p.dims().get(i).value();
          }
          Tensor t = Tensor.zeros(F32, Shape.of(dims));
          boolean mask = p.name().equals("mask");
          for (int i = 0; i < t.elements(); i++) {
            double v = mask ? (i % 5 == 1 ? -1e4 : 0) : random.nextGaussian();
            // The second row of a mask for each query sees nothing.
            boolean hidden = mask && dims[2] > 1 && i / s == 1;
            t.setDouble(i, hidden ? Double.NEGATIVE_INFINITY : v);
          }
          feeds.put(p.name(), t);
        });
    return feeds;
  }

  private static Compiler.Compiled compile(
      Graph graph, ByteSource source, Map<String, Tensor> feeds) {
    Map<String, TensorType> types = new LinkedHashMap<>();
    feeds.forEach((name, t) -> types.put(name, t.type()));
    Specialiser.Values values =
        Specialiser.Values.of(Map.of(), c -> OnnxTensors.load(source, c));
    return Compiler.compile(graph, types, values, PlanContext.plain(Target.common()));
  }

  private static void check(String what, Tensor want, Tensor got, boolean nans) {
    assertEquals(want.shape(), got.shape(), what);
    double largest = 0;
    int count = 0;
    for (int i = 0; i < want.elements(); i++) {
      double w = want.getDouble(i);
      largest = Double.isNaN(w) ? largest : Math.max(largest, Math.abs(w));
      count += Double.isNaN(w) ? 1 : 0;
    }
    assertEquals(nans ? HEADS * WIDTH : 0, count, what + ": NaNs wanted");
    for (int i = 0; i < want.elements(); i++) {
      double w = want.getDouble(i);
      double difference = Math.abs(w - got.getDouble(i));
      boolean same = Double.isNaN(w) && Double.isNaN(got.getDouble(i));
      assertTrue(
          same || difference <= RELATIVE * largest,
          what + " at " + i + ": " + got.getDouble(i) + ", wanted " + w);
    }
  }

  /** Runs a program: attention as loops for the target, or evaluated when that is null. */
  private static Tensor run(
      Program program, Map<String, Tensor> feeds, ByteSource source, Target target) {
    Map<String, Tensor> values = new HashMap<>(feeds);
    program.constants().forEach(
        (name, c) ->
            values.put(
                name,
                switch (c) {
                  case Constant.Inline i -> i.tensor();
                  case Constant.Stored st -> OnnxTensors.load(source, st);
                }));
    for (Program.Call call : program.calls()) {
      Program.ComputeCall c = (Program.ComputeCall) call;
      List<Tensor> args = new ArrayList<>();
      c.args().forEach(a -> args.add(values.get(a)));
      TensorType type = program.type(c.result());
      Tensor out =
          values.computeIfAbsent(c.result(), n -> Tensor.zeros(type.dtype(), type.shape()));
      if (target != null && c.compute().name().startsWith("attention")) {
        values.put(c.result(), kernel(c.compute(), args, target));
      } else {
        ComputeInterpreter.evaluate(c.compute(), args, out);
      }
    }
    return values.get("y");
  }

  /** Runs the kernel of a compute in two calls, as two threads would. */
  private static Tensor kernel(Compute c, List<Tensor> args, Target target) {
    KernelSpace space = Families.of(c, target);
    Schedule schedule = space.defaultSchedule(Set.of());
    LoopNest nest = space.lower(schedule);
    LoopVerifier.verify(nest);
    List<Tensor> tensors = new ArrayList<>(args);
    for (KernelSpace.Packing p : space.packings(schedule)) {
      tensors.set(p.argument(), kernel(p.compute(), List.of(args.get(p.argument())), target));
    }
    if (nest.scratch() > 0) {
      tensors.add(Tensor.zeros(DType.F32, Shape.of(nest.scratch())));
    }
    tensors.add(Tensor.zeros(c.output().dtype(), c.output().shape()));
    int bytes = 0;
    for (Tensor t : tensors) {
      bytes += t.bytes().length + 64;
    }
    byte[] memory = new byte[bytes];
    LoopInterpreter loops = new LoopInterpreter(memory);
    int at = 0;
    for (int i = 0; i < tensors.size(); i++) {
      Tensor t = tensors.get(i);
      System.arraycopy(t.bytes(), 0, memory, at, t.bytes().length);
      // A vector of the last columns may be read beyond the end of an argument.
      int slack = i < args.size() ? 4 : 0;
      loops.bind(nest.buffers().get(i), at, t.elements() + slack);
      at += (t.bytes().length + 15) / 16 * 16 + 16;
    }
    loops.run(nest, nest.blocks() / 2, nest.blocks());
    loops.run(nest, 0, nest.blocks() / 2);
    Tensor last = tensors.get(tensors.size() - 1);
    int size = last.bytes().length;
    byte[] result = new byte[size];
    System.arraycopy(memory, at - ((size + 15) / 16 * 16 + 16), result, 0, size);
    return new Tensor(last.dtype(), last.shape(), result);
  }
}
