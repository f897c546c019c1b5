package org.nnjit.kernel.emit.wasm;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.loop.Buffer;
import org.nnjit.loop.LoopNest;
import org.nnjit.loop.LoopVerifier;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** Random kernels do the same in real Wasm as in the interpreter. */
final class RandomNestsTest {
  private static final long SEED = Long.getLong("nnjit.seed", 3);
  private static final int KERNELS = Integer.getInteger("nnjit.kernels", 400);

  @Test
  void wasmAgreesWithTheInterpreter() {
    Random random = new Random(SEED);
    Batch batch = new Batch();
    for (int k = 0; k < KERNELS; k++) {
      LoopNest nest = new RandomNests(random).next("random" + k);
      LoopVerifier.verify(nest);
      List<Tensor> tensors = new ArrayList<>();
      for (Buffer buffer : nest.buffers()) {
        tensors.add(input(buffer.dtype(), random));
      }
      batch.add(nest, Maps.SIMD, tensors, nest.blocks(), 0);
    }
    batch.check("seed " + SEED + " (-Dnnjit.seed=N, -Dnnjit.kernels=N)");
  }

  /** Small whole numbers, so that sums stay exact and conversions in range. */
  private static Tensor input(DType dtype, Random random) {
    Tensor t = Maps.zeros(dtype, RandomNests.ELEMENTS);
    for (int i = 0; i < t.elements(); i++) {
      t.setLong(i, dtype == DType.BOOL ? random.nextInt(2) : random.nextInt(-9, 10));
    }
    return t;
  }
}
