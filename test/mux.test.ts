import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteQueue } from '../src/wire/broker/byte-queue.js';
import { frameWire } from '../src/wire/broker/frame.js';
import { createDaemonProcess, createEndpoint } from '../src/wire/broker/messages.generated.js';
import { answerWire, eventWire, laneMessage, OpenRequests } from '../src/wire/broker/lanes.js';
import { ProbeResponder } from '../src/wire/broker/probe.js';
import { TEXT_LANE, VALUE_LANE } from '../src/wire/broker/protocols.js';
import { FrameSession, type FrameEvent } from '../src/wire/frame-session.js';
import { EndpointMux, opening, type LegacyDetector, type MuxVerdict, type Protocol } from '../src/wire/mux.js';
import { bytes, hex, text, VECTORS, type Json } from './support/broker-vectors.js';

const DETECTORS: Record<string, LegacyDetector> = {
  none: () => 'NotLegacy',
  'toy-v15': (b) => (b.length < 8 ? 'NeedMoreBytes' : Buffer.from(b).readUInt32LE(4) === 15 ? 'Legacy' : 'NotLegacy'),
  'L-prefix': (b) => (b.length === 0 ? 'NeedMoreBytes' : b[0] === 0x4c ? 'Legacy' : 'NotLegacy'),
};

const { identity, legacy_exe_sha256_hex, response_wire_hex } = VECTORS.probe;
const PROBES = new ProbeResponder(createDaemonProcess({
  pid: identity.pid, exePath: identity.exe_path, ipcEndpoint: createEndpoint({ namespaceId: identity.ipc_endpoint.namespace_id, path: identity.ipc_endpoint.path }),
  startedAtUnixMs: BigInt(identity.started_at_unix_ms), bootId: identity.boot_id, idleTimeoutSecs: identity.idle_timeout_secs,
  exeHashAlgorithm: identity.exe_hash_algorithm, exeHash: bytes(identity.exe_hash),
}), bytes(legacy_exe_sha256_hex));

function muxOf(v: Json): EndpointMux {
  return new EndpointMux({ probes: PROBES, served: v.served, detect: DETECTORS[v.detector] });
}

function checkVerdict(got: MuxVerdict, { expect }: Json): void {
  if (expect.error !== undefined) {
    assert.ok(got.verdict === 'Error', got.verdict);
    const { error } = got;
    assert.equal(error.kind, expect.error);
    if (error.kind === 'Framing') return assert.equal(error.fault.kind, expect.kind);
    if (error.kind === 'MalformedProbe') return assert.equal(error.detail, expect.detail);
    return assert.equal(error.payloadProtocol, expect.payload_protocol);
  }
  assert.equal(got.verdict, expect.verdict);
  if (expect.consumed !== undefined) assert.equal((got as Json).consumed, expect.consumed);
  if (got.verdict === 'ProbeAnswered') assert.equal(hex(got.reply), response_wire_hex);
  if (got.verdict !== 'Payload') return;
  if (expect.payload_utf8 !== undefined) assert.equal(text(got.frame.payload), expect.payload_utf8);
  if (expect.request_id !== undefined) assert.equal(String(got.frame.requestId), expect.request_id);
  if (expect.payload_protocol !== undefined) assert.equal(got.frame.payloadProtocol, expect.payload_protocol);
}

test('there are 26 cases', () => assert.equal(VECTORS.mux.cases.length, 26));
for (const v of VECTORS.mux.cases) {
  test(`mux: ${v.name}`, () => checkVerdict(muxOf(v).poll(bytes(v.buffer_hex)), v));

  test(`mux: ${v.name}, byte by byte`, () => {
    const mux = muxOf(v);
    const whole = bytes(v.buffer_hex);
    const queue = new ByteQueue();
    const seen: MuxVerdict[] = [];
    for (const byte of whole) {
      queue.append(Uint8Array.of(byte));
      const before = hex(queue.bytes);
      seen.push(mux.poll(queue.bytes));
      assert.equal(hex(queue.bytes), before, 'consumes nothing');
    }
    // Once a verdict came, more bytes do not change it, except that a detector may speak up later.
    const first = seen.findIndex((s) => s.verdict !== 'NeedMoreBytes');
    if (first >= 0) for (const later of seen.slice(first)) assert.deepEqual(later, seen[first]);
    checkVerdict(seen.at(-1) ?? mux.poll(whole), v);
  });
}

for (const v of VECTORS.mux.scenarios) {
  test(`mux scenario: ${v.name}`, () => {
    const mux = muxOf(v);
    const queue = new ByteQueue();
    for (const step of v.steps) {
      queue.append(bytes(step.bytes_hex));
      const got = mux.poll(queue.bytes);
      const found = got.verdict === 'Payload' ? { Payload: got.frame.payloadProtocol } : got.verdict === 'Error' ? { Error: got.error.kind } : got.verdict;
      assert.deepEqual(found, step.expect);
      if (got.verdict === 'ProbeAnswered' || got.verdict === 'Payload') queue.drop(got.consumed);
      else if (got.verdict !== 'NeedMoreBytes') queue.clear();
    }
  });
}

test('the detector is asked at every poll, also about the first byte of a frame', () => {
  const asked: number[] = [];
  const mux = new EndpointMux({ probes: PROBES, served: [], detect: (b) => { asked.push(b.length); return 'Legacy'; } });
  for (const n of [1, 2, 3]) assert.equal(mux.poll(new Uint8Array(n).fill(1)).verdict, 'Legacy');
  assert.deepEqual(asked, [1, 2, 3]);
});

test('the first byte tells the protocol; one that is not served is refused by its name', () => {
  const all = new Set<Protocol>(['wire', 'frame', 'soc', 'tls']);
  const of = (byte: number, served = all): unknown => {
    const { opening: found, ...rest } = opening(Uint8Array.of(byte, 0), served);
    return 'protocol' in rest ? [found, rest.protocol] : found;
  };
  assert.deepEqual([0x03, 0x01, 0x7b, 0x16].map((b) => of(b)), ['wire', 'frame', 'soc', 'tls']);
  assert.deepEqual(of(0x16, new Set(['wire'])), ['refused', 'tls']);
  assert.deepEqual(opening(new Uint8Array(0), all), { opening: 'need-more' });
  const known = new Set([0x03, 0x01, 0x7b, 0x16]);
  for (let b = 0; b < 256; b++) if (!known.has(b)) assert.deepEqual(of(b), ['refused', null]);
});

/* ── lanes ─────────────────────────────────────────────────────────────── */

const served = new EndpointMux({ probes: PROBES, served: [VALUE_LANE, TEXT_LANE] });
function passed(wire: Uint8Array): Json {
  const got = served.poll(wire);
  assert.ok(got.verdict === 'Payload', got.verdict);
  return laneMessage(got.frame);
}

test('a lane tells requests, events and responses apart, and refuses the rest', () => {
  const open = new OpenRequests<string>();
  const asked = passed(open.ask(TEXT_LANE, bytes('28'), 'x').wire);
  assert.deepEqual([asked.message, asked.lane, asked.frame.requestId], ['request', TEXT_LANE, 1n]);
  assert.equal(passed(eventWire(VALUE_LANE, bytes('00'))).message, 'event');
  assert.equal(passed(answerWire(asked.frame, bytes('00'))).message, 'response');
  const { frame } = asked;
  for (const bad of [{ envelopeVersion: 2 }, { payloadEncoding: 1 }, { kind: 3 }, { kind: 99 }]) assert.equal(passed(frameWire({ ...frame, ...bad })).message, 'fault');
  const foreign = laneMessage({ ...frame, payloadProtocol: 0x7000 });
  assert.ok(foreign.message === 'request' && foreign.lane === 0x7000, 'which lanes are served is the mux\'s business');
});

test('answers in any order find their requests', () => {
  const open = new OpenRequests<number>();
  const frames = Array.from({ length: 64 }, (_, i) => passed(open.ask(VALUE_LANE, Uint8Array.of(i), i).wire).frame);
  assert.equal(open.size, 64);
  for (const i of [63, 0, 17, ...Array.from({ length: 64 }, (_, k) => k).filter((k) => ![63, 0, 17].includes(k))]) {
    const answer = passed(answerWire(frames[i], Uint8Array.of(i)));
    assert.deepEqual(open.settle(answer.frame), { context: i });
    assert.ok('fault' in open.settle(answer.frame), 'an answer counts once');
  }
  assert.equal(open.size, 0);
});

test('an answer on another lane, of another kind or to nothing is the peer\'s fault', () => {
  const open = new OpenRequests<string>();
  const { frame } = passed(open.ask(VALUE_LANE, bytes(''), 'x').wire);
  const answer = passed(answerWire(frame, bytes(''))).frame;
  for (const bad of [{ payloadProtocol: TEXT_LANE }, { kind: 0 }, { kind: 2 }, { requestId: 2n }]) assert.ok('fault' in open.settle({ ...answer, ...bad }));
  assert.deepEqual(open.settle(answer), { context: 'x' });
  open.ask(VALUE_LANE, bytes(''), 'y');
  const { requestId } = open.ask(VALUE_LANE, bytes(''), 'z');
  open.drop(requestId);
  assert.deepEqual(open.close(), ['y']);
});

/* ── sessions ──────────────────────────────────────────────────────────── */

/** What a session does with a stream, `step` bytes at a time. */
function session(stream: Uint8Array, step: number, eof = false): string[] {
  const s = new FrameSession(served);
  const events: string[] = [];
  const pull = (): void => {
    for (let e: FrameEvent | null = s.next(); e !== null; e = s.next()) {
      if (e.event === 'message') events.push(`${e.message.message} ${e.message.frame.requestId} ${text(e.message.frame.payload)}`);
      else events.push(e.event === 'reply' ? `reply ${hex(e.wire).length / 2}` : `close ${e.clean} ${e.reason}`);
    }
  };
  for (let at = 0; at < stream.length; at += step) {
    s.receive(Uint8Array.from(stream.subarray(at, at + step)));
    pull();
  }
  if (eof) s.eof();
  pull();
  return events;
}
const open = new OpenRequests<null>();
const ask = (source: string): Uint8Array => open.ask(TEXT_LANE, Buffer.from(source), null).wire;
const probe = bytes(VECTORS.probe.request_wire_hex);

test('requests mixed with probes come out in order, whole and byte by byte', () => {
  const stream = Buffer.concat([ask('a'), probe, ask('b'), ask('c'), probe]);
  const expected = ['request 1 a', 'reply 205', 'request 2 b', 'request 3 c', 'reply 205', 'close true the peer has closed'];
  for (const step of [1, 2, 7, stream.length]) assert.deepEqual(session(stream, step, true), expected, `in steps of ${step}`);
});
test('the first fault is the end of a session', () => {
  const faults: [Uint8Array, string][] = [
    [bytes('0300'), 'not a frame'],
    [bytes('0103000000ffffff'), 'framing: Decode'],
    [bytes('0100000000'), "frame of the broker's own protocol 0"],
    [bytes('010600000008011882e001'), 'payload protocol 7002 is not served'],
    [frameWire({ ...laneFrame(), payloadEncoding: 1 }), 'payload is compressed'],
  ];
  for (const [wire, why] of faults) for (const step of [1, 100]) assert.deepEqual(session(Buffer.concat([wire, probe]), step), [`close false ${why}`]);
  assert.deepEqual(session(probe.subarray(0, -1), 9, true), ['close false the stream ended inside a frame']);
});
function laneFrame(): Json {
  const got = served.poll(ask('x'));
  assert.ok(got.verdict === 'Payload');
  return got.frame;
}
