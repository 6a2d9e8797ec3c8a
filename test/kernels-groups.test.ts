/** Groups and their sums where the rows are many enough for the compiled kernels, against a map. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I64_NULL, T, Vec } from '../src/lang/value.js';
import { GROUPED } from '../src/columns/grouped.js';
import { hashGroup, hashGroupJoint, hashGroupRows, type Groups } from '../src/columns/hashing.js';
import { groupClose } from '../src/columns/simd-groups.js';

const N = 40_001;
/** Numbers that look random and are the same in every run. */
function numbers(below: number, from = 0): number[] {
  let x = 12345;
  return Array.from({ length: N }, () => from + ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 4) % below);
}
const longs = (xs: readonly (number | bigint)[], nulls = false): Vec => new Vec(T.I64, BigInt64Array.from(xs, BigInt), nulls);

function byMap(keys: readonly unknown[]): Groups {
  const seen = new Map<unknown, number>();
  const first: number[] = [];
  const ids = Int32Array.from(keys, (key, i) => {
    const id = seen.get(key) ?? seen.set(key, first.push(i) - 1).get(key)!;
    return id;
  });
  return { ids, first: Int32Array.from(first) };
}

const spread = numbers(100);
const KEYS: readonly (readonly [string, readonly number[]])[] = [
  ['few', spread],
  ['negative and positive', numbers(5000, -2500)],
  ['around the end of 32 bits', numbers(300, 2147483400)],
  ['before the start of 32 bits', numbers(300, -2147483648 - 150)],
  ['close at first and far later', spread.map((k, i) => (i === 30_000 ? 2 ** 40 : k))],
  ['far later, within 32 bits', spread.map((k, i) => (i === 30_000 ? 1_000_000 : k))],
  ['beyond 32 bits in the end', numbers(100, 2147483500).map((k, i) => (i < 30_000 ? Math.min(k, 2147483647) : k + 100))],
  ['more than the table holds', numbers(90_000)],
];

for (const [which, keys] of KEYS) {
  test(`keys that are ${which} are numbered in order of first appearance`, () => {
    assert.deepEqual(hashGroup(longs(keys)), byMap(keys));
    if (keys.every((k) => k === (k | 0))) assert.deepEqual(hashGroup(new Vec(T.I32, Int32Array.from(keys))), byMap(keys));
  });
}

test('keys that lie close together take the table, others do not', () => {
  assert.notEqual(groupClose(Int32Array.from(spread), 0), null);
  assert.equal(groupClose(Int32Array.from(KEYS[5][1]), 0), null);
  assert.equal(groupClose(Int32Array.from(spread.slice(0, 1000)), 0), null, 'few rows are not worth it');
});

for (const [which, second] of [['few', numbers(40)], ['many', numbers(5000)], ['far apart', numbers(20_000).map((k) => k * 2 ** 33)], ['all different', numbers(7).map((_, i) => i * 3)]] as const) {
  test(`rows of two or three columns, the second of ${which} values, are equal where all elements are`, () => {
    const a = longs(spread);
    const b = longs(second);
    const c = new Vec(T.STR, spread.map((k, i) => `${(k * i) % 3}`));
    assert.deepEqual(hashGroupRows([a, b]), byMap(spread.map((k, i) => `${k} ${second[i]}`)));
    assert.deepEqual(hashGroupRows([b, a, c]), byMap(spread.map((k, i) => `${k} ${second[i]} ${(k * i) % 3}`)));
    const joint = byMap([...spread.map((k, i) => `${k} ${second[i]}`), ...spread.slice(7).map((k, i) => `${k} ${second[i]}`)]);
    assert.deepEqual(hashGroupJoint([a, b], [longs(spread.slice(7)), longs(second.slice(0, N - 7))]), joint);
  });
}

test('sums of longs by group wrap at 64 bits and skip nulls where there may be some', () => {
  const groups = hashGroup(longs(spread));
  const big = spread.map((k, i) => (i % 7 === 0 ? I64_NULL : (2n ** 62n) + BigInt(i * k)));
  for (const nulls of [true, false]) {
    const expected = new Array<bigint>(groups.first.length).fill(0n);
    big.forEach((x, i) => {
      if (nulls && x === I64_NULL) return;
      expected[groups.ids[i]] = BigInt.asIntN(64, expected[groups.ids[i]] + x);
    });
    assert.deepEqual(GROUPED.get('sum')!(longs(big, nulls), groups)!.data, BigInt64Array.from(expected));
  }
});

test('sums of doubles by group add in the order of the rows; means divide by what is no null', () => {
  const groups = hashGroup(longs(spread));
  const x = Float64Array.from(spread, (k, i) => (i % 11 === 0 ? NaN : 0.1 * k + i));
  const total = new Float64Array(groups.first.length);
  const count = new Float64Array(groups.first.length);
  x.forEach((v, i) => {
    if (v !== v) return;
    total[groups.ids[i]] += v;
    count[groups.ids[i]]++;
  });
  assert.deepEqual(GROUPED.get('sum')!(new Vec(T.F64, x, true), groups)!.data, total);
  assert.deepEqual(GROUPED.get('avg')!(new Vec(T.F64, x, true), groups)!.data, total.map((t, g) => t / count[g]));
  const times = new Vec(T.TIME, Int32Array.from(spread));
  assert.equal(GROUPED.get('avg')!(times, groups)!.length, groups.first.length);
});

test('rows are counted by group', () => {
  const groups = hashGroup(longs(spread));
  const expected = new BigInt64Array(groups.first.length);
  for (const id of groups.ids) expected[id]++;
  assert.deepEqual(GROUPED.get('count')!(longs(spread), groups)!.data, expected);
});

test('more groups than there is room for sums are summed all the same', () => {
  const keys = Array.from({ length: 140_000 }, (_, i) => (i >> 1) * 1000);
  const groups = hashGroup(longs(keys));
  assert.ok(groups.first.length > 65536);
  const expected = new BigInt64Array(groups.first.length);
  keys.forEach((k, i) => (expected[groups.ids[i]] += BigInt(k)));
  assert.deepEqual(GROUPED.get('sum')!(longs(keys), groups)!.data, expected);
});
