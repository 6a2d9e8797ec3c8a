/** Lists that are too long for one array: they are the lists they would be in one, whatever is in them and whatever is done with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUILTINS } from '../src/builtins/index.js';
import { eachPrior, mapEach, scanLeft, scanRight, zipEach } from '../src/columns/each.js';
import { columnOfLong } from '../src/columns/concat.js';
import { gather } from '../src/columns/gather.js';
import { enlist, itemAt, items, pack, packOrList, reader } from '../src/columns/item.js';
import { LONG, ListBuilder, LongList, listFrom } from '../src/columns/long-list.js';
import { iota } from '../src/columns/slice.js';
import { ROWS as SERDE } from '../src/engine/serde-builtins.js';
import { RayError, fail } from '../src/lang/errors.js';
import { format } from '../src/lang/format.js';
import { Interp } from '../src/lang/interpreter.js';
import { BLOCK } from '../src/lang/interrupt.js';
import type { HostServices } from '../src/lang/runtime.js';
import {
  Dict, F64, Guid, I64_NULL, List, Narrow, Stamp, Sym, T, Table, Vec, date, f32, f64, i16, i32, isNull, name, nullOf, symVec, symbol, time, u8, type Value,
} from '../src/lang/value.js';

const RUNS = 6;
/** Long enough for a last part that is not full. */
const N = LONG + BLOCK + 77;
const PARTS = Math.ceil(N / BLOCK);

type Maker = (i: number) => Value;
const nulls = (t: number, f: Maker): Maker => (i) => (i % 5 === 0 ? nullOf(t) : f(i));

/** What a part of a list may be made of. */
const MAKERS: Record<string, Maker> = {
  b8: (i) => i % 3 === 0, u8: (i) => u8(i), i16: (i) => i16(i * 7), i32: (i) => i32(i * 77_777), i64: (i) => i - 5000,
  'i64 of all sizes': (i) => [i, i - 2 ** 31, i * 2 ** 30, -1 - i * 2 ** 30, 9007199254740993n + BigInt(i), -(2n ** 63n) + 1n + BigInt(i), 2n ** 63n - 1n][i % 7],
  f32: (i) => f32(i / 3), f64: (i) => f64(i / 3), 'f64 at the edge': (i) => f64([0, -0, NaN, 5e-324, -1e308, Infinity][i % 6]),
  'f32 that is none': (i) => new Narrow(-T.F32, i / 3 + 1e-12), date: (i) => date(i), time: (i) => time(i), timestamp: (i) => new Stamp(BigInt(i) * 86_400_000_001n),
  guid: (i) => new Guid(String.fromCharCode(i & 255, (i >> 8) & 255).padEnd(16, '\xff')), sym: (i) => name(`s${i % 9}`), 'quoted sym': (i) => symbol(`s${i % 9}`),
  'both kinds of sym': (i) => (i % 2 === 0 ? symbol : name)(`s${i % 9}`), str: (i) => 'ab'.slice(0, i % 3),
  'null': () => null, 'b8 null': nulls(T.B8, (i) => i % 2 === 0), 'u8 null': nulls(T.U8, (i) => u8(i)), 'i16 null': nulls(T.I16, (i) => i16(i)), 'i32 null': nulls(T.I32, (i) => i32(i)),
  'i64 null': nulls(T.I64, (i) => i), 'f32 null': nulls(T.F32, (i) => f32(i)), 'f64 null': nulls(T.F64, (i) => f64(i)), 'date null': nulls(T.DATE, (i) => date(i)),
  'timestamp null': nulls(T.TIMESTAMP, (i) => new Stamp(BigInt(i))), 'guid null': nulls(T.GUID, () => new Guid('g'.repeat(16))),
  'numbers of two types': (i) => (i % 2 === 0 ? i : f64(i)), 'a float at the end': (i) => (i % BLOCK === BLOCK - 1 ? f64(i) : i), 'a null at the end': (i) => (i % BLOCK === BLOCK - 1 ? null : i),
  list: (i) => new List([i, 'a']), 'empty list': () => new List([]), vector: (i) => new Vec(T.I64, BigInt64Array.of(BigInt(i))), dict: (i) => new Dict(symVec(['a']), new List([i])),
};
/** Mostly lists of one type or two, in which single parts are different. */
const makers = fc.tuple(
  fc.constantFrom(...Object.keys(MAKERS)), fc.constantFrom(...Object.keys(MAKERS)), fc.array(fc.nat({ max: PARTS - 1 }), { maxLength: 4 }),
).map(([usual, other, where]): Maker => (i) => MAKERS[where.includes(Math.floor(i / BLOCK)) ? other : usual](i));

/** Asserted once for all elements: a million assertions take a second. */
function assertSame(actual: (i: number) => Value, expected: readonly Value[], what: string): void {
  const at = expected.findIndex((v, i) => !same(actual(i), v));
  assert.equal(at, -1, at < 0 ? what : `${what}: element ${at} is ${show(actual(at))} and not ${show(expected[at])}`);
}
const show = (v: Value): string => (v instanceof Object ? JSON.stringify(v, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x)) : String(v));

/** Nothing can tell the two apart. */
function same(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof F64) return b instanceof F64 && Object.is(a.v, b.v);
  if (a instanceof Narrow) return b instanceof Narrow && a.t === b.t && Object.is(a.v, b.v);
  if (a instanceof Stamp) return b instanceof Stamp && a.v === b.v;
  return a instanceof Guid && b instanceof Guid && a.v === b.v;
}

const plain = (f: Maker, n = N): Value[] => Array.from({ length: n }, (_, i) => f(i));
const check = (body: (f: Maker, values: Value[]) => void): void =>
  fc.assert(fc.property(makers, (f) => {
    const values = plain(f);
    body((i) => values[i], values);
  }), { numRuns: RUNS });
const over = (n: number): Vec => iota(n);

test('a long list has the elements its function made, one by one, in order and all at once', () => {
  check((f, values) => {
    const long = mapEach(over(N), (i) => f(i as number));
    assert.ok(long instanceof LongList);
    assert.equal(long.length, N);
    assertSame((i) => long.item(i), values, 'item');
    assertSame(long.reader(), values, 'reader');
    assert.equal(long.item(N), undefined);
    assertSame((i) => long.items[i], values, 'items');
    assert.equal(long.items.length, N);
    assertSame((i) => long.item(i), values, 'item of the whole');
    assertSame(long.reader(), values, 'reader of the whole');
  });
});

test('every kind of element comes out of a part of its own as it went in', () => {
  const kinds = Object.values(MAKERS);
  const values = plain((i) => kinds[Math.floor(i / BLOCK)](i), kinds.length * BLOCK);
  assertSame(mapEach(over(values.length), (i) => values[i as number]).reader(), values, 'elements');
});

test('atoms of one type lie in columns, which join into the column a plain list of them makes', () => {
  for (const kind of ['b8', 'u8', 'i16', 'i64 of all sizes', 'i64 null', 'f32', 'f64 null', 'date', 'timestamp', 'sym', 'quoted sym']) {
    const values = plain(MAKERS[kind]);
    const column = columnOfLong(mapEach(over(N), (i) => values[i as number]));
    const expected = packOrList(values) as Vec;
    assert.ok(column instanceof Vec, kind);
    assert.equal(column.t, expected.t);
    assert.equal(column.nulls, expected.nulls);
    assert.ok(Buffer.from((column.data as Uint8Array).buffer).equals(Buffer.from((expected.data as Uint8Array).buffer)), kind);
  }
  for (const kind of ['b8 null', 'u8 null', 'both kinds of sym', 'str', 'a null at the end']) assert.equal(columnOfLong(mapEach(over(N), (i) => MAKERS[kind](i as number))), null, kind);
  assert.equal(columnOfLong(mapEach(over(N), (i) => (i === N - 1 ? f64(1) : i))), null, 'the last part is of another type');
});

test('pairs, predecessors and accumulators of long columns are those of plain ones', () => {
  check((f, values) => {
    const xs = new List(values);
    const tagged = (a: Value, b: Value): Value => (isNull(b) ? a : b);
    assertSame(zipEach(xs, over(N + 5), (a, b) => ((b as number) % 7 === 0 ? b : a)).reader(), values.map((v, i) => (i % 7 === 0 ? i : v)), 'pairs');
    assertSame(eachPrior(xs, (a, b) => tagged(a, b)).reader(), values.map((v, i) => tagged(v, values[Math.max(0, i - 1)])), 'predecessors');
    let acc: Value = null;
    assertSame(scanLeft(xs, tagged).reader(), values.map((v, i) => (acc = i === 0 ? v : tagged(acc, v))), 'accumulators');
    const back = new Array<Value>(N);
    for (let i = N - 1; i >= 0; i--) back[i] = i === N - 1 ? values[i] : tagged(values[i], back[i + 1]);
    assertSame(scanRight(xs, tagged).reader(), back, 'accumulators from the right');
    assert.ok(f(0) === values[0]);
  });
});

test('the elements of a long vector are a list of them where they are', () => {
  for (const kind of ['b8', 'i16', 'i64 null', 'f64 null', 'date', 'timestamp null', 'guid', 'sym', 'str']) {
    const vec = packOrList(plain(MAKERS[kind])) as Vec;
    const list = listFrom(vec);
    assert.equal(list.length, N);
    assertSame(list.reader(), items(vec), kind);
  }
});

test('a list of unknown length is the array of what was pushed, short or long', () => {
  for (const n of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, LONG, LONG + 1, N]) {
    for (const kind of ['i64', 'str', 'a float at the end']) {
      const out = new ListBuilder();
      for (let i = 0; i < n; i++) out.push(MAKERS[kind](i));
      const list = out.list();
      assert.equal(list.length, n);
      assert.equal(list instanceof LongList, n > LONG);
      assertSame(list.reader(), plain(MAKERS[kind], n), `${n} of ${kind}`);
    }
  }
});

/* ── through the language ────────────────────────────────────────────── */

const interp = (): Interp => new Interp({
  host: {} as HostServices,
  builtins: [...BUILTINS, ...SERDE, { name: 'nth', arity: 1, args: 'i', doc: 'the value made for a number', example: '1', fn: (i) => made(i as number) }],
  itemAt,
});
let made: Maker = () => null;

/** Expressions over `l`, in which `x` are the numbers below its length. */
const USES = [
  '(count l)', '(type l)', '(first l)', '(last l)', '(at l 1048576)', '(at l x)', '(take l -70000)', '(take l 2300000)', '(take l [1000000 100000])', '(drop l 3)', '(reverse l)', '(rotate l 65537)',
  '(concat l l)', '(concat 1 l)', "(concat l 'a)", '(concat x l)', '(raze (drop l 65530))', '(filter l (== 0 (% x 2)))', '(filter x l)', '(sum l)', '(med l)', '(+ l 1)', '(== l 3)', '(nil? l)', '(find l 7)', '(in 7 l)',
  "(as 'F64 l)", '(map-left (fn [a b] a) l 1)', '(map (fn [v] v) l)', '(scan (fn [a b] b) l)', '(fold (fn [a b] b) l)', '(dict x l)', '(remove (dict x l) 5)', "(at (table ['a] (list l)) 'a)",
  '(select {from: (table [a b] (list l x)) where: (< b 5)})', '(format "%" (take l 1048577))', '(distinct (drop l 1000000))', '(str-join l ",")', '(ser l)', '(de (ser l))', '(.mem.objsize l)', '(insert l 5)', '(cut l [5 70000 1048577])', '(.json.format l)',
];

/** The value, or the error as a text. */
function outcome(rt: Interp, source: string): Value {
  try {
    return rt.top(() => rt.run(source));
  } catch (e) {
    return e instanceof RayError ? `${e.code}: ${e.message}` : String(e);
  }
}

/** As `same`, all the way down. */
function alike(a: Value, b: Value): boolean {
  if (a instanceof List) return b instanceof List && alikeAll(a, b);
  if (a instanceof Vec) return b instanceof Vec && a.t === b.t && a.nulls === b.nulls && alikeAll(a, b);
  if (a instanceof Dict) return b instanceof Dict && alike(a.keys, b.keys) && alike(a.vals, b.vals);
  if (a instanceof Table) return b instanceof Table && alike(a.names, b.names) && alikeAll(new List(a.cols), new List(b.cols));
  return same(a, b);
}

function alikeAll(a: Vec | List, b: Vec | List): boolean {
  if (a.length !== b.length) return false;
  const [x, y] = [reader(a), reader(b)];
  for (let i = 0; i < a.length; i++) if (!alike(x(i), y(i))) return false;
  return true;
}

const MIXES: Record<string, Maker> = {
  i64: MAKERS.i64, 'f64 with nulls': MAKERS['f64 null'], 'i64 and f64': (i) => (i < BLOCK ? i : f64(i)), str: MAKERS.str,
  mixed: (i) => (i < BLOCK ? i : [i, 'a', f64(1), null, name('s'), new List([i])][i % 6]),
};

for (const [what, f] of Object.entries(MIXES)) {
  test(`what is done with a long list (${what}) gives what it gives with a plain one`, () => {
    const rt = interp();
    const values = plain(f);
    const long = mapEach(over(N), (i) => values[i as number]);
    rt.top(() => rt.run(`(set x (til ${N}))`));
    const wrong: string[] = [];
    for (const source of USES) {
      const at = (l: List): Value => {
        rt.env.define('l', l);
        return outcome(rt, source);
      };
      // A list that was asked for all its elements is a plain one from then on.
      const [actual, expected] = [at(gather(long, ALL) as List), at(new List(values))];
      if (!alike(actual, expected)) wrong.push(`${source}: ${format(actual, 1)} and not ${format(expected, 1)}`);
    }
    assert.deepEqual(wrong, []);
    assert.equal(outcome(rt, '(count l)'), N);
  });
}
const ALL = Int32Array.from({ length: N }, (_, i) => i);

test('an error in the middle of a long list is that error, and nothing is left of the list', () => {
  const rt = interp();
  for (const at of [0, BLOCK - 1, BLOCK, LONG, N - 1]) {
    made = (i) => (i === at ? fail('domain', `no ${i}`) : i);
    rt.top(() => rt.run('(set l 7)'));
    assert.equal(outcome(rt, `(set l (map nth (til ${N})))`), `domain: no ${at}`);
    assert.equal(rt.top(() => rt.run('l')), 7);
  }
  made = (i) => f64(i);
  assert.equal(rt.top(() => rt.run(`(sum (map nth (til ${N})))`)) instanceof F64, true);
});

test('an interrupt in the middle of a long list stops it within a part', () => {
  const rt = interp();
  for (const form of [`(map nth (til ${N}))`, `(scan-right (fn [a b] (nth a)) (til ${N}))`, `(take (map nth (til ${N})) 9)`]) {
    let calls = 0;
    made = (i) => {
      if (++calls === LONG - 5) rt.interrupt.raise();
      return i;
    };
    assert.match(String(outcome(rt, form)), /^cancel/);
    assert.ok(calls < LONG + BLOCK, `${calls} calls`);
  }
});

test('a long map within a long map, and lists of them', () => {
  const rt = interp();
  made = (i) => i;
  const value = (source: string): Value => rt.top(() => rt.run(source));
  assert.deepEqual(value(`(map (fn [k] (sum (map (fn [v] (+ v 1)) (til ${N})))) [1 2])`), new List([N * (N + 1) / 2, N * (N + 1) / 2]));
  const inner = value(`(map (fn [k] (if (== k ${LONG}) (count (map nth (til ${N}))) k)) (til ${N}))`) as List;
  assert.ok(inner instanceof LongList);
  assertSame(inner.reader(), plain((i) => (i === LONG ? N : i)), 'elements');
});

test('what only a long list has is known by its results: enlist widens, a column of a table is typed', () => {
  const rt = interp();
  rt.top(() => rt.run(`(set x (til ${N}))`));
  const value = (source: string): Value => rt.top(() => rt.run(source));
  const widened = value('(map-left (fn [a b] (if (< a 5) a (* a 0.5))) x 1)') as Vec;
  assert.equal(widened.t, T.F64);
  assert.deepEqual(widened, enlist(plain((i) => (i < 5 ? i : f64(i / 2)))));
  assert.equal((value("(at (table ['a] (list (map (fn [v] v) x))) 'a)") as Vec).t, T.I64);
  assert.equal((value('(map (fn [v] v) x)') as List).t, T.LIST);
  assert.deepEqual(value('(map-left + x 1)'), pack(T.I64, plain((i) => i + 1)));
  assert.equal(value(`(at (map (fn [v] (if (== v ${LONG}) 0Nl v)) x) ${LONG})`), I64_NULL);
  assert.ok(value("(first (map (fn [v] 'a) x))") instanceof Sym);
});
