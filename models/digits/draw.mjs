/**
 * Draws digits as different people would with a pen or a mouse: deterministic for a seed.
 *
 * A `Writer` holds what stays the same over one person's digits (slant, proportions, pen, the
 * habit chosen for each digit); every drawing adds its own tremor, rotation and elastic warp.
 */
import { GLYPHS } from './glyphs.mjs';
import { normalise } from '../../web/src/main/resources/web/normalise.mjs';

/** Side of the square on which strokes are drawn before normalise() scales them, in pixels. */
const CANVAS = 84;

/** Seeded generator of uniform and normal numbers (mulberry32, Box-Muller). */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between(low, high) {
    return low + (high - low) * this.uniform();
  }

  normal(deviation) {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  below(n) {
    return Math.floor(this.uniform() * n);
  }
}

/**
 * Bands of the style space that training never sees: pens 9-11 % of the digit's height wide, and
 * slants between 0.13 and 0.22. Writers inside them are half of the test set.
 */
const heldOut = (pen, slant) => (pen > 0.09 && pen < 0.11) || (slant > 0.13 && slant < 0.22);

/** One person's way of writing. */
export class Writer {
  /**
   * @param {Random} random source of the style
   * @param {'train' | 'held-out' | 'any'} kind which part of the style space it may come from
   */
  constructor(random, kind) {
    for (;;) {
      this.pen = random.between(0.045, 0.19); // stroke width, relative to the digit's height
      this.slant = random.normal(0.17); // horizontal shift per unit of height
      if (Math.abs(this.slant) > 0.45) continue;
      if (kind === 'any' || heldOut(this.pen, this.slant) === (kind === 'held-out')) break;
    }
    this.aspect = Math.exp(random.normal(0.22));
    this.tilt = random.normal(0.07); // radians
    this.tremor = random.between(0.0, 0.018);
    this.loose = random.between(0.012, 0.05); // how far control points stray
    this.habit = GLYPHS.map((variants) => random.below(variants.length));
  }

  /**
   * Draws one digit.
   *
   * @param {number} digit 0 to 9
   * @param {Random} random source of this drawing's variation
   * @returns {Float32Array} 28 * 28 values in 0 to 1, normalised as the page does
   */
  draw(digit, random) {
    // Now and then a person writes a digit in another way.
    const variants = GLYPHS[digit];
    const variant = random.uniform() < 0.15 ? random.below(variants.length) : this.habit[digit];
    const glyph = variants[variant];
    const strokes = glyph.path.split(';').map((s) => this.#trace(s, random));
    this.#place(strokes, glyph.width, random);
    const ink = rasterise(strokes, this.pen * CANVAS * 0.75 * Math.exp(random.normal(0.12)), random);
    return normalise(ink, CANVAS, CANVAS);
  }

  /** Turns one pen stroke's text into a dense polyline [x, y, ...] in the unit box. */
  #trace(text, random) {
    const line = [];
    let last = null;
    for (const piece of text.split('|')) {
      const points = piece.trim().split(/\s+/).map((p) => p.split(',').map(Number));
      for (const p of points) {
        p[0] += random.normal(this.loose);
        p[1] += random.normal(this.loose);
      }
      if (last) points.unshift(last);
      last = points[points.length - 1];
      curve(points, line);
    }
    // A pen lands early or late: lengthen or shorten both ends along their direction.
    stretch(line, 0, 2, random.normal(0.035));
    stretch(line, line.length - 2, line.length - 4, random.normal(0.035));
    return line;
  }

  /** Proportions, slant, rotation, elastic warp, tremor: unit box to canvas pixels, in place. */
  #place(strokes, width, random) {
    const wide = Math.max(0.04, width * this.aspect * Math.exp(random.normal(0.1)));
    const slant = this.slant + random.normal(0.05);
    const turn = this.tilt + random.normal(0.06);
    const cos = Math.cos(turn), sin = Math.sin(turn);
    const squeeze = random.normal(0.12); // the upper half narrower or wider than the lower one
    const sag = random.normal(0.1); // moves the waist up or down
    const warp = new Warp(random, 0.035);
    const scale = (CANVAS * 0.75) / Math.max(1, wide);
    let tx = 0, ty = 0;
    for (const line of strokes) {
      for (let i = 0; i < line.length; i += 2) {
        let x = (line[i] - 0.5) * wide, y = line[i + 1] - 0.5;
        x *= 1 + squeeze * y * 2;
        y += sag * (0.25 - y * y);
        const dx = warp.x(x, y), dy = warp.y(x, y);
        x += dx - slant * y;
        y += dy;
        tx = 0.75 * tx + random.normal(this.tremor * 0.5);
        ty = 0.75 * ty + random.normal(this.tremor * 0.5);
        line[i] = CANVAS / 2 + scale * (cos * x - sin * y + tx);
        line[i + 1] = CANVAS / 2 + scale * (sin * x + cos * y + ty);
      }
    }
  }
}

/** A smooth random displacement: a few long waves in each direction. */
class Warp {
  constructor(random, amplitude) {
    this.waves = [];
    for (let i = 0; i < 4; i++) {
      this.waves.push([
        random.normal(4), random.normal(4), random.between(0, 2 * Math.PI), random.normal(amplitude),
      ]);
    }
  }

  x(x, y) {
    return this.#sum(0, x, y);
  }

  y(x, y) {
    return this.#sum(2, x, y);
  }

  #sum(first, x, y) {
    const [a, b] = [this.waves[first], this.waves[first + 1]];
    return (
      a[3] * Math.sin(a[0] * x + a[1] * y + a[2]) + b[3] * Math.sin(b[0] * x + b[1] * y + b[2])
    );
  }
}

/** Appends a Catmull-Rom curve through the points to the polyline. */
function curve(points, line) {
  const n = points.length;
  for (let i = 0; i + 1 < n; i++) {
    const p0 = points[Math.max(0, i - 1)], p1 = points[i];
    const p2 = points[i + 1], p3 = points[Math.min(n - 1, i + 2)];
    const steps = Math.max(2, Math.ceil(Math.hypot(p2[0] - p1[0], p2[1] - p1[1]) / 0.06));
    for (let s = i === 0 && line.length === 0 ? 0 : 1; s <= steps; s++) {
      const t = s / steps, t2 = t * t, t3 = t2 * t;
      for (let c = 0; c < 2; c++) {
        line.push(
          0.5 * (2 * p1[c] + (p2[c] - p0[c]) * t +
            (2 * p0[c] - 5 * p1[c] + 4 * p2[c] - p3[c]) * t2 +
            (3 * p1[c] - p0[c] - 3 * p2[c] + p3[c]) * t3),
        );
      }
    }
  }
}

/** Moves the end point at `end` away from (or towards) its neighbour at `next`. */
function stretch(line, end, next, by) {
  const dx = line[end] - line[next], dy = line[end + 1] - line[next + 1];
  const length = Math.hypot(dx, dy) || 1;
  line[end] += (dx / length) * by;
  line[end + 1] += (dy / length) * by;
}

/** Draws polylines with a round pen, anti-aliased: CANVAS * CANVAS ink values in 0 to 1. */
function rasterise(strokes, penPixels, random) {
  const ink = new Float32Array(CANVAS * CANVAS);
  const taper = random.uniform() < 0.3 ? random.between(0.3, 1) : 1; // ink pens thin out
  for (const line of strokes) {
    for (let i = 0; i + 3 < line.length; i += 2) {
      const along = i / line.length;
      const radius = Math.max(0.9, (penPixels / 2) * (1 - (1 - taper) * along));
      segment(ink, line[i], line[i + 1], line[i + 2], line[i + 3], radius);
    }
  }
  return ink;
}

function segment(ink, ax, ay, bx, by, radius) {
  const reach = radius + 1;
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
  const right = Math.min(CANVAS - 1, Math.ceil(Math.max(ax, bx) + reach));
  const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
  const bottom = Math.min(CANVAS - 1, Math.ceil(Math.max(ay, by) + reach));
  const dx = bx - ax, dy = by - ay;
  const square = dx * dx + dy * dy || 1e-9;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - ax, py = y + 0.5 - ay;
      const t = Math.min(1, Math.max(0, (px * dx + py * dy) / square));
      const distance = Math.hypot(px - t * dx, py - t * dy);
      const v = radius + 0.5 - distance;
      if (v > 0) {
        const at = y * CANVAS + x;
        ink[at] = Math.max(ink[at], Math.min(1, v));
      }
    }
  }
}

/**
 * Draws a labelled set, a new writer for every ten drawings.
 *
 * @param {number} count drawings
 * @param {number} seed of the set; different seeds share nothing
 * @param {'train' | 'held-out' | 'any'} kind of writers
 * @returns {{images: Float32Array, labels: Int32Array}} images: [count, 28, 28]
 */
export function drawSet(count, seed, kind) {
  const random = new Random(seed);
  const images = new Float32Array(count * 784), labels = new Int32Array(count);
  let writer = null;
  for (let i = 0; i < count; i++) {
    if (i % 10 === 0) writer = new Writer(random, kind);
    labels[i] = random.below(10);
    images.set(writer.draw(labels[i], random), i * 784);
  }
  return { images, labels };
}
