package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.GgufLlama;
import org.nnjit.cli.models.GgufType;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import org.nnjit.cli.models.Quantiser;
import org.nnjit.server.Browser;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Whole models in browsers against ONNX Runtime, relative to the output's largest magnitude. */
class ModelsTest {
  private static final double RELATIVE = 1e-4;

  private static final List<String> FULL =
      List.of(
          "roberta-base", "resnet50", "mobilenet-v2", "gpt2", "t5-small-encoder",
          "bart-base-encoder");

  @TempDir Path work;

  @Test
  void tinyModelsInChromiumOnOneThread() throws Exception {
    tiny("chromium", 1, true);
  }

  @Test
  void tinyModelsInChromiumOnTwoThreads() throws Exception {
    tiny("chromium", 2, true);
  }

  @Test
  void tinyModelsInChromiumWithoutIsolation() throws Exception {
    tiny("chromium", 2, false);
  }

  @Test
  void tinyModelsInFirefoxOnTwoThreads() throws Exception {
    tiny("firefox", 2, true);
  }

  @Test
  void exportedGraphsInChromium() throws Exception {
    Path shared = Path.of("..", "..", "shared", "data", "exported", "tiny");
    Assumptions.assumeTrue(Files.isDirectory(shared), "no exported graphs beside the checkout");
    List<Map<String, Object>> cases = new ArrayList<>();
    try (Stream<Path> dirs = Files.list(shared)) {
      for (Path dir : dirs.sorted().toList()) {
        String url = "/exported/" + dir.getFileName();
        cases.add(
            BackendTests.testCase(
                dir.getFileName().toString(), url + "/model.onnx", BackendTests.sets(dir, url)));
      }
    }
    check("chromium", cases, 2, true, Map.of("/exported", shared));
  }

  /** Models of true size in both browsers on one and two threads; for {@code --full}. */
  @Test
  void fullModels() throws Exception {
    Assumptions.assumeTrue(
        Boolean.getBoolean("nnjit.fullModels"), "2 GB of models take long; run with --full");
    List<Map<String, Object>> cases = new ArrayList<>();
    Path cache = ModelFiles.defaultCache(Path.of("").toAbsolutePath());
    for (String name : FULL) {
      Path file = ModelFiles.ensure(name, cache);
      Path dir = Files.createDirectories(work.resolve(name));
      ModelData.expected(Models.named(name), dir, file, 0, 1, 128);
      cases.add(
          BackendTests.testCase(
              name, "/cache/" + file.getFileName(), BackendTests.sets(dir, "/made/" + name)));
    }
    for (String kind : List.of("chromium", "firefox")) {
      for (int threads = 1; threads <= 2; threads++) {
        check(kind, cases, threads, true, Map.of("/made", work, "/cache", cache));
      }
    }
  }

  private void tiny(String kind, int threads, boolean isolated) throws Exception {
    Suite.browser(kind);
    List<Map<String, Object>> cases = new ArrayList<>();
    for (Model m : Models.all()) {
      if (!m.isSmall()) {
        continue;
      }
      Path dir = Files.createDirectories(work.resolve(m.name()));
      Path file = ModelFiles.write(m, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
      if (!file.getFileName().toString().equals("model.onnx")) {
        Files.move(file, dir.resolve("model.onnx"));
      }
      ModelData.expected(m, dir, dir.resolve("model.onnx"), 0, 1, 16);
      ModelData.expected(m, dir, dir.resolve("model.onnx"), 1, 2, 9);
      if (m.takesPast()) {
        ModelData.expected(m, dir, dir.resolve("model.onnx"), 2, 1, 1, 1);
        ModelData.expected(m, dir, dir.resolve("model.onnx"), 3, 2, 3, 7);
      }
      String url = "/made/" + m.name();
      cases.add(BackendTests.testCase(m.name(), url + "/model.onnx", BackendTests.sets(dir, url)));
    }
    Path gpt2 = work.resolve("gpt2-tiny").resolve("model.onnx");
    for (int bits : new int[] {4, 8}) {
      Path dir = quantised(gpt2, new Quantiser(bits, 16, bits == 8, 0));
      ModelData.expected(Models.named("gpt2-tiny"), dir, dir.resolve("model.onnx"), 0, 1, 16);
      cases.add(made(dir));
      // Rounded activations: only where nothing before them may differ in the last bit.
      Path product = Files.createDirectories(work.resolve("product")).resolve("model.onnx");
      Files.write(product, product().toByteArray());
      dir = quantised(product, new Quantiser(bits, 16, bits == 8, 4));
      for (int rows : new int[] {1, 5}) {
        Tensor x = Tensor.zeros(DType.F32, Shape.of(rows, 80));
        for (int i = 0; i < x.elements(); i++) {
          x.setDouble(i, Math.sin(i * 1.7 + rows));
        }
        ModelData.expected(Map.of("x", x), dir, dir.resolve("model.onnx"), rows == 1 ? 0 : 1);
      }
      cases.add(made(dir));
    }
    for (GgufType type : GgufType.values()) {
      cases.add(gguf(type));
    }
    check(kind, cases, threads, isolated, Map.of("/made", work));
  }

  /** A small llama in a GGUF file, with what ONNX Runtime makes of the same weights in f32. */
  private Map<String, Object> gguf(GgufType type) throws Exception {
    GgufLlama llama = GgufLlama.tiny(type, type, type == GgufType.F32);
    Path dir = Files.createDirectories(work.resolve("llama-" + type));
    llama.gguf().write(dir.resolve("model.gguf"));
    llama.writeOnnx(dir.resolve("model.onnx"));
    ModelData.expected(llama.feeds(1, 6, 0), dir, dir.resolve("model.onnx"), 0);
    ModelData.expected(llama.feeds(1, 1, 9), dir, dir.resolve("model.onnx"), 1);
    ModelData.expected(llama.feeds(2, 3, 4), dir, dir.resolve("model.onnx"), 2);
    String url = "/made/" + dir.getFileName();
    return BackendTests.testCase(
        "llama-" + type, url + "/model.gguf", BackendTests.sets(dir, url));
  }

  /** The quantised copy of a model in a directory of its own. */
  private Path quantised(Path model, Quantiser quantiser) throws Exception {
    String name =
        model.getParent().getFileName() + "-q" + quantiser.bits() + "-level"
            + quantiser.accuracyLevel();
    Path dir = Files.createDirectories(work.resolve(name));
    assertTrue(quantiser.apply(model, dir.resolve("model.onnx")).products() > 0, name);
    return dir;
  }

  private Map<String, Object> made(Path dir) throws Exception {
    String url = "/made/" + dir.getFileName();
    return BackendTests.testCase(
        dir.getFileName().toString(), url + "/model.onnx", BackendTests.sets(dir, url));
  }

  /** {@code y[rows, 50] = x[rows, 80] w}. */
  private static ModelProto product() {
    TensorProto.Builder w =
        TensorProto.newBuilder()
            .setName("w")
            .addDims(80)
            .addDims(50)
            .setDataType(TensorProto.DataType.FLOAT_VALUE);
    for (int i = 0; i < 80 * 50; i++) {
      w.addFloatData((float) Math.cos(i * 0.37));
    }
    GraphProto.Builder graph = GraphProto.newBuilder().setName("product").addInitializer(w);
    graph.addInput(ModelData.port("x", 80));
    graph.addOutput(ModelData.port("y", 50));
    graph.addNodeBuilder().setOpType("MatMul").addInput("x").addInput("w").addOutput("y");
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .setGraph(graph)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
        .build();
  }

  private void check(
      String kind,
      List<Map<String, Object>> cases,
      int threads,
      boolean isolated,
      Map<String, Path> served)
      throws Exception {
    Browser browser = Suite.browser(kind);
    List<Suite.Outcome> outcomes =
        Suite.run(
            browser,
            cases,
            Map.of("threads", threads, "relative", RELATIVE),
            served,
            work,
            isolated,
            Duration.ofMinutes(10));
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(
          kind + " " + threads + " threads: " + o.name() + " " + o.status() + " error "
              + o.error() + " " + o.message());
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
  }
}
