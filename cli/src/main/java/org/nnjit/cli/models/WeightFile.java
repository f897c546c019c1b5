package org.nnjit.cli.models;

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
   * Writes the model with another graph. Where the model keeps weights beside it, so does the new
   * one, in {@code NAME.data}.
   *
   * @param gone weights that are left out
   * @param added what stands for them
   * @return bytes of the written files
   */
  long write(
      Path to, ModelProto.Builder out, GraphProto.Builder graph, Set<String> gone,
      Collection<TensorProto> added) throws IOException {
    boolean external = false;
    List<TensorProto> kept = new ArrayList<>();
    for (TensorProto t : graph.getInitializerList()) {
      external |= isExternal(t);
      if (!gone.contains(t.getName())) {
        kept.add(t);
      }
    }
    for (int i = graph.getInputCount() - 1; i >= 0; i--) {
      if (gone.contains(graph.getInput(i).getName())) {
        graph.removeInput(i);
      }
    }
    kept.addAll(added);
    graph.clearInitializer().addAllInitializer(external ? beside(to, kept) : kept);
    try (OutputStream stream = Files.newOutputStream(to)) {
      out.setGraph(graph).build().writeTo(stream);
    }
    return Files.size(to) + (external ? Files.size(data(to)) : 0);
  }

  private static boolean isExternal(TensorProto t) {
    return t.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
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

  /** The tensors with their bytes in a file beside the model, but for small ones. */
  private List<TensorProto> beside(Path to, List<TensorProto> tensors)
      throws IOException {
    List<TensorProto> out = new ArrayList<>();
    try (FileChannel channel =
        FileChannel.open(
            data(to), StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (TensorProto t : tensors) {
        ByteBuffer bytes =
            isExternal(t) ? external(t, -1) : t.getRawData().asReadOnlyByteBuffer();
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
  static void reads(GraphProto graph, Set<String> into) {
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
