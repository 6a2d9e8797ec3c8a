/** Comparisons and boolean masks over any values. Results are b8 atoms, B8 vectors, or lists of them. Errors: `type`, `length`. */
import { List, Sym, T, Vec, i32, isAtom, isNull, symText, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { orMasks } from '../lang/masks.js';
import { truthy } from '../lang/truth.js';
import { mapBinary, type Atom2 } from './atomic.js';
import { run } from './columnwise.js';
import { itemAt } from './item.js';
import { equalWords, lessWords, type Compare } from './kernels.js';
import { doubles, longs, words, type Lane } from './lanes.js';
import { compareAtoms, equalAtoms } from './order.js';
import { isNumericType, isTemporalType } from './promote.js';
import { equalDoubles, equalLongs, lessDoubles, lessLongs } from './simd.js';

export function equal(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  return compare(EQUAL, a, b);
}
export function notEqual(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a !== b;
  return compare(NOT_EQUAL, a, b);
}
export function less(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  return compare(LESS, a, b);
}
export function lessEqual(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  return compare(LESS_EQUAL, a, b);
}
export function greater(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a > b;
  return compare(GREATER, a, b);
}
export function greaterEqual(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a >= b;
  return compare(GREATER_EQUAL, a, b);
}

/** `not`: element by element for B8 vectors, the inverted truth of anything else. */
export function not(x: Value): Value {
  if (!(x instanceof Vec) || x.t !== T.B8) return !truthy(x);
  const src = x.data as Uint8Array;
  const out = new Uint8Array(src.length);
  blocks(src.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = src[i] === 0 ? 1 : 0;
  });
  return new Vec(T.B8, out);
}

/** `within`: which elements lie in [lo, hi]; `range` is a vector of the two. Errors: `type`, `length`. */
export function within(x: Value, range: Value): Value {
  if (!(x instanceof Vec) || !(range instanceof Vec)) fail('type', 'within takes a vector and a range of two');
  if (range.length !== 2) fail('length', `a range has 2 elements, not ${range.length}`);
  if (!WITHIN.has(x.t)) fail('type', 'within takes a vector of i64, f64, i32, date or time');
  if (x.length === 0) return new Vec(T.B8, new Uint8Array(0));
  const below = less(x, itemAt(range, 0)) as Vec;
  const above = greater(x, itemAt(range, 1)) as Vec;
  return not(orMasks(below, above));
}
const WITHIN: ReadonlySet<number> = new Set([T.I64, T.F64, T.I32, T.DATE, T.TIME]);

/* ── dispatch ────────────────────────────────────────────────────────── */

interface Relation {
  readonly atoms: Atom2;
  /** `less` with the operands swapped and the answer inverted gives the other orders. */
  readonly equal: boolean;
  readonly swap: boolean;
  readonly flip: 0 | 1;
}
const EQUAL: Relation = { atoms: (a, b) => equalAtoms(a, b), equal: true, swap: false, flip: 0 };
const NOT_EQUAL: Relation = { atoms: (a, b) => !equalAtoms(a, b), equal: true, swap: false, flip: 1 };
const LESS: Relation = { atoms: (a, b) => compareAtoms(a, b) < 0, equal: false, swap: false, flip: 0 };
const LESS_EQUAL: Relation = { atoms: (a, b) => compareAtoms(a, b) <= 0, equal: false, swap: true, flip: 1 };
const GREATER: Relation = { atoms: (a, b) => compareAtoms(a, b) > 0, equal: false, swap: true, flip: 0 };
const GREATER_EQUAL: Relation = { atoms: (a, b) => compareAtoms(a, b) >= 0, equal: false, swap: false, flip: 1 };

function compare(r: Relation, a: Value, b: Value): Value {
  if (isAtom(a) && isAtom(b)) return r.atoms(a, b);
  // The null object is no element: it is compared with a collection as a whole.
  if (a === null || b === null) return (isNull(a) && isNull(b)) !== (r.flip === 1);
  const columns = a instanceof List || b instanceof List ? undefined : r.swap ? columnsOf(r, b, a) : columnsOf(r, a, b);
  return columns ?? mapBinary(a, b, r.atoms, (x, y) => compare(r, x, y));
}

/** Undefined where the atoms have to decide: mixed families, guids, differing lengths, nothing to compare. */
function columnsOf(r: Relation, a: Value, b: Value): Vec | undefined {
  const left = a instanceof Vec ? a : null;
  const right = b instanceof Vec ? b : null;
  if ((left === null && !isAtom(a)) || (right === null && !isAtom(b))) return undefined;
  const n = (left ?? right)!.length;
  if (n === 0 || (left !== null && right !== null && left.length !== right.length)) return undefined;
  const ta = Math.abs(tagOf(a));
  const tb = Math.abs(tagOf(b));
  const out = new Uint8Array(n);
  if (ta === T.SYM && tb === T.SYM && r.equal) each(r, words(symIds(a), n), words(symIds(b), n), equalWords, out);
  else if ((ta === T.STR || ta === T.SYM) && ta === tb) compareTexts(r, textAt(a), textAt(b), out);
  else if (ta === tb && (ta === T.I64 || ta === T.TIMESTAMP)) each(r, longs(a, n), longs(b, n), r.equal ? equalLongs : lessLongs, out);
  else if (ta === tb && (isTemporalType(ta) || ta === T.I32)) each(r, words(a, n), words(b, n), r.equal ? equalWords : lessWords, out);
  else if (isNumericType(ta) && isNumericType(tb)) each(r, doubles(a, n), doubles(b, n), r.equal ? equalDoubles : lessDoubles, out);
  else return undefined;
  return new Vec(T.B8, out);
}

function each<A>(r: Relation, x: Lane<A>, y: Lane<A>, kernel: Compare<A>, out: Uint8Array): void {
  run(out.length, x, y, (p, pi, q, qi, lo, n) => {
    kernel(p, pi, q, qi, out, lo, n, r.flip);
    return false;
  });
}

/** A SYM column, or a symbol atom as the number of its text. */
const symIds = (v: Value): Value => (v instanceof Sym ? i32(v.id) : v);

function textAt(v: Value): (i: number) => string {
  if (!(v instanceof Vec)) {
    const text = v instanceof Sym ? v.text : (v as string);
    return () => text;
  }
  if (v.t === T.STR) return (i) => (v.data as string[])[i];
  const ids = v.data as Int32Array;
  return (i) => symText(ids[i]);
}

function compareTexts(r: Relation, x: (i: number) => string, y: (i: number) => string, out: Uint8Array): void {
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = (r.equal ? x(i) === y(i) : x(i) < y(i)) ? 1 ^ r.flip : r.flip;
  });
}
