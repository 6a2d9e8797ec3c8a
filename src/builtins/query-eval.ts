/** Queries as read: their clauses, and expressions that see the columns of a table. */
import { Builtin, Dict, List, Sym, T, Table, Vec, asName, name, symbol, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { maskToIndices } from '../columns/gather.js';
import { items } from '../columns/item.js';
import { QUERY_WORDS } from './query-words.js';
import { namesOf, type Column } from './tables.js';
import type { Scope } from '../lang/runtime.js';

/** A query taken apart: its clauses, and its outputs in order. */
export interface Query {
  readonly clauses: ReadonlyMap<string, Value>;
  readonly outputs: readonly (readonly [Sym, Value])[];
  /** `asc` and `desc` in the order they were written: the first is the primary key. */
  readonly order: readonly (readonly ['asc' | 'desc', Value])[];
}

const CLAUSES: ReadonlySet<string> = new Set(['from', 'where', 'by', 'asc', 'desc', 'take']);

/** Reads the literal dict of a query form. Errors: `type` where there is none. */
export function queryOf(verb: string, args: readonly Value[]): Query {
  if (args.length === 0) fail('arity', `${verb}: expects a query dict`);
  const [dict] = args;
  if (!(dict instanceof Dict)) fail('type', `${verb}: expected a literal dict of clauses, got ${typeName(dict)}`);
  const clauses = new Map<string, Value>();
  const outputs: [Sym, Value][] = [];
  const order: ['asc' | 'desc', Value][] = [];
  const exprs = items(dict.vals);
  items(dict.keys).forEach((key, i) => {
    const s = key instanceof Sym ? asName(key) : typeof key === 'string' ? name(key) : fail('type', `${verb}: a clause name is a symbol, got ${typeName(key)}`);
    if (!CLAUSES.has(s.text)) outputs.push([s, exprs[i]]);
    else if (s.text === 'asc' || s.text === 'desc') order.push([s.text, exprs[i]]);
    else clauses.set(s.text, exprs[i]);
  });
  return { clauses, outputs, order };
}

export function fromTable(verb: string, q: Query, scope: Scope): Table {
  const from = q.clauses.get('from') ?? fail('domain', `${verb}: a query needs a from: clause`);
  const t = scope.eval(from);
  return t instanceof Table ? t : fail('type', `${verb}: from: expected a table, got ${typeName(t)}`);
}

/** A table as names and values that expressions can see. */
export class Columns {
  readonly names: readonly Sym[];
  readonly #at = new Map<number, number>();
  constructor(readonly table: Table) {
    this.names = namesOf(table);
    for (let i = this.names.length - 1; i >= 0; i--) this.#at.set(this.names[i].id, i);
  }
  has(s: Sym): boolean {
    return this.#at.has(s.id);
  }
  column(s: Sym): Column | undefined {
    const i = this.#at.get(s.id);
    return i === undefined ? undefined : this.table.cols[i];
  }
  index(s: Sym): number {
    return this.#at.get(s.id) ?? -1;
  }
}

/** Evaluates an expression with the columns visible; an unbound name in it is a `schema` error. */
export function evalOver(ast: Value, cols: Columns, scope: Scope): Value {
  return prepareOver(ast, cols, scope)(cols.table.cols);
}

/** As `evalOver`, for other values of the same columns. */
export function prepareOver(ast: Value, cols: Columns, scope: Scope): (values: readonly Value[]) => Value {
  if (ast instanceof Sym) {
    const i = cols.index(ast);
    if (i >= 0) return (values) => values[i];
  }
  const code = scope.prepare(resolved(ast, cols, scope), cols.names);
  return (values) => {
    try {
      return code(values);
    } catch (e) {
      if (e instanceof RayError && e.code === 'name' && e.trace === null) throw new RayError('schema', e.message);
      throw e;
    }
  };
}

/** Whether an expression names a column. */
export function mentions(ast: Value, cols: Columns): boolean {
  if (ast instanceof Sym) return cols.has(ast) || (ast.text.includes('.', 1) && cols.has(name(ast.text.slice(0, ast.text.indexOf('.', 1)))));
  return ast instanceof List && ast.items.some((part) => mentions(part, cols));
}

/* ── names in expressions ────────────────────────────────────────────── */

const rewritten = new WeakMap<List, { readonly names: Vec; readonly types: string; readonly ast: Value }>();

/** Quoted symbols that are columns become names; words that mean something else in queries are put in their place. Cached by the form's identity. */
export function resolved(ast: Value, cols: Columns, scope: Scope): Value {
  if (ast instanceof Sym) return ast.quoted && cols.has(ast) ? asName(ast) : ast;
  if (!(ast instanceof List) || ast.length === 0) return ast;
  const types = cols.table.cols.map((c) => c.t).join();
  const known = rewritten.get(ast);
  if (known !== undefined && known.types === types && sameNames(known.names, cols.table.names)) return known.ast;
  const texts = TEXT_COMPARISONS.has(headText(ast)) && ast.items.some((part) => part instanceof Sym && cols.column(part)?.t === T.SYM);
  const parts = ast.items.map((part, i) => (i === 0 ? queryHead(part, cols, scope) : texts && typeof part === 'string' ? symbol(part) : resolved(part, cols, scope)));
  const out = parts.every((part, i) => part === ast.items[i]) ? ast : new List(parts, ast.at, ast.source);
  rewritten.set(ast, { names: cols.table.names, types, ast: out });
  return out;
}

const sameNames = (a: Vec, b: Vec): boolean => a === b || (a.length === b.length && (a.data as Int32Array).every((id, i) => id === b.data[i]));

export const headText = (ast: List): string => {
  const head = ast.items[0];
  return head instanceof Sym ? head.text : head instanceof Builtin ? head.name : '';
};

/** Comparisons in which a str stands for the symbol of its text where the other side is a SYM column. */
const TEXT_COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** A column of a verb's name does not hide the verb. */
function queryHead(head: Value, cols: Columns, scope: Scope): Value {
  if (head instanceof List) return resolved(head, cols, scope);
  if (!(head instanceof Sym)) return head;
  const word = QUERY_WORDS.get(head.id);
  if (word !== undefined || !cols.has(head)) return word ?? head;
  const verb = scope.lookup(head);
  return verb instanceof Builtin ? verb : head;
}

/* ── where ───────────────────────────────────────────────────────────── */

/** Row numbers that `where:` keeps; null: all of them. */
export function whereRows(q: Query, t: Table, scope: Scope): Int32Array | null {
  const where = q.clauses.get('where');
  if (where === undefined) return null;
  const mask = evalOver(where, new Columns(t), scope);
  if (mask === true) return null;
  if (mask === false) return new Int32Array(0);
  if (!(mask instanceof Vec && mask.t === T.B8)) fail('type', `where: expected a B8 mask, got ${typeName(mask)}`);
  if (mask.length !== t.length) fail('length', `where: the mask has ${mask.length} rows, the table ${t.length}`);
  return maskToIndices(mask);
}
