/**
 * How a running evaluation is stopped. Compiled code calls `callpoint` at every call, column loops `checkpoint` once a block.
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
let calls = 0;

/** Makes `interrupt` the one that `checkpoint` obeys; answers the previous one, to be put back. */
export function enter(interrupt: Interrupt): Interrupt {
  const previous = current;
  current = interrupt;
  return previous;
}

/** Throws `cancel` when the running evaluation was interrupted or is past its deadline. For blocks of a column loop. */
export function checkpoint(): void {
  if (current.word[0] !== 0) stop();
  if (current.deadline !== Infinity) tooLate();
}

/** `checkpoint` for calls, which may take only nanoseconds: one load, and the clock (30 ns) at every 64th call only. */
export function callpoint(): void {
  if (current.word[0] !== 0) stop();
  if (current.deadline !== Infinity && (++calls & 63) === 0) tooLate();
}

function tooLate(): void {
  if (performance.now() > current.deadline) throw new RayError('cancel', REASONS[2]);
}

function stop(): never {
  const reason = current.word[0];
  // A shutdown also stops what is evaluated next.
  if (reason !== 3) current.clear();
  throw new RayError('cancel', REASONS[reason] ?? REASONS[1]);
}

/** Whether `body(lo, hi)` holds for any block of [0, n), looked at in order up to the first; with a checkpoint before each. */
export function someBlock(n: number, body: (lo: number, hi: number) => boolean): boolean {
  for (let lo = 0; lo < n; lo += BLOCK) {
    checkpoint();
    if (body(lo, lo + BLOCK < n ? lo + BLOCK : n)) return true;
  }
  return false;
}

/** Runs `body(lo, hi)` over [0, n) in blocks, with a checkpoint before each. */
export function blocks(n: number, body: (lo: number, hi: number) => void): void {
  for (let lo = 0; lo < n; lo += BLOCK) {
    checkpoint();
    body(lo, lo + BLOCK < n ? lo + BLOCK : n);
  }
}
