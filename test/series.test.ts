import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I64_NULL, T, Vec, f64fin, isNull, type Value } from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { items, nullAt } from '../src/columns/item.js';
import { deltas, differs, extremes, fillForward, means, products, ratios, shift, sums } from '../src/columns/series.js';
import { movingCount, movingDeviation, movingExtreme, movingMean, movingSum, movingVariance } from '../src/columns/moving.js';
import { extreme, mean, sum } from '../src/columns/aggregate.js';
import { spread, variance } from '../src/columns/moments.js';
import { takeRange } from '../src/columns/slice.js';
import { randomOf, seeded } from './support/random-columns.js';

const NUMBERS = [T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64];
const ORDERED = [...NUMBERS, T.DATE, T.TIME, T.TIMESTAMP];
const ANY = [...ORDERED, T.GUID, T.SYM, T.STR];
const window = (v: Vec, i: number, w: number): Vec => takeRange(v, Math.max(0, i - w + 1), Math.min(w, i + 1));

function near(a: Value, b: Value, what: string): void {
  if (isNull(a) || isNull(b)) assert.ok(isNull(a) && isNull(b), what);
  else if (typeof a === 'object' && a !== null && 'v' in a && typeof a.v === 'number') assert.ok(Math.abs(a.v - (b as { v: number }).v) <= 1e-9 * (1 + Math.abs(a.v)), what);
  else assert.deepEqual(a, b, what);
}

/** `series(v)[i]` is what `reduce` makes of the elements up to i, `w` of them at most. */
function agrees(types: readonly number[], series: (v: Vec, w: number) => Vec, reduce: (v: Vec) => Value, windows: readonly number[]): void {
  const random = seeded(7);
  for (const t of types) {
    for (const w of windows) {
      const v = randomOf(t, 57, random);
      const got = items(series(v, w));
      got.forEach((x, i) => near(x, reduce(window(v, i, w)), `type ${t}, window ${w}, element ${i}`));
    }
  }
}

const WINDOWS = [1, 2, 3, 7, 56, 57];

test('running series are the reductions of every beginning', () => {
  agrees(NUMBERS, (v) => sums(v), sum, [1000]);
  agrees(NUMBERS, (v) => means(v), mean, [1000]);
  agrees(ORDERED, (v) => extremes(v, 1), (v) => extreme(v, 1), [1000]);
  agrees(ORDERED, (v) => extremes(v, -1), (v) => extreme(v, -1), [1000]);
});

test('moving series are the reductions of every window', () => {
  agrees(NUMBERS, movingSum, sum, WINDOWS);
  agrees(NUMBERS.filter((t) => t !== T.I64), movingMean, mean, WINDOWS);
  agrees(ORDERED, (v, w) => movingExtreme(v, w, 1), (v) => extreme(v, 1), WINDOWS);
  agrees(ORDERED, (v, w) => movingExtreme(v, w, -1), (v) => extreme(v, -1), WINDOWS);
  agrees(NUMBERS.filter((t) => t !== T.I64), movingVariance, (v) => f64fin(variance(spread(v), 0)), WINDOWS);
  agrees(ANY, movingCount, (v) => items(v).filter((_, i) => !(v.nulls && nullAt(v, i))).length, WINDOWS);
});

test('a value that left the window leaves no rounding error behind', () => {
  const v = new Vec(T.F64, Float64Array.of(1e17, 0.1, 0.1, 0.1, 0.1));
  assert.deepEqual([...(movingDeviation(v, 2).data as Float64Array)].slice(2), [0, 0, 0]);
  assert.deepEqual([...(movingSum(v, 2).data as Float64Array)].slice(2), [0.2, 0.2, 0.2]);
});

test('integer series wrap at 64 bits', () => {
  const v = new Vec(T.I64, BigInt64Array.of(2n ** 62n, 2n ** 62n, 2n ** 62n));
  assert.deepEqual([...(sums(v).data as BigInt64Array)], [2n ** 62n, -(2n ** 63n), -(2n ** 62n)]);
  assert.deepEqual([...(products(v).data as BigInt64Array)], [2n ** 62n, 0n, 0n]);
  assert.equal(sums(v).nulls, false, 'a wrapped sum is a value');
});

test('deltas and ratios are null first and next to nulls', () => {
  const v = new Vec(T.I64, BigInt64Array.of(4n, 10n, I64_NULL, 3n, 6n), true);
  assert.deepEqual([...(deltas(v).data as BigInt64Array)], [I64_NULL, 6n, I64_NULL, I64_NULL, 3n]);
  assert.deepEqual([...(ratios(v).data as Float64Array)], [NaN, 2.5, NaN, NaN, 2]);
  assert.equal(deltas(v).nulls, true);
});

test('differ compares neighbours of every type', () => {
  const random = seeded(8);
  for (const t of ANY) {
    const v = randomOf(t, 40, random);
    const all = items(v).map((x) => JSON.stringify(x, (_, y: unknown) => (typeof y === 'bigint' ? String(y) : y)));
    assert.deepEqual([...(differs(v).data as Uint8Array)], all.map((x, i) => (i === 0 || x !== all[i - 1] ? 1 : 0)), `type ${t}`);
  }
});

test('fills leaves only leading nulls, and says whether there are any', () => {
  const random = seeded(9);
  for (const t of [T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID]) {
    const v = randomOf(t, 60, random);
    const filled = fillForward(v);
    const first = items(v).findIndex((x) => !isNull(x));
    items(filled).forEach((x, i) => assert.equal(isNull(x), i < first, `type ${t}, element ${i}`));
    assert.equal(filled.nulls, first > 0);
  }
});

test('a shift there and back loses one element', () => {
  const random = seeded(10);
  for (const t of ANY.filter((x) => x !== T.STR)) {
    const v = randomOf(t, 30, random);
    assert.deepEqual(items(shift(shift(v, 1), -1)).slice(0, 29), items(v).slice(0, 29), `type ${t}`);
    assert.equal(shift(takeRange(v, 0, 0), 1).length, 0);
  }
});

test('a long series can be interrupted', () => {
  const interrupt = new Interrupt();
  const outer = enter(interrupt);
  try {
    const v = new Vec(T.F64, new Float64Array(200_000));
    for (const run of [() => sums(v), () => movingSum(v, 3), () => movingVariance(v, 150_000), () => differs(v)]) {
      interrupt.raise();
      assert.throws(run, (e) => e instanceof RayError && e.code === 'cancel');
    }
  } finally {
    enter(outer);
  }
});
