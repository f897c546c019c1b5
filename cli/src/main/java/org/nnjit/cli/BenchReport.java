package org.nnjit.cli;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The page with the charts of a benchmark: one file that needs nothing else. */
final class BenchReport {
  private BenchReport() {}

  /**
   * Writes the page.
   *
   * @param report what the JSON file holds: {@code models}, {@code first}, {@code visits}, {@code
   *     kernels}, {@code nodes}, {@code compileCost}, {@code generation}; parts without rows are
   *     left out
   * @param charts the script of Chart.js
   */
  static void write(Path file, JsonObject report, Path charts) throws IOException {
    Files.writeString(
        file,
        PAGE.replace("CHARTS", Files.readString(charts))
            .replace("REPORT", report.toString().replace("</", "<\\/")));
  }

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en"><meta charset="utf-8"><title>nnJIT bench</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <style>
      body{font:16px system-ui;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1c2330}
      h1,h2{line-height:1.2}h2{margin-top:2.5rem}.wide{overflow-x:auto}
      table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}td,th{padding:.25rem .6rem;border-bottom:1px solid #dde1e8;text-align:left;vertical-align:top}
      td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}td:first-child{white-space:nowrap}p{max-width:45rem}
      .chart{height:22rem;position:relative}.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem}.curves .chart{height:16rem}
      </style>
      <h1>nnJIT bench</h1>
      <p>Medians of interleaved runs in one page, each warmed up first; lower is better.
      Differences under 10 % are noise. <span id="agent"></span></p>
      <section><h2>Models</h2><div class="chart"><canvas id="models"></canvas></div><div id="modelTable"></div></section>
      <section><h2>Compiling a kernel, from schedule to bytes</h2>
      <p>Cold: in the first plan of a page. Warm: over and over, until the browser has compiled the compiler for good; median over kernels of the median over repeats.</p><div id="emitTable"></div></section>
      <section><h2>First answer and peak memory of the page</h2><div class="chart"><canvas id="first"></canvas></div><div id="firstTable"></div></section>
      <section><h2>Tuning in the background</h2>
      <p>Latency of runs as the page sees them, by the time since loading began. Tuning goes on between them. On the second visit the schedules that were found are there from the start.</p>
      <div class="curves" id="curves"></div><div id="visitTable"></div></section>
      <section><h2>Kernels</h2><div class="chart"><canvas id="kernels"></canvas></div><div id="kernelTable"></div></section>
      <section><h2>ONNX node tests</h2>
      <p>Time of onnxruntime-web over nnJIT's, sorted: above 1 nnJIT is faster. Below, the tests under 0.9.</p>
      <div class="chart"><canvas id="nodes"></canvas></div><div id="nodeTable"></div></section>
      <section><h2>Compiling a kernel, beside Emscripten</h2>
      <p>The same loops as C with SIMD intrinsics, compiled by emcc -O3 -msimd128 on this machine (median of 3); both results are compared on the same input. Most of that time is the start of a tool chain, as compiling an empty file shows.</p><div id="compileCostTable"></div></section>
      <section><h2>Text generation</h2>
      <p>Each engine works for a second in its turn, after a rest of 0.4 s; medians of the turns, and the ratio round by round.</p><div id="generationTable"></div></section>
      <section><h2>WebGPU</h2>
      <p>Both engines in one page on the same adapter, in turns; answers are read back from the GPU.</p><div id="webgpuTable"></div></section>
      <script>CHARTS</script>
      <script>
      const report = REPORT;
      const colours = { nnJIT: '#2457d6', 'nnJIT tuned': '#12307d', 'onnxruntime-web': '#9aa3b2', 'native ONNX Runtime': '#5c6675', ceiling: '#2a9d5c' };
      const bars = (id, labels, series, axis) => labels.length && new Chart(document.getElementById(id), {
        type: 'bar', data: { labels, datasets: series.map(([label, data]) => ({ label, data, backgroundColor: colours[label] })) },
        options: { maintainAspectRatio: false, animation: false, scales: { y: { title: { display: true, text: axis } } } } });
      const table = (id, rows, columns, shown = rows) => {
        const element = document.getElementById(id);
        if (rows.length === 0) { element.closest('section').remove(); return; }
        element.className = 'wide';
        element.innerHTML = '<table><tr>' + columns.map(([h], i) => `<th${i ? ' class="num"' : ''}>${h}`).join('')
          + '</tr>' + shown.map((r) => '<tr>' + columns.map(([, f], i) => `<td${i ? ' class="num"' : ''}>${f(r) ?? ''}`).join('') + '</tr>').join('') + '</table>';
      };
      const ms = (v) => (v == null ? null : v < 0.1 ? v.toFixed(3) : v < 10 ? v.toFixed(2) : v.toFixed(1));
      const percent = (v) => (v == null ? null : `${(100 * v).toFixed(0)} %`);
      const name = (r) => `${r.model ?? r.kernel}, ${r.threads} T`;
      document.getElementById('agent').textContent = report.userAgent ?? '';
      bars('models', report.models.map(name), [['nnJIT', report.models.map((r) => r.nnjitMs)], ['nnJIT tuned', report.models.map((r) => r.tunedMs)], ['onnxruntime-web', report.models.map((r) => r.ortMs)],
        ['native ONNX Runtime', report.models.map((r) => r.nativeMs)]], 'milliseconds');
      table('modelTable', report.models, [['Model', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['Ratio', (r) => r.ratio.toFixed(2)],
        ['Tuned ms', (r) => ms(r.tunedMs)], ['onnxruntime-web beside ms', (r) => ms(r.tunedOrtMs)], ['Ratio tuned', (r) => r.tunedRatio?.toFixed(2)],
        ['Spread', (r) => [r.nnjitSpread, r.tunedSpread, r.ortSpread].map(percent).filter(Boolean).join(', ')], ['Of the FMA ceiling', (r) => percent(r.ofCeiling)], ['At best', (r) => percent(r.bestOfFma)], ['Native ONNX Runtime ms', (r) => ms(r.nativeMs)],
        ['Relative error', (r) => r.relativeError.toExponential(1)]]);
      table('emitTable', report.models, [['Model', name], ['Plan ms', (r) => ms(r.compileMs)], ['Kernels', (r) => r.kernels], ['Cold ms', (r) => ms(r.emitColdMs)], ['most', (r) => ms(r.emitColdMostMs)],
        ['Warm ms', (r) => ms(r.emitWarmMs)], ['most', (r) => ms(r.emitWarmMostMs)]]);
      bars('first', report.first.map(name), [['nnJIT', report.first.map((r) => r.nnjitMs)], ['onnxruntime-web', report.first.map((r) => r.ortMs)]], 'milliseconds to the first answer');
      table('firstTable', report.first, [['Model', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['File MB', (r) => (r.fileBytes / 1e6).toFixed(0)],
        ['nnJIT peak MB', (r) => (r.nnjitPeakBytes / 1e6).toFixed(0)], ['of file', (r) => (r.nnjitPeakBytes / r.fileBytes).toFixed(2)], ['onnxruntime-web peak MB', (r) => (r.ortPeakBytes / 1e6).toFixed(0)]]);
      for (const r of report.visits) {
        const box = Object.assign(document.createElement('div'), { className: 'chart' });
        const canvas = document.createElement('canvas');
        box.append(canvas);
        document.getElementById('curves').append(box);
        const line = (label, points, borderColor) => ({ label, data: points.map(([x, y]) => ({ x, y })), borderColor, backgroundColor: borderColor, pointRadius: 1.5, borderWidth: 1.5 });
        const top = 1.1 * Math.max(...[...r.first.points, ...r.second.points].map((p) => p[1]));
        new Chart(canvas, { type: 'scatter', data: { datasets: [line('first visit', r.first.points, '#2457d6'), line('second visit', r.second.points, '#e0a03c'),
          { ...line('tuned', [[r.first.tunedAt, 0], [r.first.tunedAt, top]], '#2a9d5c'), borderDash: [4, 4], pointRadius: 0 }].map((d) => ({ ...d, showLine: true })) },
          options: { maintainAspectRatio: false, animation: false, plugins: { title: { display: true, text: name(r) } },
            scales: { x: { min: 0, title: { display: true, text: 'seconds since loading began' } }, y: { min: 0, max: top, title: { display: true, text: 'milliseconds' }, ticks: { maxTicksLimit: 7, callback: (v) => +v.toPrecision(3) } } } } });
      }
      table('visitTable', report.visits, [['Model', name], ['First answer ms', (r) => ms(r.first.firstMs)], ['Tuned after s', (r) => r.first.tunedAt.toFixed(1)], ['Schedules tried', (r) => r.first.tuning.tried], ['State', (r) => r.first.tuning.state],
        ['Settles at ms', (r) => ms(r.first.settledMs)], ['Second visit: kept schedules', (r) => r.second.tuning.stored], ['first answer ms', (r) => ms(r.second.firstMs)],
        ['first run within 5 %', (r) => (r.second.within ? `run ${r.second.within.run}, ${r.second.within.seconds.toFixed(2)} s` : 'none')], ['settles at ms', (r) => ms(r.second.settledMs)]]);
      bars('kernels', report.kernels.map(name), [['nnJIT', report.kernels.map((r) => r.gflops)], ['ceiling', report.kernels.map((r) => r.fmaGflops * r.threads)]], 'GFLOP/s inside the worker');
      table('kernelTable', report.kernels, [['Kernel', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['TensorFlow.js ms', (r) => ms(r.tfjsMs)],
        ['Ratio to the faster', (r) => r.ratio.toFixed(2)], ['GFLOP/s', (r) => r.gflops.toFixed(1)], ['of FMA', (r) => percent(r.ofFma)], ['at best', (r) => percent(r.bestOfFma)], ['weights, of read bandwidth', (r) => percent(r.ofRead)], ['Steady turns', (r) => `${r.steadyTurns} of ${r.turns}`], ['Schedule', (r) => r.schedule]]);
      const nodes = report.nodes.filter((r) => r.ratio);
      const threads = [...new Set(nodes.map((r) => r.threads))];
      if (threads.length) {
        const curve = (t) => nodes.filter((r) => r.threads === t).map((r) => r.ratio).sort((a, b) => a - b).map((y, i, all) => ({ x: 100 * (i + 0.5) / all.length, y }));
        const shades = ['#2457d6', '#e0a03c', '#2a9d5c'];
        new Chart(document.getElementById('nodes'), { type: 'scatter', data: { datasets: threads.map((t, i) => ({ label: `${t} T`, data: curve(t), borderColor: shades[i % 3], backgroundColor: shades[i % 3], pointRadius: 1, showLine: true })) },
          options: { maintainAspectRatio: false, animation: false, scales: { x: { min: 0, max: 100, title: { display: true, text: '% of the tests' } }, y: { type: 'logarithmic', title: { display: true, text: 'ratio' } } } } });
      }
      table('nodeTable', nodes, [['Test', (r) => `${r.test}, ${r.threads} T`], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['Ratio', (r) => r.ratio.toFixed(2)],
        ['Host calls', (r) => r.hostCalls]], nodes.filter((r) => r.ratio < 0.9).sort((a, b) => a.ratio - b.ratio));
      table('compileCostTable', report.compileCost, [['Kernel', (r) => `${r.case}<br><small>${r.kernel.replace(/^f32_/, '')}</small>`], ['nnJIT cold ms', (r) => ms(r.coldMs)], ['nnJIT warm ms', (r) => ms(r.warmMs)], ['emcc ms', (r) => ms(r.emccMs)],
        ['of which an empty file', (r) => ms(r.emptyMs)], ['emcc / warm', (r) => (r.emccMs / r.warmMs).toFixed(0)], ['emcc / cold', (r) => (r.emccMs / r.coldMs).toFixed(0)],
        ['nnJIT bytes', (r) => r.bytes], ['emcc bytes', (r) => r.emccBytes], ['Relative error', (r) => r.relativeError.toExponential(1)]]);
      table('generationTable', report.generation, [['Work', (r) => `${r.work}, ${r.threads} T`], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['tokens/s', (r) => r.tokens && (1000 * r.tokens / r.nnjitMs).toFixed(1)], ['Peer', (r) => r.peer],
        ['Peer ms', (r) => ms(r.peerMs)], ['Spread', (r) => [r.nnjitSpread, r.peerSpread].map(percent).filter(Boolean).join(', ')], ['Ratio', (r) => r.ratio?.toFixed(2)], ['least to most', (r) => r.ratio && `${r.ratioLeast.toFixed(2)} to ${r.ratioMost.toFixed(2)}`], ['Aim', (r) => r.wanted],
        ['Of the floor of reading', (r) => percent(r.ofFloor)], ['Ratio to floats', (r) => r.ofFloats?.toFixed(2)], ['Outside kernels', (r) => r.outside && `${(100 * r.outside).toFixed(1)} %`], ['Agreement', (r) => r.agreement]]);
      table('webgpuTable', report.webgpu, [['Model', (r) => r.model], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.peerMs)], ['Spread', (r) => [r.nnjitSpread, r.peerSpread].map(percent).join(', ')],
        ['Ratio', (r) => r.ratio.toFixed(2)], ['least to most', (r) => `${r.ratioLeast.toFixed(2)} to ${r.ratioMost.toFixed(2)}`], ['First run ms', (r) => ms(r.firstMs)], ['of onnxruntime-web', (r) => ms(r.peerFirstMs)], ['TensorFlow.js ms', (r) => r.tfjsMs && ms(r.tfjsMs)], ['Slices', (r) => r.slices], ['Relative error', (r) => r.relativeError.toExponential(1)]]);
      </script></html>
      """;
}
