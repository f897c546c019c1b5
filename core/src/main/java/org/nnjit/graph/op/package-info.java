/**
 * The operators, one file for each or for each family that differs by one choice.
 *
 * <p>Read {@link org.nnjit.graph.op.Operators}, {@link org.nnjit.graph.op.MatMul} and {@link
 * org.nnjit.graph.op.Softmax} first. A new operator is one file and one line in {@code Operators};
 * the conformance suite finds it by name.
 */
package org.nnjit.graph.op;
