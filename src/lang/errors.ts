/** The error catalogue and the error value. One row per code; the reference page is generated from it. */
import type { Value } from './value.js';
import type { Source } from './source.js';

/** code -> what it means to a user. Codes are at most 7 characters: that is all the wire carries. */
export const ERRORS = {
  type: 'a value of the wrong type, or something called that is no function',
  domain: 'a value outside what the operation accepts; also the code of `raise`',
  arity: 'the wrong number of arguments',
  name: 'an unbound name',
  parse: 'source text that is not Rayfall',
  length: 'vectors whose lengths do not agree',
  range: 'a count, window or size out of range',
  limit: 'a bound of the interpreter was reached: depth, arguments, size',
  index: 'an index outside its vector',
  rank: 'the wrong shape of argument',
  value: 'an unknown key or column',
  schema: 'a column the table does not have',
  nyi: 'not implemented',
  io: 'a file, socket or peer could not be read, written or reached',
  reserve: 'a name in the reserved namespace',
  access: 'refused: a restricted session, or failed authentication',
  cancel: 'the evaluation was interrupted or ran over its deadline',
  oom: 'out of memory',
  memory: 'out of memory',
  corrupt: 'stored data that does not check',
  version: 'a peer or file of another format version',
  state: 'an operation at the wrong moment',
  sym: 'a bad symbol',
  group: 'a bad grouping',
  noopen: 'no journal is open',
  deser: 'bytes that are no serialized value',
  decompr: 'bytes that do not decompress',
  badtail: 'a journal with a damaged end',
  restric: 'refused in a restricted session',
  refused: 'a broker says no; the handler of `try` gets a dict of code, name, reason and retry_after_ms',
  again: 'not accepted now: try again after the peer has taken data',
  full: 'a bounded buffer is full',
  interna: 'a defect of rfl itself: please report it',
} as const;

/** One of `ERRORS`. */
export type ErrorCode = keyof typeof ERRORS;

/** Where an error passed: the failing form in one lambda or top-level form, innermost first. */
export interface TraceFrame { readonly source: Source | null; readonly at: number; readonly lambda: boolean }

/**
 * An error value, thrown inside the interpreter. Not a JS `Error`: it must be as cheap as any other value. `code` may be one
 * a peer sent and then need not be in the catalogue. `payload` is what `raise` was given.
 */
export class RayError {
  readonly t = 127;
  trace: TraceFrame[] | null = null;
  constructor(readonly code: string, readonly message = '', readonly payload: Value | undefined = undefined) {}
}

/** Throws an error of the catalogue. `message` is for people: lower case, no full stop. */
export function fail(code: ErrorCode, message = ''): never {
  throw new RayError(code, message);
}
