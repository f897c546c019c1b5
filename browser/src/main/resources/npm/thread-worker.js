// One helper thread: instantiates the plans it is sent and runs its share of them. What goes wrong
// here it tells the page itself: the engine worker may be waiting for this thread in a barrier.
import { live } from './life.js';

const plans = new Map();
let page;
let alive;
onmessage = ({ data: m }) => {
  try {
    if (m.page) {
      ({ page } = m);
      alive = live().then((lock) => page.postMessage({ lock }));
    } else if (m.module) {
      plans.set(m.plan, new WebAssembly.Instance(m.module, { env: { memory: m.memory } }).exports);
      alive.then(() => postMessage({ ready: m.plan }));
    } else {
      plans.get(m.plan)[m.run](m.thread, m.threads);
    }
  } catch (error) {
    page.postMessage({ error: String(error) });
  }
};
