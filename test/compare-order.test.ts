import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from '../src/columns/compare.js';
import { compareAtoms, compareValues, equalAtoms, equalValues, matchValues } from '../src/columns/order.js';
import { items, pack } from '../src/columns/item.js';
import { RayError } from '../src/lang/errors.js';
import { truthy } from '../src/lang/truth.js';
import {
  Dict, I64_MAX, I64_NULL, List, T, Vec, date, f64, i16, i32, i64, nullOf, stamp, strVec, symVec, symbol, time, u8, type Value,
} from '../src/lang/value.js';

const atom: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: -3, max: 3 }), fc.constantFrom(1n << 53n, (1n << 53n) + 1n, I64_MAX, I64_NULL).map(i64),
  fc.constantFrom(2 ** 53, 0.5, NaN, -1).map(f64), fc.integer({ min: -2, max: 2 }).map(i32), fc.integer({ min: -2, max: 2 }).map(i16),
  fc.integer({ min: 0, max: 2 }).map(u8), fc.boolean(), fc.constantFrom('', 'a', 'ab', 'b'), fc.constantFrom('', 'a', 'b').map(symbol),
  fc.constantFrom(0, 8780).map(date), fc.constantFrom(0, 1).map(time), fc.constantFrom(0n, 1n).map(stamp),
  fc.constantFrom(T.I64, T.F64, T.DATE, T.TIMESTAMP).map(nullOf), fc.constant(null),
);
const value: fc.Arbitrary<Value> = fc.oneof(atom, fc.array(atom, { maxLength: 3 }).map((xs) => new List(xs)));

test('compareValues is a total order', () => {
  fc.assert(fc.property(value, value, value, (a, b, c) => {
    assert.equal(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a)), 0);
    assert.equal(compareValues(a, a), 0);
    if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) assert.ok(compareValues(a, c) <= 0);
  }), { numRuns: 5000 });
});

test('sorting puts nulls first, then numbers, temporals, symbols and strings', () => {
  const sorted = ['b', symbol('a'), date(0), 2, f64(1.5), 'a', nullOf(T.F64), 1n].sort(compareValues);
  assert.deepEqual(sorted.map((v) => (typeof v === 'object' ? v : String(v))), [nullOf(T.F64), '1', f64(1.5), '2', date(0), symbol('a'), 'a', 'b']);
});

test('equalValues answers where == fails', () => {
  assert.throws(() => equalAtoms('a', symbol('a')), (e) => e instanceof RayError && e.code === 'type');
  assert.equal(equalValues('a', symbol('a')), false);
  assert.equal(equalValues(1, new List([1])), false);
  assert.equal(equalValues(1, f64(1)), true);
  assert.equal(equalValues(null, nullOf(T.I32)), true);
  assert.equal(equalValues(nullOf(T.I64), 0), false);
});

test('matchValues looks into collections, whatever holds the elements', () => {
  const ints = pack(T.I64, [1, 2]);
  assert.equal(matchValues(ints, new List([1, f64(2)])), true);
  assert.equal(matchValues(ints, pack(T.I64, [1, 2, 3])), false);
  assert.equal(matchValues(new List([ints, 'a']), new List([ints, 'b'])), false);
  const dict = (x: number): Dict => new Dict(symVec(['a']), pack(T.I64, [x]));
  assert.equal(matchValues(dict(1), dict(1)), true);
  assert.equal(matchValues(dict(1), dict(2)), false);
  assert.equal(matchValues(dict(1), 1), false);
});

test('a comparison of columns is the comparison of their elements', () => {
  const relations = { equal, notEqual, less, lessEqual, greater, greaterEqual };
  const columns: [Vec, Vec][] = [
    [pack(T.I64, [1, I64_NULL, I64_MAX, -5]), pack(T.I64, [1, 0, I64_MAX - 1n, I64_NULL])],
    [pack(T.F64, [f64(1), f64(NaN), f64(2), f64(NaN)]), pack(T.F64, [f64(2), f64(NaN), f64(NaN), f64(0)])],
    [pack(T.I32, [i32(1), nullOf(T.I32), i32(-2), i32(7)]), pack(T.I64, [1, I64_NULL, 3, -7])],
    [pack(T.B8, [true, false, true, false]), pack(T.U8, [u8(1), u8(1), u8(0), u8(0)])],
    [symVec(['b', 'a', '', 'ab']), symVec(['a', 'a', 'b', 'b'])],
    [strVec(['b', 'a', '', 'ab']), strVec(['a', 'a', 'b', 'b'])],
    [pack(T.DATE, [date(1), nullOf(T.DATE), date(0), date(3)]), pack(T.TIMESTAMP, [stamp(1n), nullOf(T.TIMESTAMP), stamp(0n), stamp(0n)])],
  ];
  for (const [name, op] of Object.entries(relations)) {
    for (const [a, b] of columns) {
      const want = items(a).map((x, i) => op(x, items(b)[i]));
      assert.deepEqual(items(op(a, b) as Vec), want, `${name} of types ${a.t} and ${b.t}`);
      assert.deepEqual(items(op(a, items(b)[0]) as Vec), items(a).map((x) => op(x, items(b)[0])), `${name} with an atom of type ${b.t}`);
      assert.deepEqual(items(op(items(a)[0], b) as Vec), items(b).map((y) => op(items(a)[0], y)), `${name} of an atom of type ${a.t}`);
    }
  }
});

test('symbols order by text, not by when they were made', () => {
  const [late, early] = [symbol('zz-made-first'), symbol('aa-made-later')];
  assert.ok(compareAtoms(early, late) < 0);
  assert.deepEqual(items(less(symVec(['zz-made-first']), early) as Vec), [false]);
});

test('only null, false, i64 0 and f64 0.0 are false', () => {
  for (const v of [null, false, 0, f64(0), f64(NaN), I64_NULL, nullOf(T.I32), nullOf(T.DATE)]) assert.equal(truthy(v), false);
  for (const v of [true, 1, -1, I64_MAX, i32(0), u8(0), time(0), '', symbol(''), f64(0.1), new List([]), pack(T.I64, [0])]) assert.equal(truthy(v), true);
});
