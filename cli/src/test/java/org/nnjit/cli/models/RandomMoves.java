package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import org.nnjit.cli.models.RandomGraph.Value;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Draws nodes that move elements for a {@link RandomGraph}. */
final class RandomMoves {
  private final RandomGraph g;

  RandomMoves(RandomGraph graph) {
    g = graph;
  }

  boolean step() {
    DType[] types = {DType.F32, DType.F32, DType.F32, DType.I64, DType.BOOL};
    Value x = g.any(types[g.below(types.length)], 1, false);
    if (x == null) {
      return false;
    }
    return switch (g.below(9)) {
      case 0 -> transpose(x);
      case 1 -> reshape(x);
      case 2 -> flatten(x);
      case 3 -> unsqueeze(x);
      case 4 -> slice(x);
      case 5 -> concat(x);
      case 6 -> pad(x);
      case 7 -> gather(x);
      default -> expand(x);
    };
  }

  private boolean made(String op, Value x, int[] dims, List<Value> in, AttributeProto... attrs) {
    if (!RandomGraph.fits(dims)) {
      return false;
    }
    g.add(op, x.dtype(), dims, in.stream().allMatch(Value::exact), in, attrs);
    return true;
  }

  private boolean transpose(Value x) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, g.random);
    int[] dims = order.stream().mapToInt(i -> x.dims()[i]).toArray();
    long[] perm = order.stream().mapToLong(i -> i).toArray();
    return made("Transpose", x, dims, List.of(x), Attr.of("perm", perm));
  }

  /** Prime factors of the extents, dealt out to new ones. */
  private boolean reshape(Value x) {
    int[] dims = new int[1 + g.below(4)];
    Arrays.fill(dims, 1);
    for (int d : x.dims()) {
      for (int p = 2; d > 1; p++) {
        for (; d % p == 0; d /= p) {
          dims[g.below(dims.length)] *= p;
        }
      }
    }
    int[] wanted = dims.clone();
    if (g.below(2) == 0) {
      wanted[g.below(wanted.length)] = -1;
    }
    return made("Reshape", x, dims, List.of(x, g.longs(wanted)));
  }

  private boolean flatten(Value x) {
    int axis = g.below(x.rank() + 1);
    int[] dims = {1, 1};
    for (int i = 0; i < x.rank(); i++) {
      dims[i < axis ? 0 : 1] *= x.dims()[i];
    }
    return made("Flatten", x, dims, List.of(x), Attr.of("axis", axis));
  }

  private boolean unsqueeze(Value x) {
    int axis = g.below(x.rank() + 1);
    int[] dims = new int[x.rank() + 1];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = i == axis ? 1 : x.dims()[i < axis ? i : i - 1];
    }
    return made("Unsqueeze", x, dims, List.of(x, g.longs(axis)));
  }

  /** One or more axes, with steps of either sign, ends beyond the extent among them. */
  private boolean slice(Value x) {
    int[] dims = x.dims().clone();
    List<Integer> axes = new ArrayList<>();
    List<Integer> starts = new ArrayList<>();
    List<Integer> ends = new ArrayList<>();
    List<Integer> steps = new ArrayList<>();
    int certain = g.below(dims.length);
    for (int i = 0; i < dims.length; i++) {
      if (i != certain && g.below(3) > 0) {
        continue;
      }
      int extent = dims[i];
      int step = 1 + g.below(2);
      int from = g.below(extent);
      int count = 1 + g.below((extent - from + step - 1) / step);
      axes.add(g.below(2) == 0 ? i : i - dims.length);
      if (g.below(3) == 0) {
        int first = from + (count - 1) * step;
        starts.add(first);
        ends.add(from - 1 < 0 ? -extent - 1 : from - 1);
        steps.add(-step);
      } else {
        boolean toEnd = (extent - from + step - 1) / step == count && g.below(2) == 0;
        starts.add(g.below(2) == 0 ? from : from - extent);
        ends.add(toEnd ? Integer.MAX_VALUE : from + (count - 1) * step + 1);
        steps.add(step);
      }
      dims[i] = count;
    }
    return made(
        "Slice", x, dims, List.of(x, ints(starts), ints(ends), ints(axes), ints(steps)));
  }

  private Value ints(List<Integer> of) {
    return g.longs(of.stream().mapToInt(Integer::intValue).toArray());
  }

  private boolean concat(Value x) {
    int axis = g.below(x.rank());
    List<Value> fitting =
        g.all(
            v -> {
              if (!v.is(x.dtype()) || v.rank() != x.rank()) {
                return false;
              }
              int[] dims = v.dims().clone();
              dims[axis] = x.dims()[axis];
              return Arrays.equals(dims, x.dims());
            });
    List<Value> parts = new ArrayList<>();
    parts.add(x);
    for (int more = 1 + g.below(2); more > 0; more--) {
      if (g.below(3) == 0) {
        int[] dims = x.dims().clone();
        dims[axis] = 1 + g.below(3);
        parts.add(g.weight(x.dtype(), 1, dims));
      } else {
        parts.add(fitting.get(g.below(fitting.size())));
      }
    }
    Collections.shuffle(parts, g.random);
    int[] dims = x.dims().clone();
    dims[axis] = parts.stream().mapToInt(p -> p.dims()[axis]).sum();
    return made("Concat", x, dims, parts, Attr.of("axis", axis));
  }

  private boolean pad(Value x) {
    if (!x.is(DType.F32)) {
      return false;
    }
    String mode = List.of("constant", "constant", "reflect", "edge").get(g.below(4));
    int[] dims = x.dims().clone();
    int[] pads = new int[2 * dims.length];
    for (int i = 0; i < dims.length; i++) {
      int most = mode.equals("reflect") ? Math.min(2, dims[i] - 1) : 2;
      pads[i] = g.below(2) * g.below(most + 1);
      pads[i + dims.length] = g.below(2) * g.below(most + 1);
      dims[i] += pads[i] + pads[i + dims.length];
    }
    List<Value> in = new ArrayList<>(List.of(x, g.longs(pads)));
    if (mode.equals("constant") && g.below(2) == 0) {
      in.add(g.constant(Tensor.scalar(DType.F32, -1.5)));
    }
    AttributeProto attribute =
        AttributeProto.newBuilder()
            .setName("mode")
            .setType(AttributeType.STRING)
            .setS(ByteString.copyFromUtf8(mode))
            .build();
    return made("Pad", x, dims, in, attribute);
  }

  private boolean gather(Value x) {
    int axis = g.below(x.rank());
    int extent = x.dims()[axis];
    int[][] shapes = {{}, {1 + g.below(4)}, {1 + g.below(3), 1 + g.below(3)}};
    Shape shape = Shape.of(shapes[g.below(shapes.length)]);
    Tensor indices = Tensor.zeros(g.below(2) == 0 ? DType.I64 : DType.I32, shape);
    for (int i = 0; i < indices.elements(); i++) {
      indices.setLong(i, g.below(2 * extent) - extent);
    }
    List<Integer> dims = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (i == axis) {
        Arrays.stream(shape.dims()).forEach(dims::add);
      } else {
        dims.add(x.dims()[i]);
      }
    }
    int[] out = dims.stream().mapToInt(Integer::intValue).toArray();
    return made("Gather", x, out, List.of(x, g.constant(indices)), Attr.of("axis", axis));
  }

  private boolean expand(Value x) {
    int[] target = x.dims().clone();
    int[] dims = x.dims().clone();
    for (int i = 0; i < target.length; i++) {
      if (dims[i] == 1) {
        dims[i] = target[i] = 1 + g.below(4);
      } else if (g.below(2) == 0) {
        target[i] = 1;
      }
    }
    return made("Expand", x, dims, List.of(x, g.longs(target)));
  }
}
