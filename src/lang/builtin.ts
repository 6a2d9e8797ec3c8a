/** What a builtin is: one row of a table. The function table, `:help` and the reference page are built from the rows. */
import { Builtin, T, type Value } from './value.js';
import { fail } from './errors.js';
import type { Runtime, Scope } from './runtime.js';

export type UnaryFn = (x: Value, rt: Runtime) => Value;
export type BinaryFn = (a: Value, b: Value, rt: Runtime) => Value;
export type VariadicFn = (args: Value[], rt: Runtime) => Value;
/** A special form gets its arguments unevaluated, and the scope of the caller. */
export type SpecialFn = (args: readonly Value[], scope: Scope, rt: Runtime) => Value;
export type BuiltinFn = UnaryFn | BinaryFn | VariadicFn | SpecialFn;

export interface BuiltinFlags {
  /** Reduces a column in `by:` queries. */
  readonly aggr?: boolean;
  /** Maps over collections element by element. Information for help and queries: the function does the mapping itself. */
  readonly atomic?: boolean;
  /** Gets its arguments unevaluated. */
  readonly special?: boolean;
  /** Refused with `access` in restricted sessions. */
  readonly restricted?: boolean;
  /** Unary or binary, and the null object is a legal argument (elsewhere it is a `type` error before the call). */
  readonly nullable?: boolean;
  /** Dict literals among its arguments are options, whose bare names stand for variables. */
  readonly options?: boolean;
}

interface RowBase extends BuiltinFlags {
  readonly name: string;
  /** Argument names as help shows them, e.g. `xs n`. */
  readonly args: string;
  /** One line: what it answers; errors where they are not obvious. */
  readonly doc: string;
  /** One expression that stands on its own and whose value is shown in the reference page. */
  readonly example: string;
}
export type BuiltinRow = RowBase & (
  | { readonly arity: 1; readonly special?: false; readonly fn: UnaryFn }
  | { readonly arity: 2; readonly special?: false; readonly fn: BinaryFn }
  | { readonly arity: 'n'; readonly special?: false; readonly fn: VariadicFn }
  /** `arity` of a special form is only what `type`-like introspection and the wire tag show. */
  | { readonly arity: 1 | 2 | 'n'; readonly special: true; readonly fn: SpecialFn }
);

/** The function value of a row. The restricted check sits in the function itself, so no path of calling it goes around. */
export function makeBuiltin(row: BuiltinRow): Builtin {
  const tag = row.arity === 1 ? T.UNARY : row.arity === 2 ? T.BINARY : T.VARIADIC;
  const { aggr, atomic, special, restricted, nullable, options } = row;
  return new Builtin(tag, row.name, restricted ? guard(row) : row.fn, { aggr, atomic, special, restricted, nullable, options });
}

function guard(row: BuiltinRow): BuiltinFn {
  const check = (rt: Runtime): void => {
    if (rt.restricted) fail('access', `'${row.name}' is restricted`);
  };
  if (row.special) return (args: readonly Value[], scope: Scope, rt: Runtime) => (check(rt), row.fn(args, scope, rt));
  if (row.arity === 1) return (x: Value, rt: Runtime) => (check(rt), row.fn(x, rt));
  if (row.arity === 2) return (a: Value, b: Value, rt: Runtime) => (check(rt), row.fn(a, b, rt));
  return (args: Value[], rt: Runtime) => (check(rt), row.fn(args, rt));
}
