/** Which durations are taken. */

/** Longest duration: so many ms are the most nanoseconds that 64 bits hold. */
const LONGEST_DURATION_MS = 18_446_744_073_709;

/** Whole or broken milliseconds from 1 to `LONGEST_DURATION_MS`. */
export function isDuration(ms: number): boolean {
  return ms >= 1 && ms <= LONGEST_DURATION_MS;
}
