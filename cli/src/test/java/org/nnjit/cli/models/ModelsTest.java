package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto.Dimension;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nnjit.tensor.Tensor;

/** The written files: published sizes, valid graphs, sane numbers in ONNX Runtime, equal bytes. */
class ModelsTest {
  @TempDir Path dir;

  static List<String> all() {
    return Models.all().stream().map(Model::name).toList();
  }

  static List<String> small() {
    return Models.all().stream().filter(m -> m.parameters() < 1_000_000).map(Model::name).toList();
  }

  @ParameterizedTest
  @MethodSource("all")
  void hasThePublishedNumberOfParameters(String name) {
    Model model = Models.named(name);
    assertEquals(model.parameters(), model.describe(1).parameters());
    assertTrue(ModelFiles.bytes(model, 1) < 2_000_000_000L, "one file below 2 GB");
  }

  @Test
  void namesAreUnique() {
    assertEquals(all().size(), new HashSet<>(all()).size());
  }

  @Test
  void anUnknownNameIsAnsweredWithTheNamesThereAre() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> Models.named("bert"));
    assertEquals("No model 'bert'. There are: " + String.join(", ", all()), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("small")
  void isAValidGraph(String name) throws Exception {
    Model model = Models.named(name);
    Path file = ModelFiles.write(model, dir, 1, bytes -> {});
    assertTrue(Files.size(file) < 1_000_000, "a small model has less than 1 MB");
    ModelProto proto = parse(file);
    assertEquals(model.opset(), proto.getOpsetImport(0).getVersion());
    GraphProto graph = proto.getGraph();
    Set<String> known = new HashSet<>();
    graph.getInputList().forEach(v -> known.add(v.getName()));
    for (TensorProto t : graph.getInitializerList()) {
      assertTrue(known.add(t.getName()), "two tensors named " + t.getName());
      long elements = t.getDimsList().stream().reduce(1L, Math::multiplyExact);
      assertEquals(elements * 4, t.getRawData().size(), t.getName());
    }
    Set<String> nodeNames = new HashSet<>();
    for (NodeProto node : graph.getNodeList()) {
      assertTrue(nodeNames.add(node.getName()), "two nodes named " + node.getName());
      assertTrue(known.containsAll(node.getInputList()), node.getName() + " reads a later value");
      node.getOutputList().forEach(v -> assertTrue(known.add(v), "assigned twice: " + v));
    }
    graph.getOutputList().forEach(v -> assertTrue(known.contains(v.getName()), v.getName()));
  }

  @ParameterizedTest
  @MethodSource("small")
  void runsOnTwoShapesWithSaneOutputs(String name) throws Exception {
    Model model = Models.named(name);
    checkOutputs(model, ModelFiles.write(model, dir, 1, bytes -> {}));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mobilenet-v2", "squeezenet1.1"})
  void fullSizeRunsWithSaneOutputs(String name) throws Exception {
    Model model = Models.named(name);
    checkOutputs(model, ModelFiles.write(model, dir, 1, bytes -> {}));
  }

  private static void checkOutputs(Model model, Path file) throws Exception {
    GraphProto graph = parse(file).getGraph();
    try (Oracle oracle = new Oracle(file)) {
      Map<String, Oracle.Output> one = check(oracle, graph, model, 1, 16, 1);
      Map<String, Oracle.Output> other = check(oracle, graph, model, 1, 16, 2);
      for (String output : one.keySet()) {
        double scale = rms(one.get(output).values());
        double change = rmsDifference(one.get(output).values(), other.get(output).values());
        assertTrue(change > 0.1 * scale, output + " hardly depends on the input: " + change);
      }
      check(oracle, graph, model, 3, 7, 3);
    }
  }

  private static Map<String, Oracle.Output> check(
      Oracle oracle, GraphProto graph, Model model, int batch, int sequence, long seed)
      throws Exception {
    Map<String, Tensor> feeds = SampleFeeds.of(model, batch, sequence, seed);
    assertEquals(
        graph.getInputList().stream().map(ValueInfoProto::getName).toList(),
        List.copyOf(feeds.keySet()));
    Map<String, Oracle.Output> outputs = oracle.run(feeds);
    for (ValueInfoProto declared : graph.getOutputList()) {
      Oracle.Output output = outputs.get(declared.getName());
      assertArrayEquals(extents(declared, batch, sequence), output.dims(), declared.getName());
      double rms = rms(output.values());
      assertTrue(rms > 0.1 && rms < 10, declared.getName() + " has root mean square " + rms);
    }
    return outputs;
  }

  private static long[] extents(ValueInfoProto port, int batch, int sequence) {
    return port.getType().getTensorType().getShape().getDimList().stream()
        .mapToLong(
            (Dimension d) ->
                d.hasDimValue()
                    ? d.getDimValue()
                    : d.getDimParam().equals("batch") ? batch : sequence)
        .toArray();
  }

  private static double rms(float[] values) {
    return rmsDifference(values, new float[values.length]);
  }

  /** NaN or infinite if any value is, which no range check lets through. */
  private static double rmsDifference(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - (double) b[i]) * (a[i] - (double) b[i]);
    }
    return Math.sqrt(sum / a.length);
  }

  /** Whoever changes a model or the generator on purpose takes the new hash from the failure. */
  @ParameterizedTest
  @CsvSource({
    "bart-tiny-encoder,77bed788c61f4c2a3f83995d2c06b5fd0f831f74792782fca920b7a1493579aa",
    "digits,fa4dafc1080a329f3a7ad326cbd4e33306fe9222492f75f632197c854891dbba",
    "efficientnet-lite-tiny,964a6990ca6152158def73775e42674c333922e847d2624ac0f2245c0e53eb60",
    "gpt2-tiny,f5e4ab4ee8262fc6bf827d40945295cd4535e07e62d0c95d18235921a6190495",
    "mobilenet-v2-tiny,abf1a72f2c1ba2e9e880b5973ad89a6ea5299335aefbdb0c116a8fcdf06ae413",
    "resnet-tiny,04925086b12893e0e844561237e30b6d5a7296f40de96296730754909c643d6a",
    "roberta-tiny,4b3dd518a69b088b9372fb6af7f7876a85f68ad4b265b1bf73ae9e3cb5b40c43",
    "squeezenet-tiny,4e7a5aab2833701115a46d3a224e0af74030a20f66149e398cbf854a6cb32fbf",
    "t5-tiny-encoder,aa069cd567c18960bf4eef4f05c14d5c6f128a1c74aec9351a02b40c948c1cb6",
    "vit-tiny,197e949dc23932962e04ce4218ee0696108ba4d3be2b2eca6fbd7419b705120c"
  })
  void bytesAreTheSameEverywhere(String name, String sha256) throws Exception {
    Path file = ModelFiles.write(Models.named(name), dir, 1, bytes -> {});
    MessageDigest hash = MessageDigest.getInstance("SHA-256");
    assertEquals(sha256, HexFormat.of().formatHex(hash.digest(Files.readAllBytes(file))));
  }

  @Test
  void anotherSeedGivesOtherWeightsInTheSameGraph() throws Exception {
    Model model = Models.named("gpt2-tiny");
    GraphProto one = parse(ModelFiles.write(model, dir.resolve("1"), 1, b -> {})).getGraph();
    GraphProto two = parse(ModelFiles.write(model, dir.resolve("2"), 2, b -> {})).getGraph();
    assertEquals(one.getNodeList(), two.getNodeList());
    assertTrue(!one.getInitializer(0).equals(two.getInitializer(0)));
  }

  @Test
  void gpt2sHeadIsItsTokenTableTransposed() throws Exception {
    GraphProto graph =
        parse(ModelFiles.write(Models.named("gpt2-tiny"), dir, 1, b -> {})).getGraph();
    Map<String, TensorProto> tensors = new LinkedHashMap<>();
    graph.getInitializerList().forEach(t -> tensors.put(t.getName(), t));
    TensorProto table = tensors.get("transformer.wte.weight");
    TensorProto head = tensors.get("lm_head.weight");
    int rows = (int) table.getDims(0);
    int columns = (int) table.getDims(1);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        assertEquals(
            table.getRawData().substring(4 * (r * columns + c), 4 * (r * columns + c + 1)),
            head.getRawData().substring(4 * (c * rows + r), 4 * (c * rows + r + 1)));
      }
    }
  }

  private static ModelProto parse(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return ModelProto.parseFrom(CodedInputStream.newInstance(in));
    }
  }
}
