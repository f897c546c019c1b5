// Draws a trace of session.trace() as a timeline: one row for each thread, one bar for each command.
import { svg } from './svg.js';

const LABEL = 84;
const ROW = 30;
const BAR = 22;
const AXIS = 22;
const COLOURS = 6;
const REACH = 4;

const html = (tag, className, text = '') => Object.assign(document.createElement(tag), { className, textContent: text });

const ms = (us) => `${(us / 1000).toFixed(us < 100 ? 3 : 2)} ms`;

/** A step of 1, 2 or 5 times a power of ten that makes at most `most` parts of a span. */
function niceStep(span, most) {
  const power = 10 ** Math.floor(Math.log10(span / most));
  return power * [1, 2, 5, 10].find((f) => f * power * most >= span);
}

/** Categories by the time that they took on all threads together, the longest first. */
function byTime(events) {
  const total = new Map();
  for (const e of events) total.set(e.cat, (total.get(e.cat) ?? 0) + e.dur);
  return [...total].sort((a, b) => b[1] - a[1]);
}

/** One line about a command on one thread. */
function describe(e, events) {
  const parts = events.filter((o) => o.args.index === e.args.index);
  const us = Math.max(...parts.map((o) => o.ts + o.dur)) - Math.min(...parts.map((o) => o.ts));
  const rate = e.args.flops && us > 0 ? `, ${(e.args.flops / us / 1e3).toFixed(1)} GFLOP/s on ${parts.length} thread${parts.length > 1 ? 's' : ''}` : '';
  return `${ms(e.dur)}${rate} · makes ${e.args.outputShape} · ${e.args.node}`;
}

/** The bars, the rows' names and the axis at this width in pixels. */
function chart(width, threads, end, events, colour) {
  const bottom = threads.length * ROW;
  const scale = (width - LABEL - 1) / end;
  const x = (us) => LABEL + us * scale;
  const root = svg('svg', { style: `width: ${width}px; height: ${bottom + AXIS}px`, role: 'img', 'aria-label': 'Commands of one run by thread and time' });
  threads.forEach((name, i) => {
    root.append(svg('rect', { x: LABEL, y: i * ROW + 2, width: width - LABEL, height: BAR, class: 'lane' }));
    root.append(svg('text', { x: 0, y: i * ROW + 18 }, name));
  });
  const step = niceStep(end, Math.max(2, Math.floor(width / 120)));
  for (let t = 0; t < end; t += step) {
    root.append(svg('line', { x1: x(t), x2: x(t), y1: 0, y2: bottom, class: 'tick' }));
    root.append(svg('text', { x: x(t) + 3, y: bottom + 15 }, `${+(t / 1000).toPrecision(3)} ms`));
  }
  for (const e of events) {
    root.append(svg('rect', { x: x(e.ts), y: e.tid * ROW + 2, width: Math.max(0.5, e.dur * scale), height: BAR, class: `c${colour.get(e.cat)}` }));
  }
  const mark = svg('rect', { height: BAR, class: 'mark', visibility: 'hidden' });
  root.append(mark);
  return { root, mark, x, scale };
}

/**
 * Shows a trace inside an element, and draws it again when the element's width changes.
 * @param {HTMLElement} box
 * @param {{traceEvents: Array<object>}} trace
 */
export function showTimeline(box, trace) {
  const events = trace.traceEvents.filter((e) => e.ph === 'X').sort((a, b) => a.ts - b.ts);
  const threads = trace.traceEvents.filter((e) => e.name === 'thread_name').map((e) => `thread ${e.tid}`);
  const end = Math.max(...events.map((e) => e.ts + e.dur), 1);
  const times = byTime(events);
  const colour = new Map(times.map(([cat], i) => [cat, i % COLOURS]));
  const legend = html('p', 'legend');
  legend.append(...times.map(([cat, us]) => {
    const item = html('span', '');
    item.append(html('i', `c${colour.get(cat)}`), `${cat} ${ms(us)}`);
    return item;
  }));
  const free = threads.length * end - events.reduce((sum, e) => sum + e.dur, 0);
  legend.append(html('span', '', `waiting and between calls ${ms(Math.max(0, free))}`));
  const plot = html('div', 'plot');
  plot.tabIndex = 0;
  const name = html('strong', '');
  const about = html('span', '');
  const readout = html('p', 'readout');
  readout.append(name, about);
  box.replaceChildren(plot, readout, legend);

  let drawn;
  let chosen = -1;
  const choose = (i) => {
    chosen = i;
    const e = events[i];
    drawn.mark.setAttribute('visibility', e ? 'visible' : 'hidden');
    name.textContent = e?.name ?? `One run, ${ms(end)}. `;
    about.textContent = e ? ` ${describe(e, events)}` : 'Point at a bar, or use the arrow keys.';
    if (!e) return;
    drawn.mark.setAttribute('x', drawn.x(e.ts));
    drawn.mark.setAttribute('y', e.tid * ROW + 2);
    drawn.mark.setAttribute('width', Math.max(2, e.dur * drawn.scale));
  };
  const at = (pointer) => {
    const bounds = drawn.root.getBoundingClientRect();
    const px = pointer.clientX - bounds.left;
    const tid = Math.floor((pointer.clientY - bounds.top) / ROW);
    const away = (e) => Math.max(drawn.x(e.ts) - px, px - drawn.x(e.ts + e.dur), 0);
    let best = -1;
    events.forEach((e, i) => {
      if (e.tid === tid && away(e) <= REACH && (best < 0 || away(e) < away(events[best]))) best = i;
    });
    return best;
  };
  plot.onpointermove = (e) => choose(at(e));
  plot.onpointerdown = plot.onpointermove;
  plot.onpointerleave = () => choose(-1);
  plot.onkeydown = (e) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    e.preventDefault();
    choose(Math.min(events.length - 1, Math.max(0, chosen + by)));
  };
  let width = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth === width || plot.clientWidth === 0) return;
    width = plot.clientWidth;
    drawn = chart(width, threads, end, events, colour);
    plot.replaceChildren(drawn.root);
    choose(chosen);
  }).observe(plot);
}
