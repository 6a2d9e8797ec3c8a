/** Handle numbers: what a script calls a connection or a listener. The lowest free number is given out, as in the reference. */
export class Slots<T> {
  readonly #slots: (T | null)[] = [];
  #lowest = 0;

  /** `limit`: numbers there are. */
  constructor(private readonly limit: number) {}

  /** The number now taken; -1: none is left. */
  add(make: (handle: number) => T): number {
    let handle = this.#lowest;
    while (handle < this.#slots.length && this.#slots[handle] !== null) handle++;
    if (handle >= this.limit) return -1;
    this.#slots[handle] = make(handle);
    this.#lowest = handle + 1;
    return handle;
  }

  /** Replaces what has a number. */
  put(handle: number, t: T): void {
    this.#slots[handle] = t;
  }

  get(handle: number): T | null {
    return this.#slots[handle] ?? null;
  }

  free(handle: number): void {
    this.#slots[handle] = null;
    if (handle < this.#lowest) this.#lowest = handle;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const t of this.#slots) if (t !== null) yield t;
  }
}
