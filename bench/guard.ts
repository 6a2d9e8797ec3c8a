/** The promise about Hellos: how long half of them and all but one of a hundred may take, over enough of them. */

export const GUARD = { samples: 10_000, warmUp: 256, p50us: 200, p99us: 1000 };

export type GuardVerdict =
  | { readonly verdict: 'ok'; readonly p50us: number; readonly p99us: number }
  | { readonly verdict: 'EmptySamples' | 'TooFewSamples' }
  | { readonly verdict: 'P50Exceeded' | 'P99Exceeded'; readonly p50us: number; readonly p99us: number };

/** The sample that so many percent do not exceed (nearest rank); of ascending samples. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

export function guard(samplesUs: readonly number[]): GuardVerdict {
  if (samplesUs.length === 0) return { verdict: 'EmptySamples' };
  if (samplesUs.length < GUARD.samples) return { verdict: 'TooFewSamples' };
  const sorted = samplesUs.toSorted((a, b) => a - b);
  const p50us = percentile(sorted, 50);
  const p99us = percentile(sorted, 99);
  const verdict = p50us > GUARD.p50us ? 'P50Exceeded' : p99us > GUARD.p99us ? 'P99Exceeded' : 'ok';
  return { verdict, p50us, p99us };
}
