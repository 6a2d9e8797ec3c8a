/** Loops over one long text in pieces, so that they can be interrupted. */
import { blocks, checkpoint } from '../lang/interrupt.js';

/** Bytes worked on between two looks: a millisecond or a few. */
export const PIECE = 1 << 20;

/** As `text.indexOf(part)`. */
export function indexIn(text: string, part: string): number {
  const last = text.length - part.length;
  if (last < PIECE) return text.indexOf(part);
  // At least as many places at once as the part is long: pieces overlap by its length.
  const step = Math.max(PIECE, part.length);
  for (let lo = 0; lo <= last; lo += step) {
    checkpoint();
    const at = text.slice(lo, lo + step + part.length - 1).indexOf(part);
    if (at >= 0) return lo + at;
  }
  return -1;
}

/** Calls `f` with the place of each occurrence of `part`, which is not empty, from left to right; none overlaps the one before. */
export function eachOccurrence(text: string, part: string, f: (at: number) => void): void {
  const step = Math.max(PIECE, part.length);
  for (let lo = 0; lo + part.length <= text.length;) {
    const piece = text.slice(lo, lo + step + part.length - 1);
    let next = step;
    for (let at = piece.indexOf(part); at >= 0; at = piece.indexOf(part, at + part.length)) {
      f(lo + at);
      next = Math.max(step, at + part.length);
    }
    lo += next;
    if (lo < text.length) checkpoint();
  }
}

/** As `a === b`. */
export function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  if (a.length <= PIECE) return a === b;
  for (let lo = 0; lo < a.length; lo += PIECE) {
    checkpoint();
    if (a.slice(lo, lo + PIECE) !== b.slice(lo, lo + PIECE)) return false;
  }
  return true;
}

/** `f` of each piece, joined: for what works on every byte by itself. */
export function byPieces(text: string, f: (piece: string) => string): string {
  if (text.length <= PIECE) return f(text);
  let out = '';
  for (let lo = 0; lo < text.length; lo += PIECE) {
    checkpoint();
    out += f(text.slice(lo, lo + PIECE));
  }
  return out;
}

/** Texts joined with one between them. Errors: `limit` through the platform's bound of strings. */
export function joinTexts(parts: readonly string[], between: string): string {
  if (parts.length <= JOINED) return parts.join(between);
  let out = '';
  for (let lo = 0; lo < parts.length; lo += JOINED) {
    checkpoint();
    out += (lo === 0 ? '' : between) + parts.slice(lo, lo + JOINED).join(between);
  }
  return out;
}

/** As `joinTexts`, of what `at` gives for each of `n` places. */
export function joinEach(n: number, at: (i: number) => string, between: string): string {
  let out = '';
  for (let lo = 0; lo < n; lo += JOINED) {
    checkpoint();
    out += (lo === 0 ? '' : between) + Array.from({ length: Math.min(JOINED, n - lo) }, (_, k) => at(lo + k)).join(between);
  }
  return out;
}
/** Parts joined at once. */
const JOINED = 8192;

/** Which bytes occur in a text, by their code. */
export function bytesOf(text: string): Uint8Array {
  const seen = new Uint8Array(256);
  blocks(text.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) seen[text.charCodeAt(i)] = 1;
  });
  return seen;
}

/** For each byte of a text, as 1 or 0, whether it is in a set. */
export function bytesIn(text: string, set: Uint8Array): Uint8Array {
  const out = new Uint8Array(text.length);
  blocks(text.length, (lo, hi) => {
    for (let i = lo; i < hi; i++) out[i] = set[text.charCodeAt(i)];
  });
  return out;
}

export function isAscii(text: string): boolean {
  for (let lo = 0; lo < text.length; lo += PIECE) {
    if (lo > 0) checkpoint();
    if (/[\x80-\xff]/.test(lo === 0 && text.length <= PIECE ? text : text.slice(lo, lo + PIECE))) return false;
  }
  return true;
}
