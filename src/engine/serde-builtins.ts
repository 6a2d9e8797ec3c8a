/** `ser` and `de`: values as the bytes of one frame. They live here because builtins know no wire format. */
import type { BuiltinRow } from '../lang/builtin.js';
import { fail, RayError } from '../lang/errors.js';
import type { Env } from '../lang/env.js';
import { T, Vec, name, tagOf, type Value } from '../lang/value.js';
import { HEADER_SIZE, WIRE_VERSION, readSize } from '../wire/rayforce/header.js';
import { decode, encodeFrame } from '../wire/rayforce/value.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'ser', arity: 1, nullable: true, args: 'x', doc: 'x as bytes: a frame of the wire format', example: '(count (ser [1 2 3]))',
    fn: (x) => {
      const frame = encodeFrame(x, { msgtype: 0, compress: false });
      return new Vec(T.U8, new Uint8Array(frame.buffer, frame.byteOffset, frame.length));
    },
  },
  {
    name: 'de', arity: 1, args: 'bytes', doc: 'the value in bytes that `ser` made; domain: other bytes, version: of another format', example: '(de (ser [1 2 3]))',
    fn: (x, rt) => {
      const v = decode(frameOf(x), { resolve: resolver(rt.env) }, HEADER_SIZE);
      if (v instanceof RayError) throw v;
      return v;
    },
  },
];

/** Looks builtins up by name as the decoder needs it. */
export const resolver = (env: Env) => (text: string): Value | undefined => env.lookup(name(text));

function frameOf(x: Value): Uint8Array {
  if (Math.abs(tagOf(x)) !== T.U8) fail('type', 'deserialize: not a u8 vector');
  const bytes = x instanceof Vec ? (x.data as Uint8Array) : NONE;
  if (bytes.length < HEADER_SIZE) fail('domain', `deserialize: ${bytes.length} bytes are no frame`);
  if (MAGIC.some((b, i) => bytes[i] !== b)) fail('domain', 'deserialize: the bytes are no frame');
  if (bytes[4] !== WIRE_VERSION) fail('version', `deserialize: wire version ${bytes[4]}, not ${WIRE_VERSION}`);
  if (bytes[6] !== 0) fail('domain', `deserialize: byte order ${bytes[6]}, not 0`);
  const size = readSize(bytes, 8);
  if (size !== bytes.length - HEADER_SIZE) fail('domain', `deserialize: the header promises ${size} bytes, ${bytes.length - HEADER_SIZE} follow`);
  return bytes;
}

const NONE = new Uint8Array(0);
const MAGIC = [0xfa, 0xde, 0xfa, 0xce];
