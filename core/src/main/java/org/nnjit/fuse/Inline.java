package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.ReadFlat;
import org.nnjit.compute.Expr.Var;
import org.nnjit.compute.Exprs;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.tensor.TensorType;

/** Puts a producer's expression where a consumer reads it. */
final class Inline {
  private Inline() {}

  /** True when element i of the result is the body at axes i: no stages, stored in order. */
  static boolean isPlainMap(Compute p) {
    if (!p.stages().isEmpty() || p.store().size() != p.spatial().size()) {
      return false;
    }
    for (int i = 0; i < p.store().size(); i++) {
      boolean same = p.store().get(i) instanceof Var v && v.axis() == p.spatial().get(i);
      if (!same || p.spatial().get(i).extent() != p.output().shape().dim(i)) {
        return false;
      }
    }
    return true;
  }

  /** The consumer with every read of {@code value} replaced by the producer's body. */
  static ComputeCall into(ComputeCall consumer, String value, ComputeCall producer) {
    Compute c = consumer.compute();
    List<String> args = new ArrayList<>();
    List<TensorType> types = new ArrayList<>();
    int[] fromConsumer = new int[c.inputs().size()];
    for (int i = 0; i < fromConsumer.length; i++) {
      String name = consumer.args().get(i);
      fromConsumer[i] = name.equals(value) ? -1 : argument(name, c.inputs().get(i), args, types);
    }
    Compute p = producer.compute();
    int[] fromProducer = new int[p.inputs().size()];
    for (int i = 0; i < fromProducer.length; i++) {
      fromProducer[i] = argument(producer.args().get(i), p.inputs().get(i), args, types);
    }
    List<Stage> stages = new ArrayList<>();
    for (Stage s : c.stages()) {
      Expr body = replace(s.body(), fromConsumer, p, fromProducer);
      stages.add(s.with(body));
    }
    Compute merged =
        new Compute(
            c.name(),
            types,
            c.output(),
            c.spatial(),
            stages,
            replace(c.body(), fromConsumer, p, fromProducer),
            Exprs.rewrite(c.store(), e -> null));
    return dropUnused(
        new ComputeCall(consumer.label(), merged, args, consumer.result()));
  }

  static int argument(String name, TensorType type, List<String> args, List<TensorType> types) {
    int at = args.indexOf(name);
    if (at < 0) {
      at = args.size();
      args.add(name);
      types.add(type);
    }
    return at;
  }

  /** Numbers arguments anew; an argument mapped to -1 is the producer's value. */
  private static Expr replace(Expr e, int[] fromConsumer, Compute p, int[] fromProducer) {
    return Exprs.rewrite(
        e,
        x -> {
          if (x instanceof Read r) {
            List<Expr> index = new ArrayList<>();
            for (Expr i : r.index()) {
              index.add(replace(i, fromConsumer, p, fromProducer));
            }
            return fromConsumer[r.arg()] >= 0
                ? new Read(fromConsumer[r.arg()], r.type(), index)
                : at(p, fromProducer, index);
          }
          if (x instanceof ReadFlat r) {
            Expr flat = replace(r.index(), fromConsumer, p, fromProducer);
            if (fromConsumer[r.arg()] >= 0) {
              return new ReadFlat(fromConsumer[r.arg()], r.type(), flat);
            }
            if (isReshape(p)) {
              ReadFlat body = (ReadFlat) p.body();
              return new ReadFlat(fromProducer[body.arg()], body.type(), flat);
            }
            return at(p, fromProducer, Affine.delinearise(flat, p.output().shape().dims()));
          }
          return null;
        });
  }

  /** The producer's body at these logical indices of its result. */
  private static Expr at(Compute p, int[] fromProducer, List<Expr> index) {
    Map<Axis, Expr> axes = new HashMap<>();
    for (int i = 0; i < index.size(); i++) {
      axes.put(p.spatial().get(i), index.get(i));
    }
    // The indices may hold reads of their own, whose numbers are the new ones already.
    return Exprs.substitute(renumber(p.body(), fromProducer), axes);
  }

  static Expr renumber(Expr e, int[] to) {
    return Exprs.rewrite(
        e,
        x ->
            switch (x) {
              case Read r ->
                  new Read(
                      to[r.arg()], r.type(), Exprs.rewrite(r.index(), i -> nested(i, to)));
              case ReadFlat r -> new ReadFlat(to[r.arg()], r.type(), renumber(r.index(), to));
              default -> null;
            });
  }

  private static Expr nested(Expr e, int[] to) {
    return renumber(e, to);
  }

  /** True when the body reads its argument at the row-major position of the result's element. */
  static boolean isReshape(Compute p) {
    if (!(p.body() instanceof ReadFlat r) || !isPlainMap(p)) {
      return false;
    }
    Expr own = Exprs.linear(Compute.vars(p.spatial()), p.output().shape().dims());
    return sameAffine(Affine.of(r.index()), Affine.of(own), p.spatial());
  }

  static boolean sameAffine(Affine a, Affine b, List<Axis> axes) {
    if (!a.isPure() || !b.isPure() || a.constant() != b.constant()) {
      return false;
    }
    for (Axis axis : axes) {
      if (axis.extent() > 1 && a.coefficient(axis) != b.coefficient(axis)) {
        return false;
      }
    }
    return true;
  }

  /** Without arguments that nothing reads any more. */
  static ComputeCall dropUnused(ComputeCall call) {
    Compute c = call.compute();
    boolean[] used = new boolean[c.inputs().size()];
    for (Expr r : Exprs.reads(c)) {
      used[Exprs.argOf(r)] = true;
    }
    int[] to = new int[used.length];
    List<String> args = new ArrayList<>();
    List<TensorType> types = new ArrayList<>();
    for (int i = 0; i < used.length; i++) {
      to[i] = args.size();
      if (used[i]) {
        args.add(call.args().get(i));
        types.add(c.inputs().get(i));
      }
    }
    if (args.size() == used.length) {
      return call;
    }
    List<Stage> stages = new ArrayList<>();
    for (Stage s : c.stages()) {
      stages.add(s.with(renumber(s.body(), to)));
    }
    Compute slim =
        new Compute(
            c.name(), types, c.output(), c.spatial(), stages, renumber(c.body(), to), c.store());
    return new ComputeCall(call.label(), slim, args, call.result());
  }
}
