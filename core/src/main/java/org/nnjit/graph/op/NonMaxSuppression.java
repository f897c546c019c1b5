package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * For each batch and class, boxes by falling score without those that overlap a chosen one by more
 * than {@code iou_threshold}; runs on the host. Inputs: boxes [batch, boxes, 4], scores [batch,
 * classes, boxes], then most boxes of a class, IoU threshold and score threshold, all optional.
 * Output: rows of batch, class and box.
 */
final class NonMaxSuppression implements Operator {

  @Override
  public String type() {
    return "NonMaxSuppression";
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    c.value(0);
    return List.of(TensorType.of(DType.I64, chosen(c).size(), 3));
  }

  @Override
  public Lowering lower(OpContext c) {
    return null;
  }

  @Override
  public List<Tensor> evaluate(OpContext c) {
    List<int[]> chosen = chosen(c);
    Tensor out = Tensor.zeros(DType.I64, Shape.of(chosen.size(), 3));
    for (int i = 0; i < chosen.size(); i++) {
      for (int j = 0; j < 3; j++) {
        out.setLong(3 * i + j, chosen.get(i)[j]);
      }
    }
    return List.of(out);
  }

  private static List<int[]> chosen(OpContext c) {
    Shape boxes = c.shape(0);
    Shape scores = c.shape(1);
    boolean fits = boxes.rank() == 3 && scores.rank() == 3 && boxes.dim(2) == 4
        && boxes.dim(0) == scores.dim(0) && boxes.dim(1) == scores.dim(2);
    if (!fits) {
      throw c.error("boxes have shape " + boxes + " and scores " + scores
          + ", wanted [batch, boxes, 4] and [batch, classes, boxes]");
    }
    long most = c.has(2) ? c.value(2).getLong(0) : 0;
    double overlap = c.has(3) ? c.value(3).getDouble(0) : 0;
    List<int[]> chosen = new ArrayList<>();
    for (int b = 0; b < scores.dim(0); b++) {
      for (int k = 0; k < scores.dim(1); k++) {
        List<Integer> kept = new ArrayList<>();
        for (int box : candidates(c, b, k)) {
          if (kept.size() >= most) {
            break;
          }
          boolean free = true;
          for (int other : kept) {
            free &= !(iou(c, b, box, other) > overlap);
          }
          if (free) {
            kept.add(box);
            chosen.add(new int[] {b, k, box});
          }
        }
      }
    }
    return chosen;
  }

  /** Boxes above the score threshold, the best first. */
  private static List<Integer> candidates(OpContext c, int batch, int kind) {
    Tensor scores = c.value(1);
    int n = scores.shape().dim(2);
    int from = (batch * scores.shape().dim(1) + kind) * n;
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      if (!c.has(4) || scores.getDouble(from + i) > c.value(4).getDouble(0)) {
        order.add(i);
      }
    }
    order.sort(
        (a, b) -> Double.compare(scores.getDouble(from + b), scores.getDouble(from + a)));
    return order;
  }

  /** Intersection of two boxes over their union; 0 when either is empty. */
  private static double iou(OpContext c, int batch, int first, int second) {
    double[] a = corners(c, batch, first);
    double[] b = corners(c, batch, second);
    double height = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    double width = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    double common = Math.max(0, height) * Math.max(0, width);
    double areaA = (a[2] - a[0]) * (a[3] - a[1]);
    double areaB = (b[2] - b[0]) * (b[3] - b[1]);
    return areaA <= 0 || areaB <= 0 ? 0 : common / (areaA + areaB - common);
  }

  /** Least y, least x, greatest y, greatest x. */
  private static double[] corners(OpContext c, int batch, int box) {
    int at = (batch * c.shape(0).dim(1) + box) * 4;
    double p = c.value(0).getDouble(at);
    double q = c.value(0).getDouble(at + 1);
    double r = c.value(0).getDouble(at + 2);
    double s = c.value(0).getDouble(at + 3);
    return c.attributes().getInt("center_point_box", 0) == 1
        ? new double[] {q - s / 2, p - r / 2, q + s / 2, p + r / 2}
        : new double[] {Math.min(p, r), Math.min(q, s), Math.max(p, r), Math.max(q, s)};
  }
}
