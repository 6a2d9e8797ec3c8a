/** The classes of differences from the reference that are meant; `docs/differences.md` gives the reasons. */
import type { Difference } from './support/differences.js';
import { CRASH } from './support/outcome.js';
import { almostEqual, sameRows } from './support/printed.js';

interface Class {
  readonly name: string;
  /** How both answers begin: `=` for a value, `! code` for an error, `!` for any. */
  readonly ours?: string;
  readonly theirs?: string;
  readonly program?: RegExp;
  readonly when?: (d: Difference) => boolean;
}

const NARROW = '-?\\d+[hi]|0N[hi]|0x[0-9a-f]+';

const CLASSES: readonly Class[] = [
  { name: 'the reference crashes', theirs: CRASH },
  { name: 'exactness', ours: '=', theirs: '=', when: (d) => almostEqual(d.ours, d.theirs) },
  { name: 'exactness', ours: '=', theirs: '=', program: /\([-+*%\/] .*\d{16}|\d{16}.*\((?:avg|var|dev|stddev|var_pop) / },
  { name: 'order of rows', ours: '=', theirs: '=', program: /by:|-join|pivot/, when: (d) => sameRows(d.ours, d.theirs) },
  // Values.
  { name: 'dict: fewer values than keys', ours: '! length', theirs: '=', program: /\(dict / },
  { name: 'dict: fewer values than keys', ours: '! length', theirs: '! ', program: /\(dict / },
  { name: 'dict: fewer values than keys', ours: '=', theirs: '=', program: /\(try .*\(dict / },
  { name: 'rotate of a dict with one key twice', ours: '=', theirs: '=', program: /\(rotate .*dict/ },
  { name: 'dict: an atom for its values', ours: '! ', program: /\(as 'table \(dict / },
  { name: 'concat of dicts with unlike keys', ours: '! type', theirs: '=', program: /\(concat .*\(dict / },
  { name: 'concat of dicts with unlike keys', ours: '=', theirs: '=', program: /\(try .*\(concat .*\(dict / },
  { name: 'as: vectors in lists', ours: '! type', program: /\(as '\w+ .*\(list / },
  { name: 'as sym: nulls of a vector', theirs: '! oom', program: /\(as 'sym / },
  { name: 'as sym: nulls of a vector', ours: '=', theirs: '=', program: /\(try .*\(as 'sym / },
  { name: 'set: a member of a dict without symbol keys', ours: '=', theirs: '! oom', program: /\(set g \(dict .*\(set g\.sb /},
  { name: 'alter set: a value that does not fit', ours: '! ', theirs: '=', program: /\(alter 'g set/ },
  { name: 'alter set: a str in a STR vector', ours: '=', theirs: '=', program: /\(alter 'g set/ },
  { name: 'counts are whole numbers', ours: '! type', program: /\((?:top|bot|xrank) / },
  { name: 'counts are whole numbers', ours: '=', theirs: '=', program: /\(try .*\((?:top|bot|xrank) / },
  { name: 'nulls in lists stay null', ours: '=', theirs: '=', program: /\([-+*%] .*\(list .*0N/ },
  { name: 'sect: b8 beside f64', ours: '=', theirs: '=', program: /\(sect .*(?:true|false|\d\.\d)/ },
  { name: 'within compares values', theirs: '=', program: /\(within \[/ },
  { name: 'xbar of temporal nulls', ours: '=', program: /\(xbar .*0N[dtp]/ },
  { name: 'functions map into nested lists', theirs: '= ', program: /\((?:xbar|a?sin|a?cos|a?tan|signum|reciprocal|find|in|map|scan\S*|fold\S*) .*\(list/ },
  { name: 'functions map into nested lists', ours: '=', theirs: '! ', program: /\((?:xbar|a?sin|a?cos|a?tan|signum|reciprocal|find|map|scan\S*|fold\S*) .*\(list/ },
  { name: 'distinct: the float null comes first', ours: '=', theirs: '=', program: /\((?:distinct|union) .*0Nf/ },
  { name: 'in: numbers of unlike types beside nulls', ours: '=', theirs: '=', program: /\(in .*0N/ },
  { name: 'min and max of lists of narrow integers', ours: '=', theirs: '=', program: new RegExp(`\\((?:fold\\S* )?(?:min|max) .*(?:${NARROW}|true|false)`) },
  { name: 'bin: an i32 null', ours: '=', theirs: '=', program: /\(binr? .*0Ni/ },
  { name: 'running floats', ours: '=', theirs: '=', program: /\((?:m(?:avg|sum|var|dev)|avgs|sums|prds|pearson_corr|s?cov|var|dev|stddev|var_pop|dev_pop|stddev_pop) .*(?:e\d|\d{9})/ },
  { name: 'map: a unary function over two arguments', ours: '=', theirs: '! type', program: /\((?:p?map(?:-right)?|fold\S*) \S+ \S+ / },
  { name: 'modify: a value that is no column', ours: '! type', theirs: '=', program: /\(modify / },
  { name: 'lists of unlike lengths', ours: '! length', theirs: '=', program: /\(list / },
  { name: 'deferred errors', ours: '! ', theirs: '! ', program: /\((?:m(?:sum|avg|min|max|var|dev|count)|cut|filter|eval|\*|\+|-) / },
  { name: 'except: its type beside a table', ours: '= [', theirs: '= [LIST]', program: /\(except / },
  { name: 'try: deferred errors', ours: '=', theirs: '! ', program: /\(try / },
  { name: 'take of null from an empty list', ours: '! range', program: /\(take / },
  { name: 'substr: a vector without elements', ours: '! length', program: /\(substr \[/ },
  { name: 'substr: narrow positions', ours: '=', theirs: '=', program: new RegExp(`\\(substr .*(?:${NARROW})`) },
  // Queries.
  { name: 'update: tables without rows', program: /\(update .*\(take [^ ]* 0\)/ },
  { name: 'neg of times in queries', ours: '! type', theirs: '=', program: /from: .*\(neg / },
  { name: 'lag and lead of filtered rows', ours: '=', theirs: '=', program: /\(select .*\((?:lag|lead|deltas|ratios|differ|fills|sums|prds|mins|maxs) .*where: / },
  { name: 'by: lambdas over a key column', ours: '=', theirs: '=', program: /by: .*\(\(fn / },
  { name: 'where: no mask', ours: '! ', program: /where: / },
  { name: 'within and not over narrow columns in queries', ours: '! type', theirs: '=', program: /from: .*\((?:within|not) / },
  { name: 'unknown names in queries', ours: '! ', program: /\bnope\b/ },
  { name: 'unknown names in queries', ours: '=', program: /\bnope\b/ },
  { name: 'by: the key column as an output', ours: '=', theirs: '=', program: /by: .*\b[pqw]: c[a-e]\b/ },
  { name: 'by: constants', ours: '=', program: /by: (?:-?\d|'|")/ },
  { name: 'by: nil? of a group', ours: '=', theirs: '=', program: /by: .*\(nil\? / },
  { name: 'by: rank of a group', ours: '=', theirs: '=', program: /by: .*\((?:rank|lag|deltas|maxs|sums|fills|asc|distinct|reverse|neg) / },
  { name: 'select: outputs of unlike lengths', program: /\(select .*[pqw]: (?:\[|\((?:distinct|asc|desc|reverse|mode) |\(- \()/ },
  { name: 'select: a column less its reduction', ours: '=', theirs: '=', program: /\(select .*\(- c[a-e] \(/ },
  { name: 'queries over no rows', ours: '=', when: (d) => /\(select /.test(d.text) && /\[\]|0N|\(\)|\[1(?:\.0)?\]|\[0\]|\['\]/.test(d.ours) },
  { name: 'queries: nil? of a STR column', ours: '=', theirs: '=', program: /from: .*\(nil\? / },
  { name: 'select: reductions of unusual types', ours: '=', theirs: '=', program: /\(select .*\((?:med|mode|prod) / },
  { name: 'select: reductions of unusual types', ours: '=', theirs: '=', program: /\(select .*(?:\d{4}\.\d\d\.|\d\d:|0N[dtp]).*\((?:var|dev|stddev|var_pop) / },
  { name: 'select: reductions of temporals inside arithmetic', ours: '=', theirs: '=', program: /\(select .*(?:\d{4}\.\d\d\.|\d\d:|0N[dtp]).*\([-+] .*\((?:min|max|first|last) / },
  { name: 'select: arithmetic of b8 columns', ours: '=', theirs: '=', program: /\(select (?=.*(?:true|false)).*\([-+*%] / },
  { name: 'queries: types the reference refuses', ours: '=', theirs: '! ', program: /\((?:select|update) \{/ },
  { name: 'queries: reductions of symbols, strings and temporals', ours: '! ', program: /\(select \{/ },
  { name: 'window: values of other types', ours: '=', theirs: '=', program: /\(window .*\((?:sum|min|max|first|last) / },
  { name: 'window: values of other types', ours: '! ', program: /\(window / },
  { name: 'window: tables without rows', ours: '=', theirs: '=', program: /\(window .*(?:\(take [^ ]* 0\)|\[\])/ },
  { name: 'pivot: cells, names and nulls', program: /\(pivot / },
  { name: 'upsert: null, float and narrow keys', ours: '=', theirs: '=', program: /\(upsert / },
  { name: 'update: arithmetic of narrow columns', program: new RegExp(`\\(update .*(?:${NARROW}|true|false)`) },
  { name: 'upsert: null, float and narrow keys', ours: '=', theirs: '! type', program: /\(upsert .*0N/ },
  { name: 'queries: remainders by zero', ours: '=', theirs: '=', program: /from: .*\(% / },
  { name: 'by: expressions over a STR key', ours: '=', theirs: '=', program: /\(list \[".*by: ca .*\([-+*\/] .*\(/ },
  { name: 'joins: str keys', ours: '=', theirs: '! nyi', program: /-join .*"/ },
  { name: 'joins: keys of unlike types', program: /-join /, when: (d) => keyTypesDiffer(d.text) },
  { name: 'asof-join: times out of order', ours: '=', theirs: '=', program: /\(asof-join /, when: (d) => d.text.match(/\(xasc /g)?.length !== 2 },
];

/** Every class once. */
export const classNames: readonly string[] = [...new Set(CLASSES.map(({ name }) => name))];

/** Whether some key column of one side is not of the type it has on the other; literals tell types. */
function keyTypesDiffer(text: string): boolean {
  const [left, right] = [...text.matchAll(/\(table \[(ka(?: kb)?)[^\]]*\] (?:\(list (.*?)\)\)|\[)/g)].map((m) => m[2]?.match(/\[[^\]]*\]|\(take [^)]*\)|\S+/g) ?? undefined);
  if (left === undefined || right === undefined) return true;
  return [0, 1].slice(0, text.includes('ka kb]') ? 2 : 1).some((i) => literalType(left[i] ?? '') !== literalType(right[i] ?? ''));
}

const LITERALS: readonly (readonly [string, RegExp])[] = [
  ['str', /"/], ['timestamp', /D|0Np/], ['date', /\d{4}\.\d\d\.|0Nd/], ['time', /:/], ['u8', /0x/], ['i32', /\di|0Ni/], ['i16', /\dh|0Nh/], ['f64', /\d\.\d|e|0Nf/], ['i64', /\d/],
];
const literalType = (column: string): string => LITERALS.find(([, pattern]) => pattern.test(column))?.[0] ?? 'sym';

/** The name of the class, or null for a difference nobody has looked at. */
export function classOf(d: Difference): string | null {
  return CLASSES.find(({ ours = '', theirs = '', program, when }) =>
    d.ours.startsWith(ours) && d.theirs.startsWith(theirs) && (program?.test(d.text) ?? true) && (when?.(d) ?? true))?.name ?? null;
}
