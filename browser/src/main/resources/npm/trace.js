// A trace of one run: which thread called which command when, as the JSON object of the Chrome
// trace event format, which chrome://tracing and ui.perfetto.dev open.

const PROCESS = 1;

/**
 * One thread's share of a segment, command by command, with the barriers of its run function.
 * @param exports of the plan's module
 * @param {Array<Array>} commands [index, tableIndex, parallel, waits] each
 * @returns {number[]} index, begin and end of every call, in ms since `performance.timeOrigin`
 */
export function callCommands(exports, commands, thread, threads) {
  const times = [];
  for (const [index, tableIndex, parallel, waits] of commands) {
    if (waits) exports.barrier(threads);
    if (!parallel && thread > 0) continue;
    const call = exports.table.get(tableIndex);
    const begin = performance.now();
    call(thread, threads);
    times.push(index, begin, performance.now());
  }
  if (commands.at(-1)[2]) exports.barrier?.(threads);
  return times;
}

/** What {@link callCommands} takes for each segment of a plan; a host call is alone in its own. */
export function commandsBySegment({ segments, commands }) {
  const list = commands.map((c, i) => [i, c.tableIndex, c.parallel, c.waits]);
  let next = 0;
  return segments.map((run) => {
    const first = next++;
    while (run >= 0 && commands[next]?.tableIndex >= 0) next++;
    return list.slice(first, next);
  });
}

/** Names and order of what the viewers show as rows. */
function rows(title, threads) {
  const meta = (name, tid, args) => ({ name, ph: 'M', pid: PROCESS, tid, args });
  return [meta('process_name', 0, { name: title }), ...Array.from({ length: threads }, (_, t) => [
    meta('thread_name', t, { name: t === 0 ? 'thread 0 (engine)' : `thread ${t}` }),
    meta('thread_sort_index', t, { sort_index: t }),
  ]).flat()];
}

/**
 * The trace. A command that threads share has an event on each of them; its flops are those of the
 * whole command. Calls on the host have "host" for their name and category.
 * @param {string} title of the process
 * @param p the plan as the compiler describes it
 * @param {number} start of the run, in ms since this thread's `performance.timeOrigin`
 * @param {number} threads that took part
 * @param {Array<{thread: number, origin: number, times: number[]}>} parts what
 *   {@link callCommands} gave, with the thread's own `performance.timeOrigin`
 */
export function traceOf(title, p, start, threads, parts) {
  const events = rows(title, threads);
  for (const { thread, origin, times } of parts) {
    const nanos = (time) => Math.round((time - start + (origin - performance.timeOrigin)) * 1e6);
    for (let i = 0; i < times.length; i += 3) {
      const c = p.commands[times[i]];
      const kernel = p.kernels[c.kernel];
      const begin = nanos(times[i + 1]);
      events.push({
        name: kernel?.name ?? 'host', cat: kernel?.family ?? 'host', ph: 'X', pid: PROCESS, tid: thread,
        ts: begin / 1000, dur: (nanos(times[i + 2]) - begin) / 1000,
        args: { index: times[i], node: c.node, schedule: kernel?.schedule ?? '', flops: c.flops, outputShape: c.output },
      });
    }
  }
  return { traceEvents: events, displayTimeUnit: 'ms' };
}
