// Times of runs and what is said of them.
const sorted = (a) => [...a].sort((x, y) => x - y);

/** Of an even number the mean of the two in the middle. */
export function median(a) {
  const s = sorted(a);
  return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2;
}

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

/** Of the largest magnitude: engines that differ by more do not calculate the same. */
const TOLERANCE = 1e-3;

/** How far two answers are apart; throws when that is too far. */
export function difference(a, b, tolerance = TOLERANCE) {
  let error = 0;
  let largest = 0;
  a.forEach((v, i) => {
    error = Math.max(error, Math.abs(v - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  });
  const relative = error / largest;
  if (!(relative <= tolerance)) throw new Error(`the answer differs by ${relative} of the largest magnitude from the peer's`);
  return relative;
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
