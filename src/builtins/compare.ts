/** Comparisons and the logic that is no special form. */
import type { BuiltinRow } from '../lang/builtin.js';
import { equal, greater, greaterEqual, less, lessEqual, not, notEqual, within } from '../columns/compare.js';

export const ROWS: readonly BuiltinRow[] = [
  { name: '==', arity: 2, atomic: true, nullable: true, args: 'a b', fn: equal, example: '(== [1 2 3] 2)',
    doc: 'equality within numbers, temporals, syms, strs, guids; nulls equal each other; type for other mixes' },
  { name: '!=', arity: 2, atomic: true, nullable: true, args: 'a b', fn: notEqual, example: '(!= 0Nl 1)', doc: 'the negation of ==' },
  { name: '<', arity: 2, atomic: true, args: 'a b', fn: less, example: '(< "a" "b")',
    doc: 'order within numbers, temporals, syms, strs, guids; null is below everything; type for other mixes' },
  { name: '<=', arity: 2, atomic: true, args: 'a b', fn: lessEqual, example: '(<= 0Nl 0Nl)', doc: 'less or level; nulls are level' },
  { name: '>', arity: 2, atomic: true, args: 'a b', fn: greater, example: '(> 2024.01.02 2024.01.01)', doc: 'order, as <' },
  { name: '>=', arity: 2, atomic: true, args: 'a b', fn: greaterEqual, example: '(>= [1 5] 3)', doc: 'greater or level; nulls are level' },
  { name: 'not', arity: 1, args: 'x', fn: not, example: '(not [true false])', doc: 'inverted truth; elementwise for B8 vectors only' },
  { name: 'within', arity: 2, args: 'xs range', fn: within, example: '(within [1 3 5 7] [3 5])',
    doc: 'which elements lie in [lo hi], bounds included; xs is a vector, length unless the range has 2 elements' },
];
