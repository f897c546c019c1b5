package org.nnjit.graph.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Combiner;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Stage;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.Operator;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;
import org.nnjit.tensor.Texts;

/**
 * Einstein summation. Operands are joined from left to right, each time summing over the labels
 * that nothing later names, so that every compute is a product of at most two operands.
 *
 * <p>Labels are the equation's letters; the dimensions an ellipsis stands for are labelled with
 * digits, counted from the last one.
 */
final class Einsum implements Operator {

  @Override
  public String type() {
    return "Einsum";
  }

  /**
   * The equation with every ellipsis written out.
   *
   * @param inputs labels of each input's dimensions
   * @param output labels of the result's dimensions
   * @param extents extent of each label
   */
  private record Equation(List<String> inputs, String output, Map<Character, Integer> extents) {

    static Equation of(OpContext c) {
      String text = c.attributes().getString("equation", "").replace(" ", "");
      int arrow = text.indexOf("->");
      String left = arrow < 0 ? text : text.substring(0, arrow);
      List<String> terms = Texts.split(left, ',');
      if (terms.size() != c.inputCount()) {
        throw wrong(c, "it has " + terms.size() + " terms for " + c.inputCount() + " inputs");
      }
      Map<Character, Integer> extents = new TreeMap<>();
      List<String> inputs = new ArrayList<>();
      int widest = 0;
      for (int i = 0; i < terms.size(); i++) {
        Shape s = c.shape(i);
        int letters = terms.get(i).replace("...", "").length();
        boolean dots = terms.get(i).contains("...");
        int free = s.rank() - letters;
        if (free < 0 || free > 9 || !dots && free > 0) {
          throw wrong(c, "term '" + terms.get(i) + "' does not fit input " + i + " of shape " + s);
        }
        widest = Math.max(widest, dots ? free : 0);
        String labels = terms.get(i).replace("...", digits(free));
        for (int d = 0; d < labels.length(); d++) {
          char label = labels.charAt(d);
          int known = extents.getOrDefault(label, 1);
          if (known != 1 && s.dim(d) != 1 && known != s.dim(d)) {
            throw wrong(c, "label '" + label + "' is " + known + " and, in input " + i
                + " of shape " + s + ", " + s.dim(d));
          }
          extents.put(label, known == 1 ? s.dim(d) : known);
        }
        inputs.add(labels);
      }
      String output =
          arrow < 0
              ? digits(widest) + once(inputs, extents)
              : text.substring(arrow + 2).replace("...", digits(widest));
      for (int d = 0; d < output.length(); d++) {
        if (!extents.containsKey(output.charAt(d))) {
          throw wrong(c, "the result's label '" + output.charAt(d) + "' is in no input");
        }
        if (output.indexOf(output.charAt(d)) < d) {
          throw wrong(c, "the result names label '" + output.charAt(d) + "' twice");
        }
      }
      return new Equation(inputs, output, extents);
    }

    private static RuntimeException wrong(OpContext c, String why) {
      return c.error(
          "equation \"" + c.attributes().getString("equation", "") + "\" is wrong: " + why);
    }

    /** {@code "210"} for three dimensions. */
    private static String digits(int n) {
      StringBuilder s = new StringBuilder();
      for (int i = n - 1; i >= 0; i--) {
        s.append((char) ('0' + i));
      }
      return s.toString();
    }

    /** Letters that stand once in all inputs, in alphabetical order. */
    private static String once(List<String> inputs, Map<Character, Integer> extents) {
      String all = String.join("", inputs);
      StringBuilder s = new StringBuilder();
      for (char label : extents.keySet()) {
        if (label > '9' && all.indexOf(label) == all.lastIndexOf(label)) {
          s.append(label);
        }
      }
      return s.toString();
    }

    TensorType type(DType dtype, String labels) {
      int[] dims = new int[labels.length()];
      for (int i = 0; i < dims.length; i++) {
        dims[i] = extents.get(labels.charAt(i));
      }
      return TensorType.of(dtype, Shape.of(dims));
    }
  }

  @Override
  public List<TensorType> infer(OpContext c) {
    Equation e = Equation.of(c);
    return List.of(e.type(c.dtype(0), e.output));
  }

  /** An operand: a value, its type and the labels of its dimensions. */
  private record Term(Lowering.Operand value, TensorType type, String labels) {}

  @Override
  public Lowering lower(OpContext c) {
    Equation e = Equation.of(c);
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < c.inputCount(); i++) {
      terms.add(new Term(new Lowering.Input(i), c.input(i), e.inputs.get(i)));
    }
    List<Lowering.Call> calls = new ArrayList<>();
    while (terms.size() > 2) {
      Term a = terms.remove(0);
      Term b = terms.remove(0);
      StringBuilder later = new StringBuilder(e.output);
      for (Term t : terms) {
        later.append(t.labels);
      }
      StringBuilder kept = new StringBuilder();
      for (char label : e.extents.keySet()) {
        if (later.indexOf("" + label) >= 0 && (a.labels + b.labels).indexOf(label) >= 0) {
          kept.append(label);
        }
      }
      DType wide = Build.working(c.dtype(0));
      Term joined =
          new Term(
              new Lowering.Temp(calls.size()), e.type(wide, kept.toString()), kept.toString());
      calls.add(join(c, e, List.of(a, b), joined));
      terms.add(0, joined);
    }
    Term result = new Term(new Lowering.Output(0), infer(c).get(0), e.output);
    calls.add(join(c, e, terms, result));
    return new Lowering(calls);
  }

  private static Lowering.Call join(OpContext c, Equation e, List<Term> operands, Term result) {
    List<Axis> axes = Compute.axes(result.type);
    Map<Character, Axis> byLabel = new TreeMap<>();
    for (int i = 0; i < axes.size(); i++) {
      byLabel.put(result.labels.charAt(i), axes.get(i));
    }
    List<Axis> over = new ArrayList<>();
    Args args = new Args(c);
    Expr product = null;
    for (Term t : operands) {
      List<Expr> index = new ArrayList<>();
      for (int d = 0; d < t.labels.length(); d++) {
        char label = t.labels.charAt(d);
        Axis axis = byLabel.get(label);
        if (axis == null) {
          axis = new Axis("" + label, e.extents.get(label));
          byLabel.put(label, axis);
          over.add(axis);
        }
        index.add(t.type.shape().dim(d) == 1 ? Expr.i32(0) : Expr.var(axis));
      }
      Expr element = Build.wide(args.read(t.value, t.type, index));
      product = product == null ? element : Expr.mul(product, element);
    }
    List<Stage> stages = new ArrayList<>();
    if (!over.isEmpty()) {
      stages.add(new Stage(axes.size(), Combiner.SUM, over, product));
      product = new Expr.StageValue(0, product.type());
    }
    return args.call("einsum", result.type, axes, stages, product, result.value);
  }
}
