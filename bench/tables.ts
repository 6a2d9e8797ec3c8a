/** Columns, queries, joins and files at the size of a data server: each expression against the reference on one core. Binding forces what is lazy there. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers, reference, runMeasured, script, type Peer } from './peers.js';
import { median, report, rows } from './report.js';

/** What was promised: no operation takes more than this times as long as the reference does .. */
const WORST = 8;
/** .. and their geometric mean no more than this. */
const MEAN = 2.5;
/** .. nor more than this times its memory at the most. */
const MEMORY = 3;
const MB = 1 << 20;
const TIMES = 5;

const csv = join(tmpdir(), `rfl-bench-${process.pid}.csv`);

/** Made once a process and kept small enough for two of them: 10 M rows a column. */
const numbers = '(set n 10000000)(set a (rand n 1000000))(set b (rand n 1000000))(set f (as \'F64 a))';
const table = `${numbers}(set k (% a 100))(set s (at (as 'SYMBOL (map (fn [i] (format "s%" i)) (til 100))) k))(set t (table [a b f k s] (list a b f k s)))`;
const million = '(set m 1000000)(set x (rand m 1000000))';
const sides = `${million}(set l (table [k v] (list x (til m))))(set r (table [k w] (list (rand m 1000000) (til m))))`;
const ticks = `(set m 1000000)(set q (table [s t p] (list (at ['a 'b 'c 'd 'e 'f 'g 'h] (rand m 8)) (asc (rand m 100000000)) (as 'F64 (til m)))))(set d (table [s t v] (list (at ['a 'b 'c 'd 'e 'f 'g 'h] (rand 100000 8)) (asc (rand 100000 100000000)) (til 100000))))`;

const OPERATIONS = [
  ['sum', numbers, '(sum a)'],
  ['avg', numbers, '(avg f)'],
  ['min', numbers, '(min a)'],
  ['+', numbers, '(+ a b)'],
  ['*', numbers, '(* f f)'],
  ['>', numbers, '(> a b)'],
  ['select where, 3 columns', table, '(select {a: a b: b f: f from: t where: (> a 900000)})'],
  ['sum by 100 i64 keys', table, '(select {a: (sum a) from: t by: k})'],
  ['sum by 100 symbols', table, '(select {a: (sum a) from: t by: s})'],
  ['sum by 1 M i64 keys', table, '(select {f: (sum f) from: t by: b})'],
  ['sort of 1 M', million, '(asc x)'],
  ['sort of 10 M', numbers, '(asc a)'],
  ['distinct', numbers, '(distinct a)'],
  ['inner-join, 1 M by 1 M', sides, '(inner-join [k] l r)'],
  ['left-join, 1 M by 1 M', sides, '(left-join [k] l r)'],
  ['asof-join, 100 k into 1 M', ticks, '(asof-join [s t] d q)'],
  ['csv read, 1 M rows', `${sides}(write-csv l "${csv}")`, `(read-csv [I64 I64] "${csv}")`],
  ['serialize 10 M i64', numbers, '(ser a)'],
  ['deserialize 10 M i64', `${numbers}(set z (ser a))`, '(de z)'],
] as const;

export async function tables(): Promise<void> {
  const from = rows.length;
  const peaks: string[] = [];
  let worst = 0;
  for (const [name, setUp, expr] of OPERATIONS) {
    const path = script('timed.rfl', `${setUp}\n${`(println "@%" (timeit (set result ${expr})))\n`.repeat(TIMES)}`);
    const ms = new Map<Peer, number>();
    const peak = new Map<Peer, number>();
    for (const peer of peers) {
      const run = await runMeasured(peer, path, peer === 'reference' ? ['-c', '1'] : []);
      ms.set(peer, median([...run.stdout.matchAll(/@([\d.e+-]+)/g)].map((m) => Number(m[1]))));
      peak.set(peer, run.peak);
    }
    const [ours, theirs] = [peak.get('rfl')! / MB, (peak.get('reference') ?? 0) / MB];
    worst = Math.max(worst, ours / theirs);
    peaks.push(`${name} ${Math.round(ours)}/${Math.round(theirs)}`);
    report({ name: `table: ${name}`, unit: 'ms', ours: ms.get('rfl')!, peer: ms.get('reference'), times: 1 / WORST });
  }
  rmSync(csv, { force: true });
  if (reference === undefined) return;
  const logs = rows.slice(from).map(({ ours, peer }) => Math.log(ours / peer!));
  report({ name: 'tables: time beside the reference, geometric mean', unit: 'x', ours: Math.exp(logs.reduce((s, l) => s + l, 0) / logs.length), aim: MEAN });
  report({ name: 'tables: peak of memory beside the reference, worst', unit: 'x', ours: worst, aim: MEMORY, note: `MB, ours/theirs: ${peaks.join(', ')}` });
}
