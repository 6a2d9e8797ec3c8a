/**
 * The three relations between values that everybody shares.
 *
 * - `compareAtoms`, `equalAtoms`: what `<` and `==` mean; `type` errors where values do not compare.
 * - `compareValues`, `equalValues`: the same relations made total, for sorting and searching: they never fail.
 * - `matchValues`: structural equality, for `in`, `find`, `distinct` and dict keys in lists.
 */
import {
  Dict, F64, Guid, List, Sym, T, Table, Vec, isNull, tagOf, type Value,
} from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { itemAt } from './item.js';
import { integerOf, isFloatType, isNumericType, isTemporalType, numberOf } from './promote.js';
import { nanos } from './scalar.js';
import { BLOCK, checkpoint } from '../lang/interrupt.js';

/**
 * Negative, zero or positive as `a` is below, level with or above `b`. Integers compare exactly, other numbers as doubles,
 * temporals in ns, symbols, strings and guids by their bytes; a null is below every value and level with nulls of its family.
 * Errors: `type` for any other pair.
 */
export function compareAtoms(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return order(a, b);
  if (a instanceof Sym && b instanceof Sym) return order(a.text, b.text);
  if (a instanceof Guid && b instanceof Guid) return order(a.v, b.v);
  const ta = -tagOf(a);
  const tb = -tagOf(b);
  const numeric = isNumericType(ta) && isNumericType(tb);
  if (!numeric && !(isTemporalType(ta) && isTemporalType(tb))) incomparable(a, b);
  const na = isNull(a);
  const nb = isNull(b);
  if (na || nb) return na ? (nb ? 0 : -1) : 1;
  if (!numeric) return order(nanos(a), nanos(b));
  return isFloatType(ta) || isFloatType(tb) ? order(numberOf(a), numberOf(b)) : order(integerOf(a), integerOf(b));
}

/**
 * `==` of two atoms. Two nulls of any type are equal and no null equals a value; integers compare exactly, else doubles.
 * Errors: `type` for values of families that do not mix.
 */
export function equalAtoms(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  const na = isNull(a);
  const nb = isNull(b);
  if (na || nb) return na && nb;
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (a instanceof Sym && b instanceof Sym) return a.id === b.id;
  if (a instanceof Guid && b instanceof Guid) return a.v === b.v;
  const ta = -tagOf(a);
  const tb = -tagOf(b);
  if (isNumericType(ta) && isNumericType(tb)) {
    return isFloatType(ta) || isFloatType(tb) ? numberOf(a) === numberOf(b) : integerOf(a) === integerOf(b);
  }
  if (isTemporalType(ta) && isTemporalType(tb)) return nanos(a) === nanos(b);
  return incomparable(a, b);
}

/**
 * A total order of all values: nulls first, then `<` within the families numbers, temporals, guids, symbols and strings,
 * families and other types by their tags; sequences element by element, a prefix first. Use it to sort lists.
 */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const na = isNull(a);
  const nb = isNull(b);
  if (na || nb) return na ? (nb ? 0 : -1) : 1;
  const ta = tagOf(a);
  const tb = tagOf(b);
  const fa = family(ta);
  if (fa !== family(tb)) return fa - family(tb);
  // Mixed numbers and bigints compare by their exact values, which keeps the order transitive beyond 2^53.
  if (fa === NUMBERS) return order(exact(a), exact(b));
  if (fa < CONTAINERS) return compareAtoms(a, b);
  if (!isSequence(a) || !isSequence(b)) return matchValues(a, b) ? 0 : ta - tb;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    if ((i & LOOK) === LOOK) checkpoint();
    const c = compareValues(itemAt(a, i), itemAt(b, i));
    if (c !== 0) return c;
  }
  return a.length - b.length;
}

/** The `==` relation without errors: values that do not compare are not equal; sequences by `matchValues`. */
export function equalValues(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  const ta = tagOf(a);
  const tb = tagOf(b);
  if (ta >= 0 && tb >= 0 && ta !== T.NULL && tb !== T.NULL) return matchValues(a, b);
  if (isNull(a) || isNull(b)) return isNull(a) && isNull(b);
  return family(ta) === family(tb) && family(ta) < CONTAINERS && equalAtoms(a, b);
}

/**
 * Structural equality: atoms by `equalValues`; vectors and lists of equal length whose elements match, whatever holds them;
 * dicts with matching keys and values in order; tables with the same columns; functions by identity.
 */
export function matchValues(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isSequence(a) && isSequence(b)) {
    const n = a.length;
    if (b.length !== n) return false;
    for (let i = 0; i < n; i++) {
      if ((i & LOOK) === LOOK) checkpoint();
      if (!matchValues(itemAt(a, i), itemAt(b, i))) return false;
    }
    return true;
  }
  if (a instanceof Dict && b instanceof Dict) return matchValues(a.keys, b.keys) && matchValues(a.vals, b.vals);
  if (a instanceof Table && b instanceof Table) {
    return matchValues(a.names, b.names) && a.cols.every((col, i) => matchValues(col, b.cols[i]));
  }
  if (a !== null && tagOf(a) >= 0) return false;
  return (b === null || tagOf(b) < 0) && equalValues(a, b);
}

/** Values of one family compare with each other; from `CONTAINERS` on they are no atoms. */
function family(t: number): number {
  if (t >= 0) return CONTAINERS + (t <= T.STR ? 0 : t);
  return isNumericType(-t) ? NUMBERS : isTemporalType(-t) ? T.DATE : -t;
}
const NUMBERS = 1;
const CONTAINERS = 100;

const exact = (v: Value): number | bigint => (v instanceof F64 ? v.v : integerOf(v));

const isSequence = (v: Value): v is Vec | List => v instanceof Vec || v instanceof List;

function order<A extends string | number | bigint>(a: A, b: A): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function incomparable(a: Value, b: Value): never {
  fail('type', `${typeName(a)} and ${typeName(b)} do not compare`);
}

/** Which bits of a position are set when a loop is to look whether it is interrupted. */
const LOOK = BLOCK - 1;
