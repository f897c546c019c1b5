package org.nnjit.kernel.emit.wasm;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.nnjit.wasm.Node;

/**
 * Calls of Wasm kernels that one Node process makes, each on a memory of its own. Needs {@code
 * node} 20 or newer on the PATH.
 */
final class NodeBatch {
  private static final String SCRIPT =
      """
      const fs = require('fs');
      const [input, output] = process.argv.slice(2);
      const data = fs.readFileSync(input);
      let at = 0;
      const int = () => { at += 4; return data.readInt32BE(at - 4); };
      const bytes = () => { const n = int(); at += n; return data.subarray(at - n, at); };
      const parts = [];
      const put = b => {
        const n = Buffer.alloc(4);
        n.writeInt32BE(b.length);
        parts.push(n, b);
      };
      for (let calls = int(); calls > 0; calls--) {
        const wasm = bytes();
        const image = bytes();
        const args = [];
        for (let n = int(); n > 0; n--) args.push(int());
        const pages = Math.ceil(image.length / 65536);
        const memory = new WebAssembly.Memory({initial: pages});
        new Uint8Array(memory.buffer).set(image);
        try {
          const module = new WebAssembly.Module(wasm);
          new WebAssembly.Instance(module, {env: {memory}}).exports.run(...args);
          put(Buffer.alloc(0));
        } catch (e) {
          put(Buffer.from(String(e)));
        }
        put(Buffer.from(memory.buffer, 0, image.length));
      }
      fs.writeFileSync(output, Buffer.concat(parts));
      """;

  private record Call(String name, byte[] wasm, byte[] memory, int[] args) {}

  private final List<Call> calls = new ArrayList<>();

  /**
   * Adds a call of the module's {@code run}.
   *
   * @return index of its result
   */
  int add(String name, byte[] wasm, byte[] memory, int... args) {
    calls.add(new Call(name, wasm, memory, args));
    return calls.size() - 1;
  }

  /** Makes the calls and returns the memory after each; a trap or a bad module is an error. */
  List<byte[]> run() {
    try {
      Path dir = Files.createTempDirectory("nnjit-node");
      Path script = dir.resolve("run.cjs");
      Path input = dir.resolve("in");
      Path output = dir.resolve("out");
      Files.writeString(script, SCRIPT);
      Files.write(input, encode());
      List<String> command =
          Node.command(script.toString(), input.toString(), output.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError("node failed: " + log);
      }
      ByteBuffer results = ByteBuffer.wrap(Files.readAllBytes(output));
      for (Path file : List.of(script, input, output, dir)) {
        Files.delete(file);
      }
      List<byte[]> memories = new ArrayList<>();
      for (Call call : calls) {
        String error = new String(next(results), StandardCharsets.UTF_8);
        if (!error.isEmpty()) {
          throw new AssertionError(call.name() + ": " + error);
        }
        memories.add(next(results));
      }
      return memories;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] next(ByteBuffer from) {
    byte[] bytes = new byte[from.getInt()];
    from.get(bytes);
    return bytes;
  }

  private byte[] encode() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(calls.size());
    for (Call call : calls) {
      out.writeInt(call.wasm().length);
      out.write(call.wasm());
      out.writeInt(call.memory().length);
      out.write(call.memory());
      out.writeInt(call.args().length);
      for (int arg : call.args()) {
        out.writeInt(arg);
      }
    }
    return bytes.toByteArray();
  }
}
