/** Accepted bytes on their way to the transport. Between two calls it holds nothing, but for what coalescing collects. */
import type { Bytes } from './handlers.js';
import { TAKEN, type Transport, type WriteOutcome } from './transport.js';

export class Outbound {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** Where small sends are copied to. What a pending write still needs is never overwritten. */
  #slab: Buffer = NO_SLAB;
  #from = 0;
  #to = 0;

  readonly #coalesceBytes: number;

  constructor(coalesceBytes: number) {
    this.#coalesceBytes = Math.min(coalesceBytes, MOST_COLLECTED);
  }

  get bytes(): number {
    return this.#bytes + this.#to - this.#from;
  }

  /** Answers whether the bytes were collected and can wait for the end of the turn. */
  stage(data: Bytes, bytes: number): boolean {
    if (bytes === 0) return this.#to > this.#from;
    if (this.#chunks.length === 0 && this.bytes + bytes <= this.#coalesceBytes) {
      this.#collect(data, bytes);
      return true;
    }
    this.#seal();
    if (data instanceof Uint8Array) this.#chunks.push(data);
    else for (const part of data) if (part.length > 0) this.#chunks.push(part);
    this.#bytes += bytes;
    return false;
  }

  flush(transport: Transport): WriteOutcome {
    this.#seal();
    if (this.#bytes === 0) return TAKEN;
    const bytes = this.#bytes;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    const outcome = transport.write(chunks, bytes);
    if (outcome === TAKEN) this.#from = this.#to = 0;
    return outcome;
  }

  drop(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#slab = NO_SLAB;
    this.#from = this.#to = 0;
  }

  #collect(data: Bytes, bytes: number): void {
    if (this.#slab.length - this.#to < bytes) {
      this.#seal();
      this.#slab = Buffer.allocUnsafeSlow(this.#coalesceBytes);
      this.#from = this.#to = 0;
    }
    if (data instanceof Uint8Array) this.#copy(data);
    else for (const part of data) this.#copy(part);
  }
  #copy(part: Uint8Array): void {
    this.#slab.set(part, this.#to);
    this.#to += part.length;
  }
  #seal(): void {
    if (this.#to === this.#from) return;
    this.#chunks.push(this.#slab.subarray(this.#from, this.#to));
    this.#bytes += this.#to - this.#from;
    this.#from = this.#to;
  }
}
const NO_SLAB = Buffer.alloc(0);
/** A connection that collects holds a buffer of this size at most. */
const MOST_COLLECTED = 1 << 20;

export function sizeOf(data: Bytes): number {
  if (data instanceof Uint8Array) return data.length;
  let bytes = 0;
  for (const part of data) bytes += part.length;
  return bytes;
}
