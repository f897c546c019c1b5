package org.nnjit.cli.tensors;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * Tensors as JSON: arrays in arrays, a number for a scalar. Floats may also be NaN, Infinity and
 * -Infinity, booleans may be 0 and 1.
 */
public final class JsonTensors {
  private JsonTensors() {}

  /**
   * The tensor of a text.
   *
   * @param type of the elements, which JSON does not tell
   * @throws ModelException when the text is no such array, or an element does not fit the type
   */
  public static Tensor read(String json, DType type) {
    JsonElement root;
    try {
      root = JsonParser.parseString(json);
    } catch (JsonParseException e) {
      throw new ModelException("not valid JSON: " + e.getMessage());
    }
    List<Integer> dims = new ArrayList<>();
    JsonElement first = root;
    while (first instanceof JsonArray a) {
      dims.add(a.size());
      first = a.isEmpty() ? null : a.get(0);
    }
    Shape shape = Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
    Tensor t = Tensor.zeros(type, shape);
    fill(t, root, 0, 0);
    return t;
  }

  /** Puts the elements below into the tensor from {@code at} on; returns the end. */
  private static int fill(Tensor t, JsonElement e, int depth, int at) {
    Shape shape = t.shape();
    if (depth == shape.rank()) {
      if (!(e instanceof JsonPrimitive p)) {
        throw new ModelException("element " + at + " is " + e + ", wanted a number");
      }
      put(t, at, p);
      return at + 1;
    }
    if (!(e instanceof JsonArray a) || a.size() != shape.dim(depth)) {
      throw new ModelException(
          "the arrays are not of one shape: before element " + at + " there is "
              + (e instanceof JsonArray a ? "an array of " + a.size() : "" + e)
              + " where the first has " + shape.dim(depth));
    }
    for (JsonElement below : a) {
      at = fill(t, below, depth + 1, at);
    }
    return at;
  }

  private static void put(Tensor t, int at, JsonPrimitive value) {
    DType type = t.dtype();
    String text = value.getAsString();
    if (type == DType.BOOL && value.isBoolean()) {
      t.setLong(at, value.getAsBoolean() ? 1 : 0);
      return;
    }
    try {
      if (type.isFloat()) {
        t.setDouble(at, Double.parseDouble(text));
        return;
      }
      BigInteger number = new BigDecimal(text).toBigIntegerExact();
      if (number.compareTo(least(type)) >= 0 && number.compareTo(most(type)) <= 0) {
        t.setLong(at, number.longValue());
        return;
      }
    } catch (NumberFormatException | ArithmeticException e) {
      // Reported below with the value.
    }
    throw new ModelException(
        "element " + at + " is " + text + ", wanted "
            + (type.isFloat() ? "a number" : "an integer from " + least(type) + " to " + most(type)));
  }

  private static BigInteger least(DType t) {
    return t.isUnsigned() ? BigInteger.ZERO : BigInteger.TWO.pow(8 * t.bytes() - 1).negate();
  }

  private static BigInteger most(DType t) {
    int bits = t == DType.BOOL ? 1 : t.isUnsigned() ? 8 * t.bytes() : 8 * t.bytes() - 1;
    return BigInteger.TWO.pow(bits).subtract(BigInteger.ONE);
  }
}
