package org.nnjit.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.nnjit.kernel.family.Families;
import org.nnjit.kernel.family.KernelSpace;
import org.nnjit.kernel.family.LiteSpace;
import org.nnjit.plan.Tunable;
import org.nnjit.schedule.Schedule;
import org.nnjit.schedule.ScheduleBook;
import org.nnjit.schedule.Target;
import org.nnjit.tensor.Numbers;

/**
 * Decides which schedule of which kernel of a plan is tried next. It measures nothing itself: the
 * host takes a {@link Job}, checks and times it, and says what came out.
 *
 * <p>The kernel's present schedule is measured first. Then the kernel goes on whose next candidate
 * promises most: its share of the run, halved by each candidate that did not win.
 */
public final class Tuner {
  /** A kernel is done after so many candidates in a row that did not win. */
  private static final int MOST_MISSES = 6;

  /** A winner is faster by this much; less is noise, and packing weights again costs time. */
  private static final double MARGIN = 0.03;

  /** Kernels with a smaller share of the run are left as they are. */
  private static final double LEAST_SHARE = 0.004;

  /**
   * One schedule to check and time.
   *
   * @param kernel its index in the plan
   * @param rival the best so far, to be timed again in turns before the schedule may replace it
   */
  public record Job(int kernel, Schedule schedule, Schedule rival) {}

  private static final class Subject {
    final int kernel;
    final Tunable info;
    final double share;
    final List<LiteSpace.Candidate> left;
    final LiteSpace.Candidate first;
    LiteSpace.Candidate best;
    double bestMs;
    double speedup = 1;
    int tried;
    int misses;

    Subject(int kernel, Tunable info, LiteSpace space, double share) {
      this.kernel = kernel;
      this.info = info;
      this.share = share;
      this.left = new ArrayList<>(space.candidates());
      LiteSpace.Candidate serving =
          new LiteSpace.Candidate(info.schedule(), space.candidates().get(0).cost());
      for (LiteSpace.Candidate c : space.candidates()) {
        if (c.schedule().equals(info.schedule())) {
          serving = c;
        }
      }
      left.remove(serving);
      first = serving;
      best = serving;
    }

    double promise(int most) {
      boolean over = bestMs > 0 && (left.isEmpty() || misses >= most);
      return over ? 0 : share * Math.pow(0.5, misses);
    }
  }

  private final List<Subject> subjects = new ArrayList<>();
  private final int mostMisses;
  private final CostModel model = new CostModel();
  private final StringBuilder log = new StringBuilder();
  private Job job;
  private int tried;

  /** What there is to try. */
  public interface Spaces {

    /**
     * The schedules of a kernel.
     *
     * @param wide how many of the full space, 0 for the lite space
     */
    LiteSpace of(Tunable kernel, int wide);
  }

  /** The spaces of kernels in WebAssembly. */
  public static Spaces spaces(Target target) {
    return (kernel, wide) -> {
      KernelSpace kernels = Families.of(kernel.workload().compute(), target);
      Set<Integer> weights = kernel.workload().weights();
      return wide > 0 ? kernels.wide(weights, wide) : kernels.lite(weights);
    };
  }

  /**
   * A tuner for the kernels of a plan.
   *
   * @param ms time of all calls of each kernel in one run, in any unit
   * @param wide how many schedules of the full space to try of each kernel, 0 for the lite space
   * @param known kernels that have a schedule here are left as they are
   */
  public Tuner(
      List<? extends Tunable> kernels, Spaces spaces, double[] ms, int wide, ScheduleBook known) {
    mostMisses = wide > 0 ? wide : MOST_MISSES;
    double all = 0;
    for (double m : ms) {
      all += m;
    }
    for (int i = 0; i < kernels.size(); i++) {
      Tunable info = kernels.get(i);
      if (ms[i] <= LEAST_SHARE * all || known.find(info.workload().key()) != null) {
        continue;
      }
      LiteSpace space = spaces.of(info, wide);
      if (space.candidates().size() > 1) {
        subjects.add(new Subject(i, info, space, ms[i] / all));
        log.append(info.name()).append(": ").append((long) space.full()).append(" schedules, ");
        log.append(space.candidates().size()).append(" worth trying\n");
        for (String line : space.log()) {
          log.append("  ").append(line).append('\n');
        }
      }
    }
  }

  /** The next schedule to try, or null when nothing is to be gained. */
  public Job next() {
    Subject subject = null;
    for (Subject s : subjects) {
      if (s.promise(mostMisses) > (subject == null ? 0 : subject.promise(mostMisses))) {
        subject = s;
      }
    }
    if (subject == null) {
      return null;
    }
    if (subject.bestMs == 0) {
      job = new Job(subject.kernel, subject.best.schedule(), null);
      return job;
    }
    LiteSpace.Candidate cheapest = subject.left.get(0);
    for (LiteSpace.Candidate c : subject.left) {
      if (model.cost(c) < model.cost(cheapest)) {
        cheapest = c;
      }
    }
    job = new Job(subject.kernel, cheapest.schedule(), subject.best.schedule());
    return job;
  }

  /**
   * What the last job gave.
   *
   * @param ms time of a call, or NaN when the answer was wrong or it failed
   * @param rivalMs time of the rival measured in turns with it, or 0 when it was hopeless at once
   * @param note what to log, may be empty
   */
  public void record(double ms, double rivalMs, String note) {
    Subject s = subject(job.kernel());
    tried++;
    log.append(s.info.name()).append(' ').append(job.schedule()).append(": ");
    log.append(Double.isNaN(ms) ? "not used" : Numbers.brief(ms) + " ms").append(note.isEmpty() ? "" : ", ");
    log.append(note).append('\n');
    if (job.rival() == null) {
      if (Double.isNaN(ms)) {
        s.left.clear();
        s.bestMs = Double.MAX_VALUE;
      } else {
        s.bestMs = ms;
      }
      return;
    }
    LiteSpace.Candidate candidate = null;
    for (LiteSpace.Candidate c : s.left) {
      if (c.schedule().equals(job.schedule())) {
        candidate = c;
      }
    }
    s.left.remove(candidate);
    s.tried++;
    s.misses++;
    if (Double.isNaN(ms)) {
      return;
    }
    double against = rivalMs > 0 ? rivalMs : s.bestMs;
    model.learn(candidate, s.best, ms / against);
    if (rivalMs > 0 && ms < rivalMs * (1 - MARGIN)) {
      s.speedup *= rivalMs / ms;
      s.bestMs = ms;
      s.best = candidate;
      s.misses = 0;
    }
  }

  private Subject subject(int kernel) {
    for (Subject s : subjects) {
      if (s.kernel == kernel) {
        return s;
      }
    }
    throw new IllegalStateException("no kernel " + kernel + " is being tuned");
  }

  /** Notes the winners; returns how many kernels have another schedule than before. */
  public int writeTo(ScheduleBook book) {
    int changed = 0;
    for (Subject s : subjects) {
      book.put(s.info.workload().key(), s.best.schedule());
      changed += s.best.schedule().equals(s.info.schedule()) ? 0 : 1;
    }
    return changed;
  }

  /**
   * Notes what served before in the place of winners that were no faster in their places.
   *
   * @param workload key of what won there, or an empty string for all winners
   */
  public void giveUp(ScheduleBook book, String workload) {
    for (Subject s : subjects) {
      if (workload.isEmpty() || workload.equals(s.info.workload().key())) {
        s.best = s.first;
        s.speedup = 1;
      }
    }
    writeTo(book);
  }

  /** Workloads that are done, or have a winner, with their schedules, one a line: key, tab, schedule. */
  public String found() {
    StringBuilder lines = new StringBuilder();
    for (Subject s : subjects) {
      if (!s.best.equals(s.first) || s.tried > 0 && s.promise(mostMisses) == 0) {
        lines.append(s.info.workload().key()).append('\t').append(s.best.schedule()).append('\n');
      }
    }
    return lines.toString();
  }

  /** How much faster a run is with the winners, by the kernels' shares of it. */
  public double speedup() {
    double saved = 0;
    for (Subject s : subjects) {
      saved += s.share * (1 - 1 / s.speedup);
    }
    return 1 / (1 - saved);
  }

  /** Schedules tried so far. */
  public int tried() {
    return tried;
  }

  /** Every step with its reason, one a line. */
  public String log() {
    return log.toString();
  }
}
