package org.nnjit.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.kernel.emit.wasm.EmitOptions;
import org.nnjit.kernel.emit.wasm.WasmKernel;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;
import org.nnjit.testing.NoValues;
import org.nnjit.wasm.WasmText;

/**
 * The text of representative kernels is what {@code src/test/resources/golden} says, so that a
 * change of lowering or emitter shows in review as what it does to the code.
 *
 * <p>{@code -Dnnjit.golden.update=true} writes the files anew.
 */
class GoldenKernelsTest {
  private static final Path FOLDER = Path.of("src", "test", "resources", "golden");
  private static final boolean UPDATE = Boolean.getBoolean("nnjit.golden.update");

  /** Bytes of all files: a reviewer should be able to read them. */
  private static final long MOST_BYTES = 200 << 10;

  /** One graph, its nodes in order. The result of the last is the output. */
  private static final class Case {
    final Map<String, TensorType> inputs = new LinkedHashMap<>();
    final Map<String, Constant> weights = new LinkedHashMap<>();
    final List<Node> nodes = new ArrayList<>();

    Case input(DType dtype, String name, int... dims) {
      inputs.put(name, TensorType.of(dtype, dims));
      return this;
    }

    Case weight(DType dtype, String name, int... dims) {
      weights.put(name, new Constant.Inline(Tensor.zeros(dtype, Shape.of(dims))));
      return this;
    }

    Case longs(String name, long... values) {
      weights.put(name, new Constant.Inline(Tensor.ofLongs(Shape.of(values.length), values)));
      return this;
    }

    Case node(String type, String in, String out, Object... attributes) {
      Map<String, Object> all = new TreeMap<>();
      for (int i = 0; i < attributes.length; i += 2) {
        all.put((String) attributes[i], attributes[i + 1]);
      }
      List<String> args = List.of(in.split(" "));
      nodes.add(new Node(out, "", type, 17, args, List.of(out), Attributes.of(all)));
      return this;
    }

    Plan plan() {
      return compiled(null).plan();
    }

    GpuPlan gpuPlan() {
      return compiled(new GpuBackend(GpuTarget.least())).gpu();
    }

    private Compiler.Compiled compiled(Compiler.Backend backend) {
      List<Port> ports = new ArrayList<>();
      inputs.forEach(
          (name, t) -> {
            List<Dim> dims = new ArrayList<>();
            for (int d : t.shape().dims()) {
              dims.add(Dim.of(d));
            }
            ports.add(new Port(name, t.dtype(), dims));
          });
      String output = nodes.get(nodes.size() - 1).outputs().get(0);
      Graph graph =
          new Graph("golden", ports, List.of(new Port(output, null, null)), nodes, weights);
      Specialiser.Values none = new NoValues();
      return Compiler.compile(
          graph, inputs, none, PlanContext.plain(Target.common()), backend);
    }
  }

  private static Map<String, Case> cases() {
    Map<String, Case> all = new TreeMap<>();
    all.put(
        "add_broadcast",
        f32("x", 3, 5).input(DType.F32, "y", 5).node("Add", "x y", "z"));
    all.put("argmax", f32("x", 3, 7).node("ArgMax", "x", "y", "axis", 1L));
    all.put("averagepool", f32("x", 1, 4, 5, 5).node("AveragePool", "x", "y",
        "kernel_shape", new long[] {2, 2}, "pads", new long[] {0, 0, 1, 1}));
    all.put("cast_i64_f32", new Case().input(DType.I64, "x", 9).node("Cast", "x", "y", "to", 1L));
    all.put("compare_where", f32("x", 2, 6).input(DType.F32, "y", 2, 6)
        .node("Less", "x y", "c").node("Where", "c x y", "z"));
    all.put("concat", f32("x", 2, 3).input(DType.F32, "y", 2, 5)
        .node("Concat", "x y", "z", "axis", 1L));
    all.put("conv_3x3_relu", f32("x", 1, 2, 6, 6).weight(DType.F32, "w", 4, 2, 3, 3)
        .weight(DType.F32, "b", 4)
        .node("Conv", "x w b", "c", "pads", new long[] {1, 1, 1, 1}).node("Relu", "c", "y"));
    all.put("conv_depthwise", f32("x", 1, 4, 5, 5).weight(DType.F32, "w", 4, 1, 2, 2)
        .node("Conv", "x w", "y", "group", 4L));
    all.put("cumsum", f32("x", 2, 5).longs("axis", 1).node("CumSum", "x axis", "y"));
    all.put("erf", f32("x", 8).node("Erf", "x", "y"));
    all.put("gather", f32("x", 6, 4).input(DType.I64, "i", 3).node("Gather", "x i", "y"));
    all.put("gemv", f32("x", 1, 6).weight(DType.F32, "w", 6, 16).node("MatMul", "x w", "y"));
    all.put("integer_add_mul", new Case().input(DType.I64, "x", 5).input(DType.I64, "y", 5)
        .node("Add", "x y", "s").node("Mul", "s x", "z"));
    all.put("layernorm", f32("x", 3, 8).weight(DType.F32, "s", 8).weight(DType.F32, "b", 8)
        .node("LayerNormalization", "x s b", "y"));
    all.put("matmul_bias", f32("x", 5, 3).weight(DType.F32, "w", 3, 10).weight(DType.F32, "b", 10)
        .node("MatMul", "x w", "p").node("Add", "p b", "y"));
    all.put("matmul_sigmoid_edge", f32("x", 3, 2).weight(DType.F32, "w", 2, 5)
        .node("MatMul", "x w", "p").node("Sigmoid", "p", "y"));
    all.put("matmul_transposed", f32("x", 2, 4, 3)
        .node("Transpose", "x", "t", "perm", new long[] {0, 2, 1}).node("MatMul", "x t", "y"));
    all.put("maxpool", f32("x", 1, 4, 4, 4).node("MaxPool", "x", "y",
        "kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2}));
    all.put("pad_reflect", f32("x", 3, 4).longs("pads", 1, 1, 0, 2)
        .node("Pad", "x pads", "y", "mode", "reflect"));
    all.put("reducemean_columns", f32("x", 6, 5).node("ReduceMean", "x", "y",
        "axes", new long[] {0}, "keepdims", 0L));
    all.put("softmax", f32("x", 3, 7).node("Softmax", "x", "y"));
    all.put("transpose", f32("x", 3, 6).node("Transpose", "x", "y", "perm", new long[] {1, 0}));
    return all;
  }

  private static Case f32(String name, int... dims) {
    return new Case().input(DType.F32, name, dims);
  }

  /** Kernels for GPUs: one of each family, and types that differ there. */
  private static Map<String, Case> gpuCases() {
    Map<String, Case> all = new TreeMap<>();
    Map<String, Case> shared = cases();
    for (String name : List.of("argmax", "cast_i64_f32", "compare_where")) {
      all.put(name, shared.get(name));
    }
    all.put("matmul_relu", f32("x", 33, 16).weight(DType.F32, "w", 16, 40)
        .weight(DType.F32, "b", 40).node("MatMul", "x w", "p").node("Add", "p b", "s")
        .node("Relu", "s", "y"));
    all.put("softmax_long", f32("x", 3, 100).node("Softmax", "x", "y"));
    return all;
  }

  /** What the files hold, by name. */
  private static Map<String, String> texts() {
    Map<String, String> texts = new TreeMap<>();
    cases().forEach((name, c) -> texts.put(name + ".wat", text(c.plan())));
    for (Map.Entry<String, Case> e : gpuCases().entrySet()) {
      StringBuilder text = new StringBuilder();
      for (GpuPlan.Pipeline p : e.getValue().gpuPlan().pipelines()) {
        text.append("// ").append(p).append(": ").append(p.schedule()).append('\n');
        text.append(p.code().stripTrailing()).append('\n');
      }
      texts.put(e.getKey() + ".wgsl", text.toString());
    }
    return texts;
  }

  private static String text(Plan plan) {
    StringBuilder text = new StringBuilder();
    for (Plan.KernelInfo k : plan.kernels()) {
      byte[] wasm = WasmKernel.standalone(k.loops(), EmitOptions.of(Target.common()), false);
      text.append(";; ").append(k.name()).append(": ").append(k.schedule()).append('\n');
      text.append(WasmText.print(wasm).stripTrailing()).append('\n');
    }
    return text.toString();
  }

  @Test
  void kernelsAreAsWritten() throws IOException {
    List<String> changed = new ArrayList<>();
    for (Map.Entry<String, String> e : texts().entrySet()) {
      Path file = FOLDER.resolve(e.getKey());
      String now = e.getValue();
      if (UPDATE) {
        Files.createDirectories(FOLDER);
        Files.writeString(file, now);
      } else if (!Files.exists(file)) {
        changed.add(file + " is missing");
      } else if (!Files.readString(file).equals(now)) {
        changed.add(file + ", " + difference(Files.readString(file), now));
      }
    }
    if (!changed.isEmpty()) {
      fail(
          "the code of "
              + changed.size()
              + " kernels is not what the golden files say; if it is what is wanted, run with"
              + " -Dnnjit.golden.update=true and commit them:\n"
              + String.join("\n", changed));
    }
  }

  private static String difference(String before, String now) {
    List<String> a = before.lines().toList();
    List<String> b = now.lines().toList();
    int i = 0;
    while (i < a.size() && i < b.size() && a.get(i).equals(b.get(i))) {
      i++;
    }
    return "line " + (i + 1) + ": wanted " + (i < a.size() ? a.get(i).strip() : "no more lines")
        + ", got " + (i < b.size() ? b.get(i).strip() : "no more lines");
  }

  @Test
  void filesAreFewAndNoneIsLeftOver() throws IOException {
    Set<String> names = new TreeSet<>();
    long bytes = 0;
    try (Stream<Path> files = Files.list(FOLDER)) {
      for (Path file : files.toList()) {
        names.add(file.getFileName().toString());
        bytes += Files.size(file);
      }
    }
    assertEquals(texts().keySet(), names);
    assertTrue(bytes <= MOST_BYTES, bytes + " bytes of golden files, at most " + MOST_BYTES);
  }
}
