/** Cuts a byte stream into frames. */
import { HEADER_SIZE, MAX_PAYLOAD, readHeader } from './header.js';
import { rawBuffer } from './raw-buffer.js';

/** One frame: `bytes[start, end)` is header and payload, the payload begins at `payload`. Valid as long as the chunk it came in. */
export class Frame {
  readonly kind = 'frame';
  /** What it was gathered from, nobody else's, until `bytes` is asked for: joining a large one takes longer than others may wait. */
  parts: readonly Uint8Array[] | null;
  #bytes: Uint8Array;

  constructor(from: Uint8Array | readonly Uint8Array[], readonly start: number, readonly end: number) {
    this.parts = from instanceof Uint8Array ? null : from;
    this.#bytes = from instanceof Uint8Array ? from : NOTHING;
  }
  get bytes(): Uint8Array {
    if (this.parts !== null) this.#bytes = joined(this.parts, this.end);
    this.parts = null;
    return this.#bytes;
  }
  get flags(): number {
    return this.bytes[this.start + 5];
  }
  get msgtype(): number {
    return this.bytes[this.start + 7];
  }
  /** Offset of the payload's first byte. */
  get payload(): number {
    return this.start + HEADER_SIZE;
  }
  /** Header and payload. */
  whole(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** `parts`, one behind the other, `size` bytes, in memory of their own. */
export function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = rawBuffer(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * `push` takes what arrived, for good: it must not change any more. `next` answers frame after frame, and null when more bytes are
 * needed. A frame that lies within one chunk is a view of it; one that spans chunks is gathered.
 */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private at = 0;
  /** Most readers wait between frames: what a gathered one takes is there only while it is gathered. */
  private gathering: Gathering | null = null;

  /** `limit`: the largest payload taken, in bytes. */
  constructor(private readonly limit = MAX_PAYLOAD) {}

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.chunks.push(chunk);
  }

  /** Throws ProtocolError at a header that is refused, and again at every further call: the stream cannot be picked up behind it. */
  next(): Frame | null {
    while (this.chunks.length > 0) {
      const chunk = this.chunks[0];
      const frame = (this.gathering === null ? this.cut(chunk) : null) ?? this.gather(chunk);
      if (frame !== null) return frame;
    }
    return null;
  }

  /** Bytes that are held and belong to no frame answered yet. */
  get buffered(): number {
    let n = (this.gathering?.have ?? 0) - this.at;
    for (const chunk of this.chunks) n += chunk.length;
    return n;
  }

  /** A frame that is there as a whole. */
  private cut(chunk: Uint8Array): Frame | null {
    const start = this.at;
    const left = chunk.length - start;
    if (left < HEADER_SIZE) return null;
    const total = HEADER_SIZE + readHeader(chunk, start, this.limit);
    if (left < total) return null;
    this.consume(chunk, total);
    return new Frame(chunk, start, start + total);
  }

  private gather(chunk: Uint8Array): Frame | null {
    const g = (this.gathering ??= new Gathering());
    if (g.need === 0) {
      const n = Math.min(HEADER_SIZE - g.have, chunk.length - this.at);
      for (let i = this.at; i < this.at + n; i++) g.head += String.fromCharCode(chunk[i]);
      g.have += n;
      this.consume(chunk, n);
      if (g.have < HEADER_SIZE) return null;
      const head = Buffer.from(g.head, 'latin1');
      try {
        g.need = HEADER_SIZE + readHeader(head, 0, this.limit);
      } catch (error) {
        // The chunk may be used up: something must be left for the next call to fail on.
        this.chunks = [head];
        this.at = 0;
        this.gathering = null;
        throw error;
      }
      return null;
    }
    const n = Math.min(g.need - g.have, chunk.length - this.at);
    g.take(n === chunk.length ? chunk : chunk.subarray(this.at, this.at + n), n === chunk.buffer.byteLength);
    this.consume(chunk, n);
    if (g.have < g.need) return null;
    this.gathering = null;
    return new Frame(g.parts(), 0, g.need);
  }

  private consume(chunk: Uint8Array, n: number): void {
    this.at += n;
    if (this.at < chunk.length) return;
    this.chunks.shift();
    this.at = 0;
  }
}

/**
 * A frame whose end has not arrived. What is allocated for it never exceeds twice the bytes of it that have arrived, however they were
 * cut and whatever its header claims: large chunks are kept as they are, small ones are copied into blocks that grow with them.
 */
class Gathering {
  /** The bytes of its header, one character each. */
  head = '';
  /** Bytes that arrived. */
  have = 0;
  /** Its size, header included; 0 until the header is complete. */
  need = 0;
  /** Chunks, and parts of blocks. The last part of the block is `block[from, filled)`. */
  private pieces: Uint8Array[] = [];
  private block: Uint8Array = NOTHING;
  private from = 0;
  private filled = 0;

  /** More of the payload. `own`: `bytes` are all there is in their memory. */
  take(bytes: Uint8Array, own: boolean): void {
    const keep = own && bytes.length >= WORTH_KEEPING;
    if (this.block === NOTHING) this.begin(keep ? 0 : bytes.length);
    if (keep) {
      this.closePart();
      this.pieces.push(bytes);
    } else this.copy(bytes);
    this.have += bytes.length;
  }

  /** All of it. */
  parts(): readonly Uint8Array[] {
    this.closePart();
    return this.pieces;
  }

  // Blocks are full before there is another, so that all of them together are no more than the frame; what is made of them at the end
  // is the other half of what was promised.

  private begin(bytes: number): void {
    this.block = rawBuffer(Math.min(this.need, 2 * (HEADER_SIZE + bytes)));
    for (let i = 0; i < HEADER_SIZE; i++) this.block[i] = this.head.charCodeAt(i);
    this.filled = HEADER_SIZE;
  }
  private copy(bytes: Uint8Array): void {
    const n = Math.min(bytes.length, this.block.length - this.filled);
    this.block.set(n === bytes.length ? bytes : bytes.subarray(0, n), this.filled);
    this.filled += n;
    if (n === bytes.length) return;
    this.closePart();
    const have = this.have + n;
    this.block = rawBuffer(Math.min(this.need - have, Math.max(bytes.length - n, have)));
    this.block.set(bytes.subarray(n), 0);
    this.from = 0;
    this.filled = bytes.length - n;
  }
  private closePart(): void {
    if (this.filled > this.from) this.pieces.push(this.block.subarray(this.from, this.filled));
    this.from = this.filled;
  }
}

/** Smaller chunks are copied: handing a piece over costs more than copying it, and what surrounds a tiny one weighs as much as it does. */
const WORTH_KEEPING = 32 << 10;
const NOTHING = new Uint8Array(0);
