import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I64_NULL, T, Vec, isNull, strVec, tagOf, type Value } from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { gather } from '../src/columns/gather.js';
import { items } from '../src/columns/item.js';
import { sortedIntegers } from '../src/columns/sort-integers.js';
import { compareValues } from '../src/columns/order.js';
import { bucketRanks, firstAtLeast, grade, gradeRows, lastAtMost, outermost, ranks, sorted } from '../src/columns/sort.js';
import { sortByKeys } from '../src/columns/radix.js';
import { randomOf, seeded } from './support/random-columns.js';

const TYPES = [T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID, T.SYM, T.STR];

/** As `compareValues`, but exact for integers. */
function order(a: Value, b: Value): number {
  if (isNull(a) || isNull(b)) return Number(isNull(b)) - Number(isNull(a));
  if (tagOf(a) === -T.I64) return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
  return compareValues(a, b);
}

test('every type sorts stably in both directions, short and long', () => {
  const random = seeded(1);
  for (const t of TYPES) {
    for (const n of [0, 1, 2, 40, 64, 65, 700]) {
      const v = randomOf(t, n, random);
      const all = items(v);
      for (const down of [false, true]) {
        const expected = all.map((_, i) => i).sort((i, j) => (down ? order(all[j], all[i]) : order(all[i], all[j])) || i - j);
        assert.deepEqual([...grade(v, down)], expected, `type ${t}, ${n} elements, ${down ? 'down' : 'up'}`);
      }
    }
  }
});

test('integers close together and far apart sort alike', () => {
  const spans: bigint[][] = [
    [0n, 2n ** 32n - 2n], [0n, 2n ** 32n - 1n], [0n, 2n ** 32n], [-(2n ** 31n), 2n ** 31n], [2n ** 53n - 5n, 2n ** 53n + 5n],
    [-(2n ** 63n) + 1n, 2n ** 63n - 1n], [2n ** 52n, 2n ** 52n + 9n], [-9n, 9n],
  ];
  for (const [least, greatest] of spans) {
    for (const nulls of [false, true]) {
      const xs = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? greatest - BigInt(i % 7) : least + BigInt(i % 5)));
      if (nulls) xs[40] = I64_NULL;
      const v = new Vec(T.I64, BigInt64Array.from(xs), nulls);
      assert.deepEqual([...(sorted(v, false).data as BigInt64Array)], xs.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)), `${least} .. ${greatest}`);
    }
  }
});

test('elements alone come out as their rows in order would give them', () => {
  const random = seeded(5);
  for (const t of TYPES) {
    for (const n of [0, 1, 3, 65, 700, 9000]) {
      // Values from all over, close together, and few that come often.
      for (const picked of [(i: number) => i, (i: number) => i % 40, (i: number) => i % 3]) {
        const all = randomOf(t, n, random);
        const v = gather(all, Int32Array.from({ length: n }, (_, i) => picked(i) % n));
        for (const down of [false, true]) {
          const got = sorted(v, down);
          assert.deepEqual([items(got), got.t, got.nulls], [items(gather(v, grade(v, down))), t, v.nulls], `type ${t}, ${n} elements`);
        }
      }
    }
  }
});

for (const [what, range] of [['counted', 5000n], ['moved', 2n ** 31n], ['moved, over all of 32 bits', 2n ** 32n], ['further apart', 2n ** 40n]] as const) {
  test(`integers that are ${what} sort with and without nulls, in both directions`, () => {
    const random = seeded(6);
    for (const base of [0n, -7n, 2n ** 40n, -(2n ** 33n)]) {
      for (const nulls of [false, true]) {
        const xs = Array.from({ length: 6000 }, () => (nulls && random() < 0.1 ? I64_NULL : base + BigInt(Math.floor(random() * Number(range)))));
        const expected = xs.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const v = new Vec(T.I64, BigInt64Array.from(xs), nulls);
        assert.deepEqual([...(sorted(v, false).data as BigInt64Array)], expected);
        assert.deepEqual([...(sorted(v, true).data as BigInt64Array)], expected.toReversed());
        assert.equal(sortedIntegers(v, false) === null, range > 2n ** 32n);
      }
    }
  });
}

test('both zeros are one value and all NaN are null', () => {
  const v = new Vec(T.F64, Float64Array.of(0, -0, NaN, -1, 0, -NaN), true);
  assert.deepEqual([...grade(v, false)], [2, 5, 3, 0, 1, 4]);
  assert.deepEqual([...grade(v, true)], [0, 1, 4, 3, 2, 5]);
});

test('texts that share their first bytes sort by the rest', () => {
  const texts = ['abcdz', 'abcd', 'abc', 'abcda', 'abc\0', 'ab', 'abcd\0', '', '\xff', 'abcda'];
  assert.deepEqual(sorted(strVec(texts), false).data, texts.toSorted());
});

test('several columns order rows in turn', () => {
  const a = new Vec(T.I64, BigInt64Array.of(2n, 1n, 2n, 1n, 2n));
  const b = strVec(['x', 'y', 'w', 'y', 'x']);
  assert.deepEqual([...gradeRows([a, b], 5, false)], [1, 3, 2, 0, 4]);
  assert.deepEqual([...gradeRows([a, b], 5, true)], [0, 4, 2, 1, 3]);
});

test('ranks invert the order and buckets divide them evenly', () => {
  const random = seeded(2);
  const v = randomOf(T.F64, 100, random);
  const place = [...(ranks(v).data as BigInt64Array)].map(Number);
  assert.deepEqual([...grade(v, false)].map((row) => place[row]), place.map((_, i) => i));
  const sizes = new Map<bigint, number>();
  for (const b of bucketRanks(v, 4).data as BigInt64Array) sizes.set(b, (sizes.get(b) ?? 0) + 1);
  assert.deepEqual([...sizes.values()], [25, 25, 25, 25]);
});

test('selection puts nulls at the far end only where it leaves something out', () => {
  const v = new Vec(T.I64, BigInt64Array.of(5n, I64_NULL, 9n, 1n), true);
  const picked = (k: number, greatest: boolean): bigint[] => [...(outermost(v, k, greatest).data as BigInt64Array)];
  assert.deepEqual(picked(2, true), [I64_NULL, 9n]);
  assert.deepEqual(picked(3, false), [1n, 5n, 9n]);
  assert.deepEqual(picked(4, true), [9n, 5n, 1n, I64_NULL]);
  assert.deepEqual(picked(9, false), [I64_NULL, 1n, 5n, 9n]);
  assert.deepEqual(picked(-1, true), []);
});

test('selecting a few of many agrees with sorting all', () => {
  const random = seeded(5);
  for (const t of TYPES) {
    const v = randomOf(t, 9000, random);
    const values = items(v).filter((x) => !isNull(x));
    const none = 9000 - values.length;
    for (const k of [1, 7, 1000]) {
      const least = items(outermost(v, k, false));
      assert.deepEqual(least, values.toSorted(order).slice(0, k), `${k} least of type ${t}`);
      const greatest = items(outermost(v, none + k, true)).slice(none);
      assert.deepEqual(greatest, values.toSorted((a, b) => order(b, a)).slice(0, k), `${k} greatest of type ${t}`);
    }
  }
});

test('binary search finds both borders of a run of equals', () => {
  const v = new Vec(T.I64, BigInt64Array.of(1n, 3n, 3n, 3n, 7n));
  assert.deepEqual([0n, 1n, 3n, 4n, 9n].map((x) => lastAtMost(v, x)), [-1, 0, 3, 3, 4]);
  assert.deepEqual([0n, 1n, 3n, 4n, 9n].map((x) => firstAtLeast(v, x)), [0, 0, 1, 4, 4]);
});

test('keys in order already keep the rows as they are', () => {
  const rows = Int32Array.from({ length: 100 }, (_, i) => 99 - i);
  assert.equal(sortByKeys(Uint32Array.from(rows.keys()), rows), rows);
});

test('a long sort can be interrupted', () => {
  const interrupt = new Interrupt();
  const outer = enter(interrupt);
  try {
    for (const t of [T.I64, T.F64, T.STR, T.SYM]) {
      const v = randomOf(t, 5000, seeded(3));
      interrupt.raise();
      assert.throws(() => grade(v, false), (e) => e instanceof RayError && e.code === 'cancel');
    }
  } finally {
    enter(outer);
  }
});
