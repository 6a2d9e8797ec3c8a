/** Which messages were seen: a bounded window of ids, so that what is sent again is delivered once. */

/** Ids kept. Default 65 536: what a sender may have unacknowledged is sent again after a crash, and that is no more. */
export const WINDOW = 65_536;

interface Seen { readonly sum: number; readonly slot: number; acked: boolean; from: unknown }

export type Sighting =
  | 'new'
  /** Delivered already, not yet acknowledged: the one who handles it will do that. */
  | 'pending'
  /** Handled already: the sender has missed the ack. */
  | 'acked';

export class Window {
  readonly #seen = new Map<string, Seen>();
  /** Ids in the order they came, round and round. Asking the map for its oldest would walk over all that were deleted. */
  readonly #order: string[] = [];
  #next = 0;

  constructor(private readonly capacity = WINDOW) {}

  /**
   * Notes a message that came over `from`. `sum` is a checksum of the line: two senders may use one id, but what is sent again is the
   * same to the byte. Messages without id are always new.
   */
  note(id: string, sum: number, from: unknown): Sighting {
    if (id === '') return 'new';
    const seen = this.#seen.get(id);
    if (seen?.sum === sum) {
      seen.from = from;
      return seen.acked ? 'acked' : 'pending';
    }
    const slot = this.#next;
    this.#next = slot + 1 === this.capacity ? 0 : slot + 1;
    const oldest = this.#order[slot];
    if (oldest !== undefined && this.#seen.get(oldest)?.slot === slot) this.#seen.delete(oldest);
    this.#order[slot] = id;
    this.#seen.set(id, { sum, slot, acked: false, from });
    return 'new';
  }

  /** The message was handled. Answers what it came over last; undefined: it is not in the window. */
  ack(id: string): unknown {
    const seen = this.#seen.get(id);
    if (seen === undefined) return undefined;
    seen.acked = true;
    return seen.from;
  }

  /** The message was not delivered after all: if it comes again it is new. */
  forget(id: string): void {
    this.#seen.delete(id);
  }

  get size(): number {
    return this.#seen.size;
  }
}
