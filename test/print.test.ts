import test from 'node:test';
import assert from 'node:assert/strict';
import { ROWS } from '../src/builtins/print.js';
import { fromBytes } from '../src/lang/text.js';
import { Builtin, Dict, Lambda, List, T, Table, Vec, f64, i32, name, nullOf, strVec, symVec, type Value } from '../src/lang/value.js';
import type { VariadicFn } from '../src/lang/builtin.js';
import type { HostServices, Runtime } from '../src/lang/runtime.js';

function printed(what: string, ...args: Value[]): string {
  let text = '';
  const host = { out: (bytes: string) => void (text += bytes) } as Partial<HostServices>;
  const fn = ROWS.find((row) => row.name === what)!.fn as VariadicFn;
  assert.equal(fn(args, { host } as Runtime), null);
  return fromBytes(text);
}

const longs = new Vec(T.I64, BigInt64Array.of(1n, 2n));

test('println separates its arguments and ends the line, print does neither more', () => {
  assert.equal(printed('println', name('a'), 'b', f64(2.5)), "'a b 2.5\n");
  assert.equal(printed('print', 'a', 1), 'a 1');
  assert.equal(printed('println'), '\n');
  assert.equal(printed('print'), '');
});

test('print has texts of its own for symbols, lists, tables and functions', () => {
  const table = new Table(symVec(['a', 'b']), [longs, longs]);
  assert.equal(printed('print', new List([1, 'a', name('b'), new List([f64(2.5), null])])), "[1 a 'b [2.5 null]]");
  assert.equal(printed('print', table), '<table 2x2>');
  assert.equal(printed('print', new Builtin(102, '+', (x: Value) => x, {}), new Lambda([], [])), '+ lambda');
  assert.equal(printed('print', new Dict(symVec(['a']), longs), longs, strVec(['x'])), '{a:1} [1 2] ["x"]');
  assert.equal(printed('print', name(''), nullOf(T.I32), i32(5), f64(3.14159265)), "' 0Ni 5 3.14159");
});

test('a first str with a percent sign is a format, if there is something to fill it with', () => {
  assert.equal(printed('println', 'x=%', 1), 'x=1\n');
  assert.equal(printed('println', 'x=%'), 'x=%\n');
  assert.equal(printed('println', 'x', '%', 1), 'x % 1\n');
  assert.equal(printed('println', 5, '%'), '5 %\n');
  assert.equal(printed('print', '%', name('s')), 's');
});

test('show writes what the REPL shows, without separators', () => {
  assert.equal(printed('show', 1, 'a', longs, new List([1, 2])), '1"a"[1 2](1 2)\n');
  assert.equal(printed('show'), '\n');
});
