import assert from 'node:assert/strict';
import test from 'node:test';
import { AdminError, answerAdmin, type BrokerState } from '../src/wire/broker/admin.js';
import { frameWire, request, tryDecode } from '../src/wire/broker/frame.js';
import { AdminReplyKind, AdminVerb, createAdminRequest, decodeAdminReply, encodeAdminRequest, type AdminReply, type AdminRequest } from '../src/wire/broker/messages.generated.js';
import { HelloCounters, METRICS, openMetrics } from '../src/wire/broker/metrics.js';
import { ADMIN } from '../src/wire/broker/protocols.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

const STATE: BrokerState = {
  instance: 'shared', pid: 77, nowUnixMs: 1_700_000_000_000, uptimeSeconds: 12, acceptingHello: true, connectionsOpen: 1, fdDemoted: false, fdUsageRatio: 0,
  backends: [{ serviceName: 'zccache', serviceVersion: '1.0.0', pid: 9, backendPipe: '/b', lastActiveUnixMs: 5, state: 'running' }],
  config: new Map([['hello_timeout_ms', { value: 30_000, source: 'default' }]]),
};

for (const v of VECTORS.admin.exchanges) {
  test(`admin: ${v.name}`, () => {
    const { frame } = tryDecode(bytes(v.request_wire_hex))!;
    const state = { ...STATE, acceptingHello: v.name !== 'readyz_not_ready' };
    if (v.response_wire_hex !== undefined) return assert.equal(hex(frameWire(answerAdmin(frame, state).frame)), v.response_wire_hex);
    const traced = { ...frame, traceparent: 'a', tracestate: 'b' };
    const answer = answerAdmin(traced, state).frame;
    const reply = decodeAdminReply(answer.payload);
    assert.deepEqual([answer.requestId, answer.traceparent, answer.tracestate], [44n, 'a', 'b']);
    assert.deepEqual([reply.kind, reply.contentType, JSON.parse(reply.body).service_name], [AdminReplyKind.JSON, 'application/json', 'zccache']);
  });
}

function ask(q: Partial<AdminRequest>, state = STATE): AdminReply {
  return decodeAdminReply(answerAdmin(request(ADMIN, encodeAdminRequest(createAdminRequest(q))), state).frame.payload);
}
const json = (q: Partial<AdminRequest>, state = STATE): Json => {
  const reply = ask(q, state);
  assert.deepEqual([reply.kind, reply.contentType, reply.exitCode], [AdminReplyKind.JSON, 'application/json', 0]);
  return JSON.parse(reply.body);
};

test('admin: metrics', () => {
  const { body, connections_open, uptime_secs } = VECTORS.admin.metrics_body_for_snapshot;
  assert.equal(openMetrics({ connectionsOpen: connections_open, uptimeSeconds: uptime_secs, fdUsageRatio: 0 }), body);
  assert.deepEqual(METRICS.map((m) => [m.name, m.type, m.labels]), VECTORS.admin.metric_names);
  const reply = ask({ verb: AdminVerb.METRICS }, { ...STATE, backends: [] });
  assert.deepEqual([reply.kind, reply.contentType, reply.body], [AdminReplyKind.OPENMETRICS, 'application/openmetrics-text', body]);
});
test('metrics: samples with the values of their labels, escaped; histograms count into every bucket above', () => {
  const hellos = new HelloCounters();
  hellos.count('cache', '1.0.0', 'negotiated', 0.0003);
  hellos.count('cache', '1.0.0', 'negotiated', 0.5);
  hellos.count('a"b\\c\nd', '', 'version_blocked', 11);
  const backends = [{ ...STATE.backends[0], serviceName: 'cache' }, { ...STATE.backends[0], serviceName: 'cache' }, { ...STATE.backends[0], serviceName: 'idle', state: 'stale' as const }];
  const lines = openMetrics({ connectionsOpen: 0, uptimeSeconds: 0, fdUsageRatio: 0, backends, hellos }).split('\n');
  const p = 'running_process_broker_v1_';
  for (const line of [
    `${p}hello_total{service="cache",version="1.0.0",outcome="negotiated"} 2`,
    `${p}hello_total{service="a\\"b\\\\c\\nd",version="",outcome="version_blocked"} 1`,
    `${p}hello_duration_seconds_bucket{service="cache",le="0.0002"} 0`,
    `${p}hello_duration_seconds_bucket{service="cache",le="0.0005"} 1`,
    `${p}hello_duration_seconds_bucket{service="cache",le="1"} 2`,
    `${p}hello_duration_seconds_bucket{service="cache",le="+Inf"} 2`,
    `${p}hello_duration_seconds_sum{service="cache"} 0.5003`,
    `${p}hello_duration_seconds_count{service="cache"} 2`,
    `${p}active_backends{service="cache"} 2`,
    `${p}active_backends{service="idle"} 0`,
  ]) assert.ok(lines.includes(line), line);
});
test('admin: status as JSON', () => {
  assert.deepEqual(json({ verb: AdminVerb.STATUS, json: true }), {
    schema_version: 1, command: 'status', generated_at_unix_ms: 1_700_000_000_000, broker_instance: 'shared', broker_pid: 77, uptime_seconds: 12, accepting_hello: true,
    connections_open: 1, fd_pressure: { demoted: false }, inode_pressure: { supported: false },
    backends: [{ service_name: 'zccache', service_version: '1.0.0', pid: 9, backend_pipe: '/b', last_active_unix_ms: 5, state: 'running' }],
  });
});
test('admin: five verbs answer JSON whether asked to or not, in one envelope', () => {
  for (const [verb, command] of [[AdminVerb.DUMP, 'dump'], [AdminVerb.LIST_INSTANCES, 'list-instances'], [AdminVerb.BACKEND_HEALTH, 'backend-health'], [AdminVerb.CONFIG, 'config'], [AdminVerb.DIAGNOSE, 'diagnose']] as const) {
    const got = json({ verb });
    assert.deepEqual([got.schema_version, got.command, got.generated_at_unix_ms], [1, command, STATE.nowUnixMs]);
  }
});
test('admin: details of the JSON answers', () => {
  assert.deepEqual(json({ verb: AdminVerb.LIST_INSTANCES }).instances, [{ broker_instance: 'shared', broker_pid: 77, pipe: '', state: 'running' }]);
  assert.equal(json({ verb: AdminVerb.LIST_INSTANCES }, { ...STATE, acceptingHello: false }).instances[0].state, 'not-serving');
  assert.equal(json({ verb: AdminVerb.DIAGNOSE }).output_path, 'bundle.tar.gz');
  assert.equal(json({ verb: AdminVerb.DIAGNOSE, outputPath: '/x' }).output_path, '/x');
  assert.deepEqual(json({ verb: AdminVerb.CONFIG }).config, { hello_timeout_ms: { value: 30_000, source: 'default' } });
  assert.equal(json({ verb: AdminVerb.BACKEND_HEALTH }).service_name, 'unknown');
  assert.deepEqual(['zccache', 'clud'].map((serviceName) => json({ verb: AdminVerb.BACKEND_HEALTH, serviceName }).state), ['running', 'unknown']);
});
test('admin: an envelope or a payload that is wrong gets no answer', () => {
  const good = request(ADMIN, new Uint8Array(0));
  for (const bad of [{ envelopeVersion: 2 }, { kind: 1 }, { payloadEncoding: 1 }, { payload: bytes('ff') }]) assert.throws(() => answerAdmin({ ...good, ...bad }, STATE), AdminError);
});
test('admin: a shutdown is told apart by its verb', () => {
  const payload = encodeAdminRequest(createAdminRequest({ verb: AdminVerb.SHUTDOWN, drainDeadlineMs: 5n }));
  const { request: asked } = answerAdmin(request(ADMIN, payload), STATE);
  assert.deepEqual([asked.verb, asked.drainDeadlineMs], [AdminVerb.SHUTDOWN, 5n]);
});
