package org.nnjit.e2e;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The likeliest text of a model as ONNX Runtime finds it: each token from all tokens before it, without
 * a cache.
 */
final class GreedyText {
  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();

  private GreedyText() {}

  /**
   * The next tokens.
   *
   * @param encoder its file, or null for a decoder alone
   * @param decoder takes any number of tokens, and no past or an empty one
   * @param prompt tokens for the encoder, or those that the decoder continues
   * @param start what the decoder begins with behind an encoder
   * @param penalty logits of tokens that were there are divided by it, negative ones multiplied: models
   *     with random weights like the last token best, and would only repeat it
   */
  static List<Long> of(
      Path encoder, Path decoder, List<Long> prompt, long start, int count, float penalty)
      throws OrtException {
    Map<String, OnnxTensor> constant = new HashMap<>();
    List<Long> tokens = new ArrayList<>(encoder == null ? prompt : List.of(start));
    int first = tokens.size();
    try (OrtSession d = ORT.createSession(decoder.toString());
        OrtSession e = encoder == null ? null : ORT.createSession(encoder.toString());
        OrtSession.Result states = e == null ? null : e.run(Map.of(
            "input_ids", longs(prompt), "attention_mask", ones(prompt.size())))) {
      if (e != null) {
        constant.put("encoder_hidden_states", (OnnxTensor) states.get(0));
        constant.put("encoder_attention_mask", ones(prompt.size()));
      }
      while (tokens.size() < first + count) {
        try (OrtSession.Result outputs = d.run(feeds(d, tokens, constant))) {
          tokens.add(largest((OnnxTensor) outputs.get("logits").orElseThrow(), tokens, penalty));
        }
      }
    }
    return tokens.subList(first, tokens.size());
  }

  private static Map<String, OnnxTensor> feeds(
      OrtSession session, List<Long> tokens, Map<String, OnnxTensor> constant)
      throws OrtException {
    Map<String, OnnxTensor> feeds = new HashMap<>();
    for (var input : session.getInputInfo().entrySet()) {
      String name = input.getKey();
      long[] dims = ((TensorInfo) input.getValue().getInfo()).getShape();
      feeds.put(
          name,
          switch (name) {
            case "input_ids" -> longs(tokens);
            case "attention_mask" -> ones(tokens.size());
            case "position_ids" -> {
              List<Long> places = new ArrayList<>();
              for (long i = 0; i < tokens.size(); i++) {
                places.add(i);
              }
              yield longs(places);
            }
            default ->
                constant.containsKey(name)
                    ? constant.get(name)
                    : OnnxTensor.createTensor(
                        ORT, FloatBuffer.allocate(0), new long[] {1, dims[1], 0, dims[3]});
          });
    }
    return feeds;
  }

  private static OnnxTensor longs(List<Long> values) throws OrtException {
    LongBuffer data = LongBuffer.allocate(values.size());
    values.forEach(data::put);
    return OnnxTensor.createTensor(ORT, data.flip(), new long[] {1, values.size()});
  }

  private static OnnxTensor ones(int count) throws OrtException {
    return longs(Collections.nCopies(count, 1L));
  }

  /** The largest logit's token at the last position; logits: [1, tokens, vocabulary]. */
  private static long largest(OnnxTensor logits, List<Long> tokens, float penalty) {
    int vocabulary = (int) logits.getInfo().getShape()[2];
    FloatBuffer all = logits.getFloatBuffer();
    float[] last = new float[vocabulary];
    all.get(all.remaining() - vocabulary, last);
    for (long t : Set.copyOf(tokens)) {
      last[(int) t] = last[(int) t] < 0 ? last[(int) t] * penalty : last[(int) t] / penalty;
    }
    int best = 0;
    for (int i = 1; i < vocabulary; i++) {
      best = last[i] > last[best] ? i : best;
    }
    return best;
  }
}
