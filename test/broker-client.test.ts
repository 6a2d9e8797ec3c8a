import assert from 'node:assert/strict';
import test from 'node:test';
import { brokersDisabled, ClientFlow, handoffNegotiated, helloFrame, readReply, refusalClass, timeoutFrom, type ClientOptions, type ClientStep } from '../src/wire/broker/client.js';
import { frameBody, frameWire, request, tryDecode } from '../src/wire/broker/frame.js';
import { readyWire } from '../src/wire/broker/handoff.js';
import { createHelloReply, createNegotiated, createRefused, decodeHello, encodeHelloReply, type HelloReply, type Negotiated } from '../src/wire/broker/messages.generated.js';
import { bytes, type Json } from './support/broker-vectors.js';

const TOKEN = new Uint8Array(16).fill(7);

function replyWire(reply: Partial<HelloReply>): Uint8Array {
  return frameWire({ ...request(0, encodeHelloReply(createHelloReply(reply)), 1n), kind: 1 });
}
function negotiated(part: Partial<Negotiated> = {}): Uint8Array {
  return replyWire({ negotiated: createNegotiated({ negotiatedProtocol: 1, backendPipe: '/backend', ...part }) });
}
const HANDING = { serverCapabilities: 1n, handlePassedToken: TOKEN };

/** A step in a few words. */
function brief(step: ClientStep): string {
  switch (step.step) {
    case 'dial': return `dial ${step.to} ${step.path}`;
    case 'send': return 'send';
    case 'wait': return `wait ${step.timeoutMs}`;
    case 'done': return `done ${step.route} ${step.endpoint}`;
    case 'failed': return `failed ${step.fault.kind}`;
  }
}

type Move = 'start' | 'connected' | 'failed' | 'timeout' | Uint8Array;
function walk(options: Partial<ClientOptions>, moves: Move[]): string[] {
  const flow = new ClientFlow({ broker: '/broker', hello: { serviceName: 's', wantedVersion: '1.0.0' }, ...options });
  return moves.map((move) => {
    if (move instanceof Uint8Array) return brief(flow.receive(move));
    return brief(move === 'failed' ? flow.failed('gone') : flow[move]());
  });
}

test('through the broker to the backend', () => {
  assert.deepEqual(walk({}, ['start', 'connected', negotiated(), 'connected']), ['dial broker /broker', 'send', 'dial backend /backend', 'done BrokerNegotiated /backend']);
});
test('a reply byte by byte is the same reply', () => {
  const wire = negotiated();
  const steps = walk({}, ['start', 'connected', ...[...wire].map((b) => Uint8Array.of(b))]);
  assert.deepEqual(steps.slice(2), [...Array(wire.length - 1).fill('wait null'), 'dial backend /backend']);
});
test('what a client says of itself', () => {
  const frame = helloFrame({ serviceName: 's', wantedVersion: '1.0.0', peerPid: 9 });
  const hello = decodeHello(frame.payload);
  assert.deepEqual(
    [frame.requestId, hello.clientMinProtocol, hello.clientMaxProtocol, hello.requestId, hello.clientLibName, hello.peerPid, hello.clientKeepaliveSecs, hello.clientCapabilities],
    [1n, 1, 1, 'hello', 'running-process', 9, 0n, 1n],
  );
});

test('a known endpoint of the own version is dialled without asking', () => {
  const known = { cachedEndpoint: '/known', selfVersion: '1.0.0' };
  assert.deepEqual(walk(known, ['start', 'connected']), ['dial backend /known', 'done HelloSkip /known']);
  assert.deepEqual(walk(known, ['start', 'failed', 'connected']), ['dial backend /known', 'dial broker /broker', 'send']);
  assert.deepEqual(walk(known, ['start', 'timeout']), ['dial backend /known', 'dial broker /broker']);
  assert.deepEqual(walk({ ...known, selfVersion: '1.0.1' }, ['start']), ['dial broker /broker']);
});

test('a connection that is handed over is kept', () => {
  const moves: Move[] = ['start', 'connected', negotiated(HANDING), readyWire(TOKEN, 1n)];
  assert.deepEqual(walk({ adopt: true }, moves).slice(2), ['wait 2000', 'done HandlePassed /backend']);
  const together = Buffer.concat([negotiated(HANDING), readyWire(TOKEN, 1n)]);
  assert.deepEqual(walk({ adopt: true }, ['start', 'connected', together]).slice(2), ['done HandlePassed /backend']);
});
test('whatever goes wrong with a handoff, the client dials the backend', () => {
  const begin: Move[] = ['start', 'connected', negotiated(HANDING)];
  const wrong: Move[] = ['timeout', 'failed', readyWire(new Uint8Array(16), 1n), frameBody(bytes('ff')), bytes('02'), frameWire(request(0, bytes('')))];
  for (const move of wrong) assert.deepEqual(walk({ adopt: true }, [...begin, move, 'connected']).slice(3), ['dial backend /backend', 'done BrokerNegotiated /backend']);
});
test('a handoff needs the bit, a token and the client\'s will', () => {
  const parts: Partial<Negotiated>[] = [{ serverCapabilities: 1n }, { handlePassedToken: TOKEN }, {}];
  for (const part of parts) assert.ok(!handoffNegotiated(createNegotiated(part)));
  assert.ok(handoffNegotiated(createNegotiated(HANDING)));
  for (const part of parts) assert.deepEqual(walk({ adopt: true }, ['start', 'connected', negotiated(part)]).at(-1), 'dial backend /backend');
  assert.deepEqual(walk({ adopt: false }, ['start', 'connected', negotiated(HANDING)]).at(-1), 'dial backend /backend');
});

test('a client without a reply fails, and says why', () => {
  const end = (...moves: Move[]): string => walk({}, ['start', ...moves]).at(-1)!;
  assert.equal(end('failed'), 'failed Io');
  assert.equal(end('connected', 'timeout'), 'failed Timeout');
  assert.equal(end('connected', 'failed'), 'failed Io');
  assert.equal(end('connected', bytes('02')), 'failed Malformed');
  assert.equal(end('connected', frameBody(bytes('ff'))), 'failed Malformed');
  assert.equal(end('connected', frameWire(request(0, bytes('')))), 'failed UnexpectedFrame');
  assert.equal(end('connected', replyWire({})), 'failed MissingHelloReplyResult');
  assert.equal(end('connected', negotiated({ backendPipe: '' })), 'failed EmptyBackendPipe');
  assert.equal(end('connected', negotiated(), 'failed'), 'failed Io');
});

test('refusals by class', () => {
  const classes = Array.from({ length: 12 }, (_, code) => refusalClass(code));
  assert.deepEqual(classes, ['Other', 'VersionUnsupported', 'ServiceUnknown', 'Other', 'RateLimited', 'ShuttingDown', 'Other', 'Other', 'VersionBlocked', 'Other', 'Other', 'Other']);
  const read = (code: number): Json => (readReply(replyWire({ refused: createRefused({ code, reason: 'r', retryAfterMs: 5n }) }).subarray(5)) as Json).fault;
  assert.deepEqual([read(8).class, read(8).code, read(8).refused.retryAfterMs], ['VersionBlocked', 8, 5n]);
  assert.deepEqual([read(99).class, read(99).code], ['Other', 0]);
});
test('a reply is read whatever the id of its frame', () => {
  const { frame } = tryDecode(negotiated())!;
  assert.ok('negotiated' in readReply(frameWire({ ...frame, requestId: 99n }).subarray(5)));
});

test('the environment: the switch takes 1 and nothing else, limits are positive integers', () => {
  assert.deepEqual([undefined, '1', '', '0', 'true'].map(brokersDisabled), [false, true, { invalid: '' }, { invalid: '0' }, { invalid: 'true' }]);
  assert.deepEqual([undefined, '50', '0', '-1', 'x', '1e3'].map((s) => timeoutFrom(s, 7)), [7, 50, 7, 7, 7, 7]);
});
