/**
 * The kernels with the most elements behind them, on WebAssembly SIMD where there is some. Chunks are copied into its memory and
 * results out of it: that stays in the second cache level and costs less than it saves. Columns themselves stay in JavaScript's
 * memory, which is freed by the garbage collector; memory of a module is never given back.
 */
import * as js from './kernels.js';
import { FREE, columns, type Columns } from './wasm/index.js';

/** Elements of the largest chunk. */
const MOST = 4096;
/** Below this the copies are not worth it. */
const LEAST = 128;
/** The first chunk of this length starts the module: that takes a millisecond, which programs with few elements need not pay. */
const STARTER = 2048;
/** Elements come in groups of this many; the rest is for the loops in JavaScript. */
const GROUP = 16;

// Operands and result lie so that a store is not taken for one to what is loaded next: that is decided by the lower 12 bits.
const X = FREE;
const Y = X + MOST * 8 + 1024;
const R = Y + MOST * 8 + 1024;

interface Simd {
  readonly k: Columns;
  readonly longs: BigInt64Array;
  readonly doubles: Float64Array;
  readonly bytes: Uint8Array;
}
let simd: Simd | null | undefined;

function simdFor(n: number): Simd | null {
  if (n < LEAST || n > MOST) return null;
  if (simd === undefined && n >= STARTER) simd = start();
  return simd ?? null;
}
function start(): Simd | null {
  const k = columns();
  if (k === null) return null;
  const { buffer } = k.bytes;
  return { k, longs: new BigInt64Array(buffer), doubles: new Float64Array(buffer), bytes: k.bytes };
}

/* ── arithmetic ──────────────────────────────────────────────────────── */

export const addLongs = longs('addLongs');
export const subLongs = longs('subLongs');
export const mulLongs = longs('mulLongs');

function longs(name: 'addLongs' | 'subLongs' | 'mulLongs'): js.LongOperation {
  const slow = js.nullable(js[name]);
  return (a, ai, b, bi, out, oi, n, nulls) => {
    const s = simdFor(n);
    if (s === null) return slow(a, ai, b, bi, out, oi, n, nulls);
    const m = n & -GROUP;
    s.longs.set(a.subarray(ai, ai + m), X >> 3);
    s.longs.set(b.subarray(bi, bi + m), Y >> 3);
    s.k[name](X, Y, R, m, nulls ? 1 : 0);
    out.set(s.longs.subarray(R >> 3, (R >> 3) + m), oi);
    if (m < n) slow(a, ai + m, b, bi + m, out, oi + m, n - m, nulls);
  };
}

export const addDoubles = doubles('addDoubles');
export const subDoubles = doubles('subDoubles');
export const mulDoubles = doubles('mulDoubles');
export const divDoubles = doubles('divDoubles');

function doubles(name: 'addDoubles' | 'subDoubles' | 'mulDoubles' | 'divDoubles'): js.DoubleOperation {
  const slow = js.finite(js[name]);
  return (a, ai, b, bi, out, oi, n) => {
    const s = simdFor(n);
    if (s === null) return slow(a, ai, b, bi, out, oi, n);
    const m = n & -GROUP;
    s.doubles.set(a.subarray(ai, ai + m), X >> 3);
    s.doubles.set(b.subarray(bi, bi + m), Y >> 3);
    const nulls = s.k[name](X, Y, R, m) !== 0;
    const rest = m < n && slow(a, ai + m, b, bi + m, out, oi + m, n - m);
    out.set(s.doubles.subarray(R >> 3, (R >> 3) + m), oi);
    return nulls || rest;
  };
}

/* ── comparisons ─────────────────────────────────────────────────────── */

export const lessLongs = comparison('lessLongs', js.lessLongs, (s) => s.longs);
export const equalLongs = comparison('equalLongs', js.equalLongs, (s) => s.longs);
export const lessDoubles = comparison('lessDoubles', js.lessDoubles, (s) => s.doubles);
export const equalDoubles = comparison('equalDoubles', js.equalDoubles, (s) => s.doubles);

type Comparison = 'lessLongs' | 'equalLongs' | 'lessDoubles' | 'equalDoubles';
interface Elements<A> { subarray(from: number, to: number): A; set(from: A, at: number): void }

function comparison<A extends Elements<A>>(name: Comparison, slow: js.Compare<A>, memory: (s: Simd) => Elements<A>): js.Compare<A> {
  return (a, ai, b, bi, out, oi, n, flip) => {
    const s = simdFor(n);
    if (s === null) return slow(a, ai, b, bi, out, oi, n, flip);
    const m = n & -GROUP;
    const to = memory(s);
    to.set(a.subarray(ai, ai + m), X >> 3);
    to.set(b.subarray(bi, bi + m), Y >> 3);
    s.k[name](X, Y, R, m, flip);
    out.set(s.bytes.subarray(R, R + m), oi);
    if (m < n) slow(a, ai + m, b, bi + m, out, oi + m, n - m, flip);
  };
}

/* ── conversion ──────────────────────────────────────────────────────── */

/** I64 elements as doubles; nulls become NaN where the column is flagged. */
export function longsToDoubles(a: BigInt64Array, ai: number, out: Float64Array, oi: number, n: number, nulls: boolean): void {
  const s = simdFor(n);
  if (s === null) return js.longsToDoubles(a, ai, out, oi, n, nulls);
  const m = n & -GROUP;
  s.longs.set(a.subarray(ai, ai + m), X >> 3);
  s.k.longsToDoubles(X, R, m, nulls ? 1 : 0);
  out.set(s.doubles.subarray(R >> 3, (R >> 3) + m), oi);
  if (m < n) js.longsToDoubles(a, ai + m, out, oi + m, n - m, nulls);
}

/* ── reductions ──────────────────────────────────────────────────────── */

/** Adds the low halves (unsigned) and the high halves (signed) to `parts`; answers how many elements are null. */
export function sumLongs(a: BigInt64Array, ai: number, n: number, parts: Float64Array): number {
  const s = simdFor(n);
  if (s === null) return js.sumLongs(a, ai, n, parts);
  const m = n & -GROUP;
  s.longs.set(a.subarray(ai, ai + m), X >> 3);
  const nulls = s.k.sumLongs(X, R, m);
  parts[0] += s.doubles[R >> 3];
  parts[1] += s.doubles[(R >> 3) + 1];
  return m < n ? nulls + js.sumLongs(a, ai + m, n - m, parts) : nulls;
}

/** The sum of what is not NaN; `count[0]` grows by the number of it. */
export function sumValues(x: Float64Array, xi: number, n: number, count: Float64Array): number {
  const s = simdFor(n);
  if (s === null) return js.sumValues(x, xi, n, count);
  s.doubles.set(x.subarray(xi, xi + n), X >> 3);
  const sum = s.k.sumValues(X, R, n);
  count[0] += s.bytes[R] + s.bytes[R + 1] * 256;
  return sum;
}

/** The least (`sign` 1) or greatest (-1) element that is not null, where the column is flagged; null without one. */
export function extremeLong(a: BigInt64Array, ai: number, n: number, sign: 1 | -1, nulls: boolean): bigint | null {
  const s = simdFor(n);
  if (s === null) return js.extremeLong(a, ai, n, sign, nulls);
  const m = n & -GROUP;
  s.longs.set(a.subarray(ai, ai + m), X >> 3);
  const any = sign > 0 ? s.k.leastLong(X, R, m, nulls ? 1 : 0) : s.k.greatestLong(X, R, m, nulls ? 1 : 0);
  const best = any !== 0 ? s.longs[R >> 3] : null;
  return m < n ? outer(best, js.extremeLong(a, ai + m, n - m, sign, nulls), sign) : best;
}
export const outer = (a: bigint | null, b: bigint | null, sign: 1 | -1): bigint | null =>
  a === null ? b : b === null ? a : a < b === sign > 0 ? a : b;
