/** Dialing until somebody listens. */
import type { Clock } from '../../net/clock.js';

const STEP_MS = 500;

/**
 * Tries `attempts` times, waiting 500 ms after the first failure, 1000 after the second and so on; not after the last. `cancel` ends
 * it at any moment. Resolves with true once `dial` has answered true.
 */
export async function tryAgain(dial: () => Promise<boolean>, attempts: number, clock: Clock, cancel?: AbortSignal): Promise<boolean> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (cancel?.aborted === true) return false;
    if (await orCancelled(dial(), cancel)) return true;
    if (attempt < attempts) await orCancelled(pause(clock, STEP_MS * attempt, cancel), cancel);
  }
  return false;
}

function pause(clock: Clock, ms: number, cancel?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(true));
    cancel?.addEventListener('abort', () => timer.cancel(), { once: true });
  });
}

function orCancelled(work: Promise<boolean>, cancel?: AbortSignal): Promise<boolean> {
  if (cancel === undefined) return work;
  return Promise.race([work, new Promise<boolean>((resolve) => {
    if (cancel.aborted) resolve(false);
    else cancel.addEventListener('abort', () => resolve(false), { once: true });
  })]);
}
