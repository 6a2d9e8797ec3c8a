import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { F64, Guid, List, Narrow, Stamp, T, Vec, isNull, nullOf, symbol, type Value } from '../src/lang/value.js';
import { items, itemAt, pack } from '../src/columns/item.js';
import { gather, indexColumn, maskToIndices } from '../src/columns/gather.js';
import { concatColumns } from '../src/columns/concat.js';
import { cycle, repeat, reversed, takeRange } from '../src/columns/slice.js';
import { groupRows, hashGroup, hashGroupRows, positionsIn } from '../src/columns/hashing.js';
import { hashKey } from '../src/columns/same.js';
import { distinctOf, indexOfValue } from '../src/columns/search.js';

const int = fc.integer({ min: -3, max: 3 });
const narrow = (t: number) => int.map((v): Value => new Narrow(-t, t === T.U8 ? v & 255 : v));
const ATOMS: Record<number, fc.Arbitrary<Value>> = {
  [T.B8]: fc.boolean(), [T.U8]: narrow(T.U8), [T.I16]: narrow(T.I16), [T.I32]: narrow(T.I32),
  [T.I64]: fc.oneof(int, fc.constantFrom<Value>(2 ** 40, -(2 ** 40), 9007199254740993n, -9223372036854775807n)),
  [T.F32]: narrow(T.F32), [T.F64]: fc.constantFrom(0, -0, 1.5, -2, 1e300).map((v) => new F64(v)),
  [T.DATE]: narrow(T.DATE), [T.TIME]: narrow(T.TIME), [T.TIMESTAMP]: fc.constantFrom(0n, 5n, 2n ** 50n).map((v) => new Stamp(v)),
  [T.GUID]: fc.constantFrom('a', 'b', 'c').map((c) => new Guid(c.repeat(16))),
  [T.SYM]: fc.constantFrom('', 'a', 'b').map((s) => symbol(s)), [T.STR]: fc.constantFrom('', 'a', 'bc', '\xff'),
};

/** Columns of every type, with nulls where the type has one. */
const vec = fc.constantFrom(...Object.keys(ATOMS).map(Number)).chain((t) => {
  const none = nullOf(t);
  const atom = isNull(none) && t !== T.B8 && t !== T.U8 ? fc.oneof({ weight: 4, arbitrary: ATOMS[t] }, { weight: 1, arbitrary: fc.constant(none) }) : ATOMS[t];
  return fc.array(atom, { maxLength: 12 }).map((atoms) => pack(t, atoms));
});
const list = fc.array(fc.oneof(...Object.values(ATOMS), fc.constant(null), vec), { maxLength: 12 }).map((v) => new List(v));
const column: fc.Arbitrary<Vec | List> = fc.oneof({ weight: 3, arbitrary: vec }, { weight: 1, arbitrary: list });

const keys = (v: Vec | List): unknown[] => items(v).map(hashKey);
const check = <A>(arbitrary: fc.Arbitrary<A>, body: (a: A) => void): void => fc.assert(fc.property(arbitrary, body), { numRuns: 400 });

test('gather picks elements in the order asked for', () => {
  check(fc.tuple(column, fc.array(fc.nat(), { maxLength: 20 })), ([v, at]) => {
    const rows = v.length === 0 ? [] : at.map((i) => i % v.length);
    const got = gather(v, Int32Array.from(rows));
    assert.equal(got.t, v.t);
    assert.deepEqual(keys(got), rows.map((i) => hashKey(itemAt(v, i))));
  });
});

test('takeRange, cycle and reversed agree with arrays', () => {
  check(fc.tuple(column, fc.nat({ max: 12 }), fc.nat({ max: 40 })), ([v, a, n]) => {
    const all = keys(v);
    const start = Math.min(a, v.length);
    const count = Math.min(n, v.length - start);
    assert.deepEqual(keys(takeRange(v, start, count)), all.slice(start, start + count));
    assert.deepEqual(keys(reversed(v)), [...all].reverse());
    if (v.length > 0) assert.deepEqual(keys(cycle(v, start, n) as Vec), Array.from({ length: n }, (_, i) => all[(start + i) % v.length]));
  });
});

test('concatColumns joins columns of one type', () => {
  check(fc.array(vec, { minLength: 1, maxLength: 5 }), (parts) => {
    const same = parts.filter((p) => p.t === parts[0].t);
    const got = concatColumns(same);
    assert.deepEqual(keys(got), same.flatMap(keys));
    assert.equal(got.nulls, same.some((p) => p.nulls));
  });
});

test('repeat copies an atom of every type', () => {
  check(vec, (v) => {
    for (const atom of items(v)) assert.deepEqual(keys(repeat(atom, 3)), [atom, atom, atom].map(hashKey));
  });
});

test('maskToIndices and indexColumn list the true positions', () => {
  check(fc.array(fc.boolean(), { maxLength: 50 }), (flags) => {
    const at = maskToIndices(pack(T.B8, flags));
    assert.deepEqual(items(indexColumn(at)), [...flags.keys()].filter((i) => flags[i]));
  });
});

test('hashGroup numbers equal elements in order of first appearance', () => {
  check(column, (v) => {
    const seen = new Map<unknown, number>();
    const ids = keys(v).map((k) => seen.get(k) ?? (seen.set(k, seen.size), seen.size - 1));
    const g = hashGroup(v);
    assert.deepEqual([...g.ids], ids);
    assert.deepEqual([...g.first], [...seen.values()].map((id) => ids.indexOf(id)));
  });
});

test('hashGroupRows groups by all columns together', () => {
  check(fc.tuple(vec, vec), ([a, b]) => {
    const n = Math.min(a.length, b.length);
    const cols = [takeRange(a, 0, n), takeRange(b, 0, n)];
    const seen = new Map<string, number>();
    const one = hashGroup(cols[0]).ids;
    const two = hashGroup(cols[1]).ids;
    const ids = Array.from({ length: n }, (_, i) => {
      const k = `${one[i]},${two[i]}`;
      return seen.get(k) ?? (seen.set(k, seen.size), seen.size - 1);
    });
    assert.deepEqual([...hashGroupRows(cols).ids], ids);
  });
});

test('groupRows lists the rows of each group', () => {
  check(column, (v) => {
    const g = hashGroup(v);
    const { offsets, rows } = groupRows(g);
    for (let k = 0; k < g.first.length; k++) {
      assert.deepEqual([...rows.subarray(offsets[k], offsets[k + 1])], [...g.ids.keys()].filter((i) => g.ids[i] === k));
    }
  });
});

test('positionsIn and indexOfValue find the first equal element', () => {
  check(fc.tuple(column, column), ([haystack, needles]) => {
    if (haystack instanceof Vec && needles instanceof Vec && haystack.t !== needles.t) return;
    const all = keys(haystack);
    assert.deepEqual([...positionsIn(haystack, needles)], keys(needles).map((k) => all.indexOf(k)));
    for (const x of items(haystack)) assert.equal(indexOfValue(haystack, x), all.indexOf(hashKey(x)));
  });
});

test('many different values of every width are told apart', () => {
  const n = 200_000;
  const wide = new BigInt64Array(n);
  for (let i = 0; i < n; i++) wide[i] = BigInt(i % 150_000) * 0x1_0000_0001n;
  assert.equal(hashGroup(new Vec(T.I64, wide)).first.length, 150_000);
  assert.equal(hashGroup(new Vec(T.F64, Float64Array.from(wide, Number))).first.length, 150_000);
  assert.equal(hashGroup(new Vec(T.I32, Int32Array.from({ length: n }, (_, i) => Math.imul(i % 1000, 0x61c88647)))).first.length, 1000);
  assert.equal(distinctOf(new Vec(T.I64, wide)).length, 150_000);
});

test('text with high bytes never meets a marked key', () => {
  const odd = new List(['\xff', new Narrow(-T.DATE, 5), '-8:5', 5, new Stamp(5n), 'p5']);
  assert.equal(hashGroup(odd).first.length, 6);
});
