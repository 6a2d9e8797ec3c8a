/** Lines out of a byte stream: bytes in, one line at a time out. Memory follows the longest line that is allowed, not what is sent. */

/** Bytes of a line with its LF. Default 1 MiB, as the other end allows: a batch belongs into several messages. */
export const LINE_LIMIT = 1 << 20;

export type LineEnd =
  /** The stream ended behind a line. */
  | 'clean'
  /** It ended within one; what there was of it has been delivered as a line. */
  | 'cut'
  /** A line was longer than the limit. Nothing more is read. */
  | 'overrun';

/** Where a line lies; valid until the next call. A CR before the LF is not part of it. `joined`: it came with more than one push. */
export interface Line { readonly bytes: Buffer; readonly start: number; readonly end: number; readonly joined: boolean }
type Place = { -readonly [K in keyof Line]: Line[K] };

const LF = 10;
const CR = 13;
const NOTHING = Buffer.alloc(0);

export class LineReader {
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** The beginning of a line whose end has not come. */
  #partial: Buffer = NOTHING;
  #held = 0;
  #over: LineEnd | null = null;
  /** What `next` answers: one for all lines. */
  readonly #line: Place = { bytes: NOTHING, start: 0, end: 0, joined: false };

  constructor(private readonly limit = LINE_LIMIT) {}

  /** Gives the next bytes, once `next` has answered null. They must not change until it does again. */
  push(chunk: Uint8Array): void {
    this.#chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#at = 0;
  }

  /** The next line, or null: more bytes are needed, or `over` tells why none will come. */
  next(): Line | null {
    if (this.#over !== null) return null;
    const chunk = this.#chunk;
    const from = this.#at;
    const lf = from < chunk.length ? chunk.indexOf(LF, from) : -1;
    const size = this.#held + (lf < 0 ? chunk.length : lf) - from;
    // Content and LF together; a line that has no end yet will have at least the LF.
    if (size >= this.limit) return this.#overrun();
    if (lf < 0) {
      this.#hold(chunk, from, chunk.length);
      this.#at = chunk.length;
      return null;
    }
    this.#at = lf + 1;
    if (this.#held === 0) return this.#place(chunk, from, lf, false);
    this.#hold(chunk, from, lf);
    const whole = this.#place(this.#partial, 0, this.#held, true);
    this.#held = 0;
    return whole;
  }

  /** The stream has ended. Answers the line that has no LF, if there is one; `over` is set. */
  finish(): Line | null {
    if (this.#over !== null) return null;
    this.#over = this.#held === 0 ? 'clean' : 'cut';
    return this.#held === 0 ? null : this.#place(this.#partial, 0, this.#held, true);
  }

  /** Why no line will come any more; null: more may come. */
  get over(): LineEnd | null {
    return this.#over;
  }
  /** Bytes kept of a line without an end. */
  get held(): number {
    return this.#held;
  }

  #place(bytes: Buffer, start: number, end: number, joined: boolean): Line {
    const line = this.#line;
    line.bytes = bytes;
    line.start = start;
    line.end = end > start && bytes[end - 1] === CR ? end - 1 : end;
    line.joined = joined;
    return line;
  }

  #overrun(): null {
    this.#over = 'overrun';
    this.#chunk = NOTHING;
    this.#partial = NOTHING;
    return null;
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const need = this.#held + to - from;
    if (need > this.#partial.length) {
      // Doubled, so that a line that comes byte by byte is not copied once for each of them.
      const grown = Buffer.allocUnsafeSlow(Math.min(this.limit, Math.max(256, 2 * need)));
      this.#partial.copy(grown, 0, 0, this.#held);
      this.#partial = grown;
    } else if (this.#held === 0 && this.#partial.length > SHRINK && need < SHRINK) {
      this.#partial = Buffer.allocUnsafeSlow(2 * need + 256);
    }
    chunk.copy(this.#partial, this.#held, from, to);
    this.#held = need;
  }
}
/** A buffer that one long line needed is given back when the next is short. */
const SHRINK = 64 << 10;
