/** Records for the language side, in order, whether the channel has room or not. */
import type { End } from './channel.js';

interface OutRecord { readonly kind: number; readonly handle: number; readonly arg: number; readonly bytes: Uint8Array | null; readonly object: unknown }

export class Outbox {
  readonly #queue: OutRecord[] = [];

  constructor(private readonly end: End) {}

  /** Something waits for room: who brings more should not be read. */
  get full(): boolean {
    return this.#queue.length > 0;
  }

  /** `object`: a structured payload instead of `bytes`; undefined: none. */
  put(kind: number, handle: number, arg = 0, bytes: Uint8Array | null = null, object: unknown = undefined): void {
    const record = { kind, handle, arg, bytes, object };
    if (!this.full && this.#write(record)) return;
    this.#queue.push(record);
    this.end.wantRoom();
  }

  /** `bytes[from, to)` as a record without a copy on this side, if nothing waits and there is room. `own`: as in `End.write`. */
  tryWrite(kind: number, handle: number, bytes: Uint8Array, from: number, to: number, own: boolean): boolean {
    return !this.full && this.end.write(kind, handle, 0, bytes, from, to, own);
  }

  /** Hands over what fits by now. */
  drain(): void {
    let done = 0;
    while (done < this.#queue.length && this.#write(this.#queue[done])) done++;
    if (done > 0) this.#queue.splice(0, done);
    if (this.full) this.end.wantRoom();
  }

  #write({ kind, handle, arg, bytes, object }: OutRecord): boolean {
    return object === undefined
      ? this.end.write(kind, handle, arg, bytes ?? undefined, 0, bytes?.length ?? 0)
      : this.end.writeObject(kind, handle, arg, object);
  }
}
