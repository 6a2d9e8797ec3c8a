/** Loops that call a function for every element: what the higher-order functions are made of. */
import { Builtin, I64_NULL, List, T, Vec, type Value } from '../lang/value.js';
import { blocks } from '../lang/interrupt.js';
import { alloc, halves, readHalves, reader } from './item.js';
import { listOf } from './long-list.js';

export type Fn1 = (a: Value) => Value;
export type Fn2 = (a: Value, b: Value) => Value;

/** `f` of every element, as a list. */
export function mapEach(xs: Vec | List, f: Fn1): List {
  const read = reader(xs);
  return listOf(xs.length, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = f(read(i));
  });
}

/** `f` of the elements of both, pairwise, as far as the shorter one goes. */
export function zipEach(xs: Vec | List, ys: Vec | List, f: Fn2): List {
  const left = reader(xs);
  const right = reader(ys);
  return listOf(Math.min(xs.length, ys.length), (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = f(left(i), right(i));
  });
}

/** `f(f(f(acc, x0), x1), ..)` over the elements from position `from`. */
export function foldLeft(xs: Vec | List, f: Fn2, init: Value, from = 0): Value {
  const read = reader(xs);
  const n = xs.length - from;
  let result = init;
  blocks(n, (lo, hi) => {
    let acc = result;
    for (let i = from + lo; i < from + hi; i++) acc = f(acc, read(i));
    result = acc;
  });
  return result;
}

/** `f(x0, f(x1, .. f(xk, acc)))` over all elements but the last `skip`. */
export function foldRight(xs: Vec | List, f: Fn2, init: Value, skip = 0): Value {
  const read = reader(xs);
  const last = xs.length - skip - 1;
  let result = init;
  blocks(last + 1, (lo, hi) => {
    let acc = result;
    for (let i = lo; i < hi; i++) acc = f(read(last - i), acc);
    result = acc;
  });
  return result;
}

/** Every accumulator of `foldLeft` from the first element on. */
export function scanLeft(xs: Vec | List, f: Fn2): List {
  const read = reader(xs);
  let last: Value = null;
  return listOf(xs.length, (out, base, lo, hi) => {
    let acc = last;
    for (let i = lo; i < hi; i++) out[i - base] = acc = i === 0 ? read(0) : f(acc, read(i));
    last = acc;
  });
}

/** Every accumulator of `foldRight` from the last element on, in the order of the elements. */
export function scanRight(xs: Vec | List, f: Fn2): List {
  const n = xs.length;
  const read = reader(xs);
  let last: Value = null;
  return listOf(n, (out, base, lo, hi) => {
    let acc = last;
    for (let i = hi - 1; i >= lo; i--) out[i - base] = acc = i === n - 1 ? read(i) : f(read(i), acc);
    last = acc;
  }, true);
}

/** `f(x, previous)` for every element; the first one is its own predecessor. */
export function eachPrior(xs: Vec | List, f: Fn2): List {
  const read = reader(xs);
  return listOf(xs.length, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) out[i - base] = f(read(i), read(i === 0 ? 0 : i - 1));
  });
}

/** Running sum or product of an I16, I32, I64 or F64 column by `+` or `*`, of its own type; null sticks. Undefined where no kernel fits. */
export function scanByOperator(xs: Vec, f: Value): Vec | undefined {
  if (!(f instanceof Builtin) || (f.name !== '+' && f.name !== '*') || xs.length === 0) return undefined;
  const add = f.name === '+';
  switch (xs.t) {
    case T.F64: return new Vec(T.F64, scanFloats(xs.data as Float64Array, add), xs.nulls);
    case T.I64: return new Vec(T.I64, scanLongs(xs.data as BigInt64Array, add), xs.nulls);
    case T.I32: return new Vec(T.I32, scanInts(xs.data as Int32Array, add, -2147483648, 0), xs.nulls);
    case T.I16: return new Vec(T.I16, Int16Array.from(scanInts(xs.data as Int16Array, add, -32768, 16)), xs.nulls);
    default: return undefined;
  }
}

/** Comparison of every element with its predecessor by `op`, as B8. Undefined where the elements can only be compared one by one. */
export function priorByOperator(xs: Vec, f: Value): Vec | undefined {
  if (!(f instanceof Builtin) || xs.nulls || xs.length === 0 || !DENSE.has(xs.t)) return undefined;
  const accept = ACCEPT.get(f.name);
  if (accept === undefined || (xs.t === T.SYM && f.name !== '==' && f.name !== '!=')) return undefined;
  const [less, equal, greater] = accept;
  const out = new Uint8Array(xs.length);
  const d = xs.data as Float64Array;
  blocks(out.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const x = d[i];
      const y = d[i === 0 ? 0 : i - 1];
      out[i] = x < y ? less : x > y ? greater : equal;
    }
  });
  return new Vec(T.B8, out);
}

const DENSE = new Set<number>([T.U8, T.I16, T.I32, T.I64, T.F32, T.F64, T.DATE, T.TIME, T.TIMESTAMP, T.SYM]);
const ACCEPT = new Map<string, readonly [less: number, equal: number, greater: number]>([
  ['<', [1, 0, 0]], ['>', [0, 0, 1]], ['<=', [1, 1, 0]], ['>=', [0, 1, 1]], ['==', [0, 1, 0]], ['!=', [1, 0, 1]],
]);

function scanFloats(xs: Float64Array, add: boolean): Float64Array {
  const out = alloc(T.F64, xs.length) as Float64Array;
  let acc = xs[0];
  blocks(xs.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = i === 0 ? acc : (acc = add ? acc + xs[i] : acc * xs[i]);
  });
  return out;
}

/** `drop`: bits that the narrower type does not have. */
function scanInts(xs: Int32Array | Int16Array, add: boolean, none: number, drop: number): Int32Array {
  const out = new Int32Array(xs.length);
  let acc = xs[0];
  blocks(xs.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const x = xs[i];
      if (i > 0) acc = acc === none || x === none ? none : ((add ? acc + x : Math.imul(acc, x)) << drop) >> drop;
      out[i] = acc;
    }
  });
  return out;
}

function scanLongs(xs: BigInt64Array, add: boolean): BigInt64Array {
  const out = alloc(T.I64, xs.length) as BigInt64Array;
  const h = halves(xs);
  const to = halves(out);
  let acc: number | bigint = readHalves(h, 0);
  blocks(xs.length, (lo, hi) => {
    let i = lo;
    for (; i < hi && typeof acc === 'number'; i++) {
      const x = i === 0 ? (add ? 0 : 1) : readHalves(h, i);
      const next: number = typeof x === 'number' ? (add ? acc + x : acc * x) : NaN;
      if (!Number.isSafeInteger(next)) break;
      acc = next + 0;
      to[2 * i] = next;
      to[2 * i + 1] = Math.floor(next / 4294967296);
    }
    for (let wide = BigInt(acc); i < hi; i++) {
      if (i > 0) wide = wide === I64_NULL || xs[i] === I64_NULL ? I64_NULL : BigInt.asIntN(64, add ? wide + xs[i] : wide * xs[i]);
      out[i] = wide;
      acc = wide;
    }
  });
  return out;
}
