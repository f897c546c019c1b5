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
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.AttributeProto;
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
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** The written files: published sizes, valid graphs, sane numbers in ONNX Runtime, equal bytes. */
class ModelsTest {
  @TempDir Path dir;

  static List<String> all() {
    return Models.all().stream().map(Model::name).toList();
  }

  static List<String> small() {
    return Models.all().stream().filter(Model::isSmall).map(Model::name).toList();
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
    checkGraph(graph, known);
  }

  /**
   * Checks weights, nodes and outputs.
   *
   * @param known values from outside of the graph
   */
  private static void checkGraph(GraphProto graph, Set<String> known) {
    for (TensorProto t : graph.getInitializerList()) {
      assertTrue(known.add(t.getName()), "two tensors named " + t.getName());
      long elements = t.getDimsList().stream().reduce(1L, Math::multiplyExact);
      int bytes = t.getDataType() == TensorProto.DataType.UINT8_VALUE ? 1 : 4;
      assertEquals(elements * bytes, t.getRawData().size(), t.getName());
    }
    Set<String> nodeNames = new HashSet<>();
    for (NodeProto node : graph.getNodeList()) {
      assertTrue(nodeNames.add(node.getName()), "two nodes named " + node.getName());
      assertTrue(known.containsAll(node.getInputList()), node.getName() + " reads a later value");
      for (AttributeProto attribute : node.getAttributeList()) {
        if (attribute.hasG()) {
          checkGraph(attribute.getG(), new HashSet<>(known));
        }
      }
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
      Map<String, Oracle.Output> one = check(oracle, graph, model, 1, 16, 0, 1);
      Map<String, Oracle.Output> other = check(oracle, graph, model, 1, 16, 0, 2);
      for (String output : one.keySet()) {
        double scale = rms(one.get(output).values());
        double change = rmsDifference(one.get(output).values(), other.get(output).values());
        assertTrue(change > 0.1 * scale, output + " hardly depends on the input: " + change);
      }
      check(oracle, graph, model, 3, 7, 0, 3);
      if (model.takesPast()) {
        check(oracle, graph, model, 1, 5, 1, 4);
        check(oracle, graph, model, 3, 4, 7, 5);
      }
    }
  }

  private static Map<String, Oracle.Output> check(
      Oracle oracle,
      GraphProto graph,
      Model model,
      int batch,
      int sequence,
      int past,
      long seed)
      throws Exception {
    Map<String, Tensor> feeds = SampleFeeds.of(model, batch, sequence, past, seed);
    assertEquals(
        graph.getInputList().stream().map(ValueInfoProto::getName).toList(),
        List.copyOf(feeds.keySet()));
    Map<String, Integer> symbols = symbols(graph, feeds);
    Map<String, Oracle.Output> outputs = oracle.run(feeds);
    for (ValueInfoProto declared : graph.getOutputList()) {
      Oracle.Output output = outputs.get(declared.getName());
      if (past > 0 && isMerged(model) && declared.getName().contains(".encoder.")) {
        assertEquals(0, output.values().length, declared.getName());
        continue;
      }
      assertArrayEquals(extents(declared, symbols), output.dims(), declared.getName());
      double rms = rms(output.values());
      assertTrue(rms > 0.1 && rms < 10, declared.getName() + " has root mean square " + rms);
    }
    return outputs;
  }

  private static boolean isMerged(Model model) {
    return model.sample() instanceof Model.Sample.CrossDecoder d
        && d.steps() == Model.Sample.Steps.ALL;
  }

  /** Symbolic dimensions of the inputs, each with the one extent that all feeds agree on. */
  private static Map<String, Integer> symbols(GraphProto graph, Map<String, Tensor> feeds) {
    Map<String, Integer> symbols = new LinkedHashMap<>();
    for (ValueInfoProto port : graph.getInputList()) {
      List<Dimension> dims = port.getType().getTensorType().getShape().getDimList();
      Tensor feed = feeds.get(port.getName());
      assertEquals(dims.size(), feed.shape().rank(), port.getName());
      for (int i = 0; i < dims.size(); i++) {
        int extent = feed.shape().dim(i);
        if (dims.get(i).hasDimValue()) {
          assertEquals(dims.get(i).getDimValue(), extent, port.getName());
        } else {
          Integer other = symbols.putIfAbsent(dims.get(i).getDimParam(), extent);
          assertTrue(other == null || other == extent, port.getName() + " " + feed.shape());
        }
      }
    }
    return symbols;
  }

  private static long[] extents(ValueInfoProto port, Map<String, Integer> symbols) {
    return port.getType().getTensorType().getShape().getDimList().stream()
        .mapToLong(d -> d.hasDimValue() ? d.getDimValue() : extent(d.getDimParam(), symbols))
        .toArray();
  }

  /** The sum of a dimension such as {@code past_sequence + sequence}. */
  private static int extent(String sum, Map<String, Integer> symbols) {
    int extent = 0;
    for (String part : sum.split(" \\+ ")) {
      extent += part.equals("1") ? 1 : symbols.get(part);
    }
    return extent;
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
    "bart-tiny-decoder,bae3221506a579a4e93d44085566accf4e07160d046316b4080909742f31f6ec",
    "bart-tiny-decoder-merged,78458b330cd3f43a388cab8ef031ca158365c1491b094dfa8d780dd743ff86ae",
    "bart-tiny-decoder-with-past,4a24c491f3ef68c4a0e8204835e0108c997bce1076a06c6c7a66a46a26e573dc",
    "bart-tiny-encoder,77bed788c61f4c2a3f83995d2c06b5fd0f831f74792782fca920b7a1493579aa",
    "digits,fa4dafc1080a329f3a7ad326cbd4e33306fe9222492f75f632197c854891dbba",
    "efficientnet-lite-tiny,964a6990ca6152158def73775e42674c333922e847d2624ac0f2245c0e53eb60",
    "gpt2-tiny,f5e4ab4ee8262fc6bf827d40945295cd4535e07e62d0c95d18235921a6190495",
    "gpt2-tiny-with-past,753f426751541385f620f38474fb66f665697ed57d0674fefa06f4602956170a",
    "llama-tiny,32fb6285199f4a665375a4ed103364c45e2e392cf4835ed509649891ca7f4782",
    "llama-tiny-q4,fb2408be7cce6cc6281a8267d1af61f7a7fed9837deab89d56896757c3b0ec76",
    "mobilenet-v2-tiny,abf1a72f2c1ba2e9e880b5973ad89a6ea5299335aefbdb0c116a8fcdf06ae413",
    "normaliser,3a69fb019eebd3191d30c237f45460193504db0e08420359321b833254c8cbca",
    "resnet-tiny,04925086b12893e0e844561237e30b6d5a7296f40de96296730754909c643d6a",
    "roberta-tiny,4b3dd518a69b088b9372fb6af7f7876a85f68ad4b265b1bf73ae9e3cb5b40c43",
    "squeezenet-tiny,4e7a5aab2833701115a46d3a224e0af74030a20f66149e398cbf854a6cb32fbf",
    "t5-tiny-decoder,c5a59c758766a509dfa60333df1d6d50d1293396e9a5bdf0dd679fe8c9a823f0",
    "t5-tiny-decoder-merged,60a77ce6ffcb2f0d93a09102207ae8003048752352788d63857bd7ce8ecd501e",
    "t5-tiny-decoder-with-past,7bebc8d01791e858ed4784caf5c95895cea0374d1c07522f9d149750a80c98a8",
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
    Map<String, TensorProto> tensors = tensors("gpt2-tiny");
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

  /** Prefill, steps, encoder and decoder are files of one model. */
  @ParameterizedTest
  @CsvSource({
    "gpt2-tiny,gpt2-tiny-with-past,transformer.wte.weight,transformer.wte.weight",
    "t5-tiny-encoder,t5-tiny-decoder,shared.weight,shared.weight",
    "t5-tiny-decoder,t5-tiny-decoder-with-past,lm_head.weight,lm_head.weight",
    "t5-tiny-decoder,t5-tiny-decoder-merged,lm_head.weight,lm_head.weight",
    "bart-tiny-encoder,bart-tiny-decoder,encoder.embed_tokens.weight,model.shared.weight",
    "bart-tiny-decoder,bart-tiny-decoder-with-past,lm_head.weight,lm_head.weight",
    "bart-tiny-decoder,bart-tiny-decoder-merged,lm_head.weight,lm_head.weight"
  })
  void filesOfOneModelShareTheirWeights(String one, String other, String mine, String its)
      throws Exception {
    Map<String, TensorProto> a = tensors(one);
    Map<String, TensorProto> b = tensors(other);
    assertEquals(a.get(mine).getRawData(), b.get(its).getRawData());
    if (one.contains("decoder") || one.startsWith("gpt2")) {
      b.forEach((name, t) -> assertEquals(a.get(name), t, name));
    }
  }

  /** A decoder's steps one by one give what the first step gives for all tokens at once. */
  @ParameterizedTest
  @CsvSource({
    "gpt2-tiny-with-past,gpt2-tiny-with-past", "llama-tiny,llama-tiny",
    "llama-tiny-q4,llama-tiny-q4", "t5-tiny-decoder,t5-tiny-decoder-with-past",
    "t5-tiny-decoder,t5-tiny-decoder-merged",
    "t5-tiny-decoder-merged,t5-tiny-decoder-with-past",
    "bart-tiny-decoder,bart-tiny-decoder-with-past",
    "bart-tiny-decoder,bart-tiny-decoder-merged",
    "bart-tiny-decoder-merged,bart-tiny-decoder-with-past"
  })
  void stepsContinueWhatThePrefillBegan(String first, String next) throws Exception {
    Model prefill = Models.named(first);
    Model step = Models.named(next);
    int tokens = 5;
    // A decoder with an encoder gets half as many tokens as the encoder.
    boolean cross = prefill.sample() instanceof Model.Sample.CrossDecoder;
    Map<String, Tensor> all = SampleFeeds.of(prefill, 1, cross ? 2 * tokens : tokens, 0, 8);
    try (Oracle whole = new Oracle(ModelFiles.write(prefill, dir, 1, b -> {}));
        Oracle steps = new Oracle(ModelFiles.write(step, dir, 1, b -> {}))) {
      Map<String, Oracle.Output> wanted = whole.run(all);
      Map<String, Oracle.Output> begun = whole.run(firstTokens(all, 1));
      Map<String, Tensor> past = new LinkedHashMap<>();
      begun.forEach((name, output) -> past.put(name, output.tensor()));
      Map<String, Oracle.Output> got = begun;
      for (int t = 1; t < tokens; t++) {
        Map<String, Tensor> feeds = SampleFeeds.of(step, 1, cross ? 2 * tokens : 1, t, 8);
        feeds.replaceAll(
            (name, sample) ->
                name.startsWith("past_")
                    ? past.get(name.replace("past_key_values", "present"))
                    : name.equals("encoder_attention_mask") ? all.get(name) : sample);
        feeds.get("input_ids").setLong(0, all.get("input_ids").getLong(t));
        got = steps.run(feeds);
        for (Map.Entry<String, Oracle.Output> output : got.entrySet()) {
          // A merged decoder gives nothing for what the encoder has read.
          if (output.getValue().values().length > 0) {
            past.put(output.getKey(), output.getValue().tensor());
          }
        }
      }
      float[] logits = wanted.get("logits").values();
      int vocabulary = logits.length / tokens;
      float[] last = Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length);
      assertArrayEquals(last, got.get("logits").values(), 1e-4f * (float) rms(last));
    }
  }

  /** The feeds of the first step for fewer tokens. */
  private static Map<String, Tensor> firstTokens(Map<String, Tensor> feeds, int tokens) {
    Map<String, Tensor> fewer = new LinkedHashMap<>(feeds);
    for (String name : List.of("input_ids", "attention_mask", "position_ids")) {
      fewer.computeIfPresent(
          name,
          (n, all) -> {
            Tensor some = Tensor.zeros(all.dtype(), Shape.of(1, tokens));
            for (int i = 0; i < tokens; i++) {
              some.setLong(i, all.getLong(i));
            }
            return some;
          });
    }
    return fewer;
  }

  private Map<String, TensorProto> tensors(String name) throws Exception {
    Map<String, TensorProto> tensors = new LinkedHashMap<>();
    parse(ModelFiles.write(Models.named(name), dir, 1, b -> {}))
        .getGraph()
        .getInitializerList()
        .forEach(t -> tensors.put(t.getName(), t));
    return tensors;
  }

  private static ModelProto parse(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return ModelProto.parseFrom(CodedInputStream.newInstance(in));
    }
  }
}
