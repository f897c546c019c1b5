package org.nnjit.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The npm package says of itself what is true. */
class PackageTest {
  private static final Path NPM = Path.of("src/main/resources/npm");

  @Test
  void scriptsKnowTheVersionOfThePackage() throws Exception {
    String json = Files.readString(NPM.resolve("package.json"));
    String version = json.replaceAll("(?s).*\"version\": \"([^\"]*)\".*", "$1");
    assertTrue(
        Files.readString(NPM.resolve("version.js")).contains("VERSION = '" + version + "'"),
        "version.js does not say " + version);
  }

  @Test
  void thePackageHoldsEveryScript() throws Exception {
    TreeSet<String> present = new TreeSet<>();
    try (Stream<Path> files = Files.list(NPM)) {
      files.map(p -> p.getFileName().toString()).forEach(present::add);
    }
    present.remove("package.json");
    present.add("engine.wasm");
    String json = Files.readString(NPM.resolve("package.json"));
    String list = json.replaceAll("(?s).*\"files\": \\[([^\\]]*)\\].*", "$1");
    TreeSet<String> listed = new TreeSet<>();
    for (String name : list.split(",")) {
      listed.add(name.strip().replace("\"", ""));
    }
    assertEquals(present, listed);
  }
}
