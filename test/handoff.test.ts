import assert from 'node:assert/strict';
import test from 'node:test';
import { frameWire, request, tryDecode } from '../src/wire/broker/frame.js';
import { ackWire, decideHandoff, FAILURE_RATE, HandoffError, isReady, judgeAck, offerWire, PendingHandoffs, readOffer, readyWire } from '../src/wire/broker/handoff.js';
import { ACK_DEADLINE_MS, acceptHandedOff, AckRegistry, adoptionText, TOKEN_BYTES, TOKEN_LIMITS, TokenStore, type AdoptionFault } from '../src/wire/broker/handoff-tokens.js';
import { BackendTable } from '../src/wire/broker/directories.js';
import { HelloHandler } from '../src/wire/broker/hello.js';
import { RateLimiter } from '../src/wire/broker/limits.js';
import { createFrame, createHandoffOffer, createHello, encodeHandoffAck, encodeHandoffOffer, encodeHello, type Frame, type HandoffAck } from '../src/wire/broker/messages.generated.js';
import { HANDOFF } from '../src/wire/broker/protocols.js';
import { bytes, hex, plain, VECTORS, type Json } from './support/broker-vectors.js';

const v = VECTORS.handoff;

/** Tokens 01.., 02.., and so on. */
function counting(): (n: number) => Uint8Array {
  let i = 0;
  return (n) => new Uint8Array(n).fill(++i);
}
function tokenOf(issued: Json): Uint8Array {
  assert.ok(issued.token instanceof Uint8Array, issued.fault);
  return issued.token;
}

/* ── the store ─────────────────────────────────────────────────────────── */

const STORES: Record<string, () => void> = {
  mismatch_does_not_consume() {
    const store = new TokenStore(counting());
    const a = tokenOf(store.issue(0));
    assert.equal(store.consume(a, new Uint8Array(16), 1), 'TokenMismatch');
    assert.equal(store.pending, 1);
    assert.equal(store.consume(a, a, 1), null);
    assert.equal(store.consume(a, a, 1), 'TokenNotPending');
  },
  capacity_1() {
    const store = new TokenStore(counting(), { maxPending: 1 });
    const a = tokenOf(store.issue(0));
    assert.deepEqual(store.issue(0), { fault: 'PendingLimitReached', max: 1 });
    store.consume(a, a, 0);
    tokenOf(store.issue(0));
  },
  expiry() {
    const store = new TokenStore(counting(), { maxPending: 1, ttlMs: 5 });
    const a = tokenOf(store.issue(0));
    assert.equal(store.consume(a, a, 6), 'TokenExpired');
    assert.equal(store.pending, 0);
    tokenOf(store.issue(6));
  },
  expiry_boundary() {
    for (const [now, expected] of [[4, null], [5, 'TokenExpired']] as const) {
      const store = new TokenStore(counting(), { ttlMs: 5 });
      const a = tokenOf(store.issue(0));
      assert.equal(store.consume(a, a, now), expected);
    }
  },
  collision() {
    const store = new TokenStore((n) => new Uint8Array(n), { maxPending: 2, collisionAttempts: 3 });
    tokenOf(store.issue(0));
    assert.deepEqual(store.issue(0), { fault: 'CollisionExhausted', attempts: 3 });
  },
  issue_prunes_expired_first() {
    const store = new TokenStore(counting(), { maxPending: 3, ttlMs: 10 });
    for (let i = 0; i < 3; i++) tokenOf(store.issue(0));
    tokenOf(store.issue(10));
    assert.equal(store.pending, 1);
  },
};
for (const c of v.token_store.cases) test(`token store: ${c.name}`, () => STORES[c.name]());

test('token store: defaults and smallest limits', () => {
  const { token_bytes, max_pending, ttl_ms, collision_attempts } = v.token_store.defaults;
  assert.deepEqual([TOKEN_BYTES, TOKEN_LIMITS], [token_bytes, { maxPending: max_pending, ttlMs: ttl_ms, collisionAttempts: collision_attempts }]);
  const store = new TokenStore(counting(), { maxPending: 0, ttlMs: 0, collisionAttempts: 0 });
  const a = tokenOf(store.issue(0));
  assert.equal(store.consume(a, a, 0), null);
});
test('token store: no randomness, no token', () => {
  assert.deepEqual(new TokenStore(() => { throw new Error('none'); }).issue(0), { fault: 'Random' });
});
test('token store: revoked once, pruned by the count', () => {
  const store = new TokenStore(counting(), { ttlMs: 10 });
  const a = tokenOf(store.issue(0));
  tokenOf(store.issue(1));
  tokenOf(store.issue(5));
  assert.deepEqual([store.revoke(a), store.revoke(a), store.prune(11), store.pending], [true, false, 1, 1]);
});

/* ── acknowledgements ──────────────────────────────────────────────────── */

function negotiate(acks: AckRegistry, clientCapabilities: bigint): Uint8Array {
  const directory = new BackendTable();
  directory.register({ serviceName: 'zccache', version: '1.0.0', pipe: '/b', capabilities: 0n, minVersion: '', allowList: [] });
  const handler = new HelloHandler({ directory, clock: () => 0, handoff: acks });
  const payload = encodeHello(createHello({ clientMinProtocol: 1, clientMaxProtocol: 1, serviceName: 'zccache', wantedVersion: '1.0.0', clientCapabilities }));
  return handler.handle(createFrame({ envelopeVersion: 1, payload }), { pid: 0, uid: '' }).negotiated!.handlePassedToken;
}
const BACKEND = { serviceName: 'zccache', pid: 0 };
function registry(deadlineMs?: number): AckRegistry {
  return new AckRegistry(new TokenStore(counting()), deadlineMs);
}

const ACKS: Record<string, () => void> = {
  negotiation_registers() {
    const acks = registry();
    const token = negotiate(acks, 1n);
    assert.deepEqual([acks.pending, acks.waitingFor(token)?.backend], [1, BACKEND]);
  },
  no_cap_registers_nothing() {
    const acks = registry();
    negotiate(acks, 0n);
    assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
  },
  ack_ok_then_duplicate() {
    const acks = registry();
    const token = tokenOf(acks.issue(BACKEND, 0));
    assert.deepEqual(acks.acknowledge(token, 40), { result: 'Acknowledged', token, backend: BACKEND, waitedMs: 40 });
    assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
    assert.deepEqual(acks.acknowledge(token, 41), { result: 'TokenNotPending' });
  },
  expire_overdue() {
    const acks = registry(10);
    const token = tokenOf(acks.issue(BACKEND, 0));
    assert.deepEqual(acks.expireOverdue(9), []);
    assert.deepEqual(acks.expireOverdue(1000).map((e) => hex(e.token)), [hex(token)]);
    assert.equal(acks.tokens.pending, 0);
    assert.equal(acks.acknowledge(token, 1001).result, 'TokenNotPending');
    assert.deepEqual(acceptHandedOff(acks.tokens, token, token, 1001), { fault: 'TokenNotPending' });
  },
  late_ack_without_sweep() {
    const acks = registry(5);
    const token = tokenOf(acks.issue(BACKEND, 0));
    assert.deepEqual(acks.acknowledge(token, 50), { result: 'AckDeadlineExceeded', backend: BACKEND, deadline: 5 });
    assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
  },
  deadline_boundary() {
    const acks = registry(5);
    const [a, b] = [tokenOf(acks.issue(BACKEND, 0)), tokenOf(acks.issue(BACKEND, 0))];
    assert.equal(acks.acknowledge(a, 4).result, 'Acknowledged');
    assert.equal(acks.nextDeadline, 5);
    assert.equal(acks.expireOverdue(5).length, 1);
    assert.equal(acks.acknowledge(b, 5).result, 'TokenNotPending');
    assert.equal(acks.nextDeadline, null);
  },
};
for (const c of v.ack_registry.cases) test(`ACK registry: ${c.name}`, () => ACKS[c.name]());

test('ACK registry: default and smallest deadline', () => {
  assert.equal(ACK_DEADLINE_MS, v.ack_registry.default_deadline_ms);
  assert.ok(ACK_DEADLINE_MS < TOKEN_LIMITS.ttlMs);
  const acks = registry(0);
  assert.equal(acks.acknowledge(tokenOf(acks.issue(BACKEND, 0)), 0).result, 'Acknowledged');
});
test('ACK registry: an abandoned handoff leaves no token', () => {
  const acks = registry();
  acks.abandon(tokenOf(acks.issue(BACKEND, 0)));
  assert.deepEqual([acks.pending, acks.tokens.pending], [0, 0]);
});

/* ── adoption ──────────────────────────────────────────────────────────── */

test('adoption: every presentation of the vectors, in a row', () => {
  const store = new TokenStore(counting(), { ttlMs: 100 });
  const expected = tokenOf(store.issue(0));
  const PRESENTED: Record<string, Uint8Array> = { '': bytes(''), 'other 16 bytes': new Uint8Array(16), match: expected, 'match again': expected };
  const seen: (AdoptionFault | null)[] = v.accept_handed_off.slice(0, 5).map((c: Json) => acceptHandedOff(store, expected, c.presented_len === undefined ? PRESENTED[c.presented] : new Uint8Array(c.presented_len), 1));
  assert.deepEqual(seen, [{ fault: 'MissingToken' }, { fault: 'InvalidTokenLength', actual: 15, expected: 16 }, { fault: 'TokenMismatch' }, null, { fault: 'TokenNotPending' }]);
  const late = tokenOf(store.issue(1));
  assert.deepEqual(acceptHandedOff(store, late, late, 101), { fault: 'TokenExpired' });
  assert.equal(store.pending, 0);
  assert.deepEqual(seen.flatMap((f) => (f === null ? [] : [adoptionText(f)])), ['handoff token is missing', 'handoff token length was 15 bytes; expected 16', 'handoff token mismatch', 'handoff token is not pending']);
  assert.equal(adoptionText({ fault: 'TokenExpired' }), 'handoff token expired');
});

/* ── frames ────────────────────────────────────────────────────────────── */

const body = (wire: Uint8Array): Uint8Array => wire.subarray(5);
const T11 = new Uint8Array(16).fill(0x11);
const T22 = new Uint8Array(16).fill(0x22);

test('an offer, byte for byte', () => {
  const offer = createHandoffOffer({ handleValue: BigInt(v.offer_frame.offer.handle_value), token: T11, serviceName: 'zccache', correlationId: BigInt(v.offer_frame.offer.correlation_id) });
  assert.equal(hex(offerWire(offer)), v.offer_frame.wire_hex);
  const read = readOffer(body(bytes(v.offer_frame.wire_hex)));
  assert.deepEqual(read.offer, offer);
});
test('an offer without a handle number, byte for byte', () => {
  const offer = createHandoffOffer({ token: T11, serviceName: 'zccache', correlationId: 1n });
  assert.equal(hex(offerWire(offer)), v.unix_production_offer.wire_hex);
  assert.deepEqual(plain(readOffer(body(offerWire(offer))).offer), plain(offer));
});
test('an ACK, byte for byte', () => {
  const offer = createHandoffOffer({ token: T22, correlationId: BigInt(v.ack_frame.ack.correlation_id) });
  assert.equal(hex(ackWire(readOffer(body(offerWire(offer))), 'handoff token mismatch')), v.ack_frame.wire_hex);
});
test('the ready event, byte for byte', () => assert.equal(hex(readyWire(T22, 1n)), v.ready_event_frame.wire_hex));

const OFFER = createHandoffOffer({ token: T11, serviceName: 'zccache', correlationId: 5n });
const accepted = body(ackWire(readOffer(body(offerWire(OFFER))), null));
function altered(frame: Partial<Frame>, ack: Partial<HandoffAck> = {}): Uint8Array {
  const good: HandoffAck = { token: T11, accepted: true, errorDetail: '', correlationId: 5n };
  return body(frameWire({ ...request(HANDOFF, encodeHandoffAck({ ...good, ...ack }), 5n), kind: 1, ...frame }));
}
const judge = (b: Uint8Array, now = 0): Json => judgeAck(b, { token: T11, correlationId: 5n, deadline: 10 }, now);

const WIRE: Record<string, () => void> = {
  ack_wrong_token: () => assert.equal(judge(altered({}, { token: T22 })).verdict, 'fallback'),
  ack_wrong_correlation_payload: () => assert.equal(judge(altered({}, { correlationId: 6n })).verdict, 'fallback'),
  ack_wrong_protocol_0xAD01: () => assert.equal(judge(altered({ payloadProtocol: 0xad01 })).verdict, 'fallback'),
  backend_eof_before_ack: () => assert.equal(judge(accepted.subarray(0, -1)).verdict, 'fallback'),
  ack_refused() {
    const verdict = judge(altered({}, { accepted: false, errorDetail: 'full' }));
    assert.equal(verdict.verdict, 'rejected');
    assert.match(verdict.detail, /refused.*full/);
  },
  ack_after_deadline() {
    assert.equal(judge(accepted, 10).verdict, 'accepted');
    assert.equal(judge(accepted, 11).verdict, 'fallback');
    ACKS.late_ack_without_sweep();
  },
  offer_on_control_protocol: () => assert.throws(() => readOffer(body(frameWire(request(0, encodeHandoffOffer(OFFER), 5n)))), unexpected('payload_protocol is not handoff')),
  offer_request_id_mismatch: () => assert.throws(() => readOffer(body(frameWire(request(HANDOFF, encodeHandoffOffer(OFFER), 6n)))), unexpected('frame request_id does not match HandoffOffer correlation_id')),
};
function unexpected(message: string): (e: unknown) => boolean {
  return (e) => e instanceof HandoffError && e.kind === 'UnexpectedFrame' && e.message === message;
}
for (const c of v.wire_cases) test(`handoff: ${c.name}`, () => WIRE[c.name]());

test('an ACK is looked at in order; only a good one that says no is a rejection', () => {
  const frame: Partial<Frame> = { envelopeVersion: 2, kind: 0, payloadProtocol: 0, payloadEncoding: 1, requestId: 6n };
  const ack: Partial<HandoffAck> = { correlationId: 6n, token: T22, accepted: false };
  const seen: string[] = [judge(bytes('ff')).verdict];
  for (const repair of [{}, { envelopeVersion: 1 }, { kind: 1 }, { payloadProtocol: HANDOFF }, { payloadEncoding: 0 }, { requestId: 5n }]) {
    Object.assign(frame, repair);
    seen.push(judge(altered(frame, ack)).detail);
  }
  for (const repair of [{ correlationId: 5n }, { token: T11 }, { accepted: true }]) {
    Object.assign(ack, repair);
    seen.push(judge(altered(frame, ack)).detail ?? 'accepted');
  }
  assert.deepEqual(seen, [
    'fallback', 'envelope_version is not v1', 'kind is not RESPONSE', 'payload_protocol is not handoff', 'payload is compressed', 'frame request_id does not match the offer',
    'correlation_id does not match the offer', 'token does not match the offer', 'backend refused the handoff: ', 'accepted',
  ]);
});

test('a client believes the event for its own token only', () => {
  const ready = body(readyWire(T11, 1n));
  assert.ok(isReady(ready, T11));
  const { frame } = tryDecode(readyWire(T11, 1n))!;
  const bad = [bytes('ff'), ready.subarray(0, -1), body(readyWire(T22, 1n)), accepted, body(frameWire({ ...frame, payloadEncoding: 1 })), body(frameWire({ ...frame, payload: bytes('ff') })), altered({ kind: 2 }, { accepted: false })];
  for (const b of bad) assert.ok(!isReady(b, T11));
});

/* ── whether to try ────────────────────────────────────────────────────── */

test('a handoff is tried where nothing speaks against it, in this order', () => {
  const { max_failed, window_ms } = v.fallback.defaults;
  assert.deepEqual(FAILURE_RATE, { max: max_failed, windowMs: window_ms });
  const failures = new RateLimiter<string>(FAILURE_RATE);
  const s = { clientSupports: false, serviceAllows: false, fdPressure: true, adoptedBackend: true };
  const decide = (now = 0): Json => decideHandoff(s, 'key', failures, now);
  for (let i = 0; i < 8; i++) failures.take('key', 0);
  const seen: string[] = [];
  for (const repair of [{}, { clientSupports: true }, { serviceAllows: true }, { fdPressure: false }, { adoptedBackend: false }]) {
    Object.assign(s, repair);
    seen.push(decide().decision);
  }
  assert.deepEqual(decide(1000), { decision: 'FailedAttemptRateLimited', retryAfterMs: 29_000 });
  seen.push(decide(30_000).decision);
  assert.deepEqual(seen, v.fallback.decision_order.map((d: string) => d.replace(/\(.*/, '')));
  failures.clear('key');
  assert.equal(decide().decision, 'Attempt', 'a success clears the counter');
});
test('handoffs that wait: so many, and not for long', () => {
  const { pending_queue_max, pending_queue_ttl_ms } = v.fallback.defaults;
  const queue = new PendingHandoffs<number>();
  const added = Array.from({ length: pending_queue_max + 1 }, (_, i) => queue.add(i, i === 0 ? 0 : 50));
  assert.deepEqual([added.slice(0, -1).every(Boolean), added.at(-1)], [true, false]);
  assert.deepEqual(queue.take(pending_queue_ttl_ms), { next: 1, expired: [0] });
  assert.equal(queue.take(150).expired.length, 62);
});
