/** What is held for peers that do not read: capped for one, and in total, where the slowest go first. */
import type { Limits } from './api.js';

export interface Holder {
  /** Bytes written that the kernel has not taken. */
  readonly held: number;
  /** Closes the holder: it cost too much. */
  tooSlow(reason: string): void;
}

/** How often the account is brought up to date while somebody is behind. */
const REFRESH_MS = 50;

export class OutputAccount<H extends Holder> {
  readonly #behind = new Map<H, number>();
  #total = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly limits: Limits) {}

  /** After a write to `holder`. */
  wrote(holder: H): void {
    const { held } = holder;
    if (held === 0 && !this.#behind.has(holder)) return;
    this.#note(holder, held);
    if (held > this.limits.outputPerPeer) return this.#drop(holder, `${held} bytes unread, over the limit of one peer (${this.limits.outputPerPeer})`);
    if (this.#total > this.limits.outputTotal) this.#relieve();
  }

  forget(holder: H): void {
    this.#total -= this.#behind.get(holder) ?? 0;
    this.#behind.delete(holder);
  }

  #note(holder: H, held: number): void {
    this.#total += held - (this.#behind.get(holder) ?? 0);
    if (held === 0) this.#behind.delete(holder);
    else this.#behind.set(holder, held);
    if (this.#timer === null && this.#behind.size > 0) this.#timer = setTimeout(() => this.#refresh(), REFRESH_MS).unref();
  }

  #refresh(): void {
    this.#timer = null;
    for (const holder of [...this.#behind.keys()]) this.#note(holder, holder.held);
  }

  /** The slowest is who holds most. */
  #relieve(): void {
    for (const holder of [...this.#behind.keys()]) this.#note(holder, holder.held);
    const bySize = [...this.#behind].sort((a, b) => b[1] - a[1]);
    for (const [holder, held] of bySize) {
      if (this.#total <= this.limits.outputTotal) return;
      this.#drop(holder, `${held} bytes unread while all peers together are over the limit (${this.limits.outputTotal})`);
    }
  }

  #drop(holder: H, reason: string): void {
    this.forget(holder);
    holder.tooSlow(reason);
  }
}
