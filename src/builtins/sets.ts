/** Membership and collections as sets. */
import { Dict, I64_NULL, List, T, Table, Vec, isAtom, isFunction, isSeq, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks } from '../lang/interrupt.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { isSingle, items, pack } from '../columns/item.js';
import { gatherTable, indexColumn } from '../columns/gather.js';
import { concatItems } from '../columns/concat.js';
import { ListBuilder, listFrom } from '../columns/long-list.js';
import { hashGroup, hashGroupRows, positionsIn } from '../columns/hashing.js';
import { bytesIn, bytesOf } from '../columns/text.js';
import { distinctOf, indexOfValue, membership, selectBySet } from '../columns/search.js';
import { sameValue } from '../columns/same.js';
import { concat } from './collection.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'distinct', arity: 1, args: 'xs', doc: 'each element once: SYM, STR, GUID, lists and rows as first seen, other vectors ascending', example: '(distinct [2 1 2])',
    fn: distinct,
  },
  {
    name: 'diverse', arity: 1, args: 'xs', doc: 'whether no element occurs twice', example: '(diverse [1 2 3])',
    fn: (xs) => isSingle(xs) || (isSeq(xs) ? hashGroup(xs).first.length === xs.length : fail('type', `diverse takes a vector or list, got ${typeName(xs)}`)),
  },
  { name: 'in', arity: 2, args: 'x xs', doc: 'whether x, or each element of x, occurs in xs', example: '(in [1 5] [1 2 3])', fn: isIn },
  {
    name: 'find', arity: 2, args: 'xs x', doc: 'first position of x, or of each element of x; 0Nl where there is none', example: '(find [10 20] [20 5])',
    fn: find,
  },
  { name: 'except', arity: 2, args: 'xs ys', doc: 'elements of xs that are not in ys', example: '(except [1 2 3 2] [2])', fn: except },
  { name: 'union', arity: 2, args: 'xs ys', doc: 'xs, then the elements of ys it does not have', example: '(union [1 2 2] [2 3])', fn: union },
  {
    name: 'sect', arity: 2, args: 'xs ys', doc: 'elements of xs that are also in ys', example: '(sect [1 2 2 3] [2 3 4])',
    fn: sect,
  },
];

function distinct(xs: Value): Value {
  if (typeof xs === 'string') return bytesOf(xs).reduce((out, found, c) => (found ? out + String.fromCharCode(c) : out), '');
  if (xs instanceof Table) return xs.cols.length === 0 ? xs : gatherTable(xs, hashGroupRows(xs.cols).first);
  if (!isSeq(xs)) fail('type', `distinct takes a collection, got ${typeName(xs)}`);
  const out = distinctOf(xs);
  return out instanceof List ? atomsFirst(out) : out;
}

/** Atoms ahead of everything else: each other element changes places with the next atom after it. */
function atomsFirst(xs: List): List {
  const out = [...xs.items];
  let next = 0;
  for (let i = 0; i < out.length; i++) {
    if (isSingle(out[i])) continue;
    next = Math.max(next, i + 1);
    while (next < out.length && !isSingle(out[next])) next++;
    if (next === out.length) break;
    [out[i], out[next]] = [out[next], out[i]];
  }
  return new List(out);
}

function isIn(x: Value, xs: Value): Value {
  if (typeof x === 'string' && typeof xs === 'string') return new Vec(T.B8, bytesIn(x, bytesOf(xs)));
  if (isSingle(x) && isSingle(xs)) return sameValue(x, xs);
  if (typeof x === 'string' && xs instanceof List) return flags(Array.from(x, (c) => indexOfValue(xs, c) >= 0));
  if (!isSeq(x)) return isSeq(xs) ? indexOfValue(xs, x) >= 0 : fail('type', `in takes a vector or list, got ${typeName(xs)}`);
  if (x.length === 0) return new List([]);
  if (isSeq(xs) && !(x instanceof List && x.items.some((v) => isSeq(v) || (typeof v === 'string' && xs instanceof List)))) {
    if (!(x instanceof Vec && x.t === T.STR && xs instanceof List)) return membership(xs, x);
  }
  const each = items(x).map((v) => isIn(v, xs));
  return each.every((v) => typeof v === 'boolean') ? flags(each) : new List(each);
}

const flags = (values: readonly boolean[]): Vec => pack(T.B8, values);

function find(xs: Value, x: Value): Value {
  if (isSeq(x)) {
    if (isSeq(xs) && !(x instanceof List && x.items.some(isSeq))) return indexColumn(positionsIn(xs, x));
    const each = items(x).map((v) => find(xs, v));
    return each.every((v) => tagOf(v) === -T.I64) ? pack(T.I64, each) : new List(each);
  }
  const at = typeof xs === 'string' && typeof x === 'string' && x.length === 1 ? xs.indexOf(x)
    : isSeq(xs) ? indexOfValue(xs, x) : fail('type', `find takes a vector, list or a str and a byte, got ${typeName(xs)}`);
  return at < 0 ? I64_NULL : at;
}

function except(xs: Value, ys: Value): Value {
  if (!isSeq(xs)) fail('type', `except takes a vector or list, got ${typeName(xs)}`);
  if (isFunction(ys)) return selectBySet(xs, new List([ys]), false);
  if (isAtom(ys)) return selectBySet(xs, pack(-tagOf(ys), [ys]), false, true);
  if (ys instanceof Dict || ys instanceof Table) return xs;
  if (!isSeq(ys)) fail('type', `except takes a vector, list or atom, got ${typeName(ys)}`);
  const out = selectBySet(xs, ys, false);
  return ys instanceof List && out.length > 0 ? listFrom(out) : out;
}

function sect(xs: Value, ys: Value): Value {
  const [a, b] = both('sect', xs, ys);
  const out = selectBySet(a, b, true);
  return b instanceof List ? listFrom(out) : out;
}

function union(xs: Value, ys: Value): Value {
  const [a, b] = both('union', xs, ys);
  if (a instanceof Vec && b instanceof Vec) return concat(a, selectBySet(b, a, false));
  // Only between lists are duplicates within the right side dropped.
  const all = concatItems([a, b]);
  const { ids, first } = hashGroup(all);
  const read = all.reader();
  const out = new ListBuilder();
  blocks(all.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) if (i < a.length || first[ids[i]] === i) out.push(read(i));
  });
  return out.list();
}

function both(who: string, xs: Value, ys: Value): [Vec | List, Vec | List] {
  return isSeq(xs) && isSeq(ys) ? [xs, ys] : fail('type', `${who} takes vectors and lists, got ${typeName(xs)} and ${typeName(ys)}`);
}
