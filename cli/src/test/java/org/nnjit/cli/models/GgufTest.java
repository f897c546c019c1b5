package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.gguf.GgufReader;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Constant;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Node;
import org.nnjit.graph.Port;
import org.nnjit.graph.interp.GraphInterpreter;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.Plan;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.session.ModelReader;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Halves;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** GGUF files against ONNX Runtime with the same weights in f32; and files that are no good. */
class GgufTest {
  private static final long SEED = 20261123;

  /** Most error of an element, by its output's greatest magnitude. */
  private static final double ALLOWED = 1e-5;

  @TempDir Path work;

  private static byte[] bytes(GgufFile file) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    file.write(out);
    return out.toByteArray();
  }

  // --- what is calculated ---

  @Test
  void floats() throws Exception {
    agrees(GgufLlama.tiny(GgufType.F32, GgufType.F32, false));
    agrees(GgufLlama.tiny(GgufType.F16, GgufType.BF16, true));
    agrees(GgufLlama.tiny(GgufType.BF16, GgufType.F16, false));
  }

  @Test
  void eightBits() throws Exception {
    agrees(GgufLlama.tiny(GgufType.Q8_0, GgufType.Q8_0, true));
  }

  @Test
  void fourBits() throws Exception {
    agrees(GgufLlama.tiny(GgufType.Q4_0, GgufType.Q4_0, true));
  }

  @Test
  void fourBitsWithZeroPoints() throws Exception {
    agrees(GgufLlama.tiny(GgufType.Q4_K, GgufType.Q4_K, false));
  }

  @Test
  void sixBits() throws Exception {
    agrees(GgufLlama.tiny(GgufType.Q4_0, GgufType.Q6_K, false));
    agrees(GgufLlama.tiny(GgufType.Q6_K, GgufType.F16, false));
  }

  private void agrees(GgufLlama llama) throws Exception {
    Path onnx = work.resolve("model.onnx");
    llama.writeOnnx(onnx);
    ByteSource file = ByteSource.of(bytes(llama.gguf()));
    Model model = ModelReader.read(file);
    double worst = 0;
    try (Oracle oracle = new Oracle(onnx)) {
      // A prompt, a step, and two prompts of which one has a token left out, after a past.
      int[][] runs = {{1, 4, 0}, {1, 1, 7}, {2, 2, 3}};
      for (int[] run : runs) {
        Map<String, Tensor> feeds = llama.feeds(run[0], run[1], run[2]);
        Map<String, Oracle.Output> wanted = oracle.run(feeds);
        Map<String, TensorType> types = new LinkedHashMap<>();
        feeds.forEach((name, tensor) -> types.put(name, tensor.type()));
        Specialiser.Values values =
            Specialiser.Values.of(feeds, constant -> OnnxTensors.load(file, constant));
        Plan plan =
            Compiler.compile(model.graph(), types, values, PlanContext.plain(Target.common()))
                .plan();
        boolean quantised =
            plan.kernels().stream().anyMatch(k -> k.family().equals("quantised"));
        assertEquals(llama.matrices().elements > 1, quantised, llama.toString());
        Map<String, Tensor> got =
            PlanRunner.run(plan, feeds, file, PlanRunner.Order.values()[run[2] % 2]);
        worst = Math.max(worst, error(llama + Arrays.toString(run), wanted, got));
      }
    }
    System.out.println(llama + ": worst error " + worst);
  }

  private static double error(
      String label, Map<String, Oracle.Output> wanted, Map<String, Tensor> got) {
    double worst = 0;
    for (Map.Entry<String, Oracle.Output> e : wanted.entrySet()) {
      Tensor g = got.get(e.getKey());
      assertEquals(
          Arrays.toString(e.getValue().dims()), Arrays.toString(g.shape().dims()), label);
      double scale = 0;
      double error = 0;
      for (int i = 0; i < g.elements(); i++) {
        double w = e.getValue().values()[i];
        scale = Math.max(scale, Math.abs(w));
        double off = Math.abs(w - g.getDouble(i));
        error = off <= error ? error : off;
      }
      assertTrue(
          error <= ALLOWED * scale,
          label + " " + e.getKey() + ": error " + error + " of " + scale);
      worst = Math.max(worst, error / scale);
    }
    return worst;
  }

  /** Scales of every finite f16, negative and subnormal ones too. */
  @Test
  void scalesAreExact() {
    int rows = 31 << 11;
    Tensor raw = Tensor.zeros(DType.U16, Shape.of(rows, 17));
    for (int i = 0; i < rows; i++) {
      raw.setLong(17 * i, bitsOf(i));
    }
    Attributes a =
        Attributes.of(
            Map.of("type", 8L, "columns", 32L, "bits", 8L, "block_size", 32L, "blocks", 1L));
    Node node =
        new Node("", "nnjit", "UnpackBlocks", 1, List.of("x"), List.of("c", "s", ""), a);
    Tensor scales = GraphInterpreter.evaluate(node, new Tensor[] {raw}).get(1);
    for (int i = 0; i < rows; i++) {
      assertEquals(Halves.f16ToFloat(bitsOf(i)) + 0.0, scales.getDouble(i) + 0.0, "bits " + i);
    }
  }

  /** The finite ones: exponents below 31 with both signs. */
  private static int bitsOf(int i) {
    return i % 31 << 10 | i / 31 & 1023 | (i / 31 & 1024) << 5;
  }

  @Test
  void metadataAreTexts() throws Exception {
    Model model = ModelReader.read(ByteSource.of(bytes(small())));
    assertEquals("random llama", model.producer());
    assertEquals("2", model.metadata().get("tokenizer.ggml.eos_token_id"));
    assertEquals("1.0E-5", model.metadata().get("llama.attention.layer_norm_rms_epsilon"));
    assertEquals(
        List.of(
            "input_ids: i64[batch_size,sequence_length]",
            "attention_mask: i64[batch_size,total_sequence_length]",
            "position_ids: i64[batch_size,sequence_length]",
            "past_key_values.0.key: f32[batch_size,2,past_sequence_length,16]",
            "past_key_values.0.value: f32[batch_size,2,past_sequence_length,16]"),
        model.graph().inputs().stream().map(Port::toString).toList());
  }

  // --- bad files ---

  /** Arrays of numbers and texts, which the model does without. */
  @Test
  void listsAreRead() throws Exception {
    GgufFile file = small().put("tokenizer.numbers", new int[] {3, -4})
            .put("tokenizer.none", new String[0]).put("other", new int[] {1});
    Map<String, List<String>> lists = GgufReader.lists(ByteSource.of(bytes(file)));
    assertEquals(List.of("3", "-4"), lists.get("tokenizer.numbers"));
    assertEquals(List.of(), lists.get("tokenizer.none"));
    assertEquals(List.of("2048"), lists.get("llama.context_length"));
    assertFalse(lists.containsKey("other") || lists.containsKey("general.name"));
    assertEquals(List.of("<0>", "<1>", "<2>", "<0x00>"), lists.get("tokenizer.ggml.tokens").subList(0, 4));
    assertEquals(20, lists.get("tokenizer.ggml.scores").size());
    byte[] cut = Arrays.copyOf(bytes(file), 900);
    assertThrows(ModelException.class, () -> GgufReader.lists(ByteSource.of(cut)));
  }

  private static GgufLlama tiny() {
    return new GgufLlama(20, 32, 64, 1, 2, 2, GgufType.Q4_0, GgufType.F16, false, 1);
  }

  private static GgufFile small() {
    return tiny().gguf();
  }

  private static String refusal(byte[] bytes) {
    return assertTimeout(
        Duration.ofSeconds(10),
        () ->
            assertThrows(ModelException.class, () -> ModelReader.read(ByteSource.of(bytes)))
                .getMessage());
  }

  private static void refused(byte[] bytes, String wanted) {
    String message = refusal(bytes);
    assertTrue(message.contains(wanted), message);
  }

  private static byte[] with(byte[] file, int at, long value, int bytes) {
    byte[] copy = file.clone();
    for (int i = 0; i < bytes; i++) {
      copy[at + i] = (byte) (value >> 8 * i);
    }
    return copy;
  }

  private static int find(byte[] file, String text) {
    return new String(file, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  @Test
  void filesCutOffAreRefused() throws Exception {
    byte[] file = bytes(small());
    int step = Math.max(1, file.length / 200);
    for (int length = 1; length < file.length - 32; length += step) {
      String message = refusal(Arrays.copyOf(file, length));
      assertTrue(length < 4 || message.contains("is the file cut off?"), length + ": " + message);
    }
  }

  @Test
  void versionsCountsAndTypesAreChecked() throws Exception {
    byte[] file = bytes(small());
    refused(with(file, 4, 1, 4), "it has version 1, wanted 2 or 3");
    refused(with(file, 4, 3 << 24, 4), "it is big-endian");
    refused(with(file, 0, 'X', 1), "not a valid ONNX model");
    refused(with(file, 8, -1L, 8), "not a GGUF file nnJIT can read");
    refused(with(file, 16, 1L << 50, 8), "not a GGUF file nnJIT can read");
    refused(with(file, 24, 1L << 40, 8), "a name or text has 1099511627776 bytes");
    refused(with(file, 24, -8, 8), "is the file cut off?");
    int tokens = find(file, "tokenizer.ggml.tokens") + 21;
    refused(with(file, tokens + 8, 1L << 60, 8), "not a GGUF file nnJIT can read");
    refused(with(file, tokens + 4, 99, 4), "a value has kind 99");
    refused(with(file, tokens + 4, 9, 4), "not a GGUF file nnJIT can read");
    int scores = find(file, "tokenizer.ggml.scores") + 21;
    refused(with(file, scores + 8, -2, 8), "an array has -2 elements");
    int q = find(file, "blk.0.attn_q.weight") + 19;
    refused(with(file, q, 9, 4), "not a GGUF file nnJIT can read");
    refused(with(file, q + 4, 1L << 40, 8), "has dimension 1099511627776");
    refused(with(file, q + 4, 33, 8), "rows of 33 elements in blocks of 32");
    refused(with(file, q + 12, 1 << 30, 8), "is the file cut off?");
    refused(with(file, q + 20, 13, 4), "has type 13 of ggml, nnJIT reads F32, F16, BF16");
    refused(with(file, q + 24, 1L << 40, 8), "is the file cut off?");
    refused(with(file, q + 24, -32, 8), "is the file cut off?");
    refused(with(file, find(file, "attn_q"), 'x', 1), "has no tensor 'blk.0.attn_q.weight'");
    refused(with(file, find(file, "llama.block_count") + 21, 3, 4),
        "has no tensor 'blk.1.attn_norm.weight'");
    refused(with(file, find(file, "llama.block_count") + 21, 0, 4),
        "metadata llama.block_count is 0, wanted 1 to 16777216");
  }

  @Test
  void whatTheGraphLacksIsNamed() throws Exception {
    refused(
        bytes(small().put("general.architecture", "qwen3")),
        "a model of architecture 'qwen3', nnJIT reads llama");
    refused(
        bytes(small().put("llama.rope.scaling.type", "yarn")),
        "rope.scaling.type is 'yarn', nnJIT knows none and linear");
    refused(bytes(small().put("llama.rope.dimension_count", 8)), "all of it rotated");
    refused(bytes(small().put("llama.feed_forward_length", 32)), "has 64 rows of 32, wanted 32");
    refused(bytes(small().put("llama.block_count", "two")), "metadata of the GGUF file");
    refused(bytes(small().put("general.alignment", 24)), "its alignment is 24");
    refused(
        bytes(small().vector("blk.0.attn_q.bias", GgufType.F32, 32, i -> GgufFile.little(128))),
        "tensor 'blk.0.attn_q.bias' has no place in the architecture llama");
    refused(
        bytes(
            small()
                .vector("output_norm.weight", GgufType.F32, 32, i -> GgufFile.little(128))),
        "tensor 'output_norm.weight' is there twice");
  }

  /** Damaged headers are refused or read, and nothing else happens. */
  @Test
  void damageIsSurvived() throws Exception {
    byte[] file = bytes(small());
    int header = find(file, "output.weight") + 40;
    Random random = new Random(SEED);
    for (int i = 0; i < 3000; i++) {
      byte[] damaged = file.clone();
      for (int k = 0; k <= i % 3; k++) {
        damaged[4 + random.nextInt(header - 4)] = (byte) random.nextInt();
      }
      try {
        Model model = ModelReader.read(ByteSource.of(damaged));
        for (Constant c : model.graph().constants().values()) {
          if (c instanceof Constant.Stored s) {
            assertTrue(s.offset() + s.type().bytes() <= file.length, "case " + i);
          }
        }
      } catch (ModelException e) {
        assertTrue(e.getMessage() != null, "case " + i + ", seed " + SEED);
      }
    }
  }
}
