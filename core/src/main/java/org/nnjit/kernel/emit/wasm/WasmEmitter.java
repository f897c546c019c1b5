package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Tile;
import org.nnjit.loop.Value;
import org.nnjit.tensor.DType;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;
import org.nnjit.wasm.WasmModule;

/**
 * Prints loops as WebAssembly: a kernel becomes a function {@code (base addresses..., begin, end)},
 * each of its tiles a function of its own. Pointers are byte addresses; constant offsets go into
 * the instructions' immediates.
 */
public final class WasmEmitter {
  private final WasmModule module;
  private final EmitOptions options;
  private final List<FunctionBuilder> emitted = new ArrayList<>();

  public WasmEmitter(WasmModule module, EmitOptions options) {
    this.module = module;
    this.options = options;
  }

  /** The function type of a kernel with this many buffers. */
  public static String signature(int buffers) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < buffers + 2; i++) {
      s.append('i');
    }
    return s.append(':').toString();
  }

  /** Bytes of instructions of the kernels emitted since the last call. */
  public int takeBytes() {
    int n = 0;
    for (FunctionBuilder f : emitted) {
      n += f.codeBytes();
    }
    emitted.clear();
    return n;
  }

  /** Adds the kernel's functions to the module and returns the one to call. */
  public FunctionBuilder emit(LoopNest nest) {
    FunctionBuilder code = module.function(nest.name(), signature(nest.buffers().size()));
    emitted.add(code);
    Scope scope = new Scope(code, new HashMap<>(), nest.buffers(), nest.name());
    int next = nest.buffers().size();
    scope.locals.put(nest.begin(), next);
    scope.locals.put(nest.end(), next + 1);
    scope.stmt(nest.body());
    return code;
  }

  /** One function under way. */
  private final class Scope {
    final FunctionBuilder code;
    final Map<Local, Integer> locals = new HashMap<>();
    final Map<Tile, FunctionBuilder> tiles;
    final List<Buffer> buffers;
    final String kernel;
    final ScalarCode scalar;
    final VectorCode vector;

    Scope(FunctionBuilder code, Map<Tile, FunctionBuilder> tiles, List<Buffer> buffers, String kernel) {
      this.code = code;
      this.tiles = tiles;
      this.buffers = buffers;
      this.kernel = kernel;
      this.scalar = new ScalarCode(code);
      this.vector = new VectorCode(code);
    }

    int local(Local l) {
      Integer i = locals.get(l);
      if (i == null) {
        i = code.local(valType(l.type()));
        locals.put(l, i);
      }
      return i;
    }

    void stmt(Stmt s) {
      switch (s) {
        case Stmt.Block b -> {
          for (Stmt x : b.body()) {
            stmt(x);
          }
        }
        case Stmt.Let l -> {
          value(l.value());
          code.set(local(l.local()));
        }
        case Stmt.For f -> loop(f);
        case Stmt.Store st -> store(st);
        case Stmt.If i -> {
          value(i.condition());
          code.ifThen();
          stmt(i.then());
          if (i.otherwise() != null) {
            code.elseThen();
            stmt(i.otherwise());
          }
          code.end();
        }
        case Stmt.TileCall t -> tileCall(t);
      }
    }

    /** The check is at the bottom; a loop that may not run at all is guarded. */
    void loop(Stmt.For f) {
      int var = local(f.var());
      value(f.begin());
      code.set(var);
      boolean runs =
          f.begin() instanceof Value.IntConst b
              && f.end() instanceof Value.IntConst e
              && b.value() < e.value();
      int end = -1;
      if (!(f.end() instanceof Value.IntConst) && !(f.end() instanceof Value.Get)) {
        end = code.local(ValType.I32);
        value(f.end());
        code.set(end);
      }
      if (!runs) {
        code.get(var);
        bound(f, end);
        code.op(Op.I32_LT_S);
        code.ifThen();
      }
      code.loop();
      stmt(f.body());
      code.get(var);
      code.i32(f.step());
      code.op(Op.I32_ADD);
      code.tee(var);
      bound(f, end);
      code.op(Op.I32_LT_S);
      code.brIf(0);
      code.end();
      if (!runs) {
        code.end();
      }
      if (end >= 0) {
        code.release(end);
      }
    }

    private void bound(Stmt.For f, int end) {
      if (end >= 0) {
        code.get(end);
      } else {
        value(f.end());
      }
    }

    void tileCall(Stmt.TileCall t) {
      FunctionBuilder target = tiles.get(t.tile());
      if (target == null) {
        StringBuilder sig = new StringBuilder();
        for (int i = 0; i < buffers.size() + t.tile().params().size(); i++) {
          sig.append('i');
        }
        target = module.function(kernel + "__" + t.tile().name(), sig.append(':').toString());
        tiles.put(t.tile(), target);
        emitted.add(target);
        Scope inner = new Scope(target, tiles, buffers, kernel);
        for (int i = 0; i < t.tile().params().size(); i++) {
          inner.locals.put(t.tile().params().get(i), buffers.size() + i);
        }
        inner.stmt(t.tile().body());
      }
      for (int i = 0; i < buffers.size(); i++) {
        code.get(i);
      }
      for (Value v : t.args()) {
        value(v);
      }
      code.call(target.index());
    }

    // --- memory ---

    void value(Value v) {
      switch (v) {
        case Value.IntConst c -> {
          switch (c.type()) {
            case I32 -> code.i32((int) c.value());
            case I64 -> code.i64(c.value());
            default -> code.splat((int) c.value());
          }
        }
        case Value.FloatConst c -> {
          switch (c.type()) {
            case F32 -> code.f32((float) c.value());
            case F64 -> code.f64(c.value());
            default -> code.splat(Float.floatToRawIntBits((float) c.value()));
          }
        }
        case Value.Get g -> code.get(local(g.local()));
        case Value.Address a -> {
          code.get(bufferIndex(a.buffer()));
          if (!(a.index() instanceof Value.IntConst c && c.value() == 0)) {
            scaled(a.index(), a.buffer().dtype());
            code.op(Op.I32_ADD);
          }
        }
        case Value.Offset o -> {
          value(o.pointer());
          scaled(o.index(), Value.bufferOf(o).dtype());
          code.op(Op.I32_ADD);
        }
        case Value.Load l -> load(l);
        case Value.Splat s -> {
          value(s.x());
          code.op(s.type() == LType.F32X4 ? Op.F32X4_SPLAT : Op.I32X4_SPLAT);
        }
        case Value.Lane l -> {
          value(l.x());
          code.lane(
              l.type() == LType.F32 ? Op.F32X4_EXTRACT_LANE : Op.I32X4_EXTRACT_LANE, l.lane());
        }
        case Value.Lanes l -> lanes(l);
        case Value.Unary u -> {
          value(u.x());
          if (u.x().type().isVector()) {
            vector.unary(u.op(), u.on());
          } else {
            scalar.unary(u.op(), u.on());
          }
        }
        case Value.Binary b -> binary(b);
        case Value.MulAdd m -> mulAdd(m);
        case Value.Select s -> select(s);
        case Value.Convert c -> {
          value(c.x());
          if (c.x().type().isVector()) {
            vector.convert(c.from(), c.to());
          } else {
            scalar.convert(c.from(), c.to());
          }
        }
        case Value.Horizontal h -> {
          value(h.x());
          vector.horizontal(h.combiner(), h.x().type() == LType.F32X4);
        }
      }
    }

    private int bufferIndex(Buffer b) {
      int i = buffers.indexOf(b);
      if (i < 0) {
        throw new IllegalStateException(kernel + ": buffer " + b + " is not a parameter");
      }
      return i;
    }

    private void scaled(Value index, DType dtype) {
      int bytes = dtype.bytes();
      if (index instanceof Value.IntConst c) {
        code.i32((int) c.value() * bytes);
        return;
      }
      if (index instanceof Value.Binary b
          && b.op() == org.nnjit.compute.BinaryOp.MUL
          && b.b() instanceof Value.IntConst c) {
        value(b.a());
        code.i32((int) c.value() * bytes);
        code.op(Op.I32_MUL);
        return;
      }
      value(index);
      if (bytes > 1) {
        code.i32(Integer.numberOfTrailingZeros(bytes));
        code.op(Op.I32_SHL);
      }
    }

    private void load(Value.Load l) {
      DType t = Value.bufferOf(l.pointer()).dtype();
      value(l.pointer());
      int at = l.offset() * t.bytes();
      switch (l.access()) {
        case SCALAR -> scalar.load(t, at);
        case VECTOR -> vector.load(t, at);
        case SPLAT -> {
          if (t.bytes() == 4) {
            code.memory(Op.V128_LOAD32_SPLAT, 4, at);
          } else {
            scalar.load(t, at);
            code.op(l.type() == LType.F32X4 ? Op.F32X4_SPLAT : Op.I32X4_SPLAT);
          }
        }
      }
    }

    private void store(Stmt.Store s) {
      DType t = Value.bufferOf(s.pointer()).dtype();
      value(s.pointer());
      value(s.value());
      int at = s.offset() * t.bytes();
      if (s.value().type().isVector()) {
        vector.store(t, at, s.lanes());
      } else {
        scalar.store(t, at);
      }
    }

    private void lanes(Value.Lanes l) {
      boolean floats = l.type() == LType.F32X4;
      if (l.a() instanceof Value.IntConst a
          && l.b() instanceof Value.IntConst b
          && l.c() instanceof Value.IntConst c
          && l.d() instanceof Value.IntConst d) {
        code.v128((int) a.value(), (int) b.value(), (int) c.value(), (int) d.value());
        return;
      }
      value(l.a());
      code.op(floats ? Op.F32X4_SPLAT : Op.I32X4_SPLAT);
      Value[] rest = {l.b(), l.c(), l.d()};
      for (int i = 0; i < 3; i++) {
        value(rest[i]);
        code.lane(floats ? Op.F32X4_REPLACE_LANE : Op.I32X4_REPLACE_LANE, i + 1);
      }
    }

    private void binary(Value.Binary b) {
      value(b.a());
      value(b.b());
      if (b.a().type().isVector()) {
        vector.binary(b.op(), b.on());
      } else {
        scalar.binary(b.op(), b.on());
      }
    }

    private void mulAdd(Value.MulAdd m) {
      LType t = m.type();
      if (t == LType.F32X4 && options.relaxedSimd()) {
        wide(m.a());
        wide(m.b());
        value(m.c());
        code.op(Op.F32X4_RELAXED_MADD);
        return;
      }
      if (t == LType.F32X4) {
        wide(m.a());
        wide(m.b());
        code.op(Op.F32X4_MUL);
        value(m.c());
        code.op(Op.F32X4_ADD);
        return;
      }
      value(m.a());
      value(m.b());
      code.op(t == LType.F32 ? Op.F32_MUL : Op.F64_MUL);
      value(m.c());
      code.op(t == LType.F32 ? Op.F32_ADD : Op.F64_ADD);
    }

    private void wide(Value v) {
      value(v);
      if (!v.type().isVector()) {
        code.op(Op.F32X4_SPLAT);
      }
    }

    private void select(Value.Select s) {
      if (s.condition().type().isVector()) {
        value(s.whenTrue());
        value(s.whenFalse());
        value(s.condition());
        code.op(Op.V128_BITSELECT);
        return;
      }
      value(s.condition());
      code.ifThen(valType(s.type()));
      value(s.whenTrue());
      code.elseThen();
      value(s.whenFalse());
      code.end();
    }
  }

  static ValType valType(LType t) {
    return switch (t) {
      case I32, PTR -> ValType.I32;
      case I64 -> ValType.I64;
      case F32 -> ValType.F32;
      case F64 -> ValType.F64;
      case F32X4, I32X4 -> ValType.V128;
    };
  }
}
