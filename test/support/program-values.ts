/** Literals of every type as source text: atoms, vectors, lists, dicts, tables, functions. */
import type { Random } from '../fuzz/random.js';

export type AtomType = 'b8' | 'u8' | 'i16' | 'i32' | 'i64' | 'f64' | 'date' | 'time' | 'timestamp' | 'guid' | 'sym' | 'str';

export const INTEGERS: readonly AtomType[] = ['i64', 'i64', 'i64', 'i32', 'i16', 'u8', 'b8'];
export const NUMBERS: readonly AtomType[] = ['i64', 'i64', 'i64', 'f64', 'f64', 'i32', 'i16', 'u8', 'b8'];
export const TEMPORALS: readonly AtomType[] = ['date', 'time', 'timestamp'];
export const TYPES: readonly AtomType[] = ['i64', 'i64', 'f64', 'f64', 'sym', 'sym', 'str', 'i32', 'i16', 'u8', 'b8', 'date', 'time', 'timestamp', 'guid'];

/** Groups may come out in the order in which symbols were first read: both sides read these first. */
export const SYMBOLS = ['sa', 'sb', 'sc', 'sd', 'se'] as const;
export const COLUMNS = ['ca', 'cb', 'cc', 'cd', 'ce'] as const;
export const PRELUDE = `(set known [${[...SYMBOLS, ...COLUMNS].join(' ')}])`;

const STRINGS = ['""', '"a"', '"b"', '"ab"', '"abc"', '"Hello, World"', '"a,b,,c"', '"  x y "', '"42"', '"4.5"', '"ba"', '"banana"', '"true"', '"2024.01.15"', '"10:20:30"'];
const GUIDS = ['00000000-0000-0000-0000-000000000000', '01020304-0506-0708-090a-0b0c0d0e0f10', 'ffffffff-0000-0000-0000-000000000001', '01020304-0506-0708-090a-0b0c0d0e0f11'];
const EDGES: Partial<Record<AtomType, readonly string[]>> = {
  i64: ['9223372036854775807', '-9223372036854775807', '9007199254740993', '4294967296', '-2147483649', '1000000'],
  i32: ['2147483647i', '-2147483647i', '65536i'],
  i16: ['32767h', '-32767h', '256h'],
  u8: ['0xff', '0x80'],
  f64: ['1e300', '-1e300', '1e-300', '123456.789', '1e18', '0.005', '-0.0'],
  date: ['1999.12.31', '1970.01.01', '2024.02.29', '2100.12.31'],
  time: ['23:59:59.999', '00:00:00', '-01:00:00'],
  timestamp: ['1999.12.31D23:59:59.999999999', '1970.01.01D00:00:00.0', '2024.02.29D12:00:00.000000001'],
};
const NULLS: Partial<Record<AtomType, string>> = { i16: '0Nh', i32: '0Ni', i64: '0Nl', f64: '0Nf', date: '0Nd', time: '0Nt', timestamp: '0Np' };

const two = (n: number): string => String(n).padStart(2, '0');
const day = (r: Random): string => `20${two(20 + r.int(6))}.${two(1 + r.int(12))}.${two(1 + r.int(28))}`;
const clock = (r: Random): string => `${two(r.int(24))}:${two(r.int(60))}:${two(r.int(60))}`;
const small = (r: Random): number => (r.int(3) === 0 ? r.int(60) - 20 : r.int(7) - 1);

const PLAIN: Record<AtomType, (r: Random) => string> = {
  b8: (r) => (r.int(2) === 0 ? 'true' : 'false'),
  u8: (r) => `0x0${r.int(10)}`,
  i16: (r) => `${small(r)}h`,
  i32: (r) => `${small(r)}i`,
  i64: (r) => String(small(r)),
  f64: (r) => (small(r) + r.int(4) * 0.25).toFixed(2),
  date: day,
  time: clock,
  timestamp: (r) => `${day(r)}D${clock(r)}.${r.int(3) === 0 ? r.int(999999999) : 0}`,
  guid: (r) => r.pick(GUIDS),
  sym: (r) => r.pick(SYMBOLS),
  str: (r) => r.pick(STRINGS),
};

/** An element of a vector literal. */
function element(r: Random, type: AtomType, nulls: boolean): string {
  if (nulls && NULLS[type] !== undefined && r.int(6) === 0) return NULLS[type];
  if (EDGES[type] !== undefined && r.int(25) === 0) return r.pick(EDGES[type]);
  return PLAIN[type](r);
}

export function atom(r: Random, type: AtomType): string {
  const text = element(r, type, true);
  return type === 'sym' ? `'${text}` : type === 'guid' ? `(as 'guid "${text}")` : text;
}

export function vector(r: Random, type: AtomType, n = length(r)): string {
  if (n === 0) return type === 'i64' ? '[]' : `(take ${vector(r, type, 1)} 0)`;
  const nulls = r.int(3) > 0;
  const elements = Array.from({ length: n }, () => element(r, type, nulls));
  return type === 'guid' ? `(as 'guid [${elements.map((e) => `"${e}"`).join(' ')}])` : `[${elements.join(' ')}]`;
}

export const length = (r: Random): number => (r.int(12) === 0 ? 0 : 1 + r.int(6));

/** A list of atoms of several types, of vectors, or of lists. */
export function list(r: Random, depth = 2): string {
  const one = r.pick(TYPES);
  const way = r.int(4);
  const items = Array.from({ length: r.int(10) === 0 ? 0 : 1 + r.int(4) }, () =>
    way === 0 ? atom(r, one) : way === 1 ? atom(r, r.pick(TYPES)) : way === 2 || depth === 0 ? vector(r, r.int(2) === 0 ? one : r.pick(TYPES)) : r.int(2) === 0 ? list(r, depth - 1) : atom(r, one));
  return `(list${items.map((item) => ` ${item}`).join('')})`;
}

export function dict(r: Random): string {
  const n = 1 + r.int(4);
  if (r.int(2) === 0) return `{${SYMBOLS.slice(0, n).map((key) => `${key}:${element(r, 'i64', true)}`).join(' ')}}`;
  const keys = r.pick(['sym', 'sym', 'i64', 'str', 'date'] as const);
  return `(dict ${vector(r, keys, n)} ${r.int(3) === 0 ? `(list ${Array.from({ length: n }, () => vector(r, r.pick(TYPES))).join(' ')})` : vector(r, r.pick(TYPES), n)})`;
}

export interface Column { readonly name: string; readonly type: AtomType }
export interface Relation { readonly text: string; readonly columns: readonly Column[] }

/** A table; `keys` are its first columns. */
export function relation(r: Random, keys: readonly Column[] = [], names: readonly string[] = COLUMNS): Relation {
  const rows = r.int(15) === 0 ? 0 : 1 + r.int(7);
  const rest = names.slice(0, 1 + r.int(names.length - 1)).map((name) => ({ name, type: r.pick(TYPES) }));
  const columns = [...keys, ...rest];
  return { columns, text: `(table [${columns.map((c) => c.name).join(' ')}] (list ${columns.map((c) => vector(r, c.type, rows)).join(' ')}))` };
}
