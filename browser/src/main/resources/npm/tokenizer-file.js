// Tokenizers by their file: tokenizer.json is read by Hugging Face's own library for browsers, which
// the package brings along as tokenizers.js.

/** An object as generation uses it. */
const plain = (t) => ({
  encode(text) {
    const made = t.encode(text);
    return made.ids ?? made.input_ids ?? made;
  },
  decode: (ids) => (ids.length ? t.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }) : ''),
});

/** The tokenizer_config.json of the same folder, which may be missing. */
async function settingsBeside(address, read) {
  try {
    return await read(new URL('tokenizer_config.json', new URL(address, globalThis.location?.href)), 'tokenizer');
  } catch {
    return {};
  }
}

/**
 * @param {undefined|string|URL|object} source as TextGenerator.create takes it
 * @param {function(string|URL|object, string): Promise<object>} read the JSON at an address
 * @returns {Promise<null|{encode: function(string): ArrayLike<number>, decode: function(number[]): string}>}
 */
export async function loadTokenizer(source, read) {
  if (source == null) return null;
  if (typeof source.encode === 'function' && typeof source.decode === 'function') return plain(source);
  const file = await read(source, 'tokenizer');
  if (!file?.model) throw new TypeError("the tokenizer has no 'model'; wanted a tokenizer.json, or an object with encode(text) and decode(ids)");
  const config = source === file ? {} : await settingsBeside(source, read);
  let library;
  try {
    library = await import('./tokenizers.js');
  } catch (e) {
    throw new Error(`tokenizers.js cannot be loaded (${e.message}): ./nnjit fetches it when it builds; without it pass an object with encode(text) and decode(ids)`);
  }
  return plain(new library.Tokenizer(file, config));
}
