// Outputs that stay on the GPU: where they are, what they hold, what they may be fed to, and how they end.
import { feed, floats, matmul, rejects, wait } from './fault-cases.js';
import { gpuBytes, loseDevices } from './fault-hooks.js';
import { oneNode, writeModel } from '/npm/onnx-writer.js';
import { Tensor } from '/npm/nnjit.js';

/** y[4, 6] = x[4, 6] * w[6, 6]: what comes out may go in again. */
const square = matmul(4, 6, 6);

/** The same on this machine's own numbers, so often. */
function product(times) {
  const w = floats(36);
  let x = Array.from(floats(24));
  for (let t = 0; t < times; t++) {
    x = x.map((_, i) => x.slice(i - i % 6, i - i % 6 + 6).reduce((sum, v, p) => sum + v * w[p * 6 + i % 6], 0));
  }
  return x;
}

function near(got, wanted, what) {
  const largest = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  if (got.length !== wanted.length || wanted.some((v, i) => !(Math.abs(got[i] - v) <= 1e-5 * largest))) {
    throw new Error(`${what}: got ${Array.from(got)}, wanted ${wanted}`);
  }
}

const thrown = async (action, ...texts) => (await rejects((async () => action())(), ...texts)).message;

/** Cases by name; `using` and `same` as of the page. */
export function outputCases({ threads, using, same }) {
  const gpu = (preferredOutputLocation, more = {}) => ({ threads, tune: false, executionProviders: ['webgpu'], preferredOutputLocation, ...more });

  /** A tensor is fed again and again; each run makes a new one. */
  async function stay() {
    return using(square, gpu('gpu-buffer'), async (session) => {
      const made = [];
      let x = feed(4, 6).x;
      for (let t = 1; t <= 4; t++) {
        x = (await session.run({ x })).y;
        same(x.location, 'gpu-buffer', 'location');
        same(String([x.type, x.dims, x.size]), 'float32,4,6,24', 'tensor');
        if (!(x instanceof Tensor)) throw new Error('it is no Tensor');
        made.push(x);
      }
      for (const [t, y] of made.entries()) near(await y.getData(), product(t + 1), `y after ${t + 1} runs`);
      const messages = [await thrown(() => x.data, 'on the GPU', 'getData()'), await thrown(() => x.gpuBuffer, 'worker', 'getData()')];
      near(await x.getData(true), product(4), 'y');
      for (const act of [() => x.getData(), () => session.run({ x })]) messages.push(await thrown(act, 'disposed of'));
      x.dispose();
      made[0].dispose();
      near(await (await session.run({ x: made[1] })).y.getData(), product(3), 'y of the second');
      return messages.join(' | ');
    });
  }

  /** Two outputs, each where it is wanted; the errors of those who want what is not. */
  async function each() {
    const bytes = writeModel([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }, { op: 'Neg', inputs: ['x'], outputs: ['z'] }],
      [{ name: 'x', dims: [4] }], ['y', 'z'].map((name) => ({ name, dims: [4] })));
    const given = { x: new Tensor('float32', [1, -2, 3, -4], [4]) };
    await using(bytes, gpu({ z: 'gpu-buffer', y: 'cpu' }), async (session) => {
      const { y, z } = await session.run(given);
      same(String([y.location, y.data, await y.getData()]), 'cpu,1,0,3,0,1,0,3,0', 'y');
      same(String([z.location, await z.getData()]), 'gpu-buffer,-1,2,-3,4', 'z');
      y.dispose();
    });
    const wrong = [[gpu('texture'), 'texture', 'gpu-buffer'], [gpu({ w: 'gpu-buffer' }), "'w'", 'y, z'],
      [{ threads, preferredOutputLocation: 'gpu-buffer' }, 'webgpu']];
    const messages = [];
    for (const [options, ...texts] of wrong) messages.push((await rejects(using(bytes, options, () => {}), ...texts)).message);
    return messages.join(' | ');
  }

  /** Types that lie otherwise on the GPU than in tensors. */
  async function narrow() {
    for (const [type, to, data] of [['uint8', 2, [255, 0, 3]], ['bool', 9, [1, 0, 1]], ['int8', 3, [-128, 127, -1]], ['int64', 7, [-1n, 1n << 40n, 3n]]]) {
      const bytes = writeModel([{ op: 'Cast', inputs: ['x'], outputs: ['f'], attributes: { to: type === 'int64' ? 7 : 1 } }, { op: 'Cast', inputs: ['f'], outputs: ['y'], attributes: { to } }],
        [{ name: 'x', type, dims: [3] }], [{ name: 'y', type, dims: [3] }]);
      await using(bytes, gpu('gpu-buffer'), async (session) => {
        let x = new Tensor(type, data, [3]);
        for (let t = 0; t < 3; t++) x = (await session.run({ x })).y;
        same(String(await x.getData()), String(data), `${type} three times through`);
      });
    }
  }

  /** A shape that is on the GPU decides which plan runs. */
  async function decisive() {
    const bytes = writeModel([{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }, { op: 'Neg', inputs: ['n'], outputs: ['t'] }],
      [{ name: 'x', dims: [12] }, { name: 's', type: 'int64', dims: [2] }, { name: 'n', type: 'int64', dims: [2] }],
      [{ name: 'y', dims: ['a', 'b'] }, { name: 't', type: 'int64', dims: [2] }]);
    const longs = (...v) => new Tensor('int64', BigInt64Array.from(v, BigInt), [v.length]);
    await using(bytes, gpu('gpu-buffer'), async (session) => {
      const x = new Tensor('float32', floats(12), [12]);
      for (const [a, b] of [[3, 4], [2, 6], [12, 1]]) {
        const { t } = await session.run({ x, s: longs(3, 4), n: longs(-a, -b) });
        const { y } = await session.run({ x, s: t, n: t });
        same(String(y.dims), `${a},${b}`, 'shape');
        same(String(await y.getData()), String(floats(12)), 'y');
      }
    });
  }

  async function strangers() {
    return using(square, gpu('gpu-buffer'), async (first) => {
      const { y } = await first.run(feed(4, 6));
      const messages = [];
      await using(square, gpu('gpu-buffer'), async (second) => {
        messages.push((await rejects(second.run({ x: y }), 'another session')).message);
      });
      await using(square, { threads }, async (second) => rejects(second.run({ x: y }), 'on the GPU'));
      near(await y.getData(), product(1), 'y');
      const late = await using(square, gpu('gpu-buffer'), async (second) => (await second.run(feed(4, 6))).y);
      messages.push((await rejects(late.getData(), 'released')).message);
      late.dispose();
      return messages.join(' | ');
    });
  }

  async function lost() {
    return using(square, gpu('gpu-buffer'), async (session) => {
      const { y } = await session.run(feed(4, 6));
      loseDevices();
      await wait(200);
      const after = (await session.run(feed(4, 6))).y;
      near(await after.getData(), product(1), 'y afterwards');
      const { message } = await rejects(y.getData(), 'device that was lost');
      await rejects(session.run({ x: y }), 'device that was lost');
      near(await (await session.run({ x: after })).y.getData(), product(2), 'y of the next');
      return message;
    }, 'engine:gpu-lost');
  }

  /** A session that goes to WebAssembly takes its tensors along. */
  async function left() {
    const bytes = oneNode('Neg', [{ name: 'x', dims: ['n'] }], { name: 'y', dims: ['n'] });
    return using(bytes, gpu('gpu-buffer', { executionProviders: ['webgpu', 'wasm'] }), async (session) => {
      const { y } = await session.run({ x: new Tensor('float32', floats(9), [9]) });
      const { y: large } = await session.run({ x: new Tensor('float32', floats(1 << 20), [1 << 20]) });
      same(large.location, 'cpu', 'location in WebAssembly');
      same((await session.stats()).device.provider, 'wasm', 'provider');
      near(await y.getData(), Array.from(floats(9), (v) => -v), 'y');
      for (let i = 0; i < 6; i++) near(await (await session.run({ x: y })).y.getData(), Array.from(floats(9)), 'y twice through');
      y.dispose();
      return (await session.stats()).device.notes.join('; ');
    }, 'engine:gpu-memory');
  }

  /** What is disposed of leaves nothing, nor does a run that fails. */
  async function disposed() {
    const bytes = writeModel([{ op: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }],
      [{ name: 'x', dims: [5, 512] }, { name: 'i', type: 'int64', dims: [1] }], [{ name: 'y', dims: [1, 512] }]);
    return using(bytes, gpu('gpu-buffer'), async (session) => {
      const given = (i) => ({ x: new Tensor('float32', floats(2560), [5, 512]), i: new Tensor('int64', BigInt64Array.of(BigInt(i)), [1]) });
      const once = async () => {
        await (await session.run(given(3))).y.getData(true);
        await rejects(session.run(given(5)), 'wanted -5 to 4');
      };
      await once();
      await once();
      const before = await gpuBytes();
      for (let t = 0; t < 50; t++) await once();
      same(await gpuBytes() - before, 0, 'bytes of GPU memory left');
      const { y } = await session.run(given(1));
      same(await gpuBytes() - before, 2048, 'bytes of a tensor');
      y.dispose();
      return `${before} bytes in use`;
    }, 'engine:gpu-bytes');
  }

  return {
    'outputs stay on the GPU': stay,
    'outputs where each is wanted': each,
    'outputs of narrow types stay': narrow,
    'a shape that stayed': decisive,
    'tensors of another session': strangers,
    'tensors and a lost device': lost,
    'tensors of a session that leaves the GPU': left,
    'tensors that are disposed of': disposed,
  };
}
