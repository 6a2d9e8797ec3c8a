import { test } from 'node:test';
import assert from 'node:assert/strict';
import { F64, Guid, I64_NULL, List, Narrow, Stamp, T, Vec, i64wrap, strVec, symVec, symbol, tagOf, type Value } from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { extreme, mean, mode, outerValueAt, product, sum } from '../src/columns/aggregate.js';
import { correlation, covariance, joint, spread, variance, weighted } from '../src/columns/moments.js';
import { quantile } from '../src/columns/quantile.js';
import { randomBig, randomOf, seeded } from './support/random-columns.js';

const num = (v: Value): number => (v as F64).v;
const reals = (xs: number[]): Vec => new Vec(T.F64, Float64Array.from(xs), xs.some((x) => x !== x));
const longs = (xs: bigint[]): Vec => new Vec(T.I64, BigInt64Array.from(xs), xs.includes(I64_NULL));

test('sums of 64-bit integers are exact and wrap, with nulls and at every length', () => {
  const random = seeded(1);
  for (const n of [0, 1, 2, 3, 5, 4095, 4096, 4097, 70_001]) {
    const xs = Array.from({ length: n }, () => (random() < 0.1 ? I64_NULL : randomBig(random)));
    const values = xs.filter((x) => x !== I64_NULL);
    assert.equal(sum(longs(xs)), i64wrap(values.reduce((a, b) => a + b, 0n)), `n = ${n}`);
  }
});

test('a column that is not flagged has no nulls: the least integer is a value', () => {
  assert.equal(sum(new Vec(T.I64, BigInt64Array.of(I64_NULL, 5n))), I64_NULL + 5n);
  assert.equal(sum(new Vec(T.I64, BigInt64Array.of(I64_NULL, 5n), true)), 5);
});

test('products wrap at 64 bits', () => {
  assert.equal(product(longs([2n ** 40n, 2n ** 23n, 3n])), i64wrap(3n * 2n ** 63n));
  assert.equal(num(product(reals([0.5, NaN, 8]))), 4);
});

test('sums of floats skip NaN even where the column does not know of it', () => {
  assert.equal(num(sum(new Vec(T.F64, Float64Array.of(1, NaN, 2, 4, 8), false))), 15);
  assert.ok(Number.isNaN(num(sum(reals([1e308, 1e308])))), 'overflow is null');
});

test('the mean of large integers does not pass through a wrapped sum', () => {
  assert.equal(num(mean(longs([2n ** 62n, 2n ** 62n, 2n ** 62n, 2n ** 62n]))), 2 ** 62);
});

test('extremes of integers beyond 2^53 are told apart', () => {
  const random = seeded(2);
  for (let k = 0; k < 50; k++) {
    const xs = Array.from({ length: 1 + Math.floor(random() * 200) }, () => randomBig(random));
    const ordered = xs.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    assert.equal(extreme(longs(xs), 1), i64wrap(ordered[0]));
    assert.equal(extreme(longs(xs), -1), i64wrap(ordered[ordered.length - 1]));
  }
});

test('extremes keep every type and answer its null without values', () => {
  assert.deepEqual(extreme(new Vec(T.DATE, Int32Array.of(7, 3)), 1), new Narrow(-T.DATE, 3));
  assert.deepEqual(extreme(new Vec(T.TIMESTAMP, BigInt64Array.of(7n, 3n)), -1), new Stamp(7n));
  assert.equal(extreme(strVec(['b', '', 'a']), 1), '');
  assert.equal((extreme(symVec(['b', 'a', 'c']), -1) as ReturnType<typeof symbol>).text, 'c');
  for (const t of [T.B8, T.U8, T.I16, T.I32, T.I64, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID, T.SYM, T.STR]) {
    assert.equal(tagOf(extreme(randomOf(t, 0, seeded(3)), 1)), -t);
  }
});

test('the null guid is no extreme', () => {
  const data = new Uint8Array(48);
  data[16] = 9;
  data[32] = 4;
  assert.equal((extreme(new Vec(T.GUID, data, true), 1) as Guid).v.charCodeAt(0), 4);
});

test('the mode is the one seen first of the most frequent', () => {
  assert.equal(mode(longs([5n, 9n, 9n, 5n])), 5);
  assert.equal(mode(longs([I64_NULL, I64_NULL, 4n])), 4);
  assert.equal(mode(new List(['a', 1, 'a', null, null, null])), 'a');
  assert.equal(mode(new List([])), I64_NULL);
});

test('the outer value of a column of nulls is a null', () => {
  assert.equal(outerValueAt(longs([I64_NULL, 3n, I64_NULL, 4n, I64_NULL]), 1), 1);
  assert.equal(outerValueAt(longs([I64_NULL, 3n, I64_NULL, 4n, I64_NULL]), -1), 3);
  assert.equal(outerValueAt(longs([I64_NULL, I64_NULL]), -1), 1);
});

test('a spread far from zero keeps its digits', () => {
  const s = spread(reals([1e9, 1e9 + 1, NaN, 1e9 + 2]));
  assert.equal(s.count, 3);
  assert.equal(variance(s, 1), 1);
  assert.equal(variance(spread(reals([0.1, 0.1, 0.1])), 0), 0);
  assert.ok(Number.isNaN(variance(spread(reals([1])), 1)));
});

test('pairs with a null on one side count for neither', () => {
  const a = reals([1, 2, NaN, 4]);
  const b = reals([10, NaN, 30, 16]);
  assert.equal(covariance(joint(a, b), 0), 4.5);
  assert.equal(correlation(joint(a, b)), 1);
  assert.deepEqual(weighted(a, b), { weight: 5, total: 74 });
  assert.ok(Number.isNaN(correlation(joint(reals([1, 2]), reals([3, 3])))));
});

test('quantiles agree with sorting, also with many equal values', () => {
  const random = seeded(4);
  for (let k = 0; k < 60; k++) {
    const n = 1 + Math.floor(random() * 300);
    const xs = Array.from({ length: n }, () => Math.floor(random() * (k % 2 === 0 ? 4 : 1e6)));
    const ordered = xs.toSorted((a, b) => a - b);
    const p = random();
    const place = p * (n - 1);
    const below = ordered[Math.floor(place)];
    const above = ordered[Math.ceil(place)];
    assert.ok(Math.abs(quantile(reals(xs), p) - (below + (above - below) * (place - Math.floor(place)))) < 1e-6);
  }
});

test('a long reduction can be interrupted', () => {
  const interrupt = new Interrupt();
  const outer = enter(interrupt);
  try {
    const v = reals(new Array<number>(100_000).fill(1));
    for (const run of [() => sum(v), () => extreme(v, 1), () => spread(v), () => quantile(v, 0.5), () => mode(v)]) {
      interrupt.raise();
      assert.throws(run, (e) => e instanceof RayError && e.code === 'cancel');
    }
  } finally {
    enter(outer);
  }
});
