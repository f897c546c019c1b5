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
   * @param report what the JSON file holds: {@code models}, {@code kernels}, {@code first}
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
      body{font:16px system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2330}
      table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .7rem;border-bottom:1px solid #dde1e8;text-align:left}
      td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}p{max-width:45rem}
      .chart{height:22rem}
      </style>
      <h1>nnJIT bench</h1>
      <p>Medians of interleaved runs in one page after three seconds of warm-up each; lower is
      better. Differences under 10 % are noise. <span id="agent"></span></p>
      <h2>Models</h2><div class="chart"><canvas id="models"></canvas></div><div id="modelTable"></div>
      <h2>First answer and peak memory of the page</h2><div class="chart"><canvas id="first"></canvas></div><div id="firstTable"></div>
      <h2>Kernels</h2><div class="chart"><canvas id="kernels"></canvas></div><div id="kernelTable"></div>
      <script>CHARTS</script>
      <script>
      const report = REPORT;
      const colours = { nnJIT: '#2457d6', 'onnxruntime-web': '#9aa3b2', 'TensorFlow.js': '#e0a03c', 'native ONNX Runtime': '#5c6675', ceiling: '#2a9d5c' };
      const bars = (id, labels, series, axis) => new Chart(document.getElementById(id), {
        type: 'bar', data: { labels, datasets: series.map(([label, data]) => ({ label, data, backgroundColor: colours[label] })) },
        options: { maintainAspectRatio: false, scales: { y: { title: { display: true, text: axis } } } } });
      const table = (id, rows, columns) => {
        document.getElementById(id).innerHTML = '<table><tr>' + columns.map(([h], i) => `<th${i ? ' class="num"' : ''}>${h}`).join('')
          + '</tr>' + rows.map((r) => '<tr>' + columns.map(([, f], i) => `<td${i ? ' class="num"' : ''}>${f(r) ?? ''}`).join('') + '</tr>').join('') + '</table>';
      };
      const ms = (v) => (v == null ? null : v < 10 ? v.toFixed(2) : v.toFixed(1));
      const percent = (v) => `${(100 * v).toFixed(0)} %`;
      const name = (r) => `${r.model ?? r.kernel}, ${r.threads} T`;
      document.getElementById('agent').textContent = report.userAgent ?? '';
      bars('models', report.models.map(name), [['nnJIT', report.models.map((r) => r.nnjitMs)], ['onnxruntime-web', report.models.map((r) => r.ortMs)],
        ['native ONNX Runtime', report.models.map((r) => r.nativeMs)]], 'milliseconds');
      table('modelTable', report.models, [['Model', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['Ratio', (r) => r.ratio.toFixed(2)],
        ['Spread', (r) => `${percent(r.nnjitSpread)} / ${percent(r.ortSpread)}`], ['Of the FMA ceiling', (r) => percent(r.ofCeiling)], ['Native ONNX Runtime ms', (r) => ms(r.nativeMs)],
        ['Compile ms', (r) => ms(r.compileMs)], ['Per kernel, median ms', (r) => r.emitMedianMs.toFixed(3)], ['Relative error', (r) => r.relativeError.toExponential(1)]]);
      bars('first', report.first.map(name), [['nnJIT', report.first.map((r) => r.nnjitMs)], ['onnxruntime-web', report.first.map((r) => r.ortMs)]], 'milliseconds to the first answer');
      table('firstTable', report.first, [['Model', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['File MB', (r) => (r.fileBytes / 1e6).toFixed(0)],
        ['nnJIT peak MB', (r) => (r.nnjitPeakBytes / 1e6).toFixed(0)], ['of file', (r) => (r.nnjitPeakBytes / r.fileBytes).toFixed(2)], ['onnxruntime-web peak MB', (r) => (r.ortPeakBytes / 1e6).toFixed(0)]]);
      bars('kernels', report.kernels.map(name), [['nnJIT', report.kernels.map((r) => r.gflops)], ['ceiling', report.kernels.map((r) => r.fmaGflops * r.threads)]], 'GFLOP/s inside the worker');
      table('kernelTable', report.kernels, [['Kernel', name], ['nnJIT ms', (r) => ms(r.nnjitMs)], ['onnxruntime-web ms', (r) => ms(r.ortMs)], ['TensorFlow.js ms', (r) => ms(r.tfjsMs)],
        ['Ratio to the faster', (r) => r.ratio.toFixed(2)], ['GFLOP/s', (r) => r.gflops.toFixed(1)], ['of FMA', (r) => percent(r.ofFma)], ['weights, of read bandwidth', (r) => percent(r.ofRead)], ['Schedule', (r) => r.schedule]]);
      </script></html>
      """;
}
