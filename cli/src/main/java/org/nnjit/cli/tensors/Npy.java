package org.nnjit.cli.tensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nnjit.graph.ModelException;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/**
 * NumPy's files of one array: the bytes {@code 93 'NUMPY'}, a major and a minor version, the
 * header's length (2 bytes in version 1, 4 bytes since), the header, then the elements. The header
 * is a Python dictionary such as {@code {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }}.
 *
 * <p>Source: NumPy, {@code numpy.lib.format}.
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** The elements begin at a multiple of this. */
  private static final int ALIGNMENT = 64;

  private static final Pattern TYPE = Pattern.compile("'descr': *'([<>|=])([a-z])(\\d+)'");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order': *(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape': *\\(([0-9, ]*)\\)");

  private Npy() {}

  /**
   * The array of a file, in row-major order whatever order the file has.
   *
   * @throws ModelException when the bytes are no such file, or hold something else than numbers
   */
  public static Tensor read(byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int sizeBytes = file.length > MAGIC.length && file[MAGIC.length] > 1 ? 4 : 2;
    int start = MAGIC.length + 2 + sizeBytes;
    if (file.length < start || !ByteBuffer.wrap(file, 0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
      throw new ModelException("not a .npy file: it does not begin with NumPy's signature");
    }
    long size = sizeBytes == 2 ? in.getShort(start - 2) & 0xffff : in.getInt(start - 4) & 0xffffffffL;
    if (start + size > file.length) {
      throw new ModelException(
          "the .npy file ends inside its header of " + size + " bytes: it has " + file.length);
    }
    String header = new String(file, start, (int) size, StandardCharsets.UTF_8);
    Matcher type = find(TYPE, header);
    DType dtype = dtype(type.group(2), Integer.parseInt(type.group(3)));
    if (dtype == null) {
      throw new ModelException(
          "NumPy's type '" + type.group(1) + type.group(2) + type.group(3)
              + "' is not supported; booleans, integers and floats of 2, 4 and 8 bytes are");
    }
    Shape shape = Shapes.parse(find(SHAPE, header).group(1), " *, *");
    long bytes = shape.elements() * dtype.bytes();
    long held = file.length - start - size;
    if (held != bytes) {
      throw new ModelException(
          "the .npy file holds " + held + " bytes of elements, " + dtype.onnxName() + shape
              + " needs " + bytes);
    }
    byte[] data = new byte[(int) bytes];
    System.arraycopy(file, start + (int) size, data, 0, data.length);
    if (type.group(1).equals(">")) {
      swap(data, dtype.bytes());
    }
    Tensor t = new Tensor(dtype, shape, data);
    return find(FORTRAN, header).group(1).equals("True") ? rowMajor(t) : t;
  }

  private static Matcher find(Pattern entry, String header) {
    Matcher m = entry.matcher(header);
    if (!m.find()) {
      throw new ModelException(
          "the .npy file's header is " + header.strip() + ", wanted an array of numbers: descr,"
              + " fortran_order and shape");
    }
    return m;
  }

  private static DType dtype(String kind, int bytes) {
    for (DType t : DType.values()) {
      if (t != DType.BF16 && t.bytes() == bytes && kind(t).equals(kind)) {
        return t;
      }
    }
    return null;
  }

  private static String kind(DType t) {
    return t == DType.BOOL ? "b" : t.isFloat() ? "f" : t.isUnsigned() ? "u" : "i";
  }

  /** Turns every element's bytes around. */
  private static void swap(byte[] data, int elementBytes) {
    for (int at = 0; at < data.length; at += elementBytes) {
      for (int i = 0; i < elementBytes / 2; i++) {
        byte b = data[at + i];
        data[at + i] = data[at + elementBytes - 1 - i];
        data[at + elementBytes - 1 - i] = b;
      }
    }
  }

  /** The elements of a tensor whose first dimension runs fastest, in row-major order. */
  private static Tensor rowMajor(Tensor columnMajor) {
    Shape shape = columnMajor.shape();
    int size = columnMajor.dtype().bytes();
    byte[] from = columnMajor.bytes();
    byte[] to = new byte[from.length];
    int[] index = new int[shape.rank()];
    for (int at = 0; at < to.length; at += size) {
      int source = 0;
      for (int i = index.length - 1; i >= 0; i--) {
        source = source * shape.dim(i) + index[i];
      }
      System.arraycopy(from, source * size, to, at, size);
      for (int i = index.length - 1; i >= 0 && ++index[i] == shape.dim(i); i--) {
        index[i] = 0;
      }
    }
    return new Tensor(columnMajor.dtype(), shape, to);
  }

  /** A file of a tensor; bfloat16, which NumPy lacks, becomes float32. */
  public static byte[] write(Tensor tensor) {
    if (tensor.dtype() == DType.BF16) {
      Tensor wide = Tensor.zeros(DType.F32, tensor.shape());
      for (int i = 0; i < wide.elements(); i++) {
        wide.setDouble(i, tensor.getDouble(i));
      }
      return write(wide);
    }
    DType t = tensor.dtype();
    StringBuilder header = new StringBuilder("{'descr': '");
    header.append(t.bytes() == 1 ? '|' : '<').append(kind(t)).append(t.bytes());
    header.append("', 'fortran_order': False, 'shape': (");
    for (int d : tensor.shape().dims()) {
      header.append(d).append(", ");
    }
    header.append("), }");
    int before = MAGIC.length + 4;
    while ((before + header.length() + 1) % ALIGNMENT != 0) {
      header.append(' ');
    }
    header.append('\n');
    ByteBuffer out =
        ByteBuffer.allocate(before + header.length() + tensor.bytes().length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) header.length());
    out.put(header.toString().getBytes(StandardCharsets.US_ASCII)).put(tensor.bytes());
    return out.array();
  }
}
