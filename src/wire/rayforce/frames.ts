/** Cuts a byte stream into frames. */
import { HEADER_SIZE, MAX_PAYLOAD, readHeader } from './header.js';

/** One frame: `bytes[start, end)` is header and payload, the payload begins at `payload`. Valid as long as the chunk it came in. */
export class Frame {
  readonly kind = 'frame';
  constructor(readonly bytes: Uint8Array, readonly start: number, readonly end: number) {}
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

/**
 * `push` takes what arrived, `next` answers frame after frame and null when more bytes are needed. A frame that lies within one chunk
 * is a view of it; one that spans chunks is gathered in a buffer that grows with the bytes received, not with the size declared.
 * Once `next` answered null no chunk is referred to any more.
 */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private at = 0;
  private gathered: Uint8Array = NOTHING;
  private have = 0;
  /** Bytes of the frame being gathered, header included; 0 until its header is complete. */
  private need = 0;

  /** `limit`: the largest payload taken, in bytes. */
  constructor(private readonly limit = MAX_PAYLOAD) {}

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.chunks.push(chunk);
  }

  /** Throws ProtocolError at a header that is refused, and again at every further call: the stream cannot be picked up behind it. */
  next(): Frame | null {
    while (this.chunks.length > 0) {
      const frame = this.have > 0 ? this.gather(this.chunks[0]) : this.cut(this.chunks[0]);
      if (frame !== null) return frame;
    }
    return null;
  }

  /** Bytes that are held and belong to no frame answered yet. */
  get buffered(): number {
    let n = this.have - this.at;
    for (const chunk of this.chunks) n += chunk.length;
    return n;
  }

  private cut(chunk: Uint8Array): Frame | null {
    const start = this.at;
    const left = chunk.length - start;
    if (left >= HEADER_SIZE) {
      const total = HEADER_SIZE + readHeader(chunk, start, this.limit);
      if (left >= total) {
        this.consume(chunk, total);
        return new Frame(chunk, start, start + total);
      }
      this.need = total;
    }
    this.take(chunk, left);
    return null;
  }

  private gather(chunk: Uint8Array): Frame | null {
    if (this.need === 0) {
      this.take(chunk, Math.min(HEADER_SIZE - this.have, chunk.length - this.at));
      if (this.have < HEADER_SIZE) return null;
      try {
        this.need = HEADER_SIZE + readHeader(this.gathered, 0, this.limit);
      } catch (error) {
        // The chunk may be used up: something must be left for the next call to fail on.
        this.chunks = [this.gathered.slice(0, HEADER_SIZE)];
        this.at = this.have = 0;
        throw error;
      }
    }
    if (this.chunks.length > 0) this.take(this.chunks[0], Math.min(this.need - this.have, this.chunks[0].length - this.at));
    if (this.have < this.need) return null;
    const frame = new Frame(this.gathered, 0, this.need);
    this.gathered = NOTHING;
    this.have = this.need = 0;
    return frame;
  }

  private take(chunk: Uint8Array, n: number): void {
    const wanted = this.have + n;
    if (wanted > this.gathered.length) {
      const room = Math.max(wanted, this.have * 2, HEADER_SIZE);
      const grown = Buffer.allocUnsafe(this.need > 0 ? Math.min(room, this.need) : room);
      grown.set(this.gathered.subarray(0, this.have));
      this.gathered = grown;
    }
    this.gathered.set(n === chunk.length ? chunk : chunk.subarray(this.at, this.at + n), this.have);
    this.have = wanted;
    this.consume(chunk, n);
  }

  private consume(chunk: Uint8Array, n: number): void {
    this.at += n;
    if (this.at < chunk.length) return;
    this.chunks.shift();
    this.at = 0;
  }
}

const NOTHING = new Uint8Array(0);
