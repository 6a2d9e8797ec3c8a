/**
 * The element loops. Each works on one chunk and one machine type, knows nothing of nulls or Rayfall types, and could be
 * replaced by a WebAssembly function of the same shape: (a, ai, b, bi, out, oi, n), offsets in elements.
 *
 * - doubles: `Float64Array`, null is NaN, so nulls propagate by themselves;
 * - words: `Int32Array`, results wrap to 32 bits;
 * - longs: 64-bit integers as `Int32Array` pairs (low, high), offsets and n still count 64-bit elements.
 */
import { I64_NULL } from '../lang/value.js';

export type DoubleKernel = (a: Float64Array, ai: number, b: Float64Array, bi: number, out: Float64Array, oi: number, n: number) => void;
export type IntKernel = (a: Int32Array, ai: number, b: Int32Array, bi: number, out: Int32Array, oi: number, n: number) => void;

const MIN32 = -2147483648;
const TWO32 = 4294967296;
const SAFE = Number.MAX_SAFE_INTEGER;

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

/** Fills [lo, hi) with integers in [0, bound). */
export function randomLongs(random: () => number, bound: number, out: BigInt64Array, lo: number, hi: number): void {
  for (let i = lo; i < hi; i++) out[i] = BigInt(Math.floor(random() * bound));
}

/** Turns what is not finite into NaN; answers whether there was any. */
export function finiteDoubles(out: Float64Array, oi: number, n: number): boolean {
  let z = 0;
  for (let i = oi; i < oi + n; i++) z += out[i] - out[i];
  if (z === 0) return false;
  for (let i = oi; i < oi + n; i++) if (out[i] - out[i] !== 0) out[i] = NaN;
  return true;
}

/* ── words ───────────────────────────────────────────────────────────── */

export const addWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] + b[bi + i];
};
export const subWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = a[ai + i] - b[bi + i];
};
export const mulWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.imul(a[ai + i], b[bi + i]);
};
/** Floored modulo; a zero divisor gives the null. */
export const modWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const y = b[bi + i];
    const r = a[ai + i] % y;
    out[oi + i] = y === 0 ? MIN32 : r !== 0 && r < 0 !== y < 0 ? r + y : r;
  }
};

/** The distance from a zero on the left: the absolute value. The least word stays. */
export const distanceWords: IntKernel = (_a, _ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) out[oi + i] = Math.abs(b[bi + i]);
};
/** The largest multiple of b (not zero) that is not above a. */
export const floorToWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  modWords(a, ai, b, bi, out, oi, n);
  subWords(a, ai, out, oi, out, oi, n);
};

/** Puts nulls where either operand has one. */
export const nullWords: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) if (a[ai + i] === MIN32 || b[bi + i] === MIN32) out[oi + i] = MIN32;
};

/* ── longs ───────────────────────────────────────────────────────────── */

export const addLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  let i = ai * 2;
  let j = bi * 2;
  const end = (oi + n) * 2;
  for (let k = oi * 2; k < end; k += 2, i += 2, j += 2) {
    const x = a[i];
    const lo = (x + b[j]) | 0;
    out[k] = lo;
    out[k + 1] = a[i + 1] + b[j + 1] + (lo >>> 0 < x >>> 0 ? 1 : 0);
  }
};
export const subLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  let i = ai * 2;
  let j = bi * 2;
  const end = (oi + n) * 2;
  for (let k = oi * 2; k < end; k += 2, i += 2, j += 2) {
    const x = a[i];
    const y = b[j];
    out[k] = x - y;
    out[k + 1] = a[i + 1] - b[j + 1] - (x >>> 0 < y >>> 0 ? 1 : 0);
  }
};
export const mulLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const x = a[(ai + i) * 2 + 1] * TWO32 + (a[(ai + i) * 2] >>> 0);
    const y = b[(bi + i) * 2 + 1] * TWO32 + (b[(bi + i) * 2] >>> 0);
    const p = x * y;
    const k = (oi + i) * 2;
    if (p >= -SAFE && p <= SAFE) {
      out[k] = p;
      out[k + 1] = Math.floor(p / TWO32);
    } else mulWide(a[(ai + i) * 2], a[(ai + i) * 2 + 1], b[(bi + i) * 2], b[(bi + i) * 2 + 1], out, k);
  }
};
/** Floored modulo; a zero divisor gives the null. */
export const modLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const x = a[(ai + i) * 2 + 1] * TWO32 + (a[(ai + i) * 2] >>> 0);
    const y = b[(bi + i) * 2 + 1] * TWO32 + (b[(bi + i) * 2] >>> 0);
    const k = (oi + i) * 2;
    if (y === 0) {
      out[k] = 0;
      out[k + 1] = MIN32;
    } else if (x >= -SAFE && x <= SAFE && y >= -SAFE && y <= SAFE) {
      const m = x % y;
      const r = m !== 0 && m < 0 !== y < 0 ? m + y : m;
      out[k] = r;
      out[k + 1] = Math.floor(r / TWO32);
    } else {
      const d = long(b, bi + i);
      const m = long(a, ai + i) % d;
      putLong(out, k, m !== 0n && m < 0n !== d < 0n ? m + d : m);
    }
  }
};

/** The distance from a zero on the left: the absolute value. The least long stays. */
export const distanceLongs: IntKernel = (_a, _ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const lo = b[(bi + i) * 2];
    const hi = b[(bi + i) * 2 + 1];
    const k = (oi + i) * 2;
    out[k] = hi < 0 ? -lo : lo;
    out[k + 1] = hi >= 0 ? hi : lo === 0 ? -hi : ~hi;
  }
};
/** The largest multiple of b (not zero) that is not above a. */
export const floorToLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  modLongs(a, ai, b, bi, out, oi, n);
  subLongs(a, ai, out, oi, out, oi, n);
};

/** Puts nulls where either operand has one. */
export const nullLongs: IntKernel = (a, ai, b, bi, out, oi, n) => {
  for (let i = 0; i < n; i++) {
    const x = (ai + i) * 2;
    const y = (bi + i) * 2;
    if ((a[x + 1] === MIN32 && a[x] === 0) || (b[y + 1] === MIN32 && b[y] === 0)) {
      out[(oi + i) * 2] = 0;
      out[(oi + i) * 2 + 1] = MIN32;
    }
  }
};

/** The low 64 bits of a product, from 16-bit limbs of the low words and wrapping products of the rest. */
function mulWide(alo: number, ahi: number, blo: number, bhi: number, out: Int32Array, k: number): void {
  const a0 = alo & 0xffff;
  const a1 = alo >>> 16;
  const b0 = blo & 0xffff;
  const b1 = blo >>> 16;
  const p00 = a0 * b0;
  const mid = a1 * b0 + (p00 >>> 16);
  const mid2 = (mid & 0xffff) + a0 * b1;
  out[k] = Math.imul(alo, blo);
  out[k + 1] = a1 * b1 + Math.floor(mid / 65536) + Math.floor(mid2 / 65536) + Math.imul(alo, bhi) + Math.imul(ahi, blo);
}

const long = (a: Int32Array, i: number): bigint => (BigInt(a[i * 2 + 1]) << 32n) | BigInt(a[i * 2] >>> 0);

function putLong(out: Int32Array, k: number, v: bigint): void {
  out[k] = Number(v & 0xffffffffn) | 0;
  out[k + 1] = Number(v >> 32n);
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
export const lessLongs: Compare<Int32Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) {
    const x = a[(ai + i) * 2 + 1];
    const y = b[(bi + i) * 2 + 1];
    out[oi + i] = (x < y || (x === y && a[(ai + i) * 2] >>> 0 < b[(bi + i) * 2] >>> 0) ? 1 : 0) ^ flip;
  }
};
export const equalLongs: Compare<Int32Array> = (a, ai, b, bi, out, oi, n, flip) => {
  for (let i = 0; i < n; i++) {
    out[oi + i] = (a[(ai + i) * 2] === b[(bi + i) * 2] && a[(ai + i) * 2 + 1] === b[(bi + i) * 2 + 1] ? 1 : 0) ^ flip;
  }
};
