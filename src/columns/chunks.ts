/** Loops over columns in pieces that stay in the first-level cache. */
import { blocks } from '../lang/interrupt.js';
import { CHUNK } from './lanes.js';

/**
 * Runs `body(lo, hi)` over [0, n) in order, `CHUNK` elements at a time, interruptible as `blocks`. JavaScript engines optimise
 * what is called often: a column's first pass is several times faster in many short calls than in one long loop.
 */
export function chunks(n: number, body: (lo: number, hi: number) => void): void {
  blocks(n, (lo, hi) => {
    for (let at = lo; at < hi; at += CHUNK) body(at, at + CHUNK < hi ? at + CHUNK : hi);
  });
}
