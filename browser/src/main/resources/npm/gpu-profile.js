// Times of a plan's commands on the GPU: by its own clock where it tells that, else by repeating each
// command for so long that the time around it says enough.
import { encode } from './gpu-plan.js';

const ROUNDS = 3;

/** A command is repeated until it takes so long, in nanoseconds: browsers make the GPU's clock coarse. */
const LONG_NANOS = 2e6;
const MOST_REPEATS = 256;

/** Commands that are timed at once; each takes two of a query set's at most 4096. */
const AT_ONCE = 1024;

/** Adds a pass that does a dispatch so many times. */
function repeat(encoder, dispatch, times, timestampWrites) {
  const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
  for (let i = 0; i < times; i++) encode(pass, dispatch);
  pass.end();
}

/**
 * Submits what `encoded` gives and waits for what `done` does then. An error of it is thrown here: the
 * session whose buffers are used may end meanwhile, and the next is not to hear of that.
 */
async function submitted(gpu, encoded, done) {
  const sent = gpu.asked(() => gpu.device.queue.submit([encoded().finish()]));
  // Of a device that is lost the wait says more.
  sent.catch(() => {});
  const result = await gpu.wait(done());
  await sent;
  return result;
}

/** Nanoseconds of each of these dispatches, so often repeated, by the GPU's clock. */
async function byClock(gpu, dispatches, repeats) {
  const { device } = gpu;
  const nanos = [];
  for (let from = 0; from < dispatches.length; from += AT_ONCE) {
    const some = dispatches.slice(from, from + AT_ONCE);
    const count = 2 * some.length;
    const querySet = device.createQuerySet({ type: 'timestamp', count });
    const resolved = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    try {
      await submitted(gpu, () => {
        const encoder = device.createCommandEncoder();
        some.forEach((d, i) => repeat(encoder, d, repeats[from + i], { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }));
        encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
        return encoder;
      }, () => staging.mapAsync(GPUMapMode.READ));
      const times = new BigInt64Array(staging.getMappedRange());
      some.forEach((_, i) => nanos.push(Number(times[2 * i + 1] - times[2 * i])));
    } finally {
      querySet.destroy();
      resolved.destroy();
      staging.destroy();
    }
  }
  return nanos;
}

/** The same by the time until all is done, less that of doing nothing. */
async function byWaiting(gpu, dispatches, repeats) {
  const { queue } = gpu.device;
  const timed = async (dispatch, times) => {
    const start = performance.now();
    return submitted(gpu, () => {
      const encoder = gpu.device.createCommandEncoder();
      if (times) repeat(encoder, dispatch, times);
      return encoder;
    }, async () => {
      await queue.onSubmittedWorkDone();
      return (performance.now() - start) * 1e6;
    });
  };
  const nothing = Math.min(await timed(null, 0), await timed(null, 0), await timed(null, 0));
  const nanos = [];
  for (const [i, d] of dispatches.entries()) nanos.push(Math.max(0, await timed(d, repeats[i]) - nothing));
  return nanos;
}

/** Nanoseconds of a dispatch that is done so many times in a row. */
export async function timeOnce(gpu, dispatch, times) {
  const [nanos] = await (gpu.hasTimes ? byClock : byWaiting)(gpu, [dispatch], [times]);
  return nanos;
}

/**
 * The least milliseconds of each dispatch.
 * @param gpu the device
 * @param {object[]} dispatches of a plan that has run before: what they read is there
 */
export async function timeDispatches(gpu, dispatches) {
  const measure = gpu.hasTimes ? byClock : byWaiting;
  let repeats = dispatches.map(() => 1);
  const best = dispatches.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    const nanos = await measure(gpu, dispatches, repeats);
    nanos.forEach((n, i) => { best[i] = round ? Math.min(best[i], n / repeats[i]) : Infinity; });
    if (round === 0) repeats = nanos.map((n) => Math.min(MOST_REPEATS, Math.ceil(LONG_NANOS / Math.max(n, LONG_NANOS / MOST_REPEATS))));
  }
  return best.map((n) => n / 1e6);
}
