// Caches of sessions: a text read in pieces against the same text read at once, while the caches grow,
// are reordered, cut, given up and used side by side; and what does not fit.
import { InferenceSession, Tensor } from '/npm/nnjit.js';

const RELATIVE = 1e-4;
const longs = (data, dims) => new Tensor('int64', BigInt64Array.from(data, BigInt), dims);

/** Counts from now on how often a session runs as what, by kind. */
export function countKinds(session) {
  const kinds = { PLAIN: 0, STEPS: 0, DRAFT: 0 };
  const run = session.run.bind(session);
  session.run = (feeds, how) => {
    kinds[how?.kind ?? 'PLAIN']++;
    return run(feeds, how);
  };
  return kinds;
}

/** Texts of so many tokens, one a row, that repeat nothing. */
const texts = (rows, length, from) => Array.from({ length: rows }, (_, r) =>
  Array.from({ length }, (_, i) => (from + 37 * r + i * i * 7 + i) % 100));

/** What a decoder is fed for tokens [row][position] that stand behind so many others. */
function feeds(session, tokens, past) {
  const [rows, n] = [tokens.length, tokens[0].length];
  const made = {
    input_ids: longs(tokens.flat(), [rows, n]),
    attention_mask: longs(new Array(rows * (past + n)).fill(1), [rows, past + n]),
    position_ids: longs(tokens.flatMap((t) => t.map((_, i) => past + i)), [rows, n]),
  };
  return Object.fromEntries(Object.entries(made).filter(([name]) => session.inputNames.includes(name)));
}

/** The logits of the last position, one row after the other. */
function last({ logits: { data, dims: [rows, n, size] } }) {
  return Array.from({ length: rows }, (_, r) => Array.from(data.subarray((r * n + n - 1) * size, (r + 1) * n * size)));
}

/** The same for whole texts at once. */
async function atOnce(session, tokens) {
  const empty = session.inputMetadata.filter((i) => i.name.startsWith('past')).map(({ name, type, shape }) =>
    [name, new Tensor(type, [], [tokens.length, shape[1], 0, shape[3]])]);
  return last(await session.run({ ...feeds(session, tokens, 0), ...Object.fromEntries(empty) }));
}

function near(got, wanted, what) {
  const largest = wanted.flat().reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const worst = got.flat().reduce((m, v, i) => (Math.abs(v - wanted.flat()[i]) <= m ? m : Math.abs(v - wanted.flat()[i])), 0);
  if (!(worst <= RELATIVE * largest)) throw new Error(`${what}: logits differ by ${worst}, the largest is ${largest}`);
}

/** A step with the next tokens of each text; the logits of the last. */
async function step(session, cache, tokens) {
  return last(await session.run(feeds(session, tokens, cache.length), { cache }));
}

const cut = (tokens, from, to) => tokens.map((t) => t.slice(from, to));

/**
 * Cases by name for a decoder that takes past.
 * @param {object} [reference] options of another session, which reads texts at once
 */
export function cacheCases(name, model, options, rejects, reference) {
  const withSession = (action) => async () => {
    const session = await InferenceSession.create(model, options);
    const whole = reference ? await InferenceSession.create(model, reference) : session;
    try {
      await action(session, (tokens) => atOnce(whole, tokens));
    } finally {
      await session.release();
      await whole.release();
    }
  };
  return {
    [`caches of ${name} grow`]: withSession(async (session, wanted) => {
      const tokens = texts(2, 40, 3);
      const cache = await session.createCache({ capacity: 16 });
      for (let at = 0, i = 0; at < 40; i++) {
        const n = Math.min([5, 1, 1, 4, 1, 5, 4][i % 7], 40 - at);
        const got = await step(session, cache, cut(tokens, at, at + n));
        at += n;
        if (cache.length !== at) throw new Error(`the cache has ${cache.length} rows, wanted ${at}`);
        near(got, await wanted(cut(tokens, 0, at)), `after ${at} tokens, room for ${cache.capacity}`);
      }
      if (cache.capacity !== 64) throw new Error(`the cache has room for ${cache.capacity} rows, wanted 64`);
    }),
    [`caches of ${name} are reordered, cut and used side by side`]: withSession(async (session, wanted) => {
      const tokens = texts(2, 12, 11);
      const cache = await session.createCache({ capacity: 32 });
      const other = await session.createCache({ capacity: 32 });
      await step(session, cache, cut(tokens, 0, 5));
      await step(session, other, cut([tokens[0]], 0, 5));
      await cache.reorder([1, 1]);
      const twice = [tokens[1], tokens[1]];
      near(await step(session, cache, cut(twice, 5, 6)), await wanted(cut(twice, 0, 6)), 'reordered');
      near(await step(session, other, cut([tokens[0]], 5, 6)), await wanted(cut([tokens[0]], 0, 6)), 'beside it');
      await cache.truncate(3);
      near(await step(session, cache, cut(twice, 3, 8)), await wanted(cut(twice, 0, 8)), 'cut');
      await cache.truncate(0);
      near(await step(session, cache, cut(tokens, 0, 5)), await wanted(cut(tokens, 0, 5)), 'begun again');
      await other.release();
      const third = await session.createCache({ capacity: 32 });
      near(await step(session, third, cut([tokens[1]], 0, 5)), await wanted(cut([tokens[1]], 0, 5)), 'where another was');
    }),
    [`caches of ${name} while kernels are tuned`]: withSession(async (session, wanted) => {
      const tokens = texts(1, 12, 5);
      const cache = await session.createCache({ capacity: 32 });
      await step(session, cache, cut(tokens, 0, 5));
      let tuned = false;
      const tuning = session.tune({ budgetMs: 1500, share: 1 }).finally(() => { tuned = true; });
      let at = 5;
      for (; at < 9 || (!tuned && at < 11); at++) {
        near(await step(session, cache, cut(tokens, at, at + 1)), await wanted(cut(tokens, 0, at + 1)), `tuning, after ${at + 1}`);
      }
      await tuning;
      near(await step(session, cache, cut(tokens, at, at + 1)), await wanted(cut(tokens, 0, at + 1)), 'tuned');
    }),
    [`caches of ${name} that do not fit`]: withSession(async (session, wanted) => {
      const tokens = texts(1, 6, 1);
      await rejects(session.createCache({ capacity: 0 }), 'capacity is 0', 'whole number');
      const cache = await session.createCache({ capacity: 32 });
      await step(session, cache, cut(tokens, 0, 4));
      await rejects(cache.truncate(5), 'length is 5', '0 to 4');
      await rejects(cache.reorder([0, 0]), 'got [0,0]', '1 numbers');
      const { input_ids: ids, ...rest } = feeds(session, cut(tokens, 4, 5), 4);
      await rejects(session.run(rest, { cache }), "missing feed 'input_ids'");
      await rejects(session.run({ ...rest, input_ids: ids, odd: ids }, { cache }), "unknown feed 'odd'");
      for (const from of [-1, 1.5, 5]) await rejects(session.run({ ...rest, input_ids: ids }, { cache, from }), `from is ${from}`, '0 to 4');
      await rejects(session.run({ ...rest, input_ids: ids }, { cache, kind: 'draft' }), 'kind', 'draft');
      near(await step(session, cache, cut(tokens, 4, 6)), await wanted(tokens), 'after the errors');
      const again = await session.run(feeds(session, cut(tokens, 2, 6), 2), { cache, from: 2 });
      near(last(again), await wanted(tokens), 'rows that take the places of others');
      await cache.release();
      await rejects(step(session, cache, cut(tokens, 5, 6)), 'released');
      const past = Object.fromEntries(session.inputMetadata.filter((i) => i.name.startsWith('past')).map(({ name: n, shape }) =>
        [n, new Tensor('float32', new Float32Array(3 * (shape[3] + 1)), [1, 1, 3, shape[3] + 1])]));
      const wrong = await session.createCache({ capacity: 32, past });
      await rejects(step(session, wrong, cut(tokens, 3, 4)), 'past ', 'wanted float32');
    }),
  };
}
