import assert from 'node:assert/strict';
import test from 'node:test';
import { BackendTable } from '../src/wire/broker/directories.js';
import { allows, Exchange, type Demand } from '../src/wire/broker/exchange.js';
import { frameBody, frameWire, MAX_HELLO_BYTES, request } from '../src/wire/broker/frame.js';
import { HelloHandler } from '../src/wire/broker/hello.js';
import { FdPressure } from '../src/wire/broker/limits.js';
import { createFrame, decodeFrame, decodeHelloReply, encodeFrame } from '../src/wire/broker/messages.generated.js';
import { ADMIN } from '../src/wire/broker/protocols.js';
import { replyFrame } from '../src/wire/broker/refusal.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

/** What a connection is answered, `step` bytes at a time; Hellos by a handler that knows nobody. */
function answer(wire: Uint8Array, step: number, { entry = 'control-socket', eof = false, demoted = false }: { entry?: 'hello-only' | 'control-socket'; eof?: boolean; demoted?: boolean } = {}): string | null {
  const exchange = new Exchange(entry, () => demoted);
  let demand: Demand | null = null;
  for (let at = 0; at < wire.length && demand === null; at += step) demand = exchange.receive(wire.subarray(at, at + step));
  if (demand === null && eof) demand = exchange.eof();
  if (demand === null) return null;
  assert.equal(exchange.receive(wire), null, 'one exchange for each connection');
  assert.equal(exchange.eof(), null);
  if (demand.demand === 'refuse') return hex(demand.wire);
  if (demand.demand === 'admin') return 'admin';
  const handler = new HelloHandler({ directory: new BackendTable(), clock: () => 0 });
  return hex(frameWire(replyFrame(demand.frame, handler.handle(demand.frame, { pid: 0, uid: '' }))));
}

for (const v of VECTORS.connection.filter((c: Json) => c.request_wire_hex !== undefined)) {
  test(`connection: ${v.name}, whole and byte by byte`, () => {
    const wire = bytes(v.request_wire_hex);
    for (const step of [1, 3, wire.length]) {
      assert.equal(answer(wire, step, { entry: v.entry, eof: v.then !== undefined }), v.response_wire_hex, `in steps of ${step}`);
    }
  });
}

const connection = (name: string): Json => VECTORS.connection.find((c: Json) => c.name === name);

test('connection: owner_policy_foreign_peer', () => {
  const { policy, peer_uid } = connection('owner_policy_foreign_peer');
  assert.ok(!allows({ policy: 'OwnerOnly', uid: policy.owner_only }, { pid: 1, uid: peer_uid }));
  assert.ok(allows({ policy: 'OwnerOnly', uid: policy.owner_only }, { pid: 1, uid: policy.owner_only }));
  assert.ok(allows({ policy: 'AllowAny' }, { pid: 1, uid: peer_uid }));
});
test('connection: owner_policy_empty_owner_denies_all', () => {
  const { policy, peer_uid } = connection('owner_policy_empty_owner_denies_all');
  assert.ok(!allows({ policy: 'OwnerOnly', uid: policy.owner_only }, { pid: 1, uid: peer_uid }));
});
test('connection: fd_pressure_demoted_hello', () => {
  const { refused } = connection('fd_pressure_demoted_hello').expect;
  const wire = answer(frameWire({ ...request(0, new Uint8Array(0), 9n), traceparent: 't' }), 1, { demoted: true });
  const frame = decodeFrame(bytes(wire!).subarray(5));
  const got = decodeHelloReply(frame.payload).refused!;
  assert.deepEqual([got.code, got.reason, Number(got.retryAfterMs), frame.requestId, frame.traceparent], [refused.code, refused.reason, refused.retry_after_ms, 9n, 't']);
});
test('connection: fd_pressure_demoted_admin_still_served', () => {
  assert.equal(answer(frameWire(request(ADMIN, new Uint8Array(0))), 1, { demoted: true }), 'admin');
});

/** A frame on a lane whose body has this many bytes. */
function framed(protocol: number, size: number): Uint8Array {
  const overhead = encodeFrame(request(protocol, new Uint8Array(size), 5n)).length - size;
  return frameBody(encodeFrame(createFrame(request(protocol, new Uint8Array(size - overhead), 5n))));
}
test('on a control socket a Hello over 64 KiB is refused with its id, the admin lane takes as much', () => {
  assert.equal(framed(0, MAX_HELLO_BYTES + 1).length, MAX_HELLO_BYTES + 6);
  const refused = answer(framed(0, MAX_HELLO_BYTES + 1), 5000);
  const frame = decodeFrame(bytes(refused!).subarray(5));
  assert.deepEqual([frame.requestId, decodeHelloReply(frame.payload).refused?.reason], [5n, 'initial Hello frame exceeds 64 KiB']);
  const largest = decodeFrame(bytes(answer(framed(0, MAX_HELLO_BYTES), 5000)!).subarray(5));
  assert.equal(decodeHelloReply(largest.payload).refused?.reason, 'malformed Hello payload');
  assert.equal(answer(framed(ADMIN, MAX_HELLO_BYTES + 1), 5000), 'admin');
});
test('a connection that ends without a byte is incomplete', () => {
  assert.equal(answer(new Uint8Array(0), 1, { eof: true }), connection('eof_mid_frame').response_wire_hex);
});

test('descriptor pressure: demoted by a failed accept, restored by three good ones in a row', () => {
  const pressure = new FdPressure();
  assert.equal(pressure.acceptFailed('EMFILE'), 'Demoted');
  const seen = ['ok', 'ok', 'ENFILE', 'ok', 'ok', 'ok'].map((what) => {
    if (what === 'ok') pressure.accepted();
    else pressure.acceptFailed(what);
    return pressure.demoted;
  });
  assert.deepEqual(seen, [true, true, true, true, true, false]);
  assert.deepEqual([pressure.acceptFailed('EACCES'), pressure.demoted], ['Unrelated', false]);
});
