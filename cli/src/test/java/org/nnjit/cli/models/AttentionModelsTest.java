package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Port;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Every attention of whole models is one call, and the plan agrees with ONNX Runtime.
 *
 * <p>{@code -Dnnjit.exported=DIR} tests models of real exporters too: {@code DIR/NAME/model.onnx}.
 */
class AttentionModelsTest {
  private static final int BATCH = 2;
  private static final int TOKENS = 24;
  private static final int PAST = 9;
  private static final int VOCABULARY = 90;

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "bart-tiny-encoder,2", "gpt2-tiny,2", "roberta-tiny,2", "t5-tiny-encoder,2", "vit-tiny,2"
  })
  void eachAttentionIsOneCall(String name, int attentions) throws Exception {
    Model model = Models.named(name);
    Path file = ModelFiles.write(model, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
    check(file, SampleFeeds.of(model, BATCH, TOKENS, 7), attentions);
  }

  /** A decoder has two for each layer; one new token has rows too short to gain. */
  @ParameterizedTest
  @EnabledIfSystemProperty(named = "nnjit.exported", matches = ".+")
  @CsvSource({
    "bart_encoder,2", "bart_decoder,4", "bart_decoder_with_past,0", "gpt2,2", "gpt2_with_past,2",
    "llama_mha,2", "llama_mha_with_past,2", "roberta,2", "roberta_mlm,2", "t5_encoder,2",
    "t5_decoder,4", "t5_decoder_with_past,0", "vit,2"
  })
  void eachAttentionOfAnExportedModelIsOneCall(String name, int attentions) throws Exception {
    Path file = Path.of(System.getProperty("nnjit.exported"), name, "model.onnx");
    Random random = new Random(5);
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    for (Port p : OnnxReader.read(ByteSource.of(Files.readAllBytes(file))).graph().inputs()) {
      feeds.put(p.name(), feed(p, random));
    }
    check(file, feeds, attentions);
  }

  private static void check(Path file, Map<String, Tensor> feeds, int attentions)
      throws Exception {
    assertEquals(attentions, RandomGraphsTest.check(Files.readAllBytes(file), feeds));
  }

  private static Tensor feed(Port p, Random random) {
    int[] dims = new int[p.dims().size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = extent(p.dims().get(i));
    }
    Tensor t = Tensor.zeros(p.dtype(), Shape.of(dims));
    boolean mask = p.name().contains("mask");
    for (int i = 0; i < t.elements(); i++) {
      if (p.dtype() == DType.F32) {
        t.setDouble(i, random.nextGaussian());
      } else if (mask) {
        // The second text is shorter.
        t.setLong(i, i < dims[1] || i % dims[1] < dims[1] - 5 ? 1 : 0);
      } else {
        t.setLong(i, 4 + random.nextInt(VOCABULARY));
      }
    }
    return t;
  }

  private static int extent(Dim d) {
    String name = d.toString();
    if (d.isKnown()) {
      return d.value();
    }
    int tokens = name.contains("past") ? name.contains("+") ? PAST + TOKENS : PAST : TOKENS;
    return name.equals("batch") ? BATCH : tokens;
  }
}
