package org.nnjit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Port;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;

/** Cases in the layout of the ONNX backend tests, as Debian's libonnx-testdata installs them. */
public final class NodeTests {
  private NodeTests() {}

  /** One model with its data sets. */
  public record Case(String name, Path dir) {
    public Graph graph() {
      return OnnxReader.read(ByteSource.of(bytes(dir.resolve("model.onnx")))).graph();
    }

    /** Folders with inputs and outputs. */
    public List<Path> sets() {
      List<Path> sets = new ArrayList<>();
      for (int i = 0; Files.isDirectory(dir.resolve("test_data_set_" + i)); i++) {
        sets.add(dir.resolve("test_data_set_" + i));
      }
      return sets;
    }
  }

  /** Where the package puts its node tests; null when it is not installed. */
  public static Path nodeDirectory() {
    Path p =
        Path.of(
            System.getProperty(
                "nnjit.onnxTestData", "/usr/include/onnx/backend/test/data/node"));
    if (!Files.isDirectory(p)) {
      p = Path.of("/usr/share/libonnx-testdata/data/node");
    }
    return Files.isDirectory(p) ? p : null;
  }

  public static List<Case> in(Path directory) {
    try (Stream<Path> dirs = Files.list(directory)) {
      return dirs.filter(d -> Files.exists(d.resolve("model.onnx")))
          .sorted()
          .map(d -> new Case(d.getFileName().toString(), d))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Inputs by the names the graph declares. */
  public static Map<String, Tensor> feeds(Graph graph, Path set) {
    Map<String, Tensor> feeds = new LinkedHashMap<>();
    for (int i = 0; Files.exists(set.resolve("input_" + i + ".pb")); i++) {
      byte[] b = bytes(set.resolve("input_" + i + ".pb"));
      String name = OnnxTensors.name(b);
      boolean known = graph.inputs().stream().anyMatch(p -> p.name().equals(name));
      String input = known ? name : graph.inputs().get(i).name();
      Port port =
          graph.inputs().stream().filter(p -> p.name().equals(input)).findFirst().orElseThrow();
      feeds.put(input, brainFloats(OnnxTensors.read(b), port.dtype()));
    }
    return feeds;
  }

  /** The test data keeps bfloat16 as uint16, since numpy has no such type. */
  private static Tensor brainFloats(Tensor t, DType wanted) {
    return t.dtype() == DType.U16 && wanted == DType.BF16
        ? new Tensor(DType.BF16, t.shape(), t.bytes())
        : t;
  }

  public static List<Tensor> outputs(Path set) {
    List<Tensor> out = new ArrayList<>();
    for (int i = 0; Files.exists(set.resolve("output_" + i + ".pb")); i++) {
      out.add(OnnxTensors.read(bytes(set.resolve("output_" + i + ".pb"))));
    }
    return out;
  }

  /** What differs beyond {@code atol + rtol * |wanted|}, or null. */
  public static String difference(Tensor expected, Tensor got, double rtol, double atol) {
    Tensor wanted = brainFloats(expected, got.dtype());
    if (wanted.dtype() != got.dtype() || !wanted.shape().equals(got.shape())) {
      return "wanted " + wanted.type() + ", got " + got.type();
    }
    for (int i = 0; i < wanted.elements(); i++) {
      if (!wanted.dtype().isFloat()) {
        if (wanted.getLong(i) != got.getLong(i)) {
          return "element " + i + ": wanted " + wanted.getLong(i) + ", got " + got.getLong(i);
        }
        continue;
      }
      double a = wanted.getDouble(i);
      double b = got.getDouble(i);
      boolean same = a == b || Double.isNaN(a) && Double.isNaN(b);
      if (!same && !(Math.abs(a - b) <= atol + rtol * Math.abs(a))) {
        return "element " + i + ": wanted " + a + ", got " + b;
      }
    }
    return null;
  }

  public static byte[] bytes(Path p) {
    try {
      return Files.readAllBytes(p);
    } catch (IOException e) {
      throw new UncheckedIOException(Arrays.toString(new Object[] {p}), e);
    }
  }
}
