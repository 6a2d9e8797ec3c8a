/** The grammar of JSON (RFC 8259) over byte strings: where values end. Makes nothing, so that whoever relays a value keeps its bytes. */
import { isUtf8 as utf8 } from 'node:buffer';
import { byPieces, isAscii } from './text.js';

/** Levels of arrays and objects. Default 512: deeper is an attack on a stack, not data. */
export const MAX_DEPTH = 512;

export const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const MINUS = 45;

/** Offset of the first byte at or after `i` that is no white space. */
export function skipSpace(s: string, i: number): number {
  for (let c = s.charCodeAt(i); c === 32 || c === 10 || c === 13 || c === 9; c = s.charCodeAt(i)) i++;
  return i;
}

/** `i` is behind the opening quote: the offset of the closing one, -1: this is no string. `plain` in `stringIs` tells of escapes. */
export function stringEnd(s: string, i: number): number {
  stringIs.plain = true;
  for (;;) {
    const c = s.charCodeAt(i);
    if (c === QUOTE) return i;
    if (c === BACKSLASH) {
      stringIs.plain = false;
      i = escapeEnd(s, i + 1);
      if (i < 0) return -1;
    } else if (c >= 32) i++;
    // A control character, or NaN at the end of the text.
    else return -1;
  }
}
export const stringIs = { plain: true };

function escapeEnd(s: string, i: number): number {
  const c = s.charCodeAt(i);
  if (c !== 117) return SIMPLE_ESCAPE.has(c) ? i + 1 : -1;
  for (let k = i + 1; k <= i + 4; k++) if (!isHex(s.charCodeAt(k))) return -1;
  return i + 5;
}
const SIMPLE_ESCAPE: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((c) => c.charCodeAt(0)));
const isHex = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Offset behind the number at `i`, -1: none. `integer` in `numberIs` tells whether it has neither fraction nor exponent. */
export function numberEnd(s: string, i: number): number {
  if (s.charCodeAt(i) === MINUS) i++;
  if (!isDigit(s.charCodeAt(i))) return -1;
  i = s.charCodeAt(i) === 48 ? i + 1 : digitsEnd(s, i);
  numberIs.integer = true;
  if (s.charCodeAt(i) === 46) {
    numberIs.integer = false;
    const end = digitsEnd(s, i + 1);
    if (end === i + 1) return -1;
    i = end;
  }
  const e = s.charCodeAt(i);
  if (e === 101 || e === 69) {
    numberIs.integer = false;
    const sign = s.charCodeAt(i + 1);
    const first = sign === 43 || sign === MINUS ? i + 2 : i + 1;
    i = digitsEnd(s, first);
    if (i === first) return -1;
  }
  return i;
}
export const numberIs = { integer: true };

function digitsEnd(s: string, i: number): number {
  while (isDigit(s.charCodeAt(i))) i++;
  return i;
}

export const WORDS = ['true', 'false', 'null'] as const;

/** Offset behind the value at `i` (no white space before it), -1: there is none, or it is nested too deeply. */
export function valueEnd(s: string, i: number, depth = 0): number {
  const c = s.charCodeAt(i);
  if (c === QUOTE) {
    const end = stringEnd(s, i + 1);
    return end < 0 ? -1 : end + 1;
  }
  if (c === 123 || c === 91) return depth >= MAX_DEPTH ? -1 : collectionEnd(s, i, c === 123, depth + 1);
  if (c === MINUS || isDigit(c)) return numberEnd(s, i);
  for (const word of WORDS) if (s.startsWith(word, i)) return i + word.length;
  return -1;
}

/** As `skipSpace`, where there mostly is none: machines write so. */
const dense = (s: string, i: number): number => (s.charCodeAt(i) <= 32 ? skipSpace(s, i) : i);

/** As `stringEnd`, where it does not matter whether there are escapes. */
function quoteEnd(s: string, i: number): number {
  for (let c = s.charCodeAt(i); c !== QUOTE; c = s.charCodeAt(++i)) if (c === BACKSLASH || !(c >= 32)) return stringEnd(s, i);
  return i;
}

function collectionEnd(s: string, i: number, object: boolean, depth: number): number {
  const close = object ? 125 : 93;
  i = dense(s, i + 1);
  if (s.charCodeAt(i) === close) return i + 1;
  for (;;) {
    if (object) {
      if (s.charCodeAt(i) !== QUOTE) return -1;
      i = quoteEnd(s, i + 1);
      if (i < 0) return -1;
      i = dense(s, i + 1);
      if (s.charCodeAt(i) !== COLON) return -1;
      i = dense(s, i + 1);
    }
    if (s.charCodeAt(i) === QUOTE) i = quoteEnd(s, i + 1) + 1;
    else i = valueEnd(s, i, depth);
    if (i <= 0) return -1;
    i = dense(s, i);
    const c = s.charCodeAt(i);
    if (c === close) return i + 1;
    if (c !== COMMA) return -1;
    i = dense(s, i + 1);
  }
}

/** The bytes of a string's content in which every escape is legal. Half of a surrogate pair becomes U+FFFD, as every decoder does. */
export function unescape(s: string): string {
  if (!s.includes('\\')) return s;
  return s.replace(/(?:\\u[\da-fA-F]{4})+|\\[^u]/g, (run) => {
    if (run.charCodeAt(1) !== 117) return PLAIN.get(run[1])!;
    let text = '';
    for (let i = 2; i < run.length; i += 6) text += String.fromCharCode(parseInt(run.slice(i, i + 4), 16));
    return Buffer.from(text, 'utf8').toString('latin1');
  });
}
const PLAIN = new Map([['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t']]);

/** A byte string of valid UTF-8 as a JSON string, quotes included. */
export const quoted = (s: string): string => '"' + byPieces(s, escape) + '"';

function escape(s: string): string {
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c < 32 || c === QUOTE || c === BACKSLASH) return s.replace(/["\\\x00-\x1f]/g, escaped);
  }
  return s;
}
const ESCAPED = new Map([['"', '\\"'], ['\\', '\\\\'], ['\b', '\\b'], ['\f', '\\f'], ['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']]);
const escaped = (c: string): string => ESCAPED.get(c) ?? '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0');

/** Whether a byte string is UTF-8. */
export function isUtf8(s: string): boolean {
  return isAscii(s) || utf8(Buffer.from(s, 'latin1'));
}
