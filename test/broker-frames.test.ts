import assert from 'node:assert/strict';
import test from 'node:test';
import { BodyReader, envelopeFault, frameBody, FramingError, frameWire, MAX_FRAME_BYTES, MAX_HELLO_BYTES, request, responseTo, traceHeaders, tryDecode } from '../src/wire/broker/frame.js';
import { createFrame, encodeFrame } from '../src/wire/broker/messages.generated.js';
import { bytes, hex, pick, text, VECTORS, type Json } from './support/broker-vectors.js';

/** All bodies of a stream, and how it ended; `step` bytes at a time. */
function bodies(wire: Uint8Array, step: number, cap?: number): { bodies: Uint8Array[]; fault: Json } {
  const reader = new BodyReader(cap);
  const found: Uint8Array[] = [];
  try {
    for (let at = 0; at < wire.length; at += step) {
      reader.push(wire.subarray(at, at + step));
      for (let body = reader.next(); body !== null; body = reader.next()) found.push(body);
    }
  } catch (e) {
    assert.ok(e instanceof FramingError);
    return { bodies: found, fault: e.fault };
  }
  return { bodies: found, fault: found.length > 0 && reader.rest().length === 0 ? null : reader.eof().fault };
}

function expectedFault({ error, body_length, ...rest }: Json): Json {
  return { kind: error, ...(body_length === undefined ? {} : { bodyLength: body_length }), ...rest };
}

function fault(f: () => unknown): Json {
  try {
    f();
  } catch (e) {
    assert.ok(e instanceof FramingError, String(e));
    return e.fault;
  }
  return null;
}

const OPS: Record<string, (v: Json) => void> = {
  write(v) {
    const body = v.body_len === undefined ? bytes(v.body_hex) : new Uint8Array(v.body_len);
    if (v.expect?.error) return assert.deepEqual(fault(() => frameBody(body)), expectedFault(v.expect));
    const wire = frameBody(body);
    if (v.wire_hex !== undefined) assert.equal(hex(wire), v.wire_hex);
    if (v.wire_header_hex !== undefined) assert.equal(hex(wire.subarray(0, 5)), v.wire_header_hex);
    if (v.wire_len !== undefined) assert.equal(wire.length, v.wire_len);
  },
  read(v) {
    for (const step of [1, 2, 1000]) {
      const got = bodies(bytes(v.wire_hex), step, v.cap);
      if (v.expect.error) assert.deepEqual(got.fault, expectedFault(v.expect), `in steps of ${step}`);
      else assert.deepEqual([got.fault, got.bodies.map(hex)], [null, [v.expect.body_hex]]);
    }
  },
  read_all(v) {
    for (const step of [1, 3, 1000]) assert.deepEqual(bodies(bytes(v.wire_hex), step).bodies.map(text), v.expect.bodies_utf8);
  },
  roundtrip(v) {
    const body = Uint8Array.from({ length: 1024 }, (_, i) => i);
    const wire = frameBody(body);
    assert.equal(wire.length, v.expect.wire_len);
    assert.deepEqual(bodies(wire, 100).bodies, [body]);
  },
  try_decode_prefixes(v) {
    const wire = bytes(v.wire_hex);
    for (let n = 0; n < wire.length; n++) assert.equal(tryDecode(wire.subarray(0, n)), null, `${n} bytes`);
    assert.equal(tryDecode(wire)?.consumed, wire.length);
    assert.equal(tryDecode(Buffer.concat([wire, wire]))?.consumed, wire.length);
  },
  try_decode(v) {
    const expected = expectedFault(v.expect);
    const got = fault(() => tryDecode(bytes(v.wire_hex)));
    assert.deepEqual(pick(got, expected), expected);
  },
};

for (const v of VECTORS.framing) test(`framing: ${v.name}`, () => OPS[v.op](v));

test('the caps', () => {
  assert.deepEqual([MAX_FRAME_BYTES, MAX_HELLO_BYTES], [VECTORS.constants.MAX_FRAME_BYTES, VECTORS.constants.MAX_HELLO_BYTES]);
  assert.equal(frameBody(new Uint8Array(MAX_FRAME_BYTES)).length, MAX_FRAME_BYTES + 5);
});

for (const v of VECTORS.envelope_validation) {
  test(`envelope: ${v.name}`, () => {
    const { envelope_version, kind, payload_protocol, payload_encoding } = v.frame;
    const frame = createFrame({ envelopeVersion: envelope_version, kind, payloadProtocol: payload_protocol, payloadEncoding: payload_encoding });
    const got = envelopeFault(frame, v.expected_kind, v.expected_payload_protocol);
    assert.deepEqual(got, v.expect === 'ok' ? null : expectedFault(v.expect));
  });
}

const [ping, pong] = VECTORS.frame_constructors;
test(`constructors: ${ping.name}, ${pong.name}`, () => {
  const asked = request(ping.frame.payload_protocol, bytes(ping.frame.payload), BigInt(ping.frame.request_id));
  assert.equal(hex(frameWire(asked)), ping.wire_hex);
  assert.equal(hex(frameWire(responseTo(asked, bytes(pong.frame.payload)))), pong.wire_hex);
});

test('a response repeats id and trace, and forgets deadline and encoding', () => {
  const asked = { ...request(0x7a63, new Uint8Array(0), 2n ** 64n - 1n), traceparent: 'a', tracestate: 'b', deadlineUnixMs: 9n, payloadEncoding: 1 };
  const { requestId, traceparent, tracestate, deadlineUnixMs, payloadEncoding } = responseTo(asked, new Uint8Array(1));
  assert.deepEqual([requestId, traceparent, tracestate, deadlineUnixMs, payloadEncoding], [2n ** 64n - 1n, 'a', 'b', 0n, 0]);
  assert.deepEqual(traceHeaders(asked), [['traceparent', 'a'], ['tracestate', 'b']]);
  assert.deepEqual(traceHeaders({ ...asked, traceparent: '' }), [['tracestate', 'b']]);
});

test('a body announced but not received takes no memory', () => {
  const reader = new BodyReader();
  reader.push(bytes('0100000001'));
  assert.equal(reader.next(), null);
  reader.push(new Uint8Array(100));
  assert.equal(reader.next(), null);
  assert.equal(reader.rest().length, 105);
  assert.ok(reader.rest().buffer.byteLength < 1000);
});

test('bodies stay as they are while the stream goes on', () => {
  const reader = new BodyReader();
  const kept: Uint8Array[] = [];
  const wires = Array.from({ length: 200 }, (_, i) => frameBody(new Uint8Array(i).fill(i)));
  const stream = Buffer.concat(wires);
  for (let at = 0; at < stream.length; at += 7) {
    reader.push(Uint8Array.from(stream.subarray(at, at + 7)));
    for (let body = reader.next(); body !== null; body = reader.next()) kept.push(body);
  }
  assert.equal(kept.length, 200);
  kept.forEach((body, i) => assert.deepEqual(body, new Uint8Array(i).fill(i)));
});

test('an encoded frame is its body behind the header', () => {
  const frame = request(0x7a63, bytes('00ff'), 7n);
  assert.equal(hex(frameWire(frame)), hex(frameBody(encodeFrame(frame))));
});
