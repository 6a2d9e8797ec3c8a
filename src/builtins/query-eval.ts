/** Queries as read: their clauses, and expressions that see the columns of a table. */
import { Builtin, Dict, Lambda, List, Sym, T, Table, Vec, asName, isAtom, name, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { truthy } from '../lang/truth.js';
import { choose } from '../columns/choose.js';
import { gather, maskToIndices, unusedRows } from '../columns/gather.js';
import { items } from '../columns/item.js';
import { repeat } from '../columns/slice.js';
import { COMPARISONS, DOTTED, literalFor, queryWord } from './query-words.js';
import { namesOf, type Column } from './tables.js';
import type { Scope } from '../lang/runtime.js';

/** A query taken apart: its clauses, and its outputs in order. */
export interface Query {
  readonly clauses: ReadonlyMap<string, Value>;
  readonly outputs: readonly (readonly [Sym, Value])[];
  /** `asc` and `desc` in the order they were written: the first is the primary key. */
  readonly order: readonly (readonly ['asc' | 'desc', Value])[];
}

const CLAUSES: ReadonlySet<string> = new Set(['from', 'where', 'by', 'asc', 'desc', 'take', 'nearest']);

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
  return ast instanceof List && headText(ast) !== 'quote' && ast.items.some((part) => mentions(part, cols));
}

/* ── names in expressions ────────────────────────────────────────────── */

interface Rewritten { readonly names: Vec; readonly types: string; readonly heads: readonly (readonly [Sym, Value | undefined])[]; readonly ast: Value }
const rewritten = new WeakMap<List, Rewritten>();

/** Quoted symbols that are columns become names; words that mean something else in queries are put in their place. Cached by the form's identity. */
export function resolved(ast: Value, cols: Columns, scope: Scope): Value {
  if (ast instanceof Sym) return cols.has(ast) ? asName(ast) : dotted(ast, cols);
  if (!(ast instanceof List) || ast.length === 0) return ast;
  const types = cols.table.cols.map((c) => c.t).join();
  const known = rewritten.get(ast);
  const unchanged = ([s, v]: readonly [Sym, Value | undefined]): boolean => scope.lookup(s) === v;
  if (known !== undefined && known.types === types && sameNames(known.names, cols.table.names) && known.heads.every(unchanged)) return known.ast;
  const out = rewrite(ast, cols, scope);
  // A word that the script binds to something of its own means that from then on.
  rewritten.set(ast, { names: cols.table.names, types, heads: headsOf(ast).map((s) => [s, scope.lookup(s)] as const), ast: out });
  return out;
}

const headsOf = (ast: List): Sym[] =>
  ast.items.flatMap((part, i) => (part instanceof List ? headsOf(part) : i === 0 && part instanceof Sym ? [part] : []));

/** `column.verb` is the verb applied to the column, whatever else has the name of the column. */
function dotted(s: Sym, cols: Columns): Value {
  if (s.quoted || !s.text.includes('.', 1)) return s;
  const [root, ...verbs] = s.text.split('.');
  return cols.has(name(root)) ? verbs.reduce<Value>((ast, verb) => new List([DOTTED.get(verb) ?? name(verb), ast]), name(root)) : s;
}

const sameNames = (a: Vec, b: Vec): boolean => a === b || (a.length === b.length && (a.data as Int32Array).every((id, i) => id === b.data[i]));

function rewrite(ast: List, cols: Columns, scope: Scope): Value {
  const text = headText(ast);
  // (let name value body) in a query stands for the body.
  if (text === 'let' && ast.length === 4 && ast.items[1] instanceof Sym) return resolved(substituted(ast.items[3], ast.items[1], ast.items[2]), cols, scope);
  if (text === 'quote' && !cols.has(name('quote'))) return ast;
  if (text === 'cond' && scope.lookup(name('cond')) === undefined) return resolved(nestedIf(ast), cols, scope);
  const typeOf = (part: Value): number | undefined => (part instanceof Sym ? cols.column(part)?.t : undefined);
  const t = COMPARISONS.has(text) ? ast.items.slice(1).map(typeOf).find((x) => x !== undefined) : undefined;
  const [head, ...args] = ast.items;
  const parts = args.map((part) => (t !== undefined && !(part instanceof Sym) && !(part instanceof List) ? literalFor(t, part) : resolved(part, cols, scope)));
  const unlike = UNLIKE.get(text);
  if (unlike !== undefined && args.length === 2 && incomparable(typeOf(args[0]), typeOf(args[1]))) return new List([unlike, ...parts], ast.at, ast.source);
  const verb = text === 'if' && args.length >= 2 ? chooser(cols) : text === 'eval' ? evaluator(cols) : queryHead(head, args, cols, scope);
  return verb === head && parts.every((part, i) => part === args[i]) ? ast : new List([verb, ...parts], ast.at, ast.source);
}

/** A SYM column is equal to no element of a column of numbers or times. */
const incomparable = (a: number | undefined, b: number | undefined): boolean =>
  a !== undefined && b !== undefined && (a === T.SYM) !== (b === T.SYM) && a !== T.STR && b !== T.STR && a !== T.LIST && b !== T.LIST;
const answering = (text: string, answer: boolean): [string, Builtin] => [text, new Builtin(T.BINARY, text, (x: Value) => repeat(answer, (x as Column).length), { atomic: true })];
const UNLIKE: ReadonlyMap<string, Builtin> = new Map([answering('==', false), answering('!=', true)]);

/** `(cond (test value) .. (else value))` as `if`s. */
function nestedIf(ast: List): Value {
  const clauses = ast.items.slice(1).map((clause) => (clause instanceof List && clause.length === 2 ? clause.items : fail('domain', 'cond: a clause is (test value)')));
  const isElse = (test: Value): boolean => test instanceof Sym && test.text === 'else';
  return clauses.reduceRight<Value>((rest, [test, value]) => (isElse(test) ? value : new List([name('if'), test, value, rest], ast.at, ast.source)), 0);
}

function substituted(ast: Value, s: Sym, by: Value): Value {
  if (ast instanceof Sym) return ast.id === s.id && !ast.quoted ? by : ast;
  return ast instanceof List ? new List(ast.items.map((part) => substituted(part, s, by)), ast.at, ast.source) : ast;
}

export const headText = (ast: List): string => {
  const head = ast.items[0];
  return head instanceof Sym ? head.text : head instanceof Builtin ? head.name : '';
};

/** A column of a verb's name does not hide the verb. */
function queryHead(head: Value, args: readonly Value[], cols: Columns, scope: Scope): Value {
  if (head instanceof List) return resolved(head, cols, scope);
  if (!(head instanceof Sym)) return head;
  const verb = scope.lookup(head);
  // What a script has bound to the word itself counts.
  if (verb instanceof Lambda) return head;
  const word = queryWord(head, args, (s) => cols.column(s)?.t);
  if (word !== undefined || !cols.has(head)) return word ?? head;
  return verb instanceof Builtin ? verb : head;
}

/** `if` over columns: each branch is evaluated for its own rows only, so that what fails for the others does no harm. */
function chooser(cols: Columns): Builtin {
  const { names } = cols;
  return new Builtin(T.VARIADIC, 'if', (args: readonly Value[], scope: Scope) => {
    const [cond, yes, no = 0] = args;
    const mask = scope.eval(cond);
    if (!(mask instanceof Vec && mask.t === T.B8)) return scope.eval(truthy(mask) ? yes : no);
    const own = (ast: Value, rows: Int32Array): Value => {
      if (!(ast instanceof List)) return scope.eval(ast);
      return scope.evalWith(ast, names, names.map((s) => cut(scope.lookup(s), mask.length, rows)));
    };
    const yesRows = maskToIndices(mask);
    const noRows = unusedRows(yesRows, mask.length);
    // A branch without rows still tells its type where it can.
    if (noRows.length === 0) return spread(scope.eval(yes), mask.length);
    if (yesRows.length === 0) return spread(scope.eval(no), mask.length);
    return choose(mask, own(yes, yesRows), own(no, noRows));
  }, { special: true });
}

/** `eval` of code put together in a query: it sees the columns too. */
function evaluator(cols: Columns): Builtin {
  return new Builtin(T.VARIADIC, 'eval', (args: readonly Value[], scope: Scope) => scope.eval(resolved(scope.eval(args[0]), cols, scope)), { special: true });
}

const cut = (v: Value | undefined, rows: number, at: Int32Array): Value => ((v instanceof Vec || v instanceof List) && v.length === rows ? gather(v, at) : (v as Value));
const spread = (v: Value, rows: number): Value => (v instanceof Vec || v instanceof List || v === null ? v : repeat(v, rows));

/* ── where ───────────────────────────────────────────────────────────── */

/** The mask of the rows that `where:` keeps; null: all of them. */
export function whereMask(q: Query, t: Table, scope: Scope): Vec | null {
  const where = q.clauses.get('where');
  if (where === undefined) return null;
  const mask = evalOver(where, new Columns(t), scope);
  if (isAtom(mask)) return truthy(mask) ? null : repeat(false, t.length);
  if (!(mask instanceof Vec && mask.t === T.B8)) fail('type', `where: expected a B8 mask, got ${typeName(mask)}`);
  if (mask.length !== t.length) fail('length', `where: the mask has ${mask.length} rows, the table ${t.length}`);
  return mask;
}
