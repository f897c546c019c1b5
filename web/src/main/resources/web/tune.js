// Tunes a model and draws what happens: ?model=NAME&threads=1&length=128&budget=10000&wide=0&provider=wasm
// With wide=N the lite space is searched for ten seconds, then N schedules of each full space.
import { median } from './bench-times.js';
import { svg as make } from './svg.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { sampleFeeds } from './sample-feeds.js';

const query = new URLSearchParams(location.search);
const number = (name, otherwise) => Number(query.get(name) ?? otherwise);
const report = query.get('report');
const post = (kind, value) => report && fetch(`/${kind}/${report}`, { method: 'POST', body: JSON.stringify(value) });
const $ = (id) => document.getElementById(id);
const say = (text) => {
  $('log').textContent = text;
  post('progress', text);
};

/** Time for the lite space before a search of the full one. */
const LITE_MS = 10000;

/** Runs go on beside the tuning, one in so many milliseconds. */
const EVERY_MS = 500;

const points = [];
let tunedAt = null;

function draw() {
  const svg = $('curve');
  const { width, height } = svg.getBoundingClientRect();
  const right = Math.max(1, points.at(-1).seconds) * 1.02;
  const top = Math.max(...points.map((p) => p.ms)) * 1.1;
  const x = (s) => 48 + ((width - 60) * s) / right;
  const y = (ms) => height - 24 - ((height - 36) * ms) / top;
  const parts = [];
  for (let i = 0; i <= 4; i++) {
    const ms = (top * i) / 4;
    parts.push(make('line', { x1: 48, x2: width, y1: y(ms), y2: y(ms) }));
    parts.push(make('text', { x: 0, y: y(ms) + 4 }, `${ms.toPrecision(3)} ms`));
    parts.push(make('text', { x: x((right * i) / 4) - 8, y: height - 6 }, `${((right * i) / 4).toFixed(1)} s`));
  }
  if (tunedAt !== null) parts.push(make('line', { class: 'end', x1: x(tunedAt), x2: x(tunedAt), y1: 0, y2: height - 24 }));
  for (const p of points) parts.push(make('circle', { cx: x(p.seconds), cy: y(p.ms), r: 3 }));
  svg.replaceChildren(...parts);
}

const rows = new Map();

/** A line of the table for each kernel, with its best schedule so far. */
function show({ kernel, schedule, ms, rivalMs, note }) {
  if (!rows.has(kernel)) rows.set(kernel, { tried: 0, gain: 1, best: schedule });
  const row = rows.get(kernel);
  row.tried++;
  if (rivalMs > 0 && ms < rivalMs * 0.97) {
    row.gain *= rivalMs / ms;
    row.best = schedule;
  }
  $('rows').replaceChildren(...[...rows].map(([name, r]) => {
    const line = document.createElement('tr');
    const cells = [name, r.tried, r.gain > 1 ? `${((r.gain - 1) * 100).toFixed(0)} %` : '', r.best];
    line.append(...cells.map((text, i) => Object.assign(document.createElement('td'), { textContent: text, className: i === 1 || i === 2 ? 'num' : '' })));
    return line;
  }));
  say(`${kernel}: ${schedule}${note ? `, ${note}` : ''}`);
}

async function main() {
  const name = query.get('model');
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const session = await InferenceSession.create(`/models/${name}.onnx`, {
    threads: number('threads', 1), tune: false, executionProviders: [query.get('provider') ?? 'wasm'], onProgress: (p) => p.stage === 'tune' && show(p),
  });
  const feeds = sampleFeeds(Tensor, session.inputMetadata, number('length', 128));
  const run = async () => {
    const start = performance.now();
    await session.run(feeds);
    points.push({ seconds: seconds(), ms: performance.now() - start });
    draw();
  };
  say(`${name}: warming up`);
  for (const end = performance.now() + 3000; performance.now() < end;) await run();
  const before = median(await session.measure(feeds, 7, 1500));
  const tune = async (options) => {
    let pending = true;
    const tuning = session.tune(options);
    tuning.finally(() => { pending = false; }).catch(() => {});
    while (pending) {
      await Promise.race([tuning, new Promise((done) => { setTimeout(done, EVERY_MS); })]);
      await run();
    }
    return tuning;
  };
  const wide = number('wide', 0);
  const lite = wide > 0 ? await tune({ budgetMs: LITE_MS }) : null;
  const result = await tune({ budgetMs: number('budget', 10000), wide });
  tunedAt = seconds();
  for (const end = performance.now() + 2000; performance.now() < end;) await run();
  const after = median(await session.measure(feeds, 7, 1500));
  const log = await session.tuningLog();
  $('text').textContent = log;
  say(`${name}: ${before.toFixed(2)} ms before, ${after.toFixed(2)} ms after ${(result.ms / 1000).toFixed(1)} s and ${result.tried} schedules (${result.state})`);
  await session.release();
  await post('report', { before, after, ...result, lite, points, tunedAt, log });
}

main().catch((e) => {
  say(e.message);
  post('report', { failure: e.message });
});
