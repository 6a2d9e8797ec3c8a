import assert from 'node:assert/strict';
import test from 'node:test';
import * as messages from '../src/wire/broker/messages.generated.js';
import { DecodeError } from '../src/wire/broker/protobuf.js';
import * as protocols from '../src/wire/broker/protocols.js';
import { bytes, codec, hex, pick, plain, VECTORS, type Json } from './support/broker-vectors.js';

for (const v of [...VECTORS.frozen_messages, ...VECTORS.roundtrip_samples]) {
  test(`${v.message} ${v.name}: read and written byte for byte`, () => {
    const { decode, encode, create } = codec(v.message);
    const wire = bytes(v.hex);
    const message = decode(wire);
    assert.deepEqual(pick(plain(message), v.decoded), v.decoded);
    assert.equal(hex(encode(message)), v.hex);
    assert.equal(hex(encode(create(message))), v.hex);
    if (v.length !== undefined) assert.equal(wire.length, v.length);
  });

  test(`${v.message} ${v.name}: every prefix is either another message or refused, never anything else`, () => {
    const { decode, encode } = codec(v.message);
    const wire = bytes(v.hex);
    for (let n = 0; n < wire.length; n++) {
      const prefix = wire.subarray(0, n);
      try {
        assert.ok(encode(decode(prefix)).length <= n);
      } catch (e) {
        assert.ok(e instanceof DecodeError, String(e));
      }
    }
  });
}

for (const v of VECTORS.decode_tolerance) {
  test(`decoding ${v.message}: ${v.name}`, () => {
    const { decode } = codec(v.message);
    const read = (): Json => plain(decode(bytes(v.hex)));
    const { expect } = v;
    if (typeof expect === 'object') assert.deepEqual(pick(read(), expect), expect);
    else if (expect.startsWith('decode error')) assert.throws(read, DecodeError);
    else if (expect.includes('golden_hello')) {
      const golden = VECTORS.frozen_messages.find((g: Json) => g.name === 'golden_hello');
      assert.deepEqual(read(), plain(decode(bytes(golden.hex))));
    } else assert.deepEqual(read(), plain(codec('Frame').create()));
  });
}

test('the schema has the fields, numbers and enums of the vectors', () => {
  for (const [name, values] of Object.entries<Json>(VECTORS.enums)) {
    const ours = Object.values((messages as Json)[name]);
    assert.deepEqual(ours, Object.values(values), name);
  }
  for (const [name, fields] of Object.entries<Json>(VECTORS.schemas)) {
    assert.deepEqual(Object.keys(plain(codec(name).create())), fields.map(([, field]: Json) => field), name);
  }
});

test('the numbers of the registry', () => {
  const c = VECTORS.constants;
  assert.deepEqual([protocols.CONTROL, protocols.ADMIN, protocols.PROBE, protocols.HANDOFF, protocols.SESSION], [c.CONTROL, c.ADMIN, c.PROBE, c.HANDOFF, c.SESSION]);
  const ids = [...Array(65536).keys()];
  assert.deepEqual(ids.filter(protocols.isFirstParty).sort(), [...c.FIRST_PARTY].sort());
  const [from, to] = c.CONSUMER_RANGE;
  const [low, high] = c.PRIVATE_RANGE;
  assert.deepEqual(ids.filter(protocols.isConsumer), ids.filter((id) => (id >= from && id <= to) || (id >= low && id <= high)));
  for (const id of Object.values<number>(c.REGISTERED)) assert.ok(protocols.isConsumer(id));
});

test('64-bit numbers survive, all of them', () => {
  for (const value of [0n, 1n, 127n, 128n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const hello = messages.createHello({ clientCapabilities: value, clientKeepaliveSecs: value });
    assert.deepEqual(messages.decodeHello(messages.encodeHello(hello)), hello);
  }
});

test('numbers of more than 64 bits, and groups nested too deep, are refused', () => {
  assert.throws(() => messages.decodeHello(bytes('30ffffffffffffffffff02')), DecodeError);
  assert.throws(() => messages.decodeHello(bytes('30ffffffffffffffffffff01')), DecodeError);
  assert.throws(() => messages.decodeHello(new Uint8Array(500).fill(0xab)), DecodeError);
  assert.throws(() => messages.decodeHello(bytes('00')), DecodeError);
});

test('a oneof holds its last arm, and parts of one arm are joined', () => {
  const { decode } = codec('HelloReply');
  const both = decode(bytes('0a020801' + '12021001'));
  assert.equal(both.negotiated, null);
  assert.notEqual(both.refused, null);
  const joined = decode(bytes('0a020801' + '0a023005')).negotiated;
  assert.deepEqual([joined.negotiatedProtocol, joined.keepaliveIntervalSecs], [1, 5n]);
});

test('an optional number is written even when it is 0', () => {
  assert.equal(hex(messages.encodeDaemonProcess(messages.createDaemonProcess({ idleTimeoutSecs: 0 }))), '3800');
  assert.equal(messages.decodeDaemonProcess(bytes('3800')).idleTimeoutSecs, 0);
  assert.equal(messages.decodeDaemonProcess(bytes('')).idleTimeoutSecs, null);
});

test('keys of maps are data', () => {
  const labels = new Map([['__proto__', 'x'], ['', '']]);
  const decoded = messages.decodeServiceDefinition(messages.encodeServiceDefinition(messages.createServiceDefinition({ labels })));
  assert.deepEqual(decoded.labels, labels);
});

test('text keeps a byte order mark', () => {
  const hello = messages.createHello({ serviceName: '\ufeffa', clientVersion: '\ufeff'.repeat(40) });
  assert.deepEqual(messages.decodeHello(messages.encodeHello(hello)), hello);
});
