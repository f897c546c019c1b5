package org.nnjit.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.nnjit.graph.Graph;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.TypedGraph;
import org.nnjit.loop.LoopText;
import org.nnjit.plan.Plan;
import org.nnjit.session.Compiler;
import org.nnjit.wasm.WasmText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code nnjit dump}: what each stage of the compiler makes of a model. */
@Command(
    name = "dump",
    description = "Print what each stage of the compiler makes of a model.",
    mixinStandardHelpOptions = true)
final class DumpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "MODEL.onnx", description = "The model, ONNX or GGUF.")
  private Path model;

  @Option(
      names = "--stage",
      defaultValue = "graph,fused,plan",
      split = ",",
      description = "Of: onnx, graph, computes, fused, loops, wat, plan (default ${DEFAULT-VALUE}).")
  private List<String> stages;

  @Option(
      names = "--shape",
      description = "Shape of an input, e.g. --shape input_ids=1x128; others take 1 for a symbol.")
  private Map<String, String> shapes = new LinkedHashMap<>();

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    CompiledModel made = CompiledModel.of(model, shapes, 1);
    Graph graph = made.graph();
    Compiler.Compiled c = made.compiled();
    for (String stage : stages) {
      switch (stage) {
        case "onnx" -> graph.nodes().forEach(out::println);
        case "graph" -> {
          ports(out, "input ", graph.inputs(), c.graph());
          ports(out, "output", graph.outputs(), c.graph());
          out.println(c.graph());
        }
        case "computes" -> out.println(c.program());
        case "fused" -> out.println(c.fused());
        case "loops" -> c.plan().kernels().forEach(k -> out.println(LoopText.print(k.loops())));
        case "wat" -> out.println(WasmText.print(c.plan().module()));
        case "plan" -> plan(out, c.plan());
        default -> throw new ModelException("no stage '" + stage + "', see nnjit dump --help");
      }
    }
    return 0;
  }

  /** What the file declares, its symbols too, and what that is in this compilation. */
  private static void ports(PrintWriter out, String kind, List<Port> ports, TypedGraph graph) {
    for (Port p : ports) {
      out.println(kind + " " + p + " is " + graph.type(p.name()));
    }
  }

  private static void plan(PrintWriter out, Plan p) {
    out.printf(
        "%d kernels, %d calls, module %d bytes, weights %d bytes, arena %d bytes%n",
        p.kernels().size(), p.commands().size(), p.module().length, p.weightBytes(),
        p.arenaBytes());
    for (Plan.Command c : p.commands()) {
      String kernel = c.kernel() < 0 ? "host" : p.kernels().get(c.kernel()).name();
      String schedule = c.kernel() < 0 ? "" : p.kernels().get(c.kernel()).schedule().toString();
      out.printf(
          "%-28s %-22s %9.3f MFLOP  %-52s %s%n",
          kernel, c.output(), c.flops() / 1e6, schedule, c.label());
    }
  }
}
