// One helper thread: instantiates the plans that the engine worker sends and runs its share of them.
// What goes wrong here it tells the page: the engine worker may be waiting for it in a barrier.
import { live } from './life.js';
import { callCommands } from './trace.js';

const plans = new Map();
const alive = live().then((lock) => postMessage({ lock }));

function serve(m, engine) {
  if (m.drop !== undefined) {
    plans.delete(m.drop);
  } else if (m.module) {
    plans.set(m.plan, new WebAssembly.Instance(m.module, { env: { memory: m.memory } }).exports);
    alive.then(() => engine.postMessage({ to: m.plan }));
  } else if (m.commands) {
    const times = callCommands(plans.get(m.plan), m.commands, m.thread, m.threads);
    engine.postMessage({ to: m.reply, thread: m.thread, origin: performance.timeOrigin, times });
  } else {
    plans.get(m.plan)[m.run](m.thread, m.threads);
  }
}

onmessage = ({ data: { engine } }) => {
  engine.onmessage = ({ data }) => {
    try {
      serve(data, engine);
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
};
