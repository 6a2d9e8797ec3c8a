/** `format` and what writes to standard output. */
import { Builtin, F64, List, Sym, Table, isNull, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import type { BuiltinRow } from '../lang/builtin.js';
import { display, format, nullDisplay } from '../lang/format.js';
import { general } from '../lang/cfloat.js';
import { typeName } from '../lang/type-names.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'format', arity: 'n', args: 'fmt x..', example: '(format "a=% b=%" 1 "x")',
    doc: 'The str `fmt` with each % replaced by the next argument; % without an argument stays. Errors: domain without arguments.',
    fn: (args) => {
      if (args.length === 0) fail('domain', 'format expects at least 1 argument');
      const fmt = args[0];
      return typeof fmt === 'string' ? fill(fmt, args) : fail('type', `format expects a str first, got ${typeName(fmt)}`);
    },
  },
  {
    name: 'println', arity: 'n', args: 'x..', example: '(println "x=%" 1)',
    doc: 'Writes its arguments, separated by spaces, and a newline; a first str with % is filled as `format` does. Answers null.',
    fn: (args, rt) => (rt.host.out(line(args) + '\n'), null),
  },
  {
    name: 'print', arity: 'n', args: 'x..', example: '(print "x=%" 1)',
    doc: 'As println, without the newline.',
    fn: (args, rt) => (rt.host.out(line(args)), null),
  },
  {
    name: 'show', arity: 'n', args: 'x..', example: '(show [1 2 3])',
    doc: 'Writes its arguments as the REPL shows values, without separators, and a newline. Answers null.',
    fn: (args, rt) => (rt.host.out(args.map((v) => (v instanceof RayError ? 'error' : format(v, 1))).join('') + '\n'), null),
  },
];

/** `args[0]` with its % filled by the arguments behind it. */
function fill(fmt: string, args: readonly Value[]): string {
  let next = 1;
  return fmt.replace(/%/g, () => (next < args.length ? display(args[next++]) : '%'));
}

function line(args: readonly Value[]): string {
  const [first] = args;
  if (args.length >= 2 && typeof first === 'string' && first.includes('%')) return fill(first, args);
  return args.map(text).join(' ');
}

/** A value as `print` writes it. */
function text(v: Value): string {
  if (typeof v === 'string') return v;
  if (v instanceof RayError) return 'error';
  if (v === null || isNull(v)) return nullDisplay(v);
  if (v instanceof F64) return general(v.v);
  if (v instanceof Sym) return "'" + v.text;
  if (v instanceof List) return '[' + v.items.map(text).join(' ') + ']';
  if (v instanceof Table) return `<table ${v.length}x${v.cols.length}>`;
  return v instanceof Builtin ? v.name : format(v, 0);
}
