package org.nnjit.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Rows of a benchmark as lines of text. */
final class BenchText {
  /** A node test with a smaller ratio is named. */
  private static final double SLOW = 0.9;

  private final PrintWriter out;

  BenchText(PrintWriter out) {
    this.out = out;
  }

  private static double number(JsonObject o, String key) {
    return o.get(key).isJsonNull() ? Double.NaN : o.get(key).getAsDouble();
  }

  private static String text(JsonObject o, String key) {
    return o.get(key).getAsString();
  }

  void model(JsonObject r) {
    out.printf(
        "%-18s %d T  nnJIT %8.1f ms (+-%.0f%%)  onnxruntime-web %8.1f ms (+-%.0f%%)  ratio %.2f"
            + "  native %.1f ms  error %.1e%n",
        text(r, "model"), r.get("threads").getAsInt(), number(r, "nnjitMs"),
        100 * number(r, "nnjitSpread"), number(r, "ortMs"), 100 * number(r, "ortSpread"),
        number(r, "ratio"), number(r, "nativeMs"), number(r, "relativeError"));
    if (r.has("tunedMs")) {
      JsonObject tuning = r.getAsJsonObject("tuning");
      out.printf(
          "%18s tuned %8.1f ms (+-%.0f%%)  onnxruntime-web %8.1f ms  ratio %.2f; %s, %d schedules in"
              + " %.1f s%n",
          "", number(r, "tunedMs"), 100 * number(r, "tunedSpread"), number(r, "tunedOrtMs"),
          number(r, "tunedRatio"), text(tuning, "state"), tuning.get("tried").getAsInt(),
          number(tuning, "ms") / 1000);
    }
    out.printf(
        "%18s %.0f%% of the FMA ceiling of %.1f GFLOP/s a thread (best %.0f%%; %d of %d turns steady);"
            + " compiled in %.0f ms; a kernel of %d in %.3f ms cold (most %.2f), %.3f ms warm (most"
            + " %.2f)%n",
        "", 100 * number(r, "ofCeiling"), number(r, "fmaGflops"), 100 * number(r, "bestOfFma"),
        r.get("steadyTurns").getAsInt(), r.get("turns").getAsInt(), number(r, "compileMs"),
        r.get("kernels").getAsInt(), number(r, "emitColdMs"), number(r, "emitColdMostMs"),
        number(r, "emitWarmMs"), number(r, "emitWarmMostMs"));
    out.flush();
  }

  void first(JsonObject r) {
    out.printf(
        "%18s first answer nnJIT %.0f ms, onnxruntime-web %.0f ms; peak memory %.2f and %.2f of the"
            + " file%n",
        "", number(r, "nnjitMs"), number(r, "ortMs"),
        number(r, "nnjitPeakBytes") / number(r, "fileBytes"),
        number(r, "ortPeakBytes") / number(r, "fileBytes"));
    out.flush();
  }

  void visits(JsonObject r) {
    JsonObject first = r.getAsJsonObject("first");
    JsonObject second = r.getAsJsonObject("second");
    out.printf(
        "%18s in the background tuned %.1f s after loading began (%s): settles at %.1f ms%n",
        "", number(first, "tunedAt"), text(first.getAsJsonObject("tuning"), "state"),
        number(first, "settledMs"));
    String within =
        second.get("within").isJsonNull()
            ? "no run"
            : "run " + text(second.getAsJsonObject("within"), "run");
    out.printf(
        "%18s second visit, with %d kept schedules: first answer %.0f ms (%.0f before), %s within 5%%"
            + " of that, settles at %.1f ms%n",
        "", second.getAsJsonObject("tuning").get("stored").getAsInt(), number(second, "firstMs"),
        number(first, "firstMs"), within, number(second, "settledMs"));
    out.flush();
  }

  void kernel(JsonObject r) {
    out.printf(
        "%-26s %d T  nnJIT %8.3f ms  onnxruntime-web %8.3f  TensorFlow.js %8.3f  ratio %.2f  %6.1f"
            + " GFLOP/s = %3.0f%% of FMA (best %.0f%%), %3.0f%% of read bandwidth (%d of %d turns"
            + " steady)%n",
        text(r, "kernel"), r.get("threads").getAsInt(), number(r, "nnjitMs"), number(r, "ortMs"),
        number(r, "tfjsMs"), number(r, "ratio"), number(r, "gflops"), 100 * number(r, "ofFma"),
        100 * number(r, "bestOfFma"), 100 * number(r, "ofRead"), r.get("steadyTurns").getAsInt(),
        r.get("turns").getAsInt());
    out.flush();
  }

  /** How far a page is, a text in JSON. */
  void progress(String json) {
    out.println(JsonParser.parseString(json).getAsString());
    out.flush();
  }

  /** All node tests with a number of threads; those below {@link #SLOW}, the slowest first. */
  void nodes(JsonArray rows, int threads) {
    List<JsonObject> run = new ArrayList<>();
    Map<String, Integer> refused = new TreeMap<>();
    for (JsonElement e : rows) {
      JsonObject r = e.getAsJsonObject();
      if (r.has("ratio")) {
        run.add(r);
      } else {
        refused.merge(text(r, "refusedBy"), 1, Integer::sum);
      }
    }
    run.sort(Comparator.comparingDouble(r -> number(r, "ratio")));
    List<JsonObject> slow = run.stream().filter(r -> number(r, "ratio") < SLOW).toList();
    out.printf(
        "node tests %d T: %d run by both (refused: %s), median ratio %.2f, %d below %.1f%n",
        threads, run.size(), refused,
        run.isEmpty() ? Double.NaN : number(run.get(run.size() / 2), "ratio"), slow.size(), SLOW);
    for (JsonObject r : slow) {
      out.printf(
          "  %-64s nnJIT %8.4f ms  onnxruntime-web %8.4f ms  ratio %.2f  host calls %d%n",
          text(r, "test"), number(r, "nnjitMs"), number(r, "ortMs"), number(r, "ratio"),
          r.get("hostCalls").getAsInt());
    }
    out.flush();
  }

  /** A model on WebGPU. */
  void webgpu(JsonObject r) {
    out.printf(
        "%-18s WebGPU  nnJIT %9.1f ms (+-%.0f%%)  %s %9.1f ms (+-%.0f%%)  ratio %.2f (%.2f to %.2f)"
            + "  error %.1e%n%25s first run nnJIT %.0f ms, peer %.0f ms; %d kernels, %d slices; %s%n",
        text(r, "model"), number(r, "nnjitMs"), 100 * number(r, "nnjitSpread"), text(r, "peer"),
        number(r, "peerMs"), 100 * number(r, "peerSpread"), number(r, "ratio"),
        number(r, "ratioLeast"), number(r, "ratioMost"), number(r, "relativeError"), "",
        number(r, "firstMs"), number(r, "peerFirstMs"), r.get("kernels").getAsInt(),
        r.get("slices").getAsInt(), text(r, "adapter"));
    if (r.has("gflops")) {
      out.printf(
          "%25s %.2f GFLOP/s; TensorFlow.js %.1f ms%n", "", number(r, "gflops"),
          number(r, "tfjsMs"));
    }
    out.flush();
  }

  /** A line of text generation: what it reached, and after each figure what is aimed at. */
  void generation(JsonObject r) {
    double ms = number(r, "nnjitMs");
    out.printf(
        "%-32s %d T  nnJIT %9.3f ms (+-%.0f%%)",
        text(r, "work"), r.get("threads").getAsInt(), ms, 100 * number(r, "nnjitSpread"));
    if (r.has("peer")) {
      out.printf(
          "  %s %9.3f ms (+-%.0f%%)  ratio %.2f (%.2f to %.2f; aim %.2f)",
          text(r, "peer"), number(r, "peerMs"), 100 * number(r, "peerSpread"), number(r, "ratio"),
          number(r, "ratioLeast"), number(r, "ratioMost"), number(r, "wanted"));
    }
    if (r.has("tokens")) {
      out.printf("; %.1f tokens/s", 1000 * number(r, "tokens") / ms);
    }
    if (r.has("ofFloor")) {
      out.printf(
          "; %.0f%% of the floor of reading at %.1f GB/s (aim %.0f%%)", 100 * number(r, "ofFloor"),
          number(r, "readGbs"), 100 * number(r, "ofFloorWanted"));
    }
    if (r.has("ofFloats")) {
      out.printf(
          "; nnJIT with floats %.3f ms, ratio %.2f (aim %.2f)", number(r, "floatMs"),
          number(r, "ofFloats"), number(r, "ofFloatsWanted"));
    }
    if (r.has("outside")) {
      out.printf(
          "; %.3f ms of it in kernels, %.1f%% outside (aim %.0f%%)", number(r, "insideMs"),
          100 * number(r, "outside"), 100 * number(r, "outsideWanted"));
    }
    out.println(r.has("agreement") ? "; " + text(r, "agreement") : "");
    out.flush();
  }

  /** A line that could not be measured. */
  void failed(String line, int threads, String message) {
    out.printf("%-32s %d T  failed: %s%n", line, threads, message);
    out.flush();
  }

  void compileCost(JsonObject r) {
    out.printf(
        "%-28s nnJIT %7.3f ms cold, %7.3f warm, %5d bytes; emcc -O3 %6.0f ms (%.0f of"
            + " nothing), %5d bytes: %.0f times; error %.1e%n",
        text(r, "case"), number(r, "coldMs"), number(r, "warmMs"), r.get("bytes").getAsInt(),
        number(r, "emccMs"), number(r, "emptyMs"), r.get("emccBytes").getAsInt(),
        number(r, "emccMs") / number(r, "warmMs"), number(r, "relativeError"));
    out.flush();
  }
}
