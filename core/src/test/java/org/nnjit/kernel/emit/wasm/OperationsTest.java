package org.nnjit.kernel.emit.wasm;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.UnaryOp;
import org.nnjit.loop.LType;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/**
 * Operations, conversions, loads and stores of every element type, scalar and vector, in real Wasm
 * against the interpreter.
 */
final class OperationsTest {
  private static final long SEED = 7;
  private static final int ELEMENTS = 800;

  private final Random random = new Random(SEED);
  private final Batch batch = new Batch();

  private void check() {
    batch.check("seed " + SEED);
  }

  private void add(LoopNest nest, List<Tensor> tensors, double tolerance) {
    batch.add(nest, Maps.SIMD, tensors, tensors.get(0).elements(), tolerance);
  }

  private static boolean hasVectors(DType dtype) {
    return dtype.bytes() < 8;
  }

  private static boolean isDefined(BinaryOp op, DType dtype) {
    if (dtype == DType.BOOL) {
      return switch (op) {
        case DIV, REM, FLOOR_DIV, FLOOR_MOD, POW, SHL, SHR -> false;
        default -> true;
      };
    }
    return switch (op) {
      case AND, OR, XOR, SHL, SHR, FLOOR_DIV -> !dtype.isFloat();
      default -> true;
    };
  }

  /** Wide results of pow and f32 ones rounded once from double. */
  private static double tolerance(BinaryOp op, DType dtype) {
    if (op != BinaryOp.POW) {
      return 0;
    }
    return dtype == DType.F64 ? 2e-13 : dtype.bytes() == 2 ? 1e-2 : 1.2e-7;
  }

  @Test
  void binaryOperations() {
    for (DType dtype : DType.values()) {
      for (BinaryOp op : BinaryOp.values()) {
        for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
          if (isDefined(op, dtype)) {
            DType to = op.isComparison() ? DType.BOOL : dtype;
            LoopNest nest =
                Maps.map(
                    op + " " + dtype + (vector == 1 ? " vector" : ""),
                    List.of(dtype, dtype),
                    to,
                    vector == 1,
                    x -> new Value.Binary(op, dtype, x.get(0), x.get(1)));
            add(
                nest,
                List.of(
                    Samples.of(dtype, ELEMENTS, random),
                    Samples.of(dtype, ELEMENTS, random),
                    Maps.zeros(to, ELEMENTS)),
                tolerance(op, dtype));
          }
        }
      }
    }
    check();
  }

  @Test
  void binaryOperationsWithConstants() {
    for (DType dtype : DType.values()) {
      for (BinaryOp op : BinaryOp.values()) {
        for (long c : new long[] {0, 2, 3, 8, -1, -2, 40}) {
          for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
            if (dtype == DType.BOOL || !isDefined(op, dtype)) {
              continue;
            }
            LType type = Value.scalarType(dtype);
            LType splat = type == LType.F32 ? LType.F32X4 : LType.I32X4;
            LType wanted = vector == 1 ? splat : type;
            Tensor wrapped = Maps.zeros(dtype, 1);
            wrapped.setLong(0, c);
            Value constant =
                dtype.isFloat()
                    ? new Value.FloatConst(wanted, c)
                    : new Value.IntConst(wanted, wrapped.getLong(0));
            DType to = op.isComparison() ? DType.BOOL : dtype;
            LoopNest nest =
                Maps.map(
                    op + " " + dtype + " by " + c + (vector == 1 ? " vector" : ""),
                    List.of(dtype),
                    to,
                    vector == 1,
                    x -> new Value.Binary(op, dtype, x.get(0), constant));
            int elements = 200;
            add(
                nest,
                List.of(Samples.of(dtype, elements, random), Maps.zeros(to, elements)),
                op == BinaryOp.POW && c == 3 ? 2e-7 : tolerance(op, dtype));
          }
        }
      }
    }
    check();
  }

  @Test
  void unaryOperationsOfIntegersAndBools() {
    for (DType dtype : DType.values()) {
      if (dtype.isFloat()) {
        continue;
      }
      UnaryOp[] ops =
          dtype == DType.BOOL
              ? new UnaryOp[] {UnaryOp.NOT, UnaryOp.BIT_NOT}
              : new UnaryOp[] {
                UnaryOp.ABS, UnaryOp.BIT_NOT, UnaryOp.NEG, UnaryOp.FLOOR, UnaryOp.IS_NAN
              };
      for (UnaryOp op : ops) {
        for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
          DType to = op == UnaryOp.IS_NAN ? DType.BOOL : dtype;
          LoopNest nest =
              Maps.map(
                  op + " " + dtype + (vector == 1 ? " vector" : ""),
                  List.of(dtype),
                  to,
                  vector == 1,
                  x -> new Value.Unary(op, dtype, x.get(0)));
          add(nest, List.of(Samples.of(dtype, ELEMENTS, random), Maps.zeros(to, ELEMENTS)), 0);
        }
      }
    }
    for (UnaryOp op : new UnaryOp[] {UnaryOp.IS_INF, UnaryOp.IS_NAN}) {
      for (DType dtype : new DType[] {DType.F16, DType.F32, DType.F64}) {
        for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
          LoopNest nest =
              Maps.map(
                  op + " " + dtype + (vector == 1 ? " vector" : ""),
                  List.of(dtype),
                  DType.BOOL,
                  vector == 1,
                  x -> new Value.Unary(op, dtype, x.get(0)));
          add(
              nest,
              List.of(Samples.of(dtype, ELEMENTS, random), Maps.zeros(DType.BOOL, ELEMENTS)),
              0);
        }
      }
    }
    check();
  }

  @Test
  void conversionsBetweenAllTypes() {
    for (DType from : DType.values()) {
      for (DType to : DType.values()) {
        boolean vectors = hasVectors(from) && hasVectors(to);
        for (int vector = 0; vector < (vectors ? 2 : 1); vector++) {
          LoopNest nest =
              Maps.map(
                  from + " to " + to + (vector == 1 ? " vector" : ""),
                  List.of(from),
                  to,
                  vector == 1,
                  x -> new Value.Convert(from, to, x.get(0)));
          Tensor x = Samples.of(from, ELEMENTS, random);
          if (vector == 1 && from.isFloat() && to == DType.U32) {
            inRangeOfU32(x);
          }
          add(nest, List.of(x, Maps.zeros(to, ELEMENTS)), 0);
        }
      }
    }
    check();
  }

  /** Beyond 2^32 the scalar wraps and the vector saturates. */
  private static void inRangeOfU32(Tensor x) {
    for (int i = 0; i < x.elements(); i++) {
      double v = x.getDouble(i);
      if (v >= 0x1p32 || v < -0x1p31) {
        x.setDouble(i, i);
      }
    }
  }

  @Test
  void storesOfSomeLanes() {
    for (DType dtype : DType.values()) {
      for (int lanes = 1; lanes <= 4 && hasVectors(dtype); lanes++) {
        LoopNest all = Maps.map("copy " + dtype, List.of(dtype), dtype, true, x -> x.get(0));
        LoopNest nest = Rewrites.withLanes(all, dtype + " " + lanes + " lanes", lanes);
        add(nest, List.of(Samples.of(dtype, 8, random), Maps.zeros(dtype, 8)), 0);
      }
    }
    check();
  }

  @Test
  void splatsLanesAndSums() {
    for (DType dtype : DType.values()) {
      if (!hasVectors(dtype)) {
        continue;
      }
      LoopNest splat =
          Maps.map(
              "splat " + dtype,
              List.of(dtype),
              dtype,
              true,
              x -> new Value.Load(((Value.Load) x.get(0)).pointer(), 2, Value.Access.SPLAT));
      add(splat, List.of(Samples.of(dtype, ELEMENTS, random), Maps.zeros(dtype, ELEMENTS)), 0);
      LoopNest reverse =
          Maps.map(
              "reverse " + dtype,
              List.of(dtype),
              dtype,
              true,
              x ->
                  new Value.Lanes(
                      new Value.Lane(x.get(0), 3), new Value.Lane(x.get(0), 2),
                      new Value.Lane(x.get(0), 1), new Value.Lane(x.get(0), 0)));
      add(reverse, List.of(Samples.of(dtype, ELEMENTS, random), Maps.zeros(dtype, ELEMENTS)), 0);
      for (Combiner combiner : Combiner.values()) {
        LoopNest across =
            Maps.map(
                combiner + " across " + dtype,
                List.of(dtype),
                dtype,
                true,
                x -> new Value.Splat(new Value.Horizontal(combiner, dtype, x.get(0))));
        add(across, List.of(Samples.of(dtype, ELEMENTS, random), Maps.zeros(dtype, ELEMENTS)), 0);
      }
    }
    check();
  }

  @Test
  void choices() {
    for (DType dtype : DType.values()) {
      for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
        LoopNest cheap =
            Maps.map(
                "select " + dtype + vector,
                List.of(DType.BOOL, dtype, dtype),
                dtype,
                vector == 1,
                x -> new Value.Select(x.get(0), x.get(1), x.get(2)));
        add(
            cheap,
            List.of(
                Samples.of(DType.BOOL, ELEMENTS, random), Samples.of(dtype, ELEMENTS, random),
                Samples.of(dtype, ELEMENTS, random), Maps.zeros(dtype, ELEMENTS)),
            0);
      }
    }
    check();
  }

  @Test
  void multiplyAdd() {
    for (DType dtype : new DType[] {DType.F32, DType.F64, DType.BF16}) {
      for (int vector = 0; vector < (hasVectors(dtype) ? 2 : 1); vector++) {
        LoopNest nest =
            Maps.map(
                "fma " + dtype + vector,
                List.of(dtype, dtype, dtype),
                dtype,
                vector == 1,
                x -> new Value.MulAdd(x.get(0), x.get(1), x.get(2)));
        add(
            nest,
            List.of(
                Samples.of(dtype, ELEMENTS, random), Samples.of(dtype, ELEMENTS, random),
                Samples.of(dtype, ELEMENTS, random), Maps.zeros(dtype, ELEMENTS)),
            0);
      }
    }
    check();
  }
}
