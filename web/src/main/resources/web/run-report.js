// What `nnjit run` wants of the page: feeds from files, a trace of one run, whole outputs.
import { readTensor } from './onnx-tensor.js';

/** Feeds from TensorProto files at these addresses, by the names inside. */
export async function servedFeeds(urls) {
  const feeds = {};
  for (const url of urls) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`);
    const { name, tensor } = readTensor(await response.arrayBuffer());
    feeds[name] = tensor;
  }
  return feeds;
}

/**
 * What the report has besides, as the page's address asks: `trace`, and `saved`, the types of the
 * outputs, whose bytes are posted to /report/ID-output-0 and so on.
 * @returns {Promise<{trace?: object, saved?: Array<object>, error?: string}>}
 */
export async function forTheCommandLine(session, feeds, id, query) {
  const more = {};
  try {
    if (query.has('trace')) more.trace = await session.trace(feeds);
    if (query.has('save')) {
      const results = Object.entries(await session.run(feeds));
      for (const [i, [, tensor]] of results.entries()) {
        const { status } = await fetch(`/report/${id}-output-${i}`, { method: 'POST', body: tensor.data });
        if (status !== 200) throw new Error(`output ${i} of ${tensor.data.byteLength} bytes: the server answered ${status}`);
      }
      more.saved = results.map(([name, { type, dims }]) => ({ name, type, dims }));
    }
    return more;
  } catch (e) {
    return { error: e.message };
  }
}
