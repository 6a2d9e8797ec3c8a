/** A partitioned table answers what one table with the same rows answers, whatever is asked. */
import test from 'node:test';
import assert from 'node:assert/strict';
import { seeded } from './support/random-columns.js';
import { withFiles } from './support/rfl.js';
import { evaluated, interpreter } from './query-data.js';

const DATABASES = 25;
const QUERIES = 60;

type Pick = <T>(of: readonly T[]) => T;

/** Keys of partitions as folders and as literals: dates, numbers, others. */
const KINDS = [
  { name: 'date', dirs: ['2024.01.01', '2024.01.02', '2024.01.05', '2024.02.01'], literals: ['2024.01.01', '2024.01.02', '2024.01.03', '2024.01.05', '2024.02.01', '2025.01.01', '0Nd'], vector: 'DATE' },
  { name: 'part', dirs: ['1', '2', '7', '10'], literals: ['0', '1', '2', '7', '10', '2.0', '0Nl'], vector: 'I64' },
] as const;

function condition(pick: Pick, kind: (typeof KINDS)[number], depth: number): string {
  const key = (): string => pick(kind.literals);
  const keys = (): string => pick([`[${kind.dirs[0]} ${kind.dirs[2]}]`, `[${kind.dirs[1]}]`, `(list ${kind.dirs[1]} ${kind.dirs[3]})`, '[]']);
  const leaf = [
    () => `(${pick(['==', '!=', '<', '<=', '>', '>='])} ${kind.name} ${key()})`,
    () => `(${pick(['==', '<', '>='])} ${key()} ${kind.name})`,
    () => `(in ${kind.name} ${keys()})`, () => `(not-in ${kind.name} ${keys()})`,
    () => `(within ${kind.name} [${kind.dirs[0]} ${pick(kind.dirs)}])`,
    () => `(> v ${pick(['0', '3', '0Nl', 'limit'])})`, () => `(== s '${pick(['a', 'b', 'none'])})`, () => '(like x "t*")', () => '(nil? v)',
    // These look at other rows: nothing may be left out for them.
    () => '(>= v (max v))', () => `(== ${kind.name} (max ${kind.name}))`, () => '(> f (avg f))', () => `(== ${kind.name} (first ${kind.name}))`, () => '(in v (distinct v))',
  ];
  if (depth === 0) return pick(leaf)();
  const inner = (): string => condition(pick, kind, depth - 1);
  return pick([() => `(and ${inner()} ${inner()})`, () => `(and ${inner()} ${inner()} ${inner()})`, () => `(or ${inner()} ${inner()})`, () => `(not ${inner()})`, pick(leaf)])();
}

function query(pick: Pick, kind: (typeof KINDS)[number]): string {
  const where = pick(['', ` where: ${condition(pick, kind, pick([0, 1, 2]))}`, ` where: ${condition(pick, kind, pick([0, 1, 2]))}`]);
  const take = pick(['', '', ` take: ${pick(['3', '-3', '[2 4]', '100', '0'])}`]);
  return pick([
    `(select {from: T${where}${take}})`, `(select {from: T v: v s: s${where}${take}})`, `(select {from: T n: (count v) m: (sum v) d: (max ${kind.name})${where}})`,
    `(select {from: T by: ${kind.name} n: (count v) m: (sum f)${where}${take}})`, `(select {from: T by: s n: (count v) l: (last x)${where}})`, `(select {from: T by: [${kind.name} s] m: (min v)${where}})`,
    `(select {from: T w: (+ v 1) k: ${kind.name}${where} desc: v})`, `(update {from: T v: (+ v 1)${where}})`, '(count T)', "(at T 's)", `(at T '${kind.name})`, '(distinct T)', '(first T)', '(last T)', '(take T -2)',
    `(window {from: T part: [s] order: [${kind.name}] funcs: {m: (sum v)}})`, "(left-join [s] T (table [s w] (list ['a 'b] [1 2])))", "(anti-join [s] T (table [s] (list ['a])))", '(map type (value T))', '(meta T)', '(de (ser T))',
  ]);
}

test('queries over random partitions', () => withFiles({}, (folder) => {
  const random = seeded(2024);
  const pick: Pick = (of) => of[Math.floor(random() * of.length)];
  let asked = 0;
  for (let n = 0; n < DATABASES; n++) {
    const rt = interpreter();
    const kind = pick(KINDS);
    const parts = kind.dirs.map((dir) => {
      const rows = pick([0, 1, 2, 5]);
      const column = (t: string, cell: () => string): string => `(as '${t} (list ${Array.from({ length: rows }, cell).join(' ')}))`;
      const columns = rows === 0 ? "(take [1] 0) (take [1.5] 0) (take ['a] 0) (take [\"\"] 0)" : [
        column('I64', () => pick(['1', '2', '5', '9', '0Nl'])), column('F64', () => pick(['1.5', '2.5', '0Nf'])), column('SYM', () => pick(["'a", "'b", "'c"])), column('STR', () => pick(['"t"', '"text of a length"', '""'])),
      ].join(' ');
      return { dir, rows, table: `(table [v f s x] (list ${columns}))` };
    });
    for (const { dir, table } of parts) assert.doesNotMatch(evaluated(rt, `(.db.splayed.set "${folder}/${n}/${dir}/t" ${table})`), /^!!/);
    const flat = parts.map(({ dir, rows, table }) => `(do (set p ${table}) (table [${kind.name} v f s x] (list (take [${dir}] ${rows}) (at p 'v) (at p 'f) (at p 's) (at p 'x))))`);
    assert.doesNotMatch(evaluated(rt, `(do (set limit 2) (set flat ${flat.reduce((all, part) => `(union-all ${all} ${part})`)}))`), /^!!/);
    for (let q = 0; q < QUERIES; q++) {
      const source = query(pick, kind);
      const fresh = pick([true, false]) ? `(set parted (.db.parted.get "${folder}/${n}" 't))` : 'null';
      if (q === 0) evaluated(rt, `(set parted (.db.parted.get "${folder}/${n}" 't))`);
      evaluated(rt, `(do ${fresh} null)`);
      const expected = evaluated(rt, source.replaceAll(/\bT\b/g, 'flat'));
      assert.equal(evaluated(rt, source.replaceAll(/\bT\b/g, 'parted')), expected, `${source} of ${parts.map((part) => part.rows).join()} rows`);
      if (!expected.startsWith('!!')) asked++;
    }
  }
  assert.ok(asked > (DATABASES * QUERIES) / 2, `${asked} answers`);
}));
