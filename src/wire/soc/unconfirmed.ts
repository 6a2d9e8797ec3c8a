/** Messages that the kernel has and the peer has not acknowledged: what may be lost with a connection. Bounded. */
import type { Entry } from './outbox.js';

export class Unconfirmed {
  #entries: (Entry | null)[] = [];
  #head = 0;
  #bytes = 0;
  /** Where the next ack is looked for first: acks come in the order of the messages. */
  #hint = 0;
  #forgotten = 0;
  /** The peer is one of those that acknowledge. It stays one over the next connection. */
  #confirms = false;

  add(entry: Entry, capacity: number, capacityBytes: number): void {
    this.#entries.push(entry);
    this.#bytes += entry.line.length;
    while (this.#entries.length - this.#head > capacity || this.#bytes > capacityBytes) {
      if (this.#entries[this.#head] !== null) this.#forgotten++;
      this.#remove(this.#head);
    }
    if (this.#head < 1024 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#hint = Math.max(0, this.#hint - this.#head);
    this.#head = 0;
  }

  confirm(id: string): void {
    this.#confirms = true;
    const n = this.#entries.length;
    const from = Math.max(this.#head, this.#hint);
    for (let k = 0, i = from; k < n - this.#head; k++, i++) {
      if (i >= n) i = this.#head;
      if (this.#entries[i]?.id !== id) continue;
      this.#hint = i + 1;
      return this.#remove(i);
    }
  }

  /** The connection is over: what is to be reported, and how many more were forgotten. `clean`: the peer has read everything. */
  take(clean: boolean): { readonly entries: readonly Entry[]; readonly forgotten: number } {
    const report = this.#confirms || !clean;
    const taken = { entries: report ? this.#entries.slice(this.#head).filter((e) => e !== null) : [], forgotten: report ? this.#forgotten : 0 };
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#hint = 0;
    this.#forgotten = 0;
    return taken;
  }

  #remove(i: number): void {
    this.#bytes -= this.#entries[i]?.line.length ?? 0;
    this.#entries[i] = null;
    while (this.#head < this.#entries.length && this.#entries[this.#head] === null) this.#head++;
  }
}
