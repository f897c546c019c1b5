package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.graph.Model;
import org.nnjit.graph.ModelException;
import org.nnjit.graph.Port;
import org.nnjit.graph.pass.Specialiser;
import org.nnjit.onnx.OnnxReader;
import org.nnjit.onnx.OnnxTensors;
import org.nnjit.plan.PlanContext;
import org.nnjit.schedule.Target;
import org.nnjit.session.Compiler;
import org.nnjit.tensor.DType;
import org.nnjit.tensor.Tensor;
import org.nnjit.tensor.TensorType;

/** Nodes of another file behind a model's own, as they choose among a language model's logits. */
class ExtensionTest {
  private static final int WORDS = 5003;

  /** logits[1, 7, WORDS] = x[1, 7, 8] w. */
  private static SmallModel model(String output) {
    Random random = new Random(3);
    SmallModel m = new SmallModel();
    m.feed("x", SmallModel.random(random, 1, 7, 8));
    Tensor w = SmallModel.random(random, 8, WORDS);
    // Neighbours that are alike show the order of equal ones.
    for (int i = 0; i < w.elements(); i += 5) {
      w.setDouble(i + 1, w.getDouble(i));
    }
    m.weight("w", w);
    m.node("", "MatMul", Map.of(), List.of("x", "w"), List.of("logits"));
    return m.output(output, null);
  }

  /** The five largest of the last row, smallest where {@code largest} is 0. */
  private static void top(SmallModel m, int largest) {
    for (int[] part : new int[][] {{-1, 0}, {7, 1}, {1, 2}}) {
      m.weight("slice" + part[1], SmallModel.ints(DType.I64, new int[] {1}, part[0]));
    }
    m.weight("five", SmallModel.ints(DType.I64, new int[] {1}, 5));
    m.node(
        "", "Slice", Map.of(), List.of("logits", "slice0", "slice1", "slice2"), List.of("last"));
    m.node(
        "", "TopK", Map.of("largest", largest), List.of("last", "five"), List.of("best", "ids"));
    m.output("best", null).output("ids", null);
  }

  @Test
  void largestAndSmallest() throws Exception {
    for (int largest = 0; largest < 2; largest++) {
      SmallModel base = model("logits");
      SmallModel more = new SmallModel();
      top(more, largest);
      ByteSource file = ByteSource.of(base.bytes(13));
      Model extended =
          OnnxReader.extend(OnnxReader.read(file), ByteSource.of(more.bytes(17)));
      assertEquals(
          List.of("best", "ids"), extended.graph().outputs().stream().map(Port::name).toList());
      Map<String, TensorType> types = new LinkedHashMap<>();
      base.feeds.forEach((name, t) -> types.put(name, t.type()));
      Specialiser.Values values =
          Specialiser.Values.of(base.feeds, c -> OnnxTensors.load(file, c));
      Compiler.Compiled compiled =
          Compiler.compile(
              extended.graph(), types, values, PlanContext.plain(Target.common()));
      String product =
          compiled.fused().toString().lines().filter(l -> l.contains("matmul")).findFirst()
              .orElseThrow();
      assertTrue(product.contains("for 1 1 " + WORDS), "one row of logits: " + product);
      SmallModel whole = model("logits");
      top(whole, largest);
      try (Oracle oracle = new Oracle(whole.bytes(17))) {
        Map<String, Tensor> wanted = oracle.tensors(base.feeds);
        for (PlanRunner.Order order : PlanRunner.Order.values()) {
          Map<String, Tensor> got = PlanRunner.run(compiled.plan(), base.feeds, file, order);
          assertArrayEquals(wanted.get("ids").bytes(), got.get("ids").bytes(), "ids");
          for (int i = 0; i < 5; i++) {
            assertEquals(
                wanted.get("best").getDouble(i), got.get("best").getDouble(i), 1e-5, "value");
          }
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    Model model = OnnxReader.read(ByteSource.of(model("logits").bytes(17)));
    SmallModel lost = new SmallModel();
    lost.node("", "Relu", Map.of(), List.of("nothing"), List.of("y"));
    refused(model, lost.output("y", null), "'nothing'", "made by no node");
    SmallModel twice = new SmallModel();
    twice.node("", "Relu", Map.of(), List.of("x"), List.of("logits"));
    refused(model, twice.output("logits", null), "'logits'", "twice");
  }

  private static void refused(Model model, SmallModel extension, String... texts) {
    ByteSource file = ByteSource.of(extension.bytes(17));
    String message =
        assertThrows(ModelException.class, () -> OnnxReader.extend(model, file)).getMessage();
    for (String text : texts) {
      assertTrue(message.contains(text), message);
    }
  }
}
