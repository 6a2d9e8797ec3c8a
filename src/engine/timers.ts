/** Timers of the language: they fire on the thread that evaluates, between two requests. */
import type { Lambda } from '../lang/value.js';

interface Timer { readonly id: number; readonly every: number; due: number; left: number; readonly fn: Lambda }

export class Timers {
  #next = 0;
  #timers: Timer[] = [];
  /** Called when the next one may be due earlier than it was. */
  changed: () => void = () => {};

  /** Every `ms`, `times` times; 0: without end. Answers the timer's number. */
  set(ms: number, times: number, fn: Lambda): number {
    const id = this.#next++;
    this.#timers.push({ id, every: ms, due: performance.now() + ms, left: times === 0 ? Infinity : times, fn });
    this.changed();
    return id;
  }

  /** An unknown number is ignored. */
  del(id: number): void {
    this.#timers = this.#timers.filter((t) => t.id !== id);
  }

  /** Ms until the next one is due, 0 when one is; Infinity without timers. */
  get wait(): number {
    let due = Infinity;
    for (const t of this.#timers) if (t.due < due) due = t.due;
    return due === Infinity ? Infinity : Math.max(0, due - performance.now());
  }
  get size(): number {
    return this.#timers.length;
  }

  /** Fires each timer that is due once, in order: one that is always due leaves room for requests in between. */
  fire(call: (fn: Lambda, id: number) => void): void {
    if (this.#timers.length === 0) return;
    const now = performance.now();
    const due = this.#timers.filter((t) => t.due <= now).sort((a, b) => a.due - b.due || a.id - b.id);
    for (const t of due) {
      if (!this.#timers.includes(t)) continue;
      t.due += t.every;
      if (--t.left <= 0) this.del(t.id);
      call(t.fn, t.id);
    }
  }
}
