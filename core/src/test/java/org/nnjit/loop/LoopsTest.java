package org.nnjit.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.tensor.DType;

/** Text, verifier and interpreter on kernels written by hand. */
final class LoopsTest {
  private final Buffer a = new Buffer("a", DType.F32);
  private final Buffer out = new Buffer("out", DType.F32);
  private final Local begin = Local.of("begin", LType.I32);
  private final Local end = Local.of("end", LType.I32);
  private final Local i = Local.of("i", LType.I32);
  private final Value at = Value.get(i);

  private LoopNest kernel(Stmt... body) {
    Stmt loop = new Stmt.For(i, Value.get(begin), Value.get(end), 1, Stmt.block(List.of(body)));
    return new LoopNest("k", List.of(a, out), 4, begin, end, loop);
  }

  private Value load(Value index) {
    return new Value.Load(new Value.Address(a, index), 0, Value.Access.SCALAR);
  }

  private Stmt store(Value value) {
    return new Stmt.Store(new Value.Address(out, at), 0, value, 1);
  }

  @Test
  void textReadsAsTheLoopsRun() {
    Local p = Local.pointer("p", a);
    Local acc = Local.of("acc", LType.F32X4);
    Local other = Local.of("acc", LType.F32X4);
    Local n = Local.of("n", LType.I32);
    Local q = Local.pointer("q", out);
    Tile tile =
        new Tile(
            "copy",
            List.of(n, q),
            new Stmt.Store(Value.get(q), 3, new Value.FloatConst(LType.F32, 0.5), 1));
    LoopNest nest =
        kernel(
            Stmt.let(p, new Value.Address(a, Value.mul(at, 768))),
            Stmt.let(acc, new Value.FloatConst(LType.F32X4, 0)),
            Stmt.let(
                other,
                new Value.MulAdd(
                    new Value.Load(Value.get(p), 4, Value.Access.SPLAT),
                    new Value.Load(new Value.Offset(Value.get(p), at), 8, Value.Access.VECTOR),
                    Value.get(acc))),
            new Stmt.If(
                new Value.Binary(BinaryOp.LT, DType.U32, at, Value.i32(2)),
                new Stmt.Store(
                    new Value.Address(out, at), 1,
                    new Value.Unary(UnaryOp.EXP, DType.F32, Value.get(other)), 3),
                store(
                    new Value.Binary(
                        BinaryOp.MUL,
                        DType.F32,
                        new Value.Binary(
                            BinaryOp.SUB, DType.F32, load(at), new Value.FloatConst(LType.F32, 1)),
                        new Value.Lane(Value.get(acc), 2)))),
            new Stmt.TileCall(tile, List.of(at, new Value.Address(out, Value.i32(0)))));
    LoopVerifier.verify(nest);
    assertEquals(
        """
        kernel k (a: f32, out: f32) blocks=4
          for i = begin .. end step 1
            p = &a[i * 768]
            acc = 0.0v
            acc'2 = fma(splat p[4], v4 p[i + 8], acc)
            if i <u32 2
              v3 out[i + 1] = exp(acc'2)
            else
              out[i] = (a[i] - 1.0) * acc.z
            call copy(i, &out[0])
        tile copy (n: i32, q: &out)
          q[3] = 0.5
        """,
        LoopText.print(nest));
  }

  private void refused(String message, LoopNest nest) {
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> LoopVerifier.verify(nest));
    assertEquals(message, e.getMessage().strip());
  }

  @Test
  void verifierNamesWhatIsWrong() {
    Local x = Local.of("x", LType.F32);
    refused("k: read before it is set in: x", kernel(store(Value.get(x))));
    refused(
        "k: read before it is set in: x",
        kernel(
            new Stmt.If(
                new Value.Binary(BinaryOp.EQ, DType.I32, at, Value.i32(0)),
                Stmt.let(x, load(at)),
                null),
            store(Value.get(x))));
    refused("k: got I32, wanted F32 in: i", kernel(Stmt.let(x, at)));
    refused("k: a f32 buffer is given I32 in: out[i] = i", kernel(store(at)));
    refused(
        "k: elements of i32 in F32 in: exp(a[i])",
        kernel(store(new Value.Unary(UnaryOp.EXP, DType.I32, load(at)))));
    refused(
        "k: unknown buffer in: &b[i]",
        kernel(
            store(
                new Value.Load(
                    new Value.Address(new Buffer("b", DType.F32), at), 0, Value.Access.SCALAR))));
    refused(
        "k: lanes is 4, wanted 1 to 1 in: out[i] = a[i]",
        kernel(new Stmt.Store(new Value.Address(out, at), 0, load(at), 4)));
    Tile tile = new Tile("t", List.of(), store(load(Value.i32(0))));
    refused("k, tile t: read before it is set in: i", kernel(new Stmt.TileCall(tile, List.of())));
  }

  @Test
  void interpreterChecksEveryAccess() {
    LoopNest nest = kernel(store(load(Value.add(at, Value.i32(1)))));
    byte[] memory = new byte[64];
    memory[4] = (byte) 0x80;
    memory[4 + 1] = 0x3f;
    LoopInterpreter interpreter = new LoopInterpreter(memory).bind(a, 0, 4).bind(out, 32, 8);
    interpreter.run(nest, 0, 3);
    assertEquals((byte) 0x80, memory[32]);
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> interpreter.run(nest, 3, 4));
    assertEquals("kernel k: access of a[4], which has 4 elements", e.getMessage());
    e = assertThrows(IllegalStateException.class, () -> new LoopInterpreter(memory).bind(a, 32, 9));
    assertEquals("buffer a at 32 to 68 does not fit memory of 64 bytes", e.getMessage());
  }

  @Test
  void integersWrapAndNeverTrap() {
    assertEquals(0, ScalarMath.binary(BinaryOp.DIV, DType.I32, 5, 0));
    assertEquals(
        Integer.MIN_VALUE, ScalarMath.binary(BinaryOp.DIV, DType.I32, Integer.MIN_VALUE, -1));
    assertEquals(-3, ScalarMath.binary(BinaryOp.FLOOR_DIV, DType.I32, -5, 2));
    assertEquals(1, ScalarMath.binary(BinaryOp.FLOOR_MOD, DType.I32, -5, 2));
    assertEquals(-1, ScalarMath.binary(BinaryOp.REM, DType.I32, -5, 2));
    assertEquals(44, ScalarMath.binary(BinaryOp.ADD, DType.U8, 200, 100));
    assertEquals(-56, ScalarMath.binary(BinaryOp.ADD, DType.I8, 100, 100));
    assertEquals(0x7fffffff, ScalarMath.binary(BinaryOp.SHR, DType.U32, -1, 1));
    assertEquals(0, ScalarMath.binary(BinaryOp.SHL, DType.I32, 1, 32));
    assertEquals(0, ScalarMath.binary(BinaryOp.POW, DType.I32, 2, -1));
    assertEquals(-27, ScalarMath.binary(BinaryOp.POW, DType.I32, -3, 3));
  }

  @Test
  void errorFunctionHasItsKnownValues() {
    assertEquals(0.8427007929497149, ScalarMath.erf(1), 1e-15);
    assertEquals(0.11246291601828489, ScalarMath.erf(0.1), 1e-16);
    assertEquals(-0.9999779095030014, ScalarMath.erf(-3), 1e-15);
    assertEquals(0.9999999845827421, ScalarMath.erf(4), 1e-15);
    assertEquals(1, ScalarMath.erf(7));
  }
}
