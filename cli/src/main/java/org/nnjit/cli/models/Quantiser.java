package org.nnjit.cli.models;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import org.nnjit.graph.ModelException;

/**
 * Makes MatMulNBits of the products with constant f32 matrices in a file. Each block of {@code
 * block} weights along a column has a scale: symmetric ones take the weight of the greatest
 * magnitude to the end of the codes' range, others have a zero point too.
 *
 * @param bits 4 or 8
 * @param block weights with one scale: 16, 32, 64, 128 or 256
 * @param symmetric without zero points
 * @param accuracyLevel of ONNX Runtime: 0 to 4; with 4 activations are quantised too
 */
public record Quantiser(int bits, int block, boolean symmetric, int accuracyLevel) {
  static final String DOMAIN = "com.microsoft";

  /** Tensors of fewer bytes stay in the model's file. */
  private static final int INLINE_BYTES = 1024;

  private static final int ALIGN = 64;

  /**
   * @throws IllegalArgumentException naming the parameter that is out of range
   */
  public Quantiser {
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("bits is " + bits + ", wanted 4 or 8");
    }
    if (block < 16 || block > 256 || Integer.bitCount(block) != 1) {
      throw new IllegalArgumentException(
          "block is " + block + ", wanted 16, 32, 64, 128 or 256");
    }
    if (accuracyLevel < 0 || accuracyLevel > 4) {
      throw new IllegalArgumentException(
          "accuracy level is " + accuracyLevel + ", wanted 0 to 4");
    }
  }

  /**
   * What was done.
   *
   * @param products that became MatMulNBits
   * @param weights that were quantised
   * @param bytes of the written files
   */
  public record Result(int products, int weights, long bytes) {}

  /**
   * Writes the quantised model. Where the model keeps weights beside it, so does the new one, in
   * {@code NAME.data}.
   *
   * @throws IOException when the file is no model
   * @throws ModelException when weights that it names are missing
   */
  public Result apply(Path from, Path to) throws IOException {
    ModelProto model;
    try (InputStream in = Files.newInputStream(from)) {
      model = ModelProto.parseFrom(in);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("'" + from + "' is not an ONNX file: " + e.getMessage(), e);
    }
    GraphProto.Builder graph = model.getGraph().toBuilder();
    Map<String, TensorProto> weights = new HashMap<>();
    for (TensorProto t : graph.getInitializerList()) {
      weights.put(t.getName(), t);
    }
    Set<String> done = new HashSet<>();
    List<TensorProto> added = new ArrayList<>();
    int products = 0;
    for (int i = 0; i < graph.getNodeCount(); i++) {
      NodeProto node = graph.getNode(i);
      TensorProto w = node.getInputCount() == 2 ? weights.get(node.getInput(1)) : null;
      if (!node.getOpType().equals("MatMul")
          || !node.getDomain().isEmpty()
          || w == null
          || w.getDimsCount() != 2
          || w.getDataType() != TensorProto.DataType.FLOAT_VALUE) {
        continue;
      }
      if (done.add(w.getName())) {
        added.addAll(quantised(w, values(from, w)));
      }
      graph.setNode(i, product(node, w));
      products++;
    }
    Set<String> read = new HashSet<>();
    reads(graph.build(), read);
    boolean external = false;
    List<TensorProto> kept = new ArrayList<>();
    for (TensorProto t : graph.getInitializerList()) {
      external |= isExternal(t);
      if (!done.contains(t.getName()) || read.contains(t.getName())) {
        kept.add(t);
      }
    }
    for (int i = graph.getInputCount() - 1; i >= 0; i--) {
      String name = graph.getInput(i).getName();
      if (done.contains(name) && !read.contains(name)) {
        graph.removeInput(i);
      }
    }
    kept.addAll(added);
    graph.clearInitializer().addAllInitializer(external ? beside(from, to, kept) : kept);
    ModelProto.Builder out = model.toBuilder().setGraph(graph);
    boolean imported = false;
    for (OperatorSetIdProto set : out.getOpsetImportList()) {
      imported |= set.getDomain().equals(DOMAIN);
    }
    if (!imported && products > 0) {
      out.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(DOMAIN).setVersion(1));
    }
    try (OutputStream stream = Files.newOutputStream(to)) {
      out.build().writeTo(stream);
    }
    long bytes = Files.size(to) + (external ? Files.size(data(to)) : 0);
    return new Result(products, done.size(), bytes);
  }

  private NodeProto product(NodeProto node, TensorProto w) {
    NodeProto.Builder product =
        node.toBuilder()
            .setOpType("MatMulNBits")
            .setDomain(DOMAIN)
            .setInput(1, w.getName() + "_q" + bits)
            .addInput(w.getName() + "_scales");
    if (!symmetric) {
      product.addInput(w.getName() + "_zeros");
    }
    number(product, "K", w.getDims(0));
    number(product, "N", w.getDims(1));
    number(product, "bits", bits);
    number(product, "block_size", block);
    if (accuracyLevel > 0) {
      number(product, "accuracy_level", accuracyLevel);
    }
    return product.build();
  }

  private static void number(NodeProto.Builder node, String name, long value) {
    node.addAttributeBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value);
  }

  /** Codes, scales and zero points of {@code w [k, n]}. */
  private List<TensorProto> quantised(TensorProto w, float[] values) {
    int k = Math.toIntExact(w.getDims(0));
    int n = Math.toIntExact(w.getDims(1));
    int blocks = (k + block - 1) / block;
    int blob = blockBytes();
    int zeroBytes = (blocks * bits + 7) / 8;
    byte[] codes = new byte[Math.multiplyExact(Math.multiplyExact(n, blocks), blob)];
    ByteBuffer scales =
        ByteBuffer.allocate(4 * n * blocks).order(ByteOrder.LITTLE_ENDIAN);
    byte[] zeros = new byte[n * zeroBytes];
    float[] x = new float[block];
    for (int column = 0; column < n; column++) {
      for (int b = 0; b < blocks; b++) {
        for (int i = 0; i < block; i++) {
          int row = b * block + i;
          x[i] = row < k ? values[row * n + column] : 0;
        }
        Grid grid = grid(x);
        scales.putFloat(grid.scale());
        put(zeros, column * zeroBytes, b, grid.zero());
        pack(x, grid, codes, (column * blocks + b) * blob);
      }
    }
    List<TensorProto> parts = new ArrayList<>();
    parts.add(tensor(w, "_q" + bits, TensorProto.DataType.UINT8, codes, n, blocks, blob));
    parts.add(
        tensor(w, "_scales", TensorProto.DataType.FLOAT, scales.array(), (long) n * blocks));
    if (!symmetric) {
      parts.add(tensor(w, "_zeros", TensorProto.DataType.UINT8, zeros, zeros.length));
    }
    return parts;
  }

  /** Bytes of a block's codes. */
  int blockBytes() {
    return block * bits / 8;
  }

  /** What a block's codes mean: {@code (code - zero) * scale}. */
  record Grid(float scale, int zero) {}

  /** The grid that fits the values of a block. */
  Grid grid(float[] values) {
    float low = 0;
    float high = 0;
    for (float x : values) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    if (symmetric) {
      int zero = 1 << (bits - 1);
      return new Grid((-low > high ? low : high) / -zero, zero);
    }
    float scale = (high - low) / ((1 << bits) - 1);
    return new Grid(scale, scale == 0 ? 0 : Math.round(-low / scale));
  }

  /**
   * Writes a block's codes.
   *
   * @param values as many as a block has
   * @param at index of the block's first byte, which is 0 as those after it
   */
  void pack(float[] values, Grid grid, byte[] codes, int at) {
    int most = (1 << bits) - 1;
    for (int i = 0; i < values.length; i++) {
      float x = grid.scale() == 0 ? 0 : values[i] / grid.scale();
      put(codes, at, i, Math.max(0, Math.min(most, (int) Math.rint(x) + grid.zero())));
    }
  }

  private void put(byte[] codes, int row, int at, int code) {
    if (bits == 8) {
      codes[row + at] = (byte) code;
    } else {
      codes[row + at / 2] |= (byte) (code << (at % 2 * 4));
    }
  }

  private static TensorProto tensor(
      TensorProto w, String suffix, TensorProto.DataType type, byte[] bytes, long... dims) {
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(w.getName() + suffix)
            .setDataType(type.getNumber())
            .setRawData(ByteString.copyFrom(bytes));
    for (long d : dims) {
      t.addDims(d);
    }
    return t.build();
  }

  private static boolean isExternal(TensorProto t) {
    return t.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
  }

  private static float[] values(Path model, TensorProto w) throws IOException {
    float[] values = new float[Math.toIntExact(w.getDims(0) * w.getDims(1))];
    if (w.getFloatDataCount() > 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] = w.getFloatData(i);
      }
      return values;
    }
    ByteBuffer bytes =
        isExternal(w) ? external(model, w, 4L * values.length) : w.getRawData().asReadOnlyByteBuffer();
    if (bytes.remaining() != 4L * values.length) {
      throw new ModelException("weight '" + w.getName() + "' has " + bytes.remaining()
          + " bytes, wanted " + 4L * values.length);
    }
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /**
   * The bytes of a tensor that lies beside the model.
   *
   * @param length where the model does not say it; negative: up to the file's end
   */
  private static ByteBuffer external(Path model, TensorProto t, long length) throws IOException {
    Map<String, String> entries = new HashMap<>();
    for (StringStringEntryProto e : t.getExternalDataList()) {
      entries.put(e.getKey(), e.getValue());
    }
    Path file = model.resolveSibling(entries.getOrDefault("location", ""));
    if (!Files.isRegularFile(file)) {
      throw new ModelException(
          "the model keeps weights in '" + file + "', which does not exist");
    }
    try (FileChannel channel = FileChannel.open(file)) {
      long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
      long rest = length < 0 ? channel.size() - offset : length;
      long size = Long.parseLong(entries.getOrDefault("length", "" + rest));
      if (offset + size > channel.size()) {
        throw new ModelException("weight '" + t.getName() + "' lies beyond the end of '" + file
            + "', which has " + channel.size() + " bytes");
      }
      ByteBuffer into = ByteBuffer.allocate(Math.toIntExact(size));
      while (into.hasRemaining() && channel.read(into, offset + into.position()) >= 0) {}
      return into.flip();
    }
  }

  private static Path data(Path model) {
    return model.resolveSibling(model.getFileName() + ".data");
  }

  /** The tensors with their bytes in a file beside the model, but for small ones. */
  private static List<TensorProto> beside(Path from, Path to, List<TensorProto> tensors)
      throws IOException {
    List<TensorProto> out = new ArrayList<>();
    try (FileChannel channel =
        FileChannel.open(
            data(to), StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (TensorProto t : tensors) {
        ByteBuffer bytes =
            isExternal(t) ? external(from, t, -1) : t.getRawData().asReadOnlyByteBuffer();
        if (bytes.remaining() < INLINE_BYTES && !isExternal(t)) {
          out.add(t);
          continue;
        }
        long at = (channel.size() + ALIGN - 1) / ALIGN * ALIGN;
        long length = bytes.remaining();
        channel.position(at);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        out.add(
            t.toBuilder()
                .clearRawData()
                .clearExternalData()
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", data(to).getFileName().toString()))
                .addExternalData(entry("offset", "" + at))
                .addExternalData(entry("length", "" + length))
                .build());
      }
    }
    return out;
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  /** Every name that a node of the graph or of a graph inside it reads, and the outputs. */
  private static void reads(GraphProto graph, Set<String> into) {
    graph.getOutputList().forEach(o -> into.add(o.getName()));
    for (NodeProto node : graph.getNodeList()) {
      into.addAll(node.getInputList());
      for (AttributeProto a : node.getAttributeList()) {
        if (a.hasG()) {
          reads(a.getG(), into);
        }
        a.getGraphsList().forEach(g -> reads(g, into));
      }
    }
  }
}
