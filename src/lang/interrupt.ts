/**
 * How a running evaluation is stopped. Compiled code calls `checkpoint` at calls and loop heads, column loops once a block.
 * The word lives in shared memory so that another thread can raise it; a deadline is noticed without one.
 */
import { RayError } from './errors.js';

/** Elements a column loop may handle between two checkpoints: about 0.1 ms of work, far below the 50 ms promised for Ctrl-C. */
export const BLOCK = 65536;

export class Interrupt {
  /** 0: run; otherwise a reason of `REASONS`. */
  readonly word: Int32Array;
  /** Absolute time in ms of `performance.now()`; Infinity: none. */
  deadline = Infinity;
  constructor(word = new Int32Array(new SharedArrayBuffer(4))) {
    this.word = word;
  }
  /** Asks the running evaluation to stop; callable from any thread that shares the word. */
  raise(reason: 1 | 2 | 3 = 1): void {
    Atomics.store(this.word, 0, reason);
  }
  clear(): void {
    Atomics.store(this.word, 0, 0);
  }
}

const REASONS = ['', 'interrupted', 'deadline exceeded', 'shutting down'];

let current = new Interrupt();
let ticks = 0;

/** Makes `interrupt` the one that `checkpoint` obeys; answers the previous one, to be put back. */
export function enter(interrupt: Interrupt): Interrupt {
  const previous = current;
  current = interrupt;
  return previous;
}

/** Throws `cancel` when the running evaluation was interrupted or is past its deadline. Cheap: one load. */
export function checkpoint(): void {
  if (current.word[0] !== 0) stop();
  // The clock costs 30 ns; the word alone serves evaluations without a deadline.
  if (current.deadline !== Infinity && (++ticks & 63) === 0 && performance.now() > current.deadline) throw new RayError('cancel', REASONS[2]);
}

function stop(): never {
  const reason = current.word[0];
  // A shutdown must also stop handlers that catch `cancel` and go on.
  if (reason !== 3) current.clear();
  throw new RayError('cancel', REASONS[reason] ?? REASONS[1]);
}

/** Runs `body(lo, hi)` over [0, n) in blocks, with a checkpoint before each. */
export function blocks(n: number, body: (lo: number, hi: number) => void): void {
  for (let lo = 0; lo < n; lo += BLOCK) {
    checkpoint();
    body(lo, lo + BLOCK < n ? lo + BLOCK : n);
  }
}
