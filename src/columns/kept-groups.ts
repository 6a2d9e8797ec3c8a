/** Groups that know some reductions from the pass that found them. */
import { T, type List, type Vec } from '../lang/value.js';
import { halves } from './item.js';
import type { Groups } from './hashing.js';

/**
 * What is kept for each group. `sum`: 64 bits modulo 2^64, or a double for floats and times; `total`: a sum of doubles and how many they
 * are, a pair of doubles; `count`: rows, 32 bits; `least`, `greatest`: a value of 64 bits, a double for all types but those of 64-bit integers.
 */
export type Pass = 'sum' | 'total' | 'count' | 'least' | 'greatest';
/** `col` is null for counts. Nulls are no values. */
export interface Wanted { readonly pass: Pass; readonly col: Vec | null }

export class KeptGroups implements Groups {
  readonly #number: () => Int32Array;
  #ids: Int32Array | null = null;
  /** `number` answers the rows' group numbers, when somebody asks for them. */
  constructor(readonly first: Int32Array, readonly results: readonly (Wanted & { readonly bytes: ArrayBuffer })[], number: () => Int32Array) {
    this.#number = number;
  }
  get ids(): Int32Array {
    return (this.#ids ??= this.#number());
  }
  kept(pass: Pass, col: Vec | null): ArrayBuffer | undefined {
    return this.results.find((r) => r.pass === pass && r.col === col)?.bytes;
  }
}

/** Keys of 32 bits, or of 64 by their halves (`shift` 1): the low words are `words[row << shift]`. */
export interface Keys { readonly words: Int32Array; readonly shift: 0 | 1 }

/** null: one of the columns has other elements. */
export function keysOf(cols: readonly (Vec | List)[]): Keys[] | null {
  const keys: Keys[] = [];
  for (const v of cols) {
    if (v.t === T.I32 || v.t === T.DATE || v.t === T.TIME || v.t === T.SYM) keys.push({ words: (v as Vec).data as Int32Array, shift: 0 });
    else if (v.t === T.I64 || v.t === T.TIMESTAMP) keys.push({ words: halves((v as Vec).data), shift: 1 });
    else return null;
  }
  return keys;
}
