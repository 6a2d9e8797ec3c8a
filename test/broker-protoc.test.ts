/** Other implementations of protobuf read our bytes and write what we read: protoc and Python's, as Debian packs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as m from '../src/wire/broker/messages.generated.js';
import { codec, hex, plain, VECTORS, type Json } from './support/broker-vectors.js';
import { ROOT } from './support/root.js';

const GRAMMAR = fileURLToPath(new URL('grammar/', ROOT));
const PYTHON = '/usr/bin/python3';
const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const protoc = works('protoc', '--version');
const python = protoc && works(PYTHON, '-c', 'import google.protobuf');
if (!protoc) console.error('protoc is not installed (protobuf-compiler): its tests are SKIPPED');
if (!python) console.error('python3-protobuf is not installed: its tests are SKIPPED');

/** Every message of the vectors, and more of those that have corners. */
const SAMPLES: [name: string, message: Json][] = [
  ...[...VECTORS.frozen_messages, ...VECTORS.roundtrip_samples].map((v: Json): [string, Json] => [v.message, codec(v.message).decode(Buffer.from(v.hex, 'hex'))]),
  ['Frame', m.createFrame({ envelopeVersion: 0xffffffff, kind: 3, requestId: 2n ** 64n - 1n, deadlineUnixMs: 2n ** 63n, traceparent: 'é\u{1f680}\n"\\', payload: Uint8Array.from({ length: 300 }, (_, i) => i) })],
  ['Frame', m.createFrame({ kind: -1, payloadEncoding: 77 })],
  ['Refused', m.createRefused({ reason: 'x', details: new Map([['k', 'v']]), retryAfterMs: 1n })],
  ['Negotiated', m.createNegotiated({ warnings: ['', 'a', ''], connectionId: 2n ** 53n + 1n })],
  ['HelloReply', m.createHelloReply({ refused: m.createRefused() })],
  ['AdminRequest', m.createAdminRequest({ verb: 21, json: true, drainDeadlineMs: 2n ** 40n })],
  ['AdminReply', m.createAdminReply({ kind: 2, exitCode: 2, body: 'x'.repeat(5000) })],
  ['DaemonProcess', m.createDaemonProcess({ idleTimeoutSecs: 0, ipcEndpoint: m.createEndpoint() })],
  ['Endpoint', m.createEndpoint({ namespaceId: 'n', path: '/p' })],
  ['HostIdentity', m.createHostIdentity({ fsDevId: 2n ** 64n - 1n })],
  ['ServiceDefinition', m.createServiceDefinition({ isolation: 2, versionAllowList: ['1.0.0'], labels: new Map([['k', 'v']]) })],
];

test('every message is among the samples', () => {
  const named = new Set(SAMPLES.map(([name]) => name));
  assert.deepEqual(Object.keys(m).filter((k) => k.startsWith('decode')).map((k) => k.slice(6)).filter((k) => !named.has(k)), []);
});

function run(mode: '--decode' | '--encode', name: string, input: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync('protoc', [`${mode}=running_process.broker.v1.${name}`, '-I', GRAMMAR, 'broker_v1.proto'], { input });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

for (const [i, [name, message]] of SAMPLES.entries()) {
  test(`protoc reads ${name} (${i}), and writes the same bytes`, { skip: !protoc && 'protoc is not installed' }, () => {
    const ours = codec(name).encode(message);
    const text = run('--decode', name, ours);
    assert.doesNotMatch(text.toString('latin1'), /^\s*\d+:/m, 'no field is unknown to protoc');
    const theirs = run('--encode', name, text);
    assert.equal(hex(theirs), hex(ours));
    assert.deepEqual(plain(codec(name).decode(theirs)), plain(message));
  });
}

/* ── Python ────────────────────────────────────────────────────────────── */

const FOLDER = mkdtempSync(join(tmpdir(), 'rfl-protoc-'));
after(() => rmSync(FOLDER, { recursive: true }));

/** Takes lines `name hex`; answers for each the message as JSON and as bytes. */
const SCRIPT = `
import sys, json
sys.path.insert(0, sys.argv[1])
import broker_v1_pb2 as pb
from google.protobuf.json_format import MessageToDict
for line in sys.stdin:
    name, data = (line.rstrip("\\n").split(" ") + [""])[:2]
    message = getattr(pb, name)()
    message.ParseFromString(bytes.fromhex(data))
    fields = MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True)
    print(json.dumps([fields, message.SerializeToString().hex()]))
`;

test('Python reads the same fields from our bytes, and we read its bytes', { skip: !python && 'python3-protobuf is not installed' }, () => {
  assert.equal(spawnSync('protoc', ['-I', GRAMMAR, `--python_out=${FOLDER}`, 'broker_v1.proto']).status, 0);
  const input = SAMPLES.map(([name, message]) => `${name} ${hex(codec(name).encode(message))}\n`).join('');
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', SCRIPT, FOLDER], { input });
  assert.equal(status, 0, String(stderr));
  const lines = stdout.toString().trim().split('\n');
  assert.equal(lines.length, SAMPLES.length);
  for (const [i, line] of lines.entries()) {
    const [name, message] = SAMPLES[i];
    const [fields, bytes] = JSON.parse(line);
    assert.deepEqual(fields, proto3Json(message), name);
    assert.deepEqual(plain(codec(name).decode(Buffer.from(bytes, 'hex'))), plain(message), name);
  }
});

/** A message as protobuf's JSON has it: defaults left out, bytes in base 64, 64-bit numbers as text. */
function proto3Json(value: Json): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (Array.isArray(value)) return value.map(proto3Json);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries<Json>(value).filter(([k, v]) => v !== null && (k === 'idleTimeoutSecs' || !isDefault(v)));
  return Object.fromEntries(present.map(([k, v]) => [k.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), proto3Json(v)]));
}

function isDefault(v: Json): boolean {
  return v === 0 || v === 0n || v === '' || v === false || (v instanceof Map && v.size === 0) || ((v instanceof Uint8Array || Array.isArray(v)) && v.length === 0);
}
