// Beam search: the likeliest continuations side by side. What is compared at the end is the sum of
// logarithms of probabilities, divided by the number of tokens to the power of the length penalty.

/**
 * @param {{step: function, reorder: function, length: number}} steps of as many rows as beams
 * @param {Sampler} sampler for candidates with logarithms of probabilities
 * @param {number[]} prompt tokens that all beams begin with
 * @param {{numBeams: number, maxNewTokens: number, lengthPenalty: number, earlyStopping: boolean,
 *   eos: Set<number>, check: function, forced: function(number): number|null}} options `check` is
 *   called with the values of every step; `forced` gives the token that must follow so many
 * @returns {Promise<{tokens: number[], score: number, stopReason: string}>} the best text, with the
 *   token that ends it
 */
export async function beamSearch(steps, sampler, prompt, options) {
  const { numBeams, maxNewTokens, lengthPenalty, earlyStopping, eos, check, forced } = options;
  const rate = (sum, length) => sum / length ** lengthPenalty;
  const finished = [];
  let beams = Array.from({ length: numBeams }, (_, i) => ({ tokens: [], sum: i === 0 ? 0 : -Infinity }));
  let next = beams.flatMap(() => prompt);
  beams.forEach((_, row) => sampler.see(prompt, row));

  /** Keeps the best so many texts that have ended. */
  const finish = (beam, stopReason) => {
    finished.push({ tokens: beam.tokens, score: rate(beam.sum, beam.tokens.length), stopReason });
    finished.sort((a, b) => b.score - a.score);
    finished.length = Math.min(finished.length, numBeams);
  };

  for (let made = 1; made <= maxNewTokens; made++) {
    const outputs = await steps.step(next, sampler.feeds(made - 1));
    const values = outputs['sampling.values'];
    check(values);
    const k = values.dims[1];
    const candidates = [];
    const only = forced(made - 1);
    beams.forEach(({ sum }, row) => {
      if (sum === -Infinity) return;
      if (only !== null) {
        candidates.push({ row, token: only, sum });
        return;
      }
      for (let i = 0; i < k; i++) {
        candidates.push({ row, token: Number(outputs['sampling.ids'].data[row * k + i]), sum: sum + values.data[row * k + i] });
      }
    });
    candidates.sort((a, b) => b.sum - a.sum);
    const chosen = [];
    for (const [rank, c] of candidates.slice(0, 2 * numBeams).entries()) {
      const beam = { tokens: [...beams[c.row].tokens, c.token], sum: c.sum, row: c.row };
      if (!eos.has(c.token)) chosen.push(beam);
      else if (rank < numBeams) finish(beam, 'eos');
      if (chosen.length === numBeams) break;
    }
    // A vocabulary of a few tokens may leave fewer candidates than beams.
    while (chosen.length && chosen.length < numBeams) chosen.push({ ...chosen[0], sum: -Infinity });
    const best = chosen.length ? rate(chosen[0].sum, made) : -Infinity;
    beams = chosen;
    if (!chosen.length || (finished.length === numBeams && (earlyStopping || finished.at(-1).score >= best))) break;
    if (made === maxNewTokens) break;
    const rows = beams.map((b) => b.row);
    await steps.reorder(rows);
    sampler.reorder(rows);
    beams.forEach((b, row) => sampler.see(b.tokens.slice(-1), row));
    next = beams.map((b) => b.tokens.at(-1));
  }
  if (finished.length < numBeams) for (const b of beams) if (b.sum > -Infinity) finish(b, 'length');
  return finished[0];
}
