import { test } from 'node:test';
import assert from 'node:assert/strict';
import { evaluated, interpreter } from './query-data.js';

const TABLE = '(set t (table [g k v f] (list [a b a b a c] [3 1 3 1 2 2] [1 2 0Nl 4 5 6] [0.5 1.5 2.5 3.5 0Nf 5.5])))';

function loaded(): (source: string) => string {
  const rt = interpreter();
  evaluated(rt, TABLE);
  return (source) => evaluated(rt, source);
}

test('the quick way over groups answers what the way group by group does', () => {
  const run = loaded();
  for (const verb of ['sum', 'avg', 'min', 'max', 'count', 'med', 'dev', 'var', 'stddev', 'var_pop']) {
    for (const x of ['v', 'f', '(* v 2)', '(- v f)']) {
      const quick = run(`(at (select {from: t by: g r: (${verb} ${x})}) 'r)`);
      const slow = run(`(at (select {from: t by: g r: ((fn [x] (${verb} x)) ${x})}) 'r)`);
      assert.equal(quick, slow, `${verb} ${x}`);
    }
  }
});

test('a reduction inside an expression counts for the whole group', () => {
  const run = loaded();
  assert.equal(run("(at (select {from: t by: g r: (sum (- v (min v)))}) 'r)"), '[4 2 0]');
  assert.equal(run("(at (at (select {from: t by: g r: (- v (min v))}) 'r) 1)"), '[0 2]');
});

test('strings, symbols and several columns group alike', () => {
  const run = loaded();
  assert.equal(run('(select {from: (table [s v] (list ["x" "y" "x"] [1 2 3])) by: s r: (sum v)})'), '(table [s r] (list ["x" "y"] [4 2]))');
  assert.equal(run('(count (select {from: t by: [g k] r: (sum v)}))'), '4');
});

test('a column may have the name of a verb', () => {
  const run = loaded();
  assert.equal(run("(at (select {from: (table [sum count] (list [1 2] [3 4])) r: (sum count)}) 'r)"), '[7]');
  assert.equal(run("(at (select {from: (table [g sum] (list [a a] [3 4])) by: g r: (sum sum)}) 'r)"), '[7]');
});

test('a column hides a global of its name, also behind a dot', () => {
  const rt = interpreter();
  evaluated(rt, '(set d 5)');
  assert.equal(evaluated(rt, "(at (select {from: (table ['d] (list [2024.03.05])) y: d.mm}) 'y)"), '[3]');
});

test('few of many come out as the whole order would give them', () => {
  const run = loaded();
  run("(set big (table [k i] (list (% (* (til 1000) 7919) 97) (til 1000))))");
  run("(set holes (table [k i] (list (at (list 0Nl 4 0Nl 2 9) (% (til 1000) 5)) (til 1000))))");
  for (const t of ['big', 'holes']) {
    for (const how of ['asc', 'desc']) {
      assert.equal(run(`(select {from: ${t} ${how}: k take: 20})`), run(`(take (select {from: ${t} ${how}: k}) 20)`), `${t} ${how}`);
    }
  }
});

test('branches of if are evaluated for their own rows only', () => {
  const run = loaded();
  assert.equal(run("(at (select {from: (table [s d] (list [\"x\" \"2024.01.02\"] [2020.01.01 2020.01.02])) r: (if (== s \"x\") d (as 'DATE s))}) 'r)"), '[2020.01.01 2024.01.02]');
});

test('an unknown name in an expression is a schema error, an unknown key a domain error', () => {
  const run = loaded();
  assert.equal(run('(select {from: t where: (> nope 1)})'), '!! schema');
  assert.equal(run('(select {from: t by: nope r: (sum v)})'), '!! domain');
  assert.equal(run('(select {from: t by: {k: g k: v} r: (sum v)})'), '!! domain');
});

test('parameters and locals of the calling lambda are visible, also in groups', () => {
  const run = loaded();
  assert.equal(run("((fn [x] (at (select {from: t by: g r: (sum (+ k x))}) 'r)) 10)"), '[38 22 12]');
  assert.equal(run("((fn [x] (let y 2) (at (select {from: t where: (> k y) r: (+ k x)}) 'r)) 10)"), '[13 13]');
});

test('arithmetic of narrow columns is done in 64 bits', () => {
  const run = loaded();
  assert.equal(run("(at (select {from: (table ['a] (list [2147483647i])) r: (+ a 1i)}) 'r)"), '[2147483648]');
});

test('a function of a script may have the name of a query word', () => {
  const run = loaded();
  run('(set day (fn [x] (* x 2)))');
  assert.equal(run("(at (select {from: t r: (day k) take: 1}) 'r)"), '[6]');
});

test('there is no vector search behind nearest', () => {
  const run = loaded();
  assert.equal(run("(select {from: t nearest: 'v})"), '!! domain');
});
