/** Random values, and mutations of their bytes. */
import {
  Builtin, Dict, F64, Guid, I64_NULL, Lambda, List, Narrow, Stamp, T, Table, Vec, i64, i64wrap, intern, name, nullOf, symOf, symVec, symbol,
  type Value, type VecData,
} from '../../src/lang/value.js';
import type { Random } from './random.js';

export const BUILTINS = new Map(['+', 'count', 'select', '.db.splayed.get'].map((text) => [text, new Builtin(T.UNARY, text, () => null, {})]));
export const resolve = (text: string): Value | undefined => BUILTINS.get(text);

const SYMBOLS = ['', 'a', 'abc', '+', '__proto__', 'constructor', 'a.b', '\xc3\xa9', 'a name longer than twelve bytes'];

/** Any value that can be serialized; `size` bounds elements and nesting. */
export function value(r: Random, size = 4): Value {
  return r.pick(size > 0 ? ANY : ATOMS)(r, size);
}

type Make = (r: Random, size: number) => Value;
const bytes = (r: Random, n: number): string => Array.from({ length: n }, () => String.fromCharCode(r.int(256))).join('');
const wide = (r: Random): bigint => r.pick([0n, 1n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n, I64_NULL + 1n, 2n ** 63n - 1n, BigInt(r.int(1000)), BigInt.asIntN(64, BigInt(r.int(2 ** 32)) << BigInt(r.int(33)))]);
const real = (r: Random): number => r.pick([0, -0, 1.5, -1e300, 5e-324, Infinity, NaN, r.int(1e6) / 7]);
const narrow = (t: number, read: (r: Random) => number): Make => (r) => (r.int(8) === 0 ? nullOf(t) : new Narrow(-t, read(r)));
const int = (bits: number) => (r: Random): number => (r.int(2 ** bits) << (32 - bits)) >> (32 - bits);
const sym: Make = (r) => r.pick([name, symbol])(r.pick(SYMBOLS));

const ATOMS: Make[] = [
  () => null,
  (r) => r.int(2) === 1,
  (r) => i64(wide(r)),
  (r) => (r.int(4) === 0 ? I64_NULL : r.int(100)),
  (r) => bytes(r, r.int(30)),
  (r) => new F64(real(r)),
  () => nullOf(T.B8),
  narrow(T.U8, (r) => r.int(256)), narrow(T.I16, int(16)), narrow(T.I32, int(32)), narrow(T.DATE, int(32)), narrow(T.TIME, int(32)),
  narrow(T.F32, (r) => Math.fround(real(r))),
  (r) => new Stamp(BigInt(i64wrap(wide(r)))),
  (r) => new Guid(bytes(r, 16)),
  sym,
  (r) => r.pick([...BUILTINS.values()]),
];

type MakeData = (r: Random, n: number) => VecData;
const COLUMNS: [number, MakeData][] = [
  [T.B8, (r, n) => Uint8Array.from({ length: n }, () => r.int(2))],
  [T.U8, (r, n) => Uint8Array.from({ length: n }, () => r.int(256))],
  [T.I16, (r, n) => Int16Array.from({ length: n }, () => r.int(65536))],
  [T.I32, (r, n) => Int32Array.from({ length: n }, () => r.int(2 ** 32))],
  [T.DATE, (r, n) => Int32Array.from({ length: n }, () => r.int(2 ** 32))],
  [T.TIME, (r, n) => Int32Array.from({ length: n }, () => r.int(2 ** 32))],
  [T.I64, (r, n) => BigInt64Array.from({ length: n }, () => wide(r))],
  [T.TIMESTAMP, (r, n) => BigInt64Array.from({ length: n }, () => wide(r))],
  [T.F32, (r, n) => Float32Array.from({ length: n }, () => real(r))],
  [T.F64, (r, n) => Float64Array.from({ length: n }, () => real(r))],
  [T.GUID, (r, n) => Uint8Array.from({ length: n * 16 }, () => r.int(256))],
  [T.SYM, (r, n) => Int32Array.from({ length: n }, () => intern(r.pick(SYMBOLS)))],
  [T.STR, (r, n) => Array.from({ length: n }, () => bytes(r, r.int(20)))],
];
const NEVER_NULL = new Set<number>([T.B8, T.U8, T.SYM, T.STR]);

function column(r: Random, n: number): Vec {
  const [t, make] = r.pick(COLUMNS);
  return new Vec(t, make(r, n), !NEVER_NULL.has(t) && r.int(2) === 0);
}
const length = (r: Random, size: number): number => r.int(r.int(20) === 0 ? 400 : size * 3 + 1);
const list = (r: Random, n: number, size: number): List => new List(Array.from({ length: n }, () => value(r, size - 1)));
const sequence = (r: Random, n: number, size: number): Vec | List => (r.int(2) === 0 ? column(r, n) : list(r, n, size));

const ANY: Make[] = [
  ...ATOMS,
  (r, size) => column(r, length(r, size)), (r, size) => column(r, length(r, size)), (r, size) => column(r, length(r, size)), (r, size) => column(r, length(r, size)),
  (r, size) => list(r, r.int(size * 2), size), (r, size) => list(r, r.int(size * 2), size), (r, size) => list(r, r.int(size * 2), size),
  (r, size) => {
    const n = r.int(size * 2);
    return new Dict(sequence(r, n, size), sequence(r, n, size));
  },
  (r, size) => {
    const rows = length(r, size);
    const names = Array.from({ length: r.int(4) }, () => r.pick(SYMBOLS));
    return new Table(symVec(names), names.map(() => column(r, rows)));
  },
  (r, size) => new Lambda(Array.from({ length: r.int(4) }, () => symOf(intern(r.pick(SYMBOLS)))), list(r, r.int(size * 2), size).items),
];
