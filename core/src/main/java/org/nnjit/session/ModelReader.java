package org.nnjit.session;

import java.util.List;
import java.util.Map;
import org.nnjit.gguf.GgufReader;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Model;
import org.nnjit.onnx.OnnxReader;

/** The front ends: which one reads a file is told by its first bytes. */
public final class ModelReader {
  private ModelReader() {}

  /**
   * Reads a model; large weights are only located.
   *
   * @throws org.nnjit.graph.ModelException when the bytes are no valid model or it needs what nnJIT
   *     lacks
   */
  public static Model read(ByteSource source) {
    return GgufReader.reads(source) ? GgufReader.read(source) : OnnxReader.read(source);
  }

  /** What a GGUF file tells of texts, lists by their names; nothing of other files. */
  public static Map<String, List<String>> lists(ByteSource source) {
    return GgufReader.reads(source) ? GgufReader.lists(source) : Map.of();
  }
}
