/** CSV files that go through memory in pieces: into splayed and partitioned tables, with progress on a terminal. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILTINS } from '../src/builtins/index.js';
import { systemHost } from '../src/builtins/host.js';
import { csvParts, readCsv, NARROWEST, type ByteSource, type CsvSchema } from '../src/columns/csv-read.js';
import { concatColumns } from '../src/columns/concat.js';
import { itemAt } from '../src/columns/item.js';
import { format } from '../src/lang/format.js';
import { Interp } from '../src/lang/interpreter.js';
import { RayError } from '../src/lang/errors.js';
import type { HostServices } from '../src/lang/runtime.js';
import { T, Table } from '../src/lang/value.js';
import { withFiles } from './support/rfl.js';

const source = (text: string, onRead: (position: number) => void = () => {}): ByteSource => {
  const bytes = Buffer.from(text, 'latin1');
  return {
    size: bytes.length,
    read: (into, at, n, position) => {
      onRead(position);
      return bytes.copy(into, at, position, position + n);
    },
  };
};

const joined = (parts: readonly Table[]): Table => new Table(parts[0].names, parts[0].cols.map((_, c) => concatColumns(parts.map((part) => part.cols[c]))));
const interpreter = (host: Partial<HostServices> = {}): Interp => new Interp({ host: systemHost(host), builtins: BUILTINS, itemAt });
const answer = (rt: Interp, text: string, options: { deadlineMs?: number } = {}): string => {
  try {
    return format(rt.top(() => rt.run(text), options), 0);
  } catch (e) {
    if (e instanceof RayError) return `${e.code}: ${e.message}`;
    throw e;
  }
};

test('pieces of any size are the rows of the whole file, in its types', () => {
  const text = `i,n,f,s,x\n${Array.from({ length: 500 }, (_, i) => `${i % 7 === 0 ? '' : i},${i * 100},${i / 4},s${i % 3},"text ${i}, ""quoted"""`).join('\n')}`;
  for (const types of [null, [T.I64, NARROWEST, T.F64, T.SYM, T.STR]]) {
    const schema: CsvSchema = { types, names: null };
    const whole = readCsv(source(text), schema);
    for (const rows of [1, 3, 499, 500, 501]) {
      const parts = [...csvParts(source(text), schema, rows)];
      assert.equal(parts.length, Math.ceil(500 / rows));
      assert.equal(format(joined(parts), 2), format(whole, 2), `${rows} rows`);
    }
  }
  assert.equal(readCsv(source(text), { types: [T.I64, NARROWEST, T.F64, T.SYM, T.STR], names: null }).cols[1].t, T.I32);
});

test('a file without rows is one table without rows', () => {
  const parts = [...csvParts(source('a,b\n'), { types: [T.I64, T.STR], names: null }, 10)];
  assert.deepEqual(parts.map((part) => format(part, 0)), ['(table [a b] (list [] []))']);
});

test('the first piece is there before the rest is read', () => {
  let furthest = 0;
  const text = `a\n${'1234567\n'.repeat(3_000_000)}`;
  const parts = csvParts(source(text, (position) => (furthest = Math.max(furthest, position))), { types: [T.I64], names: null }, 1000);
  assert.equal((parts.next().value as Table).length, 1000);
  assert.equal(furthest, 0);
  let rows = 1000;
  for (const part of parts) rows += part.length;
  assert.equal(rows, 3_000_000);
});

test('an interrupted .csv.splayed leaves the folder as it was', () => withFiles({}, (folder) => {
  const rt = interpreter();
  const dir = join(folder, 't');
  answer(rt, `(.db.splayed.set "${dir}" (table [n s x] (list [1] ['a] ["old"])))`);
  const before = readdirSync(dir).sort();
  writeFileSync(join(folder, 'a.csv'), `n,s,x\n${Array.from({ length: 300_000 }, (_, i) => `${i},s${i % 5},a text that is long ${i}`).join('\n')}\n`);
  const store = `(count (.csv.splayed [I64 SYMBOL STR] "${folder}/a.csv" "${dir}"))`;
  let cancelled = 0;
  for (const deadlineMs of [0, 5, 20, 60]) {
    if (!answer(rt, store, { deadlineMs }).startsWith('cancel')) break;
    cancelled++;
    assert.deepEqual(readdirSync(dir).sort(), before);
    assert.equal(answer(rt, `(.db.splayed.get "${dir}")`), "(table [n s x] (list [1] [a] [\"old\"]))");
  }
  assert.ok(cancelled > 0);
  assert.equal(answer(rt, store), '300000');
  assert.deepEqual(readdirSync(dir).sort(), before);
  assert.equal(answer(rt, `(do (set t (.db.splayed.get "${dir}")) (list (sum (at t 'n)) (last (at t 'x)) (at (at t 's) 7)))`), '(list 44999850000 "a text that is long 299999" s2)');
}));

test('names that cannot be those of files are refused before anything is written', () => withFiles({}, (folder) => {
  const rt = interpreter();
  writeFileSync(join(folder, 'bad.csv'), 'a,b\n1,2\n');
  assert.match(answer(rt, `(.csv.splayed [x x] [I64 I64] "${folder}/bad.csv" "${folder}/t")`), /^domain: two columns of one name/);
  assert.match(answer(rt, `(.csv.splayed [x ../y] [I64 I64] "${folder}/bad.csv" "${folder}/t")`), /^domain: .*no name of a file/);
  assert.deepEqual(readdirSync(join(folder, 't')), []);
}));

test('a long file shows its progress on a terminal, and nowhere else', () => withFiles({}, (folder) => {
  const file = join(folder, 'long.csv');
  writeFileSync(file, `a\n${'12345678901\n'.repeat(3_000_000)}`);
  const shown = (terminal: boolean): string => {
    let now = 0;
    let err = '';
    const rt = interpreter({ terminal, mono: () => (now += 150), err: (text) => (err += text) });
    assert.equal(answer(rt, `(count (read-csv [I64] "${file}"))`), '3000000');
    return err;
  };
  const err = shown(true);
  assert.match(err, /\r\x1b\[K.*long\.csv: \d+ % of 34 MiB/);
  assert.ok(err.endsWith('\r\x1b[K'));
  assert.equal(shown(false), '');
}));
