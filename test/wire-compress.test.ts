import assert from 'node:assert/strict';
import test from 'node:test';
import { RayError } from '../src/lang/errors.js';
import { T, Vec } from '../src/lang/value.js';
import { compress, inflate } from '../src/wire/rayforce/compress.js';
import { encode } from '../src/wire/rayforce/value.js';
import { byTheBook, packed, packsByTheBook, til, unpacksByTheBook } from './support/packing.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/g, ''), 'hex');

test('300 sevens pack to what the reference sends', () => {
  const bytes = packed(encode(new Vec(T.I64, new BigInt64Array(300).fill(7n))))!;
  assert.equal(bytes.length, 1512);
  assert.equal(bytes.toString('hex'), `6a090000${'fb05fb2cd5ff'}0500${'fe07f90600'.repeat(300)}`);
});

test('(til 5000) packs to what the reference sends', () => {
  const bytes = packed(til(5000))!;
  assert.equal(bytes.length, 29731);
  const start = hex('4a 9c 00 00 fb 05 fb 88 8b ed 0d 00 fe 01 ff 06 00 fe 02 fe 06 00 fe 03 fd 06 00 fe 04 fc 06 00 fe 05 fb 06 00');
  assert.deepStrictEqual(bytes.subarray(0, start.length), start);
  assert.equal(bytes.subarray(-20).toString('hex'), hex('05 00 fd 85 8e ed 05 00 fd 86 8d ed 05 00 fd 87 8c ed 05 00').toString('hex'));
});

test('payloads up to 2000 bytes are left alone', () => {
  assert.equal(packed(new Uint8Array(2000)), null);
  assert.equal(packed(new Uint8Array(2001))?.length, 4 + 2 * Math.ceil(2001 / 127));
  assert.equal(packed(til(248)), null);
  assert.equal(packed(til(249))?.length, 1250);
});

test('a payload that does not get smaller is left alone', () => {
  let x = 1;
  assert.equal(packed(Uint8Array.from({ length: 3000 }, () => (x = (x * 48271) % 2147483647) & 255)), null);
});

test('long and short runs, literals and window borders follow the rule', packsByTheBook);

test('what was changed on the way inflates by the rule, or not at all', unpacksByTheBook);

test('the first byte that would not be smaller ends it', () => {
  // Around the point of no gain: some lengths of noise before a run that just pays or just does not.
  let x = 7;
  const noise = Uint8Array.from({ length: 2100 }, () => (x = (x * 48271) % 2147483647) & 255);
  for (let zeros = 0; zeros < 80; zeros++) {
    const bytes = Buffer.concat([noise, new Uint8Array(zeros)]);
    assert.deepStrictEqual(packed(bytes), byTheBook(bytes), `${zeros} zeros`);
  }
});

test('packing can begin and end anywhere in a buffer', () => {
  const inner = til(400);
  const around = Buffer.concat([Buffer.alloc(33, 0xaa), inner, Buffer.alloc(17, 0xbb)]);
  const to = Buffer.alloc(inner.length + 5);
  const n = compress(around, 33, 33 + inner.length, to, 5);
  assert.deepStrictEqual(to.subarray(5, 5 + n), packed(inner));
  assert.deepStrictEqual(inflate(Buffer.concat([hex('00'), to.subarray(5, 5 + n)]), 1, 1 + n), Buffer.from(inner));
});

test('tokens are read as the reference reads them', () => {
  const one = hex('fb 00 01 00 00 00 00 00 00 00').toString('hex');
  const read = (text: string): string => Buffer.from(inflate(hex(text), 0, hex(text).length)).toString('hex');
  assert.equal(read('0a000000 fc fb0501ff 0600'), one);
  assert.equal(read('0a000000 0000 fc fb0501ff 0600'), one, 'a count of 0 copies nothing');
  assert.equal(read('0a000000 fc fb0501ff 0600 ffff'), one, 'what follows is ignored');
});

const BROKEN: [string, string][] = [
  ['no size', '0a0000'],
  ['a size of 0', '00000000 0600'],
  ['a size over 256 MiB', '01000010 0600'],
  ['no tokens', '0a000000'],
  ['a run without its byte', '06000000 06'],
  ['a literal that is cut off', '04000000 fc fb05'],
  ['more than the size claimed', '05000000 0600'],
  ['less than the size claimed', '07000000 0600'],
];
for (const [title, bytes] of BROKEN) {
  test(`${title} does not inflate`, () => assert.throws(() => inflate(hex(bytes), 0, hex(bytes).length), (e) => e instanceof RayError && e.code === 'decompr'));
}
