/** One of two columns or atoms, row by row. */
import { List, T, Vec, nullOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { cast } from './cast.js';
import { concatColumns } from './concat.js';
import { gather } from './gather.js';
import { repeat } from './slice.js';

/** `yes` where the mask is true, `no` elsewhere; atoms stand for every row. Integers beside floats become floats. Errors: `type`, `length`. */
export function choose(mask: Vec, yes: Value, no: Value): Vec | List {
  const [a, b] = alike(column(yes, mask.length), column(no, mask.length));
  const m = mask.data as Uint8Array;
  const rows = new Int32Array(m.length);
  const aStep = a.length === 1 && m.length !== 1 ? 0 : 1;
  const bStep = b.length === 1 && m.length !== 1 ? 0 : 1;
  const n = a.length;
  for (let i = 0; i < m.length; i++) rows[i] = m[i] !== 0 ? i * aStep : n + i * bStep;
  return gather(concatColumns([a, b]), rows);
}

/** `base` with the elements at `rows` taken from `changed`: a column of the same length, or of one element for all of them. */
export function replaced(base: Vec | List, rows: Int32Array, changed: Vec | List): Vec | List {
  const n = base.length;
  const from = new Int32Array(n);
  for (let i = 0; i < n; i++) from[i] = i;
  const step = changed.length === n ? 1 : 0;
  for (let k = 0; k < rows.length; k++) from[rows[k]] = n + rows[k] * step;
  return gather(concatColumns([base, changed]), from);
}

function column(v: Value, n: number): Vec | List {
  if (!(v instanceof Vec || v instanceof List)) return repeat(v === null ? nullOf(T.I64) : v, 1);
  return v.length === n ? v : fail('length', `a branch of ${v.length} rows where the condition has ${n}`);
}

function alike(a: Vec | List, b: Vec | List): [Vec | List, Vec | List] {
  if (a.t === b.t) return [a, b];
  if (!(a instanceof Vec && b instanceof Vec)) return fail('type', `branches of ${typeName(a)} and ${typeName(b)}`);
  if (NUMBERS.has(a.t) && NUMBERS.has(b.t)) {
    const t = a.t === T.F64 || b.t === T.F64 ? T.F64 : Math.max(a.t, b.t);
    return [cast(t, a) as Vec, cast(t, b) as Vec];
  }
  if (TEXTS.has(a.t) && TEXTS.has(b.t)) return [cast(T.SYM, a) as Vec, cast(T.SYM, b) as Vec];
  return fail('type', `branches of ${typeName(a)} and ${typeName(b)}`);
}

const NUMBERS: ReadonlySet<number> = new Set([T.B8, T.U8, T.I16, T.I32, T.I64, T.F64]);
const TEXTS: ReadonlySet<number> = new Set([T.SYM, T.STR]);
