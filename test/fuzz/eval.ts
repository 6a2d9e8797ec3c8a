/** Fuzz target: evaluation. Any program is a value or an error of the catalogue, ends soon after its deadline, and leaves the interpreter usable. */
import { BUILTINS } from '../../src/builtins/index.js';
import { systemHost } from '../../src/builtins/host.js';
import { itemAt } from '../../src/columns/item.js';
import { RayError } from '../../src/lang/errors.js';
import { format } from '../../src/lang/format.js';
import { Interp } from '../../src/lang/interpreter.js';
import { FORMS } from '../../src/lang/special.js';
import { check, outcome } from './target.js';
import type { Random } from './random.js';

export const name = 'eval';

/** Programs share an interpreter for a while: what one binds, the next may meet. */
const SHARED = 200;
const DEADLINE_MS = 20;
let rt = fresh();
let programs = 0;

export function once(bytes: Uint8Array): void {
  if (++programs % SHARED === 0) rt = fresh();
  const source = Buffer.from(bytes).toString('latin1');
  // Restricted, or a program could write files and run commands.
  const result = outcome(() => rt.top(() => format(rt.run(source), 0), { restricted: true, deadlineMs: DEADLINE_MS }));
  check(result.ok || result.error !== 'interna', 'no defect shows');
  check(rt.state.depth === 0 && !rt.env.hasFrame && !rt.restricted, 'the interpreter is where it was');
}

function fresh(): Interp {
  const exit = (): never => {
    throw new RayError('cancel');
  };
  const made = new Interp({ host: systemHost({ out: () => {}, err: () => {}, exit }), builtins: BUILTINS, itemAt });
  // What a restricted session may not bind itself.
  made.run('(do (set x 5) (set y [1 2 3]) (set t (table [a b] (list [1 2 3] [x y z]))) (set f (fn [n] (if (< n 1) 0 (+ n (self (- n 1)))))))');
  return made;
}

const ATOMS = [
  '1', '0', '-1', '2', '0Nl', '1.5', '0Nf', '3i', '2h', '0x05', 'true', 'false', 'null', "'a", "'b", '""', '"abc"', '2024.01.15', '10:20:30',
  '2024.01.15D10:20:30.5', '[1 2 3]', '[]', '[1.5 2.5]', '[a b]', '["x" "y"]', '[true false]', '(list)', '(list 1 "a")', '{a:1 b:2}', 't', 'f', 'x', 'y',
  '9223372036854775807', '(fn [x] x)', '(fn [x y] (+ x y))', '[0Nl 1]', '5i', '(til 10)', '[2024.01.15]', '-9223372036854775807', '100000', '{from: t where: (> a 1)}',
];

export function input(random: Random): Uint8Array {
  return Buffer.from(form(random, 3), 'latin1');
}

function form(r: Random, depth: number): string {
  if (depth === 0 || r.int(10) < 3) return r.pick(ATOMS);
  const special = r.int(7) === 0;
  const row = special ? r.pick(FORMS) : r.pick(BUILTINS);
  const arity = special || !('arity' in row) || row.arity === 'n' ? 1 + r.int(3) : row.arity;
  const args = Array.from({ length: r.int(30) === 0 ? r.int(4) : arity }, () => form(r, depth - 1));
  return `(${[row.name, ...args].join(' ')})`;
}
