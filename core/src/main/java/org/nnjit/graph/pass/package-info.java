/**
 * From a graph with symbolic dimensions to one with concrete types, folded and fused.
 *
 * <p>Read {@link org.nnjit.graph.pass.Specialiser}, {@link org.nnjit.graph.pass.TypedGraph} and
 * {@link org.nnjit.graph.pass.Passes} first. A new pass is one file and one line in {@code Passes}.
 */
package org.nnjit.graph.pass;
