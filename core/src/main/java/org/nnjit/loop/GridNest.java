package org.nnjit.loop;

import java.util.List;
import java.util.Set;

/**
 * A whole kernel for a GPU: {@code groups} workgroups of {@code size} invocations, each of which
 * does the body. Workgroups are independent; invocations of one meet at {@link Stmt.Barrier}s.
 *
 * @param name kernel name
 * @param buffers parameters: the inputs in order, then the output
 * @param fours those of floats that lie as vectors of four: what is written to them, and most
 *     of what is read, is four elements from a multiple of four on
 * @param shared memory that the invocations of a workgroup share
 * @param groups number of workgroups, at least 1
 * @param size invocations of a workgroup
 * @param group I32: number of the workgroup
 * @param lane I32: number of the invocation in its workgroup
 * @param body the loops of one invocation
 */
public record GridNest(
    String name,
    List<Buffer> buffers,
    Set<Buffer> fours,
    List<Shared> shared,
    int groups,
    int size,
    Local group,
    Local lane,
    Stmt body) {
  public GridNest {
    buffers = List.copyOf(buffers);
    fours = Set.copyOf(fours);
    shared = List.copyOf(shared);
  }

  /**
   * Memory of a workgroup; f32, i32 or i64 elements.
   *
   * @param fours f32 elements are written four at a time, and mostly read so, from multiples of four on
   */
  public record Shared(Buffer buffer, int elements, boolean fours) {}

  /** The same kernel under another name. */
  public GridNest named(String other) {
    return new GridNest(other, buffers, fours, shared, groups, size, group, lane, body);
  }
}
