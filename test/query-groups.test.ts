import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I64_NULL, T, Vec } from '../src/lang/value.js';
import { GROUPED, groupedQuantile } from '../src/columns/grouped.js';
import { hashGroup, hashGroupRows } from '../src/columns/hashing.js';
import { items } from '../src/columns/item.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { RayError } from '../src/lang/errors.js';

const longs = (...xs: bigint[]): Vec => new Vec(T.I64, BigInt64Array.from(xs), xs.includes(I64_NULL));
const keys = longs(7n, 8n, 7n, 9n, 8n, 7n);
const groups = hashGroup(keys);
const reduced = (name: string, v: Vec): unknown[] => [...items(GROUPED.get(name)!(v, groups)!)];

test('sums of 64 bits carry and wrap exactly', () => {
  const big = 2n ** 62n;
  assert.deepEqual(reduced('sum', longs(big, -1n, big, 2n ** 53n + 1n, -1n, big)), [-(2n ** 62n), -2, 2n ** 53n + 1n]);
});

test('extremes of 64 bits are exact beyond doubles', () => {
  const x = 2n ** 60n;
  assert.deepEqual(reduced('max', longs(x, 1n, x + 1n, 5n, 2n, x)), [x + 1n, 2, 5]);
  assert.deepEqual(reduced('min', longs(x + 1n, -1n, x, 5n, -2n, x + 2n)), [x, -2, 5]);
});

test('nulls are no values, and a group of nothing else is null', () => {
  const v = longs(1n, I64_NULL, 3n, I64_NULL, I64_NULL, 2n);
  assert.deepEqual(reduced('sum', v), [6, 0, 0]);
  assert.deepEqual(reduced('min', v), [1, I64_NULL, I64_NULL]);
  assert.deepEqual(reduced('first', v), [1, I64_NULL, I64_NULL]);
  assert.deepEqual(reduced('last', v), [2, I64_NULL, I64_NULL]);
  assert.deepEqual(reduced('prod', v), [6, I64_NULL, I64_NULL]);
});

test('equal values have no spread at all', () => {
  const v = new Vec(T.F64, Float64Array.from([0.1, 5, 0.1, 1, 5, 0.1]));
  assert.deepEqual([...(GROUPED.get('dev')!(v, groups)!.data as Float64Array)], [0, 0, 0]);
});

test('quantiles interpolate within each group', () => {
  const v = new Vec(T.F64, Float64Array.from([1, 10, 2, 7, 20, 3]));
  assert.deepEqual([...(groupedQuantile(v, groups, 0.5)!.data as Float64Array)], [2, 15, 7]);
});

test('keys far apart, close together and negative are numbered in order of first appearance', () => {
  for (const scale of [1n, 10n ** 12n, -3n]) {
    const g = hashGroup(longs(5n * scale, 2n * scale, 5n * scale, 9n * scale, 2n * scale));
    assert.deepEqual([...g.ids], [0, 1, 0, 2, 1]);
    assert.deepEqual([...g.first], [0, 1, 3]);
  }
  assert.deepEqual([...hashGroup(longs()).first], []);
});

test('several keys make one group number', () => {
  const a = new Vec(T.I32, Int32Array.from([1, 1, 2, 1]));
  const b = new Vec(T.STR, ['x', 'y', 'x', 'x']);
  assert.deepEqual([...hashGroupRows([a, b]).ids], [0, 1, 2, 0]);
});

test('a reduction stops when it is interrupted', () => {
  const interrupt = new Interrupt();
  const n = 200_000;
  const g = hashGroup(new Vec(T.I64, new BigInt64Array(n)));
  const outer = enter(interrupt);
  try {
    for (const [name, reduce] of GROUPED) {
      interrupt.raise();
      assert.throws(() => {
        const v = new Vec(T.F64, new Float64Array(n));
        reduce(v, g);
        if (name === 'first') throw new RayError('cancel', 'answers from the groups alone');
      }, (e) => e instanceof RayError && e.code === 'cancel', name);
      interrupt.clear();
    }
  } finally {
    enter(outer);
  }
});
