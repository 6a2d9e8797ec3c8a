/** `insert` into a partitioned table: rows in memory behind those of the files, in the last partition or a new one after it. */
import { Dict, List, Sym, T, Table, Vec, isAtom, isNull, nullOf, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { append } from '../columns/append.js';
import { concatColumns } from '../columns/concat.js';
import { items, itemAt, pack } from '../columns/item.js';
import { KEY, MemorySegment, PartedTable, type Segment } from '../columns/parted.js';
import { repeat } from '../columns/slice.js';
import { compareAtoms } from '../columns/order.js';
import { namesOf, type Column } from './tables.js';

/**
 * `rows`: a list in the order of the schema, a table or a dict by name; each column exactly once and without the partition's. Atoms
 * stand in every row of a batch. Errors: `type`, `domain`, `value`, `length`.
 */
export function insertParted(t: Table, key: Value, rows: Value): Table {
  if (!(t instanceof PartedTable) || t.places[0] !== KEY) return fail('type', 'insert: three arguments need a table of .db.parted.get');
  const { keys, segments, types } = t.parts;
  const last = segments.length - 1;
  if (last < 0 || t.places.length !== types.length + 1) return fail('type', 'insert: a selection of a partitioned table does not grow');
  for (let p = 1; p <= last; p++) if (compareAtoms(itemAt(keys, p - 1), itemAt(keys, p)) >= 0) fail('corrupt', 'insert: the keys of the partitions do not increase');
  if (tagOf(key) !== -keys.t || isNull(key)) fail('type', `insert: a partition key is a ${typeName(itemAt(keys, 0))}, got ${typeName(key)}`);
  const order = compareAtoms(key, itemAt(keys, last));
  if (order < 0) fail('domain', 'insert: only the last partition or a later one grows');
  const names = namesOf(t).slice(1);
  const given = payload(names, types, rows);
  const batch = batchOf(given);
  const parts = given.map((v, i) => column(types[i], v, batch, names[i]));
  if (batch === 0) return t;
  const grown = order > 0 ? parts : parts.map((part, i) => joined(segments[last].column(i), part));
  const segment = new MemorySegment((order > 0 ? 0 : segments[last].rows) + batch, grown);
  const before: Segment[] = order > 0 ? [...segments] : segments.slice(0, last);
  return new PartedTable(t.names, { keys: order > 0 ? concatColumns([keys, pack(keys.t, [key])]) : keys, segments: [...before, segment], types }, t.places);
}

const joined = (old: Column, more: Column): Column => (old instanceof Vec ? append(old, more as Vec) : concatColumns([old, more]));

/** One value a column of the files. */
function payload(names: readonly Sym[], types: readonly number[], rows: Value): Value[] {
  if (rows instanceof List) {
    if (rows.length !== names.length) fail('domain', `insert: a row of ${rows.length} values, ${names.length} columns`);
    return rows.items.map((v, i) => (types[i] === T.LIST ? new List([v]) : v));
  }
  if (rows instanceof Table) {
    if (rows.cols.length !== names.length) fail('domain', `insert: rows of ${rows.cols.length} columns, not ${names.length}`);
    return byName(names, namesOf(rows)).map((at) => rows.cols[at]);
  }
  if (!(rows instanceof Dict)) return fail('type', `insert: rows are a list, table or dict, got ${typeName(rows)}`);
  const keys = items(rows.keys);
  if (keys.length !== names.length || !keys.every((k) => k instanceof Sym)) fail('type', 'insert: a dict of rows has each column once');
  return byName(names, keys as Sym[]).map((at, i) => {
    const v = itemAt(rows.vals, at);
    return types[i] === T.LIST && v instanceof List ? new List([v]) : v;
  });
}

/** Where each name is among the given ones. Errors: `value` unless each is there once. */
function byName(names: readonly Sym[], given: readonly Sym[]): number[] {
  const at = new Map(given.map((s, i) => [s.id, i]));
  return names.map((s) => (at.size === given.length ? at.get(s.id) : undefined) ?? fail('value', 'insert: the rows do not have each column once'));
}

/** Rows of a batch: the length of its collections. */
function batchOf(given: readonly Value[]): number {
  const lengths = new Set(given.flatMap((v) => (v instanceof Vec || v instanceof List ? [v.length] : [])));
  if (lengths.size > 1) fail('length', 'insert: the columns of the rows differ in length');
  return lengths.size === 0 ? 1 : [...lengths][0];
}

function column(t: number, v: Value, batch: number, s: Sym): Column {
  if (t === T.LIST) return v instanceof List ? v : v instanceof Vec ? refuse(t, v, s) : new List(new Array<Value>(batch).fill(v));
  if (v instanceof Vec) return v.t === t ? v : refuse(t, v, s);
  // Columns of these have no null.
  if (isNull(v) && (v === null || tagOf(v) === -t)) return t === T.B8 || t === T.U8 ? refuse(t, v, s) : repeat(nullOf(t), batch);
  return isAtom(v) && tagOf(v) === -t ? repeat(v, batch) : refuse(t, v, s);
}

const refuse = (t: number, v: Value, s: Sym): never => fail('type', `insert: ${typeName(v)} for column '${s.text}' of type ${typeName(t === T.LIST ? new List([]) : nullOf(t))}`);
