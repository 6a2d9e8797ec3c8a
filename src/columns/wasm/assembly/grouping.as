/** Rows by group, a piece of `n` at a time: addresses as in columns.as. What comes out is what the loops in JavaScript make, bit for bit. */

const MIN64: i64 = -0x8000000000000000;

/* ── looking up ──────────────────────────────────────────────────────── */

/**
 * Group numbers for keys of 8 bytes from place `at` on: `table[key - base]`, of which there are `range`; behind them stands -1. Stops at
 * a key of four among which there is none or one outside of the table (-1), and answers its place, or else `n`.
 */
export function lookLongs(keys: usize, table: usize, ids: usize, at: i32, n: i32, base: i32, range: i32): i32 {
  const end = keys + (n << 3);
  let k = keys + (at << 3);
  let to = ids + (at << 2);
  for (; k + 24 < end; k += 32, to += 16) {
    const a = longAt(k, table, base, range);
    const b = longAt(k + 8, table, base, range);
    const c = longAt(k + 16, table, base, range);
    const d = longAt(k + 24, table, base, range);
    if ((a | b | c | d) < 0) break;
    store<i32>(to, a);
    store<i32>(to + 4, b);
    store<i32>(to + 8, c);
    store<i32>(to + 12, d);
  }
  for (; k < end; k += 8, to += 4) {
    const id = longAt(k, table, base, range);
    if (id < 0) break;
    store<i32>(to, id);
  }
  return <i32>((k - keys) >> 3);
}
@inline
function longAt(key: usize, table: usize, base: i32, range: i32): i32 {
  return load<i32>(table + (<usize>min(<u64>(load<i64>(key) - <i64>base), <u64>range) << 2));
}

/** The same for keys of 4 bytes. */
export function lookWords(keys: usize, table: usize, ids: usize, at: i32, n: i32, base: i32, range: i32): i32 {
  const end = keys + (n << 2);
  let k = keys + (at << 2);
  let to = ids + (at << 2);
  for (; k + 12 < end; k += 16, to += 16) {
    const a = wordAt(k, table, base, range);
    const b = wordAt(k + 4, table, base, range);
    const c = wordAt(k + 8, table, base, range);
    const d = wordAt(k + 12, table, base, range);
    if ((a | b | c | d) < 0) break;
    store<i32>(to, a);
    store<i32>(to + 4, b);
    store<i32>(to + 8, c);
    store<i32>(to + 12, d);
  }
  for (; k < end; k += 4, to += 4) {
    const id = wordAt(k, table, base, range);
    if (id < 0) break;
    store<i32>(to, id);
  }
  return <i32>((k - keys) >> 2);
}
@inline
function wordAt(key: usize, table: usize, base: i32, range: i32): i32 {
  return load<i32>(table + (<usize>min(load<u32>(key) - <u32>base, <u32>range) << 2));
}

/* ── several keys ────────────────────────────────────────────────────── */

/**
 * One key more, of 8 bytes: the places in the table so far (4 bytes each) times `range`, plus `key - base`; -1 where that is not in
 * [0, range), and where it was -1 before.
 */
export function placeLongs(keys: usize, places: usize, n: i32, base: i32, range: i32): void {
  const end = keys + (n << 3);
  for (; keys < end; keys += 8, places += 4) place(<u64>(load<i64>(keys) - <i64>base), places, range);
}
/** The same for a key of 4 bytes. */
export function placeWords(keys: usize, places: usize, n: i32, base: i32, range: i32): void {
  const end = keys + (n << 2);
  for (; keys < end; keys += 4, places += 4) place(<u64>(<i64>load<i32>(keys) - <i64>base), places, range);
}
@inline
function place(distance: u64, at: usize, range: i32): void {
  const before = load<i32>(at);
  store<i32>(at, select<i32>(before * range + <i32>distance, -1, before >= 0 && distance < <u64>range));
}

/* ── what is kept for each group ─────────────────────────────────────── */

/** Adds I64 elements to the sums of their groups, 8 bytes each; nulls are skipped where there may be some. */
export function addLongs(x: usize, ids: usize, sums: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  if (nulls) {
    for (; x < end; x += 8, ids += 4) {
      const v = load<i64>(x);
      if (v !== MIN64) addLong(v, ids, sums);
    }
    return;
  }
  for (; x + 24 < end; x += 32, ids += 16) {
    addLong(load<i64>(x), ids, sums);
    addLong(load<i64>(x + 8), ids + 4, sums);
    addLong(load<i64>(x + 16), ids + 8, sums);
    addLong(load<i64>(x + 24), ids + 12, sums);
  }
  for (; x < end; x += 8, ids += 4) addLong(load<i64>(x), ids, sums);
}
@inline
function addLong(v: i64, id: usize, sums: usize): void {
  const sum = sums + (<usize>load<u32>(id) << 3);
  store<i64>(sum, load<i64>(sum) + v);
}

/** Adds F64 elements that are not NaN to the sums of their groups, 8 bytes each. */
export function addReals(x: usize, ids: usize, sums: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<f64>(x);
    const sum = sums + (<usize>load<u32>(ids) << 3);
    if (v === v) store<f64>(sum, load<f64>(sum) + v);
  }
}

/** Adds F64 elements that are not NaN to the sums of their groups, and 1 to their counts: 16 bytes a group. */
export function addDoubles(x: usize, ids: usize, totals: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<f64>(x);
    if (v === v) addDouble(v, ids, totals);
  }
}
/** The same for I64 elements, nulls skipped where there may be some. */
export function addLongsAsDoubles(x: usize, ids: usize, totals: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<i64>(x);
    if (!nulls || v !== MIN64) addDouble(<f64>v, ids, totals);
  }
}
@inline
function addDouble(v: f64, id: usize, totals: usize): void {
  const total = totals + (<usize>load<u32>(id) << 4);
  v128.store(total, f64x2.add(v128.load(total), f64x2.replace_lane(f64x2.splat(1), 0, v)));
}

/** Adds 1 to the counts of the groups, 4 bytes each. */
export function countRows(x: usize, ids: usize, counts: usize, n: i32, nulls: bool): void {
  const end = ids + (n << 2);
  for (; ids < end; ids += 4) {
    const count = counts + (<usize>load<u32>(ids) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
}

/** The least I64 elements by group, 8 bytes each that begin as the greatest number of all. With `nulls` 1 is taken from all, so that nulls are that number. */
export function leastLongs(x: usize, ids: usize, best: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  const off = <i64>nulls;
  for (; x < end; x += 8, ids += 4) {
    const v = load<i64>(x) - off;
    const at = best + (<usize>load<u32>(ids) << 3);
    if (v < load<i64>(at)) store<i64>(at, v);
  }
}
/** The greatest; they begin as null, which is the least number of all. */
export function greatestLongs(x: usize, ids: usize, best: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<i64>(x);
    const at = best + (<usize>load<u32>(ids) << 3);
    if (v > load<i64>(at)) store<i64>(at, v);
  }
}

/** The least F64 elements by group that are not NaN, 8 bytes each that begin as NaN. Of equal ones the first stays. */
export function leastDoubles(x: usize, ids: usize, best: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<f64>(x);
    const at = best + (<usize>load<u32>(ids) << 3);
    // A comparison with NaN is false: the first value of a group always goes in.
    if (v === v && !(v >= load<f64>(at))) store<f64>(at, v);
  }
}
export function greatestDoubles(x: usize, ids: usize, best: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<f64>(x);
    const at = best + (<usize>load<u32>(ids) << 3);
    if (v === v && !(v <= load<f64>(at))) store<f64>(at, v);
  }
}
