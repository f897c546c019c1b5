package org.nnjit.cli.models;

import static org.nnjit.tensor.DType.F32;
import static org.nnjit.tensor.DType.I64;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * A model of architecture llama with random weights as a GGUF file, and the same values in f32 as
 * Hugging Face's LlamaForCausalLM with past is exported to ONNX.
 *
 * @param matrices type of the weights of layers
 * @param words type of the table of tokens and the head
 * @param tied whether the head is the table of tokens
 * @param scaling linear factor of rotary positions
 */
public record GgufLlama(
    int vocabulary,
    int hidden,
    int inner,
    int layers,
    int heads,
    int keyHeads,
    GgufType matrices,
    GgufType words,
    boolean tied,
    float scaling) {
  /** The first token that is neither a control nor a byte. */
  public static final int WORDS = 259;

  private static final float EPSILON = 1e-5f;
  private static final float BASE = 10000;

  /** A small one of one or two layers, whose heads share keys. */
  public static GgufLlama tiny(GgufType matrices, GgufType words, boolean tied) {
    boolean wide = matrices.elements > 32 || words.elements > 32;
    return new GgufLlama(
        101, wide ? 256 : 64, wide ? 256 : 96, wide ? 1 : 2, 4, 2, matrices, words, tied,
        tied ? 2 : 1);
  }

  /** The shape of TinyLlama 1.1B. */
  public static GgufLlama tinyLlama(GgufType type) {
    return new GgufLlama(32000, 2048, 5632, 22, 32, 4, type, type, false, 1);
  }

  private int size() {
    return hidden / heads;
  }

  /** Bytes of a token's keys and values in f32. */
  public int rowBytes() {
    return 2 * layers * keyHeads * size() * Float.BYTES;
  }

  // --- weights ---

  private static Random random(String name, int row) {
    return new Random(31L * name.hashCode() + row);
  }

  private ByteBuffer row(String name, GgufType type, int row, int columns) {
    ByteBuffer b = GgufFile.little(type.rowBytes(columns));
    double deviation = name.equals("token_embd.weight") ? 1 : 1 / Math.sqrt(columns);
    type.random(random(name, row), b, columns, deviation);
    return b;
  }

  private static ByteBuffer norm(String name, int size) {
    ByteBuffer b = GgufFile.little(4 * size);
    Random random = random(name, 0);
    for (int i = 0; i < size; i++) {
      b.putFloat((float) (1 + 0.1 * random.nextGaussian()));
    }
    return b;
  }

  /** Values of a matrix [rows, columns] in the file's order. */
  private float[] values(String name, GgufType type, int rows, int columns) {
    float[] all = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      type.values(row(name, type, i, columns), all, i * columns, columns);
    }
    return all;
  }

  // --- GGUF ---

  /** The file; what it holds may be changed before it is written. */
  public GgufFile gguf() {
    return gguf(List.of());
  }

  /** @param words the first tokens that are neither controls nor bytes */
  public GgufFile gguf(List<String> words) {
    GgufFile file = new GgufFile();
    file.put("general.architecture", "llama").put("general.name", "random llama");
    file.put("llama.block_count", layers).put("llama.context_length", 2048);
    file.put("llama.embedding_length", hidden).put("llama.feed_forward_length", inner);
    file.put("llama.attention.head_count", heads);
    file.put("llama.attention.head_count_kv", keyHeads);
    file.put("llama.rope.dimension_count", size()).put("llama.rope.freq_base", BASE);
    file.put("llama.attention.layer_norm_rms_epsilon", EPSILON);
    if (scaling != 1) {
      file.put("llama.rope.scaling.type", "linear").put("llama.rope.scaling.factor", scaling);
    }
    tokens(file, words);
    matrix(file, "token_embd.weight", this.words, vocabulary, hidden);
    for (int i = 0; i < layers; i++) {
      String layer = "blk." + i + ".";
      norm(file, layer + "attn_norm.weight");
      matrix(file, layer + "attn_q.weight", matrices, heads * size(), hidden);
      matrix(file, layer + "attn_k.weight", matrices, keyHeads * size(), hidden);
      matrix(file, layer + "attn_v.weight", matrices, keyHeads * size(), hidden);
      matrix(file, layer + "attn_output.weight", matrices, hidden, heads * size());
      norm(file, layer + "ffn_norm.weight");
      matrix(file, layer + "ffn_gate.weight", matrices, inner, hidden);
      matrix(file, layer + "ffn_up.weight", matrices, inner, hidden);
      matrix(file, layer + "ffn_down.weight", matrices, hidden, inner);
    }
    norm(file, "output_norm.weight");
    if (!tied) {
      matrix(file, "output.weight", this.words, vocabulary, hidden);
    }
    return file;
  }

  /** A vocabulary as SentencePiece has it: three controls, all bytes, and names for the rest. */
  private void tokens(GgufFile file, List<String> words) {
    String[] tokens = new String[vocabulary];
    int[] kinds = new int[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      boolean isByte = i >= 3 && i < WORDS;
      tokens[i] = isByte ? "<0x%02X>".formatted(i - 3) : i < 3 ? "<" + i + ">" : "t" + i;
      if (i >= WORDS && i - WORDS < words.size()) {
        tokens[i] = words.get(i - WORDS);
      }
      kinds[i] = isByte ? 6 : i == 0 ? 2 : i < 3 ? 3 : 1;
    }
    file.put("tokenizer.ggml.model", "llama").put("tokenizer.ggml.tokens", tokens);
    file.put("tokenizer.ggml.scores", new float[vocabulary]);
    file.put("tokenizer.ggml.token_type", kinds);
    file.put("tokenizer.ggml.bos_token_id", 1).put("tokenizer.ggml.eos_token_id", 2);
  }

  private void matrix(GgufFile file, String name, GgufType type, int rows, int columns) {
    file.matrix(name, type, rows, columns, i -> row(name, type, i, columns));
  }

  private void norm(GgufFile file, String name) {
    file.vector(name, GgufType.F32, hidden, i -> norm(name, hidden));
  }

  // --- feeds ---

  /** Feeds of a run after a past; in a second row of the batch the second new token is padding. */
  public Map<String, Tensor> feeds(int batch, int length, int past) {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    Random random = new Random(1000L * batch + 100L * length + past);
    Tensor ids = Tensor.zeros(I64, Shape.of(batch, length));
    Tensor positions = Tensor.zeros(I64, Shape.of(batch, length));
    Tensor mask = Tensor.zeros(I64, Shape.of(batch, past + length));
    for (int i = 0; i < batch * length; i++) {
      ids.setLong(i, random.nextInt(vocabulary));
      positions.setLong(i, past + i % length);
    }
    for (int i = 0; i < mask.elements(); i++) {
      mask.setLong(i, i == 2 * past + length + 1 ? 0 : 1);
    }
    feeds.put("input_ids", ids);
    feeds.put("attention_mask", mask);
    feeds.put("position_ids", positions);
    for (int i = 0; i < 2 * layers; i++) {
      Tensor t = Tensor.zeros(F32, Shape.of(batch, keyHeads, past, size()));
      for (int k = 0; k < t.elements(); k++) {
        t.setDouble(k, random.nextGaussian());
      }
      feeds.put("past_key_values." + i / 2 + (i % 2 == 0 ? ".key" : ".value"), t);
    }
    return feeds;
  }

  // --- ONNX ---

  /** Writes the same model in f32 as an ONNX file. */
  public void writeOnnx(Path to) throws IOException {
    GraphWriter g = new GraphWriter(17, 0);
    onnx(g);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to))) {
      new OnnxFile("llama", g).write(out, bytes -> {});
    }
  }

  private void onnx(GraphWriter g) {
    String ids = g.input("input_ids", I64, "batch", "sequence");
    String mask = g.input("attention_mask", I64, "batch", "total");
    String positions = g.input("position_ids", I64, "batch", "sequence");
    String past = null;
    String[][] pasts = new String[layers][2];
    for (int i = 0; i < 2 * layers; i++) {
      String name = "past_key_values." + i / 2 + (i % 2 == 0 ? ".key" : ".value");
      past = g.input(name, F32, "batch", keyHeads, "past", size());
      pasts[i / 2][i % 2] = past;
    }
    float[] steps = new float[size() / 2];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = (float) (1 / Math.pow(BASE, 2.0 * i / size()) / scaling);
    }
    String step = g.stored("inv_freq", new Weight.Values(steps, steps.length));
    String angles = g.mul(g.unsqueeze(g.unsqueeze(g.cast(positions, F32), 1), 3), step);
    angles = g.concat(-1, List.of(angles, angles));
    String cos = g.op("Cos", angles);
    String sin = g.op("Sin", angles);
    String before = g.dim(past, 2);
    String total = g.add(before, g.dim(ids, 1));
    String queries = g.unsqueeze(g.op("Range", before, total, g.scalar(1L)), 1);
    String later = g.op("Greater", g.op("Range", g.scalar(0L), total, g.scalar(1L)), queries);
    String hidden0 = g.op("Equal", g.unsqueeze(g.unsqueeze(mask, 1), 1), g.scalar(0L));
    String bias = g.op("Where", g.op("Or", later, hidden0), g.scalar(-1e9f), g.scalar(0f));
    float[] table = values("token_embd.weight", words, vocabulary, hidden);
    String x = g.gather(stored(g, "words", table, vocabulary, hidden), ids, 0);
    String[][] present = new String[layers][2];
    for (int i = 0; i < layers; i++) {
      String layer = "blk." + i + ".";
      String normed = norm(g, x, layer + "attn_norm.weight");
      String q = split(g, turned(g, normed, layer + "attn_q.weight", heads), heads);
      String k = split(g, turned(g, normed, layer + "attn_k.weight", keyHeads), keyHeads);
      String v = split(g, product(g, normed, layer + "attn_v.weight", keyHeads * size()), keyHeads);
      k = g.concat(2, List.of(pasts[i][0], rotated(g, k, cos, sin)));
      v = g.concat(2, List.of(pasts[i][1], v));
      present[i] = new String[] {k, v};
      String scores =
          g.matMul(rotated(g, q, cos, sin), g.transpose(repeated(g, k), 0, 1, 3, 2));
      scores = g.add(g.div(scores, g.scalar((float) Math.sqrt(size()))), bias);
      String mixed = g.transpose(g.matMul(g.softmax(scores), repeated(g, v)), 0, 2, 1, 3);
      mixed = g.op("Reshape", mixed, g.ints(0, 0, (long) heads * size()));
      x = g.add(x, product(g, mixed, layer + "attn_output.weight", hidden));
      normed = norm(g, x, layer + "ffn_norm.weight");
      String gate = product(g, normed, layer + "ffn_gate.weight", inner);
      String wide = g.mul(gate, g.op("Sigmoid", gate));
      wide = g.mul(wide, product(g, normed, layer + "ffn_up.weight", inner));
      x = g.add(x, product(g, wide, layer + "ffn_down.weight", inner, hidden));
    }
    x = norm(g, x, "output_norm.weight");
    float[] head =
        tied ? table : values("output.weight", words, vocabulary, hidden);
    String logits = g.matMul(x, g.transpose(stored(g, "head", head, vocabulary, hidden), 1, 0));
    g.output(logits, "logits", F32, "batch", "sequence", vocabulary);
    for (int i = 0; i < 2 * layers; i++) {
      String name = "present." + i / 2 + (i % 2 == 0 ? ".key" : ".value");
      g.output(present[i / 2][i % 2], name, F32, "batch", keyHeads, "total", size());
    }
  }

  private static String stored(GraphWriter g, String name, float[] values, int... dims) {
    return g.stored(
        name, new Weight.Values(values, Arrays.stream(dims).asLongStream().toArray()));
  }

  private String norm(GraphWriter g, String x, String name) {
    float[] scale = new float[hidden];
    norm(name, hidden).flip().asFloatBuffer().get(scale);
    String square = g.meanLast(g.op("Pow", x, g.scalar(2f)));
    String root = g.op("Sqrt", g.add(square, g.scalar(EPSILON)));
    return g.mul(g.div(x, root), stored(g, name, scale, hidden));
  }

  private String product(GraphWriter g, String x, String name, int out) {
    return product(g, x, name, name.endsWith("_output.weight") ? heads * size() : hidden, out);
  }

  private String product(GraphWriter g, String x, String name, int in, int out) {
    float[] w = values(name, matrices, out, in);
    return g.matMul(x, g.transpose(stored(g, name, w, out, in), 1, 0));
  }

  /** A product with the rows in Hugging Face's order: the file has (2 i, 2 i + 1) side by side. */
  private String turned(GraphWriter g, String x, String name, int heads) {
    float[] file = values(name, matrices, heads * size(), hidden);
    float[] w = new float[file.length];
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < size(); i++) {
        int half = size() / 2;
        int from = head * size() + 2 * (i % half) + i / half;
        System.arraycopy(file, from * hidden, w, (head * size() + i) * hidden, hidden);
      }
    }
    return g.matMul(x, g.transpose(stored(g, name, w, heads * size(), hidden), 1, 0));
  }

  private String split(GraphWriter g, String x, int heads) {
    String parts = g.op("Reshape", x, g.ints(0, 0, heads, size()));
    return g.transpose(parts, 0, 2, 1, 3);
  }

  private String rotated(GraphWriter g, String x, String cos, String sin) {
    String first = g.op("Slice", x, g.ints(0), g.ints(size() / 2), g.ints(3));
    String second = g.op("Slice", x, g.ints(size() / 2), g.ints(size()), g.ints(3));
    String half = g.concat(3, List.of(g.op("Neg", second), first));
    return g.add(g.mul(x, cos), g.mul(half, sin));
  }

  private String repeated(GraphWriter g, String x) {
    String wide = g.op("Expand", g.unsqueeze(x, 2), g.ints(1, 1, heads / keyHeads, 1, 1));
    return g.op("Reshape", wide, g.ints(0, heads, -1, size()));
  }
}
