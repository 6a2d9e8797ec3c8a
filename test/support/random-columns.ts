/** Random columns for the tests of columns; the same seed gives the same column. */
import { GUID_NULL_TEXT, I16_NULL, I32_NULL, I64_NULL, T, Vec, symVec, strVec } from '../../src/lang/value.js';

export function seeded(seed: number): () => number {
  let s = seed | 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Any 64-bit integer but the null. */
export function randomBig(random: () => number): bigint {
  const x = BigInt.asIntN(64, (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32)));
  return x === I64_NULL ? 0n : x >> BigInt(Math.floor(random() * 3) * 20);
}

/** A column of any type with ties and, where the type has one, nulls. */
export function randomOf(t: number, n: number, random: () => number): Vec {
  const small = (): number => Math.floor(random() * 40) - 20;
  const some = <V>(none: V, make: () => V): V => (random() < 0.15 ? none : make());
  const fill = <V>(make: () => V): V[] => Array.from({ length: n }, make);
  switch (t) {
    case T.B8: return new Vec(t, Uint8Array.from(fill(() => (random() < 0.5 ? 1 : 0))));
    case T.U8: return new Vec(t, Uint8Array.from(fill(() => Math.floor(random() * 256))));
    case T.I16: return new Vec(t, Int16Array.from(fill(() => some(I16_NULL, small))), true);
    case T.I64: case T.TIMESTAMP: return new Vec(t, BigInt64Array.from(fill(() => some(I64_NULL, () => (random() < 0.5 ? BigInt(small()) : randomBig(random))))), true);
    case T.F32: return new Vec(t, Float32Array.from(fill(() => some(NaN, small))), true);
    case T.F64: return new Vec(t, Float64Array.from(fill(() => some(NaN, () => small() * 0.25))), true);
    case T.SYM: return symVec(fill(() => 'abc'.slice(0, Math.floor(random() * 4)) + small()));
    case T.STR: return strVec(fill(() => 'prefix'.slice(0, Math.floor(random() * 7)) + '\0'.repeat(Math.floor(random() * 2)) + (random() < 0.5 ? '' : small())));
    case T.GUID: return new Vec(t, Uint8Array.from(fill(() => some(GUID_NULL_TEXT, () => String.fromCharCode(...Array.from({ length: 16 }, () => Math.floor(random() * 3) * 100)))).flatMap((g) => [...g].map((c) => c.charCodeAt(0)))), true);
    default: return new Vec(t, Int32Array.from(fill(() => some(I32_NULL, small))), true);
  }
}
