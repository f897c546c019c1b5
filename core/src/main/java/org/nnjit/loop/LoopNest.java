package org.nnjit.loop;

import java.util.List;

/**
 * A whole kernel as loops. Its work is cut into {@code blocks} independent parts; a call does the
 * parts {@code begin <= i < end}, so that threads share a kernel by calling it with other bounds.
 *
 * <p>A kernel may ask for scratch memory: each part that a call begins with has room of its own
 * there, so that calls at the same time do not meet.
 *
 * @param name kernel name, which tells family, operands and schedule
 * @param buffers parameters: the inputs in order, the scratch where there is one, then the output
 * @param scratch f32 elements of scratch for all parts together, 0 for none
 * @param blocks number of independent parts, at least 1
 * @param begin I32 parameter: first part to do
 * @param end I32 parameter: one past the last part to do
 * @param body the loops
 */
public record LoopNest(
    String name,
    List<Buffer> buffers,
    int scratch,
    int blocks,
    Local begin,
    Local end,
    Stmt body) {
  public LoopNest {
    buffers = List.copyOf(buffers);
  }

  /** A kernel without scratch. */
  public LoopNest(
      String name, List<Buffer> buffers, int blocks, Local begin, Local end, Stmt body) {
    this(name, buffers, 0, blocks, begin, end, body);
  }

  /** The same kernel under another name. */
  public LoopNest named(String other) {
    return new LoopNest(other, buffers, scratch, blocks, begin, end, body);
  }
}
