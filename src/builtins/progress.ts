/** How far a long file is, on the terminal of who waits for it. */
import type { HostServices } from '../lang/runtime.js';

/** Smaller files are read before anybody could look. */
const WORTH_SAYING = 32 * 2 ** 20;
const EVERY_MS = 200;
const ERASE = '\r\x1b[K';

export class Progress {
  #next: number;
  #shown = false;

  constructor(private readonly host: HostServices, private readonly name: string, private readonly size: number) {
    this.#next = host.terminal === true && size >= WORTH_SAYING ? host.mono() + EVERY_MS : Infinity;
  }

  reached(position: number): void {
    if (this.#next === Infinity || this.host.mono() < this.#next) return;
    this.#next = this.host.mono() + EVERY_MS;
    this.#shown = true;
    this.host.err(`${ERASE}${this.name}: ${Math.floor((position / this.size) * 100)} % of ${Math.round(this.size / 2 ** 20)} MiB`);
  }

  end(): void {
    if (this.#shown) this.host.err(ERASE);
  }
}
