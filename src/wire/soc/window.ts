/** Which messages were seen: a bounded window of ids, so that what is sent again is delivered once. */

/** Ids kept at least; at most it is twice as many. Default 65 536: what a sender may have unacknowledged is sent again after a crash, and that is no more. */
export const WINDOW = 65_536;

interface Seen { readonly sum: number; acked: boolean; from: unknown }

export type Sighting =
  | 'new'
  /** Delivered already, not yet acknowledged: the one who handles it will do that. */
  | 'pending'
  /** Handled already: the sender has missed the ack. */
  | 'acked';

export class Window {
  // Two generations: forgetting a whole one costs nothing, taking the oldest out of a map one by one does.
  #young = new Map<string, Seen>();
  #old = new Map<string, Seen>();
  /** The greatest id so far, longer ones being greater: whatever is beyond it is new, and needs no look-up. */
  #greatest = '';

  constructor(private readonly capacity = WINDOW) {}

  /**
   * Notes a message that came over `from`. `sum` is a checksum of the line: two senders may use one id, but what is sent again is the
   * same to the byte. Messages without id are always new.
   */
  note(id: string, sum: number, from: unknown): Sighting {
    if (id === '') return 'new';
    const beyond = id.length === this.#greatest.length ? id > this.#greatest : id.length > this.#greatest.length;
    if (beyond) this.#greatest = id;
    const seen = beyond ? undefined : (this.#young.get(id) ?? this.#old.get(id));
    if (seen !== undefined && seen.sum === sum) {
      seen.from = from;
      return seen.acked ? 'acked' : 'pending';
    }
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, { sum, acked: false, from });
    return 'new';
  }

  /** The message was handled. Answers what it came over last; undefined: it is not in the window. */
  ack(id: string): unknown {
    const seen = this.#young.get(id) ?? this.#old.get(id);
    if (seen === undefined) return undefined;
    seen.acked = true;
    return seen.from;
  }
}
