/** Prints a few drawings as text: node show.mjs [seed]. */
import { Random, Writer } from './draw.mjs';

const random = new Random(Number(process.argv[2] ?? 1));
const shades = ' .:-=+*#%@';
for (let row = 0; row < 2; row++) {
  const digits = [0, 1, 2, 3, 4].map((d) => d + 5 * row);
  const writer = new Writer(random, 'any');
  const drawings = digits.map((d) => writer.draw(d, random));
  for (let y = 2; y < 26; y++) {
    console.log(
      drawings
        .map((d) => Array.from(d.subarray(y * 28 + 2, y * 28 + 26), (v) => shades[Math.round(v * 9)]).join(''))
        .join(' '),
    );
  }
}
