/** Records of the channel in the order they are served: first those that were passed over while something waited, or put back. */
import type { End } from './channel.js';

/** A record taken from the channel, in memory of its own. */
export interface Taken { readonly kind: number; readonly handle: number; readonly arg: number; readonly payload: unknown }

export class Inbox {
  readonly #kept: Taken[] = [];

  constructor(private readonly end: End) {}

  get empty(): boolean {
    return this.#kept.length === 0 && this.end.reader.empty;
  }
  /** Something waits here of which the channel does not tell. */
  get keeps(): boolean {
    return this.#kept.length > 0;
  }
  /** Something of a connection is kept. */
  keepsOf(handle: number): boolean {
    return this.#kept.some((t) => t.handle === handle);
  }

  /** The next record; null: there is none. */
  next(): Taken | null {
    return this.#kept.shift() ?? this.#take();
  }
  /** The first record that is wanted; those before it are kept. */
  first(wanted: (t: Taken) => boolean): Taken | null {
    const at = this.#kept.findIndex(wanted);
    if (at >= 0) return this.#kept.splice(at, 1)[0];
    for (let taken = this.#take(); taken !== null; taken = this.#take()) {
      if (wanted(taken)) return taken;
      this.#kept.push(taken);
    }
    return null;
  }
  /** These come next. */
  putBack(...records: readonly Taken[]): void {
    this.#kept.unshift(...records);
  }
  /** Drops what is kept of a connection. */
  forget(handle: number): void {
    for (let i = this.#kept.length - 1; i >= 0; i--) if (this.#kept[i].handle === handle) this.#kept.splice(i, 1);
  }

  #take(): Taken | null {
    const { end } = this;
    if (!end.reader.peek()) return null;
    const taken = { kind: end.kind, handle: end.reader.handle, arg: end.reader.arg, payload: end.isBulk ? end.bulk() : end.reader.copy() };
    end.consume();
    return taken;
  }
}
