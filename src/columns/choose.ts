/** One of two columns or atoms, row by row. */
import { List, T, Vec, nullOf, symbol, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { blocks } from '../lang/interrupt.js';
import { cast } from './cast.js';
import { concatColumns } from './concat.js';
import { gather } from './gather.js';
import { repeat } from './slice.js';
import { isText, texts } from './strings.js';

/**
 * `yes` where the mask is true, `no` elsewhere. A branch has a row for each of the mask, or for each of its own side (what it was
 * evaluated for), or one for all; atoms stand for every row. Integers beside floats become floats, symbols beside strs strs, two str atoms
 * symbols. Errors: `type`, `length`.
 */
export function choose(mask: Vec, yes: Value, no: Value): Vec | List {
  const [a, b] = alike(branch(yes, typeof no === 'string'), branch(no, typeof yes === 'string'));
  const m = mask.data as Uint8Array;
  const rows = new Int32Array(m.length);
  let trues = 0;
  blocks(m.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) trues += m[i] !== 0 ? 1 : 0;
  });
  const [aWhole, bWhole] = [stepOf(a, m.length, trues), stepOf(b, m.length, m.length - trues)];
  const n = a.length;
  let seen = 0;
  for (let i = 0; i < m.length; i++) {
    rows[i] = m[i] !== 0 ? place(aWhole, i, seen) : n + place(bWhole, i, i - seen);
    seen += m[i] !== 0 ? 1 : 0;
  }
  return gather(concatColumns([a, b]), rows);
}

type Step = 'one' | 'all' | 'own';
const place = (step: Step, row: number, own: number): number => (step === 'one' ? 0 : step === 'all' ? row : own);

function stepOf(v: Vec | List, rows: number, own: number): Step {
  if (v.length === rows) return 'all';
  if (v.length === own) return 'own';
  return v.length === 1 ? 'one' : fail('length', `a branch of ${v.length} rows where the condition has ${rows}`);
}

/** Texts end to end row by row: STR, or SYM where no part is a STR column; undefined where a part is no text or lengths differ. */
export function joinedTexts(parts: readonly Value[]): Vec | undefined {
  const columns = parts.filter((p) => p instanceof Vec) as Vec[];
  const n = columns[0]?.length;
  if (n === undefined || columns.some((c) => c.length !== n || !isText(c)) || parts.some((p) => !(p instanceof Vec) && typeof p !== 'string')) return undefined;
  let out = new Array<string>(n).fill('');
  for (const p of parts) {
    if (typeof p === 'string') out = out.map((s) => s + p);
    else {
      const t = texts(p as Vec);
      out = out.map((s, i) => s + t[i]);
    }
  }
  const joined = new Vec(T.STR, out);
  return columns.some((c) => c.t === T.STR) ? joined : (cast(T.SYM, joined) as Vec);
}

/** `base` with the elements at `rows` taken from `changed`: a column of the same length, or of one element for all of them. */
export function replaced(base: Vec | List, rows: Int32Array, changed: Vec | List): Vec | List {
  const n = base.length;
  const from = new Int32Array(n);
  blocks(n, (lo, hi) => {
    for (let i = lo; i < hi; i++) from[i] = i;
  });
  const step = changed.length === n ? 1 : 0;
  blocks(rows.length, (lo, hi) => {
    for (let k = lo; k < hi; k++) from[rows[k]] = n + rows[k] * step;
  });
  return gather(concatColumns([base, changed]), from);
}

function branch(v: Value, besideText: boolean): Vec | List {
  if (v instanceof Vec || v instanceof List) return v;
  if (typeof v === 'string' && besideText) return repeat(symbol(v), 1);
  return repeat(v === null ? nullOf(T.I64) : v, 1);
}

function alike(a: Vec | List, b: Vec | List): [Vec | List, Vec | List] {
  if (a.t === b.t) return [a, b];
  if (!(a instanceof Vec && b instanceof Vec)) return fail('type', `branches of ${typeName(a)} and ${typeName(b)}`);
  if (NUMBERS.has(a.t) && NUMBERS.has(b.t)) {
    const t = a.t === T.F64 || b.t === T.F64 ? T.F64 : Math.max(a.t, b.t);
    return [cast(t, a) as Vec, cast(t, b) as Vec];
  }
  if (TEXTS.has(a.t) && TEXTS.has(b.t)) return [cast(T.STR, a) as Vec, cast(T.STR, b) as Vec];
  return fail('type', `branches of ${typeName(a)} and ${typeName(b)}`);
}

const NUMBERS: ReadonlySet<number> = new Set([T.B8, T.U8, T.I16, T.I32, T.I64, T.F64]);
const TEXTS: ReadonlySet<number> = new Set([T.SYM, T.STR]);
