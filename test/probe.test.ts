import assert from 'node:assert/strict';
import test from 'node:test';
import { BodyReader, frameWire, tryDecode } from '../src/wire/broker/frame.js';
import { createDaemonProcess, createEndpoint, decodeDaemonProcess, encodeDaemonProcess, type DaemonProcess, type Frame } from '../src/wire/broker/messages.generated.js';
import { PROBE_TIMEOUT_MS, probeFault, probeRequest, ProbeResponder, readAnswer, verifyAnswer, verifyProcess, type ProcessFacts } from '../src/wire/broker/probe.js';
import { formatSidecar, parseSidecar, SidecarError } from '../src/wire/broker/sidecar.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

const v = VECTORS.probe;
const ENDPOINT = createEndpoint({ namespaceId: v.identity.ipc_endpoint.namespace_id, path: v.identity.ipc_endpoint.path });
const IDENTITY = createDaemonProcess({
  pid: v.identity.pid, exePath: v.identity.exe_path, ipcEndpoint: ENDPOINT, startedAtUnixMs: BigInt(v.identity.started_at_unix_ms), bootId: v.identity.boot_id,
  idleTimeoutSecs: v.identity.idle_timeout_secs, exeHashAlgorithm: v.identity.exe_hash_algorithm, exeHash: bytes(v.identity.exe_hash),
});
const SHA256 = bytes(v.legacy_exe_sha256_hex);
const NONCE = new Uint8Array(32).fill(9);

function frameOf(wire: Uint8Array): Frame {
  return tryDecode(wire)!.frame;
}
const asked = frameOf(bytes(v.request_wire_hex));

/** The body of an answer. */
function body(wire: Uint8Array): Uint8Array {
  return wire.subarray(5);
}
function answered(identity: DaemonProcess = IDENTITY): Uint8Array {
  return new ProbeResponder(identity, SHA256).answer(asked);
}
const verify = (wire: Uint8Array, expected = IDENTITY): Json => verifyAnswer(body(wire), NONCE, 7n, expected);

test('a probe is answered byte for byte', () => {
  assert.equal(probeFault(asked), null);
  assert.equal(hex(answered()), v.response_wire_hex);
});
test('the request of a client: its id is the beginning of its nonce', () => {
  const { wire, requestId } = probeRequest(bytes(v.client_style_request.nonce_hex));
  assert.equal(hex(wire), v.client_style_request.wire_hex);
  assert.equal(String(requestId), v.client_style_request.request_id);
});
test('the answer repeats id and trace of the request', () => {
  const frame = frameOf(new ProbeResponder(IDENTITY, SHA256).answer({ ...asked, requestId: 2n ** 64n - 1n, traceparent: 'a', tracestate: 'b' }));
  assert.deepEqual([frame.requestId, frame.traceparent, frame.tracestate], [2n ** 64n - 1n, 'a', 'b']);
});
test('the old hash behind the identity is passed over', () => {
  const payload = bytes(v.identity_payload_hex);
  assert.deepEqual(decodeDaemonProcess(payload), IDENTITY);
  assert.equal(hex(encodeDaemonProcess(IDENTITY)) + '1a20' + v.legacy_exe_sha256_hex, v.identity_payload_hex);
});
test('an answer byte by byte is the same answer', () => {
  const reader = new BodyReader();
  const wire = answered();
  for (const [i, byte] of wire.entries()) {
    reader.push(Uint8Array.of(byte));
    const got = reader.next();
    assert.equal(got === null, i + 1 < wire.length);
    if (got !== null) assert.equal(verifyAnswer(got, NONCE, 7n, IDENTITY), null);
  }
});
test('a probe has half a second', () => assert.equal(PROBE_TIMEOUT_MS, v.timeout_ms));

const without = (part: Partial<DaemonProcess>): Uint8Array => answered({ ...IDENTITY, ...part });
const altered = (part: Partial<Frame>): Uint8Array => frameWire({ ...frameOf(answered()), ...part });

const FACTS: ProcessFacts = {
  bootId: () => v.identity.boot_id, isAlive: () => true, exePath: () => v.identity.exe_path, realPath: (p) => p, exeHash: () => bytes(v.identity.exe_hash),
};

const CASES: Record<string, (expected: string) => void> = {
  match: () => assert.equal(verify(answered()), null),
  payload_shorter_than_nonce: () => assert.deepEqual(verify(altered({ payload: NONCE.subarray(1) })), { kind: 'MalformedPayload', detail: 'payload shorter than nonce' }),
  nonce_mismatch: () => assert.deepEqual(verify(altered({ payload: new Uint8Array(32) })), { kind: 'UnexpectedFrame', detail: 'nonce does not match endpoint probe request' }),
  request_id_mismatch: () => assert.deepEqual(verify(altered({ requestId: 8n })), { kind: 'UnexpectedFrame', detail: 'request_id does not match endpoint probe request' }),
  boot_id_mismatch: () => assert.deepEqual(verify(without({ bootId: 'other' })), { kind: 'IdentityMismatch', field: 'boot_id' }),
  missing_ipc_endpoint: () => assert.deepEqual(verify(without({ ipcEndpoint: null })), { kind: 'Identity', reason: 'MissingEndpoint' }),
  hash_algorithm_empty_or_not_blake3() {
    for (const exeHashAlgorithm of ['', 'sha256']) {
      assert.deepEqual(verify(without({ exeHashAlgorithm, exeHash: new Uint8Array(3) })), { kind: 'Identity', reason: 'UnsupportedExecutableHashAlgorithm' });
    }
  },
  exe_hash_31_bytes: () => assert.deepEqual(verify(without({ exeHash: new Uint8Array(31) })), { kind: 'Identity', reason: 'InvalidExecutableHashLength', length: 31 }),
  expected_exe_path_differs_same_hash() {
    const expected = { ...IDENTITY, exePath: '/usr/bin/other' };
    assert.deepEqual(verifyProcess(ENDPOINT, expected, FACTS), { kind: 'VerifyPid', reason: 'ExePathMismatch' });
  },
  field_order_when_several_differ() {
    const got = { ...IDENTITY, pid: 1, exePath: 'x', exeHash: new Uint8Array(32), bootId: 'x', ipcEndpoint: createEndpoint(), startedAtUnixMs: 0n, idleTimeoutSecs: null };
    const seen: string[] = [];
    for (const repair of [{}, { pid: IDENTITY.pid }, { exePath: IDENTITY.exePath }, { exeHash: IDENTITY.exeHash }, { bootId: IDENTITY.bootId }, { ipcEndpoint: ENDPOINT }]) {
      Object.assign(got, repair);
      seen.push(verify(answered(got))?.field ?? 'ok');
    }
    assert.deepEqual(seen, ['pid', 'exe_path', 'exe_hash', 'boot_id', 'ipc_endpoint', 'ok']);
  },
};
for (const c of v.verify_cases.filter((k: Json) => k.name !== 'peer_accepts_then_closes')) test(`verifying: ${c.name}`, () => CASES[c.name](c.expect));

test('an envelope that is not an answer: version, kind, lane, id, encoding', () => {
  const bad: Partial<Frame> = { envelopeVersion: 2, kind: 0, payloadProtocol: 0, requestId: 8n, payloadEncoding: 1, payload: new Uint8Array(0) };
  const seen: string[] = [];
  for (const repair of [{}, { envelopeVersion: 1 }, { kind: 1 }, { payloadProtocol: 0xb232 }, { requestId: 7n }, { payloadEncoding: 0 }]) {
    Object.assign(bad, repair);
    seen.push(verify(altered(bad)).detail);
  }
  assert.deepEqual(seen, ['envelope_version is not v1', 'kind is not RESPONSE', 'payload_protocol is not endpoint probe', 'request_id does not match endpoint probe request', 'payload is compressed', 'payload shorter than nonce']);
  assert.equal((readAnswer(bytes('ff'), NONCE, 7n) as Json).kind, 'Framing');
  assert.equal(verify(altered({ payload: Buffer.concat([NONCE, bytes('ff')]) })).kind, 'MalformedPayload');
});

test('a process is checked before it is asked: endpoint, pid, boot, life, executable', () => {
  const facts: Record<string, Json> = { ...FACTS, bootId: () => 'other', isAlive: () => false, exePath: () => null, exeHash: () => null };
  const seen: Json[] = [verifyProcess(createEndpoint({ path: '/x' }), IDENTITY, FACTS)?.kind];
  for (const pid of [0, 0x80000000]) seen.push((verifyProcess(ENDPOINT, { ...IDENTITY, pid }, FACTS) as Json)?.reason);
  for (const repair of [{}, { bootId: () => '' }, { isAlive: () => true }, { exePath: FACTS.exePath }, { exeHash: FACTS.exeHash }]) {
    Object.assign(facts, repair);
    seen.push((verifyProcess(ENDPOINT, IDENTITY, facts as unknown as ProcessFacts) as Json)?.reason ?? 'ok');
  }
  assert.deepEqual(seen, ['EndpointMismatch', 'InvalidPid', 'InvalidPid', 'BootIdMismatch', 'NotFound', 'ExePathMismatch', 'ExecutableHashMismatch', 'ok']);
});

test('a sidecar says again what it was told', () => {
  const sidecar = { identity: IDENTITY, legacyExeSha256: SHA256 };
  assert.deepEqual(parseSidecar(formatSidecar(sidecar)), sidecar);
  const json = JSON.parse(formatSidecar(sidecar));
  assert.deepEqual(Object.keys(json), ['pid', 'exe_path', 'exe_hash_algorithm', 'exe_hash', 'legacy_exe_sha256', 'boot_id', 'ipc_endpoint', 'started_at_unix_ms', 'idle_timeout_secs']);
  delete json.legacy_exe_sha256;
  json.idle_timeout_secs = null;
  assert.deepEqual(parseSidecar(JSON.stringify(json)), { identity: { ...IDENTITY, idleTimeoutSecs: null }, legacyExeSha256: new Uint8Array(32) });
});
test('a sidecar that is none is refused, whatever it is', () => {
  const good = JSON.parse(formatSidecar({ identity: IDENTITY, legacyExeSha256: SHA256 }));
  const bad = [{ pid: -1 }, { pid: 1.5 }, { exe_hash: [1] }, { exe_hash: Array(32).fill(256) }, { ipc_endpoint: null }, { boot_id: 1 }, { idle_timeout_secs: 'x' }].map((part) => JSON.stringify({ ...good, ...part }));
  for (const text of ['', '{', 'null', '[]', '{}', ...bad]) assert.throws(() => parseSidecar(text), SidecarError, text);
});
