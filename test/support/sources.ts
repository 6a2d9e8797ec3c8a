/** Rayfall sources for tests: made from the pieces of the language, and damaged. `random` answers numbers in [0, 1). */
export type Rng = () => number;

const int = (r: Rng, n: number): number => Math.floor(r() * n);
const pick = <V>(r: Rng, from: ArrayLike<V>): V => from[int(r, from.length)];
const repeat = (n: number, make: () => string): string => Array.from({ length: n }, make).join('');

/** A repeatable generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

/** One to three forms that are mostly well-formed; `depth` bounds their nesting. */
export function source(r: Rng, depth = 3): string {
  const forms = r() < 0.8 ? 1 : 1 + int(r, 3);
  return repeat(forms, () => gap(r) + form(r, depth)) + gap(r);
}

/** A source with one to four changes: bytes removed, doubled, replaced, put in, or the rest cut off. */
export function mutate(r: Rng, text: string): string {
  let out = text;
  for (let n = 1 + int(r, 4); n > 0; n--) {
    const at = int(r, out.length + 1);
    const to = Math.min(out.length, at + 1 + int(r, 4));
    out = pick(r, CHANGES)(r, out, at, to);
  }
  return out;
}

/** Bytes without any plan, with a liking for those that mean something. */
export function noise(r: Rng): string {
  return repeat(int(r, 24), () => byte(r));
}

/** Any of the three. */
export function anySource(r: Rng): string {
  const kind = r();
  return kind < 0.45 ? source(r) : kind < 0.9 ? mutate(r, source(r)) : noise(r);
}

/* ── forms ───────────────────────────────────────────────────────────── */

type Make = (r: Rng, depth: number) => string;

function form(r: Rng, depth: number): string {
  return pick(r, depth > 0 ? FORMS : ATOMS)(r, depth);
}

const digits = (r: Rng, n: number): string => repeat(n, () => pick(r, '0123456789'));
const some = (r: Rng): string => digits(r, 1 + int(r, 5));
const sign = (r: Rng): string => (r() < 0.3 ? '-' : '');
const two = (r: Rng): string => digits(r, 2);
const day = (r: Rng): string => `${pick(r, ['2024', '2000', '1999', '0000', '9999', digits(r, 4)])}.${pick(r, ['01', '02', '12', '13', '00', two(r)])}.${pick(r, ['01', '29', '31', '32', two(r)])}`;
const clock = (r: Rng): string => `${pick(r, ['00', '10', '23', two(r)])}:${pick(r, ['00', '59', two(r)])}:${pick(r, ['00', '30', two(r)])}`;
const word = (r: Rng): string => repeat(1 + int(r, 4), () => pick(r, 'abcdehilnNDtxz019._-!?+*/%<>=&|,#$@^~'));

const NUMBERS: Make[] = [
  (r) => sign(r) + some(r),
  (r) => sign(r) + some(r) + pick(r, 'hixeN'),
  (r) => sign(r) + pick(r, ['32767', '32768', '2147483647', '2147483648', '9223372036854775807', '9223372036854775808', '9007199254740992', '000000000000000000000001', digits(r, 25)]) + pick(r, ['', '', 'h', 'i']),
  (r) => `${sign(r)}${some(r)}.${some(r)}`,
  (r) => `${sign(r)}${some(r)}${pick(r, ['', '.', '.5'])}${pick(r, 'eE')}${pick(r, ['', '+', '-'])}${pick(r, ['', '1', '22', '400'])}`,
  (r) => `${sign(r)}0x${pick(r, ['', '0', '1f', 'ff', 'fff', 'g'])}`,
  (r) => `0N${pick(r, ['', 'h', 'i', 'l', 'f', 'd', 't', 'p', 's', 'x', '_', '1'])}`,
  (r) => day(r) + pick(r, ['', '', 'D', 'x']),
  (r) => `${day(r)}D${clock(r)}${pick(r, ['', '.', '.5', '.123456789', '.1234567891'])}`,
  (r) => sign(r) + clock(r) + pick(r, ['', '.', '.5', '.123', '.1234']),
];

const ATOMS: Make[] = [
  ...NUMBERS,
  (r) => pick(r, NUMBERS)(r, 0),
  (r) => word(r),
  (r) => word(r),
  (r) => pick(r, ['true', 'false', 'null', 'x', '+', '-', 'do', 'fn', '.ipc.send', 'a-b']),
  (r) => `'${pick(r, ['', word(r)])}`,
  (r) => `'${pick(r, ['\\', ''])}${byte(r)}${pick(r, ['', '7', '77', '777'])}'`,
  (r) => `:${pick(r, ['', word(r)])}`,
  (r) => `"${repeat(int(r, 6), () => pick(r, ['a', ' ', '\n', '\\n', '\\"', '\\\\', '\\q', '\\1', '\\777', '(', ';', '\xc3\xa9']))}"`,
];

const FORMS: Make[] = [
  ...ATOMS,
  (r, depth) => `(${sequence(r, depth)})`,
  (r, depth) => `(${sequence(r, depth)})`,
  (r, depth) => `(${pick(r, ['fn', 'set', 'let', '+', 'select'])} ${sequence(r, depth)})`,
  (r, depth) => `[${sequence(r, depth)}]`,
  (r) => vector(r),
  (r) => vector(r),
  (r, depth) => `{${repeat(int(r, 4), () => gap(r) + key(r) + gap(r) + ':' + gap(r) + form(r, depth - 1) + ' ')}}`,
];

const sequence: Make = (r, depth) => repeat(int(r, 5), () => gap(r) + form(r, depth - 1) + pick(r, ['', ' ', ' ', ' ']));

/** Elements of one kind, as vectors want them. */
function vector(r: Rng): string {
  const make = pick(r, ATOMS);
  return `[${repeat(int(r, 6), () => make(r, 0) + ' ')}]`;
}

const key = (r: Rng): string => pick(r, [word, (x: Rng) => `"${word(x)}"`])(r);
const gap = (r: Rng): string => (r() < 0.7 ? '' : pick(r, [' ', '\n', '\t', '\r\n', '  ', '; note (\n', ';;\n', ';']));

const MEANINGFUL = '()[]{}"\':;\\ \n\t-.0123456789eExNDhi`\0\x7f\x80\xff';
const byte = (r: Rng): string => (r() < 0.7 ? pick(r, MEANINGFUL) : String.fromCharCode(int(r, 256)));

/* ── damage ──────────────────────────────────────────────────────────── */

const CHANGES: ((r: Rng, text: string, at: number, to: number) => string)[] = [
  (_, text, at, to) => text.slice(0, at) + text.slice(to),
  (_, text, at, to) => text.slice(0, to) + text.slice(at),
  (r, text, at) => text.slice(0, at) + byte(r) + text.slice(at),
  (r, text, at) => text.slice(0, at) + byte(r) + text.slice(at + 1),
  (r, text, at) => text.slice(0, at) + pick(r, ATOMS)(r, 0) + text.slice(at),
  (_, text, at) => text.slice(0, at),
];
