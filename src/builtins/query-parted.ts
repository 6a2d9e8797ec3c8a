/** Queries over partitioned tables: which partitions and which columns need be read. */
import { Builtin, Lambda, List, Sym, T, Vec, type Value } from '../lang/value.js';
import { RayError } from '../lang/errors.js';
import { maskToIndices } from '../columns/gather.js';
import { KEY, mergedMasks, type PartedTable } from '../columns/parted.js';
import { Columns, evalOver, headText, mentions, type Query } from './query-eval.js';
import { tableOf } from './tables.js';
import type { Scope } from '../lang/runtime.js';

/** Without the partitions where no row can pass `where:`. */
export function prunedBy(t: PartedTable, q: Query, scope: Scope): PartedTable {
  const where = q.clauses.get('where');
  const at = t.places.indexOf(KEY);
  if (where === undefined || at < 0 || t.parts.segments.length === 0) return t;
  const cols = new Columns(t);
  const key = cols.names[at];
  // A condition that looks at other rows must see them all.
  if (cols.index(key) !== at || !isRowwise(where, cols, scope)) return t;
  const keys = new Columns(tableOf([key], [t.parts.keys]));
  const mask = partitionMask(where, keys, cols, scope);
  return mask === null ? t : t.prune(maskToIndices(mask));
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const MEMBERS: ReadonlySet<string> = new Set(['in', 'within', 'like']);
const LOGIC: ReadonlySet<string> = new Set(['and', 'or', 'not', 'nil?']);

/** Whether each row's answer depends on that row only. */
function isRowwise(ast: Value, cols: Columns, scope: Scope): boolean {
  if (!(ast instanceof List) || !mentions(ast, cols)) return true;
  const head = builtinOf(ast, cols, scope);
  if (head === null) return false;
  const args = ast.items.slice(1);
  if (MEMBERS.has(head.name)) return isRowwise(args[0], cols, scope) && args.slice(1).every((arg) => !mentions(arg, cols));
  return (head.flags.atomic === true || COMPARISONS.has(head.name) || LOGIC.has(head.name)) && args.every((arg) => isRowwise(arg, cols, scope));
}

function builtinOf(ast: List, cols: Columns, scope: Scope): Builtin | null {
  const [head] = ast.items;
  const f = head instanceof Sym && !cols.has(head) ? scope.lookup(head) : head;
  return f instanceof Builtin ? f : null;
}

/** For each partition whether some row of it may pass; null: no telling. */
function partitionMask(ast: Value, keys: Columns, cols: Columns, scope: Scope): Vec | null {
  if (!(ast instanceof List)) return null;
  const head = builtinOf(ast, cols, scope);
  const args = ast.items.slice(1);
  if (head?.name === 'and' || head?.name === 'or') {
    const masks = args.map((arg) => partitionMask(arg, keys, cols, scope));
    const known = masks.filter((mask) => mask !== null);
    if (known.length === 0 || (head.name === 'or' && known.length < masks.length)) return null;
    return known.reduce((a, b) => mergedMasks(a, b, head.name === 'and'));
  }
  if (head === null || !(COMPARISONS.has(head.name) || (MEMBERS.has(head.name) && head.name !== 'like')) || args.length !== 2) return null;
  const others = args.filter((arg) => !isKey(arg, keys));
  if (others.length !== 1 || (MEMBERS.has(head.name) && others[0] === args[0]) || mentions(others[0], cols) || !isConstant(others[0], scope)) return null;
  return answered(ast, keys, scope);
}

const isKey = (ast: Value, keys: Columns): boolean => ast instanceof Sym && keys.has(ast);

/** Evaluated twice it gives the same. */
function isConstant(ast: Value, scope: Scope): boolean {
  if (!(ast instanceof List)) return !(ast instanceof Lambda);
  return CONSTANT.has(headText(ast)) && scope.lookup(ast.items[0] as Sym) instanceof Builtin && ast.items.slice(1).every((arg) => isConstant(arg, scope));
}
const CONSTANT: ReadonlySet<string> = new Set(['list', 'enlist', 'concat', 'as', '+', '-', 'min', 'max', 'first', 'last', 'at']);

function answered(ast: Value, keys: Columns, scope: Scope): Vec | null {
  try {
    const mask = evalOver(ast, keys, scope);
    return mask instanceof Vec && mask.t === T.B8 && mask.length === keys.table.length ? mask : null;
  } catch (e) {
    // The query itself will say what is wrong.
    if (e instanceof RayError && e.code !== 'cancel') return null;
    throw e;
  }
}
