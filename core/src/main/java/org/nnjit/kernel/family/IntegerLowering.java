package org.nnjit.kernel.family;

import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Exprs;
import org.nnjit.kernel.family.IntegerFamily.Product;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.loop.Value.ByteOp;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/** Loops of one product of bytes: pairs of i16 are multiplied and added at once. */
final class IntegerLowering extends PanelLowering {
  private final Product p;
  private final int argA;
  private final int argB;

  IntegerLowering(Product p, Schedule schedule) {
    super(p.compute(), p.m(), p.n(), schedule);
    this.p = p;
    this.argA = Exprs.argOf(p.a());
    this.argB = Exprs.argOf(p.b());
    words(argA);
    words(argB);
  }

  /** Words of a row of A: pairs of i16. */
  private int rowOfA() {
    return 2 * p.words();
  }

  @Override
  void strip(LoopBuilder b, int rows, int columns, Local panel) {
    Local[][] acc = sums(b, "acc", rows, LType.I32X4);
    Local codes = at(b, "codes", argB, panel, p.words());
    Local a = Local.pointer("a", buffers[argA]);
    Value row = p.m() == null ? Value.i32(0) : Value.mul(b.axisValue(p.m()), rowOfA());
    b.emit(Stmt.let(a, new Value.Address(buffers[argA], row)));
    turns(
        b,
        p.words(),
        count -> {
          for (int w = 0; w < count; w++) {
            word(b, acc, codes, a, w);
          }
          move(b, codes, count * width);
          move(b, a, 2 * count);
        });
    finish(b, acc, columns);
  }

  /** Adds the products of four of k, which are two pairs. */
  private void word(LoopBuilder b, Local[][] acc, Local codes, Local a, int w) {
    Value[][] pairsOfA = new Value[acc.length][2];
    for (int r = 0; r < acc.length; r++) {
      for (int i = 0; i < 2; i++) {
        int at = r * rowOfA() + 2 * w + i;
        Value pair = new Value.Load(Value.get(a), at, Value.Access.SPLAT);
        pairsOfA[r][i] = b.keep("a" + r + i, pair);
      }
    }
    boolean signed = p.b().type() == DType.I8;
    for (int j = 0; j < vectors; j++) {
      Value q = b.keep("q", load(codes, w, j));
      Value first = b.keep("x0", pairs(q, false, signed));
      Value second = b.keep("x1", pairs(q, true, signed));
      for (int r = 0; r < acc.length; r++) {
        add(b, acc[r][j], pairsOfA[r][0], first);
        add(b, acc[r][j], pairsOfA[r][1], second);
      }
    }
  }

  /** The bytes of words at even or at odd places as i16. */
  private Value pairs(Value x, boolean odd, boolean signed) {
    if (signed) {
      return new Value.Packed(odd ? ByteOp.ODD_I8 : ByteOp.EVEN_I8, x, null, null);
    }
    Value from = odd ? new Value.Binary(BinaryOp.SHR, DType.U32, x, mask(8)) : x;
    return ints(BinaryOp.AND, from, kept(mask(0x00ff00ff)));
  }

  private static void add(LoopBuilder b, Local sum, Value x, Value y) {
    Value products = new Value.Packed(ByteOp.DOT_I16, x, y, null);
    b.emit(Stmt.let(sum, ints(BinaryOp.ADD, Value.get(sum), products)));
  }
}
