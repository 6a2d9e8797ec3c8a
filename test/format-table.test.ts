import test from 'node:test';
import assert from 'node:assert/strict';
import { format } from '../src/lang/format.js';
import { fromBytes, toBytes } from '../src/lang/text.js';
import { List, T, Table, Vec, date, i64, strVec, symVec } from '../src/lang/value.js';

const longs = (n: number): Vec => new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => BigInt(i)));
const table = (columns: Record<string, Vec | List>): Table => new Table(symVec(Object.keys(columns)), Object.values(columns));
const box = (t: Table, mode: 1 | 2 = 1): string[] => fromBytes(format(t, mode)).split('\n');

test('a table is a box with names, types and a footer', () => {
  const t = table({
    sym: symVec(['aapl', 'goog']), price: new Vec(T.F64, Float64Array.of(1.5, 2345678)), d: new Vec(T.DATE, Int32Array.of(date(8766).v, date(8767).v)),
  });
  assert.deepEqual(box(t), [
    '┌──────┬──────────┬───────────────────┐',
    '│ sym  │  price   │         d         │',
    '│ SYM  │   F64    │       DATE        │',
    '├──────┼──────────┼───────────────────┤',
    '│ aapl │ 1.5      │ 2024.01.01        │',
    '│ goog │ 2.35e+06 │ 2024.01.02        │',
    '├──────┴──────────┴───────────────────┤',
    '│ 2 rows (2 shown) 3 columns (3 shown)│',
    '└─────────────────────────────────────┘',
  ]);
});

test('of more than 20 rows the first and the last 10 are shown', () => {
  assert.equal(box(table({ a: longs(20) })).length, 27);
  const lines = box(table({ a: longs(21) }));
  assert.equal(lines.length, 28);
  assert.deepEqual(lines.slice(13, 16).map((line) => line.trim()), [
    '│ 9                                     │', '┆                   …                   ┆', '│ 11                                    │',
  ]);
  assert.equal(lines.at(-2), '│ 21 rows (20 shown) 1 columns (1 shown)│');
  assert.equal(box(table({ a: longs(21) }), 2).length, 28);
  assert.equal(box(table({ a: longs(21) }), 2).some((line) => line.includes('…')), false);
});

test('of more than 10 columns the rest is a narrow column', () => {
  const t = table(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, longs(1)])));
  const lines = box(t);
  assert.ok(lines[1].endsWith('│ c9  │ … │'), lines[1]);
  assert.ok(lines[3].endsWith('┼───┤'));
  assert.equal(lines[5], `├${'─────┴'.repeat(10)}───┤`);
  assert.ok(lines[6].includes(' 1 rows (1 shown) 12 columns (10 shown)'));
  assert.equal(lines[7].length, lines[0].length);
});

test('a cell is cut to 63 bytes, and lists stand in it as the REPL shows them', () => {
  const lines = box(table({ s: strVec(['x'.repeat(100)]), l: new List([new List([i64(1n), i64(2n)])]) }));
  assert.equal(lines[4], `│ "${'x'.repeat(62)} │ (1 2) │`);
});

test('without rows there is a head, without columns only a word', () => {
  assert.deepEqual(box(table({ a: longs(0) })).map((line) => line.trim()), [
    '┌─────────────────────────────────────┐', '│                  a                  │', '│                 I64                 │',
    '├─────────────────────────────────────┤', '├─────────────────────────────────────┤', '│ 0 rows (0 shown) 1 columns (1 shown)│',
    '└─────────────────────────────────────┘',
  ]);
  assert.deepEqual(box(table({})), ['<table>']);
});

test('the compact form can be read back', () => {
  assert.equal(format(table({ a: longs(2), b: strVec([toBytes('ä'), '']) }), 0), toBytes('(table [a b] (list [0 1] ["ä" ""]))'));
  assert.equal(format(table({}), 0), '(table [] (list ))');
});
