/** Random queries and joins over random tables. */
import type { Random } from '../fuzz/random.js';
import { NUMBERS, atom, relation, vector, type AtomType, type Column, type Relation } from './program-values.js';

const AGGREGATES = ['sum', 'avg', 'min', 'max', 'count', 'first', 'last', 'med', 'dev', 'var', 'prod', 'mode', 'stddev', 'var_pop'];
const MAPS = ['sums', 'neg', 'deltas', 'reverse', 'fills', 'lag', 'rank', 'asc', 'distinct', 'maxs'];
const isNumber = (type: AtomType): boolean => NUMBERS.includes(type);

export function queryProgram(r: Random): string {
  const t = relation(r);
  const make = r.pick([select, select, select, select, grouped, grouped, grouped, update, insert, upsert, windowed, pivoted]);
  return make(r, t);
}

const column = (r: Random, t: Relation): Column => (r.int(25) === 0 ? { name: 'nope', type: 'i64' } : r.pick(t.columns));

function condition(r: Random, t: Relation, depth = 1): string {
  const { name, type } = column(r, t);
  switch (r.int(depth > 0 ? 8 : 5)) {
    case 0: return `(in ${name} ${vector(r, type, 1 + r.int(3))})`;
    case 1: return type === 'str' || type === 'sym' ? `(like ${name} "${r.pick(['a*', '*b*', 's[a-b]', '*'])}")` : `(within ${name} ${vector(r, type, 2)})`;
    case 5: return `(and ${condition(r, t, 0)} ${condition(r, t, 0)})`;
    case 6: return `(or ${condition(r, t, 0)} ${condition(r, t, 0)})`;
    case 7: return `(not ${condition(r, t, 0)})`;
    default: return `(${r.pick(['==', '!=', '<', '<=', '>', '>='])} ${name} ${r.int(12) === 0 ? name : atom(r, type)})`;
  }
}

function scalar(r: Random, t: Relation): string {
  const { name } = column(r, t);
  if (r.int(6) === 0) return `(- (max ${name}) (min ${name}))`;
  if (r.int(12) === 0) return `((fn [v] (count v)) ${name})`;
  return `(${r.pick(AGGREGATES)} ${name})`;
}

function mapped(r: Random, t: Relation): string {
  const { name, type } = column(r, t);
  switch (r.int(6)) {
    case 0: return name;
    case 1: return isNumber(type) ? `(${r.pick(['+', '-', '*', '/', '%'])} ${name} ${r.int(3) === 0 ? name : atom(r, r.pick(NUMBERS))})` : name;
    case 2: return `(${r.pick(MAPS)} ${name})`;
    case 3: return `(${r.pick(['==', '<'])} ${name} ${atom(r, type)})`;
    case 4: return r.pick([atom(r, 'i64'), atom(r, 'f64'), "'sa", '"k"']);
    default: return isNumber(type) ? `(+ ${name} (sum ${name}))` : `(nil? ${name})`;
  }
}

const clause = (r: Random, oneIn: number, make: () => string): string => (r.int(oneIn) === 0 ? ` ${make()}` : '');
const outputs = (r: Random, make: () => string): string => ['', 'p', 'q', 'w'].slice(1, 1 + r.int(4)).map((name) => ` ${name}: ${make()}`).join('');

function select(r: Random, t: Relation): string {
  const aggregate = r.int(4) === 0;
  const where = clause(r, 2, () => `where: ${condition(r, t)}`);
  const projected = outputs(r, () => (aggregate ? scalar(r, t) : mapped(r, t)));
  const order = projected === '' ? clause(r, 3, () => `${r.pick(['asc', 'desc'])}: ${r.int(3) === 0 && t.columns.length > 1 ? `[${t.columns[1].name} ${t.columns[0].name}]` : column(r, t).name}`) : '';
  const take = clause(r, 4, () => `take: ${r.pick(['1', '2', '-1', '-2', '10', '[1 2]', '0'])}`);
  return `(select {from: ${t.text}${projected}${where}${order}${take}})`;
}

function grouped(r: Random, t: Relation): string {
  const key = column(r, t).name;
  const by = r.pick([key, key, key, `[${key} ${t.columns[0].name}]`, `{k: ${key}}`]);
  const projected = outputs(r, () => (r.int(5) === 0 ? mapped(r, t) : scalar(r, t)));
  const where = clause(r, 3, () => `where: ${condition(r, t)}`);
  return `(select {from: ${t.text} by: ${by}${projected}${where}})`;
}

function update(r: Random, t: Relation): string {
  const { name, type } = column(r, t);
  const value = isNumber(type) && r.int(2) === 0 ? `(+ ${name} ${atom(r, type)})` : atom(r, type);
  const where = clause(r, 2, () => `where: ${condition(r, t)}`);
  const set = r.int(4) === 0 ? ` nn: ${mapped(r, t)}` : ` ${name}: ${value}`;
  return r.int(3) === 0 ? `(do (set tt ${t.text}) (update {from: 'tt${set}${where}}) tt)` : `(update {from: ${t.text}${set}${where}})`;
}

const rowOf = (r: Random, t: Relation): string => `(list ${t.columns.map(({ type }) => atom(r, r.int(20) === 0 ? 'i64' : type)).join(' ')})`;
function rowsOf(r: Random, t: Relation): string {
  const n = 1 + r.int(3);
  const columns = t.columns.map(({ type }) => vector(r, type, n)).join(' ');
  return r.int(2) === 0 ? `(list ${columns})` : `(table [${t.columns.map(({ name }) => name).join(' ')}] (list ${columns}))`;
}

const insert = (r: Random, t: Relation): string => `(insert ${t.text} ${r.int(2) === 0 ? rowOf(r, t) : rowsOf(r, t)})`;
const upsert = (r: Random, t: Relation): string => `(upsert ${t.text} ${r.pick(['1', '1', '2', '0', "'ca"])} ${r.int(2) === 0 ? rowOf(r, t) : rowsOf(r, t)})`;

function windowed(r: Random, t: Relation): string {
  const part = clause(r, 2, () => `part: [${column(r, t).name}]`);
  const order = clause(r, 2, () => `order: [${column(r, t).name}]`);
  const frame = clause(r, 2, () => `frame: ${r.pick(["'running", "'whole", '2', '1', '0'])}`);
  return `(window {from: ${t.text}${part}${order}${frame} funcs: {f: (${r.pick(['sum', 'avg', 'min', 'max', 'count', 'first', 'last'])} ${column(r, t).name})}})`;
}

const pivoted = (r: Random, t: Relation): string =>
  `(pivot ${t.text} '${column(r, t).name} '${column(r, t).name} '${column(r, t).name} ${r.pick(['sum', 'avg', 'count', 'min', 'max', 'first', 'last', 'med', '(fn [x] (count x))'])})`;

export function joinProgram(r: Random): string {
  const types: readonly AtomType[] = ['i64', 'i64', 'sym', 'sym', 'i32', 'date', 'f64', 'str', 'timestamp', 'u8'];
  const keys = ['ka', 'kb'].slice(0, 1 + r.int(2)).map((name) => ({ name, type: r.pick(types) }));
  const left = relation(r, keys, ['la', 'lb']);
  const right = relation(r, r.int(12) === 0 ? keys.map(({ name }) => ({ name, type: r.pick(types) })) : keys, ['ra', 'rb']);
  const names = `[${keys.map(({ name }) => name).join(' ')}]`;
  const verb = r.pick(['left-join', 'inner-join', 'anti-join', 'full-join', 'asof-join', 'left-join', 'inner-join', 'asof-join']);
  if (r.int(10) === 0) return `(union-all ${left.text} ${r.int(2) === 0 ? left.text : right.text})`;
  // An as-of join of the reference expects the times of both sides in order.
  const sorted = (text: string): string => (verb === 'asof-join' && r.int(8) > 0 ? `(xasc ${text} '${keys.at(-1)!.name})` : text);
  return r.int(8) === 0 && verb !== 'asof-join' ? `(${verb} ${left.text} ${right.text} ${names})` : `(${verb} ${names} ${sorted(left.text)} ${sorted(right.text)})`;
}
