package org.nnjit.kernel.emit.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.nnjit.compute.Compute;
import org.nnjit.compute.Workload;
import org.nnjit.graph.Attributes;
import org.nnjit.graph.Lowering;
import org.nnjit.graph.Node;
import org.nnjit.graph.OpContext;
import org.nnjit.graph.op.Operators;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Every schedule of quantised products: Wasm agrees with the loops, these with the plain ones. */
final class QuantisedKernelsTest {
  private static final long SEED = 29;
  private final Random random = new Random(SEED);
  private final Batch batch = new Batch();

  private Tensor random(TensorType type) {
    Tensor t = Tensor.zeros(type.dtype(), type.shape());
    for (int i = 0; i < t.elements(); i++) {
      if (type.dtype().isFloat()) {
        t.setDouble(i, random.nextGaussian());
      } else {
        t.setLong(i, random.nextInt(256));
      }
    }
    return t;
  }

  /** The product of a MatMulNBits node. */
  private static Compute product(int m, int k, int n, int bits, boolean zeros, int level) {
    int block = 16;
    int blocks = (k + block - 1) / block;
    Map<String, Object> attributes =
        Map.of(
            "K", (long) k, "N", (long) n, "bits", (long) bits, "block_size", (long) block,
            "accuracy_level", (long) level);
    List<TensorType> types = new ArrayList<>();
    types.add(TensorType.of(DType.F32, m, k));
    types.add(TensorType.of(DType.U8, n, blocks, block * bits / 8));
    types.add(TensorType.of(DType.F32, n * blocks));
    if (zeros) {
      types.add(TensorType.of(DType.U8, n * ((blocks * bits + 7) / 8)));
    }
    List<String> names = List.of("x", "w", "s", "z").subList(0, types.size());
    Node node =
        new Node(
            "q", "com.microsoft", "MatMulNBits", 1, names, List.of("y"),
            Attributes.of(attributes));
    OpContext c =
        new OpContext(node, types.toArray(new TensorType[0]), new Tensor[types.size()]);
    List<Lowering.Call> calls = Operators.require(node).lower(c).calls();
    return calls.get(calls.size() - 1).compute();
  }

  @Test
  void everySchedule() {
    for (int m : new int[] {1, 5}) {
      for (int bits : new int[] {4, 8}) {
        for (int level : new int[] {0, 4}) {
          for (boolean zeros : new boolean[] {false, true}) {
            schedules(product(m, level == 4 ? 80 : 75, 21, bits, zeros, level));
          }
        }
      }
    }
    assertTrue(batch.size() > 100, "kernels: " + batch.size());
    batch.check("seed " + SEED);
  }

  @Test
  void plansOfAllNumbersOfRowsShareTheirCodes() {
    for (int level : new int[] {0, 4}) {
      Set<String> packed = new TreeSet<>();
      for (int m : new int[] {1, 2, 8, 16}) {
        KernelSpace space = Families.of(product(m, 80, 40, 4, true, level), Target.common());
        List<String> keys = new ArrayList<>();
        for (KernelSpace.Packing p : space.packings(space.defaultSchedule(Set.of(1, 2, 3)))) {
          keys.add(Workload.of(p.compute(), Set.of()).key());
        }
        packed.add(keys.toString());
      }
      assertEquals(1, packed.size(), "level " + level + ": " + packed);
    }
  }

  private void schedules(Compute compute) {
    List<Tensor> plain = new ArrayList<>();
    for (TensorType t : compute.inputs()) {
      plain.add(random(t));
    }
    plain.add(Tensor.zeros(DType.F32, compute.output().shape()));
    KernelSpace reference = Families.plain(compute, Target.common());
    LoopNest loops = reference.lower(reference.defaultSchedule(Set.of()));
    Tensor want = Maps.interpret(loops, plain, 0, loops.blocks()).get(plain.size() - 1);
    double most = 0;
    for (int i = 0; i < want.elements(); i++) {
      most = Math.max(most, Math.abs(want.getDouble(i)));
    }
    KernelSpace space = Families.of(compute, Target.common());
    List<Schedule> all = new ArrayList<>();
    all.add(space.defaultSchedule(Set.of(1, 2, 3)));
    for (LiteSpace.Candidate c : space.lite(Set.of(1, 2, 3)).candidates()) {
      all.add(c.schedule());
    }
    Map<String, Tensor> packed = new HashMap<>();
    for (Schedule s : all) {
      LoopNest nest = space.lower(s);
      LoopVerifier.verify(nest);
      List<Tensor> args = arguments(space, s, plain, packed, nest);
      List<Tensor> got = Maps.interpret(nest, args, 0, nest.blocks());
      Tensor y = got.get(got.size() - 1);
      for (int i = 0; i < want.elements(); i++) {
        assertEquals(want.getDouble(i), y.getDouble(i), 2e-6 * most, compute.name() + " " + s);
      }
      LoopNest named = nest.named(nest.name() + " " + s);
      boolean relaxed = s.get("dot", 0) == 1;
      if (!relaxed || batch.dotsAreRight()) {
        batch.add(named, Maps.RELAXED, args, nest.blocks(), 2e-6, most);
      }
      if (!relaxed) {
        batch.add(named, Maps.SIMD, args, nest.blocks(), 2e-6, most);
      }
    }
  }

  /** The arguments as the schedule wants them; words where the kernel reads i8s by words. */
  private static List<Tensor> arguments(
      KernelSpace space, Schedule s, List<Tensor> plain, Map<String, Tensor> packed,
      LoopNest nest) {
    List<Tensor> args = new ArrayList<>(plain);
    for (KernelSpace.Packing p : space.packings(s)) {
      Tensor to =
          packed.computeIfAbsent(
              p.argument() + " " + p.compute().output(),
              key -> {
                KernelSpace copy = Families.of(p.compute(), Target.common());
                LoopNest loops = copy.lower(copy.defaultSchedule(Set.of()));
                TensorType type = p.compute().inputs().get(0);
                byte[] bytes = plain.get(p.argument()).bytes();
                Tensor from = new Tensor(type.dtype(), type.shape(), bytes);
                Tensor empty =
                    Tensor.zeros(p.compute().output().dtype(), p.compute().output().shape());
                return Maps.interpret(loops, List.of(from, empty), 0, loops.blocks()).get(1);
              });
      args.set(p.argument(), to);
    }
    for (int i = 0; i < args.size(); i++) {
      DType type = nest.buffers().get(i).dtype();
      byte[] bytes = args.get(i).bytes();
      args.set(i, new Tensor(type, Shape.of(bytes.length / type.bytes()), bytes));
    }
    return args;
  }
}
