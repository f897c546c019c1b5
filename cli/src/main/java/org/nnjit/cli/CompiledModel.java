package org.nnjit.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nnjit.cli.tensors.Shapes;
import org.nnjit.graph.Dim;
import org.nnjit.graph.Graph;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.session.ModelReader;
import org.nnjit.tensor.Shape;
import org.nnjit.tensor.TensorType;

/**
 * A model compiled on the JVM for shapes.
 *
 * @param graph as in the file
 * @param compiled what came out of each stage
 */
record CompiledModel(Graph graph, Compiler.Compiled compiled) {

  /**
   * Compiles a file.
   *
   * @param shapes texts such as {@code 1x128} by input
   * @param length what dimensions with a name are otherwise, unless they are the batch
   */
  static CompiledModel of(Path model, Map<String, String> shapes, int length) throws IOException {
    return of(model, shapes, length, null);
  }

  /**
   * The same for another backend.
   *
   * @param backend null for WebAssembly
   */
  static CompiledModel of(
      Path model, Map<String, String> shapes, int length, Compiler.Backend backend)
      throws IOException {
    Graph graph = ModelReader.read(ModelFile.open(model)).graph();
    Map<String, TensorType> feeds = new LinkedHashMap<>();
    for (Port p : graph.inputs()) {
      feeds.put(p.name(), TensorType.of(p.dtype(), shape(p, shapes.get(p.name()), length)));
    }
    Specialiser.checkFeeds(graph, feeds);
    Specialiser.Values values =
        Specialiser.Values.of(Map.of(), c -> ModelFile.stored(model, c));
    PlanContext context = PlanContext.plain(Target.common());
    return new CompiledModel(graph, Compiler.compile(graph, feeds, values, context, backend));
  }

  private static Shape shape(Port p, String given, int length) {
    if (given != null) {
      return Shapes.parse(given);
    }
    int[] dims = new int[p.dims() == null ? 0 : p.dims().size()];
    for (int i = 0; i < dims.length; i++) {
      Dim d = p.dims().get(i);
      dims[i] = d.isKnown() ? d.value() : d.toString().contains("batch") ? 1 : length;
    }
    return Shape.of(dims);
  }
}
