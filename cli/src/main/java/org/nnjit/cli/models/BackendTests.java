package org.nnjit.cli.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Models with data sets in the layout of the ONNX backend tests, as the pages' jobs name them. */
public final class BackendTests {
  /** Where the node tests lie: as Debian's libonnx-testdata installs them, or as a property says. */
  public static final Path NODES =
      Path.of(System.getProperty("nnjit.onnxTestData", "/usr/share/libonnx-testdata/data/node"));

  private BackendTests() {}

  /** A case for a page: name, model address, data sets. */
  public static Map<String, Object> testCase(
      String name, String model, List<Map<String, List<String>>> sets) {
    Map<String, Object> c = new LinkedHashMap<>();
    c.put("name", name);
    c.put("model", model);
    c.put("sets", sets);
    return c;
  }

  /** Data sets of a folder that is served at {@code url}: addresses of inputs and outputs. */
  public static List<Map<String, List<String>>> sets(Path dir, String url) {
    List<Map<String, List<String>>> sets = new ArrayList<>();
    for (int s = 0; Files.isDirectory(dir.resolve("test_data_set_" + s)); s++) {
      String set = "test_data_set_" + s;
      Map<String, List<String>> files = new LinkedHashMap<>();
      for (String kind : List.of("input", "output")) {
        List<String> urls = new ArrayList<>();
        for (int i = 0; Files.exists(dir.resolve(set).resolve(kind + "_" + i + ".pb")); i++) {
          urls.add(url + "/" + set + "/" + kind + "_" + i + ".pb");
        }
        files.put(kind + "s", urls);
      }
      sets.add(files);
    }
    return sets;
  }

  /**
   * The cases of a folder of backend tests, by name.
   *
   * @param url address at which the folder is served
   * @throws IOException when it cannot be listed
   */
  public static List<Map<String, Object>> cases(Path folder, String url) throws IOException {
    try (Stream<Path> dirs = Files.list(folder)) {
      return dirs.filter(dir -> Files.exists(dir.resolve("model.onnx")))
          .sorted()
          .map(
              dir -> {
                String at = url + "/" + dir.getFileName();
                return testCase(dir.getFileName().toString(), at + "/model.onnx", sets(dir, at));
              })
          .toList();
    }
  }
}
