/** Records for the language side, in order, whether the channel has room or not. */
import type { End } from './channel.js';

interface OutRecord {
  readonly kind: number;
  readonly handle: number;
  /** With `parts`: their size. */
  readonly arg: number;
  readonly bytes: Uint8Array | null;
  readonly object: unknown;
  readonly parts: readonly Uint8Array[] | null;
}

export class Outbox {
  readonly #queue: OutRecord[] = [];

  constructor(private readonly end: End) {}

  /** Something waits for room: who brings more should not be read. */
  get full(): boolean {
    return this.#queue.length > 0;
  }

  /** `object`: a structured payload instead of `bytes`; undefined: none. */
  put(kind: number, handle: number, arg = 0, bytes: Uint8Array | null = null, object: unknown = undefined): void {
    this.#put({ kind, handle, arg, bytes, object, parts: null });
  }
  /** `parts`: memory of their own, given away, `size` bytes together. */
  putParts(kind: number, handle: number, parts: readonly Uint8Array[], size: number): void {
    this.#put({ kind, handle, arg: size, bytes: null, object: undefined, parts });
  }

  /** `bytes[from, to)` as a record without a copy on this side, if nothing waits and there is room. */
  tryWrite(kind: number, handle: number, bytes: Uint8Array, from: number, to: number): boolean {
    return !this.full && this.end.write(kind, handle, 0, bytes, from, to);
  }

  /** Hands over what fits by now. */
  drain(): void {
    let done = 0;
    while (done < this.#queue.length && this.#write(this.#queue[done])) done++;
    if (done > 0) this.#queue.splice(0, done);
    if (this.full) this.end.wantRoom();
  }

  #put(record: OutRecord): void {
    if (!this.full && this.#write(record)) return;
    this.#queue.push(record);
    this.end.wantRoom();
  }
  #write({ kind, handle, arg, bytes, object, parts }: OutRecord): boolean {
    if (parts !== null) return this.end.writeParts(kind, handle, parts, arg);
    return object === undefined
      ? this.end.write(kind, handle, arg, bytes ?? undefined, 0, bytes?.length ?? 0)
      : this.end.writeObject(kind, handle, arg, object);
  }
}
