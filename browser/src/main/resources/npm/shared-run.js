// A run of a small plan that the page begins and its threads join when the message reaches them.
// Nobody waits for them to come: whoever is there takes the next piece of a kernel's blocks.

/**
 * Words in the reserved first bytes of the shared memory, each on a cache line of its own: the
 * number of the run that may be joined, the next piece of which command, the pieces of it that are
 * done, and the threads that are inside.
 */
const JOB = 576 / 4;
const TICKET = 640 / 4;
const DONE = 704 / 4;
const INSIDE = 768 / 4;

/** Pieces of a command for each thread: a late one still finds some, the last are waited for briefly. */
const PIECES = 6;

/** A ticket is the number of a command times this, and the number of a piece. */
const TICKETS = 1 << 12;

/** Looks at an empty counter before a thread goes back to its messages: about 0.1 ms. */
const LOOKS = 5000;

/** A piece that takes longer, in milliseconds, is no longer waited for in the page. */
const LATE_MS = 20;

const words = (memory) => new Int32Array(memory.buffer, 0, INSIDE + 1);

/** Commands as steps: pieces (0: the page does it alone), blocks, function of the table, addresses. */
export function stepsOf({ commands, kernels }, threads) {
  return commands.map((c) => (c.parallel
    ? { pieces: Math.min(c.args.at(-1), PIECES * threads), blocks: c.args.at(-1), index: kernels[c.kernel].tableIndex, addresses: c.args.slice(0, -2) }
    : { pieces: 0, index: c.tableIndex }));
}

function doPiece(table, { pieces, blocks, index, addresses }, piece) {
  table.get(index)(...addresses, Math.floor(piece * blocks / pieces), Math.floor((piece + 1) * blocks / pieces));
}

/** Takes a piece of a step and does it; false where none is left. */
function takePiece(view, table, steps) {
  const seen = Atomics.load(view, TICKET);
  if (seen % TICKETS >= steps[Math.floor(seen / TICKETS)].pieces) return false;
  // The page may have gone on to the next step meanwhile: the ticket says which it is.
  const ticket = Atomics.add(view, TICKET, 1);
  const step = steps[Math.floor(ticket / TICKETS)];
  if (ticket % TICKETS >= step.pieces) return false;
  doPiece(table, step, ticket % TICKETS);
  Atomics.add(view, DONE, 1);
  return true;
}

/** In a thread: works on this run until it ends, or until nothing has come for a while. */
export function join(memory, exports, steps, job) {
  const view = words(memory);
  Atomics.add(view, INSIDE, 1);
  try {
    for (let looks = 0; looks < LOOKS && Atomics.load(view, JOB) === job; looks++) {
      if (takePiece(view, exports.table, steps)) looks = 0;
    }
  } finally {
    Atomics.sub(view, INSIDE, 1);
  }
}

let jobs = 0;

/** Spins in the page until a word has a value; false after {@link LATE_MS}. */
function reached(view, word, value) {
  const start = performance.now();
  while (Atomics.load(view, word) !== value) if (performance.now() - start > LATE_MS) return false;
  return true;
}

/**
 * In the page: runs the steps, with the threads that come when `call(job)` asks them to join.
 * @returns {Promise|null} null when all is done; else, after a failure too, what resolves once the
 *   last thread has left, and the run has to be done again
 */
export function share(memory, exports, steps, call) {
  const view = words(memory);
  const begin = (step) => {
    Atomics.store(view, DONE, 0);
    Atomics.store(view, TICKET, step * TICKETS);
  };
  begin(0);
  const job = jobs = (jobs + 1) % 0x40000000 || 1;
  Atomics.store(view, JOB, job);
  let whole = true;
  try {
    call(job);
    for (let i = 0; i < steps.length && whole; i++) {
      if (i > 0) begin(i);
      if (steps[i].pieces === 0) exports.table.get(steps[i].index)(0, 1);
      while (takePiece(view, exports.table, steps));
      whole = reached(view, DONE, steps[i].pieces);
    }
  } catch {
    whole = false;
  }
  Atomics.store(view, JOB, 0);
  if (reached(view, INSIDE, 0) && whole) return null;
  return new Promise((done) => {
    const look = () => (Atomics.load(view, INSIDE) === 0 ? done() : setTimeout(look, 1));
    look();
  });
}
