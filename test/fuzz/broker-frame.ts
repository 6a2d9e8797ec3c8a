/** A stream yields the same bodies and the same end however it is cut; a body that decodes encodes to one that decodes alike. */
import { BodyReader, decodeBody, FramingError, frameBody, tryDecode } from '../../src/wire/broker/frame.js';
import * as messages from '../../src/wire/broker/messages.generated.js';
import { DecodeError } from '../../src/wire/broker/protobuf.js';
import { hex } from '../../src/wire/broker/secrets.js';
import type { Random } from './random.js';
import { check, damaged } from './target.js';

export const name = 'broker-frame';

export function once(bytes: Uint8Array): void {
  const whole = run(bytes, bytes.length);
  const step = 1 + (bytes.length > 0 ? bytes[bytes.length - 1] % 40 : 0);
  check(whole === run(bytes, step), `cut into pieces of ${step} the stream reads the same`);
  first(bytes, whole);
}

function run(bytes: Uint8Array, step: number): string {
  const reader = new BodyReader(1 << 20);
  const events: string[] = [];
  try {
    for (let at = 0; at < bytes.length; at += step) {
      reader.push(bytes.subarray(at, at + step));
      for (let body = reader.next(); body !== null; body = reader.next()) events.push(`${hex(body)} ${decoded(body)}`);
    }
    events.push(`${reader.rest().length} left`);
  } catch (e) {
    if (!(e instanceof FramingError)) throw e;
    events.push(JSON.stringify(e.fault));
  }
  return events.join('\n');
}

function decoded(body: Uint8Array): string {
  for (const { decode, encode } of PAYLOADS) again(body, decode, encode);
  try {
    const frame = decodeBody(body);
    for (const { decode, encode } of PAYLOADS) again(frame.payload, decode, encode);
    again(body, messages.decodeFrame, messages.encodeFrame);
    return `${frame.kind} ${frame.payloadProtocol} ${frame.requestId}`;
  } catch (e) {
    if (e instanceof FramingError) return e.fault.kind;
    throw e;
  }
}

function again<M>(bytes: Uint8Array, decode: (b: Uint8Array) => M, encode: (m: M) => Uint8Array): void {
  let message: M;
  try {
    message = decode(bytes);
  } catch (e) {
    if (e instanceof DecodeError) return;
    throw e;
  }
  const wire = encode(message);
  check(hex(encode(decode(wire))) === hex(wire), 'a message that was read is written and read alike');
}
const PAYLOADS: { decode(b: Uint8Array): never; encode(m: never): Uint8Array }[] = [
  { decode: messages.decodeHello as never, encode: messages.encodeHello as never },
  { decode: messages.decodeHelloReply as never, encode: messages.encodeHelloReply as never },
  { decode: messages.decodeDaemonProcess as never, encode: messages.encodeDaemonProcess as never },
  { decode: messages.decodeServiceDefinition as never, encode: messages.encodeServiceDefinition as never },
];

/** What the buffer decoder says of the first frame is what the stream reader said. */
function first(bytes: Uint8Array, whole: string): void {
  try {
    const got = tryDecode(bytes);
    if (got !== null && got.consumed <= 1 << 20) check(whole.startsWith(hex(bytes.subarray(5, got.consumed))), 'both decoders find the same body');
  } catch (e) {
    if (!(e instanceof FramingError)) throw e;
  }
}

export const input = damaged((r: Random) => Buffer.concat(Array.from({ length: 1 + r.int(3) }, () => frameBody(messages.encodeFrame(messages.createFrame({
  envelopeVersion: r.int(3), kind: r.int(5), payloadProtocol: r.pick([0, 0xad01, 0xb232, 0xd0ff, 0x7266, 0x7267, r.int(65536)]),
  payload: payload(r), requestId: BigInt(r.next() >>> 0) << BigInt(r.int(33)), payloadEncoding: r.int(8) === 0 ? 1 : 0,
  traceparent: r.pick(['', '00-aa-bb-01', 'é\u{1f680}']), tracestate: r.pick(['', 'v=1']),
}))))));

function payload(r: Random): Uint8Array {
  return r.pick<() => Uint8Array>([
    () => r.bytes(r.int(60)),
    () => messages.encodeHello(messages.createHello({ clientMinProtocol: 1, clientMaxProtocol: 1 + r.int(3), serviceName: r.pick(['zccache', 'BAD', '']), wantedVersion: r.pick(['1.0.0', 'v1']), clientKeepaliveSecs: BigInt(r.int(100)), authToken: r.bytes(r.int(33)) })),
    () => messages.encodeHelloReply(messages.createHelloReply({ refused: messages.createRefused({ reason: 'no', code: r.int(12), details: new Map([['a', 'b']]) }) })),
    () => messages.encodeDaemonProcess(messages.createDaemonProcess({ pid: r.next() >>> 0, ipcEndpoint: messages.createEndpoint({ path: '/x' }), idleTimeoutSecs: 0, exeHash: r.bytes(32) })),
    () => messages.encodeServiceDefinition(messages.createServiceDefinition({ serviceName: 'a', versionAllowList: ['1.0.0', ''], labels: new Map([['', 'x']]) })),
  ])();
}
