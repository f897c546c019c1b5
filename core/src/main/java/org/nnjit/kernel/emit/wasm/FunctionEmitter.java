package org.nnjit.kernel.emit.wasm;

import java.util.List;
import org.nnjit.compute.BinaryOp;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LType;
import org.nnjit.loop.Local;
import org.nnjit.loop.Stmt;
import org.nnjit.loop.Value;
import org.nnjit.wasm.FunctionBuilder;
import org.nnjit.wasm.Op;
import org.nnjit.wasm.ValType;

/** Prints the statements of one function. */
final class FunctionEmitter {
  private final WasmEmitter emitter;
  private final FunctionBuilder code;
  private final Slots slots;
  private final ValueEmitter values;
  private final MemoryEmitter memory;
  private final int buffers;

  FunctionEmitter(WasmEmitter emitter, FunctionBuilder code, List<Buffer> buffers) {
    this.emitter = emitter;
    this.code = code;
    this.slots = new Slots(code);
    this.values = new ValueEmitter(emitter, code, slots, buffers);
    this.memory = values.memory();
    this.buffers = buffers.size();
  }

  void parameter(Local local, int index, boolean notNegative) {
    slots.parameter(local, index, notNegative);
  }

  void statement(Stmt stmt) {
    switch (stmt) {
      case Stmt.Let let -> let(let);
      case Stmt.Store store -> memory.store(store);
      case Stmt.Block block -> {
        List<Stmt> body = block.body();
        for (int i = 0; i < body.size(); i++) {
          statement(body.get(i));
        }
      }
      case Stmt.For loop -> loop(loop);
      case Stmt.If choice -> {
        values.push(choice.condition());
        code.ifThen();
        statement(choice.then());
        if (choice.otherwise() != null && !isEmpty(choice.otherwise())) {
          code.elseThen();
          statement(choice.otherwise());
        }
        code.end();
      }
      case Stmt.Barrier b -> throw new IllegalStateException("a barrier in a kernel for a CPU");
      case Stmt.Join j -> throw new IllegalStateException("a barrier in a kernel for a CPU");
      case Stmt.TileCall call -> {
        if (call.args().size() != call.tile().params().size()) {
          throw new IllegalStateException(
              code.name()
                  + ": tile "
                  + call.tile().name()
                  + " takes "
                  + call.tile().params().size()
                  + " arguments, got "
                  + call.args().size());
        }
        for (int i = 0; i < buffers; i++) {
          code.get(i);
        }
        for (int i = 0; i < call.args().size(); i++) {
          values.push(call.args().get(i));
        }
        code.call(emitter.tile(call.tile()));
      }
    }
  }

  private static boolean isEmpty(Stmt stmt) {
    return stmt instanceof Stmt.Block block && block.body().isEmpty();
  }

  private void let(Stmt.Let let) {
    values.push(let.value());
    code.set(slots.define(let.local()));
    if (let.value().type() == LType.I32 || let.value().type() == LType.I32X4) {
      slots.setBool(let.local(), values.isBool(let.value()));
    }
  }

  /** The check stands at the bottom; a loop that may not run at all stands in an if. */
  private void loop(Stmt.For loop) {
    int trips = knownTrips(loop);
    if (trips == 0) {
      return;
    }
    Value end = loop.end();
    int endLocal = -1;
    if (trips < 0 && !(end instanceof Value.IntConst) && !(end instanceof Value.Get)) {
      endLocal = code.local(ValType.I32);
      values.push(end);
      code.set(endLocal);
    }
    boolean notNegative = memory.isNotNegative(loop.begin());
    values.push(loop.begin());
    int var = slots.define(loop.var());
    slots.setNotNegative(loop.var(), notNegative);
    code.set(var);
    if (trips == 1) {
      statement(loop.body());
      return;
    }
    if (trips < 0) {
      code.get(var);
      pushEnd(end, endLocal);
      code.op(Op.I32_LT_S);
      code.ifThen();
    }
    int label = code.loop();
    statement(loop.body());
    code.get(var);
    code.i32(loop.step());
    code.op(Op.I32_ADD);
    code.tee(var);
    pushEnd(end, endLocal);
    code.op(Op.I32_LT_S);
    code.brIfTo(label);
    code.end();
    if (trips < 0) {
      code.end();
    }
    if (endLocal >= 0) {
      code.release(endLocal);
    }
  }

  private void pushEnd(Value end, int endLocal) {
    if (endLocal >= 0) {
      code.get(endLocal);
    } else {
      values.push(end);
    }
  }

  /** How often the body runs, or -1 when it is not known here. */
  private static int knownTrips(Stmt.For loop) {
    long span;
    if (loop.step() <= 0) {
      throw new IllegalStateException("loop " + loop.var() + ": step is " + loop.step());
    }
    if (loop.begin() instanceof Value.IntConst a && loop.end() instanceof Value.IntConst b) {
      span = b.value() - a.value();
    } else if (loop.begin() instanceof Value.Get g
        && loop.end() instanceof Value.Binary sum
        && sum.op() == BinaryOp.ADD
        && sum.a() instanceof Value.Get h
        && g.local() == h.local()
        && g.local() != loop.var()
        && sum.b() instanceof Value.IntConst c) {
      span = c.value();
    } else {
      return -1;
    }
    long trips = (span + loop.step() - 1) / loop.step();
    return trips <= 0 ? 0 : (int) Math.min(trips, Integer.MAX_VALUE);
  }
}
