package org.nnjit.testing;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Runs a model in native ONNX Runtime, unoptimised: the independent oracle. */
public final class OnnxRuntime {
  private OnnxRuntime() {}

  /**
   * The outputs of a model, by name.
   *
   * @param model bytes of the ONNX file
   * @param feeds a tensor for each graph input
   * @throws OrtException when ONNX Runtime rejects the model or lacks a kernel for it
   */
  public static Map<String, Tensor> run(byte[] model, Map<String, Tensor> feeds)
      throws OrtException {
    OrtEnvironment env = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      options.setIntraOpNumThreads(1);
      try (OrtSession session = env.createSession(model, options)) {
        for (Map.Entry<String, Tensor> e : feeds.entrySet()) {
          inputs.put(e.getKey(), tensor(env, e.getValue()));
        }
        try (OrtSession.Result result = session.run(inputs)) {
          Map<String, Tensor> outputs = new LinkedHashMap<>();
          result.forEach(e -> outputs.put(e.getKey(), tensor((OnnxTensor) e.getValue())));
          return outputs;
        }
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(OrtEnvironment env, Tensor t) throws OrtException {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(t.bytes().length).order(ByteOrder.nativeOrder()).put(t.bytes());
    long[] dims = new long[t.shape().rank()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = t.shape().dim(i);
    }
    return OnnxTensor.createTensor(env, bytes.flip(), dims, javaType(t.dtype()));
  }

  private static OnnxJavaType javaType(DType type) {
    return switch (type) {
      case F32 -> OnnxJavaType.FLOAT;
      case F64 -> OnnxJavaType.DOUBLE;
      case F16 -> OnnxJavaType.FLOAT16;
      case BF16 -> OnnxJavaType.BFLOAT16;
      case I8 -> OnnxJavaType.INT8;
      case U8 -> OnnxJavaType.UINT8;
      case I16 -> OnnxJavaType.INT16;
      case I32 -> OnnxJavaType.INT32;
      case I64 -> OnnxJavaType.INT64;
      case BOOL -> OnnxJavaType.BOOL;
      default -> throw new IllegalArgumentException("ONNX Runtime's Java API has no " + type);
    };
  }

  private static DType dtype(OnnxJavaType type) {
    for (DType d : DType.values()) {
      boolean known = !d.isUnsigned() || d == DType.U8 || d == DType.BOOL;
      if (known && javaType(d) == type) {
        return d;
      }
    }
    throw new IllegalArgumentException("no element type for " + type);
  }

  private static Tensor tensor(OnnxTensor t) {
    TensorInfo info = t.getInfo();
    int[] dims = new int[info.getShape().length];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = (int) info.getShape()[i];
    }
    byte[] bytes = new byte[t.getByteBuffer().remaining()];
    t.getByteBuffer().get(bytes);
    return new Tensor(dtype(info.type), Shape.of(dims), bytes);
  }
}
