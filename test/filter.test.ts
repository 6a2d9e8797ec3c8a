/** Rows by a mask: the pieces that go through the compiled kernels against picking row by row. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { filterColumns } from '../src/columns/filter.js';
import { gather, maskToIndices } from '../src/columns/gather.js';
import { filtering } from '../src/columns/wasm/index.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { RayError } from '../src/lang/errors.js';
import { List, T, Vec } from '../src/lang/value.js';
import { randomOf, seeded } from './support/random-columns.js';
import { evaluated, interpreter } from './query-data.js';

const random = seeded(3);
const TYPES = [T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID, T.SYM, T.STR];
const mask = (n: number, is: (i: number) => boolean): Vec => new Vec(T.B8, Uint8Array.from({ length: n }, (_, i) => (is(i) ? 1 : 0)));
const MASKS: readonly (readonly [string, (i: number, n: number) => boolean])[] = [
  ['nothing', () => false], ['everything', () => true], ['half', () => random() < 0.5], ['most', () => random() < 0.95], ['few', () => random() < 0.05],
  ['hardly any', () => random() < 0.001], ['all but the last', (i, n) => i < n - 1], ['the first half', (i, n) => i < n / 2], ['runs', (i) => (i & 5000) === 0], ['every other', (i) => (i & 1) === 1],
];
const bytes = (v: Vec): unknown => (v.t === T.STR ? v.data : Buffer.from((v.data as Uint8Array).buffer, (v.data as Uint8Array).byteOffset, (v.data as Uint8Array).byteLength));

test('there are kernels on this host', () => assert.notEqual(filtering(), null));

for (const n of [0, 100, 16384, 20_001, 70_063]) {
  test(`of ${n} rows those are picked that are true, whatever the type`, () => {
    const cols = TYPES.map((t) => randomOf(t, n, random));
    for (const [what, is] of MASKS) {
      const m = mask(n, (i) => is(i, n));
      const rows = maskToIndices(m);
      filterColumns(cols, m).forEach((got, k) => {
        const expected = gather(cols[k], rows);
        assert.ok(got instanceof Vec);
        assert.deepEqual([got.t, got.nulls, got.length], [expected.t, expected.nulls, expected.length], `${what}, type ${cols[k].t}`);
        assert.deepEqual(bytes(got), bytes(expected), `${what}, type ${cols[k].t}`);
      });
    }
  });
}

test('a column that is part of a longer one, and one of lists', () => {
  const long = Float64Array.from({ length: 40_000 }, (_, i) => i);
  const part = new Vec(T.F64, long.subarray(777, 777 + 20_000));
  const lists = new List(Array.from({ length: 20_000 }, (_, i) => new List([i])));
  const [a, b] = filterColumns([part, lists], mask(20_000, (i) => i % 3 === 1));
  assert.deepEqual([...(a as Vec).data].slice(0, 3), [778, 781, 784]);
  assert.equal(b.length, a.length);
  assert.equal(((b as List).items[2] as List).items[0], 7);
});

test('every byte but 0 is true', () => {
  const m = new Vec(T.B8, new Uint8Array(20_000).map((_, i) => (i % 4 === 0 ? 128 + (i % 100) : 0)));
  assert.equal(filterColumns([m], m)[0].length, 5000);
});

test('a query keeps the rows of its where clause', () => {
  const rt = interpreter();
  evaluated(rt, "(set t (table [a s n] (list (til 50000) (take ['x 'y 'z] 50000) (take [1.5 0Nf] 50000))))");
  assert.equal(evaluated(rt, '(count (select {from: t where: (> a 39999)}))'), '10000');
  assert.equal(evaluated(rt, '(select {from: t where: (and (> a 39999) (< a 40003))})'), '(table [a s n] (list [40000 40001 40002] [y z x] [1.5 0Nf 1.5]))');
  assert.equal(evaluated(rt, "(select {a: (sum a) c: (count s) from: t where: (== s 'x)})"), '(table [a c] (list [416658333] [16667]))');
  assert.equal(evaluated(rt, '(count (select {from: t where: false}))'), '0');
  assert.equal(evaluated(rt, '(count (select {from: t where: true}))'), '50000');
});

test('picking stops when it is interrupted', () => {
  const v = new Vec(T.I64, new BigInt64Array(200_000));
  const m = mask(200_000, (i) => i % 2 === 0);
  const interrupt = new Interrupt();
  const previous = enter(interrupt);
  interrupt.raise();
  try {
    assert.throws(() => filterColumns([v], m), (e) => e instanceof RayError && e.code === 'cancel');
  } finally {
    enter(previous);
  }
});

test('elements of 8 bytes are gathered bit for bit, few and many', () => {
  const source = BigInt64Array.from({ length: 1000 }, (_, i) => (BigInt(i) * 0x9e3779b97f4a7c15n) ^ (i % 2 === 0 ? 0x7ff4000000000000n : 0n));
  for (const n of [10, 65_536, 70_001]) {
    const at = Int32Array.from({ length: n }, () => Math.floor(random() * 990));
    const expected = BigInt64Array.from(at, (i) => source[i + 7]);
    for (const t of [T.I64, T.TIMESTAMP]) assert.deepEqual(gather(new Vec(t, source.subarray(7)), at).data, expected);
    assert.deepEqual(bytes(gather(new Vec(T.F64, new Float64Array(source.buffer, 56)), at)), bytes(new Vec(T.I64, expected)));
  }
});
