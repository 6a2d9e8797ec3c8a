/** Where the program's output goes: out of the process, or into the reply of a verbose request. */

export class Capture {
  #depth = 0;
  #text: string[] = [];

  constructor(private readonly emit: (bytes: string, stream: 1 | 2) => void) {}

  out(bytes: string, stream: 1 | 2): void {
    if (this.#depth > 0) this.#text.push(bytes);
    else this.emit(bytes, stream);
  }

  /** Begins to collect; answers the mark that `end` wants. Nested captures take what is theirs. */
  begin(): number {
    this.#depth++;
    return this.#text.length;
  }

  /** What was written since `begin`. */
  end(mark: number): string {
    this.#depth--;
    return this.#text.splice(mark).join('');
  }
}
