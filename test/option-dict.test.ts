/** Dict literals as options: a bare name is the variable of that name, wherever the call stands and however it is compiled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemAt } from '../src/columns/item.js';
import { BUILTINS } from '../src/builtins/index.js';
import { allFamilies } from '../src/engine/builtins.js';
import { RayError } from '../src/lang/errors.js';
import { format } from '../src/lang/format.js';
import { Interp } from '../src/lang/interpreter.js';
import type { BuiltinRow } from '../src/lang/builtin.js';
import type { HostServices } from '../src/lang/runtime.js';

const TAKES: BuiltinRow = { name: '.t.takes', args: 'place options', arity: 'n', doc: '', example: '', options: true, fn: (args) => args.at(-1)! };
const ONE: BuiltinRow = { name: '.t.one', args: 'options', arity: 1, doc: '', example: '', options: true, fn: (x) => x };
const interp = new Interp({ host: {} as HostServices, builtins: [...BUILTINS, TAKES, ONE], itemAt });

function shown(source: string): string {
  try {
    return interp.top(() => format(interp.run(source), 0));
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return `${e.code}: ${e.message}`;
  }
}

test('a bare name is the variable of that name: of the function, of the block, or global, in this order', () => {
  shown('(do (set where "global") (set ca "authority"))');
  for (const [source, value] of [
    ['(.t.takes 1 {address: where})', '{address:"global"}'],
    ['((fn [where] (.t.takes 1 {address: where})) "mine")', '{address:"mine"}'],
    ['((fn [where] (.t.one {address: where n: 2})) "mine")', '{address:"mine" n:2}'],
    ['((fn [x] (do (let where x) (.t.takes 1 {address: where}))) "let")', '{address:"let"}'],
    ['(do (let where "block") (.t.takes 1 {address: where}))', '{address:"block"}'],
    ['((fn [x] (.t.takes 1 {address: x other: where})) "mine")', '{address:"mine" other:"global"}'],
    ['((fn [ca] (.t.takes 1 {tls: {ca: ca deep: {er: ca}} n: 1})) "x")', '{tls:{ca:"x" deep:{er:"x"}} n:1}'],
    ['(.t.takes 1 {tls: {ca: ca}})', '{tls:{ca:"authority"}}'],
    ['((fn [x] (try (.t.one {a: x}) (fn [e] e))) 3)', '{a:3}'],
    ['(map (fn [x] (.t.one {a: x})) [1 2])', '(list {a:1} {a:2})'],
    ['((fn [f x] (f {a: x})) .t.one 5)', '{a:5}'],
    ['((fn [x] (let f .t.one) (f {a: x})) 6)', '{a:6}'],
    ['(do (set alias .t.one) ((fn [x] (alias {a: x})) 7))', '{a:7}'],
  ] as const) assert.equal(shown(source).replaceAll(' : ', ':').replaceAll(', ', ' '), value, source);
});

test('so it is in a function that runs often enough to become machine code, also one whose function is bound later', () => {
  shown('(do (set hot (fn [x] (.t.takes x {a: x b: {c: x d: ca}}))) (set later (fn [f x] (f {a: x}))) (set plain (fn [o] (at o \'a))) (set through (fn [x] (target {a: x}))) (set target plain))');
  for (let i = 0; i < 400; i++) {
    assert.equal(shown(`(at (hot ${i}) 'a)`), String(i));
    assert.equal(shown(`(at (at (hot ${i}) 'b) 'c)`), String(i));
    assert.equal(shown(`(at (later .t.one ${i}) 'a)`), String(i));
    assert.equal(shown('(through 1)'), 'x', 'a function of the script gets the literal as it is written');
  }
  shown('(set target .t.one)');
  assert.equal(shown("(at (through 9) 'a)"), '9');
});

test('quoted symbols stay symbols, what a variable holds is not looked up again, and a name that means nothing is an error that says which', () => {
  shown("(do (set policy 'where) (set where \"global\"))");
  assert.equal(shown("((fn [policy] (.t.one {p: policy q: 'policy})) 'where)"), "{p:where q:policy}");
  assert.match(shown('((fn [x] (.t.one {a: {b: nothing-of-that-name}})) 1)'), /^name: 'nothing-of-that-name' undefined$/);
  assert.match(shown('(.t.takes nothing-here {})'), /^name: 'nothing-here' undefined$/);
});

test('everything else in a dict literal stays unevaluated, and so do dict literals elsewhere', () => {
  assert.equal(shown('((fn [x] (type (at (.t.one {a: (+ x 1)}) \'a))) 1)'), 'LIST');
  assert.equal(shown("((fn [x] (do (let d {a: x}) (type (at d 'a)))) 1)"), 'sym');
  assert.equal(shown("((fn [x] (type (at {a: x} 'a))) 1)"), 'sym');
  shown('(set kept {a: where})');
  assert.equal(shown("((fn [where] (type (at (.t.one kept) 'a))) 1)"), 'sym', 'what a variable holds is a value');
});

test('every builtin that takes options takes them so', () => {
  const rows = [...allFamilies().values()].flat();
  const named = rows.filter(({ args, doc }) => /\boptions\b/.test(args) || /\ba dict of [a-z]+,? .*perhaps/.test(doc)).map(({ name }) => name);
  assert.ok(named.length > 10);
  assert.deepEqual(named.filter((name) => rows.find((row) => row.name === name)!.options !== true), []);
  for (const name of ['.ipc.open', '.broker.path']) assert.equal(rows.find((row) => row.name === name)!.options, true);
});
