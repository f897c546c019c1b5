// Memory of text generation in a page: what tokens, caches, aborted texts and generators leave behind.
// The job is JSON: {model: address of a decoder without a limit of positions, vocabulary, rowBytes: of
// a token's keys and values, tokens, cycles, threads}
import { TextGenerator, samplingExtension } from '/npm/generate.js';
import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { countKinds } from './generation-caches.js';
import { tokenFeeds } from './sample-feeds.js';

const query = new URLSearchParams(location.search);
const post = (kind, value) => fetch(`/${kind}/${query.get('report')}`, { method: 'POST', body: JSON.stringify(value) });
const job = await (await fetch(query.get('job'))).json();
const options = { threads: job.threads, tune: false };
const config = { vocab_size: job.vocabulary };
const prompt = [3, 7, 11];

/** Memory that is handed out in pages, and plans that a text has not used before, in bytes. */
const SLACK_BYTES = 1 << 20;

const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function check(fact, message) {
  if (!fact) throw new Error(message);
}

/** All memory of the page and its workers where the browser tells, else NaN. */
async function pageBytes() {
  if (!performance.measureUserAgentSpecificMemory) return NaN;
  await wait(200);
  return (await performance.measureUserAgentSpecificMemory()).bytes;
}

const memoryOf = async (session) => (await session.stats()).memoryBytes;

/** A generator and its session. */
async function opened(capacity, guess) {
  const session = await InferenceSession.create(job.model, { ...options, extension: samplingExtension() });
  return { session, g: await TextGenerator.create({ decoder: session, config, capacity, guess }) };
}

/** Begins a text and ends it after so many of its tokens. */
async function abort(g, maxNewTokens, after) {
  const control = new AbortController();
  let count = 0;
  const onToken = () => {
    if (++count === after) control.abort();
  };
  const error = await g.generate(prompt, { maxNewTokens, eosTokenId: null, onToken, signal: control.signal }).then(() => null, (e) => e);
  check(error?.name === 'AbortError', `a text of ${maxNewTokens} tokens was not aborted: ${error}`);
}

/** One row more of a cache. */
const step = (session, cache) => session.run(tokenFeeds(Tensor, session.inputNames, 1, cache.length, job.vocabulary), { cache });

const locks = async () => (await navigator.locks.query()).held.filter((l) => l.name.startsWith('nnjit-')).length;

const cases = {
  /** A text of any length keeps to the room that was made for its cache at its beginning. */
  async text() {
    const { session, g } = await opened(2048);
    await abort(g, job.tokens, 50);
    const [memory, page] = [await memoryOf(session), await pageBytes()];
    const { tokens } = await g.generate(prompt, { maxNewTokens: job.tokens, eosTokenId: null });
    check(tokens.length === job.tokens, `${tokens.length} tokens came`);
    const grown = await memoryOf(session) - memory;
    check(grown === 0, `the engine's memory grew by ${grown} bytes in ${job.tokens} tokens`);
    const pageGrown = await pageBytes() - page;
    check(!(pageGrown > SLACK_BYTES), `the page's memory grew by ${megabytes(pageGrown)} in ${job.tokens} tokens`);
    await g.release();
    return `the engine has ${megabytes(memory)}, the page's memory grew by ${megabytes(pageGrown)}`;
  },
  /** A cache that grows takes what its rows take, twice while they move. */
  async growth() {
    const session = await InferenceSession.create(job.model, options);
    const cache = await session.createCache({ capacity: 256 });
    await step(session, cache);
    const first = await memoryOf(session);
    const sizes = [];
    while (cache.length < job.tokens) {
      const { capacity } = cache;
      await step(session, cache);
      if (cache.capacity !== capacity) sizes.push([cache.capacity, await memoryOf(session)]);
    }
    const last = await memoryOf(session);
    check(sizes.map(([capacity]) => capacity).join() === '512,1024,2048', `capacities were ${sizes}`);
    check(last === sizes.at(-1)[1], `the engine's memory grew to ${last} between growths: ${sizes}`);
    const rows = 2 * 2048 * job.rowBytes;
    check(last - first <= rows + SLACK_BYTES, `the engine's memory grew by ${last - first} bytes, caches twice are ${rows}`);
    await session.release();
    return `from ${megabytes(first)} to ${megabytes(last)}, caches are ${megabytes(rows / 2)}`;
  },
  /** Caches that are given up leave their room and their plans to the next. */
  async caches() {
    const session = await InferenceSession.create(job.model, options);
    const used = async () => {
      const cache = await session.createCache({ capacity: 128 });
      for (let i = 0; i < 3; i++) await step(session, cache);
      await cache.release();
    };
    for (let i = 0; i < 5; i++) await used();
    const [memory, page] = [await memoryOf(session), await pageBytes()];
    for (let i = 0; i < 200; i++) await used();
    const grown = await memoryOf(session) - memory;
    check(grown === 0, `the engine's memory grew by ${grown} bytes in 200 caches`);
    const pageGrown = await pageBytes() - page;
    check(!(pageGrown > SLACK_BYTES), `the page's memory grew by ${megabytes(pageGrown)} in 200 caches`);
    await session.release();
    return `the page's memory grew by ${megabytes(pageGrown)}`;
  },
  /** Guesses and checks take the rows that the text takes, and no more with each text. */
  async guesses() {
    const { session, g } = await opened(256, 'always');
    const text = () => g.generate(prompt, { maxNewTokens: 250, eosTokenId: null });
    const wanted = await text();
    await g.settled();
    await text();
    const [memory, page] = [await memoryOf(session), await pageBytes()];
    const kinds = countKinds(session);
    for (let i = 0; i < job.tokens / 250; i++) {
      const { tokens } = await text();
      check(tokens.join() === wanted.tokens.join(), `text ${i} is ${tokens}, ${wanted.tokens} before`);
    }
    check(kinds.STEPS > 0 && kinds.STEPS < job.tokens / 2, `${kinds.STEPS} checks for ${job.tokens} tokens`);
    const grown = await memoryOf(session) - memory;
    check(grown === 0, `the engine's memory grew by ${grown} bytes in ${job.tokens} guessed tokens`);
    const pageGrown = await pageBytes() - page;
    check(!(pageGrown > SLACK_BYTES), `the page's memory grew by ${megabytes(pageGrown)} in ${job.tokens} guessed tokens`);
    await g.release();
    return `the page's memory grew by ${megabytes(pageGrown)}`;
  },
  /** The same when texts are given up, guessed or not. */
  async aborts() {
    const { session, g } = await opened(256, 'always');
    const wanted = await g.generate(prompt, { maxNewTokens: 12, eosTokenId: null });
    await abort(g, 200, 4);
    await g.settled();
    await g.generate(prompt, { maxNewTokens: 12, eosTokenId: null });
    const memory = await memoryOf(session);
    for (let i = 0; i < 100; i++) await abort(g, 200, 1 + (i % 7));
    const got = await g.generate(prompt, { maxNewTokens: 12, eosTokenId: null });
    check(got.tokens.join() === wanted.tokens.join(), `the text is ${got.tokens} afterwards, ${wanted.tokens} before`);
    const grown = await memoryOf(session) - memory;
    check(grown === 0, `the engine's memory grew by ${grown} bytes in 100 aborted texts`);
    await g.release();
    return `the engine has ${megabytes(memory)}`;
  },
  /** Generators that are released leave neither workers nor memory. */
  async generators() {
    const cycle = async () => {
      const g = await TextGenerator.create({ decoder: job.model, config, options });
      const { tokens } = await g.generate(prompt, { maxNewTokens: 10, eosTokenId: null });
      check(tokens.length === 10, `${tokens.length} tokens came`);
      await g.release();
    };
    const measure = async (mark) => {
      await wait(500);
      await post('progress', { mark });
      return pageBytes();
    };
    for (let i = 0; i < 10; i++) await cycle();
    const [before, alive] = [await measure('before'), await locks()];
    for (let i = 0; i < job.cycles; i++) await cycle();
    const grown = await measure('after') - before;
    const left = await locks() - alive;
    check(left <= 0, `${left} workers are left over`);
    check(!(grown > SLACK_BYTES), `the page's memory grew by ${megabytes(grown)} in ${job.cycles} generators`);
    return `${alive} workers live, the page's memory grew by ${megabytes(grown)}`;
  },
};

const results = [];
for (const [name, act] of Object.entries(cases)) {
  document.querySelector('#log').textContent = `${results.length} of ${Object.keys(cases).length}: ${name}`;
  const start = performance.now();
  const outcome = await act().then((message) => ({ status: 'passed', message }), (e) => ({ status: 'wrong', message: e.message }));
  results.push({ name, ...outcome, message: `${outcome.message} (${Math.round(performance.now() - start)} ms)` });
}
await post('report', { results, userAgent: navigator.userAgent });
