package org.nnjit.kernel.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nnjit.compute.Axis;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Stage;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LoopNest;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.TensorType;

/**
 * Every compute as a nest over its spatial axes with the reductions inside: elementwise chains,
 * copies, softmax, normalisation, pooling, depthwise convolution, and whatever no other family
 * takes. Steps: {@code lanes} (4 or 1) and {@code tile}, how many neighbours along the
 * second-innermost axis share loads.
 */
public final class MapReduceFamily implements KernelFamily {

  @Override
  public String name() {
    return "mapreduce";
  }

  @Override
  public KernelSpace match(Compute compute, Target target) {
    return new Space(compute, target.has(Feature.SIMD));
  }

  private record Space(Compute compute, boolean simd) implements KernelSpace {
    @Override
    public Schedule defaultSchedule(Set<Integer> weights) {
      return Schedule.of("mapreduce").with("lanes", simd ? 4 : 1).with("tile", defaultTile());
    }

    private int defaultTile() {
      boolean windowed = false;
      for (Stage stage : compute.stages()) {
        int points = 1;
        for (Axis a : stage.axes()) {
          points *= a.extent();
        }
        windowed |= stage.outer() == compute.spatial().size() && points <= 32;
      }
      return windowed ? 4 : 1;
    }

    @Override
    public LiteSpace lite(Set<Integer> weights) {
      double orders = 1;
      for (int i = 2; i <= compute.spatial().size(); i++) {
        orders *= i;
      }
      return new LiteSpace.Builder("mapreduce")
          .choose("lanes", 2 * orders, simd ? 4 : 1)
          .choose("tile", 16, 1, 2, 4, 8)
          .order(s -> Math.abs(s.get("tile", 1) - defaultTile()), 4);
    }

    @Override
    public LoopNest lower(Schedule schedule) {
      Buffer[] buffers = buffers(compute);
      LoopBuilder addresses = new LoopBuilder(buffers, types(compute));
      Compute c = order(Collapse.apply(compute, addresses), addresses);
      c = Collapse.apply(c, addresses);
      return new MapReduceLowering(c, schedule, buffers, types(compute)).lower();
    }
  }

  static Buffer[] buffers(Compute c) {
    Buffer[] buffers = new Buffer[c.inputs().size() + 1];
    for (int i = 0; i < c.inputs().size(); i++) {
      buffers[i] = new Buffer("x" + i, c.inputs().get(i).dtype());
    }
    buffers[buffers.length - 1] = new Buffer("y", c.output().dtype());
    return buffers;
  }

  static TensorType[] types(Compute c) {
    TensorType[] types = new TensorType[c.inputs().size() + 1];
    for (int i = 0; i < c.inputs().size(); i++) {
      types[i] = c.inputs().get(i);
    }
    types[types.length - 1] = c.output();
    return types;
  }

  /**
   * Puts spatial axes in the order of the output's memory, largest step first, within each group
   * of axes that no stage separates.
   */
  static Compute order(Compute c, LoopBuilder addresses) {
    List<Axis> axes = new ArrayList<>(c.spatial());
    var store = addresses.address(c.inputs().size(), c.store());
    for (int i = 1; i < axes.size(); i++) {
      for (int j = i; j > 0; j--) {
        boolean fence = false;
        for (Stage s : c.stages()) {
          fence |= s.outer() == j;
        }
        int before = Math.abs(store.coefficient(axes.get(j - 1)));
        int here = Math.abs(store.coefficient(axes.get(j)));
        if (fence || before >= here) {
          break;
        }
        Axis a = axes.get(j);
        axes.set(j, axes.get(j - 1));
        axes.set(j - 1, a);
      }
    }
    return new Compute(
        c.name(), c.inputs(), c.output(), axes, c.stages(), c.body(), c.store());
  }
}
