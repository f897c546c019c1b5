// transformers.js as a peer of the benchmark: its bundle, with the build of onnxruntime-web that it takes
// in this browser, both from this server.
const PACKAGE = '/peers/@huggingface/transformers/';
const RUNTIME = `${PACKAGE}node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify`;

/**
 * A model of an encoder and a decoder.
 * @param {number} threads
 * @param {object} config as config.json holds it
 * @param {{encoder: string, decoder: string}} urls the decoder being merged, for all steps
 * @param {object} options of its generate()
 * @returns {Promise<function(number[], number): Promise<number[]>>} gives the likeliest so many tokens
 *   after a prompt
 */
export async function transformers(threads, config, { encoder, decoder }, options) {
  const { AutoModelForSeq2SeqLM, Tensor, env } = await import(`${PACKAGE}dist/transformers.min.js`);
  Object.assign(env.backends.onnx.wasm, { numThreads: threads, wasmPaths: { mjs: `${RUNTIME}.mjs`, wasm: `${RUNTIME}.wasm` } });
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useBrowserCache: false, useWasmCache: false });
  const files = {
    'config.json': URL.createObjectURL(new Blob([JSON.stringify(config)])),
    'generation_config.json': URL.createObjectURL(new Blob(['{}'])),
    'onnx/encoder_model.onnx': encoder,
    'onnx/decoder_model_merged.onnx': decoder,
  };
  env.fetch = (url) => fetch(files[url.slice(`${env.localModelPath}model/`.length)]);
  const model = await AutoModelForSeq2SeqLM.from_pretrained('model', { device: 'wasm', dtype: 'fp32' });
  const longs = (list) => new Tensor('int64', BigInt64Array.from(list, BigInt), [1, list.length]);
  return async (prompt, count) => {
    const inputs = { input_ids: longs(prompt), attention_mask: longs(prompt.map(() => 1)) };
    const tokens = await model.generate({ ...inputs, max_new_tokens: count, do_sample: false, ...options });
    return Array.from(tokens.data, Number).slice(1);
  };
}
