/**
 * The model as a graph of operators on named values: the front ends build it, passes rewrite it.
 *
 * <p>Read {@link org.nnjit.graph.Graph}, {@link org.nnjit.graph.Node} and {@link
 * org.nnjit.graph.Operator} first. Operators live in {@code graph.op}, one file each and one line
 * in the alphabetical list {@code graph.op.Operators}.
 */
package org.nnjit.graph;
