/**
 * Difference and run-length coding of a window of bytes; the rule is told in wire/rayforce/compress.ts. Positions are addresses. Up to
 * 79 bytes behind what is read and 16 behind what is written may be touched.
 */

/** What the last call took from its window and wrote, in bytes. */
export let taken: i32 = 0;
export let written: i32 = 0;

/**
 * Packs `[from, from + n)` to `to`; the byte at `from - 1` is the one before the window. Unless the window is the `last`, a token
 * that may go on behind it is left untaken: fewer than 256 bytes.
 */
export function pack(from: usize, n: i32, last: bool, to: usize): void {
  const end = from + n;
  // Whether the last difference is equal to the one behind it, the window does not tell.
  const known = end - 1;
  let o = to;
  let literal = from;
  let run: usize = 0;
  let before: u64 = 0;
  for (let p = from; p < known; p += 64) {
    const valid: u64 = p + 64 > known ? (1 << <u64>(known - p)) - 1 : -1;
    const m = equal64(p) & valid;
    const shifted = (m << 1) | before;
    let rises = m & ~shifted;
    let falls = shifted & ~m & valid;
    before = m >>> 63;
    if (run !== 0) {
      if (falls === 0) continue;
      const k = p + <usize>ctz(falls);
      falls &= falls - 1;
      o = putRun(o, run, k);
      literal = behind(run, k);
      run = 0;
    }
    while (rises !== 0) {
      const j = p + <usize>ctz(rises);
      rises &= rises - 1;
      o = putLiteral(o, literal, j);
      if (falls === 0) {
        run = j;
        break;
      }
      const k = p + <usize>ctz(falls);
      falls &= falls - 1;
      o = putRun(o, j, k);
      literal = behind(j, k);
    }
  }
  if (run !== 0) {
    if (last) {
      o = putRun(o, run, known);
      literal = behind(run, known);
    } else {
      for (literal = run; literal + 127 <= end; literal += 127) o = putShortRun(o, literal, 127);
    }
  }
  if (last) {
    o = putLiteral(o, literal, end);
    literal = end;
  } else if (run === 0) {
    for (; literal + 128 <= known; literal += 128) o = putLongLiteral(o, literal, literal + 128);
  }
  taken = <i32>(literal - from);
  written = <i32>(o - to);
}

/** Which of the 64 differences from `p` are equal to the next one. */
@inline
function equal64(p: usize): u64 {
  return equal16(p) | (equal16(p + 16) << 16) | (equal16(p + 32) << 32) | (equal16(p + 48) << 48);
}
@inline
function equal16(p: usize): u64 {
  const here = v128.load(p);
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(i8x16.sub(here, v128.load(p - 1)), i8x16.sub(v128.load(p + 1), here))));
}

@inline
function difference(p: usize): u32 {
  return <u32>load<u8>(p) - <u32>load<u8>(p - 1);
}

/** The run `[j, k]`, in tokens of 127; one element left over begins a literal. */
@inline
function putRun(o: usize, j: usize, k: usize): usize {
  let n = k + 1 - j;
  if (n >= 127) {
    for (; n >= 127; n -= 127, j += 127) o = putShortRun(o, j, 127);
    if (n < 2) return o;
  }
  return putShortRun(o, j, n);
}
@inline
function behind(j: usize, k: usize): usize {
  const n = k + 1 - j;
  return n < 127 ? k + 1 : k + 1 - usize(n % 127 === 1);
}
@inline
function putShortRun(o: usize, j: usize, n: usize): usize {
  store<u16>(o, <u16>(<u32>n | (difference(j) << 8)));
  return o + 2;
}

@inline
function putLiteral(o: usize, from: usize, end: usize): usize {
  const n = end - from;
  if (n > 16) return putLongLiteral(o, from, end);
  store<u8>(o, <u8>(0 - n));
  v128.store(o + 1, i8x16.sub(v128.load(from), v128.load(from - 1)));
  return o + n + usize(n !== 0);
}
function putLongLiteral(o: usize, from: usize, end: usize): usize {
  while (from < end) {
    const n = min(end - from, 128);
    store<u8>(o++, <u8>(0 - n));
    for (let i: usize = 0; i < n; i += 16) v128.store(o + i, i8x16.sub(v128.load(from + i), v128.load(from + i - 1)));
    o += n;
    from += n;
  }
  return o;
}

/** What `unpack` would do, without the bytes: takes whole tokens while 144 bytes are left and fewer than `room` are yielded. */
export function measure(from: usize, n: i32, room: i32): void {
  const stop = from + n - 144;
  let i = from;
  let made = 0;
  if (n >= 144) {
    while (i < stop && made < room) {
      const token = <i32>load<i8>(i);
      // A predicted branch: only literals make the next token wait for this one.
      if (token > 0) {
        made += token;
        i += 2;
      } else {
        made -= token;
        i += 1 - token;
      }
    }
  }
  taken = <i32>(i - from);
  written = made;
}

/**
 * Unpacks tokens of `[from, from + n)` to `to`; the byte at `to - 1` is the one before. Takes whole tokens while 144 bytes are left
 * to read and room for 128 to write: `room` bytes in all.
 */
export function unpack(from: usize, n: i32, to: usize, room: i32): void {
  const stop = from + n - 144;
  const full = to + room - 128;
  let i = from;
  let o = to;
  let carry = i8x16.splat(load<u8>(to - 1));
  if (n >= 144) {
    while (i < stop && o <= full) {
      const token = <i32>load<i8>(i);
      if (token > 0) {
        const step = i8x16.splat(load<u8>(i + 1));
        const sums = prefix(step);
        i += 2;
        let left = token;
        for (; left > 16; left -= 16, o += 16) {
          carry = putSums(o, sums, carry, 15);
        }
        carry = putSums(o, sums, carry, left - 1);
        o += left;
      } else if (token < 0) {
        let left = -token;
        i++;
        for (; left > 16; left -= 16, o += 16, i += 16) {
          carry = putSums(o, prefix(v128.load(i)), carry, 15);
        }
        carry = putSums(o, prefix(v128.load(i)), carry, left - 1);
        o += left;
        i += left;
      } else i++;
    }
  }
  taken = <i32>(i - from);
  written = <i32>(o - to);
}

/** Running sums of 16 bytes. */
@inline
function prefix(x: v128): v128 {
  const zero = i8x16.splat(0);
  let s = i8x16.add(x, i8x16.shuffle(zero, x, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  s = i8x16.add(s, i8x16.shuffle(zero, s, 0, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29));
  s = i8x16.add(s, i8x16.shuffle(zero, s, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27));
  return i8x16.add(s, i8x16.shuffle(zero, s, 0, 0, 0, 0, 0, 0, 0, 0, 16, 17, 18, 19, 20, 21, 22, 23));
}

/** Writes the sums on top of the byte before; answers the last one that counts, in all lanes. */
@inline
function putSums(o: usize, sums: v128, carry: v128, lastLane: i32): v128 {
  const out = i8x16.add(sums, carry);
  v128.store(o, out);
  return i8x16.swizzle(out, i8x16.splat(<i8>lastLane));
}
