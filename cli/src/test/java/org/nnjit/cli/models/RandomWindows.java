package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import onnx.Onnx.AttributeProto;
import org.nnjit.cli.models.RandomGraph.Value;
import org.nnjit.tensor.DType;

/** Draws convolutions and pools, in one or two dimensions, for a {@link RandomGraph}. */
final class RandomWindows {
  private final RandomGraph g;

  RandomWindows(RandomGraph graph) {
    g = graph;
  }

  /** Kernel, strides, dilations and pads of a window, and the extents it yields. */
  private record Window(
      long[] kernel, long[] strides, long[] dilations, long[] pads, int[] spatial) {
    List<AttributeProto> attributes() {
      return List.of(
          Attr.of("kernel_shape", kernel), Attr.of("strides", strides), Attr.of("pads", pads));
    }

    /** True when every position has an element of the input: the maximum of none is nowhere said. */
    boolean meets(Value x) {
      for (int i = 0; i < spatial.length; i++) {
        for (int p = 0; p < spatial[i]; p++) {
          boolean met = false;
          for (int k = 0; k < kernel[i]; k++) {
            long at = p * strides[i] + k * dilations[i] - pads[i];
            met |= at >= 0 && at < x.dims()[i + 2];
          }
          if (!met) {
            return false;
          }
        }
      }
      return true;
    }
  }

  /** An image, or a sequence of vectors that stands for one; null when there is none. */
  private Value image() {
    List<Value> fitting = g.all(v -> v.is(DType.F32) && (v.rank() == 4 || v.rank() == 3));
    return fitting.isEmpty() ? null : fitting.get(g.below(fitting.size()));
  }

  private Window window(Value x, boolean dilated) {
    int n = x.rank() - 2;
    Window w = new Window(new long[n], new long[n], new long[n], new long[2 * n], new int[n]);
    for (int i = 0; i < n; i++) {
      w.kernel[i] = 1L + g.below(3);
      w.strides[i] = 1L + g.below(2);
      w.dilations[i] = dilated ? 1 + g.below(2) : 1;
      w.pads[i] = g.below((int) w.kernel[i]);
      w.pads[i + n] = g.below((int) w.kernel[i]);
      long reach = w.dilations[i] * (w.kernel[i] - 1) + 1;
      long room = x.dims()[i + 2] + w.pads[i] + w.pads[i + n] - reach;
      w.spatial[i] = room < 0 ? 0 : (int) (room / w.strides[i]) + 1;
    }
    return w;
  }

  private static int[] dims(Value x, int channels, int[] spatial) {
    int[] dims = new int[x.rank()];
    dims[0] = x.dims()[0];
    dims[1] = channels;
    System.arraycopy(spatial, 0, dims, 2, spatial.length);
    return dims;
  }

  boolean conv() {
    Value x = image();
    if (x == null) {
      return false;
    }
    Window w = window(x, true);
    int channels = x.dims()[1];
    List<Integer> groups = new ArrayList<>();
    for (int i = 1; i <= channels; i++) {
      if (channels % i == 0) {
        groups.add(i);
      }
    }
    int group = g.below(2) == 0 ? 1 : groups.get(g.below(groups.size()));
    int out = group * (1 + g.below(group == 1 ? 12 : 2));
    int[] dims = dims(x, out, w.spatial());
    if (!RandomGraph.fits(dims)) {
      return false;
    }
    int[] filter = new int[x.rank()];
    filter[0] = out;
    filter[1] = channels / group;
    int taps = filter[1];
    for (int i = 2; i < filter.length; i++) {
      filter[i] = (int) w.kernel()[i - 2];
      taps *= filter[i];
    }
    List<Value> in = new ArrayList<>(List.of(x, g.weight(DType.F32, 1 / Math.sqrt(taps), filter)));
    if (g.below(2) == 0) {
      in.add(g.weight(DType.F32, 1, out));
    }
    List<AttributeProto> attributes = new ArrayList<>(w.attributes());
    attributes.add(Attr.of("dilations", w.dilations()));
    attributes.add(Attr.of("group", group));
    g.add("Conv", DType.F32, dims, false, in, attributes.toArray(new AttributeProto[0]));
    return true;
  }

  boolean pool() {
    Value x = image();
    if (x == null) {
      return false;
    }
    int channels = x.dims()[1];
    if (g.below(4) == 0) {
      int[] ones = new int[x.rank() - 2];
      Arrays.fill(ones, 1);
      g.add("GlobalAveragePool", DType.F32, dims(x, channels, ones), false, List.of(x));
      return true;
    }
    boolean max = g.below(2) == 0;
    Window w = window(x, max);
    int[] dims = dims(x, channels, w.spatial());
    if (!RandomGraph.fits(dims) || !w.meets(x)) {
      return false;
    }
    List<AttributeProto> attributes = new ArrayList<>(w.attributes());
    attributes.add(
        max ? Attr.of("dilations", w.dilations()) : Attr.of("count_include_pad", g.below(2)));
    g.add(
        max ? "MaxPool" : "AveragePool",
        DType.F32,
        dims,
        max && x.exact(),
        List.of(x),
        attributes.toArray(new AttributeProto[0]));
    return true;
  }
}
