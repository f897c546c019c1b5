import { InferenceSession, Tensor } from '/npm/nnjit.js';
import { DigitPad } from './digit-pad.js';
import { servedFeeds, forTheCommandLine } from './run-report.js';
import { TextBox } from './text-box.js';
import { showTimeline } from './timeline.js';

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const show = (id, on = true) => { $(id).hidden = !on; };
const ms = (v) => (v === undefined ? '–' : v < 10 ? `${v.toFixed(2)} ms` : `${v.toFixed(1)} ms`);
const mib = (v) => (v < 1 << 20 ? `${(v / 1024).toFixed(1)} KiB` : `${(v / (1 << 20)).toFixed(1)} MiB`);

/** What to try with a model that writes. */
const EXAMPLES = { normaliser: 'March 3rd, 1987' };

let session = null;
let feeds = null;
let latencies = [];

/** Feeds that fit a model's inputs: token ids, masks of ones, images of noise. */
function sampleFeeds(inputs, length, vocabulary) {
  let seed = 1;
  const random = () => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32);
  const out = {};
  for (const input of inputs) {
    const dims = (input.shape ?? [1]).map((d) => {
      if (typeof d === 'number') return d;
      return /batch|^n$|^\?$/i.test(d) ? 1 : /past/i.test(d) && !d.includes('+') ? 0 : length;
    });
    const n = dims.reduce((a, b) => a * b, 1);
    const mask = /mask/i.test(input.name);
    const value = (i) => (mask ? 1 : /position/.test(input.name) ? i % dims.at(-1) : 4 + Math.floor(random() * Math.min(90, vocabulary - 4)));
    switch (input.type) {
      case 'int64': out[input.name] = new Tensor('int64', BigInt64Array.from({ length: n }, (_, i) => BigInt(value(i))), dims); break;
      case 'int32': out[input.name] = new Tensor('int32', Int32Array.from({ length: n }, (_, i) => value(i)), dims); break;
      case 'bool': out[input.name] = new Tensor('bool', new Uint8Array(n).fill(1), dims); break;
      default: out[input.name] = new Tensor(input.type, Float32Array.from({ length: n }, () => (mask ? 1 : random() * 2 - 1)), dims);
    }
  }
  return out;
}

function onProgress(p) {
  show('progress');
  if (p.stage === 'download') {
    $('progress').value = p.total ? p.loaded / p.total : 0;
    $('status').textContent = `Loading ${mib(p.loaded)}${p.total ? ` of ${mib(p.total)}` : ''}`;
  } else if (p.stage === 'compile') {
    $('status').textContent = `${p.kernels} kernels, ${mib(p.bytes)}, written in ${ms(p.ms)}`;
  } else if (p.stage === 'weights') {
    $('progress').value = p.loaded / p.total;
    $('status').textContent = 'Packing weights';
  }
}

function chips(device) {
  const has = [
    device.simd && 'SIMD', device.relaxedSimd && 'relaxed SIMD', `${device.threads} thread${device.threads > 1 ? 's' : ''}`,
    device.isolated ? 'cross-origin isolated' : null, `${device.hardwareConcurrency} cores reported`,
  ].filter(Boolean);
  $('device').replaceChildren(...has.map((t) => Object.assign(document.createElement('span'), { textContent: t })),
    ...device.notes.map((t) => Object.assign(document.createElement('span'), { textContent: t, className: 'note' })));
}

function facts(list) {
  $('factlist').replaceChildren(...list.flatMap(([k, v]) => [
    Object.assign(document.createElement('dt'), { textContent: k }), Object.assign(document.createElement('dd'), { textContent: v })]));
}

function drawLatency() {
  const top = Math.max(...latencies) * 1.1;
  const w = 400 / Math.max(20, latencies.length);
  $('latency').innerHTML = latencies.map((v, i) => `<rect x="${i * w + 1}" y="${80 - (v / top) * 80}" width="${Math.max(1, w - 2)}" height="${(v / top) * 80}" fill="var(--accent)"><title>${ms(v)}</title></rect>`).join('');
}

const median = (a) => [...a].sort((x, y) => x - y)[a.length >> 1];

function topValues(t) {
  const values = Array.from(t.data.slice(0, 200000), Number);
  const order = values.map((v, i) => [v, i]).sort((a, b) => b[0] - a[0]).slice(0, 5);
  return order.map(([v, i]) => `[${i}] ${v.toPrecision(5)}`).join(', ');
}

function outputs(out) {
  const lines = Object.entries(out).slice(0, 8).map(([name, t]) => {
    const p = document.createElement('p');
    const b = Object.assign(document.createElement('strong'), { textContent: `${name}: ${t.type}[${t.dims}]` });
    p.append(b, document.createElement('br'), `largest: ${topValues(t)}`);
    return p;
  });
  $('outputlist').replaceChildren(...lines);
  show('outputs');
}

async function planTable() {
  const { commands } = await session.profile(feeds);
  const top = Math.max(...commands.map((c) => c.ms), 1e-9);
  $('rows').replaceChildren(...commands.map((c) => {
    const tr = document.createElement('tr');
    const cell = (text, className) => Object.assign(tr.insertCell(), { textContent: text, className: className ?? '' });
    cell(c.index);
    cell(c.node).title = c.node;
    const k = cell('');
    const button = Object.assign(document.createElement('button'), { textContent: c.kernel, disabled: c.kernel === 'host' });
    button.onclick = () => kernel(c.kernel);
    k.append(button);
    cell(c.outputShape);
    cell((c.flops / 1e6).toFixed(2), 'num');
    const time = cell('');
    const bar = Object.assign(document.createElement('span'), { className: 'bar' });
    bar.style.width = `${(c.ms / top) * 6}rem`;
    time.append(bar, ms(c.ms));
    return tr;
  }));
  show('plan');
  return commands;
}

async function traceOne() {
  const trace = await session.trace(feeds);
  showTimeline($('timeline'), trace);
  return trace;
}

/** Hands a file to the browser's downloads. */
function download(name, text) {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  Object.assign(document.createElement('a'), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000);
}

async function kernel(name) {
  const text = await session.kernelText(name);
  const answer = await fetch(`/api/wat?kernel=${name}`, { method: 'POST', body: await session.program() });
  text.wat = answer.ok ? await answer.text() : 'the text of WebAssembly comes from `./nnjit serve`, which does not serve this page';
  $('kernelname').textContent = name;
  $('schedule').textContent = text.schedule;
  const choose = (tab) => {
    document.querySelectorAll('[role=tab]').forEach((b) => b.setAttribute('aria-selected', String(b.dataset.tab === tab)));
    $('text').textContent = text[tab];
  };
  document.querySelectorAll('[role=tab]').forEach((b) => { b.onclick = () => choose(b.dataset.tab); });
  choose('loops');
  show('kernel');
  $('kernel').scrollIntoView({ behavior: 'smooth' });
}

/** @param {{tokenizer: string, config: string}} [texts] what a model that writes comes with */
async function open(model, label, { tokenizer, config } = {}) {
  show('error', false);
  for (const id of ['facts', 'outputs', 'plan', 'trace', 'kernel', 'draw', 'write']) show(id, false);
  $('timeline').replaceChildren();
  $('load').disabled = true;
  try {
    await session?.release();
    await writer.use(null);
    const start = performance.now();
    session = await InferenceSession.create(model, { threads: Number($('threads').value), onProgress });
    // Small models were trained, or made, for short texts.
    const length = (await session.stats()).load.bytes > 50e6 ? 128 : 32;
    const { vocab_size: vocabulary = 94 } = config ? await (await fetch(config)).json() : {};
    feeds = query.has('feed') ? await servedFeeds(query.getAll('feed'))
      : sampleFeeds(session.inputMetadata, Number(query.get('length') ?? length), vocabulary);
    const out = await session.run(feeds);
    const first = performance.now() - start;
    latencies = await session.measure(feeds, 10);
    const s = await session.stats();
    chips(s.device);
    const list = [
      ['Model', `${label}, ${mib(s.load.bytes)}, ${s.model.nodes} nodes, opset ${s.model.opset}`],
      ['First answer', `${ms(first)} after the click (file read in ${ms(s.load.ms)})`],
      ['Kernels written', `${s.plan.kernels.length} for ${s.plan.commands.length} calls, ${mib(s.plan.moduleBytes)} of WebAssembly, compiled in ${ms(s.plan.compileMs)}`],
      ['Weights packed', `${mib(s.plan.weightBytes)} in ${ms(s.plan.packMs)}`],
      ['Working memory', mib(s.plan.arenaBytes)],
      ['Latency', `median ${ms(median(latencies))} on ${s.device.threads} thread${s.device.threads > 1 ? 's' : ''}`],
    ];
    facts(list);
    show('facts');
    drawLatency();
    outputs(out);
    const commands = await planTable();
    show('trace');
    show('draw', session.inputNames.includes('image') && label.startsWith('digits'));
    const own = tokenizer && config ? {} : await session.textParts();
    if ((tokenizer ?? own.tokenizer) && (config ?? own.config) && session.inputNames.some((name) => name.startsWith('past_key_values'))) {
      await writer.use({ decoder: model, tokenizer, config, options: { threads: Number($('threads').value) } });
      $('writer').elements.prompt.value = EXAMPLES[label.split(' ')[0]] ?? '';
      show('write');
    }
    $('status').textContent = 'Ready';
    show('progress', false);
    return { facts: Object.fromEntries(list), device: s.device, outputs: Object.fromEntries(Object.entries(out).map(([n, t]) => [n, `${t.type}[${t.dims}] largest ${topValues(t)}`])),
      slowest: [...commands].sort((a, b) => b.ms - a.ms).slice(0, 8) };
  } catch (e) {
    $('error').textContent = e.message;
    show('error');
    show('progress', false);
    $('status').textContent = '';
    return { error: e.message };
  } finally {
    $('load').disabled = false;
  }
}

/** What the network says of a drawing [1, 1, 28, 28]; the page shows it. */
async function recognise(drawing) {
  const out = await session.run({ image: new Tensor('float32', drawing, [1, 1, 28, 28]) });
  const p = Array.from(Object.values(out)[0].data);
  $('digit').textContent = p.indexOf(Math.max(...p));
  $('bars').innerHTML = p.map((v, i) => `<span>${i}</span><i style="width:${(v * 100).toFixed(1)}%" title="${(v * 100).toFixed(1)} %"></i>`).join('');
}

const writer = new TextBox($('writer'));
const pad = new DigitPad($('canvas'), recognise);
$('clear').onclick = () => { pad.clear(); $('digit').textContent = '–'; $('bars').replaceChildren(); };

$('load').onclick = () => { const o = $('models').selectedOptions[0]; if (o) open(o.value, o.textContent, models[o.index]); };
$('traceone').onclick = async () => download('nnjit-trace.json', JSON.stringify(await traceOne()));
$('again').onclick = async () => { latencies = latencies.concat(await session.measure(feeds, 20)); drawLatency(); };
const file = (f) => f && open(f, f.name);
$('file').onchange = (e) => file(e.target.files[0]);
$('drop').ondragover = (e) => { e.preventDefault(); $('drop').classList.add('over'); };
$('drop').ondragleave = () => $('drop').classList.remove('over');
$('drop').ondrop = (e) => { e.preventDefault(); $('drop').classList.remove('over'); file(e.dataTransfer.files[0]); };

const models = await (await fetch('/api/models')).json();
$('models').replaceChildren(...models.map((m) => new Option(`${m.name} (${mib(m.bytes)})`, m.url)));
$('threads').value = query.get('threads') ?? Math.min(4, navigator.hardwareConcurrency || 1);
const wanted = models.find((m) => m.name === query.get('model'));
if (wanted) {
  $('models').value = wanted.url;
  const answer = await open(wanted.url, wanted.name, wanted);
  if (wanted.name === 'digits' && !answer.error) {
    await pad.draw([[70, 60], [155, 60], [100, 175]]);
    answer.drawnSevenRecognisedAs = $('digit').textContent;
  }
  const prompt = EXAMPLES[wanted.name];
  if (prompt && !answer.error) answer.wrote = [prompt, await writer.write(prompt) ?? $('writer').querySelector('.rate').textContent];
  const id = query.get('report');
  if (id && !answer.error) Object.assign(answer, await forTheCommandLine(session, feeds, id, query));
  if (id) await fetch(`/report/${id}`, { method: 'POST', body: JSON.stringify(answer) });
}
