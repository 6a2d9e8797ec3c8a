import test from 'node:test';
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { incomplete, read } from '../src/lang/reader.js';
import { RayError } from '../src/lang/errors.js';
import { Source } from '../src/lang/source.js';
import { List, Vec, type Value } from '../src/lang/value.js';
import { dump } from './support/dump.js';

const shown = (text: string): string => dump(read(new Source(text))).replace(/@-?\d+(:repl)?/g, '');

/** Each pair: a source, and the value as `dump` shows it. */
function reads(pairs: Record<string, string>): void {
  for (const [text, value] of Object.entries(pairs)) assert.equal(shown(text), value, text);
}

function rejection(text: string): { code: string; message: string; at: number } {
  const source = new Source(text);
  try {
    read(source);
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    assert.equal(e.trace?.length, 1);
    assert.equal(e.trace[0].source, source);
    assert.equal(e.trace[0].lambda, false);
    return { code: e.code, message: e.message, at: e.trace[0].at };
  }
  assert.fail(`${JSON.stringify(text)} was read`);
}

const rejects = (text: string, code: string, at: number, message?: string): void => {
  const { message: actual, ...rest } = rejection(text);
  assert.deepEqual(rest, { code, at }, text);
  if (message !== undefined) assert.equal(actual, message, text);
};

test('reader: integers are i64, exact to 64 bits, and floats beyond', () => {
  reads({
    '0': '0', '-5': '-5', '00012': '12', '-0': '0', '999999999999999': '999999999999999', '9007199254740991': '9007199254740991',
    '9007199254740992': '9007199254740992n', '-9007199254740993': '-9007199254740993n',
    '9223372036854775807': '9223372036854775807n', '9223372036854775808': 'f9223372036854776000',
    '-9223372036854775808': '-9223372036854775808n', '-9223372036854775809': 'f-9223372036854776000',
    '000000000000000000000000000001': '1',
  });
});

test('reader: the suffixes h and i make narrow integers within their range', () => {
  reads({ '5h': 'n-3:5', '-32767h': 'n-3:-32767', '2147483647i': 'n-4:2147483647', '0005i': 'n-4:5', '5hh': '("do" n-3:5 "h")' });
  for (const text of ['32768h', '-32768h', '2147483648i', '-2147483648i', '99999999999999999999i', '9223372036854775807h']) rejects(text, 'domain', 0);
  rejects('(f 1 40000h)', 'domain', 5, 'i16 literal out of range [-32767,32767], got 40000');
});

test('reader: floats', () => {
  reads({
    '1.5': 'f1.5', '-0.25': 'f-0.25', '-0.0': 'f-0', '1e3': 'f1000', '1E+2': 'f100', '25e-1': 'f2.5', '1e': 'f1', '1e-': 'f1', '1.5e2x': '("do" f150 "x")',
    '0.1': 'f0.1', '123456789.12345678': 'f123456789.12345678', '1e400': 'fNaN', '-1e400': 'fNaN', '1e-400': 'f0',
    '4.35': 'f4.35', '1.7976931348623157e308': 'f1.7976931348623157e+308', '0.000001234567': 'f0.000001234567',
  });
});

test('reader: a point needs digits on both sides', () => {
  reads({ '.5': '".5"', '5.': '("do" 5 ".")', '1..2': '("do" 1 "..2")', '1.2.3': '("do" f1.2 ".3")' });
});

test('reader: bytes keep the last two digits', () => {
  reads({ '0x1f': 'n-2:31', '0xF': 'n-2:15', '0x1ff': 'n-2:255', '-0x1f': 'n-2:31', '0x123456789abcdef01': 'n-2:1', '0x1g': '("do" n-2:1 "g")' });
  rejects('0x', 'parse', 0);
  rejects('-0xg', 'parse', 0);
});

test('reader: typed nulls', () => {
  reads({
    '0Nh': 'n-3:-32768', '0Ni': 'n-4:-2147483648', '0Nl': '-9223372036854775808n', '0N': '-9223372036854775808n', '0Nf': 'fNaN',
    '0Nd': 'n-8:-2147483648', '0Nt': 'n-9:-2147483648', '0Np': 'p-9223372036854775808',
    '0Ns': '("do" 0 "Ns")', '0Ng': '("do" 0 "Ng")', '0N5': '("do" 0 "N5")', '0N_': '("do" 0 "N_")', '0N.5': '("do" -9223372036854775808n ".5")', '-0N': '("do" 0 "N")',
  });
});

test('reader: dates count days from 2000, and a surplus day rolls over', () => {
  reads({
    '2000.01.01': 'n-8:0', '2024.01.15': 'n-8:8780', '1999.12.31': 'n-8:-1', '2024.02.29': 'n-8:8825', '2023.02.29': 'n-8:8460', '2024.02.30': 'n-8:8826',
    '1900.03.01': 'n-8:-36465', '0000.01.01': 'n-8:-730119', '9999.12.31': 'n-8:2921939',
  });
  for (const text of ['2024.00.01', '2024.13.01', '2024.01.00', '2024.01.32']) rejects(text, 'parse', 0, `invalid date ${text}: month must be 1-12, day 1-31`);
});

test('reader: an opening that can only be a date must become one', () => {
  for (const text of ['2024.01.', '2024.01.1', '2024.01.x', '2024.01.15D', '2024.01.15D10:20:30']) rejects(text, 'parse', 0);
  reads({ '2024.01': 'f2024.01', '2024.1.1': '("do" f2024.1 ".1")', '12024.01.02': '("do" f12024.01 ".02")', '-2024.01.15': '("do" f-2024.01 ".15")' });
});

test('reader: times count milliseconds, and the fraction is an integer of them', () => {
  reads({
    '10:20:30': 'n-9:37230000', '10:20:30.5': 'n-9:37230005', '10:20:30.1234': '("do" n-9:37230123 4)', '-10:20:30': 'n-9:-37230000', '25:61:61': 'n-9:93721000',
    '99:99:99.999': 'n-9:362439999', '10:20': `("do" 10 '"20")`, '10:20:30.': `("do" 10 '"20" '"30.")`, '1:20:30': `("do" 1 '"20" '"30")`,
  });
});

test('reader: timestamps count nanoseconds', () => {
  reads({
    '2000.01.01D00:00:00.': 'p0', '2024.01.15D10:20:30.5': 'p758629230500000000', '2024.01.15D10:20:30.1234567899': 'p758629230123456789',
    '1999.12.31D23:59:59.999999999': 'p-1',
  });
  rejects('2024.01.15D24:20:30.5', 'parse', 0, 'invalid time 24:20:30');
  rejects('2024.01.15D23:60:30.5', 'parse', 0);
  rejects('2024.01.15D23:20:60.5', 'parse', 0);
  rejects('9999.12.31D00:00:00.0', 'parse', 0, 'timestamp year out of representable range');
  rejects('1700.01.01D00:00:00.0', 'parse', 0);
});

test('reader: names are unquoted, ticks and colons quote', () => {
  reads({
    'a': '"a"', '-': '"-"', '-a': '"-a"', '--1': '"--1"', '+1': '"+1"', 'a-1': '"a-1"', 'a,b': '"a,b"', '.ipc.send': '".ipc.send"', 'null': '"null"', '__proto__': '"__proto__"',
    "'a": `'"a"`, "'a-b.c": `'"a-b.c"`, ':a': `'"a"`, ':a/b?': `'"a/b?"`, ':-5': `'"-5"`, ':a.b': `'"a.b"`, "'true": `'"true"`,
    'true': 'true', 'false': 'false', 'truex': '"truex"', 'True': '"True"',
  });
  rejects(':', 'parse', 0);
  rejects('a`b', 'parse', 1);
  rejects('a\\b', 'parse', 1);
  rejects('\x80', 'parse', 0);
  rejects('a\x7f', 'parse', 1);
});

test('reader: a bare tick is the empty symbol', () => {
  reads({ "'": `'""`, "(f ')": `("f" '"")`, "''": `("do" '"" '"")`, "' '": `("do" '"" '"")`, "''a": `("do" '"" '"a")`, "'(a)": `("do" '"" ("a"))` });
});

test('reader: a character between ticks is a string', () => {
  reads({
    "'a'": '"a"', "'\"'": '"\\""', "';'": '";"', "'''": `"'"`, "'('": '"("', "'\\n'": '"\\n"', "'\\t'": '"\\t"', "'\\r'": '"\\r"', "'\\\\'": '"\\\\"', "'\\''": `"'"`,
    "'\\101'": '"A"', "'\\777'": '"\xff"', "'\\8'": '"8"', "'\\q'": '"q"', "'ab'c": `("do" '"ab" '"c")`, "'\xe9'": '"\xe9"',
  });
  rejects("'\\n", 'parse', 1);
  rejects("'\\1234'", 'parse', 1);
});

test('reader: string escapes', () => {
  reads({
    '""': '""', '"a b"': '"a b"', '"a\nb"': '"a\\nb"', '"\\n\\t\\r\\\\\\""': '"\\n\\t\\r\\\\\\""', '"\\q\\8"': '"\\\\q\\\\8"', '"\\101\\0\\18\\400"': '"A\\u0000\\u00018\\u0000"',
    '"\xc3\xa9"': '"\xc3\xa9"', '"a""b"': '("do" "a" "b")',
  });
});

test('reader: a string with an escape decodes to at most 4094 bytes', () => {
  assert.equal((read(new Source(`"${'\\n'.repeat(4094)}"`)) as string).length, 4094);
  rejects(`(f "${'\\n'.repeat(4095)}")`, 'domain', 3, 'string literal exceeds 4094-byte escape buffer');
  assert.equal((read(new Source(`"${'n'.repeat(100000)}"`)) as string).length, 100000);
});

test('reader: vectors take their type from their elements', () => {
  reads({
    '[]': '#5[]', '[ ; none\n]': '#5[]', '[1 2 -3]': '#5[1 2 -3]', '[1 0N 9223372036854775807 -4294967297]': '#5n[1 -9223372036854775808 9223372036854775807 -4294967297]',
    '[1.5 0Nf]': '#7n[1.5 NaN]', '[1 2.5 0Nl]': '#7n[1 2.5 NaN]', '[1h 0Nh]': '#3n[1 -32768]', '[1i]': '#4[1]', '[0x01 0xff]': '#2[1 255]', '[true false]': '#1[1 0]',
    '[2000.01.02]': '#8[1]', '[00:00:01 0Nt]': '#9n[1000 -2147483648]', '[2000.01.01D00:00:01. 0Np]': '#10n[1000000000 -9223372036854775808]',
    '["a" \'b\']': '#13["a" "b"]',
  });
});

test('reader: every symbol or name in a vector is a symbol', () => {
  const ids = (text: string): Value => [...((read(new Source(text)) as Vec).data as Int32Array)].join();
  assert.equal((read(new Source("[a 'b :c null]")) as Vec).t, 12);
  assert.equal(ids("[a 'b :c]"), ids("['a :b c]"));
  assert.notEqual(ids('[a b c]'), ids('[a b d]'));
});

test('reader: a vector of mixed types or of lists is refused', () => {
  for (const text of ['[1i 2]', '[1 a]', '["a" b]', '[(+ 1 2)]', '[[1]]', '[{a: 1}]', '[1 true]', '[1 2h]', '[1.5 1i]', '[0Nf 0Nh]']) {
    rejects(`(f ${text})`, 'domain', 3, 'vector literal mixes incompatible element types');
  }
});

test('reader: a vector holds at most 4096 elements', () => {
  assert.equal((read(new Source(`[${'1 '.repeat(4096)}]`)) as Vec).length, 4096);
  rejects(`(f [${'1 '.repeat(4097)}])`, 'limit', 3);
});

test('reader: dict values stay unevaluated, and keys are symbols or strings', () => {
  const dict = (text: string): string => shown(text).replace(/#12\[[^\]]*\]/, 'SYM');
  assert.equal(dict('{a: (+ 1 2) b:x}'), '{SYM (("+" 1 2) "x")}');
  assert.equal(dict('{"a": 1 "b" : 2}'), '{#13["a" "b"] (1 2)}');
  assert.equal(dict('{a: 1 "b": 2}'), '{("a" "b") (1 2)}');
  assert.equal(dict('{}'), '{() ()}');
  assert.equal(dict('{1: 2 a-b:3 a.b::k}'), `{SYM (2 3 '"k")}`);
  assert.equal(shown('{a:1 a:2}'), shown('{a:1 a:2}'));
  rejects('{:a 1}', 'parse', 1);
  rejects('{a}', 'parse', 2);
  rejects('{a: }', 'parse', 4);
  rejects("{'a: 1}", 'parse', 1);
});

test('reader: tokens need no space between them', () => {
  reads({ '1b': '("do" 1 "b")', '1-2': '("do" 1 -2)', '1+2': '("do" 1 "+2")', 'a"b"': '("do" "a" "b")', '(a)(b)': '("do" ("a") ("b"))', "a'b": `("do" "a" '"b")`, 'a:b': `("do" "a" '"b")` });
});

test('reader: white space and comments', () => {
  reads({ ' \t\r\n1 ': '1', '1;c': '1', '; c\n1': '1', '(a ; )\n b)': '("a" "b")', '1 ;': '1', '; \x80"\n1': '1' });
  rejects('1\x0c', 'parse', 1);
});

test('reader: several forms become one do form', () => {
  reads({ '1 2': '("do" 1 2)', '(a) b': '("do" ("a") "b")' });
  const list = read(new Source('a '.repeat(256))) as List;
  assert.equal(list.length, 257);
  rejects('a '.repeat(257), 'domain', 0, 'too many top-level expressions, limit 256');
});

test('reader: nothing is no source', () => {
  for (const text of ['', ' \n', '; c']) rejects(text, 'parse', text.length);
});

test('reader: a NUL ends the source', () => {
  reads({ '1\0(': '1', '1 2\0': '("do" 1 2)' });
  rejects('\0 1', 'parse', 0);
  rejects('"a\0"', 'parse', 0);
  rejects('(a\0)', 'parse', 2);
});

test('reader: lists know where they were read', () => {
  const source = new Source(' (a\n  (b [1] (c)))', 'f');
  const outer = read(source) as List;
  const inner = outer.items[1] as List;
  assert.deepEqual([outer.at, inner.at, (inner.items[2] as List).at], [1, 6, 13]);
  assert.ok([outer, inner].every((l) => l.source === source));
  assert.equal((read(new Source(' 1 2')) as List).at, 0);
});

test('reader: the first refused literal wins over later syntax errors', () => {
  rejects('([1i 2] `', 'domain', 1);
  rejects('(` [1i 2])', 'parse', 1);
});

test('reader: 1024 levels of forms, and no more', () => {
  const nest = (open: string, n: number, inner: string, close: string): string => open.repeat(n) + inner + close.repeat(n);
  assert.ok(read(new Source(nest('(', 1024, '', ')'))) instanceof List);
  assert.ok(read(new Source(nest('(', 1023, 'a', ')'))) instanceof List);
  rejects(nest('(', 1024, 'a', ')'), 'parse', 1024, 'nesting too deep, limit 1024');
  rejects(nest('{a:', 1024, '1', '}'), 'parse', 3072, 'nesting too deep, limit 1024');
  for (const open of ['(', '[', '{a:', '([{a:']) rejects(open.repeat(250000), 'parse', rejection(open.repeat(2000)).at, 'nesting too deep, limit 1024');
  assert.ok(read(new Source('(a)'.repeat(200))) instanceof List, 'depth is not a count of forms');
});

test('reader: tokens of megabytes are values or errors', () => {
  const n = 5_000_000;
  assert.equal((read(new Source(`"${'a'.repeat(n)}"`)) as string).length, n);
  reads({ ['0'.repeat(n) + '7']: '7', ['1'.repeat(n)]: 'fNaN', ['0x' + '1'.repeat(n)]: 'n-2:17', [`1e${'9'.repeat(n)}`]: 'fNaN' });
  rejects(`"${'a'.repeat(n)}`, 'parse', 0, 'string at 1:1 is not closed');
  rejects(`(${'a '.repeat(n / 2)}]`, 'parse', n + 1, 'unexpected "]"');
  const { message } = rejection(`${'1'.repeat(n)}i`);
  assert.ok(message.length < 200);
});

test('reader: symbols and strings do not keep the source they were read from', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const kept: Value[] = [];
  const heap = (): number => (gc(), process.memoryUsage().heapUsed);
  const before = heap();
  for (let n = 0; n < 50; n++) kept.push(...(read(new Source(`(a-name-of-more-than-twelve-characters-${n} "a text of more than twelve characters" ;${' '.repeat(1e6)}\n)`)) as List).items);
  assert.ok(heap() - before < 10e6, 'sources of 50 MB are gone');
  assert.equal(kept.length, 100);
});

test('reader: a rejection says what was expected, and where', () => {
  rejects('(1 ]', 'parse', 3, 'expected ")"');
  rejects('1 )', 'parse', 2, 'expected end of input');
  rejects('(a\n (b]', 'parse', 6, 'expected ")"');
  rejects('{a 1}', 'parse', 3, 'expected ":"');
  const { message } = rejection('(a) {b: )');
  for (const what of ['a number', 'a name', 'a string', '"("', '"["', '"{"']) assert.ok(message.includes(what), message);
  rejects(`${'(+ 1 2)\n'.repeat(200)}(f ]`, 'parse', 1603, 'expected ")"');
});

test('reader: a rejection names the bracket or string that is not closed', () => {
  rejects('(f\n  [1 2', 'parse', 9, '"[" at 2:3 is not closed');
  rejects('(f (g) ', 'parse', 7, '"(" at 1:1 is not closed');
  rejects('(f "abc)', 'parse', 3, 'string at 1:4 is not closed');
  rejects('{a: ', 'parse', 4, '"{" at 1:1 is not closed');
  rejects("(f 'a", 'parse', 5, '"(" at 1:1 is not closed');
});

test('reader: incomplete means an open bracket or string', () => {
  for (const text of ['(', '(+ 1', '(a (b)', '[1 2', '{', '{a', '{a:', '{a: 1', '"abc', '(f "a)', "(f 'a", '(f ; )', '(a\n', '"\\', '("a" "']) assert.equal(incomplete(text), true, text);
  for (const text of ['', ' ', '; (', '1', '(a)', ')', '(]', '(+ 0x', '0x', "'\\n", '[1i 2] (', '(a))', '2024.01.', '\0(', ':', "'", '('.repeat(2000)]) assert.equal(incomplete(text), false, text);
});

test('reader: a source is refused in words, however much of the stack is left for explaining it', () => {
  const source = new Source(`${'{a:'.repeat(330)}:`, 'f');
  const below = (frames: number): void => (frames === 0 ? void read(source) : below(frames - 1));
  for (let frames = 0; frames < 6000; frames += 50) assert.throws(() => below(frames), (e) => e instanceof RayError && e.code === 'parse', `${frames} frames`);
});
