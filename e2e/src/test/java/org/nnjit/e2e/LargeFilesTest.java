package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.tensors.FeedFiles;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.Tensor;

/** Models that keep their weights in a file beyond 2 GiB, of which the page loads what it needs. */
class LargeFilesTest {
  private static final String DATA = "weights.bin";

  /** Length of the file, which is sparse: only the weights that tests read are written. */
  private static final long BYTES = 5L << 30;

  private static final long SEED = 11;

  /** A weight [rows, columns] of f32 at a byte of the file. */
  private record Stored(String name, int rows, int columns, long offset) {
    long bytes() {
      return 4L * rows * columns;
    }
  }

  @TempDir Path work;

  @Test
  void onlyWhatIsNeededIsFetchedInChromium() throws Exception {
    small("chromium");
  }

  @Test
  void onlyWhatIsNeededIsFetchedInFirefox() throws Exception {
    small("firefox");
  }

  /** Weights before and behind 2 and 4 GiB; one over many pieces, one that the compiler folds. */
  private void small(String kind) throws Exception {
    List<Stored> weights =
        List.of(
            new Stored("a", 64, 48, (1L << 31) - 1024),
            new Stored("b", 48, 65536, (1L << 32) + 60),
            new Stored("c", 65536, 16, (3L << 30) + 4),
            new Stored("d", 16, 24, BYTES - 4 * 16 * 24));
    create(weights);
    Path model = chain(weights, 64);
    // Both want their weights packed alike; fewer rows would not.
    for (int rows = 12; rows <= 18; rows += 6) {
      Random random = new Random(SEED + rows);
      Tensor x = Tensor.zeros(DType.F32, Shape.of(rows, 64));
      for (int i = 0; i < x.elements(); i++) {
        x.setDouble(i, random.nextFloat() - 0.5f);
      }
      ModelData.expected(Map.of("x", x), work, model, rows / 6 - 2);
    }
    Map<String, Object> c = BackendTests.testCase("chain", "/made/model.onnx", BackendTests.sets(work, "/made"));
    long needed = weights.stream().mapToLong(Stored::bytes).sum();
    c.put("mostFetched", needed + (weights.size() << 23) + Files.size(model));
    Suite.Outcome o = run(kind, c);
    assertEquals("passed", o.status(), o.message());
  }

  /** 2.3 GiB of weights in one memory, and addresses beyond 2 GiB; for {@code --full}. */
  @Test
  void addressesBeyondTwoGibibytes() throws Exception {
    Assumptions.assumeTrue(
        Boolean.getBoolean("nnjit.fullModels"), "this takes 8 GB of memory; run with --full");
    List<Stored> weights = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      weights.add(new Stored("w" + i, 14336, 14336, i * (1L << 30)));
    }
    create(weights);
    Path model = chain(weights, 14336);
    Tensor x = Tensor.zeros(DType.F32, Shape.of(1, 14336));
    for (int i = 0; i < x.elements(); i++) {
      x.setDouble(i, (i % 17 - 8) / 64f);
    }
    ModelData.expected(Map.of("x", x), work, model, 0);
    Suite.Outcome o =
        run("chromium", BackendTests.testCase("chain", "/made/model.onnx", BackendTests.sets(work, "/made")));
    assertEquals("passed", o.status(), o.message());
  }

  @Test
  void moreThanMemoryHoldsIsSaid() throws Exception {
    List<Stored> weights = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      weights.add(new Stored("w" + i, 20480, 20480, i * 4L * 20480 * 20480));
    }
    assertTrue(refusal(weights, 20480).contains("more than the 4 GiB"));
  }

  @Test
  void weightsBeyondTheEndAreSaid() throws Exception {
    List<Stored> weights = List.of(new Stored("w", 512, 512, BYTES - 512 * 512 * 4 + 8));
    String message = refusal(weights, 512);
    assertTrue(message.contains("'weights.bin' ends at byte " + BYTES), message);
  }

  /** What the page says of a model that cannot be loaded. */
  private String refusal(List<Stored> weights, int columns) throws Exception {
    create(List.of());
    chain(weights, columns);
    Path set = Files.createDirectories(work.resolve("test_data_set_0"));
    Tensor x = Tensor.zeros(DType.F32, Shape.of(1, columns));
    Files.write(set.resolve("input_0.pb"), FeedFiles.proto("x", x));
    Suite.Outcome o =
        run("chromium", BackendTests.testCase("refused", "/made/model.onnx", BackendTests.sets(work, "/made")));
    assertEquals("unsupported", o.status(), o.message());
    return o.message();
  }

  private Suite.Outcome run(String kind, Map<String, Object> testCase) throws Exception {
    return Suite.run(
            Suite.browser(kind),
            List.of(testCase),
            Map.of("threads", 2, "relative", 1e-4, "options", Map.of("tune", false)),
            Map.of("/made", work),
            Files.createDirectories(work.resolve("job")),
            true,
            Duration.ofMinutes(3))
        .get(0);
  }

  /** The data file with random numbers where these weights lie and nothing elsewhere. */
  private void create(List<Stored> weights) throws IOException {
    try (SeekableByteChannel out =
        Files.newByteChannel(
            work.resolve(DATA),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      out.position(BYTES - 1).write(ByteBuffer.allocate(1));
      Random random = new Random(SEED);
      for (Stored w : weights) {
        ByteBuffer row = ByteBuffer.allocate(4 * w.columns()).order(ByteOrder.LITTLE_ENDIAN);
        float scale = (float) (2 / Math.sqrt(w.rows()));
        out.position(w.offset());
        for (int r = 0; r < w.rows(); r++) {
          row.clear();
          for (int c = 0; c < w.columns(); c++) {
            row.putFloat((random.nextFloat() - 0.5f) * scale);
          }
          out.write(row.flip());
        }
      }
    }
  }

  /** {@code model.onnx}: x [rows, columns] times one weight after the other. */
  private Path chain(List<Stored> weights, int columns) throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder().setName("chain").addInput(ModelData.port("x", columns));
    String value = "x";
    for (Stored w : weights) {
      TensorProto.Builder tensor =
          TensorProto.newBuilder()
              .setName(w.name())
              .setDataType(DType.F32.onnxCode())
              .addDims(w.rows())
              .addDims(w.columns())
              .setDataLocation(TensorProto.DataLocation.EXTERNAL)
              .addExternalData(entry("location", DATA))
              .addExternalData(entry("offset", Long.toString(w.offset())))
              .addExternalData(entry("length", Long.toString(w.bytes())));
      graph.addInitializer(tensor);
      String product = "after_" + w.name();
      graph.addNode(
          NodeProto.newBuilder()
              .setName(product)
              .setOpType("MatMul")
              .addInput(value)
              .addInput(w.name())
              .addOutput(product));
      value = product;
    }
    graph.addOutput(ModelData.port(value, weights.get(weights.size() - 1).columns()));
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .setGraph(graph)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
            .build();
    return Files.write(work.resolve("model.onnx"), model.toByteArray());
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
