/** What the generated codecs share: the strict reading rules, and 64-bit numbers as bigint. */
import type { Reader, Writer } from 'protobufjs/minimal.js';
import protobuf from 'protobufjs/minimal.js';

export const NO_BYTES = new Uint8Array(0);

/** The bytes are not the message they are taken for. */
export class DecodeError extends Error {}

type Merge<M> = (r: Reader, m: M, depth: number) => void;

/** Reads `bytes[start, end)` into `m`. Errors: DecodeError, whatever is wrong with them. */
export function decodeWhole<M>(bytes: Uint8Array, start: number, end: number, m: M, merge: Merge<M>): M {
  try {
    const r = protobuf.Reader.create(bytes);
    r.pos = start;
    r.len = end;
    merge(r, m, 0);
  } catch (e) {
    throw e instanceof DecodeError ? e : new DecodeError((e as Error).message);
  }
  return m;
}

/** A message inside a message. */
export function nested<M>(r: Reader, m: M, merge: Merge<M>, depth: number): void {
  if (depth >= protobuf.Reader.recursionLimit) throw new DecodeError('nested too deep');
  const end = r.uint32() + r.pos;
  const outer = r.len;
  if (end > outer) throw new DecodeError('a message ends behind the one around it');
  r.len = end;
  merge(r, m, depth + 1);
  if (r.pos !== end) throw new DecodeError('a field ends behind its message');
  r.len = outer;
}

/** Passes over a field that is not in `known`, a mask of field numbers; one that is in it came with the wrong wire type. */
export function skip(r: Reader, tag: number, known: number, depth: number): void {
  const id = tag >>> 3;
  const wire = tag & 7;
  if (id < 31 && ((known >>> id) & 1) !== 0) throw new DecodeError(`field ${id} has wire type ${wire}`);
  if (id === 0) throw new DecodeError('field number 0');
  if (wire === 0) varint(r);
  else r.skipType(wire, depth, id);
}

export function uint32(r: Reader): number {
  varint(r);
  return low >>> 0;
}

export function int32(r: Reader): number {
  varint(r);
  return low | 0;
}

export function bool(r: Reader): boolean {
  varint(r);
  return low !== 0 || high !== 0;
}

export function uint64(r: Reader): bigint {
  varint(r);
  const value = BigInt(low >>> 0);
  return high === 0 ? value : (BigInt(high >>> 0) << 32n) | value;
}

/** `value` modulo 2^64. */
export function writeUint64(w: Writer, value: bigint): Writer {
  if (value >= 0n && value <= 0xffffffffn) return w.uint32(Number(value));
  const bits = BigInt.asUintN(64, value);
  return w.uint64({ low: Number(bits & 0xffffffffn), high: Number(bits >> 32n), unsigned: true } as Parameters<Writer['uint64']>[0]);
}

/** One entry of a map; what it leaves out is empty. */
export function readPair(r: Reader, to: Map<string, string>, depth: number): void {
  const pair = { key: '', value: '' };
  nested(r, pair, mergePair, depth);
  to.set(pair.key, pair.value);
}

export function writePairs(w: Writer, tag: number, pairs: ReadonlyMap<string, string>): void {
  for (const [key, value] of pairs) {
    w.uint32(tag).fork();
    if (key !== '') w.uint32(10).string(key);
    if (value !== '') w.uint32(18).string(value);
    w.ldelim();
  }
}

function mergePair(r: Reader, pair: { key: string; value: string }, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    if (tag === 10) pair.key = r.stringVerify();
    else if (tag === 18) pair.value = r.stringVerify();
    else skip(r, tag, 6, depth);
  }
}

let low = 0;
let high = 0;
/** Reads a varint into `low` and `high`. Ten bytes at most, of which the last holds one bit. */
function varint(r: Reader): void {
  const { buf, len } = r;
  let pos = r.pos;
  low = 0;
  high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= len) throw new DecodeError('ends inside a number');
    const byte = buf[pos++];
    const bits = byte & 127;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (shift - 32);
    if (byte < 128) {
      if (shift === 63 && byte > 1) break;
      r.pos = pos;
      return;
    }
  }
  throw new DecodeError('a number has more than 64 bits');
}
