package org.nnjit.cli.models;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** A model in ONNX Runtime, one thread. */
final class Oracle implements AutoCloseable {
  /** One f32 output. */
  record Output(long[] dims, float[] values) {
    Tensor tensor() {
      int[] shape = Arrays.stream(dims).mapToInt(Math::toIntExact).toArray();
      Tensor t = Tensor.zeros(DType.F32, Shape.of(shape));
      for (int i = 0; i < values.length; i++) {
        t.setDouble(i, values[i]);
      }
      return t;
    }
  }

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  Oracle(Path file) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      session = environment.createSession(file.toString(), options);
    }
  }

  /** A model in memory whose graph is run as it is written, without rewrites. */
  Oracle(byte[] model) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      session = environment.createSession(model, options);
    }
  }

  /** Outputs of any type the tests use: f32, i32, i64 and bool. */
  Map<String, Tensor> tensors(Map<String, Tensor> feeds) throws OrtException {
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> feed : feeds.entrySet()) {
        inputs.put(feed.getKey(), tensor(feed.getValue()));
      }
      Map<String, Tensor> outputs = new LinkedHashMap<>();
      try (OrtSession.Result result = session.run(inputs)) {
        for (Map.Entry<String, OnnxValue> entry : result) {
          outputs.put(entry.getKey(), tensor((OnnxTensor) entry.getValue()));
        }
      }
      return outputs;
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static Tensor tensor(OnnxTensor value) {
    int[] dims = Arrays.stream(value.getInfo().getShape()).mapToInt(Math::toIntExact).toArray();
    ByteBuffer buffer = value.getByteBuffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    DType dtype =
        switch (value.getInfo().type) {
          case FLOAT -> DType.F32;
          case INT32 -> DType.I32;
          case INT64 -> DType.I64;
          case BOOL -> DType.BOOL;
          default -> throw new IllegalArgumentException("an output of " + value.getInfo());
        };
    return new Tensor(dtype, Shape.of(dims), bytes);
  }

  Map<String, Output> run(Map<String, Tensor> feeds) throws OrtException {
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> feed : feeds.entrySet()) {
        inputs.put(feed.getKey(), tensor(feed.getValue()));
      }
      Map<String, Output> outputs = new LinkedHashMap<>();
      try (OrtSession.Result result = session.run(inputs)) {
        for (Map.Entry<String, OnnxValue> entry : result) {
          OnnxTensor value = (OnnxTensor) entry.getValue();
          FloatBuffer buffer = value.getFloatBuffer();
          float[] values = new float[buffer.remaining()];
          buffer.get(values);
          outputs.put(entry.getKey(), new Output(value.getInfo().getShape(), values));
        }
      }
      return outputs;
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(Tensor t) throws OrtException {
    ByteBuffer bytes = ByteBuffer.wrap(t.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    long[] dims = Arrays.stream(t.shape().dims()).asLongStream().toArray();
    return switch (t.dtype()) {
      case I32 -> OnnxTensor.createTensor(environment, bytes.asIntBuffer(), dims);
      case I64 -> OnnxTensor.createTensor(environment, bytes.asLongBuffer(), dims);
      case BOOL -> OnnxTensor.createTensor(environment, bytes, dims, OnnxJavaType.BOOL);
      case U8 -> OnnxTensor.createTensor(environment, bytes, dims, OnnxJavaType.UINT8);
      default -> OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), dims);
    };
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
