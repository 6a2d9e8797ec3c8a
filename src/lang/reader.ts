/** Source text -> values. Code is data: what is read is what is evaluated, quoted and sent. */
import { RayError, fail } from './errors.js';
import { explain } from './explain.js';
import { checkpoint } from './interrupt.js';
import { failure, parse } from './reader.generated.js';
import { Source } from './source.js';
import type { Value } from './value.js';

/**
 * Reads a source of 1 to 256 forms: one form as it is, several as the list `(do form form ..)`. A NUL ends the source.
 * Errors, with the offset in the trace: `parse` what is not Rayfall, nothing at all, nesting beyond 1024; `domain` a literal out of
 * range, a vector of mixed types, too many forms; `limit` a vector of more than 4096 elements; `cancel`.
 */
export function read(source: Source): Value {
  const value = attempt(source);
  if (value === undefined) throw explain(source, lengthOf(source.text), failure());
  return value;
}

/** Whether a text could become a source by adding lines: a bracket or a string is still open at its end. */
export function incomplete(text: string): boolean {
  try {
    return attempt(new Source(text)) === undefined && failure().open >= 0;
  } catch {
    return false;
  }
}

function attempt(source: Source): Value | undefined {
  const { text } = source;
  const n = lengthOf(text);
  const bytes = n < buffer.length ? buffer : Buffer.allocUnsafe(n + 1);
  if (n < 64) for (let i = 0; i < n; i++) bytes[i] = text.charCodeAt(i);
  else {
    for (let at = 0; at < n; at += COPIED) {
      checkpoint();
      bytes.write(text.slice(at, Math.min(n, at + COPIED)), at, 'latin1');
    }
  }
  bytes[n] = 0;
  try {
    return parse(source, bytes, n);
  } catch (e) {
    if (e instanceof RayError) throw e.code === 'cancel' ? e : located(e, source);
    if (e instanceof RangeError) fail('limit', 'stack overflow');
    throw e;
  }
}

/** Longer sources get a buffer of their own, which need not outlive them. */
const buffer = Buffer.alloc(65536);
/** Bytes copied at once. */
const COPIED = 4 << 20;

const lengthOf = (text: string): number => {
  const nul = text.indexOf('\0');
  return nul < 0 ? text.length : nul;
};

function located(error: RayError, source: Source): RayError {
  error.trace = [{ source, at: error.trace?.[0].at ?? 0, lambda: false }];
  return error;
}
