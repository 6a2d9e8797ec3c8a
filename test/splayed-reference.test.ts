/** Splayed tables of the reference are read here, and ours there: RFL_REFERENCE names its binary. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rfl, withFiles } from './support/rfl.js';

const reference = process.env.RFL_REFERENCE;
const skip = reference ? false : 'RFL_REFERENCE is not set: splayed tables were NOT exchanged';

const TABLE = `(table [b u h i l f d t p g s x m e] (list [true false true] [0x01 0x02 0xff] [1h 0Nh -3h] [1i 0Ni 3i] [1 0Nl 9007199254740993]
  [1.5 0Nf -0.25] [2024.01.15 0Nd 1999.12.31] [12:30:45.123 0Nt 00:00:00.000] [2024.01.15D10:00:00.000000001 0Np 1999.12.31D23:59:59.999999999]
  (as 'GUID (list "00112233-4455-6677-8899-aabbccddeeff" "11111111-2222-3333-4444-555555555555" "ffffffff-ffff-ffff-ffff-ffffffffffff"))
  ['a 'bb 'ccc] ["" "twelve chars" "more than twelve characters"] (list [1 2] (list "x" 2.5 'q) (dict [k] (list 5))) (list "one" "two, longer than twelve" "")))`;

const RUN: Record<string, (program: string) => string> = {
  reference: (program) => spawnSync(reference!, [program], { encoding: 'utf8' }).stdout,
  rfl: (program) => rfl([program]).out,
};

test('each side reads what the other stored, and stores the same bytes', { skip }, () => withFiles({}, (folder) => {
  const run = (side: string, source: string): string => {
    const program = join(folder, 'a.rfl');
    writeFileSync(program, source);
    return RUN[side](program);
  };
  const expected = run('rfl', `(println "%" (list ${TABLE.replaceAll('\n', ' ')}))`);
  assert.match(expected, /more than twelve/);
  for (const by of ['reference', 'rfl']) {
    run(by, `(.db.splayed.set "${folder}/${by}" ${TABLE.replaceAll('\n', ' ')})`);
    for (const reader of ['reference', 'rfl']) assert.equal(run(reader, `(println "%" (list (.db.splayed.get "${folder}/${by}")))`), expected, `${by} -> ${reader}`);
  }
  for (const name of readdirSync(join(folder, 'rfl'))) assert.deepEqual(readFileSync(join(folder, 'rfl', name)), readFileSync(join(folder, 'reference', name)), name);
}));

test('tables with indexes in their files are read', { skip }, () => withFiles({}, (folder) => {
  const program = join(folder, 'a.rfl');
  writeFileSync(program, `(.db.splayed.set "${folder}/t" (table [n s x] (list (til 70000) (take ['a 'b 'c] 70000) (map (fn [i] (format "text number %" (% i 500))) (til 70000)))))`);
  RUN.reference(program);
  assert.equal(readFileSync(join(folder, 't/n')).toString('latin1', 0, 4), 'XIDX');
  writeFileSync(program, `(set t (.db.splayed.get "${folder}/t")) (println (count t) (sum (at t 'n)) (count (distinct (at t 'x))) (at (at t 's) 69999))`);
  assert.equal(RUN.rfl(program), "70000 2449965000 500 'a\n");
}));

test('symbols are appended to a symbol file of the other side', { skip }, () => withFiles({}, (folder) => {
  const program = join(folder, 'a.rfl');
  const store = (side: string, name: string, symbols: string): void => {
    writeFileSync(program, `(.db.splayed.set "${folder}/${name}" (table [s] (list [${symbols}])) "${folder}/sym")`);
    RUN[side](program);
  };
  store('reference', 'one', "'a 'b");
  store('rfl', 'two', "'b 'c");
  store('reference', 'three', "'c 'd");
  writeFileSync(program, `(println "%" (list (map (fn [t] (at (.db.splayed.get t "${folder}/sym") 's)) (list "${folder}/one" "${folder}/two" "${folder}/three"))))`);
  for (const side of ['reference', 'rfl']) assert.equal(RUN[side](program), '(list (list [a b] [b c] [c d]))\n', side);
}));
