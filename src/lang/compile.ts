/**
 * Values -> closures. Each form becomes a function of its frame (the parameters and locals of one lambda call, by slot).
 *
 * `state.at` names the form being executed: a call stores its offset just before it acts, a lambda call remembers and restores
 * it, so an error finds the failing form of every frame without any cost while nothing fails.
 */
import { Builtin, Dict, Lambda, List, Sym, T, asQuoted, type Value } from './value.js';
import { fail } from './errors.js';
import { bareNames, withValues } from './option-dict.js';
import { SPECIAL } from './special.js';
import type { BinaryFn, SpecialFn, UnaryFn, VariadicFn } from './builtin.js';
import type { Interp } from './interpreter.js';

export type Code = (fr: Value[]) => Value;

/** Nesting of forms beyond which an evaluation is refused, as in the reference. */
export const MAX_NESTING = 512;
/** Nested lambda calls: the reference stops near 1000, earlier where lambdas have many locals. */
export const MAX_DEPTH = 1000;
/** Arguments of one call, as in the reference. */
export const MAX_ARGS = 64;

/** Which names are slots of the frame. It grows while the body compiles: `let` takes a slot where it stands. */
export class Shape {
  readonly slots = new Map<number, number>();
  size = 0;
  constructor(readonly lambda: Lambda | null, base?: Shape) {
    if (base) {
      for (const [id, slot] of base.slots) this.slots.set(id, slot);
      this.size = base.size;
    }
  }
  slot(s: Sym): number {
    let slot = this.slots.get(s.id);
    if (slot === undefined) this.slots.set(s.id, (slot = this.size++));
    return slot;
  }
  /** A new slot that hides an earlier one of that name. */
  fresh(s: Sym): number {
    this.slots.set(s.id, this.size);
    return this.size++;
  }
}

/**
 * Where a form is compiled: inside a lambda or not, and how deep. `late`: while the lambda runs, so that `shape` knows of locals that
 * are bound only behind the form.
 */
export interface Site { readonly rt: Interp; readonly shape: Shape | null; readonly depth: number; readonly late?: boolean }

/** Compiles one form. Errors of the form itself come when the code runs. */
export function compile(ast: Value, site: Site): Code {
  if (ast instanceof Sym) return ast.quoted ? () => ast : compileName(ast, site);
  if (!(ast instanceof List) || ast.length === 0) return () => ast;
  if (site.depth >= MAX_NESTING) return () => fail('limit', 'expression nested too deeply');
  return compileCall(ast, { ...site, depth: site.depth + 1 });
}

/** Compiles several forms run one after another; the value is the last one's, 0 where there is none. */
export function compileBody(forms: readonly Value[], site: Site): Code {
  const codes = forms.map((form) => compile(form, site));
  if (codes.length === 0) return () => 0;
  if (codes.length === 1) return codes[0];
  const last = codes.length - 1;
  return (fr) => {
    for (let i = 0; i < last; i++) codes[i](fr);
    return codes[last](fr);
  };
}

function compileName(s: Sym, { rt, shape, late }: Site): Code {
  const cell = rt.env.cell(s);
  const slot = shape?.slots.get(s.id);
  if (slot !== undefined) {
    // A local that no `let` has reached is 0, whatever its name means outside.
    if (late !== true) return (fr) => (fr[slot] !== undefined ? fr[slot] : 0);
    return (fr) => (fr[slot] !== undefined ? fr[slot] : nameOf(cell.value, s, rt, shape, fr));
  }
  return (fr) => cell.value ?? nameOf(cell.value, s, rt, shape, fr);
}

/** The slow end of reading a name: bound to the null object, made of parts, or an error. */
function nameOf(v: Value | undefined, s: Sym, rt: Interp, shape: Shape | null, fr: Value[]): Value {
  if (v !== undefined) return v;
  const found = rt.lookup(s, shape, fr);
  return found === undefined ? fail('name', `'${s.text}' undefined`) : found;
}

function compileCall(form: List, site: Site): Code {
  const { rt, shape } = site;
  const [head, ...args] = form.items;
  const known = knownHead(head, rt, isLocal(head, shape));
  if (known?.flags.special) {
    const handler = SPECIAL.get(known);
    const code = handler?.(form, args, site) ?? specialCall(known, args, form, site);
    return code;
  }
  if (args.length > MAX_ARGS) return () => fail('domain', `a call takes at most ${MAX_ARGS} arguments`);
  if (head instanceof Sym && head.text === 'self' && shape?.lambda) return lambdaCall(shape.lambda, form, args, site);
  const codes = known?.flags.options ? optionArgs(args, site) : args.map((arg) => compile(arg, site));
  const generic = genericCall(head, codes, args, form, site);
  if (known === undefined || !(head instanceof Sym)) return generic;
  const cell = rt.env.cell(head);
  const { state } = rt;
  const at = form.at;
  if (known.t === T.BINARY && codes.length === 2) {
    const fn = known.fn as BinaryFn;
    const [a, b] = codes;
    const nullable = known.flags.nullable === true;
    return (fr) => {
      if (cell.value !== known) return generic(fr);
      const x = a(fr);
      const y = b(fr);
      state.at = at;
      if ((x === null || y === null) && !nullable) refuseNull(known);
      return fn(x, y, rt);
    };
  }
  if (known.t === T.UNARY && codes.length === 1) {
    const fn = known.fn as UnaryFn;
    const a = codes[0];
    const nullable = known.flags.nullable === true;
    return (fr) => {
      if (cell.value !== known) return generic(fr);
      const x = a(fr);
      state.at = at;
      if (x === null && !nullable) refuseNull(known);
      return fn(x, rt);
    };
  }
  if (known.t === T.VARIADIC) {
    const fn = known.fn as VariadicFn;
    return (fr) => {
      if (cell.value !== known) return generic(fr);
      const vals = evalArgs(codes, fr);
      state.at = at;
      return fn(vals, rt);
    };
  }
  return generic;
}

const isLocal = (head: Value, shape: Shape | null): boolean => head instanceof Sym && shape !== null && shape.slots.has(head.id);

/** Special forms that a local of their name does not hide. */
const FIRM: ReadonlySet<string> = new Set(['if', 'do', 'fn', 'let', 'set', 'try', 'return']);

/** The builtin a head means while compiling, if that can be told: in the place of a function, it hides a local of its name. */
export function knownHead(head: Value, rt: Interp, local: boolean): Builtin | undefined {
  if (head instanceof Builtin) return head;
  if (!(head instanceof Sym)) return undefined;
  const v = rt.env.lookup(head);
  return v instanceof Builtin && !(local && v.flags.special && !FIRM.has(v.name)) ? v : undefined;
}

/** Arguments of a builtin that takes options: see option-dict.ts. */
function optionArgs(args: readonly Value[], site: Site): Code[] {
  return args.map((arg) => {
    const names = bareNames(arg).map((s) => compileName(s, site));
    return names.length === 0 ? compile(arg, site) : (fr) => withValues(arg as Dict, evalArgs(names, fr));
  });
}

function evalArgs(codes: readonly Code[], fr: Value[]): Value[] {
  const n = codes.length;
  const vals = new Array<Value>(n);
  for (let i = 0; i < n; i++) vals[i] = codes[i](fr);
  return vals;
}

function genericCall(head: Value, codes: readonly Code[], args: readonly Value[], form: List, site: Site): Code {
  const { rt, shape } = site;
  const { state } = rt;
  const at = form.at;
  const headCode: Code = head instanceof Sym ? compileName(head, site) : compile(head, site);
  return (fr) => {
    state.at = at;
    let f = headCode(fr);
    if (f instanceof Sym) {
      state.at = at;
      f = nameOf(undefined, f, rt, shape, fr);
    }
    if (f instanceof Lambda) {
      const vals = evalArgs(codes, fr);
      state.at = at;
      return rt.callLambda(f, vals);
    }
    if (f instanceof Builtin && f.flags.special) return runSpecial(f, form, args, site, fr);
    if (!(f instanceof Builtin)) {
      state.at = at;
      return fail('type', `head is not callable, got ${rt.typeName(f)}`);
    }
    // In lambdas the arguments speak first; what the session may not call speaks before anything.
    state.at = at;
    rt.refuseRestricted(f);
    if (!shape?.lambda && f.t !== T.VARIADIC) refuseCount(f, codes.length);
    const vals = evalArgs(f.flags.options ? optionArgs(args, { ...site, late: true }) : codes, fr);
    state.at = at;
    return rt.callBuiltin(f, vals);
  };
}

function lambdaCall(l: Lambda, form: List, args: readonly Value[], site: Site): Code {
  const { rt } = site;
  const { state } = rt;
  const codes = args.map((arg) => compile(arg, site));
  const at = form.at;
  return (fr) => {
    const vals = evalArgs(codes, fr);
    state.at = at;
    return rt.callLambda(l, vals);
  };
}

function specialCall(f: Builtin, args: readonly Value[], form: List, { rt, shape }: Site): Code {
  const fn = f.fn as SpecialFn;
  const { state } = rt;
  const at = form.at;
  return (fr) => {
    state.at = at;
    return fn(args, rt.scope(shape, fr), rt);
  };
}

/** A special form met only at run time (an alias bound later): compiled now, with the frame as it is. */
function runSpecial(f: Builtin, form: List, args: readonly Value[], site: Site, fr: Value[]): Value {
  return compile(new List([f, ...args], form.at, form.source), { ...site, late: true })(fr);
}

/** Errors: `arity` unless a unary or binary builtin takes that many arguments. */
export function refuseCount(f: Builtin, got: number): void {
  const n = f.t === T.UNARY ? 1 : 2;
  if (got !== n) fail('arity', `expected ${n} arg${n === 1 ? '' : 's'}, got ${got}`);
}

export function refuseNull(f: Builtin): never {
  fail('type', `${f.name}: null is no argument`);
}

/** `quote`: a bare name becomes a quoted symbol, everything else is itself. */
export const quoted = (ast: Value): Value => (ast instanceof Sym ? asQuoted(ast) : ast);

