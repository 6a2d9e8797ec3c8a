import { checkpoint } from './interrupt.js';

/** A source text (bytes) and its name: what a caret points into. */
export class Source {
  #starts: number[] | null = null;
  constructor(readonly text: string, readonly file = 'repl') {}

  /** 1-based line and column (bytes) of an offset. */
  position(at: number): { line: number; column: number } {
    const starts = this.#lines();
    let lo = 0;
    for (let hi = starts.length; hi - lo > 1;) {
      const mid = (lo + hi) >> 1;
      if (starts[mid] <= at) lo = mid; else hi = mid;
    }
    return { line: lo + 1, column: at - starts[lo] + 1 };
  }

  /** The text of a 1-based line, without its end. */
  line(n: number): string {
    const starts = this.#lines();
    return this.text.slice(starts[n - 1], starts[n] === undefined ? undefined : starts[n] - 1).replace(/\r$/, '');
  }

  #lines(): number[] {
    if (this.#starts) return this.#starts;
    const starts = [0];
    for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) {
      if ((starts.push(i + 1) & 0xffff) === 0) checkpoint();
    }
    return (this.#starts = starts);
  }
}
