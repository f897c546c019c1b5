package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** The trained digit network, in ONNX Runtime. */
class DigitsTest {
  private static final int PIXELS = 28 * 28;

  @TempDir Path dir;

  /** digits-drawings.bin.gz, written by train.mjs: a label byte and 784 pixel bytes per drawing. */
  @Test
  void recognisesDrawingsThatTrainingHasNotSeen() throws Exception {
    byte[] drawings;
    try (InputStream in = DigitsTest.class.getResourceAsStream("/digits-drawings.bin.gz")) {
      drawings = new GZIPInputStream(in).readAllBytes();
    }
    int count = drawings.length / (1 + PIXELS);
    assertEquals(400, count);
    Tensor images = Tensor.zeros(DType.F32, Shape.of(count, 1, 28, 28));
    for (int i = 0; i < count; i++) {
      for (int p = 0; p < PIXELS; p++) {
        int ink = drawings[i * (1 + PIXELS) + 1 + p] & 0xff;
        images.setDouble(i * PIXELS + p, ink / 255.0);
      }
    }
    float[] probabilities = run(images);
    int right = 0;
    for (int i = 0; i < count; i++) {
      double sum = 0;
      for (int d = 0; d < 10; d++) {
        sum += probabilities[i * 10 + d];
      }
      assertEquals(1, sum, 1e-5);
      if (best(probabilities, i) == drawings[i * (1 + PIXELS)]) {
        right++;
      }
    }
    assertTrue(right >= 0.98 * count, right + " of " + count + " drawings recognised");
  }

  @Test
  void recognisesTheSampleFeeds() throws Exception {
    int batch = 20;
    float[] probabilities = run(SampleFeeds.of("digits", batch, 0, 5).get("image"));
    int right = 0;
    for (int b = 0; b < batch; b++) {
      if (best(probabilities, b) == SampleFeeds.digit(b, 5)) {
        right++;
      }
    }
    assertTrue(right >= 0.8 * batch, right + " of " + batch + " recognised");
  }

  private float[] run(Tensor images) throws Exception {
    try (Oracle oracle = new Oracle(ModelFiles.ensure("digits", dir))) {
      return oracle.run(Map.of("image", images)).get("probabilities").values();
    }
  }

  private static int best(float[] probabilities, int row) {
    int best = 0;
    for (int d = 1; d < 10; d++) {
      if (probabilities[row * 10 + d] > probabilities[row * 10 + best]) {
        best = d;
      }
    }
    return best;
  }
}
