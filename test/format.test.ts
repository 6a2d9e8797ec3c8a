import test from 'node:test';
import assert from 'node:assert/strict';
import { display, format, replText } from '../src/lang/format.js';
import { fromBytes, toBytes } from '../src/lang/text.js';
import {
  Builtin, Dict, I64_NULL, Lambda, List, STAMP_NULL, T, Table, Vec, date, f32, f64, i16, i32, i64wrap, name, nullOf, stamp, strVec, symVec,
  time, u8, type Value,
} from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';

const longs = (...values: number[]): Vec => new Vec(T.I64, BigInt64Array.from(values, BigInt));
const upTo = (n: number): Vec => longs(...Array.from({ length: n }, (_, i) => i));
const lines = (...text: string[]): string => text.join('\n');
const shown = (v: Value): string => fromBytes(format(v, 1));
const repl = (v: Value, columns?: number): string => fromBytes(replText(v, columns));
const repeat = (text: string, n: number): string => text.repeat(n);

test('atoms read as their literals in every mode', () => {
  const cases: [Value, string][] = [
    [null, 'null'], [true, 'true'], [42, '42'], [i64wrap(2n ** 62n), '4611686018427387904'], ['a"b', '"a"b"'], [name('ab'), 'ab'], [name(''), "'"],
    [u8(10), '0x0a'], [i16(-3), '-3'], [i32(7), '7'], [f32(1.5), '1.5'], [f64(-0), '0.0'], [f64(NaN), '0Nf'], [date(-1), '1999.12.31'],
    [time(-1), '-00:00:00.001'], [stamp(-1n), '1999.12.31D23:59:59.999999999'], [I64_NULL, '0Nl'], [STAMP_NULL, '0Np'],
    [nullOf(T.B8), '0Nb'], [nullOf(T.U8), '0Nu'], [nullOf(T.I16), '0Nh'], [nullOf(T.I32), '0Ni'], [nullOf(T.F32), '0Ne'], [nullOf(T.DATE), '0Nd'],
    [nullOf(T.TIME), '0Nt'], [nullOf(T.GUID), '0Ng'], [new Lambda([], []), 'lambda'], [new RayError('type', 'no'), 'error: type'],
    [new Builtin(101, 'a-very-long-name', (x: Value) => x, {}), '<a-very-long-n>'],
  ];
  for (const [v, text] of cases) for (const mode of [0, 1, 2] as const) assert.equal(format(v, mode), text);
});

test('a sentinel is a null only in a vector that says it has nulls, a NaN always', () => {
  const data = BigInt64Array.of(I64_NULL, 5n);
  assert.equal(format(new Vec(T.I64, data, true), 0), '[0Nl 5]');
  assert.equal(format(new Vec(T.I64, data), 0), '[-9223372036854775808 5]');
  assert.equal(format(new Vec(T.F64, Float64Array.of(NaN)), 0), '[0Nf]');
  assert.equal(format(new Dict(new Vec(T.I64, data), longs(1, 2)), 0), '{0Nl:1 5:2}');
});

test('compact mode writes lists of one atom type like vectors', () => {
  assert.equal(format(new List([1, 2]), 0), '[1 2]');
  assert.equal(format(new List([1, i32(2)]), 0), '(list 1 2)');
  assert.equal(format(new List([1, 2]), 1), '(1 2)');
  assert.equal(format(new List([]), 0), '()');
  assert.equal(format(new List([new List([1, 2]), strVec(['a'])]), 2), '([1 2] ["a"])');
});

test('a vector is cut where its text passes 80 bytes', () => {
  assert.equal(shown(upTo(100)), `[${Array.from({ length: 30 }, (_, i) => i).join(' ')} ..]`);
  assert.equal(shown(strVec([repeat('x', 78)])), `["${repeat('x', 78)}"]`);
  assert.equal(shown(strVec([repeat('x', 79)])), '[..]');
});

test('lists and dicts are cut after 50 entries', () => {
  const fifty = Array.from({ length: 50 }, (_, i) => i);
  assert.equal(shown(new List(fifty)), `(${fifty.join(' ')})`);
  assert.equal(shown(new List([...fifty, 50])), `(${fifty.join(' ')} ..)`);
  assert.equal(shown(new Dict(upTo(51), upTo(51))), `{${fifty.map((i) => `${i}:${i}`).join(' ')} ..}`);
});

test('cut texts read no more elements than they show', () => {
  let reads = 0;
  const data = new Proxy(Array.from({ length: 1000 }, () => 'abc'), {
    get: (target, key) => (typeof key === 'string' && /^\d+$/.test(key) && reads++, Reflect.get(target, key) as unknown),
  });
  const column = new Vec(T.STR, data);
  format(column, 1);
  assert.equal(reads, 14);
  reads = 0;
  format(new Table(symVec(['a']), [column]), 1);
  assert.equal(reads, 20);
  reads = 0;
  replText(new List(Array.from({ length: 1000 }, () => column)));
  assert.ok(reads <= 14 * 21 + 14, `${reads} elements read`);
});

test('what is too wide for the screen is broken into lines at its outermost level first', () => {
  const inner = new Dict(symVec([repeat('a', 21), repeat('b', 21)]), new List([upTo(3), upTo(3)]));
  const long = repeat('x', 20);
  assert.equal(repl(new List([inner, 5])), `({${repeat('a', 21)}:[0 1 2] ${repeat('b', 21)}:[0 1 2]} 5)`);
  assert.equal(repl(new List([inner, 5, long])), lines('(', `  {${repeat('a', 21)}:[0 1 2] ${repeat('b', 21)}:[0 1 2]}`, '  5', `  "${long}"`, ')'));
  assert.equal(repl(new List([inner]), 40), lines('(', '  {', `    ${repeat('a', 21)}: [0 1 2]`, `    ${repeat('b', 21)}: [0 1 2]`, '  }', ')'));
});

test('a broken value shows 20 entries', () => {
  const wide = (n: number): List => new List(Array.from({ length: n }, () => repeat('y', 10)));
  assert.equal(repl(wide(21)).split('\n').length, 23);
  assert.equal(repl(wide(21)).split('\n')[21], '  ...');
  assert.equal(repl(wide(20)).split('\n')[21], ')');
});

test('vectors and tables are never broken', () => {
  assert.equal(repl(upTo(100)), shown(upTo(100)));
  const table = new Table(symVec(['a']), [strVec([repeat('z', 60)])]);
  assert.equal(repl(table, 20), shown(table));
});

test('placeholders show strings and symbols bare and floats with 6 digits', () => {
  assert.deepEqual(
    ['a b', name('s'), name(''), f64(3.14159265), f64(NaN), nullOf(T.U8), nullOf(T.GUID), nullOf(T.I32), null, new RayError('io')].map(display),
    ['a b', 's', "'", '3.14159', '0Nf', 'null', 'null', '0Ni', 'null', 'error'],
  );
  assert.equal(display(new List([f64(3.14159265), 'a'])), '(list 3.14 "a")');
});

test('texts are bytes: UTF-8 passes through', () => {
  assert.equal(fromBytes(format(toBytes('häß'), 0)), '"häß"');
});

test('millions of elements print in full', () => {
  const n = 1_000_000;
  const text = format(new Vec(T.I32, new Int32Array(n).fill(7)), 0);
  assert.equal(text.length, 2 * n + 1);
  const list = format(new List([...new Array<Value>(n).fill(7), 'x']), 0);
  assert.equal(list.length, '(list '.length + 2 * n + '"x")'.length);
});

test('nesting too deep to print is an error of the language', () => {
  let deep: Value = 1;
  for (let i = 0; i < 100_000; i++) deep = new List([deep]);
  assert.throws(() => format(deep, 0), (e) => e instanceof RayError && e.code === 'limit');
  assert.throws(() => replText(deep), (e) => e instanceof RayError && e.code === 'limit');
});
