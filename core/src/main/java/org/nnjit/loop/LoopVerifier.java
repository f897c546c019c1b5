package org.nnjit.loop;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.nnjit.tensor.DType;

/**
 * Checks what an emitter relies on: operand types agree, locals are set before they are read on
 * every path, pointers point into known buffers, tiles see only what they are given. Run it in
 * tests and before emitting when looking for a bug; a schedule that fails is our own mistake.
 */
public final class LoopVerifier {
  private final String name;
  private final List<Buffer> buffers;

  private LoopVerifier(String name, List<Buffer> buffers) {
    this.name = name;
    this.buffers = buffers;
  }

  /**
   * Checks a kernel and its tiles.
   *
   * @throws IllegalStateException naming the kernel and printing the statement or value
   */
  public static void verify(LoopNest nest) {
    if (nest.blocks() < 1) {
      throw new IllegalStateException(nest.name() + ": blocks is " + nest.blocks());
    }
    Set<Local> set = new HashSet<>();
    set.add(nest.begin());
    set.add(nest.end());
    new LoopVerifier(nest.name(), nest.buffers()).check(nest.body(), set);
  }

  private void expect(boolean condition, String what, String where) {
    if (!condition) {
      throw new IllegalStateException(name + ": " + what + " in: " + where);
    }
  }

  /** Checks a statement; {@code set} holds the locals set before it, then also after it. */
  private void check(Stmt stmt, Set<Local> set) {
    switch (stmt) {
      case Stmt.Block block -> {
        for (Stmt s : block.body()) {
          check(s, set);
        }
      }
      case Stmt.For loop -> {
        typed(loop.begin(), LType.I32, set);
        typed(loop.end(), LType.I32, set);
        expect(loop.var().type() == LType.I32, "loop index is not I32", LoopText.of(loop));
        expect(loop.step() > 0, "step is not positive", LoopText.of(loop));
        Set<Local> inside = new HashSet<>(set);
        inside.add(loop.var());
        check(loop.body(), inside);
      }
      case Stmt.If choice -> {
        typed(choice.condition(), LType.I32, set);
        Set<Local> then = new HashSet<>(set);
        check(choice.then(), then);
        Set<Local> otherwise = new HashSet<>(set);
        if (choice.otherwise() != null) {
          check(choice.otherwise(), otherwise);
        }
        then.retainAll(otherwise);
        set.addAll(then);
      }
      case Stmt.Let let -> {
        typed(let.value(), let.local().type(), set);
        if (let.local().type() == LType.PTR) {
          expect(
              Value.bufferOf(let.value()) == let.local().buffer(),
              "pointer " + let.local() + " is one into " + let.local().buffer(),
              LoopText.of(let));
        }
        set.add(let.local());
      }
      case Stmt.Store store -> {
        typed(store.pointer(), LType.PTR, set);
        LType type = check(store.value(), set);
        int most = type.isVector() ? 4 : 1;
        expect(
            store.lanes() >= 1 && store.lanes() <= most,
            "lanes is " + store.lanes() + ", wanted 1 to " + most,
            LoopText.of(store));
        expect(
            Value.scalarType(Value.bufferOf(store.pointer()).dtype()) == lane(type),
            "a " + Value.bufferOf(store.pointer()).dtype() + " buffer is given " + type,
            LoopText.of(store));
      }
      case Stmt.Barrier b -> {}
      case Stmt.Join join -> typed(Value.get(join.part()), LType.F32, set);
      case Stmt.TileCall call -> {
        List<Local> params = call.tile().params();
        expect(call.args().size() == params.size(), "wrong number of arguments", LoopText.of(call));
        Set<Local> inside = new HashSet<>();
        for (int i = 0; i < params.size(); i++) {
          Local param = params.get(i);
          typed(call.args().get(i), param.type(), set);
          expect(
              param.type() == LType.I32
                  || (param.type() == LType.PTR
                      && Value.bufferOf(call.args().get(i)) == param.buffer()),
              "argument " + i + " does not fit parameter " + param,
              LoopText.of(call));
          inside.add(param);
        }
        new LoopVerifier(name + ", tile " + call.tile().name(), buffers)
            .check(call.tile().body(), inside);
      }
    }
  }

  private void typed(Value value, LType wanted, Set<Local> set) {
    LType got = check(value, set);
    expect(got == wanted, "got " + got + ", wanted " + wanted, LoopText.of(value));
  }

  private static LType lane(LType type) {
    return type == LType.F32X4 ? LType.F32 : type == LType.I32X4 ? LType.I32 : type;
  }

  /** Checks a value and returns its type. */
  private LType check(Value value, Set<Local> set) {
    switch (value) {
      case Value.Get get ->
          expect(set.contains(get.local()), "read before it is set", LoopText.of(get));
      case Value.IntConst c ->
          expect(
              c.type() == LType.I32 || c.type() == LType.I64 || c.type() == LType.I32X4,
              "constant of " + c.type(),
              LoopText.of(c));
      case Value.FloatConst c ->
          expect(isFloat(c.type()), "constant of " + c.type(), LoopText.of(c));
      case Value.Address a -> {
        typed(a.index(), LType.I32, set);
        expect(buffers.contains(a.buffer()), "unknown buffer", LoopText.of(a));
      }
      case Value.Offset o -> {
        typed(o.pointer(), LType.PTR, set);
        typed(o.index(), LType.I32, set);
      }
      case Value.Load load -> {
        typed(load.pointer(), LType.PTR, set);
        expect(load.offset() >= 0, "negative offset", LoopText.of(load));
        DType dtype = Value.bufferOf(load.pointer()).dtype();
        expect(
            load.access() == Value.Access.SCALAR || dtype.bytes() < 8,
            "vector load of " + dtype,
            LoopText.of(load));
      }
      case Value.Splat s -> scalar32(check(s.x(), set), s);
      case Value.Lane lane -> {
        expect(check(lane.x(), set).isVector(), "not a vector", LoopText.of(lane));
        expect(lane.lane() >= 0 && lane.lane() < 4, "no such lane", LoopText.of(lane));
      }
      case Value.Lanes l -> {
        scalar32(check(l.a(), set), l);
        typed(l.b(), l.a().type(), set);
        typed(l.c(), l.a().type(), set);
        typed(l.d(), l.a().type(), set);
      }
      case Value.Shuffle s -> {
        expect(check(s.a(), set).isVector(), "not a vector", LoopText.of(s));
        typed(s.b(), s.a().type(), set);
        for (int lane : s.lanes()) {
          expect(lane >= 0 && lane < 8, "no such lane", LoopText.of(s));
        }
      }
      case Value.Unary u -> element(u.on(), check(u.x(), set), u);
      case Value.Binary b -> {
        element(b.on(), check(b.a(), set), b);
        typed(b.b(), b.a().type(), set);
      }
      case Value.MulAdd m -> {
        typed(m.a(), m.type(), set);
        typed(m.b(), m.type(), set);
        typed(m.c(), m.type(), set);
      }
      case Value.Select s -> {
        LType condition = check(s.condition(), set);
        expect(
            condition == LType.I32 || (condition == LType.I32X4 && s.type().isVector()),
            "condition is " + condition,
            LoopText.of(s));
        check(s.whenTrue(), set);
        typed(s.whenFalse(), s.type(), set);
      }
      case Value.Convert c -> {
        LType source = check(c.x(), set);
        element(c.from(), source, c);
        expect(!source.isVector() || c.to().bytes() < 8, "vector conversion", LoopText.of(c));
      }
      case Value.Bits b -> {
        LType x = check(b.x(), set);
        expect(lane(x) == LType.I32 || lane(x) == LType.F32, "bits of " + x, LoopText.of(b));
      }
      case Value.Packed p -> {
        for (Value operand : p.operands()) {
          typed(operand, LType.I32X4, set);
        }
      }
      case Value.Horizontal h -> {
        LType vector = check(h.x(), set);
        expect(vector.isVector(), "not a vector", LoopText.of(h));
        element(h.on(), vector, h);
      }
    }
    return value.type();
  }

  private static boolean isFloat(LType type) {
    return type == LType.F32 || type == LType.F64 || type == LType.F32X4;
  }

  private void scalar32(LType type, Value where) {
    expect(type == LType.F32 || type == LType.I32, "lanes of " + type, LoopText.of(where));
  }

  private void element(DType on, LType type, Value where) {
    expect(
        Value.scalarType(on) == lane(type),
        "elements of " + on + " in " + type,
        LoopText.of(where));
  }
}
