package org.nnjit.cli.tensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

class FeedFilesTest {
  private static final Port X = port("x", DType.F32, Dim.of(2), Dim.of(3));
  private static final Port IDS = port("ids", DType.I64, Dim.symbolic("batch"), Dim.symbolic("n"));
  private static final Port ROWS = port("rows", DType.I32, Dim.symbolic(""), Dim.of(2));

  private final Tensor floats = Tensor.ofFloats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);

  @TempDir Path dir;

  @BeforeEach
  void files() throws IOException {
    write("x.bin", floats.bytes());
    write("x.npy", Npy.write(floats));
    write("x.pb", FeedFiles.proto("any name", floats));
    write("x.json", "[[1, 2, 3], [4, 5, 6]]".getBytes());
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.write(dir.resolve(name), bytes);
  }

  private static Port port(String name, DType type, Dim... dims) {
    return new Port(name, type, List.of(dims));
  }

  private Map<String, Tensor> read(List<Port> ports, String... feeds) throws IOException {
    List<String> texts = new ArrayList<>();
    for (String f : feeds) {
      texts.add(f.replace("=", "=" + dir + "/"));
    }
    return FeedFiles.read(texts, new Graph("g", ports, List.of(), List.of(), Map.of()));
  }

  private String fails(List<Port> ports, String... feeds) {
    return assertThrows(ModelException.class, () -> read(ports, feeds))
        .getMessage()
        .replace(dir + "/", "");
  }

  @Test
  void readsEveryFormat() throws Exception {
    for (String ending : List.of("bin", "npy", "pb", "json")) {
      Tensor t = read(List.of(X), "x=x." + ending).get("x");
      assertEquals(floats.type(), t.type(), ending);
      assertArrayEquals(floats.bytes(), t.bytes(), ending);
    }
  }

  @Test
  void keepsTheOrderOfTheModel() throws Exception {
    write("ids.json", "[[1, 2]]".getBytes());
    assertEquals(
        List.of("ids", "x"), List.copyOf(read(List.of(IDS, X), "x=x.npy", "ids=ids.json").keySet()));
  }

  @Test
  void theUserMaySayTheShape() throws Exception {
    write("ids.bin", Tensor.ofLongs(Shape.of(6), 1, 2, 3, 4, 5, 6).bytes());
    assertEquals("i64[2,3]{1, 2, 3, 4, 5, 6}", read(List.of(IDS), "ids:2x3=ids.bin").get("ids").toString());
    write("flat.json", "[1, 2, 3, 4, 5, 6]".getBytes());
    assertEquals(Shape.of(2, 3), read(List.of(X), "x:2x3=flat.json").get("x").shape());
  }

  @Test
  void oneOpenDimensionFollowsFromTheSize() throws Exception {
    write("rows.bin", new byte[4 * 10]);
    assertEquals(Shape.of(5, 2), read(List.of(ROWS), "rows=rows.bin").get("rows").shape());
  }

  @Test
  void aNameMayEndLikeAShape() throws Exception {
    Port odd = port("input:0", DType.F32, Dim.of(2), Dim.of(3));
    assertEquals(Shape.of(2, 3), read(List.of(odd), "input:0=x.bin").get("input:0").shape());
    assertEquals(Shape.of(2, 3), read(List.of(odd), "input:0:2x3=x.bin").get("input:0").shape());
  }

  @Test
  void wrongNamesAreErrors() {
    assertEquals(
        "the model has no input 'y', it has x: float32[2,3], ids: int64[batch,n]",
        fails(List.of(X, IDS), "y=x.npy"));
    assertEquals(
        "input 'ids' has no file, wanted int64[batch,n]: add --feed ids=FILE",
        fails(List.of(X, IDS), "x=x.npy"));
    assertEquals("input 'x' is fed twice", fails(List.of(X), "x=x.npy", "x=x.pb"));
    assertEquals(
        "--feed 'x': wanted NAME=FILE or NAME:DIMS=FILE, such as ids:1x128=ids.bin",
        fails(List.of(X), "x"));
    assertEquals("input 'x' from 'none.npy': there is no such file", fails(List.of(X), "x=none.npy"));
    assertEquals("'2xtwo' is no shape; one of rank 2 is 1x128",
        assertThrows(ModelException.class, () -> Shapes.parse("2xtwo")).getMessage());
  }

  @Test
  void wrongFilesAreErrors() throws Exception {
    write("x.dat", new byte[24]);
    assertEquals(
        "input 'x' from 'x.dat': what is in it? Give it the ending .pb (ONNX tensor), .npy (NumPy),"
            + " .json or .bin",
        fails(List.of(X), "x=x.dat"));
    write("x.pb", new byte[] {10, 127, 1});
    String message = fails(List.of(X), "x=x.pb");
    assertTrue(message.startsWith("input 'x' from 'x.pb': not a valid"), message);
    write("short.bin", new byte[20]);
    assertEquals(
        "input 'x' from 'short.bin': it has 20 bytes, float32[2,3] needs 24",
        fails(List.of(X), "x=short.bin"));
    assertEquals(
        "input 'ids' from 'short.bin': it has 20 bytes, which gives int64[batch,n] no shape: name it"
            + " as in --feed ids:1x1=short.bin",
        fails(List.of(IDS), "ids=short.bin"));
    assertEquals(
        "input 'rows' from 'short.bin': it has 20 bytes = 5 elements, which gives int32[?,2] no"
            + " shape: name it as in --feed rows:1x2=short.bin",
        fails(List.of(ROWS), "rows=short.bin"));
  }

  @Test
  void wrongTypesAndShapesAreErrors() throws Exception {
    assertEquals(
        "input 'ids' from 'x.npy': it holds float32[2,3], wanted int64[batch,n]; in NumPy:"
            + " x.astype('int64')",
        fails(List.of(IDS), "ids=x.npy"));
    assertEquals(
        "input 'ids' from 'x.pb': it holds float32[2,3], wanted int64[batch,n]",
        fails(List.of(IDS), "ids=x.pb"));
    write("flat.npy", Npy.write(floats.reshaped(Shape.of(6))));
    assertEquals(
        "input 'x' from 'flat.npy': it holds float32[6], wanted float32[2,3]; --feed x:2x3=flat.npy"
            + " reads it in that shape",
        fails(List.of(X), "x=flat.npy"));
    write("more.npy", Npy.write(Tensor.zeros(DType.F32, Shape.of(2, 4))));
    assertEquals(
        "input 'x' from 'more.npy': it holds float32[2,4], wanted float32[2,3]",
        fails(List.of(X), "x=more.npy"));
    assertEquals(
        "input 'x' from 'x.npy': it holds float32[2,3], not the 8 elements of [2,4]",
        fails(List.of(X), "x:2x4=x.npy"));
    Port half = port("h", DType.BF16, Dim.of(6));
    assertEquals(
        "input 'h' from 'flat.npy': it holds float32[6], wanted bfloat16[6]; NumPy has no such type:"
            + " use .pb, .json or .bin",
        fails(List.of(half), "h=flat.npy"));
  }

  @Test
  void symbolsMustAgreeAmongInputs() throws Exception {
    Port mask = port("mask", DType.I64, Dim.symbolic("batch"), Dim.symbolic("n"));
    write("ids.json", "[[1, 2, 3]]".getBytes());
    write("mask.json", "[[1, 1]]".getBytes());
    assertEquals(
        "input 'mask': dimension 'n' is 2, but 3 in input 'ids'",
        fails(List.of(IDS, mask), "ids=ids.json", "mask=mask.json"));
  }
}
