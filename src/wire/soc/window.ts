/** Which messages were seen: a bounded window of ids, so that what is sent again is delivered once. */
import { IdRun } from './id-run.js';

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
  #young = new Generation();
  #old = new Generation();
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
    const seen = beyond ? undefined : this.#find(id);
    if (seen !== undefined && seen.sum === sum) {
      seen.from = from;
      return seen.acked ? 'acked' : 'pending';
    }
    if (this.#young.size >= this.capacity) {
      this.#old.clear();
      [this.#old, this.#young] = [this.#young, this.#old];
    }
    if (beyond) {
      this.#greatest = id;
      this.#young.ordered.append(id, sum, from);
    } else this.#young.others.set(id, { sum, acked: false, from });
    return 'new';
  }

  /** The message was handled. Answers what it came over last; undefined: it is not in the window. */
  ack(id: string): unknown {
    const seen = this.#find(id);
    if (seen === undefined) return undefined;
    seen.acked = true;
    return seen.from;
  }

  #find(id: string): Seen | undefined {
    return this.#young.find(id) ?? this.#old.find(id);
  }
}

/** Ids of one sender come in order, and need no map; the rest do. */
class Generation {
  readonly ordered = new IdRun();
  readonly others = new Map<string, Seen>();

  get size(): number {
    return this.ordered.size + this.others.size;
  }
  find(id: string): Seen | undefined {
    return this.others.get(id) ?? this.ordered.find(id);
  }
  clear(): void {
    this.ordered.clear();
    this.others.clear();
  }
}
