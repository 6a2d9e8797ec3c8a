/** Functions of one number, `xbar` and `rand`, over atoms, lists and columns. Errors: `type`, and as stated. */
import { F64, F64_NULL, T, Vec, f32, f64fin, isAtom, isNull, nullOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import { mapBinary, mapUnary, type Atom1 } from './atomic.js';
import { integerResult } from './arith.js';
import { doubleColumns, longColumns, run, wordColumns } from './columnwise.js';
import * as k from './kernels.js';
import { doubles } from './lanes.js';
import { integerOf, isFloatType, isNumericType, isTemporalType, numberOf } from './promote.js';
import { doubleToI64, floorTo, integer, mismatch, nanos } from './scalar.js';
import { subDoubles, subLongs } from './simd.js';

/* ── sign ────────────────────────────────────────────────────────────── */

/** `neg`: of signed integers and floats. */
export function negate(x: Value): Value {
  if (typeof x === 'number') return 0 - x;
  if (x instanceof F64) return f64fin(0 - x.v);
  return signed(x, negateAtom, subDoubles, k.subWords, subLongs);
}
/** `abs`: of signed integers and floats. */
export function absolute(x: Value): Value {
  if (typeof x === 'number') return x < 0 ? 0 - x : x;
  if (x instanceof F64) return f64fin(Math.abs(x.v));
  return signed(x, absoluteAtom, DISTANCE_DOUBLES, k.distanceWords, DISTANCE_LONGS);
}
const DISTANCE_DOUBLES = k.finite(k.distanceDoubles);
const DISTANCE_LONGS = k.nullable(k.distanceLongs);
const negateAtom = (x: Value): Value => signedAtom('neg', x, (n) => 0 - n, (n) => -n);
const absoluteAtom = (x: Value): Value => signedAtom('abs', x, Math.abs, (n) => (n < 0n ? -n : n));

/** Operations get a zero as their left operand; the least integer stays as it is, which is the null. */
function signed(x: Value, atom: Atom1, floats: k.DoubleOperation, words: k.WordKernel, longs: k.LongOperation): Value {
  if (!(x instanceof Vec) || x.length === 0) return mapUnary(x, atom);
  if (x.t === T.F64) return doubleColumns(0, x, floats)!;
  if (x.t === T.I64) return longColumns(0, x, T.I64, longs, true);
  if (x.t === T.I32 || x.t === T.I16) return wordColumns(0, x, x.t, words, true);
  return mapUnary(x, atom);
}

function signedAtom(verb: string, x: Value, float: (n: number) => number, big: (n: bigint) => bigint): Value {
  const t = -tagOf(x);
  if (t > 0 && isNull(x)) return x;
  if (t === T.F64) return f64fin(float(numberOf(x)));
  if (t === T.F32) return f32(float(numberOf(x)));
  if (t !== T.I64 && t !== T.I32 && t !== T.I16) refuse(verb, x);
  const n = integerOf(x);
  return integer(t, typeof n === 'number' ? float(n) : big(n));
}

/** `signum`: -1, 0 or 1 as i64. */
export function signum(x: Value): Value {
  if (!(x instanceof Vec)) return mapUnary(x, signumAtom, signum);
  if (!isNumericType(x.t)) refuse('signum', x);
  const out = new BigInt64Array(x.length);
  const lane = doubles(x, x.length);
  const nulls = run(x.length, lane, lane, (src, at, _y, _yi, lo, n) => k.signsOfDoubles(src, at, out, lo, n));
  return new Vec(T.I64, out, nulls);
}
function signumAtom(x: Value): Value {
  if (tagOf(x) < 0 && isNull(x)) return nullOf(T.I64);
  if (!isNumericType(-tagOf(x))) refuse('signum', x);
  return doubleToI64(Math.sign(numberOf(x)));
}

/* ── rounding and elementary functions ───────────────────────────────── */

/** Half away from zero; f64, or f32 of f32. */
export const round = elementary('round', roundAway, { keepsF32: true });
/** Of floats; integers and booleans stay as they are. */
export const floor = rounding('floor', Math.floor);
export const ceil = rounding('ceil', Math.ceil);
export const sqrt = elementary('sqrt', Math.sqrt);
export const exp = elementary('exp', Math.exp);
export const log = elementary('log', Math.log);
export const sin = elementary('sin', Math.sin, { nested: true });
export const cos = elementary('cos', Math.cos, { nested: true });
export const tan = elementary('tan', Math.tan, { nested: true });
export const asin = elementary('asin', Math.asin, { nested: true });
export const acos = elementary('acos', Math.acos, { nested: true });
export const atan = elementary('atan', Math.atan, { nested: true });
export const reciprocal = elementary('reciprocal', (x) => 1 / x, { nested: true });

/** Adding the double just below a half, so that 0.49999999999999994 does not reach 1; beyond 2^52 there is no fraction to round. */
function roundAway(x: number): number {
  return Math.abs(x) >= 4503599627370496 ? x : Math.trunc(x + (x < 0 ? -0.5 : 0.5) * (1 - Number.EPSILON / 2));
}

interface Elementary {
  readonly keepsF32?: boolean;
  /** Maps lists in lists, and refuses a column of another type even where it is empty. */
  readonly nested?: boolean;
}

/** A function from a number to a double. Null gives 0Nf, and so does what is not finite. */
function elementary(verb: string, f: (x: number) => number, options: Elementary = {}): Atom1 {
  const atom = (x: Value): Value => {
    const t = -tagOf(x);
    if (t > 0 && isNull(x)) return options.keepsF32 && t === T.F32 ? x : F64_NULL;
    if (!isNumericType(t)) refuse(verb, x);
    const r = f(numberOf(x));
    return options.keepsF32 && t === T.F32 ? f32(r) : f64fin(r);
  };
  const operation = k.finite((_a, _ai, b, bi, out, oi, n) => {
    for (let i = 0; i < n; i++) out[oi + i] = f(b[bi + i]);
  });
  const all = (x: Value): Value => {
    if (x instanceof F64) return f64fin(f(x.v));
    if (!(x instanceof Vec)) return mapUnary(x, atom, options.nested ? all : atom);
    if (options.nested && !isNumericType(x.t)) refuse(verb, x);
    if (x.t === T.F32 && options.keepsF32) return mapUnary(x, atom);
    return doubleColumns(0, x, operation) ?? mapUnary(x, atom);
  };
  return all;
}

/** A function that rounds floats and leaves integers. */
function rounding(verb: string, f: (x: number) => number): Atom1 {
  const atom = (x: Value): Value => {
    const t = -tagOf(x);
    if (t > 0 && isNull(x)) return x;
    if (!isNumericType(t)) refuse(verb, x);
    return t === T.F64 ? f64fin(f(numberOf(x))) : t === T.F32 ? f32(f(numberOf(x))) : x;
  };
  const operation = k.finite((_a, _ai, b, bi, out, oi, n) => {
    for (let i = 0; i < n; i++) out[oi + i] = f(b[bi + i]);
  });
  return (x) => {
    if (typeof x === 'number') return x;
    if (!(x instanceof Vec) || x.length === 0) return mapUnary(x, atom);
    if (x.t === T.F64) return doubleColumns(0, x, operation)!;
    return isNumericType(x.t) && x.t !== T.F32 ? x : mapUnary(x, atom);
  };
}

function refuse(verb: string, x: Value): never {
  fail('type', `${verb} takes a number, not ${typeName(x)}`);
}

/* ── xbar ────────────────────────────────────────────────────────────── */

/** Rounds down to a multiple of `step`. Errors: `domain` for a zero or null step. */
export function xbar(x: Value, step: Value): Value {
  if (typeof x === 'number' && typeof step === 'number' && step !== 0) return floorTo(x, step);
  if (x instanceof Vec && isAtom(step)) {
    const column = xbarColumn(x, step);
    if (column !== undefined) return column;
  }
  return mapBinary(x, step, xbarAtoms, xbar, integerResult(x, step));
}

const XBAR_TYPES: ReadonlySet<number> = new Set([T.I64, T.I32, T.I16, T.TIMESTAMP, T.DATE, T.TIME]);
const STEP_TYPES: ReadonlySet<number> = new Set([T.I64, T.I32, T.I16]);
const LIMITS: Record<number, number> = { [T.I16]: 32767, [T.I32]: 2147483647, [T.DATE]: 2147483647, [T.TIME]: 2147483647 };

const FLOOR_TO_DOUBLES = k.finite(k.floorToDoubles);
const FLOOR_TO_LONGS = k.nullable(k.floorToLongs);

function xbarColumn(x: Vec, step: Value): Vec | undefined {
  if (isNull(step)) return undefined;
  const ts = -tagOf(step);
  if (x.t === T.F64 && !x.nulls && isNumericType(ts) && numberOf(step) !== 0) return doubleColumns(x, step, FLOOR_TO_DOUBLES);
  if (!XBAR_TYPES.has(x.t) || !STEP_TYPES.has(ts)) return undefined;
  const s = numberOf(step);
  if (s === 0) fail('domain', 'xbar needs a step that is not zero');
  const limit = LIMITS[x.t] ?? Infinity;
  if (s > limit || s < -limit - 1) return undefined;
  if (x.t === T.I64 || x.t === T.TIMESTAMP) return longColumns(x, step, x.t, FLOOR_TO_LONGS);
  return wordColumns(x, step, x.t, k.floorToWords);
}

function xbarAtoms(x: Value, step: Value): Value {
  const tx = -tagOf(x);
  const ts = -tagOf(step);
  const numeric = isNumericType(tx) && isNumericType(ts);
  const temporal = isTemporalType(tx) && (isTemporalType(ts) || (isNumericType(ts) && ts !== T.F64));
  if (!numeric && !temporal) mismatch('xbar', x, step);
  if (isNull(step) || numberOf(step) === 0 || (numeric && isNull(x))) fail('domain', 'xbar needs a step that is neither zero nor null');
  if (numeric && (isFloatType(tx) || isFloatType(ts))) {
    const s = numberOf(step);
    return f64fin(Math.floor(numberOf(x) / s) * s);
  }
  if (isNull(x)) return x;
  const inNanos = tx === T.TIMESTAMP && ts === T.TIME;
  const r = floorTo(integerOf(x), inNanos ? nanos(step) : integerOf(step));
  return integer(temporal ? tx : tx === ts && (tx === T.I32 || tx === T.I16) ? tx : T.I64, r);
}

/* ── rand ────────────────────────────────────────────────────────────── */

/** `n` i64 drawn uniformly from [0, max). Errors: `domain` for n < 0 or max < 1. */
export function rand(n: Value, max: Value, random: () => number): Vec {
  const [count, bound] = [countOf(n), countOf(max)];
  if (count < 0) fail('domain', 'rand needs a count that is not negative');
  if (bound <= 0) fail('domain', 'rand needs a bound above zero');
  if (count > 2 ** 32) fail('limit', 'rand: too many elements');
  const out = new BigInt64Array(count);
  blocks(count, (lo, hi) => k.randomLongs(random, bound, out, lo, hi));
  return new Vec(T.I64, out);
}

function countOf(v: Value): number {
  const t = -tagOf(v);
  if (t !== T.I64 && t !== T.I32) fail('type', `rand takes integers, not ${typeName(v)}`);
  return numberOf(v);
}
