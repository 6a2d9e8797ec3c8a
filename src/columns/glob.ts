/** Patterns over byte strings: `like` (the whole text) and `str-find` (somewhere in it). One text may be as long as memory allows. */
import { BLOCK, checkpoint } from '../lang/interrupt.js';
import { indexIn, sameText } from './text.js';

/** A test of a whole text: `*` any bytes, `?` one byte, `[abc]` `[a-z]` `[!abc]` one of, or not of, a set. */
export function globTest(pattern: string): (text: string) => boolean {
  const head = pattern.startsWith('*') ? 1 : 0;
  const tail = pattern.length > 1 && pattern.endsWith('*') ? 1 : 0;
  const literal = pattern.slice(head, pattern.length - tail);
  if (!/[*?[]/.test(literal)) {
    if (head) return tail ? (text) => indexIn(text, literal) >= 0 : (text) => text.endsWith(literal);
    return tail ? (text) => text.startsWith(literal) : (text) => sameText(text, literal);
  }
  const tokens = tokenize(pattern);
  return (text) => matchWhole(tokens, text);
}

/**
 * A search for the first match of a pattern without `*`: answers its byte offset, or -1. Null for a pattern with `*`, which has no
 * meaning here.
 */
export function globSearch(pattern: string): ((text: string) => number) | null {
  if (!/[*?[]/.test(pattern)) return (text) => indexIn(text, pattern);
  const tokens = tokenize(pattern);
  if (tokens.includes(STAR)) return null;
  return (text) => {
    const last = text.length - tokens.length;
    for (let lo = 0; lo <= last; lo += BLOCK) {
      if (lo > 0) checkpoint();
      const hi = Math.min(last + 1, lo + BLOCK);
      for (let at = lo; at < hi; at++) if (matchAt(tokens, text, at)) return at;
    }
    return -1;
  };
}

const STAR = null;
/** The bytes that one place of a text may hold, or any run of bytes. */
type Token = Uint8Array | typeof STAR;

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length;) {
    const c = pattern[i++];
    if (c === '*') tokens.push(STAR);
    else if (c === '?') tokens.push(new Uint8Array(256).fill(1));
    else if (c === '[') {
      const set = readSet(pattern, i);
      tokens.push(set.bytes);
      i = set.end;
    } else {
      const set = new Uint8Array(256);
      set[c.charCodeAt(0)] = 1;
      tokens.push(set);
    }
  }
  return tokens;
}

/** A set from behind its `[`; `]` is a member in the first place, and an unclosed set ends with the pattern. */
function readSet(pattern: string, start: number): { bytes: Uint8Array; end: number } {
  const bytes = new Uint8Array(256);
  let i = start;
  const negated = pattern[i] === '!';
  if (negated) i++;
  for (const first = i; i < pattern.length && (i === first || pattern[i] !== ']');) {
    if (i + 2 < pattern.length && pattern[i + 1] === '-' && pattern[i + 2] !== ']') {
      addRange(bytes, pattern.charCodeAt(i), pattern.charCodeAt(i + 2));
      i += 3;
    } else bytes[pattern.charCodeAt(i++)] = 1;
  }
  if (negated) for (let b = 0; b < 256; b++) bytes[b] ^= 1;
  return { bytes, end: i < pattern.length ? i + 1 : i };
}

/** Ranges are ordered as signed bytes, as the language's C original has them. */
function addRange(bytes: Uint8Array, from: number, to: number): void {
  const signed = (b: number): number => (b << 24) >> 24;
  for (let b = signed(from); b <= signed(to); b++) bytes[b & 255] = 1;
}

/** Remembers only the last `*`: with whole-text matching that is enough, and the time stays below length times tokens. */
function matchWhole(tokens: readonly Token[], text: string): boolean {
  let t = 0;
  let star = -1;
  let starAt = 0;
  let steps = 0;
  for (let at = 0; at < text.length;) {
    if (++steps === BLOCK) {
      checkpoint();
      steps = 0;
    }
    const token = t < tokens.length ? tokens[t] : undefined;
    if (token === STAR) {
      star = t++;
      starAt = at;
    } else if (token !== undefined && token[text.charCodeAt(at)]) {
      t++;
      at++;
    } else if (star >= 0) {
      t = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (t < tokens.length && tokens[t] === STAR) t++;
  return t === tokens.length;
}

function matchAt(tokens: readonly Token[], text: string, at: number): boolean {
  for (let t = 0; t < tokens.length; t++) if (!tokens[t]![text.charCodeAt(at + t)]) return false;
  return true;
}
