import test from 'node:test';
import assert from 'node:assert/strict';
import { explain } from '../src/lang/trace.js';
import { RayError, type TraceFrame } from '../src/lang/errors.js';
import { Source } from '../src/lang/source.js';
import { fromBytes, toBytes } from '../src/lang/text.js';

const source = (text: string, file = 'a.rfl'): Source => new Source(toBytes(text), file);
const frame = (s: Source, at: number, lambda = true): TraceFrame => ({ source: s, at, lambda });
function failed(code: string, message: string, ...trace: TraceFrame[]): RayError {
  const error = new RayError(code, toBytes(message));
  error.trace = trace;
  return error;
}
const text = (e: RayError, color = false): string => fromBytes(explain(e, color));

const LINE = "(set f (fn [x] (+ x 'a)))";
const f = source(`${LINE}\n(f 2)`);

test('an error outside lambdas is one line', () => {
  assert.equal(text(new RayError('name', "'foo' undefined")), "error: name: 'foo' undefined");
  assert.equal(text(new RayError('type')), 'error: type');
  assert.equal(text(failed('type', 'no', frame(f, 0, false))), 'error: type: no');
});

test('every lambda it passed is a box, innermost first, the message in the first', () => {
  assert.equal(text(failed('type', 'cannot add i64 and sym', frame(f, 15), frame(f, 26, false))), `
  × Error: type

   ╭─[a.rfl:1:16]
 1 │ (set f (fn [x] (+ x 'a)))
   │                ▲
   │                ╰─ type: cannot add i64 and sym
   ╰─ in λ

   ╭─[a.rfl:2:1]
 2 │ (f 2)
   │ ▲
   │ ╰─\x20
   ╰─ in λ
`);
});

test('the gutter is as wide as the line number', () => {
  const s = source(`${'\n'.repeat(99)}  (x)`);
  assert.equal(text(failed('name', '', frame(s, 101))), `
  × Error: name

   ╭─[a.rfl:100:3]
 100 │   (x)
     │   ▲
     │   ╰─ name
   ╰─ in λ
`);
});

test('after five frames only their number is told', () => {
  const lines = text(failed('type', 'no', ...Array.from({ length: 8 }, () => frame(f, 15)))).split('\n');
  assert.equal(lines.filter((line) => line.includes('╭─[')).length, 5);
  assert.deepEqual(lines.slice(-2), ['   ... 3 more frames', '']);
});

test('a parse error shows where the text ends to be Rayfall, and who read it', () => {
  const inner = source('(1 2', 'repl');
  const outer = source('((fn [x] (parse x)) "(1 2")');
  assert.equal(text(failed('parse', '"(" at 1:1 is not closed', frame(inner, 4, false))), `
  × Error: parse

   ╭─[repl:1:5]
 1 │ (1 2
   │     ▲
   │     ╰─ parse: "(" at 1:1 is not closed
   ╰─ in source
`);
  assert.equal(text(failed('parse', 'unclosed', frame(inner, 4, false), frame(outer, 9))), `
  × Error: parse

   ╭─[repl:1:5]
 1 │ (1 2
   │     ▲
   │     ╰─ parse: unclosed
   ╰─ in source

   ╭─[a.rfl:1:10]
 1 │ ((fn [x] (parse x)) "(1 2")
   │          ▲
   │          ╰─\x20
   ╰─ in λ
`);
});

test('the caret stands under its character, behind tabs and UTF-8 too; columns count bytes', () => {
  const s = source('\t"hä" (x)');
  assert.equal(text(failed('name', '', frame(s, 7))), `
  × Error: name

   ╭─[a.rfl:1:8]
 1 │ \t"hä" (x)
   │ \t     ▲
   │ \t     ╰─ name
   ╰─ in λ
`);
});

test('of a very long line the surroundings of the caret are shown', () => {
  const s = source(`${'a'.repeat(5000)}(x)${'b'.repeat(5000)}`);
  const [, , , , line, caret] = text(failed('name', '', frame(s, 5000))).split('\n');
  assert.equal(line, ` 1 │ …${'a'.repeat(256)}(x)${'b'.repeat(253)}…`);
  assert.equal(caret.indexOf('▲'), line.indexOf('('));
});

test('a message of several lines keeps its place in the box', () => {
  const lines = text(failed('type', 'one\ntwo', frame(f, 15))).split('\n');
  assert.deepEqual(lines.slice(6, 8), ['   │                ╰─ type: one', '   │                   two']);
});

test('frames made at run time have no source and no box', () => {
  assert.equal(text(failed('type', 'no', { source: null, at: -1, lambda: true }, frame(f, 15))).match(/╭─\[/g)?.length, 1);
});

test('colours mark code, place and message and end with each part', () => {
  assert.equal(text(new RayError('type', 'no'), true), '\x1b[1;31merror: type: no\x1b[0m');
  const coloured = text(failed('type', 'no', frame(f, 15)), true);
  assert.ok(coloured.startsWith('\n\x1b[1;31m  × Error: type\x1b[0m\n'));
  assert.ok(coloured.includes('\x1b[35m╰─ \x1b[1;31mtype: no\x1b[0m'));
  assert.equal(coloured.replace(/\x1b\[[\d;]*m/g, ''), text(failed('type', 'no', frame(f, 15))));
});
