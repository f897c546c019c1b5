package org.nnjit.e2e;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import org.nnjit.cli.models.SampleFeeds;
import org.nnjit.cli.tensors.FeedFiles;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Feeds for the project's models and what ONNX Runtime answers, as files. */
final class ModelData {
  private ModelData() {}

  /**
   * Writes feeds and ONNX Runtime's results as a data set.
   *
   * @param dir gets {@code test_data_set_<set>}
   * @param file the model
   */
  static void expected(Model m, Path dir, Path file, int set, int batch, int sequence)
      throws Exception {
    expected(m, dir, file, set, batch, sequence, 0);
  }

  /** The same after {@code past} tokens, for a model that takes a past. */
  static void expected(
      Model m, Path dir, Path file, int set, int batch, int sequence, int past)
      throws Exception {
    expected(SampleFeeds.of(m, batch, sequence, past, 7 + set), dir, file, set);
  }

  /** The same for these feeds. */
  static void expected(Map<String, Tensor> feeds, Path dir, Path file, int set) throws Exception {
    Path to = Files.createDirectories(dir.resolve("test_data_set_" + set));
    OrtEnvironment env = OrtEnvironment.getEnvironment();
    try (OrtSession session = env.createSession(file.toString())) {
      Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
      int i = 0;
      for (Map.Entry<String, Tensor> e : feeds.entrySet()) {
        inputs.put(e.getKey(), ort(env, e.getValue()));
        Files.write(
            to.resolve("input_" + i++ + ".pb"), FeedFiles.proto(e.getKey(), e.getValue()));
      }
      try (OrtSession.Result results = session.run(inputs)) {
        int o = 0;
        for (var r : results) {
          OnnxTensor t = (OnnxTensor) r.getValue();
          FloatBuffer floats = t.getFloatBuffer();
          ByteBuffer bytes =
              ByteBuffer.allocate(floats.remaining() * 4).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asFloatBuffer().put(floats);
          int[] dims =
              Arrays.stream(t.getInfo().getShape()).mapToInt(Math::toIntExact).toArray();
          Tensor result = new Tensor(DType.F32, Shape.of(dims), bytes.array());
          Files.write(
              to.resolve("output_" + o++ + ".pb"), FeedFiles.proto(r.getKey(), result));
        }
      }
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static long[] dims(Tensor t) {
    long[] d = new long[t.shape().rank()];
    for (int i = 0; i < d.length; i++) {
      d[i] = t.shape().dim(i);
    }
    return d;
  }

  private static OnnxTensor ort(OrtEnvironment env, Tensor t) throws Exception {
    ByteBuffer b = ByteBuffer.wrap(t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    if (t.dtype() == DType.I64) {
      LongBuffer longs = b.asLongBuffer();
      return OnnxTensor.createTensor(env, longs, dims(t));
    }
    if (t.dtype() == DType.BOOL) {
      return OnnxTensor.createTensor(env, b, dims(t), OnnxJavaType.BOOL);
    }
    return OnnxTensor.createTensor(env, b.asFloatBuffer(), dims(t));
  }

  /** A model of the project with what it must answer, made in a folder that is served as /made. */
  static Map<String, Object> testCase(String name, Path work) throws Exception {
    Model m = Models.named(name);
    Path dir = Files.createDirectories(work.resolve(name));
    Path file = ModelFiles.write(m, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
    expected(m, dir, file, 0, 1, 16);
    String url = "/made/" + name;
    return BackendTests.testCase(name, url + "/" + file.getFileName(), BackendTests.sets(dir, url));
  }

  /** A port [rows, columns] of f32 whose rows the file leaves open. */
  static ValueInfoProto port(String name, int columns) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    shape.addDimBuilder().setDimParam("rows");
    shape.addDimBuilder().setDimValue(columns);
    TypeProto.Tensor type =
        TypeProto.Tensor.newBuilder()
            .setElemType(TensorProto.DataType.FLOAT_VALUE)
            .setShape(shape)
            .build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }
}
