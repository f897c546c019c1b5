package org.nnjit.loop;

import java.util.List;

/**
 * A whole kernel as loops. Its work is cut into {@code blocks} independent parts; a call does the
 * parts {@code begin <= i < end}, so that threads share a kernel by calling it with other bounds.
 *
 * @param name kernel name, which tells family, operands and schedule
 * @param buffers parameters: the inputs in order, then the output
 * @param blocks number of independent parts, at least 1
 * @param begin I32 parameter: first part to do
 * @param end I32 parameter: one past the last part to do
 * @param body the loops
 */
public record LoopNest(
    String name, List<Buffer> buffers, int blocks, Local begin, Local end, Stmt body) {
  public LoopNest {
    buffers = List.copyOf(buffers);
  }
}
