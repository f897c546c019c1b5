// One helper thread: instantiates the plans it is sent and runs its share of them.
const plans = new Map();
onmessage = (e) => {
  const m = e.data;
  try {
    if (m.module) {
      plans.set(m.plan, new WebAssembly.Instance(m.module, { env: { memory: m.memory } }).exports);
      postMessage({ ready: m.plan });
    } else {
      plans.get(m.plan)[m.run](m.thread, m.threads);
    }
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
