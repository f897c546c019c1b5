// A form to type a prompt in; what the model writes appears token by token.
import { TextGenerator } from '/npm/generate.js';

/** Tokens that one answer has at most. */
const LONGEST = 64;

export class TextBox {
  #form;
  #generator = null;
  #parts = null;
  #stop = null;

  /** @param {HTMLFormElement} form with a field `prompt`, an output `answer`, an element .rate, a button .stop */
  constructor(form) {
    this.#form = form;
    form.onsubmit = (e) => {
      e.preventDefault();
      this.write(form.elements.prompt.value);
    };
    form.querySelector('.stop').onclick = () => this.#stop?.abort(new Error('stopped'));
  }

  /**
   * Takes another model, which is loaded with the first prompt.
   * @param {{decoder: string, tokenizer: string, config: string, options: object}|null} parts as of
   *   TextGenerator.create
   */
  async use(parts) {
    this.#stop?.abort(new Error('another model'));
    const old = this.#generator;
    this.#generator = null;
    this.#parts = parts;
    this.#show('', '');
    await (await old?.catch(() => null))?.release();
  }

  #show(text, rate) {
    this.#form.elements.answer.value = text;
    this.#form.querySelector('.rate').textContent = rate;
  }

  /** Continues a prompt; resolves to the text, or null where there is none. */
  async write(prompt) {
    const parts = this.#parts;
    const { answer } = this.#form.elements;
    const button = this.#form.querySelector('.primary');
    button.disabled = true;
    this.#stop = new AbortController();
    this.#show('', this.#generator ? '' : 'loading');
    try {
      this.#generator ??= TextGenerator.create(parts);
      const generator = await this.#generator;
      if (this.#parts !== parts) return null;
      this.#show('', 'reading');
      const start = performance.now();
      let first = 0;
      const onToken = (piece) => {
        first ||= performance.now();
        answer.value += piece;
      };
      const { text, tokens } = await generator.generate(prompt, { maxNewTokens: LONGEST, onToken, signal: this.#stop.signal });
      const rest = performance.now() - first;
      const rate = tokens.length > 1 ? `, then ${((tokens.length - 1) * 1000 / rest).toFixed(0)} tokens a second` : '';
      this.#show(text, `first token after ${(first - start).toFixed(0)} ms${rate}`);
      return text;
    } catch (e) {
      if (this.#parts === parts) this.#form.querySelector('.rate').textContent = e.message;
      if (this.#generator && !(await this.#generator.catch(() => null))) this.#generator = null;
      return null;
    } finally {
      button.disabled = false;
    }
  }
}
