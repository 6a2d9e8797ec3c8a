/** Partitioned tables: what is read, what is refused, and the reference on the other side (RFL_REFERENCE names its binary). */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILTINS } from '../src/builtins/index.js';
import { systemHost } from '../src/builtins/host.js';
import { itemAt } from '../src/columns/item.js';
import { format } from '../src/lang/format.js';
import { RayError } from '../src/lang/errors.js';
import { Interp } from '../src/lang/interpreter.js';
import { rfl, withFiles } from './support/rfl.js';

const reference = process.env.RFL_REFERENCE;
const skip = reference ? false : 'RFL_REFERENCE is not set: partitioned tables were NOT exchanged';

const interpreter = (): Interp => new Interp({ host: systemHost({}), builtins: BUILTINS, itemAt });

/** A database of three days below `folder`, and an interpreter where `t` is the table. */
function opened(folder: string): (source: string) => string {
  const interp = interpreter();
  const answer = (source: string): string => {
    try {
      return format(interp.top(() => interp.run(source)), 0);
    } catch (e) {
      return e instanceof RayError ? `${e.code}: ${e.message}` : String(e);
    }
  };
  for (const day of [1, 2, 3]) {
    answer(`(.db.splayed.set "${folder}/db/2024.01.0${day}/t" (table [s v x] (list ['a 'b 'a] [${day} ${day}0 ${day}00] ["one" "two" "three, longer than twelve"])))`);
  }
  answer(`(count (set t (.db.parted.get "${folder}/db" 't)))`);
  return answer;
}

/** The file keeps its length and its header, but whoever reads its elements hears of it. */
const spoil = (path: string): void => writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 32), Buffer.alloc(readFileSync(path).length - 32, 255)]));

test('where: on the partition reads no other partition, and no column that is not mentioned', () => withFiles({}, (folder) => {
  for (const where of ['(== date 2024.01.02)', '(in date [2024.01.02])', '(and (> v 0) (within date [2024.01.02 2024.01.02]))', '(and (> date 2024.01.01) (< date 2024.01.03))', '(== 2024.01.02 date)']) {
    const answer = opened(folder);
    for (const day of [1, 3]) rmSync(join(folder, `db/2024.01.0${day}`), { recursive: true });
    rmSync(join(folder, 'db/2024.01.02/t/x'));
    assert.equal(answer(`(select {from: t s: (sum v) where: ${where}})`), '(table [s] (list [222]))', where);
    assert.match(answer('(sum (at t (quote v)))'), /^io: /, where);
    rmSync(join(folder, 'db'), { recursive: true });
  }
}));

test('a condition that looks at other rows sees all partitions', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  assert.equal(answer('(at (select {from: t where: (and (== date 2024.01.03) (>= v (max v)))}) (quote v))'), '[300]');
  assert.equal(answer('(at (select {from: t where: (and (== date 2024.01.01) (>= v (max v)))}) (quote v))'), '[]');
  assert.equal(answer('(at (select {from: t where: (or (== date 2024.01.01) (> v 200))}) (quote v))'), '[1 10 100 300]');
}));

test('take: reads the partitions it takes from', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  rmSync(join(folder, 'db/2024.01.01'), { recursive: true });
  assert.equal(answer('(at (select {from: t take: -4}) (quote v))'), '[200 3 30 300]');
  assert.equal(answer('(at (select {from: t take: [4 3]}) (quote v))'), '[20 200 3]');
}));

test('showing a long table reads its first and last partitions', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  for (const day of [1, 2, 3]) answer(`(.db.splayed.set "${folder}/db/2024.01.0${day}/t" (table [v] (list (+ ${day}000 (til 15)))))`);
  const t = interpreter().run(`(.db.parted.get "${folder}/db" 't)`);
  rmSync(join(folder, 'db/2024.01.02'), { recursive: true });
  const lines = format(t, 1).split('\n');
  for (const [at, expected] of [[4, /2024\.01\.01\D+1000 /], [13, /2024\.01\.01\D+1009 /], [15, /2024\.01\.03\D+3005 /], [24, /2024\.01\.03\D+3014 /], [26, /45 rows \(20 shown\)/]] as const) assert.match(lines[at], expected);
}));

test('a query that leaves no partition gives no rows, of the right types', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  assert.equal(answer('(map type (value (select {from: t where: (== date 2025.01.01)})))'), '[DATE SYM I64 STR]');
  assert.equal(answer('(select {from: t s: (sum v) by: s where: (== date 2025.01.01)})'), '(table [s s] (list [] []))');
}));

test('a file that changed since the table was opened is not read', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  answer(`(.db.splayed.set "${folder}/db/2024.01.02/t" (table [s v x] (list ['z 'z 'z] [7 7 7] ["" "" ""])))`);
  assert.match(answer('(sum (at t (quote v)))'), /^state: .*2024\.01\.02\/t\/v changed/);
  assert.equal(answer('(sum (at (select {from: t where: (== date 2024.01.01)}) (quote v)))'), '111');
}));

test('what is read stays: the folder may go then', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  assert.equal(answer('(sum (at t (quote v)))'), '666');
  rmSync(join(folder, 'db'), { recursive: true });
  assert.equal(answer('(sum (at (select {from: t v: v where: (== date 2024.01.03)}) (quote v)))'), '333');
  assert.equal(answer("(do (insert 't 2024.01.04 (list 'q 5 \"\")) (sum (at t 'v)))"), '671');
}));

test('damage is found: in headers when a table is opened, in elements when they are read', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  spoil(join(folder, 'db/2024.01.02/t/s'));
  assert.equal(answer(`(do (set u (.db.parted.get "${folder}/db" 't)) (count u))`), '9');
  assert.match(answer('(at u (quote s))'), /^corrupt: .*2024\.01\.02\/t\/s/);
  writeFileSync(join(folder, 'db/2024.01.02/t/s'), 'short');
  assert.match(answer(`(.db.parted.get "${folder}/db" 't)`), /^corrupt: .*2024\.01\.02\/t\/s/);
}));

test('partitions without the last columns of the first have nulls there', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  answer(`(.db.splayed.set "${folder}/r/1/t" (table [a b c] (list [1] [2.5] ["x"])))`);
  answer(`(.db.splayed.set "${folder}/r/2/t" (table [a] (list [3])))`);
  assert.equal(answer(`(.db.parted.get "${folder}/r" 't)`), '(table [part a b c] (list [1 2] [1 3] [2.5 0Nf] ["x" ""]))');
}));

test('numbered partitions are in the order of their numbers', () => withFiles({}, (folder) => {
  const answer = opened(folder);
  writeFileSync(join(folder, 'a.csv'), `a\n${Array.from({ length: 12 }, (_, i) => i).join('\n')}\n`);
  assert.equal(answer(`(at (.csv.parted "${folder}/a.csv" 1 "${folder}/c" 't) 'a)`), '[0 1 2 3 4 5 6 7 8 9 10 11]');
}));

test('each side queries the partitions that the other wrote', { skip }, () => withFiles({}, (folder) => {
  const program = join(folder, 'a.rfl');
  const run = (by: string, source: string): string => {
    writeFileSync(program, source);
    return by === 'rfl' ? rfl([program]).out : spawnSync(reference!, [program], { encoding: 'utf8' }).stdout;
  };
  const rows = (day: number): string => `(table [b u h i l f d t p g s x e] (list [true false] [0x01 0x02] [1h 0Nh] [1i 0Ni] [${day} 0Nl] [1.5 0Nf] [2024.01.15 0Nd] [12:30:45.123 0Nt]
    [2024.01.15D10:00:00.000000001 0Np] (as 'GUID (list "00112233-4455-6677-8899-aabbccddeeff" "11111111-2222-3333-4444-555555555555")) ['a 'n${day}] ["" "a text longer than twelve"] (list [1 ${day}] "one")))`.replaceAll('\n', ' ');
  for (const by of ['rfl', 'reference']) {
    run(by, [1, 2].map((day) => `(.db.splayed.set "${folder}/${by}/2024.01.0${day}/t" ${rows(day)})`).join('\n'));
    writeFileSync(join(folder, 'c.csv'), 'a,s\n1,x\n2,y\n3,x\n');
    run(by, `(.csv.parted "${folder}/c.csv" 2 "${folder}/${by}-csv" 'c)`);
    const query = `(set t (.db.parted.get "${folder}/${by}" 't)) (println "%" (list (cols t) (select {from: t where: (== date 2024.01.02)}) (select {from: t s: (sum l) c: (count x) by: date}) (at t 's) (at t 'x) (at t 'g)))
      (set c (.db.parted.get "${folder}/${by}-csv" 'c)) (println "%" (list (at c 'part) (at c 'a) (at c 's)))`;
    const answer = run('rfl', query);
    assert.match(answer, /n2/);
    assert.equal(answer, run('reference', query), by);
  }
}));
