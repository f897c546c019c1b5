package org.nnjit.cli.models;

import static org.nnjit.cli.models.Model.Sample.Steps.ALL;
import static org.nnjit.cli.models.Model.Sample.Steps.FIRST;
import static org.nnjit.cli.models.Model.Sample.Steps.LATER;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Inputs that make sense for a model, the same for the same arguments on every machine. */
public final class SampleFeeds {
  private SampleFeeds() {}

  /**
   * Feeds for a model by name without a past; see {@link #of(Model, int, int, int, long)}.
   *
   * @throws IllegalArgumentException with the names that exist
   */
  public static Map<String, Tensor> of(String name, int batch, int sequence, long seed) {
    return of(Models.named(name), batch, sequence, seed);
  }

  /** Feeds for a model without a past; see {@link #of(Model, int, int, int, long)}. */
  public static Map<String, Tensor> of(Model model, int batch, int sequence, long seed) {
    return of(model, batch, sequence, 0, seed);
  }

  /**
   * Feeds for a model.
   *
   * @param batch examples; in texts, every example after the first is padded at its end, for
   *     decoders that take their past at its start, as generation does it
   * @param sequence tokens of a text; images have one size and ignore it; a decoder with an encoder
   *     gets half as many itself, rounded up, or one where it takes a past; one for all steps takes
   *     its past where that is not 0
   * @param past earlier tokens of models that take a past
   * @return tensors by input name, in the order of the model's inputs
   */
  public static Map<String, Tensor> of(
      Model model, int batch, int sequence, int past, long seed) {
    Noise noise = new Noise(seed, "sample feeds");
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    switch (model.sample()) {
      case Model.Sample.Text text -> text(feeds, model, text, batch, sequence, noise);
      case Model.Sample.Decoder d -> {
        checkLength(model, sequence, past + sequence, d.longest());
        decoder(feeds, d, batch, sequence, past, noise);
        for (int i = 0; i < d.layers(); i++) {
          normal(feeds, Layers.past(i), seed, batch, d.heads(), past, d.width());
        }
      }
      case Model.Sample.CrossDecoder d -> {
        boolean first = d.steps() == FIRST || d.steps() == ALL && past == 0;
        int own = first ? (sequence + 1) / 2 : 1;
        checkLength(model, sequence, Math.max(sequence, past + own), d.longest());
        cross(feeds, d, batch, sequence, own, noise);
        if (d.steps() != LATER) {
          String[] states = {"encoder_hidden_states"};
          normal(feeds, states, seed, batch, sequence, d.hidden());
        }
        int read = first ? 0 : sequence;
        for (int i = 0; d.steps() != FIRST && i < d.layers(); i++) {
          normal(
              feeds, Layers.past(i, "decoder."), seed, batch, d.heads(), past, d.width());
          normal(feeds, Layers.past(i, "encoder."), seed, batch, d.heads(), read, d.width());
        }
        if (d.steps() == ALL) {
          Tensor later = Tensor.zeros(DType.BOOL, Shape.of(1));
          later.setLong(0, first ? 0 : 1);
          feeds.put("use_cache_branch", later);
        }
      }
      case Model.Sample.Image image -> feeds.put("input", image(batch, image.side(), noise));
      case Model.Sample.Digit digit -> feeds.put("image", digits(batch, noise));
    }
    return feeds;
  }

  private static void text(
      Map<String, Tensor> feeds,
      Model model,
      Model.Sample.Text text,
      int batch,
      int sequence,
      Noise noise) {
    checkLength(model, sequence, sequence, text.longest());
    Shape shape = Shape.of(batch, sequence);
    Tensor ids = Tensor.zeros(DType.I64, shape);
    Tensor mask = Tensor.zeros(DType.I64, shape);
    for (int b = 0, i = 0; b < batch; b++) {
      int length = length(b, sequence, noise);
      for (int s = 0; s < sequence; s++, i++) {
        boolean real = s < length;
        ids.setLong(i, real ? token(i, text.vocabulary(), noise) : text.pad());
        mask.setLong(i, real ? 1 : 0);
      }
    }
    feeds.put("input_ids", ids);
    feeds.put("attention_mask", mask);
  }

  private static void checkLength(Model model, int sequence, int all, int longest) {
    if (sequence < 1 || all > longest) {
      throw new IllegalArgumentException(
          model.name() + " takes 1 to " + longest + " tokens, got " + all);
    }
  }

  /** Tokens of example b, all of them in the first. */
  private static int length(int b, int longest, Noise noise) {
    return b == 0 ? longest : Math.max(1, longest - noise.below(-1 - b, longest));
  }

  /** The first few tokens of a vocabulary are special: padding, start, end, unknown. */
  private static int token(int i, int vocabulary, Noise noise) {
    return 4 + noise.below(i, vocabulary - 5);
  }

  private static Tensor tokens(int batch, int sequence, int vocabulary, Noise noise) {
    Tensor ids = Tensor.zeros(DType.I64, Shape.of(batch, sequence));
    for (int i = 0; i < batch * sequence; i++) {
      ids.setLong(i, token(i, vocabulary, noise));
    }
    return ids;
  }

  private static void decoder(
      Map<String, Tensor> feeds,
      Model.Sample.Decoder d,
      int batch,
      int sequence,
      int past,
      Noise noise) {
    int all = past + sequence;
    Tensor mask = Tensor.zeros(DType.I64, Shape.of(batch, all));
    Tensor places = Tensor.zeros(DType.I64, Shape.of(batch, sequence));
    for (int b = 0; b < batch; b++) {
      int padding = all - length(b, all, noise);
      for (int s = padding; s < all; s++) {
        mask.setLong(b * all + s, 1);
      }
      for (int s = 0; s < sequence; s++) {
        places.setLong(b * sequence + s, Math.max(0, past + s - padding));
      }
    }
    feeds.put("input_ids", tokens(batch, sequence, d.vocabulary(), noise));
    feeds.put("attention_mask", mask);
    if (d.positionIds()) {
      feeds.put("position_ids", places);
    }
  }

  private static void cross(
      Map<String, Tensor> feeds,
      Model.Sample.CrossDecoder d,
      int batch,
      int encoderSequence,
      int sequence,
      Noise noise) {
    Tensor mask = Tensor.zeros(DType.I64, Shape.of(batch, encoderSequence));
    for (int b = 0; b < batch; b++) {
      for (int s = 0; s < length(b, encoderSequence, noise); s++) {
        mask.setLong(b * encoderSequence + s, 1);
      }
    }
    feeds.put("encoder_attention_mask", mask);
    feeds.put("input_ids", tokens(batch, sequence, d.vocabulary(), noise));
  }

  /** Tensors of mean 0 and deviation 1, each a stream of its own. */
  private static void normal(Map<String, Tensor> feeds, String[] names, long seed, int... dims) {
    for (String name : names) {
      Noise noise = new Noise(seed, "sample feeds " + name);
      Tensor t = Tensor.zeros(DType.F32, Shape.of(dims));
      for (int i = 0; i < t.elements(); i++) {
        t.setDouble(i, noise.normal(i));
      }
      feeds.put(name, t);
    }
  }

  /** Soft blobs of colour with a little grain; every image has mean 0 and deviation 1. */
  private static Tensor image(int batch, int side, Noise noise) {
    Tensor image = Tensor.zeros(DType.F32, Shape.of(batch, 3, side, side));
    int blobs = 12;
    int at = 0;
    for (int b = 0; b < batch; b++) {
      for (int c = 0; c < 3; c++) {
        for (int y = 0; y < side; y++) {
          for (int x = 0; x < side; x++, at++) {
            double v = 0.15 * noise.normal(at) + 0.4 * noise.normal(-7 - 3L * b - c);
            for (int k = 0; k < blobs; k++) {
              long id = -1000 - 8L * (b * blobs + k);
              double dx = (x + 0.5) / side - noise.below(id, 1000) / 1000.0;
              double dy = (y + 0.5) / side - noise.below(id - 1, 1000) / 1000.0;
              double width = 0.004 + noise.below(id - 2, 1000) / 25000.0;
              // A rational bump instead of exp: the same bits everywhere.
              double bump = 1 / (1 + (dx * dx + dy * dy) / width);
              v += 1.6 * noise.normal(id - 3 - c) * bump * bump;
            }
            image.setDouble(at, v);
          }
        }
      }
      standardise(image, at - 3 * side * side, at);
    }
    return image;
  }

  private static void standardise(Tensor values, int from, int to) {
    double sum = 0;
    double squares = 0;
    for (int i = from; i < to; i++) {
      double v = values.getDouble(i);
      sum += v;
      squares += v * v;
    }
    double mean = sum / (to - from);
    double scale = 1 / Math.sqrt(squares / (to - from) - mean * mean);
    for (int i = from; i < to; i++) {
      values.setDouble(i, (values.getDouble(i) - mean) * scale);
    }
  }

  /** Lit segments of a seven-segment display: top, upper two, middle, lower two, bottom. */
  private static final int[] LIT = {
    0b1110111, 0b0010010, 0b1011101, 0b1011011, 0b0111010,
    0b1101011, 0b1101111, 0b1010010, 0b1111111, 0b1111011
  };

  /** Ends of the segments in pixels: x0, y0, x1, y1. */
  private static final double[][] SEGMENTS = {
    {9, 5, 19, 5},
    {9, 5, 9, 14},
    {19, 5, 19, 14},
    {9, 14, 19, 14},
    {9, 14, 9, 23},
    {19, 14, 19, 23},
    {9, 23, 19, 23}
  };

  /** Plain digits made of straight strokes, [batch, 1, 28, 28]; the label is {@link #digit}. */
  private static Tensor digits(int batch, Noise noise) {
    Tensor image = Tensor.zeros(DType.F32, Shape.of(batch, 1, 28, 28));
    for (int b = 0, at = 0; b < batch; b++) {
      int lit = LIT[noise.below(b, 10)];
      for (int y = 0; y < 28; y++) {
        for (int x = 0; x < 28; x++, at++) {
          double ink = 0;
          for (int s = 0; s < SEGMENTS.length; s++) {
            if ((lit >> (6 - s) & 1) != 0) {
              ink = Math.max(ink, 2 - distance(x + 0.5, y + 0.5, SEGMENTS[s]));
            }
          }
          image.setDouble(at, Math.min(1, ink));
        }
      }
    }
    return image;
  }

  /** The digit that example b of the feeds for `digits` shows. */
  public static int digit(int b, long seed) {
    return new Noise(seed, "sample feeds").below(b, 10);
  }

  private static double distance(double x, double y, double[] s) {
    double dx = Math.max(0, Math.max(s[0] - x, x - s[2]));
    double dy = Math.max(0, Math.max(s[1] - y, y - s[3]));
    return Math.sqrt(dx * dx + dy * dy);
  }
}
