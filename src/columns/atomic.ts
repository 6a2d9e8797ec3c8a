/**
 * Element-by-element mapping of an atom function over lists, lists of lists, and columns that have no kernel.
 *
 * The type of a mapped column is that of its first element; with a LIST operand the result is a LIST.
 */
import { F64, List, T, Vec, isNull, isSeq, nullOf, tagOf, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { BLOCK, checkpoint } from '../lang/interrupt.js';
import { alloc, itemAt, reader, store } from './item.js';
import { listOf } from './long-list.js';
import { integerOf, isIntType, isNumericType, isTemporalType, numberOf } from './promote.js';
import { integer } from './scalar.js';

export type Atom1 = (x: Value) => Value;
export type Atom2 = (a: Value, b: Value) => Value;

/**
 * `f` over every atom of `x`; an atom is handed to `f` itself. `nested` maps elements that are collections (itself by default).
 * A LIST of atoms whose results are numeric becomes a vector. Errors: what `f` raises.
 */
export function mapUnary(x: Value, f: Atom1, nested: Atom1 = f): Value {
  if (!isSeq(x)) return f(x);
  const n = x.length;
  if (n === 0) return empty(() => f(zeroOf(x)));
  const first = (isSeq(itemAt(x, 0)) ? nested : f)(itemAt(x, 0));
  return collect(n, first, false, -tagOf(first), (i) => {
    const e = itemAt(x, i);
    return isSeq(e) ? nested(e) : f(e);
  });
}

/**
 * `f` over the pairs of `a` and `b`; an atom is paired with every element of the other. `nested` maps pairs with a collection
 * in them. `typed` may change the type of the result column, which is `first`'s otherwise. Errors: `length`, and what `f` raises.
 */
export function mapBinary(a: Value, b: Value, f: Atom2, nested?: Atom2, typed?: (first: number) => number): Value {
  const left = isSeq(a) ? a : null;
  const right = isSeq(b) ? b : null;
  if (left === null && right === null) return f(a, b);
  if (left !== null && right !== null && left.length !== right.length) {
    fail('length', `operands of ${left.length} and ${right.length} elements`);
  }
  const n = (left ?? right)!.length;
  if (n === 0) return empty(() => f(left === null ? a : zeroOf(left), right === null ? b : zeroOf(right)));
  const inner: Atom2 = nested ?? ((x, y) => mapBinary(x, y, f));
  const at = (i: number): Value => {
    const x = left === null ? a : itemAt(left, i);
    const y = right === null ? b : itemAt(right, i);
    return isSeq(x) || isSeq(y) ? inner(x, y) : f(x, y);
  };
  const first = at(0);
  if (!(left instanceof List) && !(right instanceof List)) {
    const t = -tagOf(first);
    return collect(n, first, false, isNull(first) || typed === undefined ? t : typed(t), at);
  }
  const atom = left === null ? a : right === null ? b : null;
  const width = atom === null || !isIntType(-tagOf(atom)) ? 0 : -tagOf(atom);
  const fit = width === 0 ? (v: Value): Value => v : (v: Value): Value => narrowTo(width, v);
  return collect(n, fit(first), true, 0, (i) => fit(at(i)));
}

/** Integer and boolean results beside an integer atom take the atom's type. */
function narrowTo(t: number, v: Value): Value {
  const tv = -tagOf(v);
  if (tv === t || !isNumericType(tv) || tv === T.F64) return v;
  if (isNull(v)) return t === T.U8 ? integer(t, 0) : nullOf(t);
  return integer(t, tv === T.F32 ? Math.trunc(numberOf(v)) : integerOf(v));
}

/** Whether results of this type are stored as a column rather than a LIST. */
const packs = (t: number): boolean => (isNumericType(t) && t !== T.F32) || isTemporalType(t);

function collect(n: number, first: Value, boxed: boolean, t: number, at: (i: number) => Value): Value {
  if (boxed || !packs(t)) return listOf(n, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = i === 0 ? first : at(i);
  });
  const data = alloc(t, n);
  let nulls = false;
  for (let i = 0; i < n; i++) {
    if (i % BLOCK === 0) checkpoint();
    const v = i === 0 ? first : at(i);
    // A list may hold an atom first and a list later: what is collected so far becomes a list then.
    if (tagOf(v) >= 0) return mixedList(reader(new Vec(t, data)), i, v, n, at);
    if (isNull(v)) {
      // Bytes have no null: theirs is 0.
      if (t === T.U8 || t === T.B8) continue;
      nulls = true;
      store(t, data, i, nullOf(t));
    } else store(t, data, i, tagOf(v) === -t ? v : cast(t, v));
  }
  return new Vec(t, data, nulls);
}

/** The list of what `known` gives before position `k`, `v` at it, and what `at` gives behind it. */
function mixedList(known: (i: number) => Value, k: number, v: Value, n: number, at: (i: number) => Value): List {
  return listOf(n, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = i < k ? known(i) : i === k ? v : at(i);
  });
}

/** A result of another type than the first one, in the column's type. */
function cast(t: number, v: Value): Value {
  if (t === T.F64) return new F64(numberOf(v));
  const tv = -tagOf(v);
  return integer(t, tv === T.F64 || tv === T.F32 ? Math.trunc(numberOf(v)) : integerOf(v));
}

/** What an operation answers for empty columns: a column of the type it makes of zeros, I64 where it refuses them. */
function empty(ofZeros: () => Value): Vec {
  let t: number = T.I64;
  try {
    t = -tagOf(ofZeros());
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
  }
  return t > 0 ? new Vec(t, alloc(t, 0)) : new Vec(T.I64, new BigInt64Array(0));
}

function zeroOf(x: Vec | List): Value {
  return x instanceof List ? 0 : itemAt(new Vec(x.t, alloc(x.t, 1)), 0);
}
