/** The SIMD kernels against the loops in JavaScript: bit for bit, on chunks of all lengths at all offsets. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as js from '../src/columns/kernels.js';
import * as simd from '../src/columns/simd.js';
import { columns } from '../src/columns/wasm/index.js';
import { I64_NULL } from '../src/lang/value.js';
import { randomBig, seeded } from './support/random-columns.js';

const random = seeded(20);
const below = (n: number): number => Math.floor(random() * n);
const LENGTHS = [0, 1, 15, 16, 63, 64, 65, 79, 80, 127, 1000, 4080, 4095, 4096];
const EXTREME = [I64_NULL, I64_NULL + 1n, -1n, 0n, 1n, 2n ** 63n - 1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 32n, -(2n ** 32n), 2n ** 32n - 1n, -(2n ** 31n)];
const DOUBLES = [NaN, Infinity, -Infinity, 0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1, -1];

/** `n` elements behind some that are not meant. */
function longs(n: number, how = 0.3): { data: BigInt64Array; at: number } {
  const at = below(9);
  return { data: BigInt64Array.from({ length: at + n + 5 }, () => (random() < how ? EXTREME[below(EXTREME.length)] : randomBig(random))), at };
}
function doubles(n: number): { data: Float64Array; at: number } {
  const at = below(9);
  return { data: Float64Array.from({ length: at + n + 5 }, () => (random() < 0.3 ? DOUBLES[below(DOUBLES.length)] : (random() - 0.5) * 10 ** below(20))), at };
}
const bits = (x: ArrayLike<unknown> & { buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(x.buffer);

// The first long chunk starts the module; what follows uses it for short ones too.
simd.sumLongs(new BigInt64Array(4096), 0, 4096, new Float64Array(2));
test('there are kernels on this host', () => assert.notEqual(columns(), null));

for (const name of ['addLongs', 'subLongs', 'mulLongs'] as const) {
  test(`${name} wraps, and lets nulls through where there may be some`, () => {
    for (const n of LENGTHS) {
      for (const nulls of [false, true]) {
        const [x, y] = [longs(n), longs(n)];
        const [expected, got] = [new BigInt64Array(n + 7), new BigInt64Array(n + 7)];
        js.nullable(js[name])(x.data, x.at, y.data, y.at, expected, 3, n, nulls);
        simd[name](x.data, x.at, y.data, y.at, got, 3, n, nulls);
        assert.deepEqual(got, expected, `${n}, ${nulls}`);
      }
    }
  });
}

for (const name of ['addDoubles', 'subDoubles', 'mulDoubles', 'divDoubles'] as const) {
  test(`${name} makes NaN of what is not finite, and says so`, () => {
    for (const n of LENGTHS) {
      for (const wild of [false, true]) {
        const [x, y] = [doubles(n), doubles(n)];
        if (!wild) for (const { data } of [x, y]) data.forEach((v, i) => (data[i] = Math.abs(v) < 1e100 && Math.abs(v) > 1e-100 ? v : i + 1));
        const [expected, got] = [new Float64Array(n + 7), new Float64Array(n + 7)];
        const nulls = js.finite(js[name])(x.data, x.at, y.data, y.at, expected, 3, n);
        assert.equal(simd[name](x.data, x.at, y.data, y.at, got, 3, n), nulls, `${n}, ${wild}`);
        assert.deepEqual(bits(got), bits(expected), `${n}, ${wild}`);
        if (!wild) assert.equal(nulls, false);
      }
    }
  });
}

for (const name of ['lessLongs', 'equalLongs', 'lessDoubles', 'equalDoubles'] as const) {
  test(`${name} answers 1 and 0, and the other way round`, () => {
    for (const n of LENGTHS) {
      for (const flip of [0, 1]) {
        const [expected, got] = [new Uint8Array(n + 7), new Uint8Array(n + 7)];
        if (name === 'lessLongs' || name === 'equalLongs') {
          const [x, y] = [longs(n), longs(n)];
          for (let i = 0; i < n; i += 3) y.data[y.at + i] = x.data[x.at + i];
          js[name](x.data, x.at, y.data, y.at, expected, 3, n, flip);
          simd[name](x.data, x.at, y.data, y.at, got, 3, n, flip);
        } else {
          const [x, y] = [doubles(n), doubles(n)];
          for (let i = 0; i < n; i += 3) y.data[y.at + i] = x.data[x.at + i];
          js[name](x.data, x.at, y.data, y.at, expected, 3, n, flip);
          simd[name](x.data, x.at, y.data, y.at, got, 3, n, flip);
        }
        assert.deepEqual(got, expected, `${n}, ${flip}`);
      }
    }
  });
}

test('longs become the nearest doubles, nulls NaN where there may be some', () => {
  for (const n of LENGTHS) {
    for (const nulls of [false, true]) {
      const x = longs(n);
      const [expected, got] = [new Float64Array(n + 7), new Float64Array(n + 7)];
      js.longsToDoubles(x.data, x.at, expected, 3, n, nulls);
      simd.longsToDoubles(x.data, x.at, got, 3, n, nulls);
      assert.deepEqual(bits(got), bits(expected), `${n}, ${nulls}`);
      if (!nulls) assert.deepEqual(got.subarray(3, 3 + n), Float64Array.from(x.data.subarray(x.at, x.at + n), Number));
    }
  }
});

test('sums of longs are exact and count the nulls', () => {
  for (const n of LENGTHS) {
    const x = longs(n);
    const part = x.data.subarray(x.at, x.at + n);
    const parts = new Float64Array(2);
    assert.equal(simd.sumLongs(x.data, x.at, n, parts), part.filter((v) => v === I64_NULL).length);
    assert.equal((BigInt(parts[1]) << 32n) + BigInt(parts[0]), part.reduce((a, b) => a + b, 0n));
    assert.equal(js.sumLongs(x.data, x.at, n, new Float64Array(2)), simd.sumLongs(x.data, x.at, n, new Float64Array(2)));
  }
});

test('sums of doubles skip NaN, and add in the same order as the loop', () => {
  for (const n of LENGTHS) {
    const x = doubles(n);
    x.data.forEach((v, i) => Math.abs(v) > 1e300 && (x.data[i] = i / 3));
    const [expected, got] = [new Float64Array(2), new Float64Array(2)];
    expected[1] = js.sumValues(x.data, x.at, n, expected);
    got[1] = simd.sumValues(x.data, x.at, n, got);
    assert.deepEqual(bits(got), bits(expected), `${n}`);
    assert.equal(got[0], x.data.subarray(x.at, x.at + n).filter((v) => v === v).length);
  }
});

test('extremes of longs skip nulls where there may be some', () => {
  for (const n of LENGTHS) {
    for (const how of [0.01, 0.3, 1]) {
      const x = longs(n, how);
      if (how === 1) x.data.fill(I64_NULL);
      for (const nulls of [false, true]) {
        const values = [...x.data.subarray(x.at, x.at + n)].filter((v) => !nulls || v !== I64_NULL);
        const sorted = values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        for (const [sign, expected] of [[1, sorted[0]], [-1, sorted.at(-1)]] as const) {
          assert.equal(simd.extremeLong(x.data, x.at, n, sign, nulls), expected ?? null, `${n}, ${how}, ${nulls}`);
          assert.equal(js.extremeLong(x.data, x.at, n, sign, nulls), expected ?? null);
        }
      }
    }
  }
});

test('an operand may be the result', () => {
  const x = longs(500);
  const expected = new BigInt64Array(500);
  js.addLongs(x.data, x.at, x.data, x.at, expected, 0, 500);
  simd.addLongs(x.data, x.at, x.data, x.at, x.data, x.at, 500, false);
  assert.deepEqual(x.data.subarray(x.at, x.at + 500), expected);
});
