package org.nnjit.wasm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.nnjit.tune.Probes;

/** Runs modules in Node's WebAssembly engine; tests are skipped where no node has relaxed SIMD. */
public final class Node {
  /** Newer Nodes have relaxed SIMD without the flag and know it no longer. */
  private static final String RELAXED_FLAG = "--experimental-wasm-relaxed-simd";

  private static List<String> command;
  private static Boolean dotsAreRight;

  private Node() {}

  private static synchronized List<String> command() {
    if (command == null) {
      command = List.of();
      for (List<String> node : List.of(List.of("node", RELAXED_FLAG), List.of("node"))) {
        if (command.isEmpty() && hasRelaxedSimd(node)) {
          command = node;
        }
      }
    }
    return command;
  }

  /** Node 18 reads the instructions of a draft. */
  private static boolean hasRelaxedSimd(List<String> node) {
    String bytes = Arrays.toString(Probes.feature(Feature.RELAXED_SIMD));
    List<String> args = new ArrayList<>(node);
    args.addAll(
        List.of("-e", "process.exit(WebAssembly.validate(new Int8Array(" + bytes + ")) ? 0 : 1)"));
    return exitCode(args) == 0;
  }

  /** The command line that runs a script; the test is skipped where there is no such node. */
  public static List<String> command(String... args) {
    Assumptions.assumeFalse(
        command().isEmpty(), "no node with relaxed SIMD (20 or newer) is on the PATH");
    List<String> all = new ArrayList<>(command());
    all.addAll(List.of(args));
    return all;
  }

  /** Whether relaxed dot products of 8-bit integers add up: in the first tier of Node 20 they do not. */
  public static synchronized boolean dotsAreRight() {
    if (dotsAreRight == null) {
      int chains = 4;
      int sum = 4 * (chains * (chains + 1) / 2 + chains * 32);
      String script =
          "const { instance } = await WebAssembly.instantiate(wasm);"
              + "console.log(instance.exports.run(1) === " + sum + ");";
      String said = run(Probes.module("RELAXED_DOT_I8", chains), script);
      dotsAreRight = Boolean.parseBoolean(said);
    }
    return dotsAreRight;
  }

  static boolean isAvailable() {
    return !command().isEmpty();
  }

  private static int exitCode(List<String> args) {
    try {
      return new ProcessBuilder(args)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Runs a script with {@code wasm} bound to the module's bytes and returns what it printed.
   *
   * @param script JavaScript, an async function's body
   */
  public static String run(byte[] wasm, String script) {
    try {
      Path dir = Files.createTempDirectory("nnjit-wasm");
      Path module = dir.resolve("module.wasm");
      Path js = dir.resolve("script.js");
      Files.write(module, wasm);
      Files.writeString(
          js,
          "const wasm = require('fs').readFileSync(process.argv[2]);\n(async () => {"
              + script
              + "\n})().catch(e => { console.error(e); process.exit(1); });");
      List<String> args = command(js.toString(), module.toString());
      Path output = dir.resolve("output.txt");
      Process process =
          new ProcessBuilder(args)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError("node did not end in 60 s");
      }
      String text = Files.readString(output).strip();
      for (Path file : List.of(module, js, output, dir)) {
        Files.delete(file);
      }
      if (process.exitValue() != 0) {
        throw new AssertionError("node: " + text);
      }
      return text;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Instantiates a module without imports and evaluates an expression over its {@code exports}. */
  public static String evaluate(byte[] wasm, String expression) {
    return run(
        wasm,
        "const { exports } = (await WebAssembly.instantiate(wasm)).instance;"
            + "console.log(String("
            + expression
            + "));");
  }

  /** What the engine says about each module: an empty string when valid, else its message. */
  public static List<String> validate(List<byte[]> modules) {
    int size = 0;
    for (byte[] m : modules) {
      size += m.length + 4;
    }
    ByteBuffer all = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (byte[] m : modules) {
      all.putInt(m.length).put(m);
    }
    String answer =
        run(
            all.array(),
            """
            const lines = [];
            for (let at = 0; at < wasm.length; ) {
              const n = wasm.readUInt32LE(at);
              const module = Uint8Array.from(wasm.subarray(at + 4, at + 4 + n));
              at += 4 + n;
              let message = '';
              if (!WebAssembly.validate(module)) {
                try {
                  new WebAssembly.Module(module);
                  message = 'invalid';
                } catch (e) {
                  message = e.message.replace(/\\s+/g, ' ');
                }
              }
              lines.push('>' + message);
            }
            console.log(lines.join('\\n'));
            """);
    List<String> messages = new ArrayList<>();
    for (String line : answer.lines().toList()) {
      messages.add(line.substring(1));
    }
    if (messages.size() != modules.size()) {
      throw new AssertionError(modules.size() + " modules, " + messages.size() + " answers");
    }
    return messages;
  }
}
