/** Type families and the rules that give an operation its result type. Types are positive tags here. */
import { F64, Narrow, Stamp, T, type Value } from '../lang/value.js';

export const isNumericType = (t: number): boolean => t >= T.B8 && t <= T.F64;
export const isIntType = (t: number): boolean => t >= T.U8 && t <= T.I64;
export const isFloatType = (t: number): boolean => t === T.F64 || t === T.F32;
export const isTemporalType = (t: number): boolean => t >= T.DATE && t <= T.TIMESTAMP;

/** Result of `+` and `*` of two integer atoms: the wider one; types that have no common width but b8 give i64. */
export function widerInt(a: number, b: number): number {
  if (a === T.I64 || b === T.I64) return T.I64;
  if (a === T.I32 || b === T.I32) return T.I32;
  if (a === T.I16 || b === T.I16) return T.I16;
  return a === T.U8 && b === T.U8 ? T.U8 : T.I64;
}

/** Result of `-` of two integer atoms: the right operand decides, unless it is a b8. */
export function rightInt(a: number, b: number): number {
  return b !== T.B8 ? b : a !== T.B8 ? a : T.I64;
}

/** The type of a null result of two numeric operands. */
export function nullType(a: number, b: number): number {
  if (a === T.F64 || b === T.F64) return T.F64;
  if (a === T.F32 || b === T.F32) return a === b ? T.F32 : T.F64;
  if (a === T.I64 || b === T.I64) return T.I64;
  if (a === T.I32 || b === T.I32) return T.I32;
  return a === T.I16 || b === T.I16 ? T.I16 : T.I64;
}

/**
 * Result of `+ - *` where at least one of two integer operands is a vector: the wider type; with a b8 operand the rule between
 * atoms (`atoms`) decides, except that an atom follows an integer vector on its right.
 */
export function vectorInt(a: number, b: number, aVec: boolean, atoms: (a: number, b: number) => number): number {
  if (isIntType(a) && isIntType(b)) return a >= b ? a : b;
  const t = !aVec && isIntType(b) ? b : atoms(a, b);
  return aVec && t === T.I32 && a !== T.I32 ? T.I64 : t;
}

/** What a numeric or temporal atom counts as in double arithmetic. */
export function numberOf(v: Value): number {
  if (typeof v === 'number') return v;
  if (v instanceof F64 || v instanceof Narrow) return v.v;
  return Number(v instanceof Stamp ? v.v : (v as bigint | boolean));
}

/** The integer of an integer, boolean or temporal atom. */
export function integerOf(v: Value): number | bigint {
  if (typeof v === 'number' || typeof v === 'bigint') return v;
  if (v instanceof Narrow || v instanceof Stamp) return v.v;
  return v === true ? 1 : 0;
}
