/**
 * The element loops. Each works on one chunk and one machine type, and knows nothing of Rayfall types: (a, ai, b, bi, out, oi, n),
 * offsets in elements. Some have a twin on SIMD of the same shape (simd.ts), which gives the same bits.
 *
 * - doubles: `Float64Array`, null is NaN, so nulls propagate by themselves;
 * - words: `Int32Array`, results wrap to 32 bits;
 * - longs: `BigInt64Array`, results wrap to 64 bits.
 */
import { I64_NULL } from '../lang/value.js';

/** `out` may be an operand: each element is read before it is written. */
export type Kernel<A> = (a: A, ai: number, b: A, bi: number, out: A, oi: number, n: number) => void;
export type DoubleKernel = Kernel<Float64Array>;
export type WordKernel = Kernel<Int32Array>;
export type LongKernel = Kernel<BigInt64Array>;

/** As the kernel, and what is not finite becomes NaN; answers whether there was any. */
export type DoubleOperation = (...args: Parameters<DoubleKernel>) => boolean;
export const finite = (kernel: DoubleKernel): DoubleOperation => (a, ai, b, bi, out, oi, n) => {
  kernel(a, ai, b, bi, out, oi, n);
  return finiteDoubles(out, oi, n);
};
/** As the kernel; with `nulls` they come through. */
export type LongOperation = (...args: [...Parameters<LongKernel>, nulls: boolean]) => void;
export const nullable = (kernel: LongKernel): LongOperation => (a, ai, b, bi, out, oi, n, nulls) => {
  kernel(a, ai, b, bi, out, oi, n);
  if (nulls) nullLongs(a, ai, b, bi, out, oi, n);
};

const MIN32 = -2147483648;

/* ── doubles ─────────────────────────────────────────────────────────── */

export const addDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] + b[bi + i];
};
export const subDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] - b[bi + i];
};
export const mulDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] * b[bi + i];
};
export const divDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] / b[bi + i];
};
export const powDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] ** (a[ai + i] === a[ai + i] ? b[bi + i] : NaN);
};

/** |b - a|: with zeros on the left the absolute value. */
export const distanceDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.abs(b[bi + i] - a[ai + i]);
};
/** The largest multiple of b that is not above a. */
export const floorToDoubles: DoubleKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.floor(a[ai + i] / b[bi + i]) * b[bi + i];
};

/** Signs as i64; NaN gives the null. Answers whether there was any. */
export function signsOfDoubles(a: Float64Array, ai: number, out: BigInt64Array, oi: number, n: number): boolean {
  let nulls = false;
  for (let i = 0; i < n; i++) {
    const x = a[ai + i];
    out[oi + i] = x > 0 ? 1n : x < 0 ? -1n : 0n;
    if (x !== x) {
      out[oi + i] = I64_NULL;
      nulls = true;
    }
  }
  return nulls;
}

/** Floors of quotients as i64; what is not finite or out of range gives the null. Answers whether there was any. */
export function quotientsOfDoubles(
  a: Float64Array, ai: number, b: Float64Array, bi: number, out: BigInt64Array, oi: number, n: number,
): boolean {
  const words = halves(out);
  let nulls = false;
  for (let i = 0; i < n; i++) {
    const q = Math.floor(a[ai + i] / b[bi + i]);
    const fits = q >= -9223372036854775808 && q < 9223372036854775808;
    words[(oi + i) * 2] = fits ? q : 0;
    words[(oi + i) * 2 + 1] = fits ? Math.floor(q / 4294967296) : MIN32;
    if (!fits) nulls = true;
  }
  return nulls;
}

/** Fills [lo, hi) with integers in [0, bound). */
export function randomLongs(random: () => number, bound: number, out: BigInt64Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) out[i] = BigInt(Math.floor(random() * bound));
}

/** Turns what is not finite into NaN; answers whether there was any. */
function finiteDoubles(out: Float64Array, oi: number, n: number): boolean {
  let z = 0;
  for (let i = oi; i < oi + n; i++) z += out[i] - out[i];
  if (z === 0) return false;
  for (let i = oi; i < oi + n; i++) if (out[i] - out[i] !== 0) out[i] = NaN;
  return true;
}

/* ── words ───────────────────────────────────────────────────────────── */

export const addWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] + b[bi + i];
};
export const subWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] - b[bi + i];
};
export const mulWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.imul(a[ai + i], b[bi + i]);
};
/** Floored modulo; a zero divisor gives the null. */
export const modWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const y = b[bi + i];
    const r = a[ai + i] % y;
    out[oi + i] = y === 0 ? MIN32 : r !== 0 && r < 0 !== y < 0 ? r + y : r;
  }
};

/** The distance from a zero on the left: the absolute value. The least word stays. */
export const distanceWords: WordKernel = (_a, _ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.abs(b[bi + i]);
};
/** The largest multiple of b (not zero) that is not above a. */
export const floorToWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  modWords(a, ai, b, bi, out, oi, n);
  subWords(a, ai, out, oi, out, oi, n);
};

/** Puts nulls where either operand has one. */
export const nullWords: WordKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) if (a[ai + i] === MIN32 || b[bi + i] === MIN32) out[oi + i] = MIN32;
};

/* ── longs ───────────────────────────────────────────────────────────── */

// `asIntN` around each operation lets the compiler work on 64-bit registers instead of allocating bigints: 3 times the speed of
// pairs of 32-bit words. Choosing between two bigints defeats it, which is why nulls are patched afterwards, through the words.

export const addLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = BigInt.asIntN(64, a[ai + i] + b[bi + i]);
};
export const subLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = BigInt.asIntN(64, a[ai + i] - b[bi + i]);
};
export const mulLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = BigInt.asIntN(64, a[ai + i] * b[bi + i]);
};
/** Floored modulo; a zero divisor gives the null. */
export const modLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  if (!smallDivisors(b, bi, n)) return modAny(a, ai, b, bi, out, oi, n);
  for (let i = 0; i < n; i++) {
    const d = b[bi + i];
    out[oi + i] = BigInt.asIntN(64, BigInt.asIntN(64, BigInt.asIntN(64, a[ai + i] % d) + d) % d);
  }
};

/** Whether no divisor is zero, and twice each still fits 64 bits. */
function smallDivisors(b: BigInt64Array, bi: number, n: number): boolean {
  const words = halves(b);
  for (let i = bi * 2; i < (bi + n) * 2; i += 2) {
    const hi = words[i + 1];
    if ((hi === 0 && words[i] === 0) || hi >= 0x40000000 || hi < -0x40000000) return false;
  }
  return true;
}
function modAny(a: BigInt64Array, ai: number, b: BigInt64Array, bi: number, out: BigInt64Array, oi: number, n: number): void {
  for (let i = 0; i < n; i++) {
    const d = b[bi + i];
    if (d === 0n) out[oi + i] = I64_NULL;
    else {
      const m = a[ai + i] % d;
      out[oi + i] = m !== 0n && m < 0n !== d < 0n ? m + d : m;
    }
  }
}

/** The distance from a zero on the left: the absolute value. The least long stays. */
export const distanceLongs: LongKernel = (_a, _ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const x = b[bi + i];
    out[oi + i] = x < 0n ? BigInt.asIntN(64, -x) : x;
  }
};
/** The largest multiple of b (not zero) that is not above a. */
export const floorToLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  modLongs(a, ai, b, bi, out, oi, n);
  subLongs(a, ai, out, oi, out, oi, n);
};

/** Puts nulls where either operand has one. */
const nullLongs: LongKernel = (a, ai, b, bi, out, oi, n) => {
  const [p, q, r] = [halves(a), halves(b), halves(out)];
  for (let i = 0; i < n; i++) {
    const x = (ai + i) * 2;
    const y = (bi + i) * 2;
    if ((p[x + 1] === MIN32 && p[x] === 0) || (q[y + 1] === MIN32 && q[y] === 0)) {
      r[(oi + i) * 2] = 0;
      r[(oi + i) * 2 + 1] = MIN32;
    }
  }
};

/** Whether any of [0, n) is the null. */
export function hasNullLong(a: BigInt64Array, n: number): boolean {
  const words = halves(a);
  for (let i = 0; i < n * 2; i += 2) if (words[i + 1] === MIN32 && words[i] === 0) return true;
  return false;
}

/** A 64-bit column as pairs of 32-bit words, low first. */
export const halves = (data: BigInt64Array): Int32Array => new Int32Array(data.buffer, data.byteOffset, data.length * 2);

/** Longs as doubles; with `nulls` the null becomes NaN. */
export function longsToDoubles(a: BigInt64Array, ai: number, out: Float64Array, oi: number, n: number, nulls: boolean): void {
  const words = halves(a);
  const none = nulls ? MIN32 : NaN;
  for (let i = 0, w = ai * 2; i < n; i++, w += 2) {
    const high = words[w + 1];
    const low = words[w];
    out[oi + i] = high === none && low === 0 ? NaN : high * 4294967296 + (low >>> 0);
  }
}

/* ── reductions ──────────────────────────────────────────────────────── */

/**
 * Adds the low halves (unsigned) and the high halves (signed) to the two `parts`, exactly: 2^16 elements below 2^32 stay below 2^48.
 * Answers how many elements are null.
 */
export function sumLongs(a: BigInt64Array, ai: number, n: number, parts: Float64Array): number {
  const high = halves(a);
  const low = new Uint32Array(high.buffer, high.byteOffset, high.length);
  let l = 0;
  let h = 0;
  let nulls = 0;
  for (let w = ai * 2; w < (ai + n) * 2; w += 2) {
    l += low[w];
    h += high[w + 1];
    if (high[w + 1] === MIN32 && low[w] === 0) nulls++;
  }
  parts[0] += l;
  parts[1] += h;
  return nulls;
}

/** The sum of what is not NaN, in two sums of every other element; `count[0]` grows by the number of it. */
export function sumValues(x: Float64Array, xi: number, n: number, count: Float64Array): number {
  let a = 0;
  let b = 0;
  let k = 0;
  let i = xi;
  for (; i + 1 < xi + n; i += 2) {
    const p = x[i];
    const q = x[i + 1];
    a += p === p ? p : 0;
    b += q === q ? q : 0;
    k += (p === p ? 1 : 0) + (q === q ? 1 : 0);
  }
  if (i < xi + n && x[i] === x[i]) {
    a += x[i];
    k++;
  }
  count[0] += k;
  return a + b;
}

/** The least (`sign` 1) or greatest (-1) element, with `nulls` of those that are not null; null without one. */
export function extremeLong(a: BigInt64Array, ai: number, n: number, sign: 1 | -1, nulls: boolean): bigint | null {
  const words = halves(a);
  const at = new Uint32Array(words.buffer, words.byteOffset, words.length);
  let best = -1;
  for (let i = ai; i < ai + n; i++) {
    const high = words[i * 2 + 1];
    const low = at[i * 2];
    if (nulls && high === MIN32 && low === 0) continue;
    if (best < 0) best = i;
    else {
      const over = high === words[best * 2 + 1] ? low - at[best * 2] : high - words[best * 2 + 1];
      if (sign > 0 ? over < 0 : over > 0) best = i;
    }
  }
  return best < 0 ? null : a[best];
}

/* ── comparisons: 1 or 0, turned over by `flip` = 1 ──────────────────── */

/** Elements compare to 1 or 0. */
export type Compare<A> = (a: A, ai: number, b: A, bi: number, out: Uint8Array, oi: number, n: number, flip: number) => void;

/** Null (NaN) is below every value and equal to itself. */
export const lessDoubles: Compare<Float64Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) {
    const x = a[ai + i];
    const y = b[bi + i];
    out[oi + i] = (x < y || (x !== x && y === y) ? 1 : 0) ^ flip;
  }
};
export const equalDoubles: Compare<Float64Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) {
    const x = a[ai + i];
    const y = b[bi + i];
    out[oi + i] = (x === y || (x !== x && y !== y) ? 1 : 0) ^ flip;
  }
};
/** Null is the least word, so it needs no rule of its own. */
export const lessWords: Compare<Int32Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) out[oi + i] = (a[ai + i] < b[bi + i] ? 1 : 0) ^ flip;
};
export const equalWords: Compare<Int32Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) out[oi + i] = (a[ai + i] === b[bi + i] ? 1 : 0) ^ flip;
};
export const lessLongs: Compare<BigInt64Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) out[oi + i] = (a[ai + i] < b[bi + i] ? 1 : 0) ^ flip;
};
export const equalLongs: Compare<BigInt64Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) out[oi + i] = (a[ai + i] === b[bi + i] ? 1 : 0) ^ flip;
};
