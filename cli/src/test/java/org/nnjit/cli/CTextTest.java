package org.nnjit.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.UnaryOp;
import org.nnjit.graph.ModelException;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;

class CTextTest {
  private final Local begin = Local.of("begin", LType.I32);
  private final Local end = Local.of("end", LType.I32);

  private LoopNest nest(List<Buffer> buffers, Stmt body) {
    return new LoopNest("k", buffers, 4, begin, end, body);
  }

  @Test
  void loopsTilesAndLanes() {
    Buffer x = new Buffer("x", DType.F32);
    Buffer y = new Buffer("y", DType.F32);
    Local i = Local.of("i", LType.I32);
    Local p = Local.pointer("p", x);
    Local j = Local.of("i", LType.I32);
    Value v = new Value.Load(Value.get(p), 4, Value.Access.VECTOR);
    Value e = new Value.Unary(UnaryOp.EXP, DType.F32, v);
    Value sum = new Value.MulAdd(e, v, new Value.FloatConst(LType.F32X4, 0.5));
    Stmt inner = new Stmt.Store(new Value.Address(y, Value.get(j)), 1, sum, 2);
    Tile tile = new Tile("tile", List.of(p, j), inner);
    Value at = new Value.Binary(BinaryOp.MUL, DType.I32, Value.get(i), Value.i32(8));
    Stmt call = new Stmt.TileCall(tile, List.of(new Value.Address(x, at), at));
    Stmt body = new Stmt.For(i, Value.get(begin), Value.get(end), 1, call);
    assertEquals(
        """
        // k
        #include <math.h>
        #include <wasm_simd128.h>

        static float exp_f32(float x) { return expf(x); }
        static v128_t exp_f32x4(v128_t x) {
          return wasm_f32x4_make(exp_f32(wasm_f32x4_extract_lane(x, 0)), exp_f32(wasm_f32x4_extract_lane(x, 1)), exp_f32(wasm_f32x4_extract_lane(x, 2)), exp_f32(wasm_f32x4_extract_lane(x, 3)));
        }
        __attribute__((noinline)) static void tile(float *x_, float *y_, float *p_, int i_2) {
          { v128_t v = wasm_f32x4_add(wasm_f32x4_mul(exp_f32x4(wasm_v128_load(p_ + 4)), wasm_v128_load(p_ + 4)), wasm_f32x4_splat(0x1.0p-1f)); wasm_v128_store32_lane((y_ + i_2) + 1 + 0, v, 0); wasm_v128_store32_lane((y_ + i_2) + 1 + 1, v, 1); }
        }

        __attribute__((export_name("run"))) void run(float *x_, float *y_, int begin_, int end_) {
          int i_;
          for (i_ = begin_; i_ < end_; i_ += 1) {
            tile(x_, y_, (x_ + (i_ * 8)), (i_ * 8));
          }
        }

        """,
        CText.print(nest(List.of(x, y), body)));
  }

  @Test
  void refusesOtherTypes() {
    Buffer x = new Buffer("x", DType.I64);
    Stmt nothing = new Stmt.Block(List.of());
    ModelException e =
        assertThrows(ModelException.class, () -> CText.print(nest(List.of(x), nothing)));
    assertEquals("k: C is printed for f32, x is i64", e.getMessage());
  }
}
