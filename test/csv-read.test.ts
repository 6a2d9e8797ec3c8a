import test from 'node:test';
import assert from 'node:assert/strict';
import { T, Table, Vec, symVec } from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { format } from '../src/lang/format.js';
import { readCsv, NARROWEST, type ByteSource, type CsvSchema } from '../src/columns/csv-read.js';
import { csvText } from '../src/columns/csv-write.js';
import { randomOf, seeded } from './support/random-columns.js';

const INFERRED: CsvSchema = { types: null, names: null };

/** Bytes in memory that are handed out `step` at a time. */
function source(text: string | Buffer, step = Infinity): ByteSource {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  return {
    size: bytes.length,
    read: (into, at, n, position) => {
      const part = bytes.subarray(position, position + Math.min(n, step));
      into.set(part, at);
      return part.length;
    },
  };
}

const shown = (table: Table): string => format(table, 0);

test('a file that arrives byte by byte gives the table of the whole one', () => {
  const text = 'a,b,"c,d"\r\n1,x,"two\nlines"\r\n2,"say ""hi""",\r\n\r\n4,y,"\r"\r\n5';
  const whole = readCsv(source(text), INFERRED);
  for (const step of [1, 2, 3, 7]) assert.equal(shown(readCsv(source(text, step), INFERRED)), shown(whole));
  assert.equal(whole.length, 5);
});

test('a file of several windows is read to its end, cells across windows included', () => {
  const rows = 600_000;
  let text = 'i,s\n';
  const parts: string[] = [];
  for (let i = 0; i < rows; i++) parts.push(`${i},"line ${i}\nof a ""quoted"" cell"\n`);
  text += parts.join('');
  assert.ok(text.length > 2 * 8 * 2 ** 20);
  const table = readCsv(source(text), INFERRED);
  assert.equal(table.length, rows);
  const numbers = table.cols[0] as Vec;
  const texts = table.cols[1] as Vec;
  assert.deepEqual([numbers.t, texts.t], [T.I64, T.STR]);
  for (let i = 0; i < rows; i++) {
    if (numbers.data[i] !== BigInt(i) || texts.data[i] !== `line ${i}\nof a "quoted" cell`) assert.fail(`row ${i}`);
  }
});

test('a cell may be longer than a window', () => {
  const long = 'x'.repeat(20 * 2 ** 20);
  const table = readCsv(source(`a,b\n1,"${long}"\n2,y\n`), { types: [T.I64, T.STR], names: null });
  assert.equal(table.length, 2);
  assert.equal((table.cols[1].length === 2 && ((table.cols[1] as Vec).data[0] as string)).toString(), long);
});

test('a sample sees texts that come late in the file', () => {
  const text = 'a\n' + '1\n'.repeat(20_000) + 'last\n';
  assert.equal((readCsv(source(text), INFERRED).cols[0] as Vec).t, T.SYM);
});

test('reading stops when it is interrupted', () => {
  const interrupt = new Interrupt();
  const outer = enter(interrupt);
  try {
    interrupt.raise();
    assert.throws(() => readCsv(source('a\n' + '1\n'.repeat(100)), INFERRED), (e) => e instanceof RayError && e.code === 'cancel');
  } finally {
    enter(outer);
  }
});

test('a file that became shorter while it is read ends where it ends', () => {
  const whole = source('a\n1\n2\n3\n');
  const table = readCsv({ size: 1000, read: whole.read }, { types: [T.I64], names: null });
  assert.equal(table.length, 3);
});

test('floats read as the nearest double, whatever their length', () => {
  const random = seeded(5);
  const texts = Array.from({ length: 5000 }, () => String((random() - 0.5) * 10 ** Math.floor(random() * 60 - 30)));
  texts.push('0.1', '123456789012345', '1234567890123456', '9007199254740993', '179769313486231570000', '5e-324', '.5', '5.', '-0.0', '000000000000000000001.5');
  const column = readCsv(source('f\n' + texts.join('\n')), { types: [T.F64], names: null }).cols[0] as Vec;
  texts.forEach((text, i) => assert.equal((column.data[i] as number) + 0, Number(text) + 0, text));
});

test('integers read exactly up to 64 bits, and not beyond', () => {
  const texts = ['0', '-1', '+7', '999999999999999', '-999999999999999', '1000000000000000', '9007199254740993', '9223372036854775807', '-9223372036854775807'];
  const column = readCsv(source('i\n' + texts.join('\n') + '\n9223372036854775808\n1-\n--1\n1 '), { types: [T.I64], names: null }).cols[0] as Vec;
  assert.deepEqual(Array.from(column.data.slice(0, texts.length) as BigInt64Array), texts.map((t) => BigInt(t.replace('+', ''))));
  assert.deepEqual(Array.from(column.data.slice(texts.length) as BigInt64Array), [1, 2, 3, 4].map(() => -(2n ** 63n)));
  assert.equal(column.nulls, true);
});

test('timestamps read to the nanosecond over the whole range', () => {
  const texts = ['1707-09-22T00:12:45.000000001', '1999-12-31T23:59:59.999999999', '2000-01-01T00:00:00', '2262-04-11T23:47:15.854775807'];
  const column = readCsv(source('p\n' + texts.join('\n') + '\n2300-01-01T00:00:00'), { types: [T.TIMESTAMP], names: null }).cols[0] as Vec;
  const ns = (text: string): bigint => BigInt(Date.parse(`${text.slice(0, 19)}Z`) - Date.UTC(2000, 0, 1)) * 1000000n + BigInt((text.slice(20) || '0').padEnd(9, '0'));
  assert.deepEqual(Array.from(column.data.slice(0, 4) as BigInt64Array), texts.map(ns));
  assert.equal(column.data[4], -(2n ** 63n));
});

test('the narrowest integer type leaves room for the null', () => {
  const typeOf = (...cells: string[]): number => (readCsv(source('a,b\n' + cells.map((c) => `${c},\n`).join('')), { types: [NARROWEST, T.STR], names: null }).cols[0] as Vec).t;
  assert.equal(typeOf('32767', '-32768'), T.I16);
  assert.equal(typeOf('32767', '-32768', ''), T.I32);
  assert.equal(typeOf('2147483647', '-2147483648'), T.I32);
  assert.equal(typeOf('2147483647', '-2147483648', ''), T.I64);
  assert.equal(typeOf('', ''), T.I64);
});

test('many symbols are told apart', () => {
  const names = Array.from({ length: 50_000 }, (_, i) => `sym${(i * 7919) % 50_021}`);
  const column = readCsv(source('s\n' + names.join('\n')), { types: [T.SYM], names: null }).cols[0] as Vec;
  assert.deepEqual(column.data, symVec(names).data);
});

const TYPES = [T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.GUID, T.SYM, T.STR];
test('a table of random columns of every type reads back as it was written', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const rows = Math.floor(random() * 200) + 1;
    // A lone column writes its null as an empty line, which is read as one too.
    const columns = TYPES.map((t) => randomOf(t, rows, random));
    const table = new Table(symVec(TYPES.map((t) => `c"${t}`)), columns);
    const text = [...csvText(table)].join('');
    assert.equal(shown(readCsv(source(text), { types: TYPES, names: null })), shown(table), `seed ${seed}`);
  }
});
