/**
 * Elements of columns, `n` at a time: x and y are the operands' addresses, r the result's. Where not stated otherwise `n` is a multiple of 16.
 * What comes out is bit for bit what the loops of columns/kernels.ts make.
 */

const MIN64: i64 = -0x8000000000000000;
const QUIET: u64 = 0x7ff8000000000000;

/* ── arithmetic ──────────────────────────────────────────────────────── */

const ADD = 0;
const SUB = 1;
const MUL = 2;
const DIV = 3;

export function addLongs(x: usize, y: usize, r: usize, n: i32, nulls: bool): void { longs(ADD, x, y, r, n, nulls); }
export function subLongs(x: usize, y: usize, r: usize, n: i32, nulls: bool): void { longs(SUB, x, y, r, n, nulls); }
export function mulLongs(x: usize, y: usize, r: usize, n: i32, nulls: bool): void { longs(MUL, x, y, r, n, nulls); }

/** `nulls`: a null operand makes a null. */
@inline
function longs(op: i32, x: usize, y: usize, r: usize, n: i32, nulls: bool): void {
  const none = i64x2.splat(MIN64);
  const end = x + (n << 3);
  if (!nulls) {
    for (; x < end; x += 16, y += 16, r += 16) v128.store(r, long2(op, v128.load(x), v128.load(y)));
    return;
  }
  for (; x < end; x += 16, y += 16, r += 16) {
    const a = v128.load(x);
    const b = v128.load(y);
    v128.store(r, v128.bitselect(none, long2(op, a, b), v128.or(i64x2.eq(a, none), i64x2.eq(b, none))));
  }
}
@inline
function long2(op: i32, a: v128, b: v128): v128 {
  return op === ADD ? i64x2.add(a, b) : op === SUB ? i64x2.sub(a, b) : i64x2.mul(a, b);
}

export function addDoubles(x: usize, y: usize, r: usize, n: i32): bool { return doubles(ADD, x, y, r, n); }
export function subDoubles(x: usize, y: usize, r: usize, n: i32): bool { return doubles(SUB, x, y, r, n); }
export function mulDoubles(x: usize, y: usize, r: usize, n: i32): bool { return doubles(MUL, x, y, r, n); }
export function divDoubles(x: usize, y: usize, r: usize, n: i32): bool { return doubles(DIV, x, y, r, n); }

/** What is not finite becomes NaN; answers whether there was any. */
@inline
function doubles(op: i32, x: usize, y: usize, r: usize, n: i32): bool {
  const quiet = i64x2.splat(QUIET);
  const infinity = f64x2.splat(Infinity);
  let all = i8x16.splat(-1);
  const end = x + (n << 3);
  for (; x < end; x += 16, y += 16, r += 16) {
    const v = double2(op, v128.load(x), v128.load(y));
    const finite = f64x2.lt(f64x2.abs(v), infinity);
    all = v128.and(all, finite);
    v128.store(r, v128.bitselect(v, quiet, finite));
  }
  return !i64x2.all_true(all);
}
@inline
function double2(op: i32, a: v128, b: v128): v128 {
  return op === ADD ? f64x2.add(a, b) : op === SUB ? f64x2.sub(a, b) : op === MUL ? f64x2.mul(a, b) : f64x2.div(a, b);
}

/** I64 elements as doubles; nulls become NaN where there may be some. */
export function longsToDoubles(x: usize, r: usize, n: i32, nulls: bool): void {
  const none = i64x2.splat(MIN64);
  const quiet = i64x2.splat(QUIET);
  // High halves over 2^84, low halves over 2^52: taking the offsets away leaves one rounding, that of the sum.
  const overLow = i64x2.splat(0x4330000000000000);
  const overHigh = i64x2.splat(0x4530000080000000);
  const offsets = i64x2.splat(0x4530000080100000);
  const end = x + (n << 3);
  for (; x < end; x += 16, r += 16) {
    const a = v128.load(x);
    const low = i16x8.shuffle(a, overLow, 0, 1, 10, 11, 4, 5, 14, 15);
    const high = f64x2.sub(v128.xor(i64x2.shr_u(a, 32), overHigh), offsets);
    const v = f64x2.add(high, low);
    v128.store(r, nulls ? v128.bitselect(quiet, v, i64x2.eq(a, none)) : v);
  }
}

/* ── comparisons: 1 or 0, turned over by `flip` = 1 ──────────────────── */

const LESS_LONG = 0;
const EQUAL_LONG = 1;
const LESS_DOUBLE = 2;
const EQUAL_DOUBLE = 3;

export function lessLongs(x: usize, y: usize, r: usize, n: i32, flip: i32): void { compare(LESS_LONG, x, y, r, n, flip); }
export function equalLongs(x: usize, y: usize, r: usize, n: i32, flip: i32): void { compare(EQUAL_LONG, x, y, r, n, flip); }
export function lessDoubles(x: usize, y: usize, r: usize, n: i32, flip: i32): void { compare(LESS_DOUBLE, x, y, r, n, flip); }
export function equalDoubles(x: usize, y: usize, r: usize, n: i32, flip: i32): void { compare(EQUAL_DOUBLE, x, y, r, n, flip); }

@inline
function compare(op: i32, x: usize, y: usize, r: usize, n: i32, flip: i32): void {
  const turned = i8x16.splat(<i8>flip);
  const end = r + n;
  for (; r < end; x += 128, y += 128, r += 16) {
    const low = i16x8.narrow_i32x4_s(compare4(op, x, y), compare4(op, x + 32, y + 32));
    const high = i16x8.narrow_i32x4_s(compare4(op, x + 64, y + 64), compare4(op, x + 96, y + 96));
    // True is all ones, which is -1.
    v128.store(r, v128.xor(i8x16.neg(i8x16.narrow_i16x8_s(low, high)), turned));
  }
}
@inline
function compare4(op: i32, x: usize, y: usize): v128 {
  return i32x4.shuffle(compare2(op, v128.load(x), v128.load(y)), compare2(op, v128.load(x + 16), v128.load(y + 16)), 0, 2, 4, 6);
}
@inline
function compare2(op: i32, a: v128, b: v128): v128 {
  if (op === LESS_LONG) return i64x2.lt_s(a, b);
  if (op === EQUAL_LONG) return i64x2.eq(a, b);
  // NaN is below every value and equal to itself.
  if (op === LESS_DOUBLE) return v128.or(f64x2.lt(a, b), v128.and(f64x2.ne(a, a), f64x2.eq(b, b)));
  return v128.or(f64x2.eq(a, b), v128.and(f64x2.ne(a, a), f64x2.ne(b, b)));
}

/* ── reductions ──────────────────────────────────────────────────────── */

/** Sums of the low halves (unsigned) and the high halves (signed) of at most 2^20 elements, to r as two doubles; answers how many are null. */
export function sumLongs(x: usize, r: usize, n: i32): i32 {
  const none = i64x2.splat(MIN64);
  const lows = i64x2.splat(0xffffffff);
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let nulls = i64x2.splat(0);
  const end = x + (n << 3);
  for (; x < end; x += 32) {
    const a = v128.load(x);
    const b = v128.load(x + 16);
    low = i64x2.add(low, i64x2.add(v128.and(a, lows), v128.and(b, lows)));
    const highs = i32x4.shuffle(a, b, 1, 3, 5, 7);
    high = i64x2.add(high, i64x2.add(i64x2.extend_low_i32x4_s(highs), i64x2.extend_high_i32x4_s(highs)));
    nulls = i64x2.sub(nulls, i64x2.add(i64x2.eq(a, none), i64x2.eq(b, none)));
  }
  store<f64>(r, <f64>(i64x2.extract_lane(low, 0) + i64x2.extract_lane(low, 1)));
  store<f64>(r + 8, <f64>(i64x2.extract_lane(high, 0) + i64x2.extract_lane(high, 1)));
  return <i32>(i64x2.extract_lane(nulls, 0) + i64x2.extract_lane(nulls, 1));
}

/** The sum of what is not NaN, in two sums of every other element; their number goes to r. Any `n`. */
export function sumValues(x: usize, r: usize, n: i32): f64 {
  let sum = f64x2.splat(0);
  let count = i64x2.splat(0);
  const end = x + (n << 3);
  for (; x + 8 < end; x += 16) {
    const a = v128.load(x);
    const is = f64x2.eq(a, a);
    sum = f64x2.add(sum, v128.and(a, is));
    count = i64x2.sub(count, is);
  }
  let first = f64x2.extract_lane(sum, 0);
  let k = <i32>(i64x2.extract_lane(count, 0) + i64x2.extract_lane(count, 1));
  if (x < end) {
    const a = load<f64>(x);
    if (a === a) {
      first += a;
      k++;
    }
  }
  store<i32>(r, k);
  return first + f64x2.extract_lane(sum, 1);
}

/**
 * The least element, or the greatest, to r; nulls are skipped where there may be some. False: all are null. Two at a time, each of
 * which must wait for its last comparison.
 */
export function leastLong(x: usize, r: usize, n: i32, nulls: bool): bool {
  const most = i64x2.splat(i64.MAX_VALUE);
  let p = most;
  let q = most;
  let seen = i64x2.splat(0);
  const end = x + (n << 3);
  for (; x < end; x += 32) {
    let a = v128.load(x);
    let b = v128.load(x + 16);
    if (nulls) {
      const none = i64x2.splat(MIN64);
      const noA = i64x2.eq(a, none);
      const noB = i64x2.eq(b, none);
      seen = v128.or(seen, v128.not(v128.and(noA, noB)));
      a = v128.bitselect(most, a, noA);
      b = v128.bitselect(most, b, noB);
    }
    p = v128.bitselect(a, p, i64x2.lt_s(a, p));
    q = v128.bitselect(b, q, i64x2.lt_s(b, q));
  }
  p = v128.bitselect(p, q, i64x2.lt_s(p, q));
  store<i64>(r, min(i64x2.extract_lane(p, 0), i64x2.extract_lane(p, 1)));
  return !nulls || v128.any_true(seen);
}
export function greatestLong(x: usize, r: usize, n: i32, nulls: bool): bool {
  let p = i64x2.splat(MIN64);
  let q = p;
  const end = x + (n << 3);
  for (; x < end; x += 32) {
    const a = v128.load(x);
    const b = v128.load(x + 16);
    p = v128.bitselect(a, p, i64x2.gt_s(a, p));
    q = v128.bitselect(b, q, i64x2.gt_s(b, q));
  }
  p = v128.bitselect(p, q, i64x2.gt_s(p, q));
  const greatest = max(i64x2.extract_lane(p, 0), i64x2.extract_lane(p, 1));
  store<i64>(r, greatest);
  return !nulls || greatest !== MIN64;
}
