/** Arithmetic and elementary functions. */
import type { BuiltinRow } from '../lang/builtin.js';
import { add, divide, floorDivide, modulo, multiply, pow, subtract } from '../columns/arith.js';
import {
  absolute, acos, asin, atan, ceil, cos, exp, floor, log, negate, rand, reciprocal, round, signum, sin, sqrt, tan, xbar,
} from '../columns/math.js';

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
  { name: 'neg', arity: 1, atomic: true, args: 'x', fn: negate, example: '(neg [1 -2])', doc: 'negation; the least integer gives null; type for b8 and u8' },
  { name: 'abs', arity: 1, atomic: true, args: 'x', fn: absolute, example: '(abs [1 -2 0Nl])', doc: 'absolute value in the same type; type for b8 and u8' },
  { name: 'round', arity: 1, atomic: true, args: 'x', fn: round, example: '(round -2.5)', doc: 'nearest integer as f64, half away from zero' },
  { name: 'floor', arity: 1, atomic: true, args: 'x', fn: floor, example: '(floor -2.5)', doc: 'largest integer not above x; integers stay as they are' },
  { name: 'ceil', arity: 1, atomic: true, args: 'x', fn: ceil, example: '(ceil 2.1)', doc: 'smallest integer not below x; integers stay as they are' },
  { name: 'signum', arity: 1, args: 'x', fn: signum, example: '(signum [-2.5 0.0 4.0])', doc: '-1, 0 or 1 as i64' },
  { name: 'reciprocal', arity: 1, args: 'x', fn: reciprocal, example: '(reciprocal 4)', doc: '1/x as f64; 0Nf for zero' },
  { name: 'sqrt', arity: 1, atomic: true, args: 'x', fn: sqrt, example: '(sqrt [4 9])', doc: 'square root as f64; 0Nf below zero' },
  { name: 'exp', arity: 1, atomic: true, args: 'x', fn: exp, example: '(exp 1)', doc: 'e raised to x as f64; 0Nf where it overflows' },
  { name: 'log', arity: 1, atomic: true, args: 'x', fn: log, example: '(log 10)', doc: 'natural logarithm as f64; 0Nf unless x > 0' },
  { name: 'sin', arity: 1, args: 'x', fn: sin, example: '(sin [0.0 1.0])', doc: 'sine of radians' },
  { name: 'cos', arity: 1, args: 'x', fn: cos, example: '(cos 0)', doc: 'cosine of radians' },
  { name: 'tan', arity: 1, args: 'x', fn: tan, example: '(tan 1)', doc: 'tangent of radians' },
  { name: 'asin', arity: 1, args: 'x', fn: asin, example: '(asin 1)', doc: 'arc sine in radians; 0Nf outside [-1, 1]' },
  { name: 'acos', arity: 1, args: 'x', fn: acos, example: '(acos 0)', doc: 'arc cosine in radians; 0Nf outside [-1, 1]' },
  { name: 'atan', arity: 1, args: 'x', fn: atan, example: '(atan 1)', doc: 'arc tangent in radians' },
  { name: 'xbar', arity: 2, args: 'xs step', fn: xbar, example: '(xbar [1 7 12] 5)',
    doc: 'rounds down to a multiple of step; integers and temporals keep their type; domain for a zero step' },
  { name: 'rand', arity: 2, args: 'n max', fn: (n, max, rt) => rand(n, max, () => rt.host.random()), example: '(count (rand 5 10))',
    doc: 'n random i64 from 0 to below max; domain for n < 0 or max < 1' },
];
