import { test } from 'node:test';
import assert from 'node:assert/strict';
import { I64_NULL, T, Vec } from '../src/lang/value.js';
import { items } from '../src/columns/item.js';
import { frames, windowed, type Frame } from '../src/columns/window.js';
import { evaluated, interpreter } from './query-data.js';

const N = 300;
const part = Array.from({ length: N }, (_, i) => (i * 7) % 3);
const order = Array.from({ length: N }, (_, i) => (i * 37) % 101);
const values = Array.from({ length: N }, (_, i) => ((i * 53) % 17 === 0 ? null : (i * 53) % 89));
const ints = (xs: readonly (number | null)[]): Vec => new Vec(T.I64, BigInt64Array.from(xs, (x) => (x === null ? I64_NULL : BigInt(x))), xs.includes(null));

/** Row numbers of the frame of a row, in order, by their definition. */
function frameOf(row: number, frame: Frame): number[] {
  const own = Array.from({ length: N }, (_, i) => i).filter((i) => part[i] === part[row]).sort((a, b) => order[a] - order[b] || a - b);
  if (frame === Infinity) return own;
  const upTo = own.slice(0, own.indexOf(row) + 1);
  return typeof frame === 'object' ? upTo.slice(-frame.rows) : upTo;
}

const least = (xs: number[]): unknown => (xs.length === 0 ? I64_NULL : Math.min(...xs));
const BY_DEFINITION: Record<string, (xs: number[], rows: number[]) => unknown> = {
  sum: (xs) => xs.reduce((a, b) => a + b, 0), min: least, count: (_xs, rows) => rows.length,
  first: (_xs, rows) => values[rows[0]] ?? I64_NULL, last: (_xs, rows) => values[rows[rows.length - 1]] ?? I64_NULL,
};

for (const [text, frame] of [['whole', Infinity], ['running', 'running'], ['2 rows', { rows: 2 }], ['90 rows', { rows: 90 }]] as [string, Frame][]) {
  test(`frames of ${text} are what their definition says`, () => {
    const layout = frames([ints(part)], [ints(order)], N, frame);
    for (const [verb, expected] of Object.entries(BY_DEFINITION)) {
      const got = items(windowed(verb, ints(values), layout)!);
      const wanted = part.map((_, row) => {
        const rows = frameOf(row, frame);
        return expected(rows.map((i) => values[i]).filter((x) => x !== null), rows);
      });
      assert.deepEqual([...got], wanted, verb);
    }
  });
}

test('symbols and strs have a least and a greatest in a window, and no sum', () => {
  const rt = interpreter();
  evaluated(rt, '(set w (table [g s] (list [x x y] [b a c])))');
  assert.equal(evaluated(rt, "(at (window {from: w part: g funcs: {m: (min s)}}) 'm)"), '[a a c]');
  assert.equal(evaluated(rt, "(window {from: w part: g funcs: {m: (sum s)}})"), '!! type');
});
