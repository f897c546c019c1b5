package org.nnjit.cli.tensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;

class JsonTensorsTest {

  private static String read(String json, DType type) {
    return JsonTensors.read(json, type).toString();
  }

  private static String fails(String json, DType type) {
    return assertThrows(ModelException.class, () -> JsonTensors.read(json, type)).getMessage();
  }

  @Test
  void readsArraysInArrays() {
    assertEquals(
        "f32[2,3]{1.0, 2.5, -0.25, 4.0, 5.0, 6.0}",
        read("[[1, 2.5, -25e-2], [4, 5, 6]]", DType.F32));
    assertEquals("f16[]{0.5}", read("0.5", DType.F16));
    assertEquals("i32[0]{}", read("[]", DType.I32));
    assertEquals("i32[2,0]{}", read("[[], []]", DType.I32));
    assertEquals("bool[4]{1, 0, 1, 0}", read("[true, false, 1, 0]", DType.BOOL));
    assertEquals(
        "f64[3]{NaN, Infinity, -Infinity}", read("[NaN, \"Infinity\", -Infinity]", DType.F64));
  }

  @Test
  void keepsEveryDigitOfIntegers() {
    assertEquals(
        "i64[2]{9223372036854775807, -9223372036854775808}",
        read("[9223372036854775807, -9223372036854775808]", DType.I64));
    assertEquals("u64[1]{-1}", read("[18446744073709551615]", DType.U64));
    assertEquals("i8[3]{-128, 127, 100}", read("[-128, 127, 1e2]", DType.I8));
  }

  @Test
  void saysWhichElementDoesNotFit() {
    assertEquals(
        "element 1 is 256, wanted an integer from 0 to 255", fails("[255, 256]", DType.U8));
    assertEquals(
        "element 0 is 1.5, wanted an integer from -2147483648 to 2147483647",
        fails("[1.5]", DType.I32));
    assertEquals("element 2 is two, wanted a number", fails("[[0, 1], [\"two\", 3]]", DType.F32));
    assertEquals("element 1 is null, wanted a number", fails("[1, null]", DType.F32));
    assertEquals("element 0 is {\"x\":1}, wanted a number", fails("{\"x\": 1}", DType.F32));
    assertEquals("element 1 is 2, wanted an integer from 0 to 1", fails("[true, 2]", DType.BOOL));
  }

  @Test
  void saysWhereTheShapeBreaks() {
    assertEquals(
        "the arrays are not of one shape: before element 2 there is an array of 3 where the first"
            + " has 2",
        fails("[[1, 2], [3, 4, 5]]", DType.F32));
    assertEquals(
        "the arrays are not of one shape: before element 2 there is 3 where the first has 2",
        fails("[[1, 2], 3]", DType.F32));
    assertEquals("element 1 is [3], wanted a number", fails("[1, [3]]", DType.F32));
    assertTrue(fails("[1, 2", DType.F32).startsWith("not valid JSON: "));
  }
}
