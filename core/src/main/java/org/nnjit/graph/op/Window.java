package org.nnjit.graph.op;

import org.nnjit.compute.Expr;
import org.nnjit.graph.OpContext;
import org.nnjit.tensor.Shape;

/** How a kernel window steps over the spatial dimensions: strides, dilations, padding. */
final class Window {
  final int[] strides;
  final int[] dilations;
  final int[] begin;
  final int[] end;
  final int[] out;

  private Window(int n) {
    strides = new int[n];
    dilations = new int[n];
    begin = new int[n];
    end = new int[n];
    out = new int[n];
  }

  /** The window of a Conv or pooling node whose input 0 is [batch, channels, space...]. */
  static Window of(OpContext c, int[] kernel) {
    int n = kernel.length;
    Shape x = c.shape(0);
    Window w = new Window(n);
    int[] strides = c.attributes().getInts("strides", (int[]) null);
    int[] dilations = c.attributes().getInts("dilations", (int[]) null);
    int[] pads = c.attributes().getInts("pads", (int[]) null);
    String auto = c.attributes().getString("auto_pad", "NOTSET");
    boolean ceil = c.attributes().getInt("ceil_mode", 0) == 1;
    check(c, "strides", strides, n);
    check(c, "dilations", dilations, n);
    check(c, "pads", pads, 2 * n);
    for (int i = 0; i < n; i++) {
      w.strides[i] = strides == null ? 1 : strides[i];
      w.dilations[i] = dilations == null ? 1 : dilations[i];
      int in = x.dim(i + 2);
      int extent = (kernel[i] - 1) * w.dilations[i] + 1;
      if (w.strides[i] < 1 || w.dilations[i] < 1 || kernel[i] < 1) {
        throw c.error("kernel, strides and dilations must be at least 1");
      }
      if (auto.equals("SAME_UPPER") || auto.equals("SAME_LOWER")) {
        int o = (in + w.strides[i] - 1) / w.strides[i];
        int pad = Math.max(0, (o - 1) * w.strides[i] + extent - in);
        w.begin[i] = auto.equals("SAME_UPPER") ? pad / 2 : (pad + 1) / 2;
        w.end[i] = pad - w.begin[i];
      } else if (pads != null && auto.equals("NOTSET")) {
        w.begin[i] = pads[i];
        w.end[i] = pads[i + n];
      }
      int room = in + w.begin[i] + w.end[i] - extent;
      if (room < 0) {
        throw c.error("window of " + extent + " does not fit dimension " + (i + 2) + " of " + x
            + " with padding " + w.begin[i] + " and " + w.end[i]);
      }
      int o = (ceil ? (room + w.strides[i] - 1) / w.strides[i] : room / w.strides[i]) + 1;
      if (ceil && (o - 1) * w.strides[i] >= in + w.begin[i]) {
        o--;
      }
      w.out[i] = o;
    }
    return w;
  }

  private static void check(OpContext c, String name, int[] values, int wanted) {
    if (values != null && values.length != wanted) {
      throw c.error(
          name + " has " + values.length + " entries, wanted " + wanted + " for input "
              + c.shape(0));
    }
  }

  /** Input position along spatial dimension i for a result position and a kernel position. */
  Expr position(int i, Expr p, Expr k) {
    return Expr.add(
        Expr.add(Expr.mul(p, Expr.i32(strides[i])), Expr.mul(k, Expr.i32(dilations[i]))),
        Expr.i32(-begin[i]));
  }

  /** The condition so far and, where the window can leave the input, that it does not. */
  Expr guard(int i, Expr at, int extent, int kernel, Expr soFar) {
    Expr inside = soFar;
    if (begin[i] > 0) {
      inside = and(inside, Build.le(Expr.i32(0), at));
    }
    int last = (out[i] - 1) * strides[i] + (kernel - 1) * dilations[i] - begin[i];
    if (last >= extent) {
      inside = and(inside, Expr.lt(at, Expr.i32(extent)));
    }
    return inside;
  }

  private static Expr and(Expr a, Expr b) {
    return a == null ? b : Expr.and(a, b);
  }
}
