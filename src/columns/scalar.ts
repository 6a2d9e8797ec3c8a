/** Arithmetic of two atoms: the general table behind the fast paths of `arith.ts`. */
import {
  F64_NULL, Narrow, Stamp, T, date, f32, f64fin, i16, i32, i64wrap, isNull, nullOf, stamp, tagOf, time, u8,
  type Value,
} from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import {
  integerOf, isFloatType, isNumericType, isTemporalType, nullType, numberOf, rightInt, widerInt } from './promote.js';

/** One arithmetic operation. Types are positive tags. */
export interface ArithOp {
  readonly verb: string;
  readonly float: (x: number, y: number) => number;
  readonly big: (x: bigint, y: bigint) => bigint;
  /** The type two integer atoms give. */
  readonly intType: (a: number, b: number) => number;
  /** The type of the result with at least one temporal operand; 0: not defined. */
  readonly temporalType: (a: number, b: number) => number;
}

const isInt = (t: number): boolean => isNumericType(t) && !isFloatType(t);

export const ADD: ArithOp = {
  verb: 'add', float: (x, y) => x + y, big: (x, y) => x + y, intType: widerInt,
  temporalType: (a, b) => {
    if (isInt(b)) return a;
    if (isInt(a)) return b;
    if (a === T.TIME && b === T.TIME) return T.TIME;
    return a !== b && (a === T.TIME || b === T.TIME) && isTemporalType(a) && isTemporalType(b) ? T.TIMESTAMP : 0;
  },
};
export const SUB: ArithOp = {
  verb: 'subtract', float: (x, y) => x - y, big: (x, y) => x - y, intType: rightInt,
  temporalType: (a, b) => {
    if (isInt(b)) return a;
    if (b === T.TIME) return isInt(a) ? T.TIME : a === T.TIME ? T.TIME : isTemporalType(a) ? T.TIMESTAMP : 0;
    if (a !== b) return 0;
    return a === T.DATE ? T.I32 : T.I64;
  },
};
export const MUL: ArithOp = {
  verb: 'multiply', float: (x, y) => x * y, big: (x, y) => x * y, intType: widerInt,
  temporalType: (a, b) => ((a === T.TIME && isInt(b)) || (b === T.TIME && isInt(a)) ? T.TIME : 0),
};

/** Any two atoms through `+ - *`. Errors: `type`. */
export function arithAtoms(op: ArithOp, a: Value, b: Value): Value {
  const ta = -tagOf(a);
  const tb = -tagOf(b);
  if (isTemporalType(ta) || isTemporalType(tb)) return temporal(op, a, b, ta, tb);
  if (!isNumericType(ta) || !isNumericType(tb)) mismatch(op.verb, a, b);
  if (isNull(a) || isNull(b)) return nullOf(nullType(ta, tb));
  if (isFloatType(ta) || isFloatType(tb)) {
    const r = op.float(numberOf(a), numberOf(b));
    return ta === T.F32 && tb === T.F32 ? f32(r) : f64fin(r);
  }
  return integer(op.intType(ta, tb), exact(op, integerOf(a), integerOf(b)));
}

function temporal(op: ArithOp, a: Value, b: Value, ta: number, tb: number): Value {
  const t = op.temporalType(ta, tb);
  if (t === 0) {
    // Between numbers and dates a null wins over the missing meaning of `int - date`.
    if (op === SUB && isInt(ta) && (isNull(a) || isNull(b))) return nullOf(tb);
    mismatch(op.verb, a, b);
  }
  if (isNull(a) || isNull(b)) return nullOf(t);
  const mixed = isTemporalType(ta) && isTemporalType(tb) && ta !== tb;
  return integer(t, mixed ? exact(op, nanos(a), nanos(b)) : exact(op, integerOf(a), integerOf(b)));
}

/** A temporal atom (not null) in ns since 2000-01-01, or since midnight. */
export function nanos(v: Value): bigint {
  if (v instanceof Stamp) return v.v;
  const n = v as Narrow;
  return BigInt(n.v) * (n.t === -T.DATE ? 86_400_000_000_000n : 1_000_000n);
}

function exact(op: ArithOp, x: number | bigint, y: number | bigint): number | bigint {
  if (typeof x === 'number' && typeof y === 'number') {
    const r = op.float(x, y);
    if (r >= -Number.MAX_SAFE_INTEGER && r <= Number.MAX_SAFE_INTEGER) return r + 0;
  }
  return i64wrap(op.big(BigInt(x), BigInt(y)));
}

/** An atom of an integer or temporal type from an i64 value, wrapped to the type's width. */
export function integer(t: number, v: number | bigint): Value {
  if (t === T.I64) return v;
  if (t === T.TIMESTAMP) return stamp(BigInt(v));
  return NARROW[t](typeof v === 'number' && v >= -2147483648 && v <= 2147483647 ? v : Number(BigInt.asIntN(32, BigInt(v))));
}
const NARROW: Record<number, (v: number) => Value> = {
  [T.U8]: u8, [T.I16]: i16, [T.I32]: i32, [T.DATE]: date, [T.TIME]: time, [T.B8]: (v) => v !== 0,
};

/* ── division ────────────────────────────────────────────────────────── */

/** `/` of two atoms: always f64. Errors: `type`. */
export function divideAtoms(a: Value, b: Value): Value {
  requireNumeric('divide', a, b);
  if (isNull(a) || isNull(b)) return F64_NULL;
  return f64fin(numberOf(a) / numberOf(b));
}

/** `pow` of two atoms: always f64; a null operand gives 0Nf whatever the other one is. Errors: `type`. */
export function powAtoms(a: Value, b: Value): Value {
  if (isNull(a) || isNull(b)) return F64_NULL;
  requireNumeric('pow', a, b);
  return f64fin(numberOf(a) ** numberOf(b));
}

/** `div` of two atoms: floor of the quotient of the doubles, as i64; 0Nl outside the range. Errors: `type`. */
export function floorDivideAtoms(a: Value, b: Value): Value {
  requireNumeric('div', a, b);
  const q = isNull(a) || isNull(b) ? NaN : Math.floor(numberOf(a) / numberOf(b));
  return doubleToI64(q);
}

/** i64 from an integral double: 0Nl for what is not finite or out of range. */
export function doubleToI64(q: number): Value {
  if (!(q >= -(2 ** 63) && q < 2 ** 63)) return nullOf(T.I64);
  return Number.isSafeInteger(q) ? q + 0 : i64wrap(BigInt(q));
}

/** `%` of two atoms: the sign follows the divisor, an integer result the divisor's type. Errors: `type`. */
export function moduloAtoms(a: Value, b: Value): Value {
  const ta = -tagOf(a);
  const tb = -tagOf(b);
  if (isTemporalType(ta) && isNumericType(tb)) {
    if (isNull(a) || isNull(b)) return nullOf(ta);
    const m = isFloatType(tb) ? Math.trunc(numberOf(b)) : integerOf(b);
    return Number(m) === 0 ? nullOf(ta) : integer(ta, floorMod(integerOf(a), m));
  }
  requireNumeric('mod', a, b);
  if (tb === T.U8) {
    const m = numberOf(b);
    return u8(m === 0 ? 0 : (Number(BigInt.asUintN(8, bits(a))) % m));
  }
  if (isNull(a) || isNull(b)) return nullOf(nullType(ta, tb));
  if (isFloatType(ta) || isFloatType(tb)) {
    const r = floatMod(numberOf(a), numberOf(b));
    return ta === T.F32 && tb === T.F32 ? f32(r) : f64fin(r);
  }
  const m = integerOf(b);
  if (Number(m) === 0) return nullOf(tb);
  return integer(tb === T.B8 ? T.I64 : tb, floorMod(integerOf(a), m));
}

/** Floored modulo of doubles; residues within 1e-12 of 0 or of the divisor are 0, as rounding left them. NaN for a zero divisor. */
function floatMod(x: number, y: number): number {
  if (y === 0) return NaN;
  const r = x - y * Math.floor(x / y);
  return Math.abs(r) < 1e-12 || Math.abs(r - Math.abs(y)) < 1e-12 ? 0 : r;
}

/** Floored modulo of integers, `y` not zero. */
export function floorMod(x: number | bigint, y: number | bigint): number | bigint {
  if (typeof x === 'number' && typeof y === 'number') {
    const r = x % y;
    return r !== 0 && r < 0 !== y < 0 ? r + y : r + 0;
  }
  const d = BigInt(y);
  const r = BigInt(x) % d;
  return i64wrap(r !== 0n && r < 0n !== d < 0n ? r + d : r);
}

/** The largest multiple of `step` that is not above `x`; `step` not zero. */
export const floorTo = (x: number | bigint, step: number | bigint): number | bigint =>
  typeof x === 'number' && typeof step === 'number'
    ? x - (floorMod(x, step) as number) + 0
    : i64wrap(BigInt(x) - BigInt(floorMod(x, step)));

/** The 64 bits of a numeric atom; floats by their own bits. */
function bits(v: Value): bigint {
  const t = -tagOf(v);
  return isFloatType(t) ? new BigInt64Array(Float64Array.of(numberOf(v)).buffer)[0] : BigInt(integerOf(v));
}

function requireNumeric(verb: string, a: Value, b: Value): void {
  if (!isNumericType(-tagOf(a)) || !isNumericType(-tagOf(b))) mismatch(verb, a, b);
}

export function mismatch(verb: string, a: Value, b: Value): never {
  fail('type', `${verb}: ${typeName(a)} and ${typeName(b)} do not go together`);
}
