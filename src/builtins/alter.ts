/** `alter`: the value of a global changed in place. */
import { List, Sym, Vec, isAtom, tagOf, type Value } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { isReserved } from '../lang/env.js';
import { cast } from '../columns/cast.js';
import { itemAt, items, pack } from '../columns/item.js';
import { integerOf, isIntType } from '../columns/promote.js';
import { overwritten } from '../columns/overwrite.js';
import { ROWS as COLLECTION } from './collection.js';
import type { BinaryFn, BuiltinRow } from '../lang/builtin.js';
import type { Runtime, Scope } from '../lang/runtime.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'alter', arity: 'n', special: true, args: "'name set index value | 'name concat value | 'name remove index",
    doc: 'changes the vector or list that a global holds and answers the symbol. Errors: name unbound, type, index, domain, reserve',
    example: "(do (set v [1 2 3]) (alter 'v set 0 99) v)", fn: alter,
  },
];

const CONCAT = COLLECTION.find((row) => row.name === 'concat')!.fn as BinaryFn;

type Change = (v: Value, args: readonly Value[], rt: Runtime) => Value;

const CHANGES: ReadonlyMap<string, readonly [arity: number, change: Change]> = new Map<string, readonly [number, Change]>([
  ['set', [2, (v, [at, x]) => setAt(v, at, x)]],
  ['concat', [1, (v, [x], rt) => CONCAT(v, x, rt)]],
  ['remove', [1, (v, [at]) => removeAt(v, at)]],
]);

function alter(args: readonly Value[], scope: Scope, rt: Runtime): Value {
  if (args.length < 3) fail('domain', `alter: expects at least 3 arguments, got ${args.length}`);
  const target = scope.eval(args[0]);
  if (!(target instanceof Sym)) fail('type', `alter: the variable is a symbol, got ${typeName(target)}`);
  if (isReserved(target)) fail('reserve', `cannot alter reserved binding '${target.text}'`);
  const v = scope.lookup(target) ?? fail('name', `'${target.text}' undefined`);
  // Through a parameter or local of that name a restricted session could otherwise bind any global anew, even a builtin.
  if (rt.restricted && rt.env.cell(target).global !== v) fail('access', `'alter' changes only what a global holds here`);
  const [, op, ...rest] = args;
  if (!(op instanceof Sym)) fail('type', `alter: expected set, concat or remove, got ${typeName(op)}`);
  const [arity, change] = CHANGES.get(op.text) ?? fail('domain', `alter: unknown operation '${op.text}'`);
  if (rest.length < arity) fail('domain', `alter ${op.text}: expects ${arity + 2} arguments, got ${args.length}`);
  rt.env.set(target, change(v, rest.slice(0, arity).map((arg) => scope.eval(arg)), rt));
  return target;
}

function setAt(v: Value, at: Value, x: Value): Value {
  if (!(v instanceof Vec || v instanceof List)) fail('type', `alter set: target must be a vector or list, got ${typeName(v)}`);
  const single = isAtom(at) && isIntType(-tagOf(at));
  if (!single && !(at instanceof Vec && isIntType(at.t))) fail('type', `alter set: the index is an integer or a vector of them, got ${typeName(at)}`);
  const rows = (single ? [at] : items(at as Vec)).map((i) => Number(integerOf(i)));
  const inside = (i: number): boolean => i >= 0 && i < v.length;
  if (single && v instanceof Vec && !inside(rows[0])) fail('index', `alter set: index ${rows[0]} outside 0..${v.length - 1}`);
  const values = x instanceof Vec && !single && x.length === rows.length && v instanceof Vec ? items(x) : null;
  if (v instanceof List) {
    const out = v.items.slice();
    for (const i of rows) if (inside(i)) out[i] = x;
    return new List(out);
  }
  const kept = rows.flatMap((row, k) => (inside(row) ? [k] : []));
  const stored = kept.map((k) => element(v, values === null ? x : values[k]));
  return overwritten(v, Int32Array.from(kept, (k) => rows[k]), pack(v.t, stored));
}

/** An atom as an element of a column. Errors: `type`. */
function element(v: Vec, x: Value): Value {
  if (tagOf(x) === -v.t) return x;
  return isAtom(x) ? itemAt(cast(v.t, pack(-tagOf(x), [x])) as Vec, 0) : fail('type', `alter set: ${typeName(x)} in a ${typeName(v)} vector`);
}

/** Indexes one removal takes, as in the reference. */
const MAX_REMOVED = 256;

function removeAt(v: Value, at: Value): Value {
  if (!(v instanceof List)) fail('type', `alter remove: target must be a list, got ${typeName(v)}`);
  const single = isAtom(at) && isIntType(-tagOf(at));
  if (!single && !(at instanceof Vec && isIntType(at.t))) fail('type', `alter remove: the index is an integer or a vector of them, got ${typeName(at)}`);
  if (at instanceof Vec && at.length > MAX_REMOVED) fail('limit', `alter remove: at most ${MAX_REMOVED} indexes`);
  const gone = new Set((single ? [at] : items(at as Vec)).map((i) => Number(integerOf(i))));
  return new List(v.items.filter((_, i) => !gone.has(i)));
}
