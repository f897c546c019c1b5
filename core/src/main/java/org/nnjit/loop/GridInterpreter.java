package org.nnjit.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.BinaryOp;
import org.nnjit.tensor.DType;

/**
 * Executes kernels for GPUs, the invocations of a workgroup step by step between barriers: the
 * oracle for what is printed. Shared memory is poisoned before each workgroup.
 */
public final class GridInterpreter {
  private final byte[] memory;
  private final LoopInterpreter loops;
  private final IdentityHashMap<Stmt, Boolean> meets = new IdentityHashMap<>();

  /** An interpreter on little-endian memory, which it writes to. */
  public GridInterpreter(byte[] memory) {
    this.memory = memory;
    this.loops = new LoopInterpreter(memory);
  }

  /** Says where a buffer lies: its byte address and number of elements. */
  public GridInterpreter bind(Buffer buffer, int baseBytes, int elements) {
    loops.bind(buffer, baseBytes, elements);
    return this;
  }

  /**
   * Does a whole kernel.
   *
   * @param sharedBytes where in memory what workgroups share may lie
   * @throws IllegalStateException as {@link LoopInterpreter#run}
   */
  public void run(GridNest nest, int sharedBytes) {
    int end = sharedBytes;
    Set<Buffer> fours = new HashSet<>(nest.fours());
    for (GridNest.Shared s : nest.shared()) {
      loops.bind(s.buffer(), end, s.elements());
      end += s.elements() * s.buffer().dtype().bytes();
      if (s.fours()) {
        fours.add(s.buffer());
      }
    }
    for (int group = 0; group < nest.groups(); group++) {
      for (int i = sharedBytes; i < end; i++) {
        memory[i] = (byte) 0xff;
      }
      List<Map<Local, Object>> lanes = new ArrayList<>();
      for (int lane = 0; lane < nest.size(); lane++) {
        Map<Local, Object> locals = new HashMap<>();
        locals.put(nest.group(), new long[] {group});
        locals.put(nest.lane(), new long[] {lane});
        lanes.add(locals);
      }
      loops.begin("kernel " + nest.name() + ": ", fours);
      execute(nest.body(), lanes);
    }
  }

  private boolean meets(Stmt stmt) {
    Boolean known = meets.get(stmt);
    if (known == null) {
      known =
          switch (stmt) {
            case Stmt.Barrier b -> true;
            case Stmt.Join j -> true;
            case Stmt.Block block -> {
              boolean any = false;
              for (Stmt s : block.body()) {
                any |= meets(s);
              }
              yield any;
            }
            case Stmt.For loop -> meets(loop.body());
            case Stmt.If choice ->
                meets(choice.then()) || choice.otherwise() != null && meets(choice.otherwise());
            default -> false;
          };
      meets.put(stmt, known);
    }
    return known;
  }

  private void execute(Stmt stmt, List<Map<Local, Object>> lanes) {
    if (!meets(stmt)) {
      for (Map<Local, Object> locals : lanes) {
        loops.execute(stmt, locals);
      }
      return;
    }
    switch (stmt) {
      case Stmt.Barrier b -> {}
      case Stmt.Join join -> join(join.part(), lanes);
      case Stmt.Block block -> {
        for (Stmt s : block.body()) {
          execute(s, lanes);
        }
      }
      case Stmt.For loop -> {
        long begin = loops.number(loop.begin(), lanes.get(0));
        long end = loops.number(loop.end(), lanes.get(0));
        for (long i = begin; i < end; i += loop.step()) {
          for (Map<Local, Object> locals : lanes) {
            locals.put(loop.var(), new long[] {i});
          }
          execute(loop.body(), lanes);
        }
      }
      default -> throw new IllegalStateException("invocations part before a barrier in: "
          + LoopText.of(stmt));
    }
  }

  /** Adds up one invocation after the other. */
  private void join(Local part, List<Map<Local, Object>> lanes) {
    Local next = Local.of("next", part.type());
    Value sum = new Value.Binary(BinaryOp.ADD, DType.F32, Value.get(part), Value.get(next));
    Map<Local, Object> first = lanes.get(0);
    for (int i = 1; i < lanes.size(); i++) {
      first.put(next, lanes.get(i).get(part));
      loops.execute(Stmt.let(part, sum), first);
    }
    for (Map<Local, Object> locals : lanes) {
      locals.put(part, first.get(part));
    }
  }
}
