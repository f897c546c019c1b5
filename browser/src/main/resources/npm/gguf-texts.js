// What GGUF files say of texts, as the files beside Hugging Face's models say it: a vocabulary becomes the
// content of a tokenizer.json, numbers of the model that of a config.json. Source: the GGUF specification
// and the conversion of SentencePiece models in transformers.

/** Kinds of tokens. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

/** Controls that end a message, which files do not always name as ends. */
const ENDS = ['<|eot_id|>', '<|eom_id|>', '<|im_end|>', '<|end|>', '<end_of_turn>'];

/** Longer tokens are joined of nothing: there are none in vocabularies that were trained. */
const LONGEST = 256;

/** What SentencePiece writes blanks as. */
const BLANK = '\u2581';

const LETTERS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
  + '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const split = (Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });

/** How texts are split before tokens are joined, by tokenizer.ggml.pre. */
const SPLITS = {
  'gpt-2': byteLevel,
  smollm: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
  'llama-bpe': { type: 'Sequence', pretokenizers: [split(LETTERS), { ...byteLevel, use_regex: false }] },
};

/** Pairs of tokens that are a token together, the best first: those with the greatest score. */
function pairsOf(tokens, scores, kinds, ids) {
  const pairs = [];
  tokens.forEach((token, id) => {
    if (kinds[id] !== NORMAL || token.length > LONGEST) return;
    for (let i = 1; i < token.length; i++) {
      const left = ids.get(token.slice(0, i));
      const right = left === undefined ? undefined : ids.get(token.slice(i));
      if (right !== undefined) pairs.push([left, right, scores[id]]);
    }
  });
  return pairs.sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1]).map(([left, right]) => [tokens[left], tokens[right]]);
}

/** SentencePiece's: blanks are written, what no token has is bytes. */
function pieces(vocab, merges, unknown, prefix) {
  const first = prefix ? [{ type: 'Prepend', prepend: BLANK }] : [];
  const last = prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  return {
    normalizer: { type: 'Sequence', normalizers: [...first, { type: 'Replace', pattern: { String: ' ' }, content: BLANK }] },
    pre_tokenizer: null,
    model: { type: 'BPE', unk_token: unknown, fuse_unk: true, byte_fallback: true, vocab, merges },
    decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: BLANK }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, ...last] },
  };
}

/** GPT-2's: tokens are of bytes, each written as a letter. */
function bytes(vocab, merges, pre) {
  if (!Object.hasOwn(SPLITS, pre)) {
    throw new TypeError(`the file's tokenizer splits texts by the rules of '${pre}', nnJIT knows ${Object.keys(SPLITS).join(', ')}; pass the model's tokenizer.json`);
  }
  return {
    normalizer: null,
    pre_tokenizer: SPLITS[pre],
    model: { type: 'BPE', unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: pre === 'llama-bpe', vocab, merges },
    decoder: byteLevel,
  };
}

/** The file's vocabulary as a tokenizer.json holds it. */
function tokenizerOf(metadata) {
  const all = (name) => metadata[`tokenizer.ggml.${name}`];
  const of = (name) => all(name)?.[0];
  const tokens = all('tokens');
  const kind = of('model');
  if (kind !== 'llama' && kind !== 'gpt2') {
    throw new TypeError(`the file's tokenizer is of kind '${kind}', nnJIT knows llama and gpt2; pass the model's tokenizer.json`);
  }
  const kinds = all('token_type')?.map(Number) ?? tokens.map(() => NORMAL);
  const scores = all('scores')?.map(Number) ?? tokens.map(() => 0);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const vocab = Object.fromEntries(ids);
  const yes = (name, otherwise) => (of(name) === undefined ? otherwise : Number(of(name)) !== 0);
  const ofPieces = kind === 'llama';
  const parts = ofPieces
    ? pieces(vocab, pairsOf(tokens, scores, kinds, ids), tokens[of('unknown_token_id') ?? 0], yes('add_space_prefix', true))
    : bytes(vocab, (all('merges') ?? []).map((pair) => pair.split(' ')), of('pre') ?? '');
  const id = (name, otherwise) => of(`${name}_token_id`) ?? (ofPieces ? otherwise : undefined);
  const begin = yes('add_bos_token', ofPieces || of('pre') === 'llama-bpe') ? tokens[id('bos', 1)] : undefined;
  const end = yes('add_eos_token', false) ? tokens[id('eos', 2)] : undefined;
  const special = (content) => ({ SpecialToken: { id: content, type_id: 0 } });
  const around = [begin, end].filter((t) => t !== undefined);
  return {
    version: '1.0', truncation: null, padding: null, ...parts,
    added_tokens: tokens.flatMap((content, i) => ([UNKNOWN, CONTROL, USER_DEFINED].includes(kinds[i])
      ? [{ id: i, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: kinds[i] !== USER_DEFINED }] : [])),
    post_processor: around.length ? {
      type: 'TemplateProcessing',
      single: [...(begin === undefined ? [] : [special(begin)]), { Sequence: { id: 'A', type_id: 0 } }, ...(end === undefined ? [] : [special(end)])],
      pair: [],
      special_tokens: Object.fromEntries(around.map((content) => [content, { id: content, ids: [ids.get(content)], tokens: [content] }])),
    } : null,
  };
}

/** What texts need of a config.json. */
function configOf(metadata) {
  const tokens = metadata['tokenizer.ggml.tokens'];
  const number = (name) => (metadata[name]?.length ? Number(metadata[name][0]) : undefined);
  const kinds = metadata['tokenizer.ggml.token_type'] ?? [];
  const named = ['eos', 'eot', 'eom'].map((name) => number(`tokenizer.ggml.${name}_token_id`)).filter((id) => id !== undefined);
  const controls = ENDS.map((end) => tokens.indexOf(end)).filter((id) => Number(kinds[id]) === CONTROL);
  const ends = [...new Set([...named, ...controls])];
  return {
    vocab_size: tokens.length,
    bos_token_id: number('tokenizer.ggml.bos_token_id'),
    eos_token_id: ends.length > 1 ? ends : ends[0],
    pad_token_id: number('tokenizer.ggml.padding_token_id'),
    max_position_embeddings: number('llama.context_length'),
  };
}

/**
 * @param {Object<string, string[]>} metadata of a file by name, numbers as text
 * @returns {{config?: object, tokenizer?: object, problem?: string}} as of InferenceSession#textParts
 */
export function textParts(metadata) {
  if (!metadata['tokenizer.ggml.tokens']) return {};
  const config = configOf(metadata);
  try {
    return { config, tokenizer: tokenizerOf(metadata) };
  } catch (e) {
    if (!(e instanceof TypeError)) throw e;
    return { config, problem: e.message };
  }
}
