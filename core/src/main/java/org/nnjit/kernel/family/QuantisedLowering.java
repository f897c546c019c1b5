package org.nnjit.kernel.family;

import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.UnaryOp;
import org.nnjit.kernel.family.QuantisedFamily.Product;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.loop.Value.ByteOp;
import org.nnjit.schedule.Schedule;
import org.nnjit.tensor.DType;

/**
 * Loops of one quantised product: strips of rows meet block after block of a panel's codes. Sums of a
 * block are kept apart from those of all, so that zero points and scales enter once for each block.
 */
final class QuantisedLowering extends PanelLowering {
  private final Product p;
  private final Codes codes;
  private final int dot;
  private final Affine fa;
  private final int stepM;
  private final Axis blockAxis;

  QuantisedLowering(Product p, Schedule schedule) {
    super(p.compute(), p.m(), p.n(), schedule);
    this.p = p;
    this.codes = p.b();
    this.dot = schedule.get("dot", 0);
    if ((dot > 0) != (p.codesA() != null) || dot == 1 && codes.bits() == 8) {
      throw new IllegalStateException(p.compute().name() + ": no such products: " + schedule);
    }
    words(codes.argument());
    buffers[codes.scaleArgument()] = floats(codes.scaleArgument());
    if (codes.zeroArgument() >= 0) {
      buffers[codes.zeroArgument()] = floats(codes.zeroArgument());
    }
    Expr a = p.a() != null ? p.a() : Exprs.reads(p.codesA().code()).get(0);
    this.fa = QuantisedFamily.addresses(p.compute()).address(a);
    this.stepM = p.m() == null ? 0 : fa.coefficient(p.m());
    this.blockAxis = new Axis("block", p.blocks());
    if (p.codesA() != null) {
      words(p.codesA().argument());
    }
  }

  private Buffer floats(int argument) {
    return new Buffer(buffers[argument].name(), DType.F32);
  }

  /** Which code, counted along k from the word's first, a word holds at its i-th place. */
  static int step(Product p, int i) {
    return p.b().bits() == 8 ? i : i % 2 * 4 + i / 2;
  }

  // --- a strip ---

  private Local codesAt;
  private Local scaleAt;
  private Local zeroAt;
  private Local aAt;

  @Override
  void strip(LoopBuilder b, int rows, int columns, Local panel) {
    Local[][] acc = sums(b, "acc", rows, LType.F32X4);
    codesAt = at(b, "codes", codes.argument(), panel, p.words());
    scaleAt = at(b, "scale", codes.scaleArgument(), panel, p.blocks());
    zeroAt = codes.zeroArgument() < 0 ? null : at(b, "zero", codes.zeroArgument(), panel, p.blocks());
    int argA = p.a() != null ? Exprs.argOf(p.a()) : p.codesA().argument();
    aAt = Local.pointer("a", buffers[argA]);
    if (p.a() != null) {
      b.bind(p.k(), Value.i32(0));
      LoopBuilder.Place from = b.place(argA, fa);
      b.emit(Stmt.let(aAt, new Value.Offset(from.pointer(), Value.i32(from.offset()))));
    } else {
      int perWord = 32 / p.codesA().bits();
      Value row =
          p.m() == null ? Value.i32(0) : Value.mul(b.axisValue(p.m()), stepM / perWord);
      Value from = Value.add(row, Value.i32(fa.constant() / perWord));
      b.emit(Stmt.let(aAt, new Value.Address(buffers[argA], from)));
    }
    int whole = p.k().extent() / p.block();
    if (whole > 0) {
      Local var = b.beginFor(blockAxis);
      block(b, acc, p.block());
      b.endFor(var, Value.i32(0), Value.i32(whole), 1);
    }
    if (p.k().extent() % p.block() > 0) {
      b.open();
      b.bind(blockAxis, Value.i32(whole));
      block(b, acc, p.k().extent() % p.block());
      b.emit(b.close());
    }
    finish(b, acc, columns);
  }

  /** A block, whole or the last one, of {@code steps} codes. */
  private void block(LoopBuilder b, Local[][] acc, int steps) {
    if (dot > 0) {
      new Integers(b, acc.length).block(acc);
    } else if (acc.length == 1) {
      sumsOfBlock(b, acc[0], steps);
    } else {
      weightsOfBlock(b, acc, steps);
    }
    move(b, scaleAt, width);
    if (zeroAt != null) {
      move(b, zeroAt, width);
    }
  }

  private static Value floats(BinaryOp op, Value a, Value b) {
    return new Value.Binary(op, DType.F32, a, b);
  }

  private boolean shifts() {
    return zeroAt != null || codes.constantZero() != 0;
  }

  /** The zero points of four columns. */
  private Value zero(int vector) {
    return zeroAt == null
        ? kept(new Value.FloatConst(LType.F32X4, codes.constantZero()))
        : load(zeroAt, 0, vector);
  }

  // --- floats ---

  /**
   * One row: codes stay where they lie in their word, as multiples of a power of two, by which the
   * element of A is divided instead.
   */
  private void sumsOfBlock(LoopBuilder b, Local[] acc, int steps) {
    Local[] sum = sums(b, "sum", 1, LType.F32X4)[0];
    Local total = sum(b, "total", LType.F32X4);
    int bits = codes.bits();
    eachCode(
        b,
        steps,
        (words, i, step) -> {
          Value a = a(b, 0, step);
          if (shifts()) {
            b.emit(Stmt.let(total, floats(BinaryOp.ADD, Value.get(total), a)));
          }
          boolean last = (i + 1) * bits == 32;
          if (i > 0 && !last) {
            Value part = kept(new Value.FloatConst(LType.F32X4, 1.0 / (1 << (i * bits))));
            a = b.keep("a", floats(BinaryOp.MUL, a, part));
          }
          for (int j = 0; j < vectors; j++) {
            Value code = code(Value.get(words[j]), i, last ? i * bits : 0);
            b.emit(Stmt.let(sum[j], new Value.MulAdd(code, a, Value.get(sum[j]))));
          }
        });
    for (int j = 0; j < vectors; j++) {
      Value all = Value.get(sum[j]);
      if (shifts()) {
        all = floats(BinaryOp.SUB, all, floats(BinaryOp.MUL, Value.get(total), zero(j)));
      }
      b.emit(
          Stmt.let(acc[j], new Value.MulAdd(all, load(scaleAt, 0, j), Value.get(acc[j]))));
    }
  }

  /** Several rows: codes become weights, which all rows share. */
  private void weightsOfBlock(LoopBuilder b, Local[][] acc, int steps) {
    Value[] scale = new Value[vectors];
    Value[] shift = new Value[vectors];
    for (int j = 0; j < vectors; j++) {
      scale[j] = b.keep("scale" + j, load(scaleAt, 0, j));
      if (shifts()) {
        Value zero = new Value.Unary(UnaryOp.NEG, DType.F32, zero(j));
        shift[j] = b.keep("shift" + j, floats(BinaryOp.MUL, zero, scale[j]));
      }
    }
    eachCode(
        b,
        steps,
        (words, i, step) -> {
          Value[] weight = new Value[vectors];
          for (int j = 0; j < vectors; j++) {
            Value code = code(Value.get(words[j]), i, i * codes.bits());
            weight[j] =
                b.keep(
                    "w" + j,
                    shifts()
                        ? new Value.MulAdd(code, scale[j], shift[j])
                        : floats(BinaryOp.MUL, code, scale[j]));
          }
          for (int r = 0; r < acc.length; r++) {
            Value a = a(b, r, step);
            for (int j = 0; j < vectors; j++) {
              b.emit(Stmt.let(acc[r][j], new Value.MulAdd(a, weight[j], Value.get(acc[r][j]))));
            }
          }
        });
  }

  /** What is done with one code of each column. */
  private interface Each {
    void emit(Local[] words, int place, int step);
  }

  private void eachCode(LoopBuilder b, int steps, Each each) {
    int per = p.perWord();
    int stepA = fa.coefficient(p.k());
    turns(
        b,
        steps / per,
        count -> {
          for (int w = 0; w < count; w++) {
            word(b, w, per, each);
          }
          move(b, codesAt, count * width);
          move(b, aAt, count * per * stepA);
        });
    if (steps % per > 0) {
      word(b, 0, steps % per, each);
    }
  }

  private void word(LoopBuilder b, int w, int steps, Each each) {
    int per = p.perWord();
    Local[] words = new Local[vectors];
    for (int j = 0; j < vectors; j++) {
      words[j] = Local.of("q" + j, LType.I32X4);
      b.emit(Stmt.let(words[j], load(codesAt, w, j)));
    }
    for (int i = 0; i < per; i++) {
      if (step(p, i) < steps) {
        each.emit(words, i, w * per + step(p, i));
      }
    }
  }

  private Value a(LoopBuilder b, int row, int step) {
    int at = row * stepM + step * fa.coefficient(p.k());
    return b.keep("a" + row, new Value.Load(Value.get(aAt), at, Value.Access.SPLAT));
  }

  /** The i-th codes of words as floats, times {@code 2^(i * bits)} where they are not shifted. */
  private Value code(Value word, int i, int shift) {
    int bits = codes.bits();
    Value x = word;
    if (shift > 0) {
      x = new Value.Binary(BinaryOp.SHR, DType.U32, x, mask(shift));
    }
    if (shift + bits < 32) {
      x = ints(BinaryOp.AND, x, kept(mask(((1 << bits) - 1) << (i * bits - shift))));
    }
    return new Value.Convert(DType.I32, DType.F32, x);
  }

  // --- integers ---

  /** The sums of products of integers of one block. */
  private final class Integers {
    private final LoopBuilder b;
    private final int rows;

    /** Of each row four codes of 16 bits, and the next four. */
    private final Value[] pair;

    Integers(LoopBuilder b, int rows) {
      this.b = b;
      this.rows = rows;
      this.pair = new Value[rows];
    }

    void block(Local[][] acc) {
      Local[][] low = sums(b, "i", rows, LType.I32X4);
      Local[][] high = dot == 1 ? low : sums(b, "h", rows, LType.I32X4);
      Local[] total = new Local[rows];
      for (int r = 0; r < rows; r++) {
        total[r] = sum(b, "total" + r, LType.I32X4);
      }
      int wordsOfA = p.codesA().bits() / codes.bits();
      turns(
          b,
          p.block() / p.perWord(),
          count -> {
            for (int w = 0; w < count; w++) {
              word(low, high, total, w);
            }
            move(b, codesAt, count * width);
            move(b, aAt, count * wordsOfA);
          });
      for (int r = 0; r < rows; r++) {
        scaled(acc[r], low[r], high[r], total[r], r);
      }
    }

    private void word(Local[][] low, Local[][] high, Local[] total, int w) {
      int halves = codes.bits() == 4 ? 2 : 1;
      Value[][] a = new Value[rows][halves];
      for (int r = 0; r < rows; r++) {
        for (int h = 0; h < halves; h++) {
          a[r][h] = a(r, w * halves + h);
          if (shifts()) {
            Value ones = kept(mask(dot == 1 ? 0x01010101 : 0x00010001));
            Value sum =
                dot == 1
                    ? new Value.Packed(ByteOp.DOT_I8, a[r][h], ones, Value.get(total[r]))
                    : added(total[r], a[r][h], ones);
            b.emit(Stmt.let(total[r], sum));
          }
        }
      }
      Value nibble = kept(mask(0x0f0f0f0f));
      for (int j = 0; j < vectors; j++) {
        Value q = b.keep("q", load(codesAt, w, j));
        for (int h = 0; h < halves; h++) {
          Value x = h == 0 ? q : new Value.Binary(BinaryOp.SHR, DType.U32, q, mask(4));
          x = halves == 1 ? x : b.keep("x", ints(BinaryOp.AND, x, nibble));
          Value first = dot == 1 ? x : b.keep("x0", half(ByteOp.LOW_U8, x));
          Value second = dot == 1 ? x : b.keep("x1", half(ByteOp.HIGH_U8, x));
          for (int r = 0; r < rows; r++) {
            if (dot == 1) {
              Value sum =
                  new Value.Packed(ByteOp.DOT_I8, a[r][h], x, Value.get(low[r][j]));
              b.emit(Stmt.let(low[r][j], sum));
            } else {
              b.emit(Stmt.let(low[r][j], added(low[r][j], a[r][h], first)));
              b.emit(Stmt.let(high[r][j], added(high[r][j], a[r][h], second)));
            }
          }
        }
      }
    }

    private Value half(ByteOp op, Value x) {
      return new Value.Packed(op, x, null, null);
    }

    private Value added(Local sum, Value x, Value y) {
      return ints(
          BinaryOp.ADD, Value.get(sum), new Value.Packed(ByteOp.DOT_I16, x, y, null));
    }

    /** A word of A, four codes, in every lane; as i16 in both halves for products of those. */
    private Value a(int row, int word) {
      if (p.codesA().bits() == 16) {
        int at = row * stepM / 2 + word / 2 * 4;
        if (word % 2 == 0) {
          pair[row] = b.keep("pair" + row, new Value.Load(Value.get(aAt), at, Value.Access.VECTOR));
        }
        int lane = word % 2 * 2;
        return b.keep(
            "a" + row, new Value.Shuffle(pair[row], pair[row], lane, lane + 1, lane, lane + 1));
      }
      Value x =
          new Value.Load(Value.get(aAt), row * stepM / 4 + word, Value.Access.SPLAT);
      return b.keep("a" + row, dot == 1 ? x : half(ByteOp.LOW_I8, x));
    }

    /** The block's sums less the zero point's part, times both scales, are added to all. */
    private void scaled(Local[] acc, Local[] low, Local[] high, Local total, int row) {
      Expr scaleA = p.byBlock(p.codesA().scale(), Expr.var(blockAxis));
      b.shift2(p.m(), row, null, 0);
      Value a = b.keep("scale_a", LoopBuilder.splat(b.lower(scaleA), DType.F32));
      b.shift2(null, 0, null, 0);
      Value whole = Value.get(total);
      if (shifts() && dot == 2) {
        Value swapped = new Value.Shuffle(whole, whole, 1, 0, 3, 2);
        whole = b.keep("total", ints(BinaryOp.ADD, whole, swapped));
      }
      Value less = null;
      if (shifts()) {
        less =
            zeroAt == null
                ? ints(BinaryOp.MUL, whole, kept(mask(codes.constantZero())))
                : new Value.Convert(DType.I32, DType.F32, whole);
        less = b.keep("less", less);
      }
      for (int j = 0; j < vectors; j++) {
        Value sum = Value.get(low[j]);
        if (dot == 2) {
          Value other = Value.get(high[j]);
          sum =
              ints(
                  BinaryOp.ADD,
                  new Value.Shuffle(sum, other, 0, 2, 4, 6),
                  new Value.Shuffle(sum, other, 1, 3, 5, 7));
        }
        if (less != null && zeroAt == null) {
          sum = ints(BinaryOp.SUB, sum, less);
        }
        Value x = new Value.Convert(DType.I32, DType.F32, sum);
        if (less != null && zeroAt != null) {
          x = floats(BinaryOp.SUB, x, floats(BinaryOp.MUL, less, zero(j)));
        }
        Value scale = floats(BinaryOp.MUL, load(scaleAt, 0, j), a);
        b.emit(Stmt.let(acc[j], new Value.MulAdd(x, scale, Value.get(acc[j]))));
      }
    }
  }
}
