import assert from 'node:assert/strict';
import test from 'node:test';
import { RayError } from '../src/lang/errors.js';
import {
  Builtin, Dict, F64, F64_NULL, GUID_NULL, Guid, I64_NULL, Lambda, List, STAMP_NULL, Stamp, T, Table, Vec,
  date, f32, i16, i32, name, nullOf, strVec, symVec, symbol, time, u8, type Value,
} from '../src/lang/value.js';
import { Interrupt, enter } from '../src/lang/interrupt.js';
import { compress } from '../src/wire/rayforce/compress.js';
import { decode, decodePayload, decodeVerbose, encode, encodeFrame } from '../src/wire/rayforce/value.js';
import { allocatedBytes } from './fuzz/allocations.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex');
const builtin = (tag: 101 | 102 | 103, text: string): Builtin => new Builtin(tag, text, () => null, {});
const BUILTINS = new Map([builtin(T.BINARY, '+'), builtin(T.UNARY, 'count'), builtin(T.VARIADIC, 'select'), builtin(T.BINARY, 'set')].map((b) => [b.name, b]));
const options = { resolve: (text: string) => BUILTINS.get(text) };
const vec = (t: number, data: Vec['data'], nulls = false): Vec => new Vec(t, data, nulls);
const i64s = (...xs: bigint[]): Vec => vec(T.I64, BigInt64Array.from(xs), xs.includes(I64_NULL));

/** What the reference writes for each value. */
const CAPTURED: [string, Value, string][] = [
  ['true', true, 'ff 00 01'],
  ['u8', u8(5), 'fe 00 05'],
  ['i16', i16(7), 'fd 00 07 00'],
  ['i32', i32(-2), 'fc 00 fe ff ff ff'],
  ['i64', 1, 'fb 00 01 00 00 00 00 00 00 00'],
  ['a negative i64', -2, 'fb 00 fe ff ff ff ff ff ff ff'],
  ['the largest safe i64', 2 ** 53 - 1, 'fb 00 ff ff ff ff ff ff 1f 00'],
  ['an i64 beyond', 2n ** 53n, 'fb 00 00 00 00 00 00 00 20 00'],
  ['0Nl', I64_NULL, 'fb 01 00 00 00 00 00 00 00 80'],
  ['0Ni', nullOf(T.I32), 'fc 01 00 00 00 80'],
  ['0Nh', nullOf(T.I16), 'fd 01 00 80'],
  ['0Nd', nullOf(T.DATE), 'f8 01 00 00 00 80'],
  ['0Nt', nullOf(T.TIME), 'f7 01 00 00 00 80'],
  ['0Np', STAMP_NULL, 'f6 01 00 00 00 00 00 00 00 80'],
  ['0Nf', F64_NULL, 'f9 01 00 00 00 00 00 00 f8 7f'],
  ['f64', new F64(1.5), 'f9 00 00 00 00 00 00 00 f8 3f'],
  ['date', date(8780), 'f8 00 4c 22 00 00'],
  ['time', time(45045123), 'f7 00 83 55 af 02'],
  ['timestamp', new Stamp(758628000000000001n), 'f6 00 01 40 aa 88 25 30 87 0a'],
  ['f32', f32(1.5), 'fa 00 00 00 c0 3f'],
  ['null f32', nullOf(T.F32), 'fa 01 00 00 c0 7f'],
  ['guid', new Guid(Buffer.from('00112233445566778899aabbccddeeff', 'hex').toString('latin1')), 'f5 00 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff'],
  ['null guid', GUID_NULL, `f5 01 ${'00'.repeat(16)}`],
  ['null b8', nullOf(T.B8), 'ff 01 00'],
  ['null u8', nullOf(T.U8), 'fe 01 00'],
  ['str', 'hello', 'f3 00 05 00 00 00 00 00 00 00 68 65 6c 6c 6f'],
  ['a long str', 'x'.repeat(40), `f3 00 28 00 00 00 00 00 00 00 ${'78'.repeat(40)}`],
  ['bytes in a str', '\0\xff\x80', 'f3 00 03 00 00 00 00 00 00 00 00 ff 80'],
  ['empty str', '', 'f3 00 00 00 00 00 00 00 00 00'],
  ['null', null, '7e'],
  ['name', name('x'), 'f4 00 78 00'],
  ['literal symbol', symbol('x'), 'f4 20 78 00'],
  ['b8 vector', vec(T.B8, Uint8Array.of(1, 0, 1)), '01 00 03 00 00 00 00 00 00 00 01 00 01'],
  ['i64 vector with a null', i64s(1n, I64_NULL, 3n), '05 40 03 00 00 00 00 00 00 00 | 01 00 00 00 00 00 00 00 | 00 00 00 00 00 00 00 80 | 03 00 00 00 00 00 00 00'],
  ['f64 vector with a null', vec(T.F64, Float64Array.of(1, NaN, 2.5), true), '07 40 03 00 00 00 00 00 00 00 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 f8 7f 00 00 00 00 00 00 04 40'],
  ['date vector', vec(T.DATE, Int32Array.of(8780, -2147483648), true), '08 40 02 00 00 00 00 00 00 00 4c 22 00 00 00 00 00 80'],
  ['guid vector', vec(T.GUID, new Uint8Array(16).fill(7)), `0b 00 01 00 00 00 00 00 00 00 ${'07'.repeat(16)}`],
  ['symbol vector', symVec(['a', 'bc', '']), '0c 00 03 00 00 00 00 00 00 00 61 00 62 63 00 00'],
  ['str vector', strVec(['x', '', 'longer than twelve bytes']), `0d 00 03 00 00 00 00 00 00 00 | 01 00 00 00 00 00 00 00 78 | 00 00 00 00 00 00 00 00 | 18 00 00 00 00 00 00 00 ${Buffer.from('longer than twelve bytes').toString('hex')}`],
  ['list', new List([1, 'a', symbol('b')]), '00 00 03 00 00 00 00 00 00 00 | fb 00 01 00 00 00 00 00 00 00 | f3 00 01 00 00 00 00 00 00 00 61 | f4 20 62 00'],
  ['empty list', new List([]), '00 00 00 00 00 00 00 00 00 00'],
  ['dict', new Dict(symVec(['a', 'b']), new List([1, 'x'])), '63 00 | 0c 00 02 00 00 00 00 00 00 00 61 00 62 00 | 00 00 02 00 00 00 00 00 00 00 fb 00 01 00 00 00 00 00 00 00 f3 00 01 00 00 00 00 00 00 00 78'],
  ['table', new Table(symVec(['x', 'y']), [i64s(1n, 2n), strVec(['p', 'q'])]), '62 00 | 0c 03 02 00 00 00 00 00 00 00 78 00 79 00 | 00 00 02 00 00 00 00 00 00 00 | 05 00 02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 | 0d 00 02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 70 01 00 00 00 00 00 00 00 71'],
  ['lambda', new Lambda([name('x')], [new List([name('+'), name('x'), 1])]), '64 00 | 0c 00 01 00 00 00 00 00 00 00 78 00 | 00 00 01 00 00 00 00 00 00 00 | 00 00 03 00 00 00 00 00 00 00 f4 00 2b 00 f4 00 78 00 fb 00 01 00 00 00 00 00 00 00'],
  ['lambda without parameters', new Lambda([], [1]), '64 00 | 05 00 00 00 00 00 00 00 00 00 | 00 00 01 00 00 00 00 00 00 00 fb 00 01 00 00 00 00 00 00 00'],
  ['binary builtin', BUILTINS.get('+')!, '66 2b 00'],
  ['unary builtin', BUILTINS.get('count')!, '65 63 6f 75 6e 74 00'],
  ['variadic builtin', BUILTINS.get('select')!, '67 73 65 6c 65 63 74 00'],
  ['error', new RayError('type'), '7f 74 79 70 65 00 00 00 00'],
  ['an error of seven letters', new RayError('reserve'), '7f 72 65 73 65 72 76 65 00'],
];

for (const [title, value, bytes] of CAPTURED) {
  test(`${title}: the reference's bytes, both ways`, () => {
    assert.equal(Buffer.from(encode(value)).toString('hex'), hex(bytes).toString('hex'));
    assert.deepStrictEqual(decode(hex(bytes), options), value);
  });
}

test('every value is written whole, wherever it meets the end of the memory of the encoder', () => {
  const memory = 65536;
  for (const [title, value, bytes] of CAPTURED) {
    const whole = hex(bytes);
    for (let room = 0; room <= Math.min(whole.length, 64); room++) {
      // In front of it: the heads of the list and of the str.
      const written = Buffer.from(encode(new List(['x'.repeat(memory - room - 20), value])));
      assert.ok(written.subarray(memory - room).equals(whole), `${title}, ${room} bytes before the end`);
    }
  }
});

test('integers keep each of their bytes', () => {
  for (const n of [0x12, 0x1234, 0x123456, 0x12345678, 0x9abcdef0, 0x1234_5678_9abc, 0x1f_edcb_a987_6543, -0x1234_5678_9abc]) {
    const wire = Buffer.alloc(10);
    wire[0] = 0xfb;
    wire.writeBigInt64LE(BigInt(n), 2);
    assert.equal(Buffer.from(encode(n)).toString('hex'), wire.toString('hex'));
    assert.equal(decode(wire, options), n);
  }
});

test('reading many items is stopped by an interrupt, while they are verified and while they are made', () => {
  const interrupt = new Interrupt();
  const outer = enter(interrupt);
  const items = Buffer.concat([hex('00 00'), size(MANY), hex('66 2b 00'), some(MANY - 1, '7e')]);
  try {
    for (const stopAt of [1, 2]) {
      let asked = 0;
      // A builtin is looked up in either pass.
      const resolve = (): Value => {
        if (++asked === stopAt) interrupt.raise();
        return BUILTINS.get('+')!;
      };
      assert.throws(() => decode(items, { resolve }), (e) => e instanceof RayError && e.code === 'cancel');
      assert.equal(asked, stopAt);
    }
    for (const column of [names, texts]) {
      interrupt.raise();
      assert.throws(() => decode(column, options), (e) => e instanceof RayError && e.code === 'cancel');
    }
  } finally {
    enter(outer);
  }
});

test('no beginning of an encoding is a value', () => {
  for (const [title, , bytes] of CAPTURED) {
    const whole = hex(bytes);
    for (let n = 0; n < whole.length; n++) {
      assert.throws(() => decode(whole, options, 0, n), (e) => e instanceof RayError && e.code === 'domain', `${title}, ${n} bytes`);
    }
  }
});

test('a value is found at any offset, and bytes behind it are ignored', () => {
  const bytes = Buffer.concat([hex('ff ff ff'), hex('fb 00 07 00 00 00 00 00 00 00'), hex('de ad be ef')]);
  assert.equal(decode(bytes, options, 3), 7);
});

test('the older dialect turns the meaning of the symbol flag around', () => {
  const old = { ...options, dialect: '216' as const };
  assert.equal(Buffer.from(encode(name('x'), old)).toString('hex'), 'f4207800');
  assert.equal(Buffer.from(encode(symbol('x'), old)).toString('hex'), 'f4007800');
  assert.equal(decode(hex('f4 20 78 00'), old), name('x'));
  assert.equal(decode(hex('f4 00 78 00'), old), symbol('x'));
});

const DECODED: [string, string, Value][] = [
  ['a set null bit wins over the bytes of the value', 'fb 01 05 00 00 00 00 00 00 00', I64_NULL],
  ['a sentinel without the null bit is null all the same', 'fb 00 00 00 00 00 00 00 00 80', I64_NULL],
  ['a null symbol is the empty symbol', 'f4 01 61 00', name('')],
  ['a null str is the empty str', 'f3 01 01 00 00 00 00 00 00 00 61', ''],
  ['any byte but 0 is true', 'ff 00 02', true],
  ['b8 columns hold 0 and 1 only', '01 00 02 00 00 00 00 00 00 00 02 00', vec(T.B8, Uint8Array.of(1, 0))],
  ['attributes of lists and lambdas mean nothing', '00 60 00 00 00 00 00 00 00 00', new List([])],
  ['an error in a list is the whole list', '00 00 02 00 00 00 00 00 00 00 7f 74 79 70 65 00 00 00 00 7e', new RayError('type')],
  ['an error deeper down too', '63 00 | 0c 00 01 00 00 00 00 00 00 00 61 00 | 00 00 01 00 00 00 00 00 00 00 7f 61 62 00 00 00 00 00 00', new RayError('ab')],
  ['what cannot be printed in an error code is masked', '7f 1b 5b 41 00 00 00 00 00', new RayError('?[A')],
  ['a dict of nulls is empty', '63 00 7e 7e', new Dict(new List([]), new List([]))],
  ['surplus column names are dropped', '62 00 0c 03 02 00 00 00 00 00 00 00 78 00 79 00 00 00 01 00 00 00 00 00 00 00 01 00 01 00 00 00 00 00 00 00 01', new Table(symVec(['x']), [vec(T.B8, Uint8Array.of(1))])],
];
for (const [title, bytes, value] of DECODED) test(title, () => assert.deepStrictEqual(decode(hex(bytes), options), value));

const REFUSED: [string, string, string][] = [
  ['an unknown tag', '61', 'type'],
  ['an unknown atom', '80 00', 'type'],
  ['a negative count', '05 00 ff ff ff ff ff ff ff ff', 'domain'],
  ['a count of 2^61', '05 00 00 00 00 00 00 00 00 20', 'domain'],
  ['a list longer than its bytes', '00 00 05 00 00 00 00 00 00 00 7e', 'domain'],
  ['a symbol without its terminator', 'f4 00 61', 'domain'],
  ['symbols without their terminators', '0c 00 02 00 00 00 00 00 00 00 61 00 62', 'domain'],
  ['a str element longer than its bytes', '0d 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 61', 'domain'],
  ['a builtin that is not known here', '65 66 6f 6f 00', 'name'],
  ['a dict of atoms', '63 00 fb 00 01 00 00 00 00 00 00 00 7e', 'domain'],
  ['a dict whose halves differ in length', '63 00 0c 00 01 00 00 00 00 00 00 00 61 00 7e', 'domain'],
  ['a table without names', '62 00 7e 7e', 'domain'],
  ['a table of atoms', '62 00 0c 03 01 00 00 00 00 00 00 00 78 00 00 00 01 00 00 00 00 00 00 00 7e', 'domain'],
  ['columns of different lengths', '62 00 0c 03 02 00 00 00 00 00 00 00 78 00 79 00 00 00 02 00 00 00 00 00 00 00 01 00 01 00 00 00 00 00 00 00 01 01 00 00 00 00 00 00 00 00 00', 'domain'],
  ['a lambda without a body', '64 00 7e 7e', 'domain'],
  ['a lambda whose parameters are numbers', '64 00 05 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00', 'domain'],
];
for (const [title, bytes, code] of REFUSED) {
  test(`${title} is refused`, () => assert.throws(() => decode(hex(bytes), options), (e) => e instanceof RayError && e.code === code));
}

const size = (n: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(n));
  return bytes;
};
const MANY = 300_000;
const some = (n: number, element: string): Buffer => Buffer.alloc(n * hex(element).length, hex(element));
const nulls = Buffer.concat([hex('00 00'), size(MANY), some(MANY, '7e')]);
const names = Buffer.concat([hex('0c 00'), size(MANY), some(MANY, '61 00')]);
const texts = Buffer.concat([hex('0d 00'), size(MANY), some(MANY, '01 00 00 00 00 00 00 00 61')]);
const listOf = (...items: Buffer[]): Buffer => Buffer.concat([hex('00 00'), size(items.length), ...items]);

/** Values as large as what is wrong with them comes late. */
const SPOILED: [string, Buffer, string][] = [
  ['a list', Buffer.concat([hex('00 00'), size(MANY + 1), some(MANY, '7e'), hex('61')]), 'type'],
  ['a list within a list', listOf(nulls, hex('61')), 'type'],
  ['a column of symbols', Buffer.concat([hex('0c 00'), size(MANY + 1), some(MANY, '61 00'), hex('61')]), 'domain'],
  ['a column of strs', Buffer.concat([hex('0d 00'), size(MANY + 1), some(MANY, '01 00 00 00 00 00 00 00 61'), hex('02 00 00 00 00 00 00 00 61')]), 'domain'],
  ['a numeric column', listOf(Buffer.concat([hex('02 00'), size(MANY), some(MANY, '07')]), hex('61')), 'type'],
  ['a long str', listOf(Buffer.concat([hex('f3 00'), size(MANY), some(MANY, '61')]), hex('61')), 'type'],
  ['a dict', Buffer.concat([hex('63 00'), names, nulls.subarray(0, 2), size(1), hex('7e')]), 'domain'],
  ['a table', Buffer.concat([hex('62 00 0c 00'), size(2), hex('61 00 62 00'), listOf(texts, hex('01 00 01 00 00 00 00 00 00 00 01'))]), 'domain'],
  ['a table of atoms after a column', Buffer.concat([hex('62 00 0c 00'), size(2), hex('61 00 62 00'), listOf(texts, hex('7e'))]), 'domain'],
  ['a lambda', Buffer.concat([hex('64 00'), names, hex('7e')]), 'domain'],
  ['a builtin with a long name', Buffer.concat([hex('65'), some(MANY, '61'), hex('00')]), 'name'],
];
for (const [title, bytes, code] of SPOILED) {
  test(`${title} that is spoiled at its end is refused before anything is allocated`, () => {
    // The least of some: what the engine compiles meanwhile is on the heap, too.
    const grown = Math.min(...Array.from({ length: 5 }, () => {
      const before = allocatedBytes();
      const heap = process.memoryUsage().heapUsed;
      assert.throws(() => decode(bytes, options), (e) => e instanceof RayError && e.code === code);
      assert.equal(allocatedBytes() - before, 0);
      return process.memoryUsage().heapUsed - heap;
    }));
    // The arrays of these values would be two million bytes and more.
    assert.ok(grown < 2 ** 20, `${grown} bytes`);
  });
}

/** [what, bytes, own bytes of the value] */
const TAKEN: [string, Buffer, number][] = [
  ['a list of nulls', nulls, 8 * MANY],
  ['a column of symbols', names, 4 * MANY],
  ['a column of strs', texts, 8 * MANY],
  ['a table without names, which needs none of its columns', Buffer.concat([hex('62 00 0c 00'), size(0), nulls]), 0],
  ['a table without columns, which needs none of its names', Buffer.concat([hex('62 00'), names, listOf()]), 0],
  ['a lambda', Buffer.concat([hex('64 00'), names, nulls]), 16 * MANY],
  ['an error behind many items', Buffer.concat([hex('00 00'), size(MANY + 1), some(MANY, '7e'), hex('7f 74 79 70 65 00 00 00 00')]), 0],
];
for (const [title, bytes, own] of TAKEN) {
  test(`${title}: the value is all that is allocated`, () => {
    const before = allocatedBytes();
    decode(bytes, options);
    assert.equal(allocatedBytes() - before, own);
  });
}

test('more items than an array can have are refused, however small they are packed', () => {
  const n = 2 ** 25;
  const packed = (count: number): Buffer => {
    const plain = Buffer.concat([hex('00 00'), size(count), Buffer.alloc(count, 0x7e)]);
    const to = Buffer.alloc(plain.length);
    return Buffer.from(to.subarray(0, compress(plain, 0, plain.length, to, 0)));
  };
  const tooMany = packed(n + 1);
  assert.ok(tooMany.length < 600_000);
  assert.throws(() => decodePayload(tooMany, 1, options), (e) => e instanceof RayError && e.code === 'limit');
});

test('512 levels of nesting pass, one more does not', () => {
  const nested = (levels: number): Buffer => Buffer.concat([...Array.from({ length: levels - 1 }, () => hex('00 00 01 00 00 00 00 00 00 00')), hex('7e')]);
  assert.deepStrictEqual(Buffer.from(encode(decode(nested(512), options))), nested(512));
  assert.throws(() => decode(nested(513), options), (e) => e instanceof RayError && e.code === 'domain');
  assert.throws(() => decode(nested(100_000), options), (e) => e instanceof RayError && e.code === 'domain');
  let deep: Value = null;
  for (let i = 0; i < 100_000; i++) deep = new List([deep]);
  assert.throws(() => encode(deep), (e) => e instanceof RayError && e.code === 'domain');
  assert.equal(Buffer.from(encode(null)).toString('hex'), '7e', 'and the encoder is as new');
});

test('a symbol that contains the terminator is not sent', () => {
  assert.throws(() => encode(symbol('a\0b')), (e) => e instanceof RayError && e.code === 'domain');
  assert.throws(() => encode(symVec(['a\0b'])), (e) => e instanceof RayError && e.code === 'domain');
});

test('a decoded column is its own: the receive buffer may be used again', () => {
  const bytes = Buffer.from(encode(i64s(1n, 2n)));
  const v = decode(bytes, options) as Vec;
  bytes.fill(0);
  assert.deepStrictEqual(v.data, BigInt64Array.of(1n, 2n));
});

test('shared memory is read like any other', () => {
  const value = new List([strVec(['longer than seven']), i64s(5n)]);
  const bytes = encode(value);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const v = decode(shared, options) as List;
  assert.deepStrictEqual(v, value);
  assert.ok(((v.items[1] as Vec).data as BigInt64Array).buffer instanceof ArrayBuffer);
});

test('messages keep their bytes when later ones are encoded', () => {
  const first = encode('first');
  const before = Buffer.from(first);
  encode('x'.repeat(100));
  assert.deepStrictEqual(Buffer.from(first), before);
  const large = encode('l'.repeat(1_000_000));
  encode('m'.repeat(2_000_000));
  assert.equal(decode(large, options), 'l'.repeat(1_000_000));
});

test('a message over 256 MiB is refused before it is built', () => {
  const page = vec(T.U8, new Uint8Array(1 << 27));
  assert.throws(() => encode(new List([page, page])), (e) => e instanceof RayError && e.code === 'limit');
});

/** Whole frames of a session, both sides. */
const FRAMES: [string, Value, number, string][] = [
  ['a request', '(+ 1 2)', 1, 'fa de fa ce 03 00 00 01 11 00 00 00 00 00 00 00 f3 00 07 00 00 00 00 00 00 00 28 2b 20 31 20 32 29'],
  ['its reply', 3, 2, 'fa de fa ce 03 00 00 02 0a 00 00 00 00 00 00 00 fb 00 03 00 00 00 00 00 00 00'],
  ['an error reply', new RayError('type', 'not sent'), 2, 'fa de fa ce 03 00 00 02 09 00 00 00 00 00 00 00 7f 74 79 70 65 00 00 00 00'],
  ['a notice', '(set zz 7)', 0, 'fa de fa ce 03 00 00 00 14 00 00 00 00 00 00 00 f3 00 0a 00 00 00 00 00 00 00 28 73 65 74 20 7a 7a 20 37 29'],
  ['a null reply', null, 2, 'fa de fa ce 03 00 00 02 01 00 00 00 00 00 00 00 7e'],
];
for (const [title, value, msgtype, bytes] of FRAMES) {
  test(`${title} is framed as the reference frames it`, () => assert.equal(Buffer.from(encodeFrame(value, { msgtype })).toString('hex'), hex(bytes).toString('hex')));
}

test('a long payload is packed unless that is switched off', () => {
  const sevens = vec(T.I64, new BigInt64Array(300).fill(7n));
  const packed = encodeFrame(sevens, { msgtype: 2, flags: 4 });
  assert.equal(packed[5], 5);
  assert.equal(packed.length, 1528);
  assert.deepStrictEqual(decodePayload(packed, packed[5], options, 16), sevens);
  const plain = encodeFrame(sevens, { msgtype: 2, compress: false });
  assert.equal(plain[5], 0);
  assert.equal(plain.length, 16 + 2410);
  const large = vec(T.I64, new BigInt64Array(100_000).fill(7n));
  const frame = encodeFrame(large, { msgtype: 2 });
  assert.equal(frame[5], 1);
  assert.deepStrictEqual(decodePayload(frame, 1, options, 16), large);
});

test('the limit holds for what a payload unpacks to', () => {
  const frame = encodeFrame(vec(T.U8, new Uint8Array(5000)), { msgtype: 1 });
  assert.equal((decodePayload(frame, frame[5], { ...options, limit: 5010 }, 16) as Vec).length, 5000);
  assert.throws(() => decodePayload(frame, frame[5], { ...options, limit: 5009 }, 16), (e) => e instanceof RayError && e.code === 'decompr');
  assert.throws(() => decodeVerbose(frame, frame[5], { ...options, limit: 5009 }, 16), (e) => e instanceof RayError && e.code === 'decompr');
});

test('a verbose reply keeps what was printed, errors included', () => {
  const printed = hex('00 00 02 00 00 00 00 00 00 00 f3 00 05 00 00 00 00 00 00 00 68 69 20 31 0a 7e');
  assert.deepStrictEqual(decodeVerbose(printed, 0, options), { printed: 'hi 1\n', result: null });
  const failed = encode(new List(['some text', new RayError('type')]));
  assert.deepStrictEqual(decodeVerbose(failed, 0, options), { printed: 'some text', result: new RayError('type') });
  assert.deepStrictEqual(decode(failed, options), new RayError('type'), 'which a plain reading loses');
  assert.deepStrictEqual(decodeVerbose(hex('7e'), 0, options), { printed: '', result: null });
  const long = encodeFrame(new List(['p'.repeat(5000), 1]), { msgtype: 2 });
  assert.deepStrictEqual(decodeVerbose(long, long[5], options, 16), { printed: 'p'.repeat(5000), result: 1 });
});
