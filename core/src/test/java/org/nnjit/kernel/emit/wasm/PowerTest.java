package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** The special cases of C's pow (C99 F.9.4.4), scalar f32, four lanes and f64. */
final class PowerTest {
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;

  /** x, y, pow(x, y). */
  private static final double[][] CASES = {
    {0, 3, 0},
    {-0.0, 3, -0.0},
    {0, -3, INF},
    {-0.0, -3, -INF},
    {-0.0, 2, 0},
    {-0.0, -2, INF},
    {0, 0.5, 0},
    {-0.0, 0.5, 0},
    {0, 0, 1},
    {NAN, 0, 1},
    {1, NAN, 1},
    {1, INF, 1},
    {-1, INF, 1},
    {-1, -INF, 1},
    {2, INF, INF},
    {2, -INF, 0},
    {0.5, INF, 0},
    {0.5, -INF, INF},
    {-2, INF, INF},
    {-0.5, INF, 0},
    {INF, 2, INF},
    {INF, -2, 0},
    {-INF, 3, -INF},
    {-INF, 2, INF},
    {-INF, -3, -0.0},
    {-INF, 0.5, INF},
    {-INF, -0.5, 0},
    {-2, 3, -8},
    {-2, 2, 4},
    {-2, -1, -0.5},
    {-2, 0.5, NAN},
    {-8, 1.0 / 3, NAN},
    {NAN, 2, NAN},
    {2, NAN, NAN},
    {3, 4, 81},
    {10, 5, 100000},
    {2, -3, 0.125},
    {-1, 16777215, -1},
    {-1, 16777216, 1},
    {4, 0.5, 2},
    {2, 127, 0x1p127},
    {2, 200, INF},
    {-3, 101, -INF},
    {2, -160, 0}
  };

  @Test
  void specialCases() {
    NodeBatch node = new NodeBatch();
    for (int kind = 0; kind < 3; kind++) {
      DType dtype = kind == 2 ? DType.F64 : DType.F32;
      LoopNest nest =
          Maps.map(
              "pow" + kind,
              List.of(dtype, dtype),
              dtype,
              kind == 1,
              v -> new Value.Binary(BinaryOp.POW, dtype, v.get(0), v.get(1)));
      List<Tensor> tensors = tensors(dtype);
      Maps.call(node, nest, Maps.SIMD, tensors, 0, CASES.length);
    }
    List<byte[]> memories = node.run();
    for (int kind = 0; kind < 3; kind++) {
      DType dtype = kind == 2 ? DType.F64 : DType.F32;
      Tensor got = Maps.read(memories.get(kind), tensors(dtype)).get(2);
      for (int i = 0; i < CASES.length; i++) {
        double want = CASES[i][2];
        boolean narrowOnly = Math.abs(CASES[i][1]) > 100 && Math.abs(CASES[i][1]) < 1000;
        if (dtype == DType.F64 && narrowOnly) {
          continue;
        }
        String what = "kind " + kind + ": pow(" + CASES[i][0] + ", " + CASES[i][1] + ")";
        // Tells -0 from 0 where the result is exact.
        boolean exact = dtype == DType.F32 || want == 0 || !(Math.abs(want) < INF);
        if (exact) {
          assertEquals(want, got.getDouble(i), what);
        } else {
          assertEquals(want, got.getDouble(i), 1e-14 * Math.abs(want), what);
        }
      }
    }
  }

  private static List<Tensor> tensors(DType dtype) {
    int elements = (CASES.length + 3) / 4 * 4;
    Tensor x = Maps.zeros(dtype, elements);
    Tensor y = Maps.zeros(dtype, elements);
    for (int i = 0; i < CASES.length; i++) {
      x.setDouble(i, CASES[i][0]);
      y.setDouble(i, CASES[i][1]);
    }
    return List.of(x, y, Maps.zeros(dtype, elements));
  }
}
