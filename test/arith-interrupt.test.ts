import test from 'node:test';
import assert from 'node:assert/strict';
import { add, divide } from '../src/columns/arith.js';
import { equal } from '../src/columns/compare.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { RayError } from '../src/lang/errors.js';
import { List, T, Vec, type Value } from '../src/lang/value.js';

test('a raised interrupt cancels a column loop, and is used up by it', () => {
  const interrupt = new Interrupt();
  const previous = enter(interrupt);
  try {
    const xs = new Vec(T.I64, new BigInt64Array(200_000));
    const boxed = new List(new Array<Value>(100_000).fill(1));
    for (const work of [() => add(xs, 1), () => divide(xs, xs), () => equal(xs, 0), () => add(boxed, 1)]) {
      interrupt.raise();
      assert.throws(work, (e) => e instanceof RayError && e.code === 'cancel');
      assert.doesNotThrow(work);
    }
  } finally {
    enter(previous);
  }
});
