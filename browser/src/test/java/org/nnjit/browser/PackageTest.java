package org.nnjit.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** The npm package says of itself what is true. */
class PackageTest {
  private static final Path NPM = Path.of("src/main/resources/npm");

  /** What a page may load, scripts and compiler together, packed and compressed one by one. */
  private static final long MOST_BYTES = 250_000;

  @Test
  void thePackageIsSmall() throws Exception {
    boolean packed = Files.isDirectory(Path.of("pack/node_modules/binaryen"));
    if (!packed && Boolean.getBoolean("nnjit.requireBrowsers")) {
      fail("the package is not packed: ./nnjit test fetches what that takes");
    }
    assumeTrue(packed, "the package is not packed: npm packages of browser/pack are missing");
    long bytes = 0;
    try (Stream<Path> files = Files.list(Path.of("target/classes/npm"))) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\.(js|wasm)")).toList()) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(compressed)) {
          gzip.write(Files.readAllBytes(file));
        }
        bytes += compressed.size();
      }
    }
    assertTrue(bytes <= MOST_BYTES, "the package has " + bytes + " bytes with gzip");
  }

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
