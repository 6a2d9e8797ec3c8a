/** Fuzz target: the reader. Any bytes are a value or an error of the catalogue, at an offset inside the source. */
import { ERRORS, RayError } from '../../src/lang/errors.js';
import { incomplete, read } from '../../src/lang/reader.js';
import { Source } from '../../src/lang/source.js';
import { allocatedBytes } from './allocations.js';
import { anySource, mutate, type Rng } from '../support/sources.js';

export const name = 'reader';

/** Throws where the invariant breaks. */
export function once(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('latin1');
  const source = new Source(text, 'fuzz');
  let error: unknown = null;
  const before = allocatedBytes();
  try {
    read(source);
  } catch (e) {
    error = e;
  }
  // Beside the nodes of the source there are only its columns: an element takes 8 bytes at most, and at least 2 characters.
  if (allocatedBytes() - before > 4 * bytes.length) throw new Error(`${allocatedBytes() - before} bytes for ${bytes.length}`);
  if (error !== null) refusal(error, source);
  if (incomplete(text) && error === null) throw new Error('read, and yet incomplete');
}

function refusal(error: unknown, source: Source): void {
  if (!(error instanceof RayError)) throw error;
  if (!Object.hasOwn(ERRORS, error.code)) throw new Error(`no row for the code ${error.code}`);
  const frame = error.trace?.[0];
  if (frame?.source !== source || frame.at < 0 || frame.at > source.text.length) throw new Error(`${error.code} at ${frame?.at} of ${source.text.length}`);
}

/** Sources, damaged sources and noise; now and then deep or long ones. */
export function input(random: () => number): Uint8Array {
  const kind = random();
  const text = kind < 0.9 ? anySource(random) : kind < 0.97 ? large(random) : mutate(random, large(random));
  return Buffer.from(text, 'latin1');
}

function large(r: Rng): string {
  const piece = ['(', '[', '{a:', '("', "'", '1 ', '"', '\\', ')', '(a)', ';', '{a:1 b:[', '0x1', '9', ' '][Math.floor(r() * 15)];
  const n = Math.floor(r() * 3000);
  return anySource(r) + piece.repeat(n) + anySource(r);
}
