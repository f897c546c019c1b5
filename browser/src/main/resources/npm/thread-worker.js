// One helper thread: instantiates the plans that the engine worker sends and runs its share of them.
// What goes wrong here it tells the page: the engine worker may be waiting for it in a barrier.
import { live } from './locks.js';
import { join } from './shared-run.js';
import { callCommands } from './trace.js';

const plans = new Map();
const steps = new Map();
let memory;
const alive = live().then((lock) => postMessage({ lock }));

function serve(m, engine) {
  if (m.drop !== undefined) {
    plans.delete(m.drop);
    steps.delete(m.drop);
  } else if (m.module) {
    memory = m.memory;
    plans.set(m.plan, new WebAssembly.Instance(m.module, { env: { memory } }).exports);
    alive.then(() => engine.postMessage({ to: m.plan }));
  } else if (m.commands) {
    const times = callCommands(plans.get(m.plan), m.commands, m.thread, m.threads);
    engine.postMessage({ to: m.reply, thread: m.thread, origin: performance.timeOrigin, times });
  } else {
    plans.get(m.plan)[m.run](m.thread, m.threads);
  }
}

/** Does something; if it fails the page learns why. */
function attempt(action) {
  try {
    action();
  } catch (error) {
    postMessage({ error: String(error) });
  }
}

/** The page sends the engine worker's port, then steps of small plans and numbers of their runs. */
onmessage = ({ data: m }) => {
  if (m.engine) {
    m.engine.onmessage = ({ data }) => attempt(() => serve(data, m.engine));
  } else if (m.steps) {
    steps.set(m.plan, m.steps);
  } else if (plans.has(m.plan)) {
    attempt(() => join(memory, plans.get(m.plan), steps.get(m.plan), m.job));
  }
};
