import { test } from 'node:test';
import assert from 'node:assert/strict';
import { evaluated, interpreter } from './query-data.js';

test('an interrupted update by name has changed nothing', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [a b] (list (til 300000) (til 300000))))');
  evaluated(rt, "(set stop (fn [x] (do (count x) (tripped x))))");
  // The second output interrupts once the first one is already worked out.
  rt.define([{ name: 'tripped', arity: 1, args: 'x', doc: 'interrupts the evaluation', example: '(tripped 1)', fn: (x) => (rt.interrupt.raise(), x) }]);
  assert.equal(evaluated(rt, "(update {from: 't a: (+ a 1) b: (+ (tripped b) 1)})"), '!! cancel');
  assert.equal(evaluated(rt, "(list (sum (at t 'a)) (sum (at t 'b)))"), '[44999850000 44999850000]');
});

test('an update that fails by name has changed nothing', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [a b] (list [1 2] [3 4])))');
  assert.equal(evaluated(rt, "(update {from: 't a: (+ a 1) b: \"x\"})"), '!! type');
  assert.equal(evaluated(rt, 't'), '(table [a b] (list [1 2] [3 4]))');
});

test('tables held elsewhere do not see changes by name', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [k v] (list [1 2] [3 4])))');
  evaluated(rt, '(set held t)');
  for (const change of ["(update {from: 't v: 0})", "(insert 't (list 9 9))", "(upsert 't 1 (list 1 7))"]) evaluated(rt, change);
  assert.equal(evaluated(rt, 't'), '(table [k v] (list [1 2 9] [7 0 9]))');
  assert.equal(evaluated(rt, 'held'), '(table [k v] (list [1 2] [3 4]))');
});

test('what changes globals is refused in restricted sessions, alter excepted', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [k v] (list [1 2] [3 4])))');
  evaluated(rt, '(set v [1 2])');
  for (const change of ["(update {from: 't v: 0})", "(insert 't (list 9 9))", "(upsert 't 1 (list 1 7))", "(modify t 'v (fn [x] x))"]) {
    assert.equal(evaluated(rt, change, { restricted: true }), '!! access', change);
  }
  assert.equal(evaluated(rt, "(alter 'v set 0 5)", { restricted: true }), 'v');
  assert.equal(evaluated(rt, '(count (select {from: t}))', { restricted: true }), '2');
});

test('a restricted session makes no global through a parameter', () => {
  const rt = interpreter();
  assert.equal(evaluated(rt, "((fn [fresh] (alter 'fresh concat 1)) [5])", { restricted: true }), '!! access');
  assert.equal(evaluated(rt, "(resolve 'fresh)"), 'null');
});

test('alter leaves reserved names alone', () => {
  const rt = interpreter();
  for (const target of ['.ipc.on.sync', '.sys.gc', '.mine']) assert.equal(evaluated(rt, `(alter '${target} concat 1)`), '!! reserve', target);
});

test('upsert keeps the last of several rows with one key, and the columns that rows do not have', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [k v s] (list [1 2] [3 4] ["a" "b"])))');
  assert.equal(evaluated(rt, '(upsert t 1 (table [k v s] (list [5 5 1] [6 7 8] ["x" "y" "z"])))'), '(table [k v s] (list [1 2 5] [8 4 7] ["z" "b" "y"]))');
  assert.equal(evaluated(rt, '(upsert t 1 (table [v k] (list [9 9] [2 3])))'), '(table [k v s] (list [1 2 3] [3 9 9] ["a" "b" ""]))');
});

test('null keys of an upsert are equal', () => {
  const rt = interpreter();
  assert.equal(evaluated(rt, '(upsert (table [k v] (list [0Nl 2] [1 2])) 1 (list 0Nl 9))'), '(table [k v] (list [0Nl 2] [9 2]))');
});

test('a mask takes values for its rows only, and converts them to the column', () => {
  const rt = interpreter();
  evaluated(rt, '(set t (table [a f] (list [1 2 3] [1.5 2.5 3.5])))');
  assert.equal(evaluated(rt, '(update {from: t a: (* a 1.5) f: a where: (> a 1)})'), '(table [a f] (list [1 3 4] [1.5 2.0 3.0]))');
});
