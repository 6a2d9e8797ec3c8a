/** The interpreter: names, the call protocol, limits, and one top-level evaluation after another. */
import { Builtin, Lambda, List, Sym, T, symText, type Value } from './value.js';
import { RayError, fail } from './errors.js';
import { Env } from './env.js';
import { Interrupt, callpoint, enter } from './interrupt.js';
import { Source } from './source.js';
import { read } from './reader.js';
import { typeName } from './type-names.js';
import { Shape, compile, compileBody, refuseCount, refuseNull, MAX_ARGS, MAX_DEPTH, type Code } from './compile.js';
import { SPECIAL_BUILTINS } from './special.js';
import { generate } from './jit.js';
import { makeBuiltin, type BinaryFn, type BuiltinRow, type UnaryFn, type VariadicFn } from './builtin.js';
import type { HostServices, Runtime, Scope } from './runtime.js';

export interface InterpOptions {
  readonly host: HostServices;
  /** The vocabulary; special forms are always there. */
  readonly builtins: readonly BuiltinRow[];
  /** Shared with whoever may interrupt. */
  readonly interrupt?: Interrupt;
  /** Reads an element as an atom (columns know how). */
  readonly itemAt: Env['itemAt'];
}

/** Calls after which a lambda is worth generating code for (about 0.1 ms). */
const HOT = 40;
/** Sources kept parsed and compiled: a server sees the same few requests again and again. */
const CACHED_SOURCES = 512;
const CACHED_LENGTH = 4096;
const MAX_TRACE = 64;

const QUOTE = SPECIAL_BUILTINS.find((b) => b.name === 'quote')!;

/** What compiled code reads and writes on every call; its own object so that its fields stay where the generated code looks. */
export interface State { at: number; depth: number }

/** How an activation ends early. One instance an interpreter: a `return` allocates nothing. */
class ReturnSignal {
  value: Value = null;
}

/** What a lambda compiled to, valid while `epoch` is the environment's. */
export class LambdaCode {
  calls = 0;
  /** The generated function, once there is one; `call1` and `call2` are then the same. */
  native: ((...args: Value[]) => Value) | null = null;
  call1: (a: Value) => Value;
  call2: (a: Value, b: Value) => Value;
  constructor(readonly rt: Interp, readonly lambda: Lambda, readonly epoch: number, readonly body: Code) {
    this.call1 = (a) => rt.activate(this, [a]);
    this.call2 = (a, b) => rt.activate(this, [a, b]);
  }
}

export class Interp implements Runtime {
  readonly env = new Env();
  readonly host: HostServices;
  readonly interrupt: Interrupt;
  readonly state: State = { at: -1, depth: 0 };
  readonly rows = new Map<string, BuiltinRow>();
  restricted = false;
  readonly #return = new ReturnSignal();
  readonly #sources = new Map<string, { ast: Value; code: Code; epoch: number }>();
  readonly #scoped = new WeakMap<object, { names: string; shape: Shape; code: Code; epoch: number }>();

  constructor(options: InterpOptions) {
    this.host = options.host;
    this.interrupt = options.interrupt ?? new Interrupt();
    this.env.itemAt = options.itemAt;
    this.env.applyUnary = (f, v) => this.callBuiltin(f, [v]);
    this.env.define('null', null);
    for (const b of SPECIAL_BUILTINS) this.env.define(b.name, b);
    this.define(options.builtins);
  }

  /** Adds builtins to the vocabulary; a later row of the same name replaces an earlier one. */
  define(rows: readonly BuiltinRow[]): void {
    for (const row of rows) {
      this.rows.set(row.name, row);
      this.env.define(row.name, makeBuiltin(row));
    }
  }

  /* ── top level ─────────────────────────────────────────────────────── */

  /**
   * Brackets one top-level evaluation: interrupt and deadline in force, limits counted from zero, frames put back whatever happens.
   * Nested (a hook run while a send waits) it keeps counting depth. Throws RayError only.
   */
  top<R>(body: () => R, options: { deadlineMs?: number; restricted?: boolean } = {}): R {
    const outer = enter(this.interrupt);
    const { restricted, state } = this;
    const { deadline } = this.interrupt;
    const at = state.at;
    const mark = this.mark();
    if (options.restricted !== undefined) this.restricted = options.restricted;
    if (options.deadlineMs !== undefined) this.interrupt.deadline = Math.min(deadline, performance.now() + options.deadlineMs);
    try {
      return body();
    } catch (e) {
      const error = this.caught(e);
      if (error === null) throw e;
      this.rewind(mark);
      throw error;
    } finally {
      this.restricted = restricted;
      this.interrupt.deadline = deadline;
      state.at = at;
      enter(outer);
    }
  }

  parse(text: string, file?: string): Value {
    return read(new Source(text, file));
  }

  run(text: string, file?: string): Value {
    const known = file === undefined ? this.#sources.get(text) : undefined;
    if (known !== undefined && known.epoch === this.env.epoch) return this.#execute(known.code, known.ast);
    const ast = known?.ast ?? this.parse(text, file);
    const code = compile(ast, { rt: this, shape: null, depth: 0 });
    if (file === undefined && text.length <= CACHED_LENGTH) this.#remember(text, ast, code);
    return this.#execute(code, ast);
  }

  eval(ast: Value): Value {
    if (!(ast instanceof List) && !(ast instanceof Sym)) return ast;
    return this.#execute(compile(ast, { rt: this, shape: null, depth: 0 }), ast);
  }

  #execute(code: Code, ast: Value): Value {
    const { state } = this;
    if (++state.depth > MAX_DEPTH) {
      state.depth--;
      fail('limit', 'stack overflow');
    }
    try {
      callpoint();
      return code([]);
    } catch (e) {
      if (e === this.#return) return this.#return.value;
      throw this.#unwound(e, ast instanceof List ? ast.source : null, false);
    } finally {
      state.depth--;
    }
  }

  #remember(text: string, ast: Value, code: Code): void {
    this.#sources.delete(text);
    if (this.#sources.size >= CACHED_SOURCES) this.#sources.delete(this.#sources.keys().next().value!);
    this.#sources.set(text, { ast, code, epoch: this.env.epoch });
  }

  /* ── calls ─────────────────────────────────────────────────────────── */

  call(f: Value, args: Value[]): Value {
    if (f instanceof Lambda) return this.callLambda(f, args);
    if (f instanceof Builtin) return this.callBuiltin(f, args);
    return fail('type', `not callable: ${typeName(f)}`);
  }

  fn1(f: Value): (a: Value) => Value {
    if (f instanceof Lambda && f.params.length === 1) {
      const code = this.codeOf(f);
      return (a) => code.call1(a);
    }
    if (f instanceof Builtin && f.t === T.UNARY && !f.flags.special) {
      // Elements may be the null object even where a direct argument may not.
      const fn = f.fn as UnaryFn;
      return (a) => fn(a, this);
    }
    return (a) => this.call(f, [a]);
  }

  fn2(f: Value): (a: Value, b: Value) => Value {
    if (f instanceof Lambda && f.params.length === 2) {
      const code = this.codeOf(f);
      return (a, b) => code.call2(a, b);
    }
    if (f instanceof Builtin && f.t === T.BINARY && !f.flags.special) {
      const fn = f.fn as BinaryFn;
      return (a, b) => fn(a, b, this);
    }
    return (a, b) => this.call(f, [a, b]);
  }

  callBuiltin(f: Builtin, args: Value[]): Value {
    this.refuseRestricted(f);
    if (f.flags.special) return (f.fn as (args: readonly Value[], scope: Scope, rt: Runtime) => Value)(args, this.scope(null, []), this);
    if (args.length > MAX_ARGS) fail('domain', `a call takes at most ${MAX_ARGS} arguments`);
    if (f.t === T.VARIADIC) return (f.fn as VariadicFn)(args, this);
    refuseCount(f, args.length);
    const n = args.length;
    if ((args[0] === null || args[n - 1] === null) && !f.flags.nullable) refuseNull(f);
    return n === 1 ? (f.fn as UnaryFn)(args[0], this) : (f.fn as BinaryFn)(args[0], args[1], this);
  }

  callLambda(l: Lambda, args: Value[]): Value {
    if (args.length !== l.params.length) fail('arity', `expected ${l.params.length} args, got ${args.length}`);
    const code = this.codeOf(l);
    if (args.length === 1) return code.call1(args[0]);
    if (args.length === 2) return code.call2(args[0], args[1]);
    return this.activate(code, args);
  }

  /** The code of a lambda here and now. */
  codeOf(l: Lambda): LambdaCode {
    const code = l.code as LambdaCode | null;
    return code !== null && code.rt === this && code.epoch === this.env.epoch ? code : (l.code = this.#compileLambda(l)) as LambdaCode;
  }

  #compileLambda(l: Lambda): LambdaCode {
    const shape = new Shape(l);
    // Of duplicate names the last one wins; each argument keeps its slot.
    for (const p of l.params) shape.fresh(p);
    const body = compileBody(l.body, { rt: this, shape, depth: 0 });
    return new LambdaCode(this, l, this.env.epoch, body);
  }

  /** Runs a lambda on arguments of the right number; without generated code they become its frame. */
  activate(code: LambdaCode, fr: Value[]): Value {
    const { state } = this;
    const { lambda } = code;
    if (code.epoch !== this.env.epoch) return this.callLambda(lambda, fr);
    if (++code.calls === HOT) generate(code);
    if (code.native !== null) return code.native(...fr);
    const site = state.at;
    if (++state.depth > MAX_DEPTH) {
      state.depth--;
      fail('limit', 'stack overflow');
    }
    try {
      callpoint();
      return code.body(fr);
    } catch (e) {
      if (e === this.#return) return this.#return.value;
      throw this.unwound(e, lambda, site);
    } finally {
      state.depth--;
    }
  }

  /** The function a head evaluated to: a symbol names one. Errors: `type`, `name`. */
  callee(f: Value): Lambda | Builtin {
    const target = f instanceof Sym ? this.nameAt(f) : f;
    return target instanceof Lambda || target instanceof Builtin ? target : fail('type', `head is not callable, got ${typeName(target)}`);
  }

  /** Calls what a head evaluated to, in generated code; a special form gets its arguments as constants. */
  callDynamic(f: Value, args: Value[]): Value {
    const target = this.callee(f);
    if (target instanceof Builtin && target.flags.special) return this.eval(new List([target, ...args.map((v) => new List([QUOTE, v]))]));
    return this.call(target, args);
  }

  /** The value of a name outside any frame. Errors: `name`. */
  nameAt(s: Sym): Value {
    const v = this.env.lookup(s);
    return v === undefined ? fail('name', `'${s.text}' undefined`) : v;
  }

  /** Ends the running lambda with `v`. */
  return(v: Value): never {
    this.#return.value = v;
    throw this.#return;
  }

  /** Notes in the error that it passed through a lambda, and puts the caller's position back. */
  unwound(e: unknown, lambda: Lambda, site: number): unknown {
    const error = this.#unwound(e, lambda.source, true);
    this.state.at = site;
    return error;
  }

  #unwound(e: unknown, source: Source | null, lambda: boolean): unknown {
    const error = this.caught(e);
    if (error === null) return e;
    if ((lambda || error.trace !== null) && (error.trace?.length ?? 0) < MAX_TRACE && !(error.code === 'parse' && !lambda)) {
      (error.trace ??= []).push({ source, at: this.state.at, lambda });
    }
    return error;
  }

  /** The language's error for something thrown; null when it is not ours to handle (a `return` on its way). */
  caught(e: unknown): RayError | null {
    if (e instanceof RayError) return e;
    if (e instanceof RangeError) return new RayError('limit', /allocation|length/i.test(e.message) ? 'value too large' : 'stack overflow');
    if (e === this.#return || !(e instanceof Error)) return null;
    return new RayError('interna', e.message);
  }

  /** Where to come back to after an error: depth of calls and position. */
  mark(): { depth: number; at: number } {
    return { depth: this.state.depth, at: this.state.at };
  }
  rewind(mark: { depth: number; at: number }): void {
    this.state.depth = mark.depth;
    this.state.at = mark.at;
  }

  /* ── names ─────────────────────────────────────────────────────────── */

  /** A name's value in a frame: slot, then globals, then dotted parts starting at either. Undefined: unbound. */
  lookup(s: Sym, shape: Shape | null, fr: Value[]): Value | undefined {
    const slot = shape?.slots.get(s.id);
    if (slot !== undefined && fr[slot] !== undefined) return fr[slot];
    const v = this.env.lookup(s);
    if (v !== undefined || shape === null || !s.text.includes('.', 1)) return v;
    const [root, ...parts] = s.text.split('.');
    const start = [...shape.slots].find(([id]) => symText(id) === root)?.[1];
    let at = start === undefined ? undefined : fr[start];
    for (const part of parts) at = at === undefined ? undefined : this.env.member(at, part);
    return at;
  }

  /** Before anything is said about the arguments; the function itself checks again, whoever calls it. Errors: `access`. */
  refuseRestricted(f: Builtin): void {
    if (f.flags.restricted && this.restricted) fail('access', `'${f.name}' is restricted`);
  }

  /** Whether this session may `set` at all. Errors: `access`. */
  checkSet(): void {
    if (this.restricted) fail('access', `'set' is restricted`);
  }

  bindGlobal(s: Sym, v: Value, how: 'set' | 'let'): void {
    if (how === 'set') this.env.set(s, v);
    else {
      // Without a frame `let` is a `set`, and must be as closed to restricted sessions.
      if (this.restricted && (!this.env.hasFrame || s.text.startsWith('.'))) fail('access', `'let' at top level is restricted`);
      this.env.let(s, v);
    }
  }

  scope(shape: Shape | null, fr: Value[]): Scope {
    return {
      eval: (ast) => compile(ast, { rt: this, shape, depth: 0, late: true })(fr),
      evalWith: (ast, names, values) => this.#prepared(ast, names, shape, fr)(values),
      prepare: (ast, names) => this.#prepared(ast, names, shape, fr),
      lookup: (s) => this.lookup(s, shape, fr),
    };
  }

  #prepared(ast: Value, names: readonly Sym[], shape: Shape | null, fr: Value[]): (values: readonly Value[]) => Value {
    const key = `${names.map((s) => s.id).join()}|${shape?.size ?? -1}`;
    const cacheable = ast instanceof List && shape === null;
    let known = cacheable ? this.#scoped.get(ast) : undefined;
    if (known === undefined || known.names !== key || known.epoch !== this.env.epoch) {
      const inner = new Shape(shape?.lambda ?? null, shape ?? undefined);
      for (const s of names) inner.fresh(s);
      known = { names: key, shape: inner, code: compile(ast, { rt: this, shape: inner, depth: 0, late: true }), epoch: this.env.epoch };
      if (cacheable) this.#scoped.set(ast, known);
    }
    const { code } = known;
    const base = shape?.size ?? 0;
    return (values) => {
      const frame = fr.slice(0, base);
      frame.length = base;
      for (let i = 0; i < values.length; i++) frame.push(values[i]);
      try {
        return code(frame);
      } finally {
        for (let i = 0; i < base; i++) fr[i] = frame[i];
      }
    };
  }

  typeName(v: Value): string {
    return typeName(v);
  }
}


