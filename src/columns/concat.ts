/** Joining columns end to end. */
import { List, T, Vec, type Value } from '../lang/value.js';
import { BLOCK, blocks, checkpoint } from '../lang/interrupt.js';
import { copyInto } from './copy.js';
import { alloc, items, reader } from './item.js';
import { LongList, listOf } from './long-list.js';

/** One column of all parts, in order; all must have the same tag (or all be lists), and there must be at least one. */
export function concatColumns(parts: readonly Vec[]): Vec;
export function concatColumns(parts: readonly (Vec | List)[]): Vec | List;
export function concatColumns(parts: readonly (Vec | List)[]): Vec | List {
  if (parts.length === 1) return parts[0];
  const first = parts[0];
  return first instanceof Vec ? concatVecs(first.t, parts as readonly Vec[]) : concatItems(parts);
}

/** A list of the elements of all parts, whatever their types. */
export function concatItems(parts: readonly (Vec | List)[]): List {
  let n = 0;
  for (const p of parts) n += p.length;
  if (n <= BLOCK) return concatFew(parts, n);
  let part = -1;
  let read = reader(parts[0]);
  let start = 0;
  let end = 0;
  return listOf(n, (out, base, lo, hi) => {
    for (let i = lo; i < hi; i++) {
      while (i === end) {
        read = reader(parts[++part]);
        start = end;
        end += parts[part].length;
      }
      out[i - base] = read(i - start);
    }
  });
}

function concatFew(parts: readonly (Vec | List)[], n: number): List {
  const out = new Array<Value>(n);
  let at = 0;
  for (const p of parts) {
    const from = items(p);
    for (let i = 0; i < from.length; i++) out[at++] = from[i];
  }
  return new List(out);
}

/** The column of the elements of a long list that are atoms of one type, as far as it is known; otherwise null. */
export function columnOfLong(v: List): Vec | null {
  const parts = v instanceof LongList ? v.columns() : null;
  return parts?.every((p) => p.t === parts[0].t) ? concatVecs(parts[0].t, parts) : null;
}

/** Every str of a STR column with text before and after it. */
export function affixed(v: Vec, before: string, after: string): Vec {
  return new Vec(T.STR, (v.data as string[]).map((s) => before + s + after));
}

function concatVecs(t: number, parts: readonly Vec[]): Vec {
  const nulls = parts.some((p) => p.nulls);
  let n = 0;
  for (const p of parts) n += p.length;
  if (t === T.STR) {
    const out = alloc(t, n) as string[];
    let at = 0;
    for (const p of parts) {
      const from = p.data as string[];
      blocks(from.length, (lo, hi) => {
        for (let i = lo; i < hi; i++) out[at + i] = from[i];
      });
      at += from.length;
    }
    return new Vec(t, out);
  }
  const out = alloc(t, n) as Uint8Array;
  let at = 0;
  for (const p of parts) {
    checkpoint();
    copyInto(out, p.data as Uint8Array, at);
    at += p.data.length;
  }
  return new Vec(t, out, nulls);
}
