// Runs a list of cases with known results and posts what came out. The job is JSON:
// {cases: [{name, model, sets: [{inputs: [url], outputs: [url], program?: [url]}], mostFetched?: bytes}],
// threads, rtol, atol, relative}
import { runCase } from './suite-case.js';

const query = new URLSearchParams(location.search);
const id = query.get('report');
const log = document.querySelector('#log');
const post = (kind, value) => fetch(`/${kind}/${id}`, { method: 'POST', body: JSON.stringify(value) });

const job = await (await fetch(query.get('job'))).json();
const results = [];
for (const c of job.cases) {
  results.push(await runCase(c, job));
  log.textContent = `${results.length} of ${job.cases.length}: ${c.name}`;
  if (results.length % 10 === 0) post('progress', { done: results.length, total: job.cases.length });
}
log.textContent = `${results.filter((r) => r.status === 'passed').length} of ${results.length} passed`;
await post('report', { results, userAgent: navigator.userAgent });
