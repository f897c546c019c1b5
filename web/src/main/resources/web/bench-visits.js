// Two visits to a page: in the first a session is tuned in the background while it answers, the
// second starts with the schedules that the first has kept.
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { median, timed } from './bench-times.js';
import { sampleFeeds } from './sample-feeds.js';

/** Of the runs that follow each other, the last so many tell what a session has settled at. */
const SETTLED = 9;

/** A page does other things than running the model: so long at least, and as long as a run took. */
const GAP_MS = 30;

const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Opens a session and runs it until `enough(points)`: points are [seconds since the start, ms]. */
async function visit(url, length, options, enough) {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const session = await InferenceSession.create(url, options);
  const feeds = sampleFeeds(Tensor, session.inputMetadata, length);
  await session.run(feeds);
  const firstMs = 1000 * seconds();
  const points = [];
  while (!await enough(session, points, seconds())) {
    const ms = await timed(() => session.run(feeds));
    points.push([seconds(), ms]);
    await wait(Math.max(GAP_MS, ms));
  }
  const { tuning } = await session.stats();
  await session.release();
  return { firstMs, points, settledMs: median(points.slice(-SETTLED).map((p) => p[1])), tuning };
}

/** The first visit: runs until the background tuning has ended, and some runs more. */
export async function firstVisit(url, length, threads, budgetMs) {
  let tunedAt = null;
  let after = 0;
  const mostSeconds = 20 + (4 * budgetMs) / 1000;
  const v = await visit(url, length, { threads, tune: { budgetMs } }, async (session, points, seconds) => {
    const { tuning } = await session.stats();
    if (tunedAt === null && !['not started', 'running'].includes(tuning.state)) {
      tunedAt = seconds;
      after = points.length;
    }
    if (tunedAt === null && seconds > mostSeconds) throw new Error(`background tuning has not ended after ${seconds.toFixed(0)} s`);
    return tunedAt !== null && points.length >= after + SETTLED + 3;
  });
  return { ...v, tunedAt };
}

/**
 * The second visit: no tuning, what was kept serves from the first run on. `within` is the first run
 * that is at most 5 % slower than what the first visit settled at.
 */
export async function secondVisit(url, length, threads, before) {
  const v = await visit(url, length, { threads, tune: { afterMs: 2 ** 30 } },
    (_, points, seconds) => points.length >= SETTLED + 3 && seconds > 5);
  const at = v.points.findIndex((p) => p[1] <= 1.05 * before.settledMs);
  return { ...v, within: at < 0 ? null : { run: at + 2, seconds: v.points[at][0] } };
}
