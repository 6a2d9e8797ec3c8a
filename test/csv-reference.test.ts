/** The same files in the reference and here: RFL_REFERENCE names its binary. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from './support/random-columns.js';
import { rfl, withFiles } from './support/rfl.js';

const reference = process.env.RFL_REFERENCE;
const skip = reference ? false : 'RFL_REFERENCE is not set: CSV files were NOT compared';

const CELLS = [
  '', '1', '-5', '+7', '3000000000', '99999999999999999999', '1.5', '.5', '5.', '1e3', '-2.5e-3', 'nan', 'inf', 'true', 'false', 'TRUE', 'x', 'hello',
  '"q,1"', '"a""b"', '" "', '2024-01-15', '2024-02-30', '2024-13-01', '12:30:45', '12:30:45.5', '25:00:00', '-01:00:00', '2024-01-15T10:00:00',
  '2024-01-15 10:00:00.123456789', '2024-01-15T10:00:00+02:00', '2024-01-15T10:00:00Z', 'NA', 'null', 'N/A', '.', '-',
  '00112233-4455-6677-8899-aabbccddeeff', 'longer text than twelve', '70000', '255', '256', '0007', '0.1', '123456789.123456789',
];
const TYPES = ['B8', 'U8', 'I16', 'I32', 'I64', 'INT', 'F32', 'F64', 'SYMBOL', 'STR', 'DATE', 'TIME', 'TIMESTAMP', 'GUID'];
const FILES = 80;

test('read-csv answers what the reference answers', { skip }, () => withFiles({}, (folder) => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = seeded(seed);
    const pick = <V>(of: readonly V[]): V => of[Math.floor(random() * of.length)];
    let script = '';
    for (let k = 0; k < FILES; k++) {
      const columns = 1 + Math.floor(random() * 4);
      const file = join(folder, `${k}.csv`);
      writeFileSync(file, randomFile(columns, random, pick));
      const types = Array.from({ length: columns }, () => pick(TYPES)).join(' ');
      const names = Array.from({ length: columns }, (_, i) => pick(['c', 'c', 'n']) + i).join(' ');
      for (const args of ['', `[${types}] `, `[${names}] [${types}] `]) script += `(println (format "${k} %" (try (read-csv ${args}"${file}") (fn [e] (list e)))))\n`;
    }
    const program = join(folder, 'a.rfl');
    writeFileSync(program, script + '1\n');
    const theirs = spawnSync(reference!, [program], { encoding: 'utf8' }).stdout.split('\n');
    const ours = rfl([program]).out.split('\n');
    for (const [i, line] of theirs.entries()) {
      if (line !== ours[i]) assert.equal(ours[i], line, JSON.stringify(readFileSync(join(folder, `${parseInt(line, 10)}.csv`), 'latin1')));
    }
    assert.equal(ours.length, 3 * FILES + 2);
  }
}));

/** A few kinds of cells a column, rows too short and too long among them. */
function randomFile(columns: number, random: () => number, pick: <V>(of: readonly V[]) => V): string {
  const kinds = Array.from({ length: columns }, () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(CELLS)));
  const end = pick(['\n', '\n', '\r\n']);
  const delimiter = pick([',', ',', '\t']);
  const rows = Math.floor(random() * 8);
  let text = kinds.map((_, i) => `c${i}`).join(delimiter) + end;
  for (let r = 0; r < rows; r++) {
    const cells = random() < 0.1 ? Math.floor(random() * (columns + 2)) : columns;
    text += Array.from({ length: cells }, (_, c) => pick(kinds[c % columns])).join(delimiter);
    if (r < rows - 1 || random() < 0.7) text += end;
  }
  return text;
}
