package org.nnjit.graph;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.Compute;

/**
 * The computes of one node, in order. Values are numbered: node inputs from 0 by position, then
 * whatever the calls produce is named by {@link Output} or {@link Temp}.
 */
public record Lowering(List<Call> calls) {

  public Lowering {
    calls = List.copyOf(calls);
  }

  /** A value a call reads or writes. */
  public sealed interface Operand {}

  /** The node's input at this position. */
  public record Input(int index) implements Operand {}

  /** A value that lives between two calls of this lowering. */
  public record Temp(int index) implements Operand {}

  /** The node's output at this position. */
  public record Output(int index) implements Operand {}

  /**
   * A number that is not 0 where an index of the node lies out of bounds: {@code 2 i + 2} of an
   * index {@code i} from 0 on, {@code 1 - 2 i} of a negative one.
   *
   * @param complaint what is wrong then; the index follows
   */
  public record Check(String complaint) implements Operand {
    /** The complaint about a result that is not 0. */
    public String text(long result) {
      return complaint + (result % 2 == 0 ? (result - 2) / 2 : (1 - result) / 2);
    }
  }

  /**
   * One compute with its arguments; several calls may store parts of one output.
   *
   * @param compute what is calculated
   * @param args argument values, as many as the compute has inputs
   * @param result where the result goes, perhaps calculated as another type of as many bytes
   */
  public record Call(Compute compute, List<Operand> args, Operand result) {
    public Call {
      args = List.copyOf(args);
    }
  }

  /** One compute over the node's inputs 0 to n-1 that gives output 0. */
  public static Lowering of(Compute compute) {
    List<Operand> args = new ArrayList<>();
    for (int i = 0; i < compute.inputs().size(); i++) {
      args.add(new Input(i));
    }
    return new Lowering(List.of(new Call(compute, args, new Output(0))));
  }

  /** One compute over chosen node inputs that gives output 0. */
  public static Lowering of(Compute compute, int... inputs) {
    List<Operand> args = new ArrayList<>();
    for (int i : inputs) {
      args.add(new Input(i));
    }
    return new Lowering(List.of(new Call(compute, args, new Output(0))));
  }
}
