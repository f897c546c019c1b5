package org.nnjit.cli.models;

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
import org.nnjit.tensor.Tensor;

/** A model in ONNX Runtime, one thread. */
final class Oracle implements AutoCloseable {
  /** One f32 output. */
  record Output(long[] dims, float[] values) {}

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  Oracle(Path file) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      session = environment.createSession(file.toString(), options);
    }
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
    return t.dtype() == DType.I64
        ? OnnxTensor.createTensor(environment, bytes.asLongBuffer(), dims)
        : OnnxTensor.createTensor(environment, bytes.asFloatBuffer(), dims);
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
