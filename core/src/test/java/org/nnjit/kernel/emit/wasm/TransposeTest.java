package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Layout;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Copies between channel-first and channel-last images of every awkward size. */
final class TransposeTest {
  private static final long SEED = 29;

  private final Random random = new Random(SEED);
  private final Batch batch = new Batch();

  /** An image [n, c, h, w], with a halo of one zero around the channel-last side or without. */
  private record Image(int n, int c, int h, int w, int halo) {
    TensorType first(DType type) {
      return TensorType.of(type, n, c, h, w);
    }

    TensorType last(DType type) {
      int row = (w + 2 * halo) * c;
      int size = (h + 2 * halo) * row;
      return TensorType.of(type, n, c, h, w)
          .withLayout(Layout.of(halo * row + halo * c, size, 1, row, c));
    }

    int firstElements() {
      return n * c * h * w;
    }

    int lastElements() {
      return n * c * (h + 2 * halo) * (w + 2 * halo);
    }

    int inFirst(int i, int k, int y, int x) {
      return ((i * c + k) * h + y) * w + x;
    }

    int inLast(int i, int k, int y, int x) {
      return ((i * (h + 2 * halo) + y + halo) * (w + 2 * halo) + x + halo) * c + k;
    }
  }

  @Test
  void imagesBothWays() {
    int[][] sizes = {
      {1, 4, 2, 4}, {1, 8, 4, 4}, {2, 5, 3, 7}, {1, 2, 5, 6}, {1, 3, 9, 17}, {1, 7, 1, 5},
      {1, 17, 5, 9}, {2, 33, 2, 19}, {1, 6, 20, 20}, {1, 18, 16, 33}, {1, 300, 2, 6}
    };
    for (int[] s : sizes) {
      for (int halo = 0; halo < 2; halo++) {
        Image image = new Image(s[0], s[1], s[2], s[3], halo);
        for (DType type : List.of(DType.F32, DType.I32)) {
          check(image, type, true);
          if (image.c >= 4) {
            check(image, type, false);
          }
        }
      }
    }
    batch.check("seed " + SEED);
  }

  /** Outside the image the output keeps what was there: nobody else's elements are written. */
  private void check(Image image, DType type, boolean toLast) {
    TensorType in = toLast ? image.first(type) : image.last(type);
    TensorType out = toLast ? image.last(type) : image.first(type);
    List<Axis> axes = Compute.axes(out);
    Expr body = Expr.read(0, type, Compute.vars(axes));
    Compute compute = Compute.of("image", List.of(in), out, axes, List.of(), body);
    int inElements = toLast ? image.firstElements() : image.lastElements();
    int outElements = toLast ? image.lastElements() : image.firstElements();
    Tensor x = Maps.zeros(type, inElements);
    Tensor y = Maps.zeros(type, outElements);
    for (int i = 0; i < inElements; i++) {
      x.setDouble(i, random.nextInt(1 << 20));
    }
    for (int i = 0; i < outElements; i++) {
      y.setDouble(i, -1 - i);
    }
    double[] want = new double[outElements];
    for (int i = 0; i < outElements; i++) {
      want[i] = -1 - i;
    }
    for (int i = 0; i < image.n; i++) {
      for (int k = 0; k < image.c; k++) {
        for (int r = 0; r < image.h; r++) {
          for (int q = 0; q < image.w; q++) {
            int first = image.inFirst(i, k, r, q);
            int last = image.inLast(i, k, r, q);
            want[toLast ? last : first] = x.getDouble(toLast ? first : last);
          }
        }
      }
    }
    KernelSpace space = Families.of(compute, Target.common());
    assertEquals("transpose", space.defaultSchedule(Set.of()).family(), image.toString());
    for (LiteSpace.Candidate c : space.lite(Set.of()).candidates()) {
      LoopNest nest = space.lower(c.schedule());
      LoopVerifier.verify(nest);
      // In two halves, as two threads would.
      int half = nest.blocks() / 2;
      List<Tensor> given = new ArrayList<>(Maps.interpret(nest, List.of(x, y), 0, half));
      Tensor got = Maps.interpret(nest, given, half, nest.blocks()).get(1);
      for (int i = 0; i < outElements; i++) {
        assertEquals(want[i], got.getDouble(i), image + " " + c.schedule() + " at " + i);
      }
      batch.add(nest, Maps.SIMD, List.of(x, y), nest.blocks(), 0);
    }
  }
}
