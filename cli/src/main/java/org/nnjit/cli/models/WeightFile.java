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
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import org.nnjit.graph.ModelException;

/** A model's file that is read, changed in its weights, and written as another. */
final class WeightFile {
  /** Tensors of fewer bytes stay in the model's file. */
  private static final int INLINE_BYTES = 1024;

  private static final int ALIGN = 64;

  private final Path from;
  private final ModelProto model;

  /**
   * Reads a model but for what lies beside it.
   *
   * @throws IOException when the file is no model
   */
  WeightFile(Path from) throws IOException {
    this.from = from;
    try (InputStream in = Files.newInputStream(from)) {
      this.model = ModelProto.parseFrom(in);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("'" + from + "' is not an ONNX file: " + e.getMessage(), e);
    }
  }

  ModelProto model() {
    return model;
  }

  /**
   * Writes a model that was made of this one. Where this one keeps weights beside it, so does the
   * new one, in {@code NAME.data}.
   *
   * @return bytes of the written files
   */
  long write(Path to, ModelProto.Builder out) throws IOException {
    boolean external = isExternal(model.getGraph());
    if (external) {
      if (holdsWeights(model.getGraph(), data(to))) {
        throw new ModelException(
            "'" + data(to) + "' holds the weights of '" + from + "'; name another file to write");
      }
      try (FileChannel channel =
          FileChannel.open(
              data(to), StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        moveBeside(to, channel, out.getGraphBuilder());
      }
    }
    try (OutputStream stream = Files.newOutputStream(to)) {
      out.build().writeTo(stream);
    }
    return Files.size(to) + (external ? Files.size(data(to)) : 0);
  }

  /**
   * Replaces weights of a graph.
   *
   * @param gone weights that are left out
   * @param added what stands for them
   */
  static void replace(
      GraphProto.Builder graph, Set<String> gone, Collection<TensorProto> added) {
    for (int i = graph.getInitializerCount() - 1; i >= 0; i--) {
      if (gone.contains(graph.getInitializer(i).getName())) {
        graph.removeInitializer(i);
      }
    }
    for (int i = graph.getInputCount() - 1; i >= 0; i--) {
      if (gone.contains(graph.getInput(i).getName())) {
        graph.removeInput(i);
      }
    }
    graph.addAllInitializer(added);
  }

  private static boolean isExternal(TensorProto t) {
    return t.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
  }

  private static boolean isExternal(GraphProto graph) {
    return graph.getInitializerList().stream().anyMatch(t -> isExternal(t))
        || inside(graph).stream().anyMatch(g -> isExternal(g));
  }

  /** Whether tensors of a graph or of one inside it lie in a file. */
  private boolean holdsWeights(GraphProto graph, Path file) throws IOException {
    for (TensorProto t : graph.getInitializerList()) {
      for (StringStringEntryProto e : t.getExternalDataList()) {
        boolean there = e.getKey().equals("location") && isExternal(t) && Files.exists(file);
        if (there && Files.isSameFile(from.resolveSibling(e.getValue()), file)) {
          return true;
        }
      }
    }
    for (GraphProto g : inside(graph)) {
      if (holdsWeights(g, file)) {
        return true;
      }
    }
    return false;
  }

  /** A tensor with these bytes. */
  static TensorProto tensor(String name, TensorProto.DataType type, byte[] bytes, long... dims) {
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.getNumber())
            .setRawData(ByteString.copyFrom(bytes));
    for (long d : dims) {
      t.addDims(d);
    }
    return t.build();
  }

  static long elements(TensorProto t) {
    long elements = 1;
    for (long d : t.getDimsList()) {
      elements = Math.multiplyExact(elements, d);
    }
    return elements;
  }

  /** The numbers of an f32 tensor. */
  float[] values(TensorProto w) throws IOException {
    float[] values = new float[Math.toIntExact(elements(w))];
    if (w.getFloatDataCount() > 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] = w.getFloatData(i);
      }
      return values;
    }
    ByteBuffer bytes =
        isExternal(w) ? external(w, 4L * values.length) : w.getRawData().asReadOnlyByteBuffer();
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
  private ByteBuffer external(TensorProto t, long length) throws IOException {
    Map<String, String> entries = new HashMap<>();
    for (StringStringEntryProto e : t.getExternalDataList()) {
      entries.put(e.getKey(), e.getValue());
    }
    Path file = from.resolveSibling(entries.getOrDefault("location", ""));
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

  /** Moves bytes of weights into the file beside the model, but for small ones. */
  private void moveBeside(Path to, FileChannel channel, GraphProto.Builder graph)
      throws IOException {
    for (TensorProto.Builder t : graph.getInitializerBuilderList()) {
      moveBeside(to, channel, t);
    }
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (AttributeProto.Builder a : node.getAttributeBuilderList()) {
        if (a.hasG()) {
          moveBeside(to, channel, a.getGBuilder());
        }
        for (GraphProto.Builder g : a.getGraphsBuilderList()) {
          moveBeside(to, channel, g);
        }
      }
    }
  }

  private void moveBeside(Path to, FileChannel channel, TensorProto.Builder t)
      throws IOException {
    boolean external = t.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
    ByteBuffer bytes =
        external ? external(t.build(), -1) : t.getRawData().asReadOnlyByteBuffer();
    if (bytes.remaining() < INLINE_BYTES && !external) {
      return;
    }
    long at = (channel.size() + ALIGN - 1) / ALIGN * ALIGN;
    long length = bytes.remaining();
    channel.position(at);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    t.clearRawData()
        .clearExternalData()
        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
        .addExternalData(entry("location", data(to).getFileName().toString()))
        .addExternalData(entry("offset", "" + at))
        .addExternalData(entry("length", "" + length));
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  /** Every name that a node of the graph or of a graph inside it reads, and the outputs. */
  static void reads(GraphProto graph, Set<String> into) {
    graph.getOutputList().forEach(o -> into.add(o.getName()));
    graph.getNodeList().forEach(node -> into.addAll(node.getInputList()));
    inside(graph).forEach(g -> reads(g, into));
  }

  /** Every name of a value of the graph or of a graph inside it. */
  static void names(GraphProto graph, Set<String> into) {
    graph.getInputList().forEach(i -> into.add(i.getName()));
    graph.getInitializerList().forEach(t -> into.add(t.getName()));
    graph.getNodeList().forEach(node -> into.addAll(node.getOutputList()));
    inside(graph).forEach(g -> names(g, into));
  }

  /** Graphs that are attributes of nodes. */
  private static List<GraphProto> inside(GraphProto graph) {
    List<GraphProto> inside = new ArrayList<>();
    for (NodeProto node : graph.getNodeList()) {
      for (AttributeProto a : node.getAttributeList()) {
        if (a.hasG()) {
          inside.add(a.getG());
        }
        inside.addAll(a.getGraphsList());
      }
    }
    return inside;
  }
}
