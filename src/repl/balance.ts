/** Whether text so far is a whole form: brackets and strings closed. Takes text line by line, so that long input stays linear. */
export class Balance {
  #depth = 0;
  #inString = false;

  /** Something is open: more lines belong to it. A surplus closing bracket is no reason to wait. */
  get open(): boolean {
    return this.#inString || this.#depth > 0;
  }

  /** Takes one line, without its end. */
  line(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (this.#inString) {
        if (c === '\\') i++;
        else if (c === '"') this.#inString = false;
      } else if (c === ';') return;
      else if (c === '"') this.#inString = true;
      else if (c === "'") i += charLiteral(text, i);
      else if (OPENING.includes(c)) this.#depth++;
      else if (CLOSING.includes(c)) this.#depth--;
    }
  }
}

const OPENING = '([{';
const CLOSING = ')]}';

/** How many characters after the tick belong to a character literal: `'('` must not open a list. */
function charLiteral(text: string, at: number): number {
  return CHAR.exec(text.slice(at + 1, at + 7))?.[0].length ?? 0;
}
const CHAR = /^(\\([0-7]{1,3}|[^])|[^\\])'/;
