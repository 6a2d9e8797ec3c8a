/** Evaluation and control: what is not a special form. */
import { Dict, List, T, Vec, intern, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Interp } from '../lang/interpreter.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'raise', arity: 1, args: 'payload', doc: 'fails with `domain`; the handler of `try` gets the payload', example: '(try (raise 42) (fn [e] e))',
    fn: (payload) => {
      throw new RayError('domain', '', payload);
    },
  },
  { name: 'eval', arity: 1, args: 'code', doc: 'evaluates a code value', example: '(eval (quote (+ 1 2)))', fn: (ast, rt) => rt.eval(ast) },
  {
    name: 'parse', arity: 1, args: 'str', doc: 'source text as code; several forms become (do ..). Errors: parse', example: '(parse "(+ 1 2)")',
    fn: (text, rt) => (typeof text === 'string' ? rt.parse(text) : fail('type', `parse expects a str, got ${typeName(text)}`)),
  },
  { name: 'env', arity: 1, args: 'any', doc: 'dict of all global bindings; the argument is ignored', example: '(type (env 0))', nullable: true, fn: (_x, rt) => globals(rt as Interp) },
  {
    name: 'exit', arity: 1, args: 'status', doc: 'ends the program with the integer status', example: '(type exit)', restricted: true,
    fn: (status, rt) => rt.host.exit(typeof status === 'number' ? status & 255 : fail('type', 'exit expects an integer status')),
  },
];

function globals(rt: Interp): Value {
  const names: number[] = [];
  const values: Value[] = [];
  for (const [text, v] of rt.env.globals()) {
    names.push(intern(text));
    values.push(v);
  }
  return new Dict(new Vec(T.SYM, Int32Array.from(names)), new List(values));
}
