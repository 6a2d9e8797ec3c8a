/** Messages of pipes: one JSON object a line. Texts are byte strings; the payload stays the bytes it came as. */
import { isUtf8 } from 'node:buffer';
import { numberEnd, numberIs, quoted, skipSpace, stringEnd, unescape, valueEnd } from '../../columns/json-scan.js';
import { LINE_LIMIT } from './lines.js';

export const TYPES = { EVENT: 'soc_event', INCIDENT: 'soc_incident', ACK: 'soc_ack', HEARTBEAT: 'soc_heartbeat' } as const;

/** A message as it stands on a line. */
export interface Message {
  /** Any text; types that are not in `TYPES` pass through. */
  readonly type: string;
  /** '' where there is none. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly ts: number;
  /** JSON; null where there is none. */
  readonly payload: string | null;
}

export type Decoded = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly reason: string };

/** Bytes of an id. Default 256: ids are 19 digits; what windows and spools keep of a peer must be bounded. */
export const ID_LIMIT = 256;

/** The line of a message, with its LF, or why it cannot be sent. `payload` must be JSON without line breaks. */
export function encodeMessage(m: Message): { readonly ok: true; readonly line: string } | { readonly ok: false; readonly reason: string } {
  if (m.id.length > ID_LIMIT) return { ok: false, reason: `an id of more than ${ID_LIMIT} bytes` };
  const id = m.id === '' ? '' : `,"id":${quotedId(m.id)}`;
  const payload = m.payload === null ? '' : `,"payload":${m.payload}`;
  const line = `{"type":${quotedType(m.type)}${id},"ts":${m.ts}${payload}}\n`;
  return line.length > LINE_LIMIT ? { ok: false, reason: `a message of ${line.length} bytes, the limit is ${LINE_LIMIT}` } : { ok: true, line };
}

function quotedId(id: string): string {
  for (let i = 0; i < id.length; i++) {
    const c = id.charCodeAt(i);
    if (c < 48 || c > 57) return quoted(id);
  }
  return '"' + id + '"';
}

/** One type comes many times after another. */
const lastType = { text: '', json: '""' };
function quotedType(type: string): string {
  if (type === lastType.text) return lastType.json;
  lastType.text = type;
  return (lastType.json = quoted(type));
}

/** Reads a line. Unknown keys are ignored, of a key given twice the last counts, and keys match as they are written. */
export function decodeMessage(bytes: Buffer, start: number, end: number): Decoded {
  const s = bytes.toString('latin1', start, end);
  return HIGH.test(s) && !isUtf8(bytes.subarray(start, end)) ? bad('bytes that are not UTF-8') : decodeText(s, bytes, start);
}
const HIGH = /[\x80-\xff]/;

/** Reads the lines of one sender. They look alike: what stood around the last id is tried first. */
export class MessageDecoder {
  #before = '';
  #behind = '';

  /** As `decodeMessage`. `ascii`: the bytes are known to be. */
  decode(bytes: Buffer, start: number, end: number, ascii: boolean): Decoded {
    const s = bytes.toString('latin1', start, end);
    if (!ascii && HIGH.test(s) && !isUtf8(bytes.subarray(start, end))) return bad('bytes that are not UTF-8');
    return this.#alike(s, bytes, start) ?? this.#other(s, bytes, start);
  }

  #type = '';
  #ts = 0;
  #alike(s: string, bytes: Buffer, start: number): Decoded | null {
    const from = this.#before.length;
    if (from === 0 || !s.startsWith(this.#before)) return null;
    const to = plainEnd(s, from);
    if (to < 0 || to - from > ID_LIMIT || !s.startsWith(this.#behind, to)) return null;
    const payload = to + this.#behind.length;
    const last = s.length - 1;
    if (valueEnd(s, payload, 1) !== last || s.charCodeAt(last) !== 125) return null;
    return { ok: true, message: { type: this.#type, id: bytes.toString('latin1', start + from, start + to), ts: this.#ts, payload: payloadAt(s, payload, last) } };
  }

  #other(s: string, bytes: Buffer, start: number): Decoded {
    const decoded = decodeText(s, bytes, start);
    if (!decoded.ok) return decoded;
    const { type, id, ts } = decoded.message;
    const before = `{"type":${quoted(type)},"id":"`;
    const behind = `","ts":${ts},"payload":`;
    const alike = s.startsWith(before) && s.startsWith(behind, before.length + id.length);
    this.#before = alike ? before : '';
    this.#behind = behind;
    this.#type = type;
    this.#ts = ts;
    return decoded;
  }
}

/** Offset of the quote that ends a string without escapes; -1: it is none. */
function plainEnd(s: string, i: number): number {
  for (let c = s.charCodeAt(i); ; c = s.charCodeAt(++i)) {
    if (c === 34) return i;
    if (!(c >= 32) || c === 92) return -1;
  }
}

function decodeText(s: string, bytes: Buffer, start: number): Decoded {
  if (s === '') return bad('an empty line');
  // As `eachMember`, written out: a closure and what it captures would be made for every line.
  let type: string | null = null;
  let id: string | null = '';
  let ts: number | null = 0;
  let payload: string | null = null;
  let i = skipSpace(s, 0);
  if (s.charCodeAt(i) !== 123) return bad('no JSON object');
  i = skipSpace(s, i + 1);
  let more = s.charCodeAt(i) !== 125;
  while (more) {
    const keyEnd = s.charCodeAt(i) === 34 ? stringEnd(s, i + 1) : -1;
    const colon = keyEnd < 0 ? -1 : skipSpace(s, keyEnd + 1);
    if (colon < 0 || s.charCodeAt(colon) !== 58) return bad('no JSON object');
    const from = skipSpace(s, colon + 1);
    const to = valueEnd(s, from, 1);
    if (to < 0) return bad('no JSON object');
    const key = knownKey(s, i + 1, keyEnd) ?? unescape(s.slice(i + 1, keyEnd));
    if (key === 'type') type = text(s, from, to);
    else if (key === 'id') id = idAt(bytes, start, s, from, to);
    else if (key === 'ts') ts = integerAt(s, from, to);
    else if (key === 'payload') payload = payloadAt(s, from, to);
    i = skipSpace(s, to);
    more = s.charCodeAt(i) === 44;
    if (more) i = skipSpace(s, i + 1);
    else if (s.charCodeAt(i) !== 125) return bad('no JSON object');
  }
  if (skipSpace(s, i + 1) !== s.length) return bad('no JSON object');
  if (type === null) return bad('no type');
  if (id === null || id.length > ID_LIMIT) return bad('an id that is none');
  if (ts === null) return bad('a ts that is no number of seconds');
  return { ok: true, message: { type, id, ts, payload } };
}
const payloadAt = (s: string, from: number, to: number): string | null => (to - from === 4 && s.startsWith('null', from) ? null : s.slice(from, to));

const bad = (reason: string): Decoded => ({ ok: false, reason });

/** Ids are kept for long, so they must not be slices, which keep the line they were cut from. */
function idAt(bytes: Buffer, start: number, s: string, from: number, to: number): string | null {
  const id = text(s, from, to);
  return id !== null && id.length === to - from - 2 ? bytes.toString('latin1', start + from + 1, start + to - 1) : id;
}

/** Calls `member` with each key and the extent of its value. Answers the offset behind the object, -1: there is none at `i`. */
export function eachMember(s: string, i: number, member: (key: string, from: number, to: number) => void): number {
  if (s.charCodeAt(i) !== 123) return -1;
  i = skipSpace(s, i + 1);
  if (s.charCodeAt(i) === 125) return i + 1;
  for (;;) {
    if (s.charCodeAt(i) !== 34) return -1;
    const keyEnd = stringEnd(s, i + 1);
    if (keyEnd < 0) return -1;
    const key = unescape(s.slice(i + 1, keyEnd));
    i = skipSpace(s, keyEnd + 1);
    if (s.charCodeAt(i) !== 58) return -1;
    i = skipSpace(s, i + 1);
    const to = valueEnd(s, i, 1);
    if (to < 0) return -1;
    member(key, i, to);
    i = skipSpace(s, to);
    const c = s.charCodeAt(i);
    if (c === 125) return i + 1;
    if (c !== 44) return -1;
    i = skipSpace(s, i + 1);
  }
}

/** The keys of a message need not be cut out of every line. */
function knownKey(s: string, from: number, to: number): string | undefined {
  const key = KEYS[to - from];
  if (key !== undefined && s.startsWith(key, from)) return key;
  return to - from === 2 && s.startsWith('ts', from) ? 'ts' : undefined;
}
const KEYS: readonly (string | undefined)[] = [undefined, undefined, 'id', undefined, 'type', undefined, undefined, 'payload'];

/** The string at an extent; null: it is no string. */
export const text = (s: string, from: number, to: number): string | null => (s.charCodeAt(from) === 34 ? unescape(s.slice(from + 1, to - 1)) : null);
function integerAt(s: string, from: number, to: number): number | null {
  if (to - from > 15) return integer(s.slice(from, to));
  let n = 0;
  for (let i = from; i < to; i++) {
    const digit = s.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return integer(s.slice(from, to));
    n = n * 10 + digit;
  }
  return n;
}

/** The integer a text is; null: it is none, or not exact as a number. */
export function integer(s: string): number | null {
  const n = numberEnd(s, 0) === s.length && numberIs.integer ? Number(s) : NaN;
  return Number.isSafeInteger(n) ? n : null;
}

/** The id that an ack names; null: none. */
export function ackedId(payload: string | null): string | null {
  let id: string | null = null;
  if (payload === null) return null;
  eachMember(payload, 0, (key, from, to) => {
    if (key === 'id') id = text(payload, from, to);
  });
  return id;
}
export const ackPayload = (id: string): string => `{"id":${quoted(id)}}`;
