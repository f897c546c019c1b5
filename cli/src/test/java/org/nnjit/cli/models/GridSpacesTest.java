package org.nnjit.cli.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nnjit.graph.ByteSource;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.loop.GridNest;
import org.nnjit.plan.GpuPlan;
import org.nnjit.plan.PlanContext;
import org.nnjit.plan.Weights;
import org.nnjit.schedule.GpuTarget;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;
import org.nnjit.session.GpuBackend;
import org.nnjit.tensor.Tensor;

/** Every schedule of a lite space is legal on its device, and right in the interpreter of grids. */
class GridSpacesTest {
  private static final Random RANDOM = new Random(20261122);

  /** One with more of everything than every device has, and one without. */
  private static final List<GpuTarget> TARGETS =
      List.of(GpuTarget.least(), new GpuTarget(10, 1 << 30, 1024, 48 << 10, false, true, false));

  private static GpuPlan compile(byte[] model, SmallModel m, GpuBackend gpu, ScheduleBook book) {
    PlanContext context =
        new PlanContext(Target.common(), new Weights(Weights.RESERVED), book, false, () -> 0);
    return PlanRunner.compiled(model, m.feeds, context, gpu).gpu();
  }

  /** Tries all schedules of all kernels; how many the largest space has. */
  private static int check(SmallModel m, String family, GpuTarget target) throws Exception {
    byte[] model = m.bytes(17);
    Map<String, Tensor> wanted;
    try (Oracle oracle = new Oracle(model)) {
      wanted = oracle.tensors(m.feeds);
    }
    GpuPlan plan = compile(model, m, new GpuBackend(target), new ScheduleBook());
    int most = 0;
    for (GpuPlan.Pipeline p : plan.pipelines()) {
      if (!p.schedule().family().equals(family)) {
        continue;
      }
      LiteSpace space = new GpuBackend(target).lite(p);
      most = Math.max(most, space.candidates().size());
      for (LiteSpace.Candidate c : space.candidates()) {
        ScheduleBook book = new ScheduleBook();
        book.put(p.workload().key(), Schedule.parse(c.schedule().toString()));
        GpuPlan tuned = compile(model, m, new GpuBackend(target), book);
        List<Schedule> used = tuned.pipelines().stream().map(GpuPlan.Pipeline::schedule).toList();
        assertTrue(used.contains(c.schedule()), () -> c.schedule() + " is not among " + used);
        for (GpuPlan.Pipeline k : tuned.pipelines()) {
          assertLegal(k.nest(), target, k.schedule());
        }
        String who = "with " + c.schedule();
        RandomGraphsTest.agree(who, wanted, GpuPlanRunner.run(tuned, m.feeds, ByteSource.of(model)));
      }
    }
    return most;
  }

  private static void assertLegal(GridNest nest, GpuTarget target, Schedule schedule) {
    int bytes = 0;
    for (GridNest.Shared s : nest.shared()) {
      bytes += s.elements() * s.buffer().dtype().bytes();
    }
    assertTrue(bytes <= target.sharedBytes(), schedule + " shares " + bytes + " bytes");
    assertTrue(nest.size() <= target.groupSize(), schedule + " has " + nest.size() + " invocations");
  }

  @Test
  void productsHaveDozens() throws Exception {
    int[][] sizes = {{8, 8, 8}, {33, 17, 45}, {70, 40, 130}, {128, 16, 64}};
    for (GpuTarget target : TARGETS) {
      for (int[] s : sizes) {
        SmallModel m = new SmallModel();
        m.feed("a", random(2, s[0], s[1]));
        m.feed("b", random(2, s[1], s[2]));
        m.output(m.node("MatMul", "a", "b"), null);
        int count = check(m, "product", target);
        assertTrue(s[0] == 8 ? count >= 1 : count >= 12 && count <= 48, count + " schedules");
      }
    }
  }

  /** Operands that are read where they lie, in either order. */
  @Test
  void productsInSoftwareHaveATile() throws Exception {
    int[][] sizes = {{8, 8, 8}, {33, 17, 45}, {20, 40, 36}, {70, 36, 130}};
    for (int[] s : sizes) {
      for (int transposed = 0; transposed < 4; transposed++) {
        SmallModel m = new SmallModel();
        m.feed("a", (transposed & 1) != 0 ? random(s[1], s[0]) : random(s[0], s[1]));
        m.feed("b", (transposed & 2) != 0 ? random(s[2], s[1]) : random(s[1], s[2]));
        Map<String, Object> how = Map.of("transA", transposed & 1, "transB", transposed >> 1);
        m.node("", "Gemm", how, List.of("a", "b"), List.of("p"));
        m.output(m.node("Sigmoid", "p"), null);
        assertEquals(12, check(m, "direct", TARGETS.get(0).inSoftware()));
      }
    }
  }

  /** Windows that hang over the image, and columns that are no multiple of four. */
  @Test
  void convolutionsInSoftwareHaveATile() throws Exception {
    for (int width : new int[] {12, 14}) {
      for (int stride = 1; stride <= 2; stride++) {
        SmallModel m = new SmallModel();
        m.feed("x", random(2, 6, 13, width));
        m.weight("w", random(20, 6, 3, 3));
        m.weight("b", random(20));
        Map<String, Object> how =
            Map.of("pads", new int[] {1, 1, 1, 1}, "strides", new int[] {stride, stride});
        m.node("", "Conv", how, List.of("x", "w", "b"), List.of("y"));
        assertEquals(12, check(m.output("y", null), "direct", TARGETS.get(0).inSoftware()));
      }
    }
  }

  /** Many windows that hang over the image are read once for all rows of a workgroup. */
  @Test
  void deepConvolutionsInSoftwareShare() throws Exception {
    for (int channels : new int[] {20, 70}) {
      SmallModel m = new SmallModel();
      m.feed("x", random(1, 8, 9, 10));
      m.weight("w", random(channels, 8, 3, 3));
      Map<String, Object> how = Map.of("pads", new int[] {1, 1, 1, 1});
      m.node("", "Conv", how, List.of("x", "w"), List.of("y"));
      assertTrue(check(m.output("y", null), "product", TARGETS.get(0).inSoftware()) > 0);
    }
  }

  @Test
  void convolutionsHaveDozens() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("x", random(1, 9, 13, 14));
    m.weight("w", random(20, 9, 3, 3));
    Map<String, Object> how = Map.of("pads", new int[] {1, 1, 1, 1});
    m.node("", "Conv", how, List.of("x", "w"), List.of("y"));
    int count = check(m.output("y", null), "product", GpuTarget.least());
    assertTrue(count >= 12, count + " schedules");
  }

  /** Few rows and a matrix, by rows, by columns, and of codes. */
  @Test
  void vectorsHaveParts() throws Exception {
    for (int rows : new int[] {1, 8}) {
      for (int transposed = 0; transposed < 2; transposed++) {
        SmallModel m = new SmallModel();
        m.feed("a", random(rows, 1100));
        m.weight("b", transposed == 1 ? random(516, 1100) : random(1100, 516));
        m.node("", "Gemm", Map.of("transB", transposed), List.of("a", "b"), List.of("y"));
        m.output("y", null);
        for (GpuTarget target : List.of(TARGETS.get(0), TARGETS.get(1), TARGETS.get(0).inSoftware())) {
          int count = check(m, "vector", target);
          assertTrue(count >= 8 && count <= 16, rows + " rows: " + count + " schedules");
        }
      }
    }
    int count = check(GridKernelsTest.productOfCodes(random(2, 256), 270, 4, 32, true, 0), "vector", TARGETS.get(1));
    assertTrue(count >= 8 && count <= 16, "codes: " + count + " schedules");
  }

  @Test
  void rowsHaveSizes() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("x", random(3, 700));
    m.node("", "Softmax", Map.of("axis", -1), List.of("x"), List.of("y"));
    m.output("y", null);
    assertEquals(4, check(m, "rows", TARGETS.get(0)), "32, 64, 128, 256");
    assertEquals(8, check(m, "rows", TARGETS.get(1)), "no more than half of 700; by subgroups or not");
  }

  @Test
  void pointsHaveSizesAndNumbersEach() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("x", random(3, 11000));
    m.node("", "Sigmoid", Map.of(), List.of("x"), List.of("y"));
    m.output("y", null);
    assertEquals(8, check(m, "points", TARGETS.get(0)), "four sizes, one or two each");
    SmallModel few = new SmallModel();
    few.feed("x", random(40));
    few.node("", "Sigmoid", Map.of(), List.of("x"), List.of("y"));
    few.output("y", null);
    assertEquals(1, check(few, "points", TARGETS.get(0)), "32 for 40 points");
  }

  /** What was found for another kernel of the same name helps nothing. */
  @Test
  void schedulesOfOtherFamiliesAreNotTaken() throws Exception {
    SmallModel m = new SmallModel();
    m.feed("x", random(40));
    m.node("", "Sigmoid", Map.of(), List.of("x"), List.of("y"));
    byte[] model = m.output("y", null).bytes(17);
    GpuBackend gpu = new GpuBackend(GpuTarget.least());
    GpuPlan.Pipeline p = compile(model, m, gpu, new ScheduleBook()).pipelines().get(0);
    ScheduleBook book = new ScheduleBook();
    book.put(p.workload().key(), Schedule.parse("rows size=64"));
    assertEquals(p.schedule(), compile(model, m, gpu, book).pipelines().get(0).schedule());
  }

  private static Tensor random(int... dims) {
    return SmallModel.random(RANDOM, dims);
  }
}
