/** Servers answer a few greetings a turn: each is a signature, and thousands may come together. */

/** With keys of everyday size a few milliseconds. */
const GREETINGS_A_TURN = 4;

let begun = 0;
const waiting: (() => void)[] = [];

/** Calls `begin`, which does not throw: now, or in a later turn when enough have begun in this one; in the order they came. */
export function inTurn(begin: () => void): void {
  if (begun >= GREETINGS_A_TURN) {
    waiting.push(begin);
    return;
  }
  if (begun++ === 0) setImmediate(nextTurn);
  begin();
}

function nextTurn(): void {
  begun = 0;
  for (const begin of waiting.splice(0, GREETINGS_A_TURN)) inTurn(begin);
}
