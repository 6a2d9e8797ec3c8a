/** Random Rayfall programs by family: mostly well typed, sometimes not, each standing on its own. */
import type { Random } from '../fuzz/random.js';
import { INTEGERS, NUMBERS, TEMPORALS, TYPES, atom, dict, length, list, relation, vector, type AtomType } from './program-values.js';
import { joinProgram, queryProgram } from './program-queries.js';

export interface Program { readonly family: string; readonly text: string }

type Kind = (r: Random, depth: number) => string;

const of = (types: readonly AtomType[]): Kind => (r) => {
  const type = r.pick(types);
  return r.int(2) === 0 ? atom(r, type) : vector(r, type);
};
const vec = (types: readonly AtomType[]): Kind => (r) => vector(r, r.pick(types));
const one = (...texts: string[]): Kind => (r) => r.pick(texts);
const nested = (p: number, family: string, plain: Kind): Kind => (r, depth) => (depth > 0 && r.int(100) < p ? call(r, family, depth - 1) : plain(r, depth));
const mixed = (...kinds: Kind[]): Kind => (r, depth) => r.pick(kinds)(r, depth);

const anything: Kind = mixed(of(TYPES), of(TYPES), (r) => list(r), dict, (r) => relation(r).text, one('null', '[]', '(list)', "'", 'sum', '(fn [x] x)'));

/** Kinds of arguments, as the signatures below name them. */
const KINDS: Record<string, Kind> = {
  any: anything,
  num: nested(25, 'arithmetic', mixed(of(NUMBERS), of(NUMBERS), of(NUMBERS), (r) => list(r), of(TEMPORALS))),
  int: of(INTEGERS),
  nums: nested(20, 'series', mixed(vec(NUMBERS), vec(NUMBERS), vec(NUMBERS), vec(TYPES), (r) => list(r))),
  vec: nested(20, 'sorting', vec(TYPES)),
  seq: nested(20, 'collections', mixed(vec(TYPES), vec(TYPES), vec(TYPES), (r) => list(r), (r) => atom(r, 'str'), dict, (r) => relation(r).text)),
  mask: nested(50, 'comparison', mixed(vec(['b8']), of(['b8']))),
  temp: mixed(of(TEMPORALS), of(TEMPORALS), of(TEMPORALS), one('[]', '0Nl')),
  comparable: nested(15, 'arithmetic', of(TYPES)),
  n: mixed(one('0', '1', '2', '3', '-1', '-2', '5', '2i', '2.0', '0Nl', '1h'), one('1', '2', '3')),
  range: mixed(one('[1 3]', '[-2 10]', '[0.5 2.5]', '[3 1]', '[0Nl 3]', '[1i 3i]'), (r) => vector(r, r.pick(TYPES), 2)),
  p: one('0', '1', '0.5', '0.25', '0.9', '1.5', '-0.1', '50', '0Nf', '1i'),
  step: one('1', '2', '5', '0.5', '0', '-3', '2i', '3h', '00:01:00', '0Nl', '60000'),
  text: nested(25, 'strings', mixed(of(['str']), of(['str']), of(['str', 'sym']), (r) => `(list ${atom(r, 'str')} ${atom(r, 'str')})`)),
  needle: one('"a"', '","', '""', '"na"', '"b"', '" "', '"zz"', '5', "'sa"),
  pattern: one('"a*"', '"*"', '"?"', '"*a*"', '"[a-b]*"', '"[!a]*"', '"abc"', '""', '"*,*"', "'s*", '5'),
  table: (r) => relation(r).text,
  dict,
  f1: one('neg', 'sum', 'count', '(fn [x] (+ x 1))', '(fn [x] (list x x))', 'not', 'type', 'first', '(fn [x] (if (nil? x) 0 x))', 'abs', '(fn [x y] x)', '5', 'max'),
  f2: one('+', '-', '*', '(fn [x y] (- x y))', '(fn [x y] (list x y))', 'max', '/', 'concat', '<', '==', '(fn [x y] (if (< x y) y x))', 'neg', "'a"),
  key: mixed(one("'sa", "'sb", '0', '1', '2', '-1', '7', '[0 1]', '[0 9]', "'ca", '[ca cb]', '0Nl', '[sa sc]', '"sa"'), one('0', '1', "'sa", "'ca", '[0 1]')),
  cols: one("'ca", "'cb", '[ca]', '[ca cb]', '[cb ca]', "'zz", '[zz]', '[ca ca]', '5', '(list)'),
  names: one('[x]', '[x y]', '[x y z]', '[x x]', "'x", '["x"]'),
  type: one("'i64", "'f64", "'i32", "'i16", "'u8", "'b8", "'str", "'sym", "'date", "'time", "'timestamp", "'guid", "'I64", "'F64", "'dict", "'table", "'nope"),
  indices: one('[0]', '[1]', '[0 2]', '[1 3]', '[0 1 2]', '[2 1]', '[9]', '[]', '2', '[-1]'),
  taken: one('0', '1', '2', '3', '7', '-1', '-2', '-7', '[0 1]', '[1 2]', '[1 9]', '[-2 1]', '0Nl', '1.5', '2i'),
  fmt: one('"%"', '"a%b%"', '"%%"', '"no"', '5', '"% and %"'),
};

/** Family -> calls: a builtin and the kinds of its arguments. */
const SIGNATURES: Record<string, readonly string[]> = {
  arithmetic: [
    '+ num num', '- num num', '* num num', '/ num num', '% num num', 'div num num', '+ temp int', '- temp temp', '- temp int', '+ temp temp', '* int temp', '% temp int', 'pow num num',
    'neg num', 'abs num', 'round num', 'floor num', 'ceil num', 'signum num', 'reciprocal num', 'sqrt num', 'exp num', 'log num', 'sin num', 'cos num', 'tan num', 'asin num', 'acos num',
    'atan num', 'xbar num step', 'xbar temp step', 'sum nums', 'max nums',
  ],
  comparison: [
    '== comparable comparable', '!= comparable comparable', '< comparable comparable', '<= comparable comparable', '> comparable comparable', '>= comparable comparable', '< num num', '== num num',
    '>= num num', '== temp temp', '< temp temp', 'and mask mask', 'or mask mask', 'and any any', 'or any any mask', 'not mask', 'not any', 'within nums range', 'nil? any', 'in comparable vec', '!= any any', '< any any',
  ],
  aggregates: [
    'sum nums', 'prod nums', 'avg nums', 'min nums', 'max nums', 'min vec', 'max vec', 'count any', 'first seq', 'last seq', 'med nums', 'mode vec', 'dev nums', 'dev_pop nums', 'stddev nums', 'stddev_pop nums',
    'var nums', 'var_pop nums', 'all nums', 'any nums', 'cov nums nums', 'scov nums nums', 'pearson_corr nums nums', 'wsum nums nums', 'wavg nums nums', 'quantile nums p', 'percentile nums p', 'top vec n', 'bot vec n',
    'sum any', 'min any', 'avg any', 'med any',
  ],
  series: [
    'sums nums', 'avgs nums', 'mins nums', 'maxs nums', 'prds nums', 'deltas nums', 'ratios nums', 'differ vec', 'fills vec', 'lag vec', 'lead vec', 'msum n nums', 'mavg n nums', 'mmin n nums', 'mmax n nums', 'mcount n vec',
    'mvar n nums', 'mdev n nums', 'deltas vec', 'maxs vec', 'fills table', 'sums any',
  ],
  functions: [
    'map f1 seq', 'map f2 seq seq', 'map f2 num seq', 'pmap f1 nums', 'fold f2 nums', 'fold f2 num nums', 'fold-left f2 nums', 'fold-right f2 num nums', 'fold-right f2 nums', 'scan f2 nums', 'scan-left f2 nums',
    'scan-right f2 nums', 'prior f2 nums', 'filter seq mask', 'apply f2 nums nums', 'apply f2 num num', 'map-left f2 seq seq', 'map-right f2 seq seq', 'map f1 any', 'scan f2 seq', 'apply f1 any',
  ],
  collections: [
    'til n', 'list any any', 'enlist any', 'enlist num num', 'concat seq seq', 'concat vec vec', 'concat any any', 'raze seq', 'distinct seq', 'distinct vec', 'diverse seq', 'in seq seq', 'except seq seq', 'union vec vec', 'union seq seq',
    'sect vec vec', 'take seq taken', 'drop seq taken', 'rotate seq n', 'cut vec indices', 'cross seq seq', 'at seq key', 'get seq key', 'find vec comparable', 'find seq any', 'reverse seq', 'where mask', 'group vec', 'group seq',
    'unify vec vec', 'unify any any', 'take any taken', 'at any key', 'except vec vec', 'in vec vec',
  ],
  sorting: ['asc vec', 'desc vec', 'iasc vec', 'idesc vec', 'rank vec', 'asc any', 'xrank n vec', 'top vec n', 'bot vec n', 'bin nums num', 'binr nums num', 'asc nums', 'iasc seq', 'xasc table cols', 'xdesc table cols'],
  tables: [
    'table cols any', 'dict vec vec', 'dict seq seq', 'key seq', 'value seq', 'cols any', 'meta any', 'row table n', 'remove dict key', 'xcol table names', 'xcols table cols', 'xkey table cols', 'xgroup table cols',
    'union-all table table', 'modify table cols f1', 'at table key', 'take table taken', 'drop table taken', 'distinct table', 'reverse table', 'first table', 'concat table table', 'ungroup table', 'group table', 'count table',
    'at dict key', 'key dict', 'value dict', 'concat dict dict', 'find dict any', 'sum dict', 'map f1 dict', 'take dict taken', 'xasc table cols', 'xdesc table cols',
  ],
  strings: [
    'split text needle', 'str-join text needle', 'str-find text needle', 'strlen text', 'upper text', 'lower text', 'trim text', 'substr text n n', 'replace text needle needle', 'like text pattern', 'format fmt any', 'format fmt any any',
    'concat text text', 'like vec pattern', 'upper any', 'at text key', 'take text taken', 'format fmt num',
  ],
  temporal: ['yyyy temp', 'mm temp', 'dd temp', 'hh temp', 'minute temp', 'ss temp', 'dow temp', 'doy temp', 'yyyy any', 'xbar temp step', '- temp temp', '+ temp int', 'as type temp'],
  types: ['type any', 'as type any', 'as type num', 'as type text', 'as type temp', 'as type vec', 'nil? any', 'de any', 'type seq'],
};

const FORMS: readonly ((r: Random, depth: number) => string)[] = [
  (r, d) => `(if ${some(r, d)} ${some(r, d)} ${some(r, d)})`,
  (r, d) => `(if ${some(r, d)} ${some(r, d)})`,
  (r, d) => `(do (let v ${some(r, d)}) (list v ${some(r, d)} v))`,
  (r, d) => `((fn [x y] ${body(r, d)}) ${some(r, d)} ${some(r, d)})`,
  (r, d) => `((fn [x y] (let z ${body(r, d)}) (list z ${body(r, d)})) ${some(r, d)} ${some(r, d)})`,
  (r, d) => `(try ${some(r, d)} (fn [e] 7))`,
  (r, d) => `(try (raise ${some(r, d)}) (fn [e] (list e)))`,
  (r, d) => `(try ${some(r, d)} ${some(r, d)})`,
  (r) => `((fn [n] (if (< n 1) ${atom(r, 'i64')} (+ n (self (- n 1))))) ${r.int(9)})`,
  (r, d) => `((fn [x] (if x (return ${some(r, d)})) ${some(r, d)}) ${some(r, d)})`,
  (r, d) => `(eval (quote ${some(r, d)}))`,
  (r, d) => `(quote ${some(r, d)})`,
  (r, d) => `(eval (parse ${quoted(some(r, d))}))`,
  (r, d) => `(parse ${quoted(some(r, d))})`,
  (r, d) => `(eval (list ${r.pick(['+', "'sum", 'neg', 'list', "'concat"])} ${some(r, d)}${r.int(2) === 0 ? ` ${some(r, d)}` : ''}))`,
  (r, d) => `(de (ser ${some(r, d)}))`,
  (r, d) => `(count (ser ${some(r, d)}))`,
  (r, d) => `(map (fn [x] ${body(r, d).replaceAll(/\by\b/g, 'x')}) ${vector(r, r.pick(TYPES))})`,
  (r, d) => `(and ${some(r, d)} ${some(r, d)} ${some(r, d)})`,
  (r, d) => `(${r.pick(['sum', 'neg', '+', '5', "'sum", '[1 2]', 'nope', '(fn [x] x)'])} ${some(r, d)})`,
  (r, d) => `(do (set g ${some(r, d)}) (list g (resolve 'g)))`,
  (r) => `(do (set g ${dict(r)}) (set g.sb ${atom(r, r.pick(TYPES))}) (list g g.sb))`,
  (r) => `(do (set g ${vector(r, r.pick(TYPES))}) (alter 'g ${r.pick(['set 0', 'set 1', 'set [0 1]', 'concat', 'set 9'])} ${r.int(3) > 0 ? atom(r, r.pick(TYPES)) : vector(r, r.pick(TYPES), 2)}) g)`,
];

const quoted = (text: string): string => `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
const VALUE_FAMILIES = Object.keys(SIGNATURES);
const some = (r: Random, depth: number): string => (depth > 0 && r.int(3) > 0 ? call(r, r.pick(VALUE_FAMILIES), depth - 1) : anything(r, depth));

/** An expression over the parameters x and y. */
function body(r: Random, depth: number): string {
  const way = r.int(5);
  if (way === 0 || depth === 0) return r.pick(['x', 'y', '(+ x y)', '(count x)', '(list x y)', '(- x 1)', '(* x 2)']);
  if (way === 1) return `(if ${body(r, depth - 1)} ${body(r, depth - 1)} ${body(r, depth - 1)})`;
  return `(${r.pick(['+', '-', '*', 'concat', 'list', '==', '<', 'max', 'take', 'at', 'in'])} ${body(r, depth - 1)} ${body(r, depth - 1)})`;
}

/** A call of a random builtin of the family; one argument in fifteen is of any kind. */
function call(r: Random, family: string, depth: number): string {
  const [name, ...kinds] = r.pick(SIGNATURES[family]).split(' ');
  const args = kinds.map((kind) => (r.int(15) === 0 ? anything : KINDS[kind])(r, depth));
  if (r.int(100) === 0) args.pop();
  return `(${[name, ...args].join(' ')})`;
}

/** Arrays of one length, which calls of two columns need to get anywhere. */
function pairwise(r: Random): string {
  const n = length(r);
  const name = r.pick(['+', '-', '*', '/', '%', 'div', '==', '<', '>=', 'cov', 'scov', 'pearson_corr', 'wsum', 'wavg', 'apply +', 'apply list', 'dict', 'pow', 'in', 'filter']);
  return `(${name} ${vector(r, r.pick(NUMBERS), n)} ${name === 'filter' ? vector(r, 'b8', n) : vector(r, r.pick(NUMBERS), n)})`;
}

const FAMILIES: Record<string, (r: Random) => string> = {
  ...Object.fromEntries(VALUE_FAMILIES.map((family) => [family, (r: Random) => call(r, family, 2)])),
  pairs: pairwise,
  forms: (r) => r.pick(FORMS)(r, 2),
  queries: queryProgram,
  joins: joinProgram,
};
/** How often a family comes, relative to the others. */
const WEIGHTS: Record<string, number> = { queries: 6, forms: 3, joins: 2, collections: 2 };
const LOTTERY = Object.keys(FAMILIES).flatMap((family) => Array.from({ length: WEIGHTS[family] ?? 1 }, () => family));

/** The reference takes lines of 4095 bytes. */
const MAX_LENGTH = 3900;

export function programs(r: Random, count: number): Program[] {
  const made: Program[] = [];
  while (made.length < count) {
    const next = program(r);
    if (next.text.length <= MAX_LENGTH) made.push(next);
  }
  return made;
}

function program(r: Random): Program {
  const family = r.pick(LOTTERY);
  const text = FAMILIES[family](r);
  // The printed form hides widths and the difference between lists and vectors.
  return { family, text: r.int(8) === 0 ? `(type ${text})` : text };
}
