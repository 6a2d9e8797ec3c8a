/**
 * Hot lambdas -> JavaScript. Integers that are JS numbers are computed in place; everything else calls the same functions as the
 * closures do. No text of the user's enters the source: names become numbered variables, constants and globals parameters.
 *
 * What it does not cover (special forms that need a scope, `try`, a `return` inside an argument) stays with the closures.
 * A builtin bound anew makes the environment's epoch differ; that is checked at each entry, so a running activation
 * still sees the old meaning until it is left.
 */
import { Builtin, Dict, Lambda, List, Sym, T, Vec, type Value } from './value.js';
import { fail } from './errors.js';
import { isReserved } from './env.js';
import { callpoint } from './interrupt.js';
import { bareNames, withValues } from './option-dict.js';
import { truthy } from './truth.js';
import { andMasks, orMasks } from './masks.js';
import { MAX_ARGS, MAX_DEPTH, MAX_NESTING, knownHead, quoted, refuseNull } from './compile.js';
import type { BinaryFn, UnaryFn, VariadicFn } from './builtin.js';
import type { Interp, LambdaCode } from './interpreter.js';

/** Gives `code` a generated function where its lambda allows it. */
export function generate(code: LambdaCode): void {
  const g = new Generator(code);
  let text: string;
  try {
    text = g.function();
  } catch (e) {
    if (e === UNSUPPORTED) return;
    throw e;
  }
  let factory: (K: readonly unknown[], rt: Interp) => LambdaCode['native'];
  try {
    factory = new Function('K', 'rt', text) as typeof factory;
  } catch (e) {
    // Hosts may forbid code generation; the closures do the same work.
    if (e instanceof EvalError) return;
    throw e;
  }
  const native = factory(g.constants, code.rt)!;
  code.native = native;
  code.call1 = native as typeof code.call1;
  code.call2 = native as typeof code.call2;
}

const UNSUPPORTED = new Error('not for generated code');
const unsupported = (): never => {
  throw UNSUPPORTED;
};

/** Binary builtins with a shortcut for two JS numbers: `t` is the result's variable. */
const INLINE: Record<string, (a: string, b: string, t: string) => { test: string; value: string } | undefined> = {
  '+': (a, b, t) => ({ test: `(${t} = ${a} + ${b}) <= 9007199254740991 && ${t} >= -9007199254740991`, value: t }),
  '-': (a, b, t) => ({ test: `(${t} = ${a} - ${b}) <= 9007199254740991 && ${t} >= -9007199254740991`, value: t }),
  '*': (a, b, t) => ({ test: `(${t} = ${a} * ${b} + 0) <= 9007199254740991 && ${t} >= -9007199254740991`, value: t }),
  '%': (a, b, t) => ({ test: `${a} >= 0 && ${b} > 0`, value: `(${t} = ${a} % ${b})` }),
  div: (a, b, t) => ({ test: `${b} !== 0`, value: `(${t} = Math.floor(${a} / ${b}) + 0)` }),
};
const COMPARE: Record<string, string> = { '<': '<', '<=': '<=', '>': '>', '>=': '>=', '==': '===', '!=': '!==' };

class Generator {
  readonly constants: unknown[] = [];
  #temps = 0;
  readonly #locals = new Map<number, string>();
  readonly #declared: string[] = [];
  #depth = 0;
  readonly #rt: Interp;
  readonly #lambda: Lambda;

  constructor(readonly code: LambdaCode) {
    this.#rt = code.rt;
    this.#lambda = code.lambda;
  }

  function(): string {
    const params = this.#lambda.params.map((p, i) => {
      this.#locals.set(p.id, `p${i}`);
      return `p${i}`;
    });
    const body = this.#statements(this.#lambda.body, true);
    const S = this.#const(this.#rt.state);
    const vars = [...this.#declared.map((v) => `${v} = 0`), ...Array.from({ length: this.#temps }, (_, i) => `t${i}`)];
    return `"use strict";
const S = ${S}, E = ${this.#const(this.#rt.env)}, C = ${this.#const(this.code)}, L = ${this.#const(this.#lambda)}, callpoint = ${this.#const(callpoint)},
  truthy = ${this.#const(truthy)}, refuse = ${this.#const(refuseNull)}, stop = ${this.#const(stop)}, join = ${this.#const(join)}, tooDeep = ${this.#const(tooDeep)};
${this.constants.map((_, i) => `const k${i} = K[${i}];`).join('')}
return function f(${params.join()}) {
  if (E.epoch !== ${this.code.epoch}) return rt.callLambda(L, [${params.join()}]);
  const site = S.at;
  if (++S.depth > ${MAX_DEPTH}) { S.depth--; tooDeep(); }
  ${vars.length > 0 ? `let ${vars.join()};` : ''}
  try { callpoint(); ${body} }
  catch (e) { throw rt.unwound(e, L, site); }
  finally { S.depth--; }
};`;
  }

  #const(v: unknown): string {
    let i = this.constants.indexOf(v);
    if (i < 0) i = this.constants.push(v) - 1;
    return `K[${i}]`;
  }
  #k(v: unknown): string {
    return `k${this.#const(v).slice(2, -1)}`;
  }
  #temp(): string {
    return `t${this.#temps++}`;
  }

  /** Forms in a row; in tail position the last one's value is returned. */
  #statements(forms: readonly Value[], tail: boolean): string {
    if (forms.length === 0) return tail ? 'return 0;' : '';
    return forms.map((form, i) => this.#statement(form, tail && i === forms.length - 1)).join(' ');
  }

  #statement(ast: Value, tail: boolean): string {
    const special = ast instanceof List && ast.length > 0 ? this.#known(ast.items[0]) : undefined;
    const args = ast instanceof List ? ast.items.slice(1) : [];
    if (special?.flags.special && special.name === 'if' && args.length >= 2) {
      const no = args.length > 2 ? this.#nest(() => this.#statement(args[2], tail)) : tail ? 'return 0;' : '';
      const cond = this.#cond(args[0]);
      return `if (${cond}) { ${this.#nest(() => this.#statement(args[1], tail))} } else { ${no} }`;
    }
    if (special?.flags.special && special.name === 'do') return this.#nest(() => this.#statements(args, tail));
    if (special?.flags.special && special.name === 'return' && args.length <= 1) return `return ${args.length === 0 ? 'null' : this.#expr(args[0])};`;
    return tail ? `return ${this.#expr(ast)};` : `${this.#expr(ast)};`;
  }

  #nest<R>(body: () => R): R {
    if (++this.#depth > MAX_NESTING) unsupported();
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }

  #known(head: Value): Builtin | undefined {
    return knownHead(head, this.#rt, head instanceof Sym && this.#locals.has(head.id));
  }

  #expr(ast: Value): string {
    if (typeof ast === 'number') return `(${ast})`;
    if (typeof ast === 'boolean' || ast === null) return `${ast}`;
    if (ast instanceof Sym && !ast.quoted) return this.#name(ast);
    if (!(ast instanceof List) || ast.length === 0) return this.#k(ast);
    return this.#nest(() => this.#call(ast));
  }

  #name(s: Sym): string {
    const local = this.#locals.get(s.id);
    if (local !== undefined) return local;
    if (s.text.includes('.')) return unsupported();
    const cell = `${this.#k(this.#rt.env.cell(s))}.value`;
    return `(${cell} ?? rt.nameAt(${this.#k(s)}))`;
  }

  #call(form: List): string {
    const [head, ...args] = form.items;
    if (args.length > MAX_ARGS) unsupported();
    const known = this.#known(head);
    if (known?.flags.special) return (SPECIALS.get(known.name) ?? unsupported)(this, form, args);
    const at = `S.at = ${form.at}`;
    if (known !== undefined) return this.#builtin(known, form, args);
    // What is called may turn out to take options, and those may be named by locals.
    if (args.some((arg) => bareNames(arg).length > 0)) unsupported();
    const { set, names } = this.args(args);
    if (head instanceof Sym && head.text === 'self') {
      return args.length === this.#lambda.params.length ? seq(set, at, `f(${names.join()})`) : unsupported();
    }
    if (head instanceof Sym && !this.#locals.has(head.id)) {
      const cell = this.#rt.env.cell(head);
      const target = cell.value;
      if (target instanceof Lambda && target.params.length === args.length && args.length >= 1 && args.length <= 2) {
        const direct = target === this.#lambda ? `f(${names.join()})` : `${this.#k(this.#rt.codeOf(target))}.call${args.length}(${names.join()})`;
        return seq(set, at, `(${this.#k(cell)}.value === ${this.#k(target)} ? ${direct} : rt.callDynamic(${this.#name(head)}, [${names.join()}]))`);
      }
    }
    const f = this.#temp();
    return seq([at, `${f} = ${this.#expr(head)}`, at, `${f} = rt.callee(${f})`, ...set], at, `rt.callDynamic(${f}, [${names.join()}])`);
  }

  /** Evaluates arguments left to right: assignments to temporaries, and what to call each by. */
  args(args: readonly Value[], options = false): { set: string[]; names: string[] } {
    const set: string[] = [];
    const names = args.map((arg) => {
      const text = options && arg instanceof Dict ? this.#options(arg) : this.#expr(arg);
      if (arg === null || typeof arg === 'number' || typeof arg === 'boolean') return text;
      const t = this.#temp();
      set.push(`${t} = ${text}`);
      return t;
    });
    return { set, names };
  }

  #options(literal: Dict): string {
    const names = bareNames(literal);
    return names.length === 0 ? this.#k(literal) : `${this.#k(withValues)}(${this.#k(literal)}, [${names.map((s) => this.#name(s)).join()}])`;
  }

  #builtin(b: Builtin, form: List, args: readonly Value[]): string {
    const wanted = b.t === T.UNARY ? 1 : b.t === T.BINARY ? 2 : args.length;
    if (args.length !== wanted) return unsupported();
    const { set, names } = this.args(args, b.flags.options);
    const fn = this.#k(b.fn as UnaryFn | BinaryFn | VariadicFn);
    const at = `S.at = ${form.at}`;
    if (b.t === T.VARIADIC) return seq(set, at, `${fn}([${names.join()}], rt)`);
    const mayBeNull = b.flags.nullable ? [] : names.filter((_, i) => typeof args[i] !== 'number' && typeof args[i] !== 'boolean');
    const call = `${fn}(${names.join()}, rt)`;
    const slow = `(${at}, ${mayBeNull.length > 0 ? `${mayBeNull.map((n) => `${n} === null`).join(' || ')} ? refuse(${this.#k(b)}) : ` : ''}${call})`;
    if (b.t !== T.BINARY) return seq(set, slow);
    const numbers = names.filter((_, i) => typeof args[i] !== 'number').map((n) => `typeof ${n} === "number"`);
    const test = numbers.length > 0 ? numbers.join(' && ') : 'true';
    const op = b.flags.special ? undefined : COMPARE[b.name];
    if (op !== undefined && Object.hasOwn(COMPARE, b.name)) return seq(set, `(${test} ? ${names[0]} ${op} ${names[1]} : ${slow})`);
    const inline = Object.hasOwn(INLINE, b.name) ? INLINE[b.name](names[0], names[1], this.#temp()) : undefined;
    return seq(set, inline ? `(${test} && ${inline.test} ? ${inline.value} : ${slow})` : slow);
  }

  #cond(ast: Value): string {
    const t = this.#temp();
    return `((${t} = ${this.#expr(ast)}) === true || (${t} !== false && truthy(${t})))`;
  }

  /* what the special forms below use */
  expr = (ast: Value): string => this.#expr(ast);
  cond = (ast: Value): string => this.#cond(ast);
  temp = (): string => this.#temp();
  k = (v: unknown): string => this.#k(v);
  local(s: Sym): string {
    let local = this.#locals.get(s.id);
    if (local === undefined) {
      local = `v${this.#declared.length}`;
      this.#locals.set(s.id, local);
      this.#declared.push(local);
    }
    return local;
  }
}

const seq = (...parts: (string | string[])[]): string => {
  const all = parts.flat().filter((p) => p !== '');
  return all.length === 1 ? all[0] : `(${all.join(', ')})`;
};

type SpecialGen = (g: Generator, form: List, args: readonly Value[]) => string;
const SPECIALS = new Map<string, SpecialGen>([
  ['if', (g, _form, args) => (args.length < 2 ? unsupported() : `(${g.cond(args[0])} ? ${g.expr(args[1])} : ${args.length > 2 ? g.expr(args[2]) : '0'})`)],
  ['do', (g, _form, args) => (args.length === 0 ? '0' : seq(args.map(g.expr)))],
  ['let', (g, _form, [target, value, ...rest]) => {
    if (!(target instanceof Sym) || value === undefined || rest.length > 0 || isReserved(target)) return unsupported();
    const text = g.expr(value);
    return `(${g.local(target)} = ${text})`;
  }],
  ['set', (g, form, [target, value, ...rest]) => {
    if (!(target instanceof Sym) || value === undefined || rest.length > 0 || isReserved(target)) return unsupported();
    const t = g.temp();
    return seq(`S.at = ${form.at}`, `rt.checkSet()`, `${t} = ${g.expr(value)}`, `S.at = ${form.at}`, `rt.bindGlobal(${g.k(target)}, ${t}, "set")`, t);
  }],
  ['quote', (g, _form, args) => (args.length === 0 ? unsupported() : g.k(quoted(args[0])))],
  ['and', (g, form, args) => junction(g, form, args, 0)],
  ['or', (g, form, args) => junction(g, form, args, 1)],
]);

function junction(g: Generator, form: List, args: readonly Value[], or: 0 | 1): string {
  if (args.length === 0) return unsupported();
  if (args.length === 1) return g.expr(args[0]);
  let text = g.expr(args[0]);
  for (let i = 1; i < args.length; i++) {
    const [a, b] = [g.temp(), g.temp()];
    text = `((${a} = ${text}) === ${or === 1} || (${a} !== ${or === 0} && stop(${a}, ${or})) ? ${a} : (${b} = ${g.expr(args[i])}, S.at = ${form.at}, join(${a}, ${b}, ${or})))`;
  }
  return text;
}

const isMask = (v: Value): boolean => v instanceof Vec && v.t === T.B8;

/** Whether a non-boolean value ends `and` (0) or `or` (1). */
const stop = (v: Value, or: 0 | 1): boolean => !isMask(v) && truthy(v) === (or === 1);

function join(a: Value, b: Value, or: 0 | 1): Value {
  if (isMask(a) || isMask(b)) return or === 1 ? orMasks(a, b) : andMasks(a, b);
  return truthy(b);
}

const tooDeep = (): never => fail('limit', 'stack overflow');
