import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from '../src/wire/broker/byte-queue.js';
import { BodyReader, frameBody, frameWire, tryDecode } from '../src/wire/broker/frame.js';
import { TokenStore } from '../src/wire/broker/handoff-tokens.js';
import { RateLimiter } from '../src/wire/broker/limits.js';
import * as m from '../src/wire/broker/messages.generated.js';
import { isVersion, nameFault, versionFault } from '../src/wire/broker/names.js';
import { sameBytes } from '../src/wire/broker/secrets.js';
import { plain, type Json } from './support/broker-vectors.js';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const blob = fc.uint8Array({ maxLength: 300 });
const pairs = fc.array(fc.tuple(text, text), { maxLength: 4 }).map((entries) => new Map(entries));
const strings = fc.array(text, { maxLength: 4 });

const frame = fc.record({ envelopeVersion: u32, kind: i32, payloadProtocol: u32, payload: blob, requestId: u64, payloadEncoding: i32, deadlineUnixMs: u64, traceparent: text, tracestate: text });
const negotiated = fc.record({ negotiatedProtocol: u32, daemonVersion: text, backendPipe: text, warnings: strings, serverCapabilities: u64, keepaliveIntervalSecs: u64, handlePassedToken: blob, connectionId: u64 });
const refused = fc.record({ reason: text, daemonMinProtocol: u32, daemonMaxProtocol: u32, code: i32, details: pairs, retryAfterMs: u64 });
const endpoint = fc.record({ namespaceId: text, path: text });

/** Every message by its name, with values for all its fields. */
const MESSAGES: Record<string, fc.Arbitrary<Json>> = {
  Frame: frame,
  Hello: fc.record({
    clientMinProtocol: u32, clientMaxProtocol: u32, serviceName: text, wantedVersion: text, clientVersion: text, clientCapabilities: u64, authToken: blob, requestId: text, connectionId: u64,
    peerPid: u32, clientLibName: text, clientLibVersion: text, peerAttestationNonce: blob, capabilityToken: blob, clientKeepaliveSecs: u64,
  }),
  HelloReply: fc.oneof(negotiated.map((n) => ({ negotiated: n, refused: null })), refused.map((r) => ({ negotiated: null, refused: r })), fc.constant({ negotiated: null, refused: null })),
  Negotiated: negotiated,
  Refused: refused,
  HandoffOffer: fc.record({ handleValue: u64, token: blob, serviceName: text, correlationId: u64 }),
  HandoffAck: fc.record({ token: blob, accepted: fc.boolean(), errorDetail: text, correlationId: u64 }),
  AdminRequest: fc.record({ verb: i32, json: fc.boolean(), serviceName: text, outputPath: text, drainDeadlineMs: u64 }),
  AdminReply: fc.record({ kind: i32, body: text, exitCode: u32, contentType: text }),
  Endpoint: endpoint,
  DaemonProcess: fc.record({ pid: u32, exePath: text, ipcEndpoint: fc.option(endpoint), startedAtUnixMs: u64, bootId: text, idleTimeoutSecs: fc.option(u32), exeHashAlgorithm: text, exeHash: blob }),
  HostIdentity: fc.record({ hostname: text, machineId: text, bootId: text, fsDevId: u64, namespaceId: text }),
  ServiceDefinition: fc.record({ serviceName: text, binaryPath: text, isolation: i32, explicitInstance: text, perVersionBinaryDir: text, minVersion: text, versionAllowList: strings, labels: pairs }),
};

for (const [name, values] of Object.entries(MESSAGES)) {
  test(`${name}: what is written is read again`, () => {
    const { [`encode${name}`]: encode, [`decode${name}`]: decode } = m as Json;
    fc.assert(fc.property(values, (message) => assert.deepEqual(plain(decode(encode(message))), plain(message))), { numRuns: 300 });
  });

  test(`${name}: unknown fields behind it change nothing`, () => {
    const { [`encode${name}`]: encode, [`decode${name}`]: decode } = m as Json;
    const unknown = fc.constantFrom('f80601', 'fa060131', 'f90600000000000000ff', 'fd0600000000', 'fb060801fc06');
    fc.assert(fc.property(values, unknown, (message, hex) => {
      assert.deepEqual(plain(decode(Buffer.concat([encode(message), Buffer.from(hex, 'hex')]))), plain(message));
    }), { numRuns: 100 });
  });
}

test('frames come out of a stream as they went in, however it is cut', () => {
  fc.assert(fc.property(fc.array(blob, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (bodies, cuts) => {
    const stream = Buffer.concat(bodies.map(frameBody));
    const reader = new BodyReader();
    const out: Uint8Array[] = [];
    for (let at = 0, i = 0; at < stream.length; at += cuts[i++ % cuts.length]) {
      reader.push(Uint8Array.from(stream.subarray(at, at + cuts[i % cuts.length])));
      for (let body = reader.next(); body !== null; body = reader.next()) out.push(body);
    }
    assert.deepEqual(out.map((b) => [...b]), bodies.map((b) => [...b]));
  }));
});

test('a frame needs all of its bytes and takes no more', () => {
  fc.assert(fc.property(frame, blob, (f, tail) => {
    const wire = frameWire(f);
    assert.equal(tryDecode(wire.subarray(0, -1)), null);
    assert.equal(tryDecode(Buffer.concat([wire, tail]))?.consumed, wire.length);
  }), { numRuns: 300 });
});

test('a queue holds what was appended and not dropped, and its views last', () => {
  fc.assert(fc.property(fc.array(fc.oneof(blob, fc.nat(400)), { maxLength: 40 }), (moves) => {
    const queue = new ByteQueue();
    let model: number[] = [];
    const kept: [Uint8Array, number[]][] = [];
    for (const move of moves) {
      if (typeof move === 'number') {
        const n = Math.min(move, model.length);
        queue.drop(n);
        model = model.slice(n);
      } else {
        queue.append(move);
        model = [...model, ...move];
      }
      kept.push([queue.bytes, [...model]]);
      assert.equal(queue.length, model.length);
    }
    for (const [view, expected] of kept) assert.deepEqual([...view], expected);
  }));
});

test('a limit lets so many through in every window', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(40)), { maxLength: 200 });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 4 }), (moves, max) => {
    const limiter = new RateLimiter<number>({ max, windowMs: 100 });
    const model = new Map<number, { start: number; count: number }>();
    let now = 0;
    for (const [key, wait] of moves) {
      now += wait;
      let w = model.get(key);
      if (w === undefined || now - w.start >= 100) model.set(key, (w = { start: now, count: 0 }));
      const expected = w.count < max ? 0 : 100 - (now - w.start);
      if (expected === 0) w.count++;
      assert.equal(limiter.take(key, now), expected);
    }
    assert.ok(limiter.size <= 3);
  }));
});

test('a token is used once, by its time, or never', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(30), fc.boolean())), (moves) => {
    let i = 0;
    const store = new TokenStore(() => Uint8Array.from({ length: 16 }, () => i++), { maxPending: 4, ttlMs: 50 });
    const live: { token: Uint8Array; until: number }[] = [];
    let now = 0;
    for (const [which, wait, issue] of moves) {
      now += wait;
      const alive = live.filter((t) => now < t.until);
      if (issue) {
        const issued = store.issue(now);
        assert.equal('token' in issued, alive.length < 4);
        if ('token' in issued) alive.push({ token: issued.token, until: now + 50 });
        live.splice(0, live.length, ...alive);
      } else if (live.length > 0) {
        const [{ token, until }] = live.splice(which % live.length, 1);
        assert.equal(store.consume(token, token, now) === null, now < until);
      }
    }
  }));
});

test('secrets are the same when all their bytes are', () => {
  fc.assert(fc.property(blob, blob, (a, b) => {
    assert.equal(sameBytes(a, b), Buffer.compare(a, b) === 0);
    assert.ok(sameBytes(a, a.slice()));
  }));
});

test('names and versions against their patterns, as bytes', () => {
  const near = fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '-', '.', 'A', '_', 'é', '\n'), maxLength: 70 });
  fc.assert(fc.property(near, (s) => {
    assert.equal(nameFault(s) === null, /^[a-z0-9-]{1,64}$/.test(s));
    const [core, ...tail] = s.split('-');
    const ok = core.split('.').length === 3 && core.split('.').every((p) => /^\d+$/.test(p)) && tail.length <= 1 && tail.every((t) => /^[a-z0-9.]+$/.test(t));
    assert.equal(isVersion(s), ok);
  }), { numRuns: 2000 });
});

test('the floor orders versions as numbers', () => {
  const part = fc.integer({ min: 0, max: 12 });
  const version = fc.tuple(part, part, part);
  fc.assert(fc.property(version, version, (a, b) => {
    const below = a.map((x, i) => x - b[i]).find((d) => d !== 0)! < 0;
    assert.equal(versionFault(a.join('.'), { minVersion: b.join('.'), allowList: [] }) === 'BelowMinVersion', below);
  }));
});
