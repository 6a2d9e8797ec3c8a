/** Elementwise `and` / `or` of B8 vectors; a scalar counts for every row, the shorter vector sets the length. */
import { T, Vec, type Value } from './value.js';
import { blocks } from './interrupt.js';
import { truthy } from './truth.js';

export const andMasks = (a: Value, b: Value): Vec => combine(a, b, (x, y) => x & y);
export const orMasks = (a: Value, b: Value): Vec => combine(a, b, (x, y) => x | y);

function combine(a: Value, b: Value, op: (x: number, y: number) => number): Vec {
  const [x, y] = [bytes(a), bytes(b)];
  const n = Math.min(x?.length ?? Infinity, y?.length ?? Infinity);
  const out = new Uint8Array(n);
  const fixedA = truthy(a) ? 1 : 0;
  const fixedB = truthy(b) ? 1 : 0;
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = op(x ? x[i] : fixedA, y ? y[i] : fixedB);
  });
  return new Vec(T.B8, out);
}

const bytes = (v: Value): Uint8Array | null => (v instanceof Vec && v.t === T.B8 ? (v.data as Uint8Array) : null);
