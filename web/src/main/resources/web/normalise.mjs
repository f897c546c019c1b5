/**
 * The preprocessing of the digit recogniser, for the page and for the training alike.
 *
 * As in MNIST (LeCun, Cortes, Burges): the drawing is scaled, keeping its aspect ratio, so that its
 * bounding box fits 20 x 20 pixels, then placed in a 28 x 28 field with its centre of mass in the
 * middle. Ink is 1 (white), paper is 0 (black).
 */

/** Side of the network's input in pixels. */
export const SIDE = 28;

/** Side of the square that the drawing's bounding box is scaled to, in pixels. */
export const BOX = 20;

/** Ink below this does not count for the bounding box (anti-aliasing, canvas noise). */
const FAINT = 0.08;

/**
 * Normalises a drawing for the network.
 *
 * @param {ArrayLike<number>} ink width * height values, row-major, 0 (paper) to 1 (ink)
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @returns {Float32Array | null} 28 * 28 values, row-major, 0 to 1; null if nothing is drawn
 */
export function normalise(ink, width, height) {
  let left = width, right = -1, top = height, bottom = -1;
  let mass = 0, massX = 0, massY = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const v = ink[i];
      if (v < FAINT) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      mass += v;
      massX += v * (x + 0.5);
      massY += v * (y + 0.5);
    }
  }
  if (right < 0) return null;
  // Source pixels per output pixel, and the source position of the output's corner.
  const step = Math.max(right - left + 1, bottom - top + 1) / BOX;
  const x0 = massX / mass - (SIDE / 2) * step;
  const y0 = massY / mass - (SIDE / 2) * step;
  const image = new Float32Array(SIDE * SIDE);
  for (let oy = 0; oy < SIDE; oy++) {
    for (let ox = 0; ox < SIDE; ox++) {
      image[oy * SIDE + ox] =
        area(ink, width, height, x0 + ox * step, y0 + oy * step, step) / (step * step);
    }
  }
  return image;
}

/** The ink inside the square with corner (x, y) and the given side: exact area weighting. */
function area(ink, width, height, x, y, side) {
  const firstX = Math.max(0, Math.floor(x)), lastX = Math.min(width, Math.ceil(x + side));
  const firstY = Math.max(0, Math.floor(y)), lastY = Math.min(height, Math.ceil(y + side));
  let sum = 0;
  for (let sy = firstY; sy < lastY; sy++) {
    const high = Math.min(sy + 1, y + side) - Math.max(sy, y);
    for (let sx = firstX; sx < lastX; sx++) {
      const v = ink[sy * width + sx];
      if (v !== 0) sum += v * high * (Math.min(sx + 1, x + side) - Math.max(sx, x));
    }
  }
  return sum;
}

/**
 * Normalises the bitmap of a canvas drawn in white on black (the red channel is read).
 *
 * @param {{data: Uint8ClampedArray, width: number, height: number}} bitmap as of getImageData
 * @returns {Float32Array | null} 28 * 28 values, or null if nothing is drawn
 */
export function normaliseCanvas(bitmap) {
  const ink = new Float32Array(bitmap.width * bitmap.height);
  for (let i = 0; i < ink.length; i++) ink[i] = bitmap.data[4 * i] / 255;
  return normalise(ink, bitmap.width, bitmap.height);
}
