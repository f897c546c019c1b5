package org.nnjit.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nnjit.cli.models.BackendTests;
import org.nnjit.cli.models.Model;
import org.nnjit.cli.models.ModelFiles;
import org.nnjit.cli.models.Models;
import org.nnjit.cli.models.SampleFeeds;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.schedule.Feature;
import org.nnjit.schedule.Target;
import org.nnjit.session.Session;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/**
 * The compiler writes the same bytes on the JVM and, compiled by TeaVM, in a page: the whole
 * programs of two plans of each tiny model, in the order in which a page makes them.
 */
class ParityTest {
  /** Batch and sequence of the two plans. */
  private static final int[][] SHAPES = {{1, 16}, {2, 9}};

  @TempDir Path work;

  @Test
  void chromiumOnTwoThreads() throws Exception {
    check("chromium", Target.of(EnumSet.allOf(Feature.class), 2), true);
  }

  @Test
  void chromiumWithoutRelaxedSimdAndThreads() throws Exception {
    check("chromium", Target.of(EnumSet.of(Feature.SIMD), 1), false);
  }

  @Test
  void chromiumWithoutSimd() throws Exception {
    check("chromium", Target.of(EnumSet.noneOf(Feature.class), 1), true);
  }

  @Test
  void firefoxOnTwoThreads() throws Exception {
    check("firefox", Target.of(EnumSet.allOf(Feature.class), 2), true);
  }

  private void check(String kind, Target target, boolean isolated) throws Exception {
    var browser = Suite.browser(kind);
    List<Map<String, Object>> cases = new ArrayList<>();
    for (Model m : Models.all()) {
      if (m.isSmall()) {
        cases.add(testCase(m, target, isolated));
      }
    }
    assertTrue(cases.size() >= 9, "only " + cases.size() + " tiny models");
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("tune", false);
    options.put("simd", target.has(Feature.SIMD));
    options.put("relaxedSimd", target.has(Feature.RELAXED_SIMD));
    List<Suite.Outcome> outcomes =
        Suite.run(
            browser,
            cases,
            Map.of("threads", target.threads(), "relative", 1e-4, "options", options),
            Map.of("/made", work),
            Files.createDirectories(work.resolve("job")),
            isolated,
            Duration.ofMinutes(3));
    List<String> wrong = new ArrayList<>();
    for (Suite.Outcome o : outcomes) {
      if (!o.status().equals("passed")) {
        wrong.add(o.name() + ": " + o.message());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(cases.size(), outcomes.size());
  }

  /** A model's two data sets with the programs that the JVM writes for them. */
  private Map<String, Object> testCase(Model m, Target target, boolean shared) throws Exception {
    Path dir = Files.createDirectories(work.resolve(m.name()));
    Path file = ModelFiles.write(m, dir, ModelFiles.DEFAULT_SEED, bytes -> {});
    ByteSource source = ByteSource.of(Files.readAllBytes(file));
    Session session = new Session(OnnxReader.read(source), target, shared, () -> 0);
    for (int set = 0; set < SHAPES.length; set++) {
      int batch = SHAPES[set][0];
      int sequence = SHAPES[set][1];
      ModelData.expected(m, dir, file, set, batch, sequence);
      Map<String, Tensor> feeds = SampleFeeds.of(m, batch, sequence, 7 + set);
      Files.write(dir.resolve("program_" + set + ".wasm"), program(session, source, feeds));
    }
    String url = "/made/" + m.name();
    List<Map<String, List<String>>> sets = BackendTests.sets(dir, url);
    for (int set = 0; set < sets.size(); set++) {
      sets.get(set).put("program", List.of(url + "/program_" + set + ".wasm"));
    }
    return BackendTests.testCase(m.name(), url + "/" + file.getFileName(), sets);
  }

  private static byte[] program(Session session, ByteSource source, Map<String, Tensor> feeds) {
    Map<String, TensorType> types = new LinkedHashMap<>();
    feeds.forEach((name, tensor) -> types.put(name, tensor.type()));
    Specialiser.Values values =
        Specialiser.Values.of(feeds, c -> OnnxTensors.load(source, c));
    return session.plan(session.prepare(types, values)).plan().module();
  }
}
