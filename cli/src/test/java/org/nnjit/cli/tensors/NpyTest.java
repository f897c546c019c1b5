package org.nnjit.cli.tensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

class NpyTest {

  /** A file as NumPy lays it out. */
  private static byte[] file(int version, String header, byte... data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(100 + text.length + data.length);
    out.order(ByteOrder.LITTLE_ENDIAN).put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.UTF_8));
    out.put((byte) version).put((byte) 0);
    if (version == 1) {
      out.putShort((short) text.length);
    } else {
      out.putInt(text.length);
    }
    out.put(text).put(data);
    return Arrays.copyOf(out.array(), out.position());
  }

  private static String header(String type, String order, String shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }   \n";
  }

  @Test
  void readsWhatNumPyWrites() {
    Tensor t = Npy.read(file(1, header("<i2", "False", "(2, 3)"), bytes(0, 1, 2, 3, 4, -5)));
    assertEquals("i16[2,3]{0, 1, 2, 3, 4, -5}", t.toString());
    assertEquals(
        "i16[3]{1, 2, 3}",
        Npy.read(file(2, header("<i2", "False", "(3,)"), bytes(1, 2, 3))).toString());
    assertEquals(
        "i16[]{7}", Npy.read(file(3, header("<i2", "False", "()"), bytes(7))).toString());
    assertEquals("u8[2]{255, 1}", byteArray("|u1"));
    assertEquals("i8[2]{-1, 1}", byteArray("|i1"));
  }

  private static String byteArray(String type) {
    return Npy.read(file(1, header(type, "False", "(2,)"), (byte) -1, (byte) 1)).toString();
  }

  @Test
  void turnsBigEndianElementsAround() {
    byte[] data = {0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 1, 0};
    Tensor t = Npy.read(file(1, header(">i4", "False", "(3,)"), data));
    assertEquals("i32[3]{66051, 0, 256}", t.toString());
  }

  @Test
  void bringsFortranOrderIntoRows() {
    Tensor t = Npy.read(file(1, header("<i2", "True", "(2, 3)"), bytes(0, 3, 1, 4, 2, 5)));
    assertEquals("i16[2,3]{0, 1, 2, 3, 4, 5}", t.toString());
    Tensor cube =
        Npy.read(file(1, header("<i2", "True", "(2, 2, 2)"), bytes(0, 4, 2, 6, 1, 5, 3, 7)));
    assertEquals("i16[2,2,2]{0, 1, 2, 3, 4, 5, 6, 7}", cube.toString());
  }

  @Test
  void readsWhatItWritesOfEveryType() {
    for (DType type : DType.values()) {
      if (type == DType.BF16) {
        continue;
      }
      for (Shape shape : new Shape[] {Shape.SCALAR, Shape.of(3), Shape.of(2, 0), Shape.of(2, 3, 1)}) {
        Tensor t = Tensor.zeros(type, shape);
        for (int i = 0; i < t.elements(); i++) {
          t.setDouble(i, i + 1);
        }
        Tensor back = Npy.read(Npy.write(t));
        assertEquals(t.type(), back.type());
        assertArrayEquals(t.bytes(), back.bytes());
      }
    }
  }

  @Test
  void bfloat16BecomesFloat32() {
    Tensor t = Tensor.zeros(DType.BF16, Shape.of(2));
    t.setDouble(1, 1.5);
    assertEquals("f32[2]{0.0, 1.5}", Npy.read(Npy.write(t)).toString());
  }

  @Test
  void elementsBeginAtAMultipleOf64Bytes() {
    byte[] written = Npy.write(Tensor.ofFloats(Shape.of(1, 2), 3, 4));
    String text = new String(written, StandardCharsets.ISO_8859_1);
    assertEquals(128 + 8, written.length);
    assertTrue(
        text.startsWith("\u0093NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, ), }"),
        text);
    assertEquals('\n', text.charAt(127));
  }

  @Test
  void saysWhatIsWrong() {
    assertEquals(
        "not a .npy file: it does not begin with NumPy's signature", fails(new byte[] {80, 75, 3, 4}));
    byte[] whole = file(1, header("<i2", "False", "(2, 3)"), bytes(0, 1, 2, 3, 4, 5));
    assertEquals(
        "the .npy file holds 10 bytes of elements, int16[2,3] needs 12",
        fails(Arrays.copyOf(whole, whole.length - 2)));
    assertEquals(
        "the .npy file ends inside its header of 63 bytes: it has 30", fails(Arrays.copyOf(whole, 30)));
    assertEquals(
        "NumPy's type '<c8' is not supported; booleans, integers and floats of 2, 4 and 8 bytes are",
        fails(file(1, header("<c8", "False", "(1,)"))));
    assertEquals(
        "the .npy file's header is {'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), },"
            + " wanted an array of numbers: descr, fortran_order and shape",
        fails(file(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }\n")));
    assertEquals(
        "a tensor of shape 65536, 65536 is too large",
        fails(file(1, header("<f4", "False", "(65536, 65536)"))));
  }

  private static String fails(byte[] file) {
    return assertThrows(ModelException.class, () -> Npy.read(file)).getMessage();
  }

  private static byte[] bytes(int... values) {
    ByteBuffer out = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int v : values) {
      out.putShort((short) v);
    }
    return out.array();
  }
}
