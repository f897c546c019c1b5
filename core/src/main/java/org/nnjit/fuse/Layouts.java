package org.nnjit.fuse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nnjit.compute.Affine;
import org.nnjit.compute.Axis;
import org.nnjit.compute.BinaryOp;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Expr;
import org.nnjit.compute.Expr.Binary;
import org.nnjit.compute.Expr.FloatConst;
import org.nnjit.compute.Expr.Read;
import org.nnjit.compute.Expr.Select;
import org.nnjit.compute.Stage;
import org.nnjit.fuse.Program.Call;
import org.nnjit.fuse.Program.ComputeCall;
import org.nnjit.fuse.Program.HostCall;
import org.nnjit.tensor.Layout;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * Chooses layouts around convolutions: images lie channel-last, with a halo of zeros as wide as the
 * padding of the convolutions that read them. Images that no convolution mixes the channels of stay
 * channel-first: there turning them over and back takes longer than the convolutions. Invariant
 * made: convolutions read without guards, and what they run along is dense.
 */
public final class Layouts {
  /** Narrower images leave lanes without work when they lie channel-first. */
  private static final int WIDE = 16;

  private final Program program;
  private final List<Call> calls;
  private final Map<String, TensorType> types;
  /** Images that are laid out. */
  private final Set<String> images = new LinkedHashSet<>();

  /** Values that lie channel-last when they are images. */
  private final Set<String> mixed = new HashSet<>();

  private final Map<String, int[]> halos = new HashMap<>();
  /** In the order of the values, which addresses follow. */
  private final Map<String, Long> elements = new LinkedHashMap<>();
  private final boolean tiles;
  private final Map<String, Integer> tiled = new HashMap<>();

  private Layouts(Program program, boolean tiles) {
    this.tiles = tiles;
    this.program = program;
    this.calls = new ArrayList<>(program.calls());
    this.types = new LinkedHashMap<>(program.types());
  }

  /**
   * The program with layouts.
   *
   * @param program same values and calls, some copies more
   * @param paddedElements elements to allocate for each value with a halo, which must be zero
   *     before the first run and is written by nobody outside the tensor itself
   */
  public record Result(Program program, Map<String, Long> paddedElements) {}

  /**
   * Lays out a program.
   *
   * @param tiles convolutions of 3x3 may be made by transformed tiles, whose sums differ in the
   *     last digits
   */
  public static Result apply(Program program, boolean tiles) {
    return new Layouts(program, tiles).run();
  }

  private Result run() {
    boolean any = false;
    for (Call c : calls) {
      any |= isConv(c);
    }
    if (!any) {
      return new Result(program, Map.of());
    }
    copyFixedInputs();
    findMixed();
    copyFixedOutputs();
    spread();
    for (int i = 0; i < calls.size(); i++) {
      if (isConv(calls.get(i))) {
        unguard(i);
      }
    }
    for (String v : images) {
      types.put(v, types.get(v).withLayout(layout(v)));
    }
    retype();
    relayoutWeights();
    Program laidOut =
        new Program(program.inputs(), program.outputs(), types, program.constants(), calls);
    return new Result(Winograd.apply(laidOut, tiled), elements);
  }

  private boolean isConv(Call call) {
    return call instanceof ComputeCall c
        && c.compute().name().startsWith("conv")
        && c.compute().output().shape().rank() == 4
        && product(c.compute()) != null;
  }

  /** The product that the convolution sums, or null. */
  private static Binary product(Compute c) {
    return c.stages().size() == 1
            && c.stages().get(0).body() instanceof Binary b
            && b.op() == BinaryOp.MUL
        ? b
        : null;
  }

  /** The image read, its guard taken off. */
  private static Read image(Compute c) {
    Expr a = product(c).a();
    if (a instanceof Select s && s.whenFalse() instanceof FloatConst f && f.value() == 0) {
      a = s.whenTrue();
    }
    return a instanceof Read r && r.index().size() == 4 ? r : null;
  }

  private boolean isFixed(String value) {
    return program.inputs().contains(value)
        || program.outputs().contains(value)
        || program.constants().containsKey(value);
  }

  /** Whether a value is a weight or calculated from weights by one compute. */
  private boolean isKnownAtLoad(String value) {
    Set<String> weights = program.constants().keySet();
    boolean known = weights.contains(value);
    for (Call c : calls) {
      known |= c.results().contains(value) && weights.containsAll(c.args());
    }
    return known;
  }

  /** Convolutions over model inputs read a copy, which may be laid out freely. */
  private void copyFixedInputs() {
    Map<String, String> copies = new HashMap<>();
    for (int i = 0; i < calls.size(); i++) {
      if (!isConv(calls.get(i))) {
        continue;
      }
      ComputeCall call = (ComputeCall) calls.get(i);
      Read r = image(call.compute());
      if (r == null || !isFixed(call.args().get(r.arg()))) {
        continue;
      }
      String from = call.args().get(r.arg());
      String to = copies.get(from);
      if (to == null) {
        to = from + "#image";
        copies.put(from, to);
        TensorType t = types.get(from);
        types.put(to, TensorType.of(t.dtype(), t.shape()));
        calls.add(i++, copy(call.label(), "image", from, t, to, types.get(to)));
      }
      List<String> args = new ArrayList<>(call.args());
      args.set(r.arg(), to);
      calls.set(i, new ComputeCall(call.label(), call.compute(), args, call.result()));
    }
  }

  /**
   * Values from which channels are mixed, or that are calculated together with such: for all of them
   * one layout is chosen, as turning over costs as much as calculating.
   */
  private void findMixed() {
    for (boolean changed = true; changed; ) {
      changed = false;
      for (Call c : calls) {
        if (!(c instanceof ComputeCall call)) {
          continue;
        }
        Set<String> together = new HashSet<>(c.args());
        together.removeAll(program.constants().keySet());
        together.add(call.result());
        together.removeIf(v -> types.get(v).shape().rank() != 4);
        boolean mixes = isConv(c) && !isPerChannel(call.compute());
        for (String v : together) {
          mixes |= mixed.contains(v);
        }
        changed |= mixes && mixed.addAll(together);
      }
    }
  }

  /** One filter for each channel, which steps through wide rows one by one. */
  private static boolean isPerChannel(Compute c) {
    Read r = image(c);
    // A convolution of one dimension has one axis less.
    if (r == null || c.spatial().size() != 5 || !isDepthwise(c)) {
      return false;
    }
    Axis column = c.spatial().get(4);
    return column.extent() >= WIDE && Affine.of(r.index().get(3)).coefficient(column) == 1;
  }

  private static boolean isDepthwise(Compute c) {
    return c.spatial().get(1).extent() > 1 && c.spatial().get(2).extent() == 1;
  }

  /** Model outputs that convolutions write are copied, and what is copied may be laid out freely. */
  private void copyFixedOutputs() {
    Set<String> written = new LinkedHashSet<>();
    for (Call c : calls) {
      if (isConv(c) && isFixed(((ComputeCall) c).result())) {
        written.add(((ComputeCall) c).result());
      }
    }
    written.retainAll(mixed);
    for (String to : written) {
      copyOutput(to);
    }
  }

  /** All parts of the value are written to another, which is copied once they are. */
  private void copyOutput(String to) {
    String from = to + "#image";
    TensorType t = types.get(to);
    types.put(from, TensorType.of(t.dtype(), t.shape()));
    mixed.add(from);
    int last = -1;
    for (int i = 0; i < calls.size(); i++) {
      // Host calls keep the one that lies row-major.
      if (calls.get(i) instanceof ComputeCall c) {
        List<String> args = new ArrayList<>(c.args());
        args.replaceAll(a -> a.equals(to) ? from : a);
        boolean writes = c.result().equals(to);
        last = writes ? i : last;
        calls.set(i, new ComputeCall(c.label(), c.compute(), args, writes ? from : c.result()));
      }
    }
    String label = calls.get(last).label();
    calls.add(last + 1, copy(label, "image", from, types.get(from), to, t));
  }

  private static ComputeCall copy(
      String label, String name, String from, TensorType fromType, String to, TensorType toType) {
    List<Axis> axes = Compute.axes(toType);
    Expr body = Expr.read(0, fromType.dtype(), Compute.vars(axes));
    Compute c = Compute.of(name, List.of(fromType), toType, axes, List.of(), body);
    return new ComputeCall(label, c, List.of(from), to);
  }

  /** Images of convolutions, and whatever is calculated from them element by element or window. */
  private void spread() {
    Set<String> host = new HashSet<>();
    for (Call c : calls) {
      if (c instanceof HostCall h) {
        host.addAll(h.args());
        host.addAll(h.results());
      }
    }
    for (int round = 0; round < 2; round++) {
      for (Call c : calls) {
        if (!(c instanceof ComputeCall call)) {
          continue;
        }
        boolean image = isConv(c);
        if (image) {
          Read r = image(call.compute());
          String x = r == null ? null : call.args().get(r.arg());
          if (x != null && !isFixed(x) && !host.contains(x)) {
            images.add(x);
          }
        }
        for (String a : call.args()) {
          image |= images.contains(a) && types.get(a).shape().rank() == 4;
        }
        String y = call.result();
        if (image && types.get(y).shape().rank() == 4 && !isFixed(y) && !host.contains(y)) {
          images.add(y);
        }
      }
    }
  }

  /** Takes the guard off a convolution, if it has one, and notes the halo that its windows need. */
  private void unguard(int at) {
    ComputeCall call = (ComputeCall) calls.get(at);
    Compute c = call.compute();
    Read r = image(c);
    if (r == null || !images.contains(call.args().get(r.arg()))) {
      return;
    }
    String x = call.args().get(r.arg());
    Shape shape = types.get(x).shape();
    if (product(c).a() instanceof Select guarded && !isInside(guarded.condition(), r, shape, c)) {
      return;
    }
    int tile =
        tiles && product(c).b() instanceof Read w && isKnownAtLoad(call.args().get(w.arg()))
            ? Winograd.tile(c, r, w)
            : 0;
    Affine[] reached = {Affine.of(r.index().get(2)), Affine.of(r.index().get(3))};
    if (!reached[0].isPure() || !reached[1].isPure()) {
      return;
    }
    int[] halo = halos.computeIfAbsent(x, k -> new int[4]);
    for (int d = 2; d < 4; d++) {
      int low = (int) reached[d - 2].least();
      int high = (int) reached[d - 2].most();
      if (tile > 0) {
        high += Winograd.overhang(c.spatial().get(d + 1), tile);
      }
      int k = (d - 2) * 2;
      halo[k] = Math.max(halo[k], -low);
      halo[k + 1] = Math.max(halo[k + 1], high - (shape.dim(d) - 1));
    }
    Stage s = c.stages().get(0);
    Stage bare = s.with(Expr.mul(r, product(c).b()));
    Compute plain =
        new Compute(
            c.name(), c.inputs(), c.output(), c.spatial(), List.of(bare), c.body(), c.store());
    calls.set(at, new ComputeCall(call.label(), plain, call.args(), call.result()));
    if (tile > 0) {
      tiled.put(call.result(), tile);
    }
  }

  /**
   * True when the guard says no more than that the rows and columns read lie in the image. One that
   * was written for a part or a transpose of the image, which is read through, says something else.
   */
  private static boolean isInside(Expr guard, Read image, Shape shape, Compute c) {
    if (!(guard instanceof Binary b)) {
      return false;
    }
    if (b.op() == BinaryOp.AND) {
      return isInside(b.a(), image, shape, c) && isInside(b.b(), image, shape, c);
    }
    for (int d = 2; d < 4; d++) {
      Expr at = image.index().get(d);
      boolean first = b.op() == BinaryOp.LE && b.a().equals(Expr.i32(0)) && same(b.b(), at, c);
      boolean last =
          b.op() == BinaryOp.LT && b.b().equals(Expr.i32(shape.dim(d))) && same(b.a(), at, c);
      if (first || last) {
        return true;
      }
    }
    return false;
  }

  private static boolean same(Expr a, Expr b, Compute c) {
    List<Axis> axes = new ArrayList<>(c.spatial());
    axes.addAll(c.stages().get(0).axes());
    return Inline.sameAffine(Affine.of(a), Affine.of(b), axes);
  }

  private Layout layout(String value) {
    Shape s = types.get(value).shape();
    int[] h = halos.getOrDefault(value, new int[4]);
    int c = s.dim(1);
    int rows = s.dim(2) + h[0] + h[1];
    int columns = s.dim(3) + h[2] + h[3];
    if (h[0] + h[1] + h[2] + h[3] > 0) {
      elements.put(value, (long) s.dim(0) * rows * columns * c);
    }
    int offset = h[0] * columns + h[2];
    return mixed.contains(value)
        ? Layout.of(offset * c, rows * columns * c, 1, columns * c, c)
        : Layout.of(offset, rows * columns * c, rows * columns, columns, 1);
  }

  private void retype() {
    for (int i = 0; i < calls.size(); i++) {
      if (calls.get(i) instanceof ComputeCall c) {
        calls.set(i, retyped(c));
      }
    }
  }

  private ComputeCall retyped(ComputeCall call) {
    Compute c = call.compute();
    List<TensorType> inputs = new ArrayList<>();
    for (int i = 0; i < call.args().size(); i++) {
      TensorType t = types.get(call.args().get(i));
      // Some read the bits of floats as integers.
      TensorType own = c.inputs().get(i);
      inputs.add(t.dtype() == own.dtype() ? t : own);
    }
    Compute typed =
        new Compute(
            c.name(), inputs, types.get(call.result()), c.spatial(), c.stages(), c.body(),
            c.store());
    return new ComputeCall(call.label(), typed, call.args(), call.result());
  }

  /** Depthwise weights of channel-last images get dense channels, so that they load as vectors. */
  private void relayoutWeights() {
    for (int i = 0; i < calls.size(); i++) {
      if (!isConv(calls.get(i))) {
        continue;
      }
      ComputeCall call = (ComputeCall) calls.get(i);
      Compute c = call.compute();
      if (!isDepthwise(c)
          || !mixed.contains(call.result())
          || !(product(c).b() instanceof Read w)
          || w.index().size() != 4) {
        continue;
      }
      String from = call.args().get(w.arg());
      TensorType t = types.get(from);
      int o = t.shape().dim(0);
      int in = t.shape().dim(1);
      Layout dense = Layout.of(0, 1, o, t.shape().dim(3) * in * o, in * o);
      String to = from + "#dense";
      if (!types.containsKey(to)) {
        types.put(to, t.withLayout(dense));
        calls.add(i++, copy(call.label(), "relayout", from, t, to, types.get(to)));
      }
      List<String> args = new ArrayList<>(call.args());
      args.set(w.arg(), to);
      calls.set(i, retyped(new ComputeCall(call.label(), c, args, call.result())));
    }
  }
}
