/** What builtins see of the interpreter that runs them. */
import type { Sym, Value } from './value.js';
import type { Env } from './env.js';

export interface Runtime {
  readonly env: Env;
  readonly host: HostServices;
  /** The evaluation serves a restricted session: restricted builtins give `access`. */
  restricted: boolean;

  /** Calls any function value with evaluated arguments. Errors: `type` not callable, `arity`, `domain` > 64 arguments, and what it raises. */
  call(f: Value, args: Value[]): Value;
  /** A plain JS function for calling `f` often with 1 or 2 arguments (`map`, `fold`): resolves and checks `f` once. Errors as `call`. */
  fn1(f: Value): (a: Value) => Value;
  fn2(f: Value): (a: Value, b: Value) => Value;
  /** Evaluates code (an AST value) at top level, as `eval` does. */
  eval(ast: Value): Value;
  /** Source text -> AST: one form, or `(do f1 f2 ..)`. Errors: `parse`, with a caret in the trace. */
  parse(text: string, file?: string): Value;
  /** Parses and evaluates a whole program and answers the value of the last form. */
  run(text: string, file?: string): Value;
}

/** The scope a special form was called in. */
export interface Scope {
  /** Evaluates code with the caller's parameters and locals visible. */
  eval(ast: Value): Value;
  /** As `eval`, with further names bound (query columns). The compiled code is cached by `ast`'s identity and `names`. */
  evalWith(ast: Value, names: readonly Sym[], values: readonly Value[]): Value;
  /** `evalWith` for one expression and many sets of values: compiled once. */
  prepare(ast: Value, names: readonly Sym[]): (values: readonly Value[]) => Value;
  /** The value a name has here: parameter or local, then global; undefined where it is unbound. Dotted names resolve through their parts. */
  lookup(name: Sym): Value | undefined;
}

/** Everything outside the language that builtins may ask for. Each can be replaced by an embedder or a test. */
export interface HostServices {
  /** Writes bytes to standard output / standard error of whoever evaluates (a remote session may capture them). */
  out(bytes: string): void;
  err(bytes: string): void;
  /** Wall clock: ms since 1970 with fraction. */
  wall(): number;
  /** Monotonic clock in ms with fraction. */
  mono(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Ends the program (`exit`). */
  exit(status: number): never;
  /** Standard error is a terminal: a line that is written over may be shown there. */
  readonly terminal?: boolean;
  /** Arguments after `--` and the options the program was started with (`.sys.args`). */
  readonly args: readonly string[];
  /** How the program was started, for `.sys.args` and `.sys.build`. */
  readonly program?: { readonly version: string; readonly file: string; readonly port: number; readonly interactive: boolean };
  /** Folders where `load` looks for a library script that is not found as given. */
  readonly libraries: readonly string[];
}
