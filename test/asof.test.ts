/** As-of joins against a search row by row: key and time types, nulls, and sides in order or not. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { latestRows } from '../src/columns/asof.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { RayError } from '../src/lang/errors.js';
import { I32_NULL, I64_NULL, T, Vec, symbol } from '../src/lang/value.js';
import { seeded } from './support/random-columns.js';

const random = seeded(7);
const below = (n: number): number => Math.floor(random() * n);
type Numbers = readonly (number | null)[];

const longs = (t: number, scale: bigint) => (xs: Numbers): Vec =>
  new Vec(t, BigInt64Array.from(xs, (x) => (x === null ? I64_NULL : BigInt(x) * scale)), xs.includes(null));
const words = (t: number, scale: number) => (xs: Numbers): Vec => new Vec(t, Int32Array.from(xs, (x) => (x === null ? I32_NULL : x * scale)), xs.includes(null));
const symbols = (xs: Numbers): Vec => new Vec(T.SYM, Int32Array.from(xs, (x) => symbol(`k${x ?? 'none'}`).id));
const far = symbols(Array.from({ length: 70_000 }, (_, i) => i)).data as Int32Array;

const KEYS: readonly (readonly [string, (xs: Numbers) => Vec])[] = [
  ['i64', longs(T.I64, 1n)], ['i64 far apart', longs(T.I64, 10n ** 15n)], ['i32', words(T.I32, 1)], ['i32 far apart', words(T.I32, 100_000_000)],
  ['f64', (xs) => new Vec(T.F64, Float64Array.from(xs, (x) => x ?? NaN), xs.includes(null))],
  ['symbols', symbols], ['symbols far apart', (xs) => new Vec(T.SYM, Int32Array.from(xs, (x) => far[((x ?? 0) + 10) * 3000]))],
];
const TIMES: readonly (readonly [string, (xs: Numbers) => Vec])[] = [
  ['i64', longs(T.I64, 1n)], ['timestamps', longs(T.TIMESTAMP, 1n)], ['i64 across 32 bits', longs(T.I64, 2n ** 31n)], ['i64 beyond doubles', longs(T.I64, 2n ** 56n)],
  ['times', words(T.TIME, 1)], ['i32 of the whole range', words(T.I32, 2 ** 26)], ['i16', (xs) => new Vec(T.I16, Int16Array.from(xs, (x) => x ?? -32768), xs.includes(null))],
  ['f64', (xs) => new Vec(T.F64, Float64Array.from(xs, (x) => (x === null ? NaN : x / 4 || -0)), xs.includes(null))],
  ['f64 that may be infinite', (xs) => new Vec(T.F64, Float64Array.from(xs, (x) => (x === null ? NaN : x > 20 ? Infinity : x < -20 ? -Infinity : x)), xs.includes(null))],
];

interface SideOf { readonly keys: Numbers; readonly times: Numbers }
function side(n: number, nulls: boolean, ordered: boolean): SideOf {
  const one = (range: number): number | null => (nulls && random() < 0.15 ? null : below(range * 2) - range);
  const times = Array.from({ length: n }, () => one(30));
  if (ordered) times.sort((a, b) => (a ?? -Infinity) - (b ?? -Infinity) || 0);
  return { keys: Array.from({ length: n }, () => one(3)), times };
}

function byRow(left: SideOf, right: SideOf, keyed: boolean, time: (x: number) => number): number[] {
  return left.times.map((t, i) => {
    let best = -1;
    right.times.forEach((rt, r) => {
      if (t === null || rt === null || (keyed && (left.keys[i] === null || right.keys[r] !== left.keys[i]))) return;
      if (time(rt) <= time(t) && (best < 0 || time(rt) >= time(right.times[best]!))) best = r;
    });
    return best;
  });
}

for (const [timeName, times] of TIMES) {
  const time = timeName.includes('infinite') ? (x: number) => (x > 20 ? Infinity : x < -20 ? -Infinity : x) : (x: number) => x;
  test(`the latest row by ${timeName} is the one a search row by row finds`, () => {
    for (const [keyName, keys] of KEYS) {
      for (const [n, m] of [[40, 60], [0, 20], [20, 0], [1, 50], [50, 1]]) {
        for (let how = 0; how < 8; how++) {
          // Symbols are never null.
          const nulls = (how & 1) !== 0;
          const left = side(n, nulls, (how & 2) !== 0);
          const right = side(m, nulls, (how & 4) !== 0);
          const symbolic = keyName.startsWith('symbols');
          const [l, r] = symbolic ? [left, right].map((s) => ({ ...s, keys: s.keys.map((k) => k ?? 0) })) : [left, right];
          const got = latestRows([keys(l.keys)], [keys(r.keys)], times(l.times), times(r.times));
          assert.deepEqual([...got], byRow(l, r, true, time), `${keyName}, ${n} into ${m}, ${how}`);
          assert.deepEqual([...latestRows([], [], times(l.times), times(r.times))], byRow(l, r, false, time), `no keys, ${n} into ${m}, ${how}`);
        }
      }
    }
  });
}

test('several keys, and times of two types', () => {
  for (let how = 0; how < 8; how++) {
    const left = side(60, (how & 1) !== 0, (how & 2) !== 0);
    const right = side(90, (how & 1) !== 0, (how & 4) !== 0);
    const key = longs(T.I64, 1n);
    const pair = (s: SideOf): Vec[] => [key(s.keys), words(T.I32, 1)(s.keys)];
    assert.deepEqual([...latestRows(pair(left), pair(right), words(T.I32, 1)(left.times), key(right.times))], byRow(left, right, true, (x) => x));
    assert.deepEqual([...latestRows(pair(left), pair(right), TIMES[0][1](left.times), new Vec(T.F64, Float64Array.from(right.times, (x) => x ?? NaN), true))], byRow(left, right, true, (x) => x));
  }
});

test('times that are symbols are compared as texts', () => {
  const names = (...texts: string[]): Vec => new Vec(T.SYM, Int32Array.from(texts, (s) => symbol(s).id));
  assert.deepEqual([...latestRows([], [], names('b', 'a', 'd'), names('c', 'b'))], [1, -1, 0]);
});

test('long sides are walked in pieces', () => {
  const n = 50_000;
  const t = new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => BigInt(i)));
  const early = new Vec(T.I64, new BigInt64Array(n));
  const all = Int32Array.from({ length: n }, (_, i) => i);
  assert.deepEqual(latestRows([], [], t, t), all);
  assert.deepEqual(latestRows([], [], t, early), all.map(() => n - 1));
  assert.deepEqual(latestRows([], [], early, t), all.map(() => 0));
});

test('the walk stops when it is interrupted', () => {
  const t = new Vec(T.I64, new BigInt64Array(200_000));
  const interrupt = new Interrupt();
  const previous = enter(interrupt);
  interrupt.raise();
  try {
    assert.throws(() => latestRows([], [], t, t), (e) => e instanceof RayError && e.code === 'cancel');
  } finally {
    enter(previous);
  }
});
