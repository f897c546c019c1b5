package org.nnjit.cli.models;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Weights of the models that the project has trained. {@code NAME.bin} holds them one after the
 * other, f32, little-endian; {@code layers} in {@code NAME.json} has their names and dimensions in
 * that order. Both come from {@code models/NAME} of the source tree.
 */
final class TrainedWeights {
  private TrainedWeights() {}

  /** Weights by name. */
  static Map<String, Weight.Floats> of(String model) {
    try (InputStream json = resource(model, ".json");
        InputStream bin = resource(model, ".bin")) {
      JsonObject layers =
          JsonParser.parseReader(new InputStreamReader(json, StandardCharsets.UTF_8))
              .getAsJsonObject()
              .getAsJsonObject("layers");
      ByteBuffer bytes = ByteBuffer.wrap(bin.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      Map<String, Weight.Floats> weights = new LinkedHashMap<>();
      for (String name : layers.keySet()) {
        var shape = layers.getAsJsonArray(name);
        long[] dims = new long[shape.size()];
        int elements = 1;
        for (int i = 0; i < dims.length; i++) {
          dims[i] = shape.get(i).getAsInt();
          elements *= (int) dims[i];
        }
        float[] values = new float[elements];
        bytes.asFloatBuffer().get(values);
        bytes.position(bytes.position() + elements * Float.BYTES);
        weights.put(name, new Weight.Values(values, dims));
      }
      if (bytes.hasRemaining()) {
        throw new IllegalStateException(
            model + ".bin has " + bytes.remaining() + " bytes too many");
      }
      return weights;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream resource(String model, String suffix) {
    InputStream stream = TrainedWeights.class.getResourceAsStream(model + suffix);
    if (stream == null) {
      throw new IllegalStateException(
          model + suffix + " is not on the class path; it stands in models/" + model
              + " of the source tree");
    }
    return stream;
  }
}
