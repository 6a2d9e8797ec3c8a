/** What query verbs share: reading names, finding columns, putting tables together. */
import { List, Sym, T, Table, Vec, type Value } from '../lang/value.js';
import { fail, type ErrorCode } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import { items } from '../columns/item.js';

export type Column = Vec | List;

export function tableOf(names: readonly Sym[], cols: readonly Column[]): Table {
  return new Table(new Vec(T.SYM, Int32Array.from(names, (s) => s.id)), cols);
}

/** Position of a column by the id of its name; -1: none. */
export const columnIndex = (t: Table, id: number): number => (t.names.data as Int32Array).indexOf(id);

/** The column of a name. Errors: `code`. */
export function columnOf(verb: string, t: Table, s: Sym, code: ErrorCode): Column {
  const i = columnIndex(t, s.id);
  return i < 0 ? fail(code, `${verb}: no column '${s.text}'`) : t.cols[i];
}

export const namesOf = (t: Table): readonly Sym[] => items(t.names) as Sym[];

/** A symbol, a SYM vector or a list of symbols as symbols. Errors: `type`. */
export function symbols(verb: string, v: Value): readonly Sym[] {
  if (v instanceof Sym) return [v];
  if (!(v instanceof Vec || v instanceof List)) fail('type', `${verb}: expected a symbol or symbols, got ${typeName(v)}`);
  return items(v).map((s) => (s instanceof Sym ? s : fail('type', `${verb}: expected a symbol, got ${typeName(s)}`)));
}

export function table(verb: string, v: Value): Table {
  return v instanceof Table ? v : fail('type', `${verb}: expected a table, got ${typeName(v)}`);
}
