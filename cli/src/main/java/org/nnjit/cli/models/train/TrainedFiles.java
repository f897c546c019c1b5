package org.nnjit.cli.models.train;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The files of a trained decoder: weights, their names and dimensions, the tokenizer. */
final class TrainedFiles {
  private TrainedFiles() {}

  /**
   * Writes {@code normaliser.bin}, {@code normaliser.json} and {@code tokenizer.json}.
   *
   * @param facts about the training, for the json file
   */
  static void write(Decoder decoder, Map<String, Number> facts, Path dir) throws IOException {
    Files.createDirectories(dir);
    Map<String, float[][]> weights = weights(decoder);
    JsonObject root = new JsonObject();
    facts.forEach(root::addProperty);
    JsonObject layers = new JsonObject();
    int elements = 0;
    for (Map.Entry<String, float[][]> e : weights.entrySet()) {
      JsonArray dims = new JsonArray();
      float[][] m = e.getValue();
      if (!e.getKey().contains("norm")) {
        dims.add(m.length);
      }
      dims.add(m[0].length);
      layers.add(e.getKey(), dims);
      elements += m.length * m[0].length;
    }
    root.add("layers", layers);
    ByteBuffer bytes = ByteBuffer.allocate(4 * elements).order(ByteOrder.LITTLE_ENDIAN);
    for (float[][] m : weights.values()) {
      for (float[] row : m) {
        for (float x : row) {
          bytes.putFloat(x);
        }
      }
    }
    Files.write(dir.resolve("normaliser.bin"), bytes.array());
    String json = new GsonBuilder().setPrettyPrinting().create().toJson(root) + "\n";
    Files.writeString(dir.resolve("normaliser.json"), json);
    Files.writeString(dir.resolve("tokenizer.json"), Letters.json());
  }

  /** The weights under the names of the exported graph. */
  private static Map<String, float[][]> weights(Decoder decoder) {
    Decoder.Sizes sizes = decoder.sizes();
    int d = sizes.hidden();
    Map<String, float[][]> weights = new LinkedHashMap<>();
    List<float[][]> parameters = decoder.parameters();
    weights.put("model.embed_tokens.weight", parameters.getFirst());
    int at = 1;
    for (int i = 0; i < sizes.layers(); i++) {
      String layer = "model.layers." + i + ".";
      weights.put(layer + "input_layernorm.weight", parameters.get(at++));
      float[][] qkv = parameters.get(at++);
      weights.put(layer + "self_attn.q_proj.weight", columns(qkv, 0, d));
      weights.put(layer + "self_attn.k_proj.weight", columns(qkv, d, 2 * d));
      weights.put(layer + "self_attn.v_proj.weight", columns(qkv, 2 * d, 3 * d));
      weights.put(layer + "self_attn.o_proj.weight", parameters.get(at++));
      weights.put(layer + "post_attention_layernorm.weight", parameters.get(at++));
      float[][] gateUp = parameters.get(at++);
      weights.put(layer + "mlp.gate_proj.weight", columns(gateUp, 0, sizes.inner()));
      weights.put(layer + "mlp.up_proj.weight", columns(gateUp, sizes.inner(), 2 * sizes.inner()));
      weights.put(layer + "mlp.down_proj.weight", parameters.get(at++));
    }
    weights.put("model.norm.weight", parameters.get(at++));
    weights.put("lm_head.weight", parameters.get(at));
    return weights;
  }

  private static float[][] columns(float[][] m, int from, int to) {
    float[][] part = new float[m.length][];
    for (int i = 0; i < m.length; i++) {
      part[i] = Arrays.copyOfRange(m[i], from, to);
    }
    return part;
  }
}
