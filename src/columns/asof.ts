/** As-of joins: the latest right row of each left one, found in one walk over both sides in the order of time. */
import { I32_NULL, List, T, Vec } from '../lang/value.js';
import { checkpoint, someBlock } from '../lang/interrupt.js';
import { chunks } from './chunks.js';
import { filled } from './copy.js';
import { gather } from './gather.js';
import { rangeOfKeys } from './hashing.js';
import { halves } from './item.js';
import { sharedIds } from './join.js';
import { byTime, placesUpTo, sameType, timeline } from './join-time.js';
import { CHUNK } from './lanes.js';
import { isFloatType, isNumericType, isTemporalType } from './promote.js';
import { reals, widen } from './reals.js';

type Column = Vec | List;

/**
 * For each left row the last right row of equal keys (none asked for: any) with the latest time not after its own; -1: there is none.
 * Null keys and null times match nothing; of right rows of one time the last one counts.
 */
export function latestRows(leftKeys: readonly Column[], rightKeys: readonly Column[], leftTime: Vec, rightTime: Vec): Int32Array {
  if (!isMeasured(leftTime.t) || !isMeasured(rightTime.t)) return searched(leftKeys, rightKeys, leftTime, rightTime);
  const [lt, rt] = sameType(leftTime, rightTime);
  const keys = keysOf(leftKeys, rightKeys, lt.length, rt.length);
  const left = inOrder(lt, keys.left);
  const right = inOrder(rt, keys.right);
  const walk: Walk = {
    left: left.times, right: right.times, leftIds: left.ids, rightIds: right.ids, base: keys.base, last: filled(keys.range, -1),
    l: left.from, r: right.from, out: filled(left.ids.length, -1),
  };
  while (walk.l < left.ids.length) {
    checkpoint();
    advance(walk);
  }
  return inTable(walk.out, left, right, lt.length);
}

const isMeasured = (t: number): boolean => isNumericType(t) || isTemporalType(t);

/** The same for times of any type. */
function searched(leftKeys: readonly Column[], rightKeys: readonly Column[], leftTime: Vec, rightTime: Vec): Int32Array {
  const line = timeline(leftKeys, rightKeys, leftTime.length, rightTime);
  const { place, start } = placesUpTo(line, rightTime, leftTime, false);
  return place.map((p, i) => (p > start[i] ? line.order[p - 1] : -1));
}

/* ── the walk ────────────────────────────────────────────────────────── */

/** How far it has come (`l`, `r`), and of each key the last right row met. */
interface Walk {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly leftIds: Int32Array;
  readonly rightIds: Int32Array;
  readonly base: number;
  readonly last: Int32Array;
  readonly out: Int32Array;
  l: number;
  r: number;
}

/** Some thousand rows of either side. */
function advance(walk: Walk): void {
  const { left, right, leftIds, rightIds, base, last, out } = walk;
  const range = last.length;
  const n = rightIds.length;
  const stop = Math.min(walk.r + CHUNK, n);
  const end = Math.min(walk.l + CHUNK, leftIds.length);
  let { l, r } = walk;
  for (; l < end; l++) {
    const high = left[2 * l + 1];
    const low = left[2 * l] ^ SIGN;
    while (r < stop) {
      const h = right[2 * r + 1];
      if (h > high || (h === high && (right[2 * r] ^ SIGN) > low)) break;
      const slot = (rightIds[r] - base) >>> 0;
      if (slot < range) last[slot] = r;
      r++;
    }
    // More right rows may be before this left one.
    if (r === stop && r < n) break;
    const slot = (leftIds[l] - base) >>> 0;
    if (slot < range) out[l] = last[slot];
  }
  walk.l = l;
  walk.r = r;
}

/** Low halves compare as unsigned: turning the sign over makes them signed. */
const SIGN = -2147483648;

/** What the walk found, for the rows of the left table in their order and with the right table's row numbers. */
function inTable(found: Int32Array, left: Side, right: Side, n: number): Int32Array {
  if (left.rows === null && right.rows === null) return found;
  const out = filled(n, -1);
  chunks(found.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      const r = found[i];
      out[left.rows === null ? i : left.rows[i]] = right.rows === null || r < 0 ? r : right.rows[r];
    }
  });
  return out;
}

/* ── keys ────────────────────────────────────────────────────────────── */

/** Numbers that equal keys share; those outside of [base, base + range) have no partner. */
interface Keys { readonly left: Int32Array; readonly right: Int32Array; readonly base: number; readonly range: number }

/** Words that lie within so many are used as they are. */
const CLOSE = 65536;
const WORDS: ReadonlySet<number> = new Set([T.SYM, T.I32, T.DATE, T.TIME]);

function keysOf(left: readonly Column[], right: readonly Column[], n: number, m: number): Keys {
  const [l, r] = [left[0], right[0]];
  if (left.length === 1 && l instanceof Vec && r instanceof Vec && l.t === r.t && WORDS.has(l.t) && !l.nulls && !r.nulls) {
    const words = r.data as Int32Array;
    const { min, range } = rangeOfKeys(words, 0)!;
    if (range <= CLOSE) return { left: l.data as Int32Array, right: words, base: min, range };
  }
  const { leftIds, rightIds, groups } = sharedIds(left, right, n, m);
  return { left: leftIds, right: rightIds, base: 0, range: groups };
}

/* ── times ───────────────────────────────────────────────────────────── */

/** A side in the order of time; `rows`: what its rows are in the table, where they are not the same. Those before `from` have no time. */
interface Side { readonly times: Int32Array; readonly ids: Int32Array; readonly rows: Int32Array | null; readonly from: number }

function inOrder(time: Vec, ids: Int32Array): Side {
  const times = timeHalves(time);
  const descends = someBlock(ids.length, (lo, hi) => !isAscending(times, lo || 1, hi));
  if (!descends) return { times, ids, rows: null, from: time.nulls ? leadingNulls(times) : 0 };
  const rows = byTime(time);
  return { times: timeHalves(gather(time, rows)), ids: gather(new Vec(T.I32, ids), rows).data as Int32Array, rows, from: 0 };
}

/** Times as halves of 64-bit integers in the order of the times; null is the least. */
function timeHalves(time: Vec): Int32Array {
  if (!isFloatType(time.t)) return halves(widen(time).data);
  const x = reals(time);
  const out = new Int32Array(x.length * 2);
  const bits = new Int32Array(x.buffer, x.byteOffset, out.length);
  chunks(x.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) {
      // NaN and both zeros have more than one bit pattern.
      const high = x[i] === 0 ? 0 : bits[2 * i + 1];
      const flip = high >> 31;
      out[2 * i] = x[i] === x[i] ? bits[2 * i] ^ flip : 0;
      out[2 * i + 1] = x[i] === x[i] ? high ^ (flip & 0x7fffffff) : I32_NULL;
    }
  });
  return out;
}

/** Whether none of [lo, hi) is before the one ahead of it. */
function isAscending(h: Int32Array, lo: number, hi: number): boolean {
  if (lo >= hi) return true;
  let low = h[2 * lo - 2] ^ SIGN;
  let high = h[2 * lo - 1];
  for (let i = lo; i < hi; i++) {
    const l = h[2 * i] ^ SIGN;
    const g = h[2 * i + 1];
    if (g < high || (g === high && l < low)) return false;
    low = l;
    high = g;
  }
  return true;
}

function leadingNulls(h: Int32Array): number {
  let i = 0;
  someBlock(h.length >> 1, (lo, hi) => {
    for (i = lo; i < hi; i++) if (h[2 * i] !== 0 || h[2 * i + 1] !== I32_NULL) return true;
    return false;
  });
  return i;
}
