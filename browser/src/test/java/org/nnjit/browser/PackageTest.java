package org.nnjit.browser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** The npm package says of itself what is true. */
class PackageTest {
  private static final Path NPM = Path.of("src/main/resources/npm");

  /**
   * What a page may load, scripts and compiler together, packed and compressed one by one. It was
   * 250 KB before caches that stay in place, GGUF files, integer weights behind DequantizeLinear,
   * weights of 16 bits, products of bytes and estimates came in; what is won back lowers it again.
   */
  private static final long MOST_BYTES = 283_500;

  /** What a page may load besides when it generates text, tokenizers included. */
  private static final long MOST_BYTES_TO_GENERATE = 30_000;

  /** The same when it runs on WebGPU: scripts, and what the compiler has more then. */
  private static final long MOST_BYTES_ON_GPU = 64_000;

  private static final String GPU = "gpu-session.js";
  private static final String GPU_COMPILER = "engine-gpu.wasm";
  private static final String GPU_TENSORS = "gpu-tensor.js";

  /** Comes with the first cache of a decoder. */
  private static final String CACHES = "cached-runs.js";

  /** Comes with a generator of a GGUF file. */
  private static final String VOCABULARIES = "gguf-texts.js";

  /** Another file, as a script names it. */
  private static final Pattern NAMED = Pattern.compile("['\"`]\\./([a-z-]+\\.(?:js|wasm))['\"`]");

  @Test
  void thePackageIsSmall() throws Exception {
    boolean packed = Files.isDirectory(Path.of("pack/node_modules/binaryen"));
    if (!packed && Boolean.getBoolean("nnjit.requireBrowsers")) {
      fail("the package is not packed: ./nnjit test fetches what that takes");
    }
    assumeTrue(packed, "the package is not packed: npm packages of browser/pack are missing");
    Path packages = Path.of("target/classes/npm");
    Set<String> page =
        reached(
            "nnjit.js", packages,
            Set.of(GPU, GPU_COMPILER, GPU_TENSORS, CACHES, VOCABULARIES));
    assertTrue(page.contains("engine.wasm"), "a page loads " + page);
    Set<String> generation = reached("generate.js", packages, Set.of(GPU, GPU_COMPILER, GPU_TENSORS));
    generation.removeAll(page);
    assertTrue(generation.contains("tokenizers.js"), "generation loads " + generation);
    long bytes = bytes(page, packages);
    assertTrue(bytes <= MOST_BYTES, "the package has " + bytes + " bytes with gzip");
    long more = bytes(generation, packages);
    assertTrue(more <= MOST_BYTES_TO_GENERATE, "generation has " + more + " bytes with gzip");
    TreeSet<String> gpu = new TreeSet<>(Set.of(GPU_COMPILER));
    reach(GPU, packages, gpu);
    reach(GPU_TENSORS, packages, gpu);
    gpu.removeAll(page);
    gpu.remove(VOCABULARIES);
    long onGpu = bytes(gpu, packages) - bytes(Set.of("engine.wasm"), packages);
    assertTrue(onGpu <= MOST_BYTES_ON_GPU, "WebGPU has " + onGpu + " bytes with gzip");
    TreeSet<String> all = new TreeSet<>(page);
    all.addAll(generation);
    all.addAll(gpu);
    assertEquals(listed(), all, "files that nothing loads, or that are not listed");
  }

  /** A script and all that it may load but for some files. */
  private static Set<String> reached(String script, Path packages, Set<String> without)
      throws Exception {
    Set<String> reached = new TreeSet<>(without);
    reach(script, packages, reached);
    reached.removeAll(without);
    return reached;
  }

  /** Adds a script and all that it may load. */
  private static void reach(String script, Path packages, Set<String> reached)
      throws Exception {
    if (!reached.add(script) || !script.endsWith(".js")) {
      return;
    }
    Matcher named = NAMED.matcher(Files.readString(packages.resolve(script)));
    while (named.find()) {
      reach(named.group(1), packages, reached);
    }
  }

  private static long bytes(Set<String> files, Path packages) throws Exception {
    long bytes = 0;
    for (String file : files) {
      ByteArrayOutputStream compressed = new ByteArrayOutputStream();
      try (OutputStream gzip = new GZIPOutputStream(compressed)) {
        gzip.write(Files.readAllBytes(packages.resolve(file)));
      }
      bytes += compressed.size();
    }
    return bytes;
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
    present.add(GPU_COMPILER);
    present.add("tokenizers.js");
    assertEquals(present, listed());
  }

  private static Set<String> listed() throws Exception {
    String json = Files.readString(NPM.resolve("package.json"));
    String list = json.replaceAll("(?s).*\"files\": \\[([^\\]]*)\\].*", "$1");
    TreeSet<String> listed = new TreeSet<>();
    for (String name : list.split(",")) {
      listed.add(name.strip().replace("\"", ""));
    }
    return listed;
  }
}
