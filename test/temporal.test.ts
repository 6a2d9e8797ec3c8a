import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { extract, truncate, type Field } from '../src/columns/temporal.js';
import { cast } from '../src/columns/cast.js';
import { items } from '../src/columns/item.js';
import { I64_NULL, Stamp, T, Vec, date, type Value } from '../src/lang/value.js';

const DAY = 86400000000000n;
const EPOCH = Date.UTC(2000, 0, 1);
const floorMod = (a: bigint, b: bigint): bigint => ((a % b) + b) % b;

/** The fields of a timestamp as JS dates and bigints have them. */
function expected(ns: bigint): Record<Field, number> {
  const inDay = floorMod(ns, DAY);
  const day = new Date(Number((ns - inDay) / DAY) * 86400000 + EPOCH);
  return {
    year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate(), weekday: ((day.getUTCDay() + 6) % 7) + 1,
    yearday: (day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / 86400000 + 1,
    hour: Number(inDay / 3600000000000n), minute: Number((inDay / 60000000000n) % 60n), second: Number((inDay / 1000000000n) % 60n),
  };
}

// Whole seconds and days, and a nanosecond before them, are where floors go wrong.
const anyStamp = fc.oneof(
  fc.bigInt({ min: I64_NULL + 1n, max: 2n ** 63n - 1n }),
  fc.tuple(fc.bigInt({ min: -9000000000n, max: 9000000000n }), fc.constantFrom(-1n, 0n, 1n)).map(([s, ns]) => s * 1000000000n + ns),
  fc.tuple(fc.bigInt({ min: -100000n, max: 100000n }), fc.constantFrom(-1n, 0n, 1n)).map(([d, ns]) => d * DAY + ns),
);

test('every field of a timestamp is that of the calendar, atom or column', () => {
  fc.assert(fc.property(fc.array(anyStamp, { minLength: 1, maxLength: 20 }), (stamps) => {
    const column = new Vec(T.TIMESTAMP, BigInt64Array.from(stamps));
    for (const field of Object.keys(expected(0n)) as Field[]) {
      const wanted = stamps.map((ns) => expected(ns)[field]);
      assert.deepEqual(items(extract(column, field) as Vec), wanted);
      assert.deepEqual(stamps.map((ns) => extract(new Stamp(ns), field)), wanted);
    }
  }), { numRuns: 500 });
});

test('date and time of a timestamp column are its day and its milliseconds', () => {
  fc.assert(fc.property(fc.array(anyStamp, { minLength: 1, maxLength: 20 }), (stamps) => {
    const column = new Vec(T.TIMESTAMP, BigInt64Array.from(stamps));
    assert.deepEqual([...(cast(T.DATE, column) as Vec).data], stamps.map((ns) => Number((ns - floorMod(ns, DAY)) / DAY)));
    assert.deepEqual([...(cast(T.TIME, column) as Vec).data], stamps.map((ns) => Number(floorMod(ns, DAY) / 1000000n)));
  }), { numRuns: 500 });
});

test('truncation answers the beginning of the unit, also before the epoch', () => {
  const at = (text: string): Value => new Stamp(BigInt(Date.parse(text) - EPOCH) * 1000000n);
  const cases: [Parameters<typeof truncate>[1], string, string][] = [
    ['second', '2024-03-15T10:20:30Z', '1999-12-31T23:59:59Z'], ['hour', '2024-03-15T10:00:00Z', '1999-12-31T23:00:00Z'],
    ['day', '2024-03-15T00:00:00Z', '1999-12-31T00:00:00Z'], ['month', '2024-03-01T00:00:00Z', '1999-12-01T00:00:00Z'],
    ['year', '2024-01-01T00:00:00Z', '1999-01-01T00:00:00Z'],
  ];
  const stamps = [at('2024-03-15T10:20:30.456Z'), at('1999-12-31T23:59:59.999Z')] as Stamp[];
  for (const [unit, first, second] of cases) {
    assert.deepEqual(truncate(stamps[0], unit), at(first));
    const column = new Vec(T.TIMESTAMP, BigInt64Array.from([...stamps.map((s) => s.v), I64_NULL]), true);
    assert.deepEqual(items(truncate(column, unit) as Vec), [at(first), at(second), new Stamp(I64_NULL)]);
  }
  assert.deepEqual(truncate(date(1), 'day'), new Stamp(DAY));
});

test('columns longer than a block are worked through to the end', () => {
  const n = 70_000;
  const column = new Vec(T.DATE, Int32Array.from({ length: n }, (_, i) => i));
  const years = extract(column, 'year') as Vec;
  assert.equal(years.length, n);
  assert.deepEqual([years.data[0], years.data[65536], years.data[n - 1]], [2000n, 2179n, 2191n]);
});
