/** The system's time in the language's: nanoseconds since the first day of 2000. */
const NS_PER_MS = 1_000_000n;
const EPOCH_MS = 946_684_800_000;

export const nanoseconds = (ms: number): bigint => BigInt(Math.trunc(ms - EPOCH_MS)) * NS_PER_MS;
