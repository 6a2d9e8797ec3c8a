/** Everything here runs in a process without WebAssembly. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { extreme, sum } from '../src/columns/aggregate.js';
import { add, divide } from '../src/columns/arith.js';
import { less } from '../src/columns/compare.js';
import { filterColumns } from '../src/columns/filter.js';
import { GROUPED } from '../src/columns/grouped.js';
import { hashGroupRows } from '../src/columns/hashing.js';
import { groupKeeping } from '../src/columns/simd-groups.js';
import { columns, filtering, grouping, packing } from '../src/columns/wasm/index.js';
import { I64_NULL, T, Vec, type F64 } from '../src/lang/value.js';
import { packsByTheBook, unpacksByTheBook } from './support/packing.js';

Reflect.deleteProperty(globalThis, 'WebAssembly');

test('without WebAssembly there are no kernels', () => assert.equal(packing(), null));
test('without WebAssembly packing follows the rule', packsByTheBook);
test('without WebAssembly unpacking follows the rule', unpacksByTheBook);

test('without WebAssembly columns are added, compared and summed', () => {
  const n = 5000;
  const x = new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => (i % 7 === 0 ? I64_NULL : BigInt(i))), true);
  const values = Array.from({ length: n }, (_, i) => i).filter((i) => i % 7 !== 0);
  const total = values.reduce((a, b) => a + b, 0);
  assert.equal(columns(), null);
  assert.equal(sum(x), total);
  assert.equal(sum(add(x, x) as Vec), 2 * total);
  assert.equal((sum(divide(x, 2) as Vec) as F64).v, total / 2);
  assert.equal(extreme(x, 1), 1);
  assert.equal(extreme(x, -1), values.at(-1));
  assert.deepEqual((less(x, 100) as Vec).data.slice(97, 107), Uint8Array.of(1, 1, 1, 0, 0, 0, 0, 0, 1, 0));
});

test('without WebAssembly rows are filtered, and reduced by groups', () => {
  const n = 20_000;
  const key = new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => BigInt(i % 3)));
  const x = new Vec(T.I64, BigInt64Array.from({ length: n }, (_, i) => (i % 5 === 0 ? I64_NULL : BigInt(i))), true);
  assert.equal(filtering(), null);
  assert.equal(grouping(), null);
  assert.equal(groupKeeping([key], [{ pass: 'sum', col: x }]), null);
  const groups = hashGroupRows([key, key]);
  const parts = [0, 1, 2].map((g) => Array.from({ length: n }, (_, i) => i).filter((i) => i % 3 === g && i % 5 !== 0));
  assert.deepEqual(GROUPED.get('sum')!(x, groups)!.data, BigInt64Array.from(parts, (part) => BigInt(part.reduce((a, b) => a + b, 0))));
  assert.deepEqual(GROUPED.get('min')!(x, groups)!.data, BigInt64Array.from(parts, (part) => BigInt(part[0])));
  assert.deepEqual(GROUPED.get('count')!(x, groups)!.data, BigInt64Array.of(6667n, 6667n, 6666n));
  const [picked] = filterColumns([key], new Vec(T.B8, Uint8Array.from({ length: n }, (_, i) => (i % 3 === 1 ? 1 : 0))));
  assert.deepEqual((picked as Vec).data, new BigInt64Array(6667).fill(1n));
});
