/** Replies to one peer that lie one behind the other in the channel go out in one write. */
import type { RingReader } from './ring.js';
import type { Peer } from './peer.js';

const SIZE = 64 << 10;
/** Below this a loop copies faster than `set`. */
const SMALL = 96;

export class Cork {
  #buffer = Buffer.allocUnsafeSlow(SIZE);
  #peer: Peer | null = null;
  /** What lies before is still being written: over TLS that is so after every write. */
  #start = 0;
  #filled = 0;

  /** `find` tells who a handle is, `send` writes. */
  constructor(private readonly find: (handle: number) => Peer | null, private readonly send: (peer: Peer, bytes: Uint8Array) => void) {}

  /** Takes the reader's current record. */
  collect(reader: RingReader): void {
    const { length, at, bytes, handle } = reader;
    const full = this.#filled + length > SIZE;
    if (full || this.#peer?.handle !== handle) {
      this.flush();
      const peer = this.find(handle);
      if (peer === null) return;
      if (length > SIZE) return this.send(peer, reader.copy());
      if (full && this.#start > 0) this.#renew();
      this.#peer = peer;
    }
    const target = this.#buffer;
    if (length < SMALL) for (let i = 0, o = this.#filled; i < length; i++, o++) target[o] = bytes[at + i];
    else target.set(bytes.subarray(at, at + length), this.#filled);
    this.#filled += length;
  }

  flush(): void {
    const peer = this.#peer;
    if (peer === null) return;
    const bytes = this.#buffer.subarray(this.#start, this.#filled);
    this.#peer = null;
    this.send(peer, bytes);
    // What the kernel did not take still lies in the buffer.
    if (peer.held > 0) this.#start = this.#filled;
    else this.#filled = this.#start;
  }

  #renew(): void {
    this.#buffer = Buffer.allocUnsafeSlow(SIZE);
    this.#start = this.#filled = 0;
  }
}
