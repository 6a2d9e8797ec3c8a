/** Reductions made while the groups are found, and by group numbers, against loops row by row. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I16_NULL, I32_NULL, I64_NULL, T, Vec, symbol } from '../src/lang/value.js';
import { GROUPED } from '../src/columns/grouped.js';
import { hashGroup, hashGroupRows, type Groups } from '../src/columns/hashing.js';
import { groupKeepingDirect } from '../src/columns/direct-groups.js';
import { gather } from '../src/columns/gather.js';
import type { Pass } from '../src/columns/kept-groups.js';
import { groupKeeping } from '../src/columns/simd-groups.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { RayError } from '../src/lang/errors.js';
import { seeded } from './support/random-columns.js';
import { evaluated, interpreter } from './query-data.js';

const N = 20_003;
const random = seeded(11);
const below = (n: number): number => Math.floor(random() * n);

/* ── columns ─────────────────────────────────────────────────────────── */

type Element = bigint | number | null;
interface Column { readonly v: Vec; readonly elements: readonly Element[] }

const INTS = [0n, 1n, -1n, 2n ** 63n - 1n, I64_NULL + 1n, 2n ** 53n + 1n, -(2n ** 32n)];
const REALS = [0, -0, Infinity, -Infinity, 1e308, 5e-324];
const integers = (t: number, make: (n: number) => Vec['data'], none: number | bigint, one: () => bigint | number) => (nulls: boolean): Column => {
  const elements = Array.from({ length: N }, () => (nulls && random() < 0.3 ? null : one()));
  const data = make(N) as Int32Array;
  elements.forEach((x, i) => (data[i] = (x ?? none) as number));
  return { v: new Vec(t, data, nulls), elements };
};
const real = (): number => (random() < 0.01 ? REALS[below(REALS.length)] : (random() - 0.5) * 10 ** below(20));
const COLUMNS: Readonly<Record<string, (nulls: boolean) => Column>> = {
  i64: integers(T.I64, (n) => new BigInt64Array(n), I64_NULL, () => (random() < 0.1 ? INTS[below(INTS.length)] : BigInt(below(1000) - 500))),
  timestamp: integers(T.TIMESTAMP, (n) => new BigInt64Array(n), I64_NULL, () => BigInt(below(1e9)) * 10n ** 9n),
  f64: integers(T.F64, (n) => new Float64Array(n), NaN, real),
  f32: integers(T.F32, (n) => new Float32Array(n), NaN, () => Math.fround(real() / 1e12)),
  i32: integers(T.I32, (n) => new Int32Array(n), I32_NULL, () => below(2 ** 31) - 2 ** 30),
  time: integers(T.TIME, (n) => new Int32Array(n), I32_NULL, () => below(86_400_000)),
  i16: integers(T.I16, (n) => new Int16Array(n), I16_NULL, () => below(60_000) - 30_000),
  u8: () => integers(T.U8, (n) => new Uint8Array(n), 0, () => below(256))(false),
};

/* ── row by row ──────────────────────────────────────────────────────── */

const isFloat = (v: Vec): boolean => v.t === T.F64 || v.t === T.F32;

function byRow(name: string, { v, elements }: Column, { ids, first }: Groups): (bigint | number)[] {
  const parts: (bigint | number)[][] = Array.from(first, () => []);
  elements.forEach((x, i) => x !== null && parts[ids[i]].push(x));
  const counts = new Array<bigint>(first.length).fill(0n);
  ids.forEach((g) => counts[g]++);
  const total = (part: readonly (bigint | number)[]): number => part.reduce<number>((sum, x) => sum + Number(x), 0);
  const finite = (x: number): number => (Number.isFinite(x) ? x : NaN);
  return parts.map((part, g) => {
    if (name === 'count') return counts[g];
    if (name === 'avg') return finite(total(part) / part.length);
    if (name === 'sum' && v.t === T.TIME) return total(part) | 0;
    if (name === 'sum') return isFloat(v) ? finite(total(part)) : BigInt.asIntN(64, part.reduce<bigint>((sum, x) => sum + BigInt(x), 0n));
    const best = part.reduce<bigint | number | null>((b, x) => (b === null || (name === 'min' ? x < b : x > b) ? x : b), null);
    return best ?? (v.data instanceof BigInt64Array ? I64_NULL : isFloat(v) ? NaN : v.t === T.I16 ? I16_NULL : I32_NULL);
  });
}

function check(name: string, column: Column, groups: Groups, why: string): void {
  const got = GROUPED.get(name)!(column.v, groups);
  if (got === undefined) return assert.ok(name === 'sum' && column.v.t === T.TIMESTAMP, `${why}: no result`);
  const expected = byRow(name, column, groups);
  const isNull = (x: bigint | number): boolean => x !== x || x === I64_NULL || (x === I32_NULL && got.t !== T.I64) || (x === I16_NULL && got.t === T.I16);
  assert.ok([...(got.data as Float64Array)].every((x, g) => Object.is(x, expected[g])), why);
  assert.equal(got.nulls, name !== 'sum' || isFloat(got) || got.t === T.TIME ? expected.some(isNull) && name !== 'count' : false, `${why}: flag`);
}

/* ── keys ────────────────────────────────────────────────────────────── */

const keyed = (one: (i: number) => number): number[] => Array.from({ length: N }, (_, i) => one(i));
const KEYS: readonly (readonly [string, readonly number[]])[] = [
  ['one group', keyed(() => 5)], ['two groups in turns', keyed((i) => i & 1)], ['a hundred groups', keyed(() => below(100))],
  ['runs', keyed((i) => Math.floor(i / 257) - 40)], ['thousands of groups', keyed(() => below(9000))], ['groups that begin late', keyed((i) => Math.floor(i / 5000) * 1000 + below(3))],
];
const KEY_TYPES: Readonly<Record<string, (xs: readonly number[]) => Vec>> = {
  i64: (xs) => new Vec(T.I64, BigInt64Array.from(xs, BigInt)), timestamp: (xs) => new Vec(T.TIMESTAMP, BigInt64Array.from(xs, BigInt)),
  i32: (xs) => new Vec(T.I32, Int32Array.from(xs)), date: (xs) => new Vec(T.DATE, Int32Array.from(xs)),
  sym: (xs) => new Vec(T.SYM, Int32Array.from(xs, (x) => symbol(`key${x}`).id)),
};
/** What the reductions are made of. */
const PASS: Readonly<Record<string, Pass>> = { count: 'count', avg: 'total', min: 'least', max: 'greatest', sum: 'sum' };

for (const [columnName, make] of Object.entries(COLUMNS)) {
  for (const nulls of [false, true]) {
    test(`reductions of ${columnName}${nulls ? ' with nulls' : ''} are those of a loop row by row`, () => {
      const column = make(nulls);
      for (const [keyName, keys] of KEYS) {
        for (const name of Object.keys(PASS)) {
          const key = KEY_TYPES.i64(keys);
          const pass = PASS[name];
          const plain = hashGroup(key);
          check(name, column, plain, `${name} by ${keyName}`);
          if (pass === 'sum' && column.v.t === T.TIMESTAMP) continue;
          const kept = groupKeeping([key], [{ pass, col: pass === 'count' ? null : column.v }]);
          assert.ok(kept !== null, `${name} by ${keyName} is kept`);
          assert.deepEqual(kept.first, plain.first);
          check(name, column, kept, `${name} by ${keyName}, kept`);
          assert.deepEqual(kept.ids, plain.ids);
        }
      }
    });
  }
}

for (const [type, key] of Object.entries(KEY_TYPES)) {
  test(`several reductions by keys of type ${type} are made in one pass`, () => {
    const [a, f, t] = [COLUMNS.i64(true), COLUMNS.f64(true), COLUMNS.i16(true)];
    for (const [keyName, keys] of KEYS) {
      const kept = groupKeeping([key(keys)], [
        { pass: 'count', col: null }, { pass: 'sum', col: a.v }, { pass: 'total', col: a.v }, { pass: 'total', col: f.v }, { pass: 'sum', col: f.v }, { pass: 'sum', col: t.v },
        { pass: 'total', col: t.v }, { pass: 'least', col: a.v }, { pass: 'greatest', col: f.v },
      ]);
      if (keyName === 'thousands of groups') assert.equal(kept, null, 'there is no room for so much');
      const groups = kept ?? hashGroup(key(keys));
      assert.deepEqual(groups.first, hashGroup(key(keys)).first, keyName);
      for (const name of Object.keys(PASS)) for (const column of [a, f, t]) check(name, column, groups, `${name} by ${keyName}`);
    }
  });
}

test('several keys are looked up together', () => {
  const column = COLUMNS.i64(true);
  const wanted = [{ pass: 'sum' as const, col: column.v }, { pass: 'count' as const, col: null }];
  const [hundred, few, late] = [KEYS[2][1], keyed(() => below(4) - 2), keyed((i) => (i < 15_000 ? below(5) : 5 + below(2)))];
  const names = Array.from({ length: 4 }, (_, i) => symbol(`neighbour${i}`).id);
  const symbols = new Vec(T.SYM, Int32Array.from(few, (k) => names[k + 2]));
  const pairs: readonly (readonly [Vec[], readonly (readonly number[])[]])[] = [
    [[KEY_TYPES.i64(hundred), KEY_TYPES.i32(few)], [hundred, few]], [[symbols, KEY_TYPES.date(hundred), KEY_TYPES.timestamp(late)], [few, hundred, late]],
    [[KEY_TYPES.i32(few), KEY_TYPES.i64(few)], [few, few]], [[KEY_TYPES.i64(late), KEY_TYPES.i64(hundred)], [late, hundred]],
  ];
  for (const [cols, numbers] of pairs) {
    // One column of texts is grouped another way.
    const plain = hashGroup(new Vec(T.STR, keyed((i) => i).map((i) => numbers.map((xs) => xs[i]).join())));
    assert.deepEqual(hashGroupRows(cols), plain);
    const kept = groupKeeping(cols, wanted);
    assert.ok(kept !== null);
    assert.deepEqual(kept.first, plain.first);
    for (const name of ['sum', 'count']) check(name, column, kept, name);
    assert.deepEqual(kept.ids, plain.ids);
  }
  const far = (x: number): Vec => KEY_TYPES.i64(few.map((k, i) => (i === N - 1 ? x : k)));
  for (const x of [2 ** 40, -(2 ** 31), 70_000]) assert.equal(groupKeeping([far(x), KEY_TYPES.i32(hundred)], wanted), null, `${x}`);
  assert.equal(groupKeeping([KEY_TYPES.i64(keyed(() => below(1000))), KEY_TYPES.i64(keyed(() => below(1000)))], wanted), null, 'too many pairs');
  assert.equal(groupKeeping([KEY_TYPES.i64(few), new Vec(T.STR, few.map(String))], wanted), null);
});

test('sums and counts of many groups are kept at the places of the keys', () => {
  // Each row many times over, so that there are rows enough.
  const times = 9;
  const rows = Int32Array.from({ length: times * N }, (_, i) => i % N);
  const repeated = ({ v, elements }: Column): Column => ({ v: gather(v, rows), elements: Array.from(rows, (i) => elements[i]) });
  for (const nulls of [false, true]) {
    const [a, f] = [repeated(COLUMNS.i64(nulls)), repeated(COLUMNS.f64(nulls))];
    for (const [type, key] of Object.entries(KEY_TYPES)) {
      const keys = gather(key(keyed((i) => (type === 'sym' ? i % 300 : i % 7 === 0 ? -below(10) : below(80_000)))), rows);
      const plain = hashGroup(keys);
      const kept = groupKeepingDirect([keys], [{ pass: 'sum', col: a.v }, { pass: 'sum', col: f.v }, { pass: 'total', col: f.v }, { pass: 'count', col: null }]);
      assert.ok(kept !== null, type);
      assert.deepEqual(kept.first, plain.first);
      for (const [name, column] of [['sum', a], ['sum', f], ['avg', f], ['count', a]] as const) check(name, column, kept, `${name} by ${type}`);
      assert.deepEqual(kept.ids, plain.ids);
      assert.equal(groupKeepingDirect([keys], [{ pass: 'least', col: a.v }]), null);
      assert.equal(groupKeepingDirect([keys, keys], [{ pass: 'count', col: null }]), null);
    }
  }
  const far = (x: number): Vec => new Vec(T.I64, BigInt64Array.from(rows, (i) => BigInt(i === 5 ? x : i)));
  for (const x of [2 ** 40, -(2 ** 31), rows.length]) assert.equal(groupKeepingDirect([far(x)], [{ pass: 'count', col: null }]), null, `${x}`);
});

test('keys far apart, nulls among keys, few rows and other types of keys are not kept', () => {
  const wanted = [{ pass: 'count' as const, col: null }];
  const keys = keyed(() => below(50));
  const last = (x: bigint): Vec => new Vec(T.I64, BigInt64Array.from(keys, (k, i) => (i === N - 1 ? x : BigInt(k))), x === I64_NULL);
  for (const x of [2n ** 20n, 2n ** 32n, 2n ** 40n, -(2n ** 20n), I64_NULL]) assert.equal(groupKeeping([last(x)], wanted), null, String(x));
  assert.equal(groupKeeping([KEY_TYPES.i64(keys.slice(0, 1000))], wanted), null);
  assert.equal(groupKeeping([new Vec(T.F64, Float64Array.from(keys))], wanted), null);
  assert.notEqual(groupKeeping([last(3n)], wanted), null);
});

test('the pass stops when it is interrupted', () => {
  const interrupt = new Interrupt();
  const key = KEY_TYPES.i64(KEYS[2][1]);
  const previous = enter(interrupt);
  interrupt.raise();
  try {
    assert.throws(() => groupKeeping([key], [{ pass: 'count', col: null }]), (e) => e instanceof RayError && e.code === 'cancel');
  } finally {
    enter(previous);
  }
});

test('queries answer the same however many rows there are', () => {
  const rt = interpreter();
  // A thousand times the same rows: sums are a thousand times as large, all else is the same.
  evaluated(rt, "(set few (table [k s a f] (list [3 1 3 2 1] ['c 'a 'c 'b 'a] [1 0Nl 3 4 5] [0.5 1.5 0Nf 2.5 3.5])))");
  evaluated(rt, '(set many (table [k s a f] (list (take (at few \'k) 50000) (take (at few \'s) 50000) (take (at few \'a) 50000) (take (at few \'f) 50000))))');
  const of = (t: string, by: string, outputs: string): string => evaluated(rt, `(select {${outputs} from: ${t} by: ${by}})`);
  for (const by of ['k', 's', "{k: k}", '{y: (% k 2)}', '[k s]']) {
    for (const outputs of ['m: (min a) x: (max f)', 'v: (avg a) w: (avg f)', 'm: (- (max a) (min a))', 'v: (/ (sum a) (count a))', 'y: (first a) z: (last f) m: (min f)', 'd: (max (+ a 1))']) {
      assert.equal(of('many', by, outputs), of('few', by, outputs), `${outputs} by ${by}`);
    }
    assert.equal(of('many', by, 's: (sum a) n: (count a)'), of('few', by, 's: (* 10000 (sum a)) n: (* 10000 (count a))'), by);
  }
  assert.equal(of('many', 'k', 'm: (max a) k: k'), of('few', 'k', 'm: (max a)'), 'a key named again is there already');
  assert.equal(evaluated(rt, '(do (set sum (fn [x] 7)) (select {s: (sum a) from: many by: k}))'), evaluated(rt, '(select {s: (sum a) from: few by: k})'), 'what a script calls sum');
});
