package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.List;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.TensorType;

/**
 * Gives each operand of a product that is summed an argument that nothing else in the call reads,
 * though it name the same value: a matrix times its own transpose, a residual that is an operand
 * too. A kernel may then want one operand packed or laid out otherwise.
 */
final class OwnOperands {
  private OwnOperands() {}

  static List<Call> apply(List<Call> calls) {
    List<Call> out = new ArrayList<>();
    for (Call call : calls) {
      out.add(call instanceof ComputeCall c && InlineMap.isProduct(c.compute()) ? own(c) : call);
    }
    return out;
  }

  private static ComputeCall own(ComputeCall call) {
    Compute c = call.compute();
    List<String> args = new ArrayList<>(call.args());
    List<TensorType> types = new ArrayList<>(c.inputs());
    List<Stage> stages = new ArrayList<>(c.stages());
    for (int i = 0; i < stages.size(); i++) {
      if (!(stages.get(i).body() instanceof Binary p) || p.op() != BinaryOp.MUL) {
        continue;
      }
      List<Expr> others = new ArrayList<>();
      others.add(c.body());
      for (int j = 0; j < stages.size(); j++) {
        if (j != i) {
          others.add(stages.get(j).body());
        }
      }
      Expr b = moved(p.b(), others, args, types);
      others.add(b);
      Expr a = moved(p.a(), others, args, types);
      stages.set(i, stages.get(i).with(Expr.binary(BinaryOp.MUL, a, b)));
    }
    Compute own =
        new Compute(c.name(), types, c.output(), c.spatial(), stages, c.body(), c.store());
    return new ComputeCall(call.label(), own, args, call.result());
  }

  /** The operand with new arguments, added to the lists, for those that the others read too. */
  private static Expr moved(
      Expr operand, List<Expr> others, List<String> args, List<TensorType> types) {
    boolean[] shared = new boolean[args.size()];
    for (Expr e : others) {
      for (Expr r : Exprs.reads(e)) {
        shared[Exprs.argOf(r)] = true;
      }
    }
    int[] to = new int[shared.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = i;
    }
    for (Expr r : Exprs.reads(operand)) {
      int arg = Exprs.argOf(r);
      if (shared[arg] && to[arg] == arg) {
        to[arg] = args.size();
        args.add(args.get(arg));
        types.add(types.get(arg));
      }
    }
    return Inline.renumber(operand, to);
  }
}
