package org.nnjit.graph;

/**
 * One declared dimension of a graph input or output: a number, or a symbol whose value a feed
 * brings.
 *
 * @param symbol name of the symbol ("" when the file gives none), or null when the value is known
 * @param value the extent, or -1 when it is symbolic
 */
public record Dim(String symbol, int value) {

  public static Dim of(int value) {
    return new Dim(null, value);
  }

  public static Dim symbolic(String name) {
    return new Dim(name, -1);
  }

  public boolean isKnown() {
    return symbol == null;
  }

  @Override
  public String toString() {
    return isKnown() ? Integer.toString(value) : symbol.isEmpty() ? "?" : symbol;
  }
}
