import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { add, divide, floorDivide, modulo, multiply, pow, subtract } from '../src/columns/arith.js';
import { items, pack } from '../src/columns/item.js';
import { absolute, ceil, floor, negate, round, signum, sqrt, xbar } from '../src/columns/math.js';
import { CHUNK } from '../src/columns/lanes.js';
import {
  I64_MAX, I64_NULL, T, Vec, f64, i16, i32, i64, isNull, nullOf, stamp, tagOf, time, u8, type Value,
} from '../src/lang/value.js';

// Extremes, and neighbours of 2^31 and 2^53, are where carries and conversions go wrong.
const long = fc.oneof(
  fc.bigInt({ min: I64_NULL + 1n, max: I64_MAX }),
  fc.integer({ min: -10, max: 10 }).map(BigInt),
  fc.constantFrom(1n << 31n, -(1n << 31n), (1n << 32n) - 1n, 1n << 53n, (1n << 53n) + 1n, -(1n << 62n), I64_MAX, -I64_MAX, I64_NULL),
).map(i64);
const word = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2147483647, -2147483648)).map(i32);
const half = fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.constantFrom(0, -1, -32768)).map(i16);
const byte = fc.integer({ min: 0, max: 255 }).map(u8);
const double = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -9, max: 9 }), fc.constant(NaN)).map(f64);
const clock = fc.oneof(fc.integer({ min: 0, max: 86_400_000 }), fc.constant(-2147483648)).map(time);

const BY_TYPE: Record<number, fc.Arbitrary<Value>> = {
  [T.I64]: long, [T.I32]: word, [T.I16]: half, [T.U8]: byte, [T.F64]: double, [T.TIME]: clock,
};
const column = (t: number, n: number): fc.Arbitrary<Vec> =>
  fc.array(BY_TYPE[t], { minLength: n, maxLength: n }).map((atoms) => pack(t, atoms));

/** The bits of an element; one form for all nulls and for both zeros. */
function bits(v: Value): string {
  if (isNull(v)) return 'null';
  const raw = typeof v === 'object' ? String((v as { v: number | bigint }).v) : String(v);
  return `${raw}`;
}
const fits = (v: Value, t: number): string => bits(isNull(v) ? nullOf(t) : v);

/** Doubles that both sides compute in another order may differ where an integer went through a double. */
function agree(op: (a: Value, b: Value) => Value, a: Vec, b: Vec | Value): void {
  const got = op(a, b) as Vec;
  const right = b instanceof Vec ? items(b) : null;
  items(a).forEach((x, i) => {
    const want = op(x, right === null ? (b as Value) : right[i]);
    const have = items(got)[i];
    if (tagOf(want) === tagOf(have)) assert.equal(bits(have), bits(want), `element ${i}: ${bits(x)}`);
    else assert.equal(fits(have, got.t), fits(widen(want, got.t), got.t));
  });
}
/** An integer of a narrower type as an atom of a column's type. */
const widen = (v: Value, t: number): Value => (t === T.I64 && v !== null && typeof v === 'object' && 'v' in v ? Number(v.v) : v);

const NUMERIC = [T.I64, T.I32, T.I16, T.F64];

for (const [name, op] of Object.entries({ add, subtract, multiply, divide, modulo, floorDivide, pow })) {
  test(`${name} of two columns of one type is ${name} of their elements`, () => {
    for (const t of NUMERIC) {
      fc.assert(fc.property(fc.tuple(column(t, 9), column(t, 9)), ([a, b]) => agree(op, a, b)), { numRuns: 60 });
    }
  });
  test(`${name} of an i64 column and an atom is ${name} of its elements`, () => {
    fc.assert(fc.property(column(T.I64, 7), long, (a, b) => agree(op, a, b)), { numRuns: 100 });
  });
}

test('integer columns of different widths add and multiply as i64', () => {
  fc.assert(fc.property(column(T.I64, 6), column(T.I32, 6), column(T.I16, 6), (a, b, c) => {
    for (const op of [add, multiply]) {
      agree(op, a, b);
      agree(op, a, c);
    }
  }));
});

test('a time column and an integer column meet in time', () => {
  fc.assert(fc.property(column(T.TIME, 6), column(T.I32, 6), (a, b) => {
    for (const op of [add, subtract, multiply]) agree(op, a, b);
  }));
});

for (const [name, op] of Object.entries({ negate, absolute, round, floor, ceil, signum, sqrt })) {
  test(`${name} of a column is ${name} of its elements`, () => {
    for (const t of NUMERIC) {
      fc.assert(fc.property(column(t, 9), (a) => agree((x) => op(x), a, null)), { numRuns: 60 });
    }
  });
}

test('xbar of a column is xbar of its elements, nulls staying null', () => {
  fc.assert(fc.property(column(T.I64, 9), fc.integer({ min: 1, max: 1000 }), (a, step) => {
    const got = items(xbar(a, step) as Vec);
    items(a).forEach((x, i) => assert.equal(bits(got[i]), bits(isNull(x) ? x : xbar(x, step))));
  }));
});

test('columns longer than a chunk are worked to their end', () => {
  const n = CHUNK * 2 + 3;
  const a = new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => BigInt(i)));
  const narrow = new Vec(T.I16, Int16Array.from({ length: n }, (_, i) => i % 1000));
  for (const i of [0, CHUNK - 1, CHUNK, n - 1]) {
    assert.equal((add(a, 5) as Vec).data[i], BigInt(i + 5));
    assert.equal((multiply(a, narrow) as Vec).data[i], BigInt(i) * BigInt(i % 1000));
    assert.equal((divide(narrow, a) as Vec).data[i], i === 0 ? NaN : (i % 1000) / i);
    assert.equal((add(narrow, narrow) as Vec).data[i], (i % 1000) * 2);
  }
});

test('a sum that wraps to the sentinel is a number in an i64 column and a null as an atom', () => {
  const column = add(new Vec(T.I64, BigInt64Array.of(I64_MAX, 5n)), 1) as Vec;
  assert.equal(column.nulls, false);
  assert.equal(column.data[0], I64_NULL);
  assert.equal(isNull(add(I64_MAX, 1)), true);
});

test('timestamps keep their nanoseconds', () => {
  const t = stamp(771_000_000_000_000_001n);
  assert.deepEqual(add(t, 1), stamp(771_000_000_000_000_002n));
  assert.deepEqual(subtract(t, time(1)), stamp(770_999_999_999_000_001n));
  assert.equal(subtract(t, stamp(770_999_999_999_999_999n)), 2);
});
