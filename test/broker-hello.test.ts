import assert from 'node:assert/strict';
import test from 'node:test';
import { BackendTable, RegistrationError, type Registration } from '../src/wire/broker/directories.js';
import { frameWire } from '../src/wire/broker/frame.js';
import { AckRegistry, TokenStore } from '../src/wire/broker/handoff-tokens.js';
import { HelloHandler, type HelloOptions, type Peer } from '../src/wire/broker/hello.js';
import { RateLimiter } from '../src/wire/broker/limits.js';
import { createHello, createFrame, decodeFrame, encodeHello, type Frame, type Hello, type HelloReply } from '../src/wire/broker/messages.generated.js';
import { replyFrame } from '../src/wire/broker/refusal.js';
import { SessionTokens } from '../src/wire/broker/session-tokens.js';
import { bytes, hex, plain, VECTORS, type Json } from './support/broker-vectors.js';

const { backend, base_hello, base_frame, cases, sequences, wire_exchanges, session_token_cases } = VECTORS.hello;

const ZCCACHE: Registration = {
  serviceName: backend.service_definition.service_name, version: backend.daemon_version, pipe: backend.backend_pipe,
  capabilities: BigInt(backend.server_capabilities), minVersion: backend.service_definition.min_version, allowList: backend.service_definition.version_allow_list,
};

let seed = 0;
const random = (n: number): Uint8Array => new Uint8Array(n).fill(++seed);

function handler(options: Partial<HelloOptions> = {}): HelloHandler {
  const directory = new BackendTable();
  directory.register(ZCCACHE);
  return new HelloHandler({ directory, clock: () => 0, handoff: new AckRegistry(new TokenStore(random)), ...options });
}

const PEER: Peer = { pid: 4242, uid: 'test-peer' };

function hello(overrides: Partial<Hello> = {}): Frame {
  const base = createHello({
    clientMinProtocol: 1, clientMaxProtocol: 1, serviceName: 'zccache', wantedVersion: '1.11.20', clientVersion: base_hello.client_version,
    requestId: 'req-1', clientLibName: 'running-process', clientLibVersion: '4.0.3', clientKeepaliveSecs: 60n, ...overrides,
  });
  return createFrame({ envelopeVersion: 1, requestId: 7n, payload: encodeHello(base), traceparent: base_frame.traceparent, tracestate: base_frame.tracestate });
}

/** A reply as the vectors write it. */
function summary(reply: HelloReply): Json {
  const { negotiated, refused } = plain(reply);
  if (refused !== null) return { refused: { ...refused, retry_after_ms: Number(refused.retry_after_ms) } };
  const { handle_passed_token, ...rest } = negotiated;
  return {
    negotiated: {
      ...rest, server_capabilities: Number(rest.server_capabilities), keepalive_interval_secs: Number(rest.keepalive_interval_secs),
      handle_passed_token_len: handle_passed_token.length / 2, connection_id: Number(rest.connection_id),
    },
  };
}

const sorted = (o: Json): Json => JSON.parse(JSON.stringify(o, (_, v) => (v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v)));

test('there are 33 cases', () => assert.equal(cases.length, 33));
for (const v of cases) {
  test(`Hello: ${v.name}`, () => {
    const reply = handler().handle(decodeFrame(bytes(v.frame_hex)), { pid: v.peer.pid, uid: v.peer.uid_or_sid });
    assert.deepEqual(sorted(summary(reply)), sorted(v.expect));
  });
}

const [exchange] = wire_exchanges;
test(`a whole exchange, byte for byte: ${exchange.name}`, () => {
  const frame = decodeFrame(bytes(exchange.request_wire_hex).subarray(5));
  const reply = handler().handle(frame, { pid: exchange.peer_pid, uid: '' });
  assert.equal(hex(frameWire(replyFrame(frame, reply))), exchange.response_wire_hex);
});

/* ── sequences ─────────────────────────────────────────────────────────── */

const id = (reply: HelloReply): number => (reply.negotiated === null ? -reply.refused!.code : Number(reply.negotiated.connectionId));
const pidOf = (pid: number): Peer => ({ pid, uid: 'test-peer' });
const rate = (max: number, windowMs: number): { rate: { max: number; windowMs: number } } => ({ rate: { max, windowMs } });
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const minute = 60_000;

const SEQUENCES: Record<string, () => void> = {
  connection_ids_monotonic() {
    const h = handler();
    assert.deepEqual(upTo(100).map((pid) => id(h.handle(hello(), pidOf(pid)))), upTo(100));
  },
  herd_64() {
    const h = handler();
    assert.deepEqual(upTo(64).map(() => id(h.handle(hello(), PEER))), upTo(64));
  },
  refusals_do_not_consume_ids() {
    const h = handler();
    const ids = [hello(), hello({ serviceName: 'clud' }), hello()].map((f) => id(h.handle(f, PEER)));
    assert.deepEqual(ids, [1, -2, 2]);
  },
  rate_limit_budget_2() {
    const h = handler(rate(2, minute));
    assert.deepEqual([id(h.handle(hello(), PEER)), id(h.handle(hello(), PEER))], [1, 2]);
    const { refused } = h.handle(hello(), PEER);
    assert.deepEqual([refused?.code, refused?.reason, refused?.retryAfterMs], [4, 'Hello rate limit exceeded', 60000n]);
  },
  rate_limit_per_pid() {
    const h = handler(rate(1, minute));
    assert.deepEqual([1, 2, 1].map((pid) => id(h.handle(hello(), pidOf(pid)))), [1, 2, -4]);
  },
  rate_limit_pid_zero_exempt() {
    const h = handler(rate(1, minute));
    assert.deepEqual([0, 0].map((pid) => id(h.handle(hello(), pidOf(pid)))), [1, 2]);
  },
  rate_limit_flood() {
    const h = handler(rate(8, minute));
    assert.deepEqual(upTo(32).map(() => id(h.handle(hello(), PEER))), [...upTo(8), ...Array(24).fill(-4)]);
  },
  shape_errors_do_not_consume_budget() {
    const h = handler(rate(1, minute));
    assert.deepEqual([hello({ serviceName: 'BAD' }), hello(), hello()].map((f) => id(h.handle(f, PEER))), [-6, 1, -4]);
  },
  unknown_service_consumes_budget() {
    const h = handler(rate(1, minute));
    assert.deepEqual([hello({ serviceName: 'clud' }), hello()].map((f) => id(h.handle(f, PEER))), [-2, -4]);
  },
  window_reset() {
    let now = 0;
    const h = handler({ ...rate(1, 1000), clock: () => now });
    assert.equal(id(h.handle(hello(), PEER)), 1);
    now = 999;
    assert.equal(h.handle(hello(), PEER).refused?.retryAfterMs, 1n);
    now = 1000;
    assert.equal(id(h.handle(hello(), PEER)), 2);
    now = 1999;
    assert.equal(id(h.handle(hello(), PEER)), -4);
  },
  limiter_clamps() {
    const limiter = new RateLimiter<number>({ max: 0, windowMs: 0 });
    assert.deepEqual([limiter.take(1, 0), limiter.take(1, 0), limiter.take(1, 1)], [0, 1, 0]);
  },
};
for (const v of sequences) test(`Hellos in a row: ${v.name}`, () => SEQUENCES[v.name]());

test('a clock that counts parts of milliseconds leads to whole ones', () => {
  let now = 0.25;
  const h = handler({ ...rate(1, 1000), clock: () => now });
  h.handle(hello(), PEER);
  now = 500.5;
  assert.equal(h.handle(hello(), PEER).refused?.retryAfterMs, 500n);
});

test('processes whose window is over are forgotten', () => {
  let now = 0;
  const h = handler({ ...rate(1, 1000), clock: () => now });
  for (const pid of upTo(5000)) {
    now += 1;
    h.handle(hello(), pidOf(pid));
  }
  assert.ok(h.countedPeers <= 1001, `${h.countedPeers}`);
});

/* ── session tokens ────────────────────────────────────────────────────── */

const SESSIONS: Record<string, (s: SessionTokens) => Uint8Array> = {
  valid_composite: (s) => s.register('zccache'),
  wrong_length: (s) => s.register('zccache').subarray(0, 0),
  broker_half_mismatch(s) {
    const token = s.register('zccache');
    s.rotate();
    return token;
  },
  daemon_unknown(s) {
    const token = s.register('zccache');
    s.unregister('zccache');
    return token;
  },
  daemon_half_mismatch(s) {
    const token = s.register('zccache');
    s.register('zccache');
    return token;
  },
};
for (const v of session_token_cases) {
  test(`session token: ${v.name}`, () => {
    const sessions = new SessionTokens(random);
    const authToken = SESSIONS[v.name](sessions);
    const reply = handler({ sessions }).handle(hello({ authToken }), PEER);
    if (v.expect === 'negotiated') assert.equal(id(reply), 1);
    else assert.deepEqual(sorted(summary(reply)), sorted(v.expect));
  });
}
test('a refused session token uses up budget, but no connection id', () => {
  const sessions = new SessionTokens(random);
  const authToken = sessions.register('zccache');
  const h = handler({ sessions, ...rate(2, minute) });
  assert.deepEqual([hello(), hello({ authToken }), hello({ authToken })].map((f) => id(h.handle(f, PEER))), [-6, 1, -4]);
});

/* ── handoff ───────────────────────────────────────────────────────────── */

test('without a way to hand over, nobody is told there is one', () => {
  const { negotiated } = handler({ handoff: null }).handle(hello({ clientCapabilities: 1n }), PEER);
  assert.deepEqual([negotiated?.serverCapabilities, negotiated?.handlePassedToken.length], [0n, 0]);
});
test('a token that cannot be issued is left out, and the Hello succeeds', () => {
  const handoff = new AckRegistry(new TokenStore(random, { maxPending: 1 }));
  const directory = new BackendTable();
  directory.register({ ...ZCCACHE, capabilities: 0n });
  const h = new HelloHandler({ directory, clock: () => 0, handoff });
  const [first, second] = [1, 2].map(() => h.handle(hello({ clientCapabilities: 1n }), PEER).negotiated!);
  assert.deepEqual([first.handlePassedToken.length, first.serverCapabilities], [16, 1n]);
  assert.deepEqual([second.handlePassedToken.length, second.serverCapabilities, second.connectionId], [0, 0n, 2n]);
});

/* ── the table of backends ─────────────────────────────────────────────── */

test('a second registration of a service replaces the first', () => {
  const table = new BackendTable();
  table.register(ZCCACHE);
  table.register({ ...ZCCACHE, version: '2.0.0', pipe: '/second', minVersion: '', allowList: [] });
  const h = new HelloHandler({ directory: table, clock: () => 0 });
  assert.equal(h.handle(hello({ wantedVersion: '0.0.1' }), PEER).negotiated?.backendPipe, '/second');
});
test('versions of a service side by side: a client is led to the one it wants', () => {
  const table = new BackendTable();
  for (const version of ['1.0.0', '2.0.0']) table.register({ ...ZCCACHE, version, pipe: `/${version}`, minVersion: '', allowList: [] }, false);
  const h = new HelloHandler({ directory: table, clock: () => 0 });
  const pipe = (wantedVersion: string): string | undefined => h.handle(hello({ wantedVersion }), PEER).negotiated?.backendPipe;
  assert.deepEqual(['1.0.0', '2.0.0', '3.0.0'].map(pipe), ['/1.0.0', '/2.0.0', '/2.0.0']);
  assert.ok(table.unregister('zccache', '2.0.0'));
  assert.equal(pipe('2.0.0'), '/1.0.0');
  assert.ok(table.unregister('zccache'));
  assert.ok(!table.unregister('zccache'));
  assert.equal(id(h.handle(hello(), PEER)), -2);
});
test('a registration that cannot be is a mistake of the configuration', () => {
  const table = new BackendTable();
  for (const bad of [{ serviceName: 'BAD' }, { minVersion: 'v1' }, { allowList: ['1.0'] }, { pipe: '' }]) {
    assert.throws(() => table.register({ ...ZCCACHE, ...bad }), RegistrationError);
  }
  assert.deepEqual(table.list(), []);
});
