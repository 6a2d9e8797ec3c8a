/** Rows by group, a chunk of `n` at a time: addresses as in columns.as. What comes out is what the loops in JavaScript make, bit for bit. */

const MIN64: i64 = -0x8000000000000000;

/**
 * Group numbers for keys of 8 bytes from place `at` on: `table[key - base]`, of which there are `range`. Stops at a key whose group
 * is -1 and answers its place; -1 at a key outside of the table; `n` at the end.
 */
export function lookLongs(keys: usize, table: usize, ids: usize, at: i32, n: i32, base: i32, range: i32): i32 {
  for (; at < n; at++) {
    const slot = <u64>(load<i64>(keys + (at << 3)) - <i64>base);
    if (slot >= <u64>range) return -1;
    const id = load<i32>(table + (<usize>slot << 2));
    if (id < 0) return at;
    store<i32>(ids + (at << 2), id);
  }
  return n;
}

/** The same for keys of 4 bytes. */
export function lookWords(keys: usize, table: usize, ids: usize, at: i32, n: i32, base: i32, range: i32): i32 {
  for (; at < n; at++) {
    const slot = <u64>(<i64>load<i32>(keys + (at << 2)) - <i64>base);
    if (slot >= <u64>range) return -1;
    const id = load<i32>(table + (<usize>slot << 2));
    if (id < 0) return at;
    store<i32>(ids + (at << 2), id);
  }
  return n;
}

/** Adds I64 elements to the sums of their groups, 8 bytes each; nulls are skipped where there may be some. */
export function addLongs(x: usize, ids: usize, sums: usize, n: i32, nulls: bool): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<i64>(x);
    if (nulls && v === MIN64) continue;
    const sum = sums + (<usize>load<u32>(ids) << 3);
    store<i64>(sum, load<i64>(sum) + v);
  }
}

/** Adds F64 elements that are not NaN to the sums of their groups, and 1 to their counts: 16 bytes a group. */
export function addDoubles(x: usize, ids: usize, sums: usize, n: i32): void {
  const end = x + (n << 3);
  for (; x < end; x += 8, ids += 4) {
    const v = load<f64>(x);
    if (v !== v) continue;
    const sum = sums + (<usize>load<u32>(ids) << 4);
    store<f64>(sum, load<f64>(sum) + v);
    store<f64>(sum + 8, load<f64>(sum + 8) + 1);
  }
}

/** Adds 1 to the counts of the groups, 4 bytes each. */
export function countRows(ids: usize, counts: usize, n: i32): void {
  const end = ids + (n << 2);
  for (; ids < end; ids += 4) {
    const count = counts + (<usize>load<u32>(ids) << 2);
    store<i32>(count, load<i32>(count) + 1);
  }
}
