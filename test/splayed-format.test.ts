import test from 'node:test';
import assert from 'node:assert/strict';
import { Dict, F64, List, T, Table, Vec, i16, i32, intern, name, strVec, symVec, type Value } from '../src/lang/value.js';
import { RayError } from '../src/lang/errors.js';
import { format } from '../src/lang/format.js';
import { decodeColumn, decodeStrings } from '../src/columns/splay-decode.js';
import { SymbolFile, encodeColumn, encodePositions, encodeSymbols, symbolPositions } from '../src/columns/splay-encode.js';
import { randomOf, seeded } from './support/random-columns.js';

const file = (column: Vec | List): Buffer => Buffer.concat(encodeColumn(column));
const shown = (v: Value): string => format(v, 0);
const hex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex');

const NESTED = new List([
  symVec(['a', 'bb']), strVec(['short', 'a text of more than twelve bytes']), new List([1, 'x', name('s'), true, new F64(0.5), i16(-2), i32(7)]),
  new Dict(symVec(['k']), new List([5])), new Vec(T.I64, BigInt64Array.of(1n, -(2n ** 63n)), true), 2n ** 60n,
]);
const COLUMNS: (Vec | List)[] = [
  ...[T.B8, T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.GUID, T.STR].map((t) => randomOf(t, 50, seeded(t))),
  NESTED, new List(['only', 'strings', 'here, one long']), new Vec(T.I64, new BigInt64Array(0)), strVec([]), new List([]),
];

test('a column of integers has the documented bytes', () => {
  const header = '00000000 00000000 00000000 00000000 00 00 05 40 00000000 0200000000000000';
  assert.deepEqual(file(new Vec(T.I64, BigInt64Array.of(1n, -(2n ** 63n)), true)), hex(header + '0100000000000000 0000000000000080'));
});

test('a column of texts has the documented bytes', () => {
  const elements = '01000000 78 0000000000000000000000' + '0d000000 30313233 00000000 00000000';
  const header = (type: string, n: string): string => `00000000 00000000 00000000 00000000 00 00 ${type} 00 00000000 ${n}00000000000000`;
  assert.deepEqual(file(strVec(['x', '0123456789abc'])), hex(header('0d', '02') + elements + header('02', '0d') + Buffer.from('0123456789abc').toString('hex')));
});

test('columns of every type read back', () => {
  for (const column of COLUMNS) assert.equal(shown(decodeColumn(file(column), null)), shown(column));
});

test('symbols are positions in their file, as wide as it needs', () => {
  for (const [symbols, width] of [[3, 1], [300, 2], [70_000, 4]]) {
    const column = symVec(Array.from({ length: symbols }, (_, i) => `s${i % symbols}`));
    const table = new SymbolFile(['', 'zero']);
    const positions = symbolPositions(column, table);
    const bytes = Buffer.concat(encodePositions(positions, table.symbols.length));
    assert.equal(bytes.length, 32 + symbols * width);
    const stored = decodeStrings(Buffer.from(encodeSymbols(table.symbols)));
    assert.deepEqual(stored.slice(0, 3), ['', 'zero', 's0']);
    assert.deepEqual((decodeColumn(bytes, Int32Array.from(stored, intern)) as Vec).data, column.data);
  }
});

test('positions beyond the symbol file are corrupt', () => {
  const bytes = Buffer.concat(encodePositions(Int32Array.of(0, 1, 2), 3));
  assert.throws(() => decodeColumn(bytes, Int32Array.of(intern(''), intern('a'))), corrupt);
  bytes.writeUInt32LE(0, 20);
  assert.throws(() => decodeColumn(bytes, Int32Array.of(intern(''), intern('a'))), corrupt);
  assert.throws(() => decodeColumn(bytes, null), (e) => e instanceof RayError && e.code === 'sym');
});

const corrupt = (e: unknown): boolean => e instanceof RayError && e.code === 'corrupt';

test('a file cut anywhere is refused', () => {
  for (const column of COLUMNS) {
    const bytes = file(column);
    for (let n = 0; n < bytes.length; n++) assert.throws(() => decodeColumn(bytes.subarray(0, n), null), RayError, `${shown(column)} cut at ${n}`);
  }
});

test('changed bytes give a column or an error, never anything else', () => {
  const random = seeded(11);
  for (let round = 0; round < 4000; round++) {
    const bytes = Buffer.from(file(COLUMNS[Math.floor(random() * COLUMNS.length)]));
    if (bytes.length === 0) continue;
    for (let k = 0; k < 3; k++) bytes[Math.floor(random() * Math.min(bytes.length, random() < 0.5 ? 40 : Infinity))] = Math.floor(random() * 256);
    try {
      const column = decodeColumn(bytes, Int32Array.of(intern('')));
      assert.ok(column instanceof Vec || column instanceof List);
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
    }
  }
});

test('an index behind the data is passed over only where the header says that one is there', () => {
  const bytes = Buffer.concat([file(new Vec(T.I32, Int32Array.of(1, 2))), Buffer.alloc(64, 7)]);
  assert.throws(() => decodeColumn(bytes, null), corrupt);
  bytes.write('XIDX', 0, 'latin1');
  assert.equal(shown(decodeColumn(bytes, null)), '[1 2]');
});

test('another generation of the format is a version error', () => {
  const bytes = file(new Vec(T.I32, Int32Array.of(1)));
  bytes[17] = 2;
  assert.throws(() => decodeColumn(bytes, null), (e) => e instanceof RayError && e.code === 'version');
});

test('what a list column has no place for is not implemented', () => {
  for (const v of [null, new Table(symVec(['a']), [strVec(['x'])])]) {
    assert.throws(() => encodeColumn(new List([v, 1])), (e) => e instanceof RayError && e.code === 'nyi');
  }
});
