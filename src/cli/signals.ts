/** Being asked to end. Apart from what a node takes, so that scripts without one start fast. */
import { EXIT } from './exit-codes.js';

/**
 * Resolves at the first SIGTERM or SIGINT. From then on a second one ends the process at once, so that an operator is never
 * kept waiting by a peer.
 */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT.interrupted);
        asked = true;
        resolve();
      });
    }
  });
}
