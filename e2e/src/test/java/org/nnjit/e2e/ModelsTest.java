package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import onnx.Onnx;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import org.nnjit.cli.models.SampleFeeds;
import org.nnjit.server.Browser;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** Whole models in browsers against ONNX Runtime, relative to the output's largest magnitude. */
class ModelsTest {
  private static final double RELATIVE = 1e-4;

  @TempDir Path work;

  @Test
  void tinyModelsInChromiumOnOneThread() throws Exception {
    tiny("chromium", 1, true);
  }

  @Test
  void tinyModelsInChromiumOnTwoThreads() throws Exception {
    tiny("chromium", 2, true);
  }

  @Test
  void tinyModelsInChromiumWithoutIsolation() throws Exception {
    tiny("chromium", 2, false);
  }

  @Test
  void tinyModelsInFirefoxOnTwoThreads() throws Exception {
    tiny("firefox", 2, true);
  }

  @Test
  void exportedGraphsInChromium() throws Exception {
    Path shared = Path.of("..", "..", "shared", "data", "exported", "tiny");
    Assumptions.assumeTrue(Files.isDirectory(shared), "no exported graphs beside the checkout");
    List<Map<String, Object>> cases = new ArrayList<>();
    try (Stream<Path> dirs = Files.list(shared)) {
      for (Path dir : dirs.sorted().toList()) {
        String url = "/exported/" + dir.getFileName();
        cases.add(
            Suite.testCase(
                dir.getFileName().toString(), url + "/model.onnx", Suite.sets(dir, url)));
      }
    }
    check("chromium", cases, 2, true, Map.of("/exported", shared));
  }

  private void tiny(String kind, int threads, boolean isolated) throws Exception {
    Suite.browser(kind);
    List<Map<String, Object>> cases = new ArrayList<>();
    for (Model m : Models.all()) {
      if (!m.name().contains("tiny") && !m.name().equals("digits")) {
        continue;
      }
      Path dir = Files.createDirectories(work.resolve(m.name()));
      Path file = ModelFiles.write(m, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
      if (!file.getFileName().toString().equals("model.onnx")) {
        Files.move(file, dir.resolve("model.onnx"));
      }
      expected(m, dir, 0, 1, 16);
      expected(m, dir, 1, 2, 9);
      String url = "/made/" + m.name();
      cases.add(Suite.testCase(m.name(), url + "/model.onnx", Suite.sets(dir, url)));
    }
    check(kind, cases, threads, isolated, Map.of("/made", work));
  }

  private void check(
      String kind,
      List<Map<String, Object>> cases,
      int threads,
      boolean isolated,
      Map<String, Path> served)
      throws Exception {
    Browser browser = Suite.browser(kind);
    List<Suite.Outcome> outcomes =
        Suite.run(
            browser,
            cases,
            Map.of("threads", threads, "relative", RELATIVE),
            served,
            work,
            isolated,
            Duration.ofMinutes(10));
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      System.out.println(
          kind + " " + threads + " threads: " + o.name() + " " + o.status() + " error "
              + o.error() + " " + o.message());
      // Control flow inside a model is a later issue; it must say so, not give a wrong answer.
      boolean subgraph = o.message().contains("holds a subgraph");
      if (!o.status().equals("passed") && !subgraph) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
  }

  /** Writes feeds and ONNX Runtime's results as a data set. */
  private static void expected(Model m, Path dir, int set, int batch, int sequence)
      throws Exception {
    Path to = Files.createDirectories(dir.resolve("test_data_set_" + set));
    Map<String, Tensor> feeds = SampleFeeds.of(m, batch, sequence, 7 + set);
    OrtEnvironment env = OrtEnvironment.getEnvironment();
    try (OrtSession session = env.createSession(dir.resolve("model.onnx").toString())) {
      Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
      int i = 0;
      for (Map.Entry<String, Tensor> e : feeds.entrySet()) {
        inputs.put(e.getKey(), ort(env, e.getValue()));
        Tensor t = e.getValue();
        write(to.resolve("input_" + i++ + ".pb"), e.getKey(), t.dtype(), dims(t), t.bytes());
      }
      try (OrtSession.Result result = session.run(inputs)) {
        int o = 0;
        for (var r : result) {
          OnnxTensor t = (OnnxTensor) r.getValue();
          FloatBuffer floats = t.getFloatBuffer();
          ByteBuffer bytes =
              ByteBuffer.allocate(floats.remaining() * 4).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asFloatBuffer().put(floats);
          write(
              to.resolve("output_" + o++ + ".pb"), r.getKey(), DType.F32, t.getInfo().getShape(),
              bytes.array());
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
    return OnnxTensor.createTensor(env, b.asFloatBuffer(), dims(t));
  }

  private static void write(Path file, String name, DType type, long[] dims, byte[] data)
      throws Exception {
    Onnx.TensorProto.Builder t = Onnx.TensorProto.newBuilder();
    t.setName(name).setDataType(type.onnxCode()).setRawData(ByteString.copyFrom(data));
    for (long d : dims) {
      t.addDims(d);
    }
    Files.write(file, t.build().toByteArray());
  }
}
