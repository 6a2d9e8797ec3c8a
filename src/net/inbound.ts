/** Received bytes that were not delivered, cut into messages when they are. */

export class Inbound {
  /** Bytes of a message; 0: whatever a read brought. */
  framing = 0;
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are delivered. */
  #at = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }
  /** Whether `next` has a message. */
  get ready(): boolean {
    return this.#bytes > 0 && this.#bytes >= this.framing;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  next(): Uint8Array | null {
    if (!this.ready) return null;
    const first = this.#chunks[0];
    const size = this.framing === 0 ? first.length - this.#at : this.framing;
    this.#bytes -= size;
    const end = this.#at + size;
    if (end > first.length) return this.#joined(size);
    const message = this.#at === 0 && end === first.length ? first : first.subarray(this.#at, end);
    if (end === first.length) this.#shift();
    else this.#at = end;
    return message;
  }

  drop(): void {
    this.#chunks = [];
    this.#at = 0;
    this.#bytes = 0;
  }

  #joined(size: number): Uint8Array {
    const message = Buffer.allocUnsafe(size);
    let filled = 0;
    while (filled < size) {
      const first = this.#chunks[0];
      const take = Math.min(size - filled, first.length - this.#at);
      message.set(first.subarray(this.#at, this.#at + take), filled);
      filled += take;
      this.#at += take;
      if (this.#at === first.length) this.#shift();
    }
    return message;
  }
  #shift(): void {
    this.#chunks.shift();
    this.#at = 0;
  }
}
