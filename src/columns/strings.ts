/** Loops over STR and SYM columns. A symbol is worked on once, however often the column holds it. */
import { I64_NULL, List, T, Vec, intern, symCount, symText } from '../lang/value.js';
import { fail } from '../lang/errors.js';
import { blocks, checkpoint } from '../lang/interrupt.js';
import { alloc, roomForList } from './item.js';
import { ListBuilder } from './long-list.js';
import { eachOccurrence } from './text.js';

/** A column of text: STR or SYM. */
export const isText = (v: Vec): boolean => v.t === T.STR || v.t === T.SYM;

/** `f` of every text, as a column of the same type. */
export function mapText(v: Vec, f: (text: string) => string): Vec {
  if (v.t === T.STR) return mapTextAt(v, f);
  const out = alloc(T.SYM, v.length) as Int32Array;
  eachSymbol(v, (text) => intern(f(text)), (i, id) => (out[i] = id));
  return new Vec(T.SYM, out);
}

/** `f` of every text and its row, as a column of the same type. */
export function mapTextAt(v: Vec, f: (text: string, i: number) => string): Vec {
  const out = alloc(v.t, v.length);
  if (v.t === T.STR) {
    const from = v.data as string[];
    const to = out as string[];
    blocks(v.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) to[i] = f(from[i], i);
    });
  } else {
    const from = v.data as Int32Array;
    const to = out as Int32Array;
    blocks(v.length, (lo, hi) => {
      for (let i = lo; i < hi; i++) to[i] = intern(f(symText(from[i]), i));
    });
  }
  return new Vec(v.t, out);
}

/** `f` (a safe integer) of every text as an I64 column; a negative result is a null. */
export function countText(v: Vec, f: (text: string) => number): Vec {
  const out = alloc(T.I64, v.length) as BigInt64Array;
  let nulls = false;
  const set = (i: number, n: number): void => {
    if (n < 0) nulls = true;
    out[i] = n < 0 ? I64_NULL : BigInt(n);
  };
  eachText(v, f, set);
  return new Vec(T.I64, out, nulls);
}

/** Whether `f` holds, for every text, as a B8 column. */
export function testText(v: Vec, f: (text: string) => boolean): Vec {
  const out = alloc(T.B8, v.length) as Uint8Array;
  eachText(v, f, (i, yes) => (out[i] = yes ? 1 : 0));
  return new Vec(T.B8, out);
}

/** The texts of a STR or SYM column. */
export function texts(v: Vec): readonly string[] {
  return v.t === T.STR ? (v.data as string[]) : Array.from(v.data as Int32Array, symText);
}

/** The symbols of an I64 column of intern ids. Errors: `domain` for an unknown id. */
export function symbolsOf(ids: Vec): Vec {
  const from = ids.data as BigInt64Array;
  const count = symCount();
  const out = alloc(T.SYM, from.length) as Int32Array;
  blocks(from.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const id = Number(from[i]);
      out[i] = id >= 0 && id < count ? id : fail('domain', 'no symbol has this id');
    }
  });
  return new Vec(T.SYM, out);
}

/** The parts of a text between separators, which are not empty. Errors: `oom` for more parts than a list may hold. */
export function cutAt(s: string, sep: string): List {
  if (s.length <= COUNTED) return new List(s.split(sep));
  let count = 1;
  eachOccurrence(s, sep, () => count++);
  roomForList(count);
  const parts = new ListBuilder();
  let from = 0;
  eachOccurrence(s, sep, (at) => {
    parts.push(s.slice(from, at));
    from = at + sep.length;
  });
  parts.push(s.slice(from));
  return parts.list();
}

/** Bytes of a text whose parts are counted before it is cut: fewer cannot exhaust the memory. */
const COUNTED = 2 ** 20;

/** Every occurrence of `from` replaced, left to right; an empty `from` replaces nothing. */
export function replaceAll(s: string, from: string, to: string): string {
  if (from === '') return s;
  // Piece by piece: one array of all parts could exhaust the memory.
  let out = '';
  let parts: string[] = [];
  let behind = 0;
  eachOccurrence(s, from, (at) => {
    parts.push(s.slice(behind, at));
    behind = at + from.length;
    if (parts.length < JOINED) return;
    checkpoint();
    out += parts.join(to) + to;
    parts = [];
  });
  if (behind === 0) return s;
  parts.push(s.slice(behind));
  return out + parts.join(to);
}
/** Parts joined at once. */
const JOINED = 8192;

function eachText<R>(v: Vec, f: (text: string) => R, put: (i: number, r: R) => void): void {
  if (v.t === T.SYM) return eachSymbol(v, f, put);
  const data = v.data as string[];
  blocks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) put(i, f(data[i]));
  });
}

function eachSymbol<R>(v: Vec, f: (text: string) => R, put: (i: number, r: R) => void): void {
  const data = v.data as Int32Array;
  const seen = new Map<number, R>();
  blocks(v.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const id = data[i];
      let r = seen.get(id);
      if (r === undefined) seen.set(id, (r = f(symText(id))));
      put(i, r);
    }
  });
}
