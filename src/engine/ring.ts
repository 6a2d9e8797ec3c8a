/**
 * A byte queue in shared memory with one writer and one reader. A record is 16 bytes of header (length, kind, handle, argument) and
 * its payload, contiguous, padded to 16. Positions count bytes since the start, modulo 2^32; head and tail lie in cache lines of
 * their own, and each side remembers the other's position, so that a record costs no shared load while there is data and room.
 */

export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

/** What a side that has nothing to do waits on. */
export const WAITS = { NOT: 0, FUTEX: 1, EVENT_LOOP: 2 } as const;

const HEAD = 0;
const TAIL = 16;
const READER_WAITS = 32;
const WRITER_WAITS = 48;
const HEADER = 16;
const PAD = -1;
/** Below this a loop copies faster than `set`. */
const SMALL = 96;

/** `capacity`: bytes, a power of two. */
export function ringMemory(capacity: number): RingMemory {
  return { control: new SharedArrayBuffer(64 * 4), data: new SharedArrayBuffer(capacity) };
}

export class RingWriter {
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  #head: number;
  #tail: number;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#words = new Int32Array(memory.data);
    this.#bytes = new Uint8Array(memory.data);
    this.#capacity = memory.data.byteLength;
    this.#head = Atomics.load(this.#control, HEAD);
    this.#tail = Atomics.load(this.#control, TAIL);
  }

  /** The largest payload a record may have. Larger ones must go another way; a quarter keeps one from emptying the queue. */
  get maxPayload(): number {
    return this.#capacity >> 2;
  }

  /** Appends `bytes[from, to)` as a record that the reader can see at once. False: no room. */
  write(kind: number, handle: number, arg: number, bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    const size = HEADER + ((length + 15) & ~15);
    const capacity = this.#capacity;
    const at = this.#head & (capacity - 1);
    const gap = capacity - at < size ? capacity - at : 0;
    if (!this.#hasRoom(gap + size)) return false;
    const words = this.#words;
    if (gap > 0) {
      words[at >> 2] = gap - HEADER;
      words[(at >> 2) + 1] = PAD;
    }
    const start = gap > 0 ? 0 : at;
    const w = start >> 2;
    words[w] = length;
    words[w + 1] = kind;
    words[w + 2] = handle;
    words[w + 3] = arg;
    const target = this.#bytes;
    if (length < SMALL) for (let i = from, o = start + HEADER; i < to; i++, o++) target[o] = bytes[i];
    else target.set(bytes.subarray(from, to), start + HEADER);
    this.#head = (this.#head + gap + size) | 0;
    Atomics.store(this.#control, HEAD, this.#head);
    return true;
  }

  /** How the reader waits, if it does; then it no longer counts as waiting and the caller must wake it. */
  takeWaitingReader(): number {
    return Atomics.load(this.#control, READER_WAITS) === WAITS.NOT ? WAITS.NOT : Atomics.exchange(this.#control, READER_WAITS, WAITS.NOT);
  }
  /** The reader has taken everything. */
  get taken(): boolean {
    return (this.#tail = Atomics.load(this.#control, TAIL)) === this.#head;
  }
  notifyReader(): void {
    Atomics.notify(this.#control, READER_WAITS);
  }

  /** Says that the writer waits for room; `clearWaiting` takes it back. */
  setWaiting(how: number): void {
    Atomics.store(this.#control, WRITER_WAITS, how);
  }
  /** Blocks until the reader made room, or `ms` have passed. */
  waitForRoom(ms: number): void {
    this.setWaiting(WAITS.FUTEX);
    if (!this.#hasRoom(this.#capacity >> 1)) Atomics.wait(this.#control, WRITER_WAITS, WAITS.FUTEX, ms);
    this.setWaiting(WAITS.NOT);
  }

  #hasRoom(size: number): boolean {
    if (this.#capacity - ((this.#head - this.#tail) | 0) >= size) return true;
    this.#tail = Atomics.load(this.#control, TAIL);
    return this.#capacity - ((this.#head - this.#tail) | 0) >= size;
  }
}

export class RingReader {
  kind = 0;
  handle = 0;
  arg = 0;
  /** Where the payload of the current record lies in `bytes`. */
  at = 0;
  length = 0;
  readonly bytes: Uint8Array;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #capacity: number;
  #head: number;
  #tail: number;
  #size = 0;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#words = new Int32Array(memory.data);
    this.bytes = new Uint8Array(memory.data);
    this.#capacity = memory.data.byteLength;
    this.#head = Atomics.load(this.#control, HEAD);
    this.#tail = Atomics.load(this.#control, TAIL);
  }

  get empty(): boolean {
    return this.#tail === this.#head && this.#tail === (this.#head = Atomics.load(this.#control, HEAD));
  }

  /** Shows the next record in the fields, without consuming it. False: there is none. */
  peek(): boolean {
    while (!this.empty) {
      const start = this.#tail & (this.#capacity - 1);
      const w = start >> 2;
      const words = this.#words;
      this.length = words[w];
      this.#size = HEADER + ((this.length + 15) & ~15);
      this.kind = words[w + 1];
      if (this.kind !== PAD) {
        this.handle = words[w + 2];
        this.arg = words[w + 3];
        this.at = start + HEADER;
        return true;
      }
      this.consume();
    }
    return false;
  }

  /** Gives the current record's room back: its bytes may be overwritten from now on. */
  consume(): void {
    this.#tail = (this.#tail + this.#size) | 0;
    Atomics.store(this.#control, TAIL, this.#tail);
  }

  /** The current record's payload in memory of its own. */
  copy(): Buffer {
    const { length, at, bytes } = this;
    const out = Buffer.allocUnsafe(length);
    if (length < SMALL) for (let i = 0, o = at; i < length; i++, o++) out[i] = bytes[o];
    else out.set(bytes.subarray(at, at + length));
    return out;
  }

  /** How a writer waits for room, once at least half of the queue is free; then the caller must wake it. */
  takeWaitingWriter(): number {
    if (Atomics.load(this.#control, WRITER_WAITS) === WAITS.NOT) return WAITS.NOT;
    if (((Atomics.load(this.#control, HEAD) - this.#tail) | 0) > this.#capacity >> 1) return WAITS.NOT;
    return Atomics.exchange(this.#control, WRITER_WAITS, WAITS.NOT);
  }
  notifyWriter(): void {
    Atomics.notify(this.#control, WRITER_WAITS);
  }

  /** Blocks until there is a record, somebody calls `wake`, or `ms` have passed. True: there is a record. */
  wait(ms: number): boolean {
    Atomics.store(this.#control, READER_WAITS, WAITS.FUTEX);
    if (this.empty) Atomics.wait(this.#control, READER_WAITS, WAITS.FUTEX, ms);
    Atomics.store(this.#control, READER_WAITS, WAITS.NOT);
    return !this.empty;
  }
  /** Says that the reader sleeps in its event loop. False: there is a record after all, and it does not. */
  sleepInEventLoop(): boolean {
    Atomics.store(this.#control, READER_WAITS, WAITS.EVENT_LOOP);
    if (this.empty) return true;
    Atomics.store(this.#control, READER_WAITS, WAITS.NOT);
    return false;
  }
}

/** Ends the wait of a ring's reader from any thread, without a record. */
export function wakeReader(memory: RingMemory): void {
  const control = new Int32Array(memory.control);
  if (Atomics.compareExchange(control, READER_WAITS, WAITS.FUTEX, WAITS.NOT) === WAITS.FUTEX) Atomics.notify(control, READER_WAITS);
}
