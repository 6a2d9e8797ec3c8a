/** The special forms: how each compiles. Every other builtin with the `special` flag gets its arguments and a `Scope`. */
import { Builtin, F64, Lambda, List, Sym, T, Vec, name, isFunction, symOf, tagOf, type Value } from './value.js';
import { RayError, fail } from './errors.js';
import { compile, compileBody, quoted, type Code, type Site } from './compile.js';
import { isReserved, isSlot } from './env.js';
import { truthy } from './truth.js';
import { andMasks, orMasks } from './masks.js';
import type { BuiltinFlags } from './builtin.js';

type Handler = (form: List, args: readonly Value[], site: Site) => Code;

interface Form { readonly name: string; readonly tag: 101 | 102 | 103; readonly args: string; readonly doc: string; readonly example: string; readonly restricted?: boolean; readonly compile: Handler }

/** One row per special form: the same columns that help shows for other builtins. */
export const FORMS: readonly Form[] = [
  { name: 'set', tag: T.BINARY, args: 'name value', doc: 'binds a global and answers the value; a dotted name writes through nested dicts', example: '(set v1 42)', restricted: true, compile: bind('set') },
  { name: ':', tag: T.BINARY, args: 'name value', doc: 'binds like set', example: '(: v1 42)', restricted: true, compile: bind('set') },
  { name: 'let', tag: T.BINARY, args: 'name value', doc: 'binds in the innermost frame: a local of the lambda or of the block', example: '(do (let a1 1) (+ a1 1))', compile: bind('let') },
  { name: 'if', tag: T.VARIADIC, args: 'cond then else', doc: 'evaluates one branch; 0 where there is no else', example: '(if true 1 2)', compile: compileIf },
  { name: 'do', tag: T.VARIADIC, args: 'forms ..', doc: 'evaluates in order and answers the last value', example: '(do 1 2 3)', compile: compileDo },
  { name: 'fn', tag: T.VARIADIC, args: '[params] body ..', doc: 'makes a lambda; it captures nothing', example: '((fn [x] (+ x 1)) 2)', compile: compileFn },
  { name: 'and', tag: T.VARIADIC, args: 'values ..', doc: 'stops at the first falsy scalar; b8 vectors elementwise', example: '(and true false)', compile: junction('and') },
  { name: 'or', tag: T.VARIADIC, args: 'values ..', doc: 'stops at the first truthy scalar; b8 vectors elementwise', example: '(or 0 7)', compile: junction('or') },
  { name: 'try', tag: T.BINARY, args: 'expr handler', doc: 'on an error calls the handler with the payload, or answers the handler\'s value', example: '(try (raise 42) (fn [e] e))', compile: compileTry },
  { name: 'return', tag: T.VARIADIC, args: 'value', doc: 'leaves the innermost lambda with the value or null; elsewhere it is the value', example: '((fn [x] (return x) 5) 7)', compile: compileReturn },
  { name: 'quote', tag: T.VARIADIC, args: 'form', doc: 'the form unevaluated', example: '(quote (+ 1 2))', compile: compileQuote },
  { name: 'resolve', tag: T.VARIADIC, args: 'name', doc: 'what a symbol is bound to, or null; other values pass through', example: "(resolve 'nope)", compile: compileResolve },
  { name: 'timeit', tag: T.VARIADIC, args: 'expr', doc: 'evaluates and answers the milliseconds it took, as f64', example: '(type (timeit (til 10)))', compile: compileTimeit },
];

/** Special builtin -> how a call of it compiles. */
export const SPECIAL = new Map<Builtin, Handler>();
/** The function values of `FORMS`, shared by all interpreters. */
export const SPECIAL_BUILTINS: readonly Builtin[] = FORMS.map((form) => {
  const flags: BuiltinFlags = { special: true, restricted: form.restricted };
  // Calls are compiled through SPECIAL; called as a function value (map, apply) a special form has no unevaluated arguments to get.
  const b = new Builtin(form.tag, form.name, () => fail('type', `'${form.name}' is a special form and no function`), flags);
  SPECIAL.set(b, form.compile);
  return b;
});

const arity = (n: number, got: number): Code => () => fail('arity', `expected ${n} args, got ${got}`);

function bind(how: 'set' | 'let'): Handler {
  return (form, args, site) => {
    if (args.length !== 2) return arity(2, args.length);
    const { rt, shape } = site;
    const [target] = args;
    const at = form.at;
    const { state } = rt;
    if (!(target instanceof Sym)) return () => fail('type', `${how}: name must be a symbol`);
    const value = compile(args[1], site);
    if (how === 'let' && shape !== null) {
      if (isReserved(target)) {
        return (fr) => {
          const v = value(fr);
          state.at = at;
          rt.bindGlobal(target, v, how);
          return v;
        };
      }
      const slot = shape.slot(target);
      return (fr) => (fr[slot] = value(fr));
    }
    return (fr) => {
      state.at = at;
      if (isReserved(target) && !isSlot(target)) fail('reserve');
      if (how === 'set') rt.checkSet();
      const v = value(fr);
      state.at = at;
      rt.bindGlobal(target, v, how);
      return v;
    };
  };
}

function compileIf(_form: List, args: readonly Value[], site: Site): Code {
  if (args.length < 2) return () => fail('domain', `if: expected at least 2 args (cond then), got ${args.length}`);
  const [cond, yes] = args.slice(0, 2).map((arg) => compile(arg, site));
  const no = args.length > 2 ? compile(args[2], site) : () => 0;
  return (fr) => {
    const c = cond(fr);
    return (c === true || (c !== false && truthy(c)) ? yes : no)(fr);
  };
}

function compileDo(_form: List, args: readonly Value[], site: Site): Code {
  const { rt, shape } = site;
  if (shape !== null) return compileBody(args, site);
  // Outside lambdas each form is compiled only when its turn comes: what the forms before it bound counts.
  return (fr) => {
    rt.env.push();
    try {
      let v: Value = 0;
      for (const form of args) v = compile(form, site)(fr);
      return v;
    } finally {
      rt.env.pop();
    }
  };
}

function compileFn(form: List, args: readonly Value[], _site: Site): Code {
  if (args.length < 2) return () => fail('domain', 'fn: expected parameters and a body');
  const params = paramsOf(args[0]);
  if (params instanceof RayError) return () => fail(params.code as 'type', params.message);
  const body = args.slice(1);
  return () => new Lambda(params, body, form.at, form.source);
}

function paramsOf(v: Value): Sym[] | RayError {
  // As in the reference: any first form is accepted, what is no symbol in it is a parameter that nothing can name.
  const syms = v instanceof Vec && v.t === T.SYM ? Array.from(v.data as Int32Array, (id) => symOf(id)) : v instanceof List ? v.items.map((s) => (s instanceof Sym ? s : name(''))) : [];
  const reserved = syms.find(isReserved);
  return reserved ? new RayError('reserve', `lambda parameter '${reserved.text}' is in the reserved namespace`) : syms;
}

const isSingle = (v: Value): boolean => v === null || tagOf(v) < 0 || isFunction(v);

function junction(op: 'and' | 'or'): Handler {
  const stop = op === 'or';
  const masks = op === 'and' ? andMasks : orMasks;
  return (form, args, site) => {
    if (args.length === 0) return () => fail('arity', `${op} expects at least 1 argument`);
    const codes = args.map((arg) => compile(arg, site));
    const isMask = (v: Value): v is Vec => v instanceof Vec && v.t === T.B8;
    // Elementwise with masks and single things; next to other collections a mask is only as true as they are.
    const elementwise = (a: Value, b: Value): boolean => (isMask(a) ? isMask(b) || isSingle(b) : isMask(b) && isSingle(a));
    return (fr) => {
      let acc = codes[0](fr);
      if (codes.length === 1) return acc;
      if (isSingle(acc) && truthy(acc) === stop) return acc;
      for (let i = 1; i < codes.length; i++) {
        const v = codes[i](fr);
        site.rt.state.at = form.at;
        if (elementwise(acc, v)) acc = masks(acc, v);
        else {
          acc = stop ? truthy(acc) || truthy(v) : truthy(acc) && truthy(v);
          if (acc === stop) return stop;
        }
      }
      return acc;
    };
  };
}

function compileTry(_form: List, args: readonly Value[], site: Site): Code {
  if (args.length !== 2) return arity(2, args.length);
  const { rt, shape } = site;
  const [body, handler] = args.map((arg) => compile(arg, site));
  return (fr) => {
    const mark = rt.mark();
    try {
      return body(fr);
    } catch (e) {
      const error = rt.caught(e);
      // An interruption is not the script's to swallow: a loop of `try` could never be stopped.
      if (error === null || error.code === 'cancel') throw e;
      rt.rewind(mark);
      const h = handler(fr);
      if (!(h instanceof Lambda || (h instanceof Builtin && h.t === T.UNARY))) return h;
      return rt.call(h, [error.payload !== undefined ? error.payload : shape?.lambda ? error : 0]);
    }
  };
}

function compileReturn(_form: List, args: readonly Value[], site: Site): Code {
  if (args.length > 1) return () => fail('domain', 'return expects 0 or 1 argument');
  const { rt, shape } = site;
  const code = args.length === 0 ? () => null : compile(args[0], site);
  if (!shape?.lambda) return code;
  return (fr) => rt.return(code(fr));
}

function compileQuote(_form: List, args: readonly Value[], _site: Site): Code {
  if (args.length === 0) return () => fail('domain', 'quote: expected a form');
  const v = quoted(args[0]);
  return () => v;
}

function compileResolve(_form: List, args: readonly Value[], site: Site): Code {
  if (args.length === 0) return () => fail('arity', 'resolve expects at least 1 argument');
  const codes = args.map((arg) => compile(arg, site));
  const { rt, shape } = site;
  return (fr) => {
    // Of several arguments, as programs for older releases give them, the last one counts.
    const v = codes.map((code) => code(fr)).at(-1)!;
    if (!(v instanceof Sym)) return v;
    return rt.lookup(v, shape, fr) ?? null;
  };
}

function compileTimeit(_form: List, args: readonly Value[], site: Site): Code {
  if (args.length === 0) return () => fail('arity', 'timeit expects at least 1 argument');
  const code = compile(args[0], site);
  return (fr) => {
    const start = site.rt.host.mono();
    code(fr);
    return new F64(site.rt.host.mono() - start);
  };
}

