// Measures the device and draws what it can do. With ?report=ID the measurement is posted there.
import { InferenceSession, probeDevice } from '/npm/nnjit.js';
import { oneNode } from '/npm/onnx-writer.js';
import { lineChart, roundTicks } from './chart.js';

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const size = (bytes) => (bytes < 1 << 20 ? `${bytes / 1024} KiB` : `${bytes / (1 << 20)} MiB`);
const one = (v) => v.toFixed(1);
const plain = (ticks) => ticks.map((v) => [v, String(v)]);

/** Powers of a base from one at most `from` to one at least `to`. */
function powers(base, from, to) {
  const first = Math.floor(Math.log(from) / Math.log(base) + 1e-9);
  const last = Math.ceil(Math.log(to) / Math.log(base) - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => base ** (first + i));
}

function chips(d) {
  const has = [`${d.hardwareConcurrency} cores reported`, d.relaxedSimd ? 'relaxed SIMD' : 'SIMD',
    d.isolated ? 'cross-origin isolated' : 'not cross-origin isolated: one thread',
    `clock ticks every ${d.timerMicros.toPrecision(2)} µs`];
  $('device').replaceChildren(...has.map((t) => Object.assign(document.createElement('span'), { textContent: t })));
}

function facts(d) {
  const p = d.profile;
  const cache = (bytes, gbs) => (bytes ? `${size(bytes)}, ${one(gbs)} GB/s` : 'none seen');
  const list = [
    ['Multiply-adds', `${one(p.fmaGflops)} GFLOP/s on one thread`],
    ['Latency and width', `${one(p.fmaLatencyCycles)} cycles, ${one(p.fmaPerCycle)} vectors a cycle at ${p.clockGhz.toFixed(2)} GHz`],
    ['Vector registers', p.vectorRegisters],
    ['Integer dot products', `${one(d.dotI16Gops)} GOP/s of 16 bits, ${d.dotI8Gops === null ? 'no' : one(d.dotI8Gops)} of 8 bits`],
    ['First cache', cache(p.l1Bytes, p.l1Gbs)],
    ['Second cache', cache(p.l2Bytes, p.l2Gbs)],
    ['Third cache', cache(p.l3Bytes, p.l3Gbs)],
    ['Memory', `${one(p.memoryGbs)} GB/s`],
    ['Splat load', `${p.splatCost.toFixed(2)} vector loads`],
    ['Barrier', d.barrierMicros === null ? 'one thread' : `${d.barrierMicros.toFixed(2)} µs`],
    ['Useful threads', `${p.usefulThreads} of ${d.scaling.length} measured`],
    ['Optimised code after', d.tierUp.millis === null ? 'more than 100 ms' : `${one(d.tierUp.millis)} ms, ${one(d.tierUp.fastGflops / d.tierUp.slowGflops)} times as fast`],
  ];
  fill('factlist', list);
}

/** A list of terms and what they are. */
const fill = (id, list) => $(id).replaceChildren(...list.flatMap(([k, v]) => [
  Object.assign(document.createElement('dt'), { textContent: k }), Object.assign(document.createElement('dd'), { textContent: v })]));

/** What WebGPU is here, and what a session on it has measured, now or before; null where there is none. */
async function measureGpu(fresh) {
  if (!navigator.gpu) return null;
  const model = oneNode('Neg', [{ name: 'x', dims: [1] }], { name: 'y', dims: [1] });
  const session = await InferenceSession.create(model, { executionProviders: ['webgpu'], tune: false });
  try {
    if (fresh || !(await session.stats()).device.gpu.probes) await session.ceilings();
    return (await session.stats()).device.gpu;
  } finally {
    await session.release();
  }
}

function drawGpu(g) {
  const p = g.probes;
  fill('gpulist', [
    ['Adapter', [g.vendor, g.architecture, g.description].filter(Boolean).join(', ') || 'not told'],
    ['Multiply-adds', `${one(p.fmaGflops)} GFLOP/s`],
    ['Memory', `${one(p.readGbs)} GB/s`],
    ['Memory of workgroups', `${one(p.sharedGbs)} GB/s, ${size(g.limits.maxComputeWorkgroupStorageSize)} each`],
    ['Dispatch', `${one(p.dispatchMicros)} µs in a row`],
    ['Waiting for an end', `${p.waitMs.toFixed(2)} ms`],
    ['Making a kernel', `${one(p.pipelineMs)} ms`],
    ['Invocations of a workgroup', g.limits.maxComputeInvocationsPerWorkgroup],
    ['Buffers of a kernel', `${g.limits.maxStorageBuffersPerShaderStage}, up to ${size(g.limits.maxStorageBufferBindingSize)}`],
    ['Features', g.features.join(', ') || 'none'],
  ]);
  $('gputext').textContent = g.software ? 'A program stands in the place of a graphics adapter.' : '';
}

/** The card of WebGPU; what is missing is said there. */
async function showGpu(fresh) {
  try {
    const found = await measureGpu(fresh);
    $('gpu').hidden = !found;
    if (found) drawGpu(found);
    return found;
  } catch (e) {
    $('gpu').hidden = false;
    $('gputext').textContent = e.message;
    return null;
  }
}

function roofline(d) {
  const p = d.profile;
  const intensity = powers(4, 1 / 16, 64);
  const roof = (gbs, top) => {
    const ridge = top / gbs;
    return [[intensity[0], Math.min(top, gbs * intensity[0])], ...(ridge > intensity[0] && ridge < 64 ? [[ridge, top]] : []),
      [64, Math.min(top, gbs * 64)]];
  };
  const levels = [['first cache', p.l1Gbs], ['second cache', p.l2Gbs], ['third cache', p.l3Gbs], ['memory', p.memoryGbs]].filter(([, gbs]) => gbs > 0);
  const series = levels.map(([name, gbs]) => ({ name: `${name}, ${one(gbs)} GB/s`, points: roof(gbs, p.fmaGflops) }));
  if (d.madd.length) {
    const apart = Math.max(...d.mulAdd.map((m) => m.gflops));
    series.push({ name: `without relaxed SIMD, ${one(apart)} GFLOP/s`, points: [[intensity[0], apart], [64, apart]], dashed: true });
  }
  const low = Math.min(...series.flatMap((s) => s.points.map(([, y]) => y)));
  lineChart($('roofline'),
    { label: 'operations for each byte', log: true, ticks: intensity.map((v) => [v, v < 1 ? `1/${1 / v}` : String(v)]) },
    { label: 'GFLOP/s', log: true, ticks: plain(powers(2, low, p.fmaGflops)) }, series);
}

function bySet(id, label, name, values, ticks, log) {
  lineChart($(id),
    { label: 'working set', log: true, ticks: [13, 16, 19, 22, 26].map((power) => [2 ** power, size(2 ** power)]) },
    { label, log, ticks }, [{ name, points: values, dots: true, describe: (x, y) => `${size(x)}: ${one(y)} ${label}` }]);
}

function draw(d) {
  chips(d);
  facts(d);
  roofline(d);
  const reads = d.memory.map((m) => [m.bytes, m.readGbs]);
  bySet('bandwidth', 'GB/s', 'streaming vectors', reads, plain(roundTicks(Math.max(...reads.map(([, y]) => y)))), false);
  const nanos = d.memory.map((m) => [m.bytes, m.latencyNanos]);
  const of = nanos.map(([, y]) => y);
  bySet('latency', 'ns', 'dependent loads', nanos, plain(powers(2, Math.min(...of), Math.max(...of))), true);
  const chains = [['multiply-add (relaxed SIMD)', d.madd], ['multiply, then add', d.mulAdd]].filter(([, list]) => list.length)
    .map(([name, list]) => ({ name, dots: true, points: list.map((m) => [m.chains, m.gflops]), describe: (x, y) => `${x} chains: ${one(y)} GFLOP/s` }));
  lineChart($('chains'), { label: 'chains', ticks: plain([0, 4, 8, 12, 16, 20, 24, 28, 32]) },
    { label: 'GFLOP/s', ticks: plain(roundTicks(d.profile.fmaGflops)) }, chains);
  const [alone] = d.scaling;
  const most = d.scaling.length;
  const team = d.scaling.map((s) => [s.threads, s.gflops]);
  const ideal = [0, most].map((n) => [n, n * alone.gflops]);
  lineChart($('scaling'), { label: 'threads', ticks: plain(Array.from({ length: most + 1 }, (_, i) => i)) },
    { label: 'GFLOP/s', ticks: plain(roundTicks(Math.max(alone.gflops * most, ...team.map(([, y]) => y)))) },
    [{ name: 'measured', points: team, dots: true, describe: (x, y) => `${x} threads: ${one(y)} GFLOP/s` },
      { name: 'as many times one thread', points: ideal, dashed: true }]);
}

async function measure(fresh) {
  $('again').disabled = true;
  $('error').hidden = true;
  $('status').textContent = 'Measuring';
  try {
    const device = await probeDevice({ fresh });
    draw(device);
    $('status').textContent = `Measured in ${device.millis.toFixed(0)} ms`;
    return { device, gpu: await showGpu(fresh) };
  } catch (e) {
    $('error').textContent = e.message;
    $('error').hidden = false;
    $('status').textContent = '';
    throw e;
  } finally {
    $('again').disabled = false;
  }
}

$('again').onclick = () => measure(true).catch(() => {}); // shown in the page
const id = query.get('report');
const answer = await measure(false)
  .then(async (measured) => ({ ...measured, again: id ? await probeDevice() : null, fresh: id ? await probeDevice({ fresh: true, threads: 1 }) : null }))
  .catch((e) => ({ failure: e.message }));
if (id) await fetch(`/report/${id}`, { method: 'POST', body: JSON.stringify(answer) });
