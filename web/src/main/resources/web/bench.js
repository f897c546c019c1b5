// nnJIT and onnxruntime-web (wasm) in one page, interleaved, after three seconds of warm-up each.
import * as nnjit from '/npm/nnjit.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const log = (text) => { document.querySelector('#log').textContent = text; return fetch(`/progress/${id}`, { method: 'POST', body: JSON.stringify(text) }); };
const sorted = (a) => [...a].sort((x, y) => x - y);
const median = (a) => sorted(a)[a.length >> 1];
/** Half the distance between the quartiles, relative to the median. */
const spread = (a) => { const s = sorted(a); return (s[Math.floor(s.length * 0.75)] - s[Math.floor(s.length * 0.25)]) / 2 / median(a); };

function feeds(T, inputs, length) {
  const out = {};
  for (const i of inputs) {
    const dims = i.shape.map((d) => (typeof d === 'number' ? d : /batch/i.test(d) ? 1 : length));
    const n = dims.reduce((a, b) => a * b, 1);
    out[i.name] = i.type === 'int64'
      ? new T('int64', BigInt64Array.from({ length: n }, (_, k) => (/mask/.test(i.name) ? 1n : BigInt(4 + ((k * 7919) % 5000)))), dims)
      : new T('float32', Float32Array.from({ length: n }, (_, k) => Math.sin(k)), dims);
  }
  return out;
}

async function ort(threads) {
  const module = await import('/peers/onnxruntime-web/dist/ort.wasm.min.mjs');
  module.env.wasm.wasmPaths = '/peers/onnxruntime-web/dist/';
  module.env.wasm.numThreads = threads;
  return module;
}

async function measure(model, threads, length, rounds) {
  const url = `/models/${model}.onnx`;
  await log(`${model}, ${threads} threads: loading`);
  let start = performance.now();
  const ours = await nnjit.InferenceSession.create(url, { threads });
  const a = feeds(nnjit.Tensor, ours.inputMetadata, length);
  const mine = await ours.run(a);
  const ourFirst = performance.now() - start;
  const peer = await ort(threads);
  start = performance.now();
  const theirs = await peer.InferenceSession.create(url, { executionProviders: ['wasm'] });
  const b = feeds(peer.Tensor, ours.inputMetadata, length);
  const other = await theirs.run(b);
  const theirFirst = performance.now() - start;
  const name = ours.outputNames[0];
  let error = 0;
  let largest = 0;
  mine[name].data.forEach((v, i) => {
    error = Math.max(error, Math.abs(v - other[name].data[i]));
    largest = Math.max(largest, Math.abs(other[name].data[i]));
  });
  await log(`${model}, ${threads} threads: warming up`);
  for (const run of [() => ours.run(a), () => theirs.run(b)]) {
    const end = performance.now() + 3000;
    while (performance.now() < end) await run();
  }
  const x = [];
  const y = [];
  for (let i = 0; i < rounds; i++) {
    await log(`${model}, ${threads} threads: round ${i + 1} of ${rounds}`);
    for (const [run, into] of [[() => ours.run(a), x], [() => theirs.run(b), y]]) {
      start = performance.now();
      await run();
      into.push(performance.now() - start);
    }
  }
  const stats = await ours.stats();
  const { commands } = await ours.profile(a);
  const flops = commands.reduce((sum, c) => sum + c.flops, 0);
  const best = commands.filter((c) => c.flops > 1e8).map((c) => ({ kernel: c.kernel, gflops: c.flops / c.ms / 1e6 })).sort((p, q) => q.gflops - p.gflops)[0];
  const { fmaGflops } = await ours.ceilings();
  await ours.release();
  await theirs.release();
  return { model, threads: stats.device.threads, nnjitMs: median(x), nnjitSpread: spread(x), ortMs: median(y), ortSpread: spread(y), ratio: median(y) / median(x),
    nnjitFirstMs: ourFirst, ortFirstMs: theirFirst, relativeError: error / largest, gflop: flops / 1e9, fmaGflops, best, compileMs: stats.plan.compileMs, kernels: stats.plan.kernels.length };
}

try {
  const rows = [];
  for (const model of query.get('models').split(',')) {
    rows.push(await measure(model, Number(query.get('threads')), Number(query.get('length')), Number(query.get('rounds'))));
    document.querySelector('#table').innerHTML = `<table><tr><th>Model<th class="num">Threads<th class="num">nnJIT ms<th class="num">onnxruntime-web ms<th class="num">Ratio</tr>${rows.map((r) => `<tr><td>${r.model}<td class="num">${r.threads}<td class="num">${r.nnjitMs.toFixed(1)}<td class="num">${r.ortMs.toFixed(1)}<td class="num">${r.ratio.toFixed(2)}</tr>`).join('')}</table>`;
  }
  await fetch(`/report/${id}`, { method: 'POST', body: JSON.stringify({ rows, userAgent: navigator.userAgent }) });
} catch (e) {
  await fetch(`/report/${id}`, { method: 'POST', body: JSON.stringify({ failure: String(e?.stack ?? e) }) });
}
