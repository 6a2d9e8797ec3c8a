/** Bytes that arrived and were not taken yet. Views handed out stay valid: memory that was filled is never filled again. */
export class ByteQueue {
  #buffer: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether there is room behind `#end` that nobody else looks at. */
  #owned = false;

  get length(): number {
    return this.#end - this.#start;
  }

  /** All of them. */
  get bytes(): Uint8Array {
    return this.#start === 0 && this.#end === this.#buffer.length ? this.#buffer : this.#buffer.subarray(this.#start, this.#end);
  }

  /** They lie in `buffer[start, end)`. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }
  get start(): number {
    return this.#start;
  }
  get end(): number {
    return this.#end;
  }

  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const held = this.length;
    if (held === 0) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#owned = false;
    } else {
      if (!this.#owned || this.#end + chunk.length > this.#buffer.length) this.#move(2 * (held + chunk.length));
      this.#buffer.set(chunk, this.#end);
    }
    this.#end = this.#start + held + chunk.length;
  }

  /** Takes `n` bytes away. */
  drop(n: number): void {
    this.#start += n;
    if (this.#start === this.#end) this.clear();
  }

  clear(): void {
    this.#buffer = EMPTY;
    this.#start = this.#end = 0;
    this.#owned = false;
  }

  #move(room: number): void {
    const grown = new Uint8Array(room);
    grown.set(this.bytes);
    this.#end = this.length;
    this.#start = 0;
    this.#buffer = grown;
    this.#owned = true;
  }
}

const EMPTY = new Uint8Array(0);
