// A line chart as SVG, in the page's colours.
import { svg as element } from './svg.js';

const WIDTH = 480;
const HEIGHT = 270;
const LEFT = 52;
const RIGHT = 28;
const TOP = 10;
const BOTTOM = 44;

function make(parent, name, attributes, text) {
  const e = element(name, attributes, text);
  parent.append(e);
  return e;
}

/** Place of a value between two ends, 0 to 1. */
const part = ({ log, from, to }, v) => (log
  ? Math.log(v / from) / Math.log(to / from)
  : (v - from) / (to - from));

/** Round numbers from 0 that reach a value, about five of them. */
export function roundTicks(top) {
  const raw = top / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw) * power;
  return Array.from({ length: Math.ceil(top / step) + 1 }, (_, i) => i * step);
}

/**
 * Draws into an element, in place of what it holds.
 * @param {Element} into
 * @param {{label: string, ticks: Array<[number, string]>, log?: boolean}} x the axis goes from the
 *   first tick to the last
 * @param {{label: string, ticks: Array<[number, string]>, log?: boolean}} y
 * @param {Array<{name: string, points: Array<[number, number]>, dashed?: boolean, dots?: boolean,
 *   describe?: function}>} series `describe(x, y)` gives a point's tooltip
 */
export function lineChart(into, x, y, series) {
  const ends = (axis) => ({ ...axis, from: axis.ticks[0][0], to: axis.ticks.at(-1)[0] });
  const xs = ends(x);
  const ys = ends(y);
  const px = (v) => LEFT + part(xs, v) * (WIDTH - LEFT - RIGHT);
  const py = (v) => HEIGHT - BOTTOM - part(ys, v) * (HEIGHT - TOP - BOTTOM);
  const names = series.map((s) => s.name).join(', ');
  const svg = element('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${y.label} by ${x.label}: ${names}` });
  for (const [v, text] of y.ticks) {
    make(svg, 'line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: py(v), y2: py(v) });
    make(svg, 'text', { x: LEFT - 6, y: py(v) + 4, 'text-anchor': 'end' }, text);
  }
  for (const [v, text] of x.ticks) {
    make(svg, 'line', { class: 'grid', x1: px(v), x2: px(v), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 });
    make(svg, 'text', { x: px(v), y: HEIGHT - BOTTOM + 17, 'text-anchor': 'middle' }, text);
  }
  make(svg, 'text', { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, x.label);
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  make(svg, 'text', { x: 12, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 12 ${middle})` }, y.label);
  const legend = Object.assign(document.createElement('ul'), { className: 'legend' });
  series.forEach((s, i) => {
    const color = `var(--series-${i})`;
    make(svg, 'polyline', {
      class: s.dashed ? 'line dashed' : 'line', style: `stroke: ${color}`,
      points: s.points.map(([a, b]) => `${px(a).toFixed(1)},${py(b).toFixed(1)}`).join(' '),
    });
    for (const [a, b] of s.dots ? s.points : []) {
      const dot = make(svg, 'circle', { cx: px(a), cy: py(b), r: 3, style: `fill: ${color}` });
      make(dot, 'title', {}, s.describe(a, b));
    }
    const entry = document.createElement('li');
    const mark = document.createElement('i');
    mark.style.background = color;
    entry.append(mark, s.name);
    legend.append(entry);
  });
  into.replaceChildren(svg, legend);
}
