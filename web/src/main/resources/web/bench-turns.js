// Engines measured in turns in one page, each as if it were alone there, with the rate at which the
// machine reads memory measured beside them.
import { median, spread } from './bench-times.js';

/** An engine works for so long in a turn, in milliseconds, and runs once at least. */
const TURN_MS = 1000;

/** Before that the page rests, because threads of the engine before go on spinning for a while ... */
const REST_MS = 400;

/** ... and an engine of short runs runs untimed for so long, to have its threads awake. */
const SETTLE_MS = 100;

/** What of the rate of reading counts as reaching it. */
export const OF_FLOOR = 0.85;

const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Medians of a turn's runs, of which each gives an array of milliseconds that it counts itself. */
async function turn(run, untimed) {
  await wait(REST_MS);
  for (let end = performance.now() + SETTLE_MS; untimed && performance.now() < end;) await run();
  const rows = [];
  const end = performance.now() + TURN_MS;
  do rows.push(await run()); while (performance.now() < end);
  return rows[0].map((_, i) => median(rows.map((r) => r[i])));
}

/** Runs for so long, once at least; milliseconds of the last run. */
async function warmed(run, warmUp) {
  const end = performance.now() + warmUp;
  let ms;
  do {
    const start = performance.now();
    await run();
    ms = performance.now() - start;
  } while (performance.now() < end);
  return ms;
}

/**
 * Measures engines in turns.
 * @param {Array<function(): Promise<number[]>>} runs one of each engine, the first being nnJIT
 * @param {{rounds: number, warmUp: number, reads?: ReadProbe, log: function(string)}} how `reads`
 *   measures before and after each turn of the first
 * @returns {Promise<{times: number[][][], readGbs: number[]}>} times[engine][round] are the medians of
 *   what a run gives, readGbs the rate of reading beside the turns of the first
 */
export async function inTurns(runs, { rounds, warmUp, reads, log }) {
  await log('warming up');
  const long = [];
  for (const run of runs) long.push(await warmed(run, warmUp) > SETTLE_MS);
  const times = runs.map(() => []);
  const readGbs = [];
  for (let i = 0; i < rounds; i++) {
    await log(`round ${i + 1} of ${rounds}`);
    for (const [k, run] of runs.entries()) {
      const probed = k === 0 && reads;
      const before = probed && await reads.gbs();
      times[k].push(await turn(run, !long[k]));
      if (probed) readGbs.push((before + await reads.gbs()) / 2);
    }
  }
  return { times, readGbs };
}

/** Columns of a row, of times that were taken in turns: medians, and one's part of the other's. */
export function against(peer, mine, theirs, which = 0) {
  const [x, y] = [mine, theirs].map((rounds) => rounds.map((r) => r[which]));
  const ratios = x.map((ms, i) => y[i] / ms);
  return {
    nnjitMs: median(x), nnjitSpread: spread(x), peer, peerMs: median(y), peerSpread: spread(y),
    ratio: median(ratios), ratioLeast: Math.min(...ratios), ratioMost: Math.max(...ratios),
  };
}

/** Reads memory that no cache holds, on as many threads as an engine has. */
export class ReadProbe {
  #workers;

  static async create(threads) {
    const probe = new ReadProbe();
    probe.#workers = Array.from({ length: threads }, () => new Worker(new URL('./bench-read.js', import.meta.url), { type: 'module' }));
    await probe.#ask('ready');
    return probe;
  }

  #ask(question) {
    return Promise.all(this.#workers.map((w) => new Promise((done, failed) => {
      w.onmessage = (e) => done(e.data);
      w.onerror = (e) => failed(new Error(`the read probe: ${e.message}`));
      w.postMessage(question);
    })));
  }

  /** 10^9 bytes a second, all threads together. */
  async gbs() {
    await wait(REST_MS);
    return (await this.#ask('read')).reduce((a, b) => a + b);
  }

  release() { this.#workers.forEach((w) => w.terminate()); }
}
