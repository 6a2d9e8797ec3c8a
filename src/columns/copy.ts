/** Copying long columns so that it can be interrupted: most of the time goes into the pages of the new one. */
import { blocks, checkpoint } from '../lang/interrupt.js';
import type { VecData } from '../lang/value.js';

type Typed = Exclude<VecData, string[]>;

/** Elements between two looks: at most some milliseconds, and far above what a look costs. */
const PIECE = 1 << 20;

/** `from` into `to` at element `at`; both of one kind. */
export function copyInto(to: Typed, from: Typed, at: number): void {
  const n = from.length;
  if (n <= PIECE) return to.set(from as never, at);
  for (let lo = 0; lo < n; lo += PIECE) {
    checkpoint();
    to.set(from.subarray(lo, Math.min(n, lo + PIECE)) as never, at + lo);
  }
}

/** A column of its own with the same elements. */
export function copyOf<C extends Typed>(from: C): C {
  const out = fresh(from);
  copyInto(out, from, 0);
  return out;
}

/** The elements from the last to the first. */
export function reversedCopy<C extends Typed>(from: C): C {
  const out = fresh(from);
  const n = from.length;
  for (let lo = 0; lo < n; lo += PIECE) {
    checkpoint();
    const hi = Math.min(n, lo + PIECE);
    out.set(from.subarray(n - hi, n - lo) as never, lo);
    out.subarray(lo, hi).reverse();
  }
  return out;
}

/** `n` times the same number. */
export function filled(n: number, v: number): Int32Array {
  const out = new Int32Array(n);
  for (let lo = 0; lo < n; lo += PIECE) {
    checkpoint();
    out.fill(v, lo, lo + PIECE);
  }
  return out;
}

/** 0 .. n-1. */
export function ascending(n: number): Int32Array {
  const out = new Int32Array(n);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = i;
  });
  return out;
}

/** As `Int32Array.from`. */
export function ints(from: readonly number[]): Int32Array {
  const out = new Int32Array(from.length);
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = from[i];
  });
  return out;
}

const fresh = <C extends Typed>(like: C): C => new (like.constructor as new (length: number) => C)(like.length);
