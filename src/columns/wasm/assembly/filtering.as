/** Elements picked by a mask, a piece of `n` rows at a time; addresses as in columns.as. `n` is a multiple of 64; the mask is 0 behind its end. */

/** How many of the mask's bytes are not 0. */
export function countTrue(mask: usize, n: i32): i32 {
  let count: u64 = 0;
  const end = mask + n;
  for (; mask < end; mask += 64) count += popcnt(true64(mask));
  return <i32>count;
}

/** Places of the bytes that are not 0, 4 bytes each, to `at`; answers how many. */
export function placesOf(mask: usize, n: i32, at: usize): i32 {
  const from = at;
  for (let i = 0; i < n; i += 64) {
    for (let m = true64(mask + i); m !== 0; m &= m - 1, at += 4) store<i32>(at, i + <i32>ctz(m));
  }
  return <i32>((at - from) >> 2);
}

@inline
function true64(p: usize): u64 {
  return true16(p) | (true16(p + 16) << 16) | (true16(p + 32) << 32) | (true16(p + 48) << 48);
}
@inline
function true16(p: usize): u64 {
  return <u64>(<u32>i8x16.bitmask(i8x16.ne(v128.load(p), i8x16.splat(0))));
}

/* ── picking: `k` elements of x at `places`, to r ────────────────────── */

export function pick1(x: usize, places: usize, r: usize, k: i32): void {
  const end = places + (k << 2);
  for (; places < end; places += 4, r++) store<u8>(r, load<u8>(x + <usize>load<u32>(places)));
}
export function pick2(x: usize, places: usize, r: usize, k: i32): void {
  const end = places + (k << 2);
  for (; places < end; places += 4, r += 2) store<u16>(r, load<u16>(x + (<usize>load<u32>(places) << 1)));
}
export function pick4(x: usize, places: usize, r: usize, k: i32): void {
  const end = places + (k << 2);
  for (; places < end; places += 4, r += 4) store<u32>(r, load<u32>(x + (<usize>load<u32>(places) << 2)));
}
export function pick8(x: usize, places: usize, r: usize, k: i32): void {
  const end = places + (k << 2);
  for (; places < end; places += 4, r += 8) store<u64>(r, load<u64>(x + (<usize>load<u32>(places) << 3)));
}
export function pick16(x: usize, places: usize, r: usize, k: i32): void {
  const end = places + (k << 2);
  for (; places < end; places += 4, r += 16) v128.store(r, v128.load(x + (<usize>load<u32>(places) << 4)));
}
