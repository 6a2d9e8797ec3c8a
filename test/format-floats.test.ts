import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { exponential, fixed2, general } from '../src/lang/cfloat.js';
import { floatText } from '../src/lang/format.js';

/** numerator / denominator of a double, exactly. */
function exact(x: number): [bigint, bigint] {
  let den = 1n;
  while (!Number.isInteger(x)) {
    x *= 2;
    den *= 2n;
  }
  return [BigInt(x), den];
}

/** num / den rounded to an integer, ties to even. */
function roundEven(num: bigint, den: bigint): bigint {
  const down = num / den;
  const rest = 2n * (num - down * den);
  return rest > den || (rest === den && down % 2n === 1n) ? down + 1n : down;
}

const scaled = (x: number, tens: number): bigint => {
  const [num, den] = exact(x);
  return tens >= 0 ? roundEven(num * 10n ** BigInt(tens), den) : roundEven(num, den * 10n ** BigInt(-tens));
};

// Eighths, fifths and neighbours of decimals are where rounding goes wrong.
const positive = fc.oneof(
  fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  fc.integer({ min: 1, max: 8_000_000 }).map((n) => n / 8),
  fc.integer({ min: 1, max: 1_000_000_000 }).map((n) => n / 1000),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((n) => n / 2 ** 20),
);

test('two digits after the point are those of the exact value, ties to even', () => {
  fc.assert(fc.property(positive, (x) => {
    const n = scaled(x, 2).toString().padStart(3, '0');
    assert.equal(fixed2(x), `${n.slice(0, -2)}.${n.slice(-2)}`);
    assert.equal(fixed2(-x), `-${fixed2(x)}`);
  }), { numRuns: 3000 });
});

test('significant digits are those of the exact value, ties to even', () => {
  const any = fc.oneof(positive, fc.double({ min: 1e-300, max: 1e300, noNaN: true }), fc.integer({ min: 1, max: 2 ** 40 }).map((n) => n * 1000 + 500));
  fc.assert(fc.property(any, fc.constantFrom(3, 6), (x, digits) => {
    const [mantissa, e] = exponential(x, digits).split('e');
    // Rounding may have carried into the next power of ten: then the exact digits are one more.
    const n = scaled(x, digits - 1 - Number(e));
    assert.equal(mantissa.replace('.', ''), n.toString());
  }), { numRuns: 3000 });
});

test('general floats drop trailing zeros and change to exponents as C does', () => {
  const cases: [number, string][] = [
    [0, '0'], [1, '1'], [-2.5, '-2.5'], [100000, '100000'], [1e6, '1e+06'], [999999.5, '1e+06'], [123456.5, '123456'], [0.0001, '0.0001'],
    [0.00001, '1e-05'], [1e100, '1e+100'], [5e-324, '4.94066e-324'], [1 / 3, '0.333333'], [NaN, 'nan'], [-Infinity, '-inf'],
  ];
  for (const [x, text] of cases) assert.equal(general(x), text);
  assert.equal(general(0.1, 17), '0.10000000000000001');
  assert.equal(general(1125899906842624.25, 17), '1125899906842624.2');
});

test('printed floats have two digits between a tenth and a million, exponents elsewhere', () => {
  const cases: [number, string][] = [
    [1e6, '1000000.0'], [1000000.0000000009, '1000000.0'], [1000000.0000000012, '1.00e+06'], [0.1, '0.1'], [0.09999999999999996, '1.00e-01'],
    [123456.789, '123456.79'], [-0.05, '-5.00e-02'], [2.5, '2.5'], [0.125, '0.12'], [100, '100.0'], [Infinity, 'inf'],
  ];
  for (const [x, text] of cases) assert.equal(floatText(x), text);
});
