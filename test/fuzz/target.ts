/** What a fuzz target is, and what all of them share. */
import { ERRORS, RayError } from '../../src/lang/errors.js';
import { ProtocolError } from '../../src/wire/rayforce/protocol-error.js';
import { allocatedBytes } from './allocations.js';
import type { Random } from './random.js';

export interface Target {
  readonly name: string;
  /** Takes one input; throws where an invariant is broken. */
  once(bytes: Uint8Array): void;
  /** An input worth trying: mostly something valid, damaged. */
  input(random: Random): Uint8Array;
}

/** Runs `f`: a result, or an error a peer may cause. Anything else is a finding. */
export function outcome<R>(f: () => R): { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: string } {
  try {
    return { ok: true, value: f() };
  } catch (error) {
    if (error instanceof ProtocolError) return { ok: false, error: error.fault };
    if (error instanceof RayError && error.code in ERRORS) return { ok: false, error: error.code };
    throw error;
  }
}

export function check(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`broken: ${claim}`);
}

/* ── allocations ─────────────────────────────────────────────────────── */

/** Runs `f` as `outcome` does, and answers the bytes it allocated besides. */
export function measured<R>(f: () => R): { readonly run: ReturnType<typeof outcome<R>>; readonly allocated: number } {
  const before = allocatedBytes();
  const run = outcome(f);
  return { run, allocated: allocatedBytes() - before };
}

/* ── mutation ────────────────────────────────────────────────────────── */

const INTERESTING = [0, 1, 2, 0x20, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0xf3, 0xf4, 0xfb, 0xff, 12, 13, 98, 99, 100, 103];
const COUNTS = [0n, 1n, -1n, 255n, 65536n, 1n << 31n, 1n << 32n, 268435456n, 268435457n, 1000000000n, 1n << 53n, 1n << 61n, -(1n << 63n)];

type Mutation = (r: Random, b: Buffer, other: Uint8Array) => Buffer;
const MUTATIONS: Mutation[] = [
  (r, b) => {
    b[r.int(b.length)] ^= 1 << r.int(8);
    return b;
  },
  (r, b) => {
    b[r.int(b.length)] = r.pick(INTERESTING);
    return b;
  },
  (r, b) => b.subarray(0, r.int(b.length)),
  (r, b) => b.subarray(r.int(b.length)),
  (r, b) => {
    if (b.length >= 8) b.writeBigInt64LE(r.pick(COUNTS), r.int(b.length - 7));
    return b;
  },
  (r, b) => {
    const at = r.int(b.length);
    return Buffer.concat([b.subarray(0, at), r.bytes(1 + r.int(4)), b.subarray(at)]);
  },
  (r, b) => {
    const at = r.int(b.length);
    return Buffer.concat([b.subarray(0, at), b.subarray(at + 1 + r.int(4))]);
  },
  (r, b) => {
    const at = r.int(b.length);
    return Buffer.concat([b.subarray(0, at), b.subarray(r.int(b.length), at)]);
  },
  (r, b, other) => Buffer.concat([b.subarray(0, r.int(b.length)), other.subarray(r.int(other.length))]),
];

/** Valid inputs of `make`, kept and replaced now and then because making them costs more than damaging them. */
export function damaged(make: (r: Random) => Uint8Array): (r: Random) => Uint8Array {
  const pool: Uint8Array[] = [];
  return (r) => {
    if (pool.length < 128) pool.push(make(r));
    else if (r.int(16) === 0) pool[r.int(pool.length)] = make(r);
    let bytes: Buffer = Buffer.from(r.pick(pool));
    for (let n = r.int(4); n > 0 && bytes.length > 0; n--) bytes = r.pick(MUTATIONS)(r, bytes, r.pick(pool));
    return bytes;
  };
}
