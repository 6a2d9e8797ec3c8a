/**
 * Arithmetic over any values: two plain numbers first, then two f64, then columns through the kernels, then everything else atom
 * by atom. Null operands give null, integers wrap to the result's width, what is not finite becomes 0Nf. Errors: `type`, `length`.
 */
import { F64, T, Vec, f64fin, i64wrap, isAtom, tagOf, type Value } from '../lang/value.js';
import { mapBinary, type Atom2 } from './atomic.js';
import { doubleColumns, isColumns, isNumericColumns, longColumns, quotientColumns, wordColumns } from './columnwise.js';
import * as k from './kernels.js';
import { isFloatType, isIntType, isNumericType, isTemporalType, vectorInt } from './promote.js';
import { ADD, MUL, SUB, arithAtoms, divideAtoms, floorDivideAtoms, floorMod, moduloAtoms, powAtoms, type ArithOp } from './scalar.js';
import { addDoubles, addLongs, divDoubles, mulDoubles, mulLongs, subDoubles, subLongs } from './simd.js';

const MAX = Number.MAX_SAFE_INTEGER;

export function add(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a + b;
    return r <= MAX && r >= -MAX ? r : i64wrap(BigInt(a) + BigInt(b));
  }
  if (a instanceof F64 && b instanceof F64) return f64fin(a.v + b.v);
  return general(PLUS, a, b);
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a - b;
    return r <= MAX && r >= -MAX ? r : i64wrap(BigInt(a) - BigInt(b));
  }
  if (a instanceof F64 && b instanceof F64) return f64fin(a.v - b.v);
  return general(MINUS, a, b);
}

export function multiply(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = a * b;
    return r <= MAX && r >= -MAX ? r + 0 : i64wrap(BigInt(a) * BigInt(b));
  }
  if (a instanceof F64 && b instanceof F64) return f64fin(a.v * b.v);
  return general(TIMES, a, b);
}

/** `/`: always f64, 0Nf for a zero divisor. */
export function divide(a: Value, b: Value): Value {
  if (a instanceof F64 && b instanceof F64) return f64fin(a.v / b.v);
  if (isAtom(a) && isAtom(b)) return divideAtoms(a, b);
  return doubleColumns(a, b, divDoubles) ?? mapBinary(a, b, divideAtoms, divide);
}

/** `div`: the floor of the quotient; 0Nl for a zero divisor. */
export function floorDivide(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return Math.floor(a / b) + 0;
  const type = integerResult(a, b);
  return (type(T.I64) === T.I64 ? quotientColumns(a, b) : undefined) ?? mapBinary(a, b, floorDivideAtoms, floorDivide, type);
}

/** `%`: floored, the sign of the divisor. */
export function modulo(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return floorMod(a, b);
  if (isAtom(a) && isAtom(b)) return moduloAtoms(a, b);
  const ta = Math.abs(tagOf(a));
  const tb = Math.abs(tagOf(b));
  if (isNumericColumns(a, b) && ta === tb && ta === T.I64) return longColumns(a, b, T.I64, MOD_LONGS, true);
  if (isNumericColumns(a, b) && ta === tb && ta === T.I32) return wordColumns(a, b, T.I32, k.modWords, true);
  return mapBinary(a, b, moduloAtoms, modulo, integerResult(a, b));
}

/** `pow`: always f64. */
export function pow(a: Value, b: Value): Value {
  if (isAtom(a) && isAtom(b)) return powAtoms(a, b);
  return doubleColumns(a, b, POW_DOUBLES) ?? mapBinary(a, b, powAtoms, pow);
}

const MOD_LONGS = k.nullable(k.modLongs);
const POW_DOUBLES = k.finite(k.powDoubles);

/* ── dispatch ────────────────────────────────────────────────────────── */

interface Operation {
  readonly op: ArithOp;
  readonly atoms: Atom2;
  readonly doubles: k.DoubleOperation;
  readonly words: k.WordKernel;
  readonly longs: k.LongOperation;
}
const operation = (op: ArithOp, doubles: k.DoubleOperation, words: k.WordKernel, longs: k.LongOperation): Operation => ({
  op, atoms: (a, b) => arithAtoms(op, a, b), doubles, words, longs,
});
const PLUS = operation(ADD, addDoubles, k.addWords, addLongs);
const MINUS = operation(SUB, subDoubles, k.subWords, subLongs);
const TIMES = operation(MUL, mulDoubles, k.mulWords, mulLongs);

function general(o: Operation, a: Value, b: Value): Value {
  const ta = tagOf(a);
  const tb = tagOf(b);
  if (ta < 0 && tb < 0) return arithAtoms(o.op, a, b);
  const nested = (x: Value, y: Value): Value => general(o, x, y);
  if (isColumns(a, b)) {
    const left = Math.abs(ta);
    const right = Math.abs(tb);
    const t = columnType(o.op, left, right, ta > 0);
    if (t === T.F64) return doubleColumns(a, b, o.doubles) ?? mapBinary(a, b, o.atoms, nested);
    // A sum of two integer columns that wraps to the sentinel stays a number; with dates or booleans it is a null.
    const sentinels = !isIntType(left) || !isIntType(right);
    if (t === T.I64 || t === T.TIMESTAMP) return longColumns(a, b, t, o.longs, sentinels);
    if (t > 0) return wordColumns(a, b, t, o.words, sentinels);
  }
  return mapBinary(a, b, o.atoms, nested, integerResult(a, b));
}

/** The type the kernels give for two operand types, 0 where atoms have to decide. */
function columnType(op: ArithOp, a: number, b: number, aVec: boolean): number {
  if (isTemporalType(a) || isTemporalType(b)) {
    // Different temporal units meet in nanoseconds, which the kernels do not convert.
    if (isTemporalType(a) && isTemporalType(b) && a !== b) return 0;
    return op.temporalType(a, b);
  }
  if (!isNumericType(a) || !isNumericType(b) || a === T.F32 || b === T.F32) return 0;
  return isFloatType(a) || isFloatType(b) ? T.F64 : vectorInt(a, b, aVec, op.intType);
}

/** How the type of a mapped integer column follows from its first element and its operands. */
export function integerResult(a: Value, b: Value): (first: number) => number {
  const ta = Math.abs(tagOf(a));
  const tb = Math.abs(tagOf(b));
  const aVec = a instanceof Vec;
  return (first) => {
    let t = first;
    if (isIntType(first) && isIntType(tb) && !aVec) t = tb;
    else if (isIntType(first) && isIntType(ta) && isIntType(tb)) t = Math.max(ta, tb);
    return aVec && t === T.I32 && ta !== T.I32 ? T.I64 : t;
  };
}
