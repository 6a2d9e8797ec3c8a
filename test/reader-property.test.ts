import test from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { read } from '../src/lang/reader.js';
import { readWithOhm } from '../src/lang/explain.js';
import { RayError } from '../src/lang/errors.js';
import { Source } from '../src/lang/source.js';
import type { Value } from '../src/lang/value.js';
import { dump } from './support/dump.js';
import { anySource, seeded } from './support/sources.js';

/** RFL_SOURCES: how many sources; a million takes some minutes. */
const RUNS = Number(process.env.RFL_SOURCES ?? 10000);
const SEED = Number(process.env.RFL_SEED ?? 20261120);

interface Outcome { value?: string; error?: RayError }

function outcome(reader: (source: Source) => Value, text: string): Outcome {
  try {
    return { value: dump(reader(new Source(text, 'f'))) };
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return { error: e };
  }
}

const offset = (e: RayError): number => e.trace![0].at;

/** Whether ohm refuses a slice that begins at the error with the same words: a literal refused before the syntax went wrong. */
function refusedBefore(error: RayError, text: string): boolean {
  for (let end = offset(error) + 1; end <= text.length; end++) {
    const other = outcome(readWithOhm, text.slice(offset(error), end)).error;
    if (other?.code === error.code && other.message === error.message) return true;
  }
  return false;
}

function compare(text: string): void {
  const fast = outcome(read, text);
  const law = outcome(readWithOhm, text);
  const shown = JSON.stringify(text);
  assert.equal(fast.value, law.value, shown);
  if (!fast.error || !law.error) return;
  if (fast.error.code !== law.error.code || offset(fast.error) !== offset(law.error)) {
    assert.equal(law.error.code, 'parse', shown);
    assert.ok(offset(fast.error) <= offset(law.error) && refusedBefore(fast.error, text), `${shown}: ${fast.error.code} at ${offset(fast.error)}, ohm: ${law.error.code} at ${offset(law.error)}`);
  }
}

test(`reader: reads ${RUNS} sources, made and damaged, as ohm does`, () => {
  for (let n = 0; n < RUNS; n++) compare(anySource(seeded(SEED + n)));
});

test('reader: reads any bytes as ohm does', () => {
  const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(bytes, compare), { seed: SEED, numRuns: Math.min(RUNS, 2000) });
});
