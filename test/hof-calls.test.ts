import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Interp } from '../src/lang/interpreter.js';
import { RayError } from '../src/lang/errors.js';
import { BUILTINS } from '../src/builtins/index.js';
import { itemAt } from '../src/columns/item.js';
import { BLOCK } from '../src/lang/interrupt.js';
import type { HostServices } from '../src/lang/runtime.js';
import type { BuiltinRow } from '../src/lang/builtin.js';

const interp = (rows: readonly BuiltinRow[] = []): Interp => new Interp({ host: {} as HostServices, builtins: [...BUILTINS, ...rows], itemAt });
const code = (rt: Interp, text: string): string => {
  try {
    rt.top(() => rt.run(text));
    return 'no error';
  } catch (e) {
    return e instanceof RayError ? e.code : String(e);
  }
};

for (const form of ['(map f N)', '(fold g N)', '(fold g 0 N)', '(fold-right g N)', '(scan g N)', '(scan-right g N)', '(prior g N)', '(apply g N N)', '(map-left g N 1)']) {
  test(`${form} stops within one block of an interrupt`, () => {
    let calls = 0;
    const stop = (): number => {
      if (++calls === 10) rt.interrupt.raise();
      return 0;
    };
    const rt = interp([
      { name: 'f', arity: 1, args: 'x', doc: 'counts', example: '1', fn: stop },
      { name: 'g', arity: 2, args: 'x y', doc: 'counts', example: '1', fn: stop },
    ]);
    rt.top(() => rt.run(`(set N (til ${BLOCK * 4}))`));
    assert.equal(code(rt, form), 'cancel');
    assert.ok(calls <= BLOCK, `${calls} calls`);
  });
}

test('a restricted builtin stays refused when it is handed to map', () => {
  const rt = interp([{ name: 'secret', arity: 1, args: 'x', doc: 'restricted', example: '1', restricted: true, fn: () => 1 }]);
  assert.throws(() => rt.top(() => rt.run('(map secret [1 2])'), { restricted: true }), (e) => e instanceof RayError && e.code === 'access');
});

test('fold through i64 keeps every bit beyond the safe integers', () => {
  const rt = interp();
  const value = (text: string): unknown => rt.top(() => rt.run(text));
  assert.equal(value('(fold (fn [a b] (+ a b)) [9007199254740991 2])'), 9007199254740993n);
  assert.equal(value('(last (scan + [9007199254740991 2 -9007199254740991]))'), 2);
  assert.equal(value('(at (map (fn [x] x) [-9007199254740993 1]) 0)'), -9007199254740993n);
});
