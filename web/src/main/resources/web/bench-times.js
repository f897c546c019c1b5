// Times of runs and what is said of them.
const sorted = (a) => [...a].sort((x, y) => x - y);

export const median = (a) => sorted(a)[a.length >> 1];

/** Half the distance between the quartiles, relative to the median. */
export function spread(a) {
  const s = sorted(a);
  return (s[Math.floor(s.length * 0.75)] - s[Math.floor(s.length * 0.25)]) / 2 / median(a);
}

/** Milliseconds until a run has ended. */
export async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Compile times of a session's kernels: of the first plan of a page, and once the engine is warm. */
export async function compileTimes(session, feeds, first, warmUpMs) {
  const cold = first.plan.kernels.map((k) => k.ms);
  const warm = (await session.compileTimes(feeds, { warmUpMs })).map((k) => median(k.ms));
  return {
    compileMs: first.plan.compileMs, kernels: cold.length, coldMs: cold, warmMs: warm,
    emitColdMs: median(cold), emitColdMostMs: Math.max(...cold), emitWarmMs: median(warm), emitWarmMostMs: Math.max(...warm),
  };
}
