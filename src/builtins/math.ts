/** Arithmetic and elementary functions. */
import type { BuiltinRow } from '../lang/builtin.js';
import { add, divide, floorDivide, modulo, multiply, pow, subtract } from '../columns/arith.js';

export const ROWS: readonly BuiltinRow[] = [
  { name: '+', arity: 2, atomic: true, args: 'a b', fn: add, example: '(+ [1 2 3] 10)',
    doc: 'sum; date + int, date + time, time + time and timestamp + time are defined; type for other temporal mixes' },
  { name: '-', arity: 2, atomic: true, args: 'a b', fn: subtract, example: '(- 2024.01.10 2024.01.01)',
    doc: 'difference; between integer atoms the right operand gives the type; date - date gives i32 days' },
  { name: '*', arity: 2, atomic: true, args: 'a b', fn: multiply, example: '(* 1.5 2)', doc: 'product; time * int is defined' },
  { name: '/', arity: 2, atomic: true, args: 'a b', fn: divide, example: '(/ 7 2)', doc: 'quotient as f64; 0Nf for a zero divisor' },
  { name: '%', arity: 2, atomic: true, args: 'a b', fn: modulo, example: '(% -7 3)',
    doc: 'floored modulo with the sign of the divisor; null for a zero divisor' },
  { name: 'div', arity: 2, atomic: true, args: 'a b', fn: floorDivide, example: '(div -7 2)',
    doc: 'floor of the quotient as an integer; 0Nl for a zero divisor' },
  { name: 'pow', arity: 2, atomic: true, args: 'x y', fn: pow, example: '(pow 2 10)', doc: 'x raised to y as f64; 0Nf where it is not finite' },
];
