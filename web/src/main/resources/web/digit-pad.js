// A canvas to draw a digit on, white on black, with a mouse, a finger or a pen.
import { normaliseCanvas } from './normalise.mjs';

/** Width of the pen in pixels: 5 to 19 % of a digit's height is what the network was trained on. */
const PEN = 18;

export class DigitPad {
  #pen;
  #canvas;
  #recognise;
  #last = null;
  #running = null;
  #changed = false;

  /** @param {function(Float32Array): Promise} recognise gets the drawing, 28 x 28, after each change */
  constructor(canvas, recognise) {
    this.#canvas = canvas;
    this.#recognise = recognise;
    this.#pen = canvas.getContext('2d', { willReadFrequently: true });
    Object.assign(this.#pen, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff', fillStyle: '#000' });
    this.clear();
    canvas.onpointerdown = (e) => {
      canvas.setPointerCapture(e.pointerId);
      this.#last = [e.offsetX, e.offsetY];
    };
    canvas.onpointermove = (e) => {
      if (this.#last) this.#line([e.offsetX, e.offsetY]);
    };
    canvas.onpointerup = () => { this.#last = null; };
    canvas.onpointercancel = canvas.onpointerup;
  }

  clear() {
    this.#pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Draws a stroke through these points; resolves when it has been recognised. */
  async draw([first, ...points]) {
    this.#last = first;
    for (const p of points) this.#line(p);
    this.#last = null;
    await this.#running;
  }

  #line(to) {
    this.#pen.beginPath();
    this.#pen.moveTo(...this.#last);
    this.#pen.lineTo(...to);
    this.#pen.stroke();
    this.#last = to;
    this.#changed = true;
    this.#running ??= this.#look().finally(() => { this.#running = null; });
  }

  /** Has the drawing recognised until it has not changed meanwhile. */
  async #look() {
    while (this.#changed) {
      this.#changed = false;
      const { width, height } = this.#canvas;
      const drawing = normaliseCanvas(this.#pen.getImageData(0, 0, width, height));
      if (drawing) await this.#recognise(drawing);
    }
  }
}
