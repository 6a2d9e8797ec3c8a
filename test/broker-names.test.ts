import assert from 'node:assert/strict';
import test from 'node:test';
import { EndpointError, leafName, MAX_SOCKET_PATH, pipeEndpoint, pipePath, socketEndpoint, socketFolder, socketPath, userHash } from '../src/wire/broker/endpoint-names.js';
import { hash, hasher } from '../src/wire/broker/hash.js';
import { isVersion, NAME_REASONS, nameFault, versionFault } from '../src/wire/broker/names.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

const { service_name, version } = VECTORS.names;

test('service names that are taken', () => {
  for (const name of service_name.accept) assert.equal(nameFault(name), null, name);
});
test('service names that are refused', () => {
  for (const name of service_name.reject) assert.notEqual(nameFault(name), null, name);
});
test('why a service name is refused', () => {
  assert.deepEqual({ ...NAME_REASONS }, service_name.reasons);
  assert.deepEqual([nameFault(''), nameFault('A'.repeat(65)), nameFault('UPPER')], ['empty', 'too_long', 'charset']);
});
test('versions that are taken', () => {
  for (const v of version.accept) assert.ok(isVersion(v), v);
});
test('versions that are refused', () => {
  for (const v of [...version.reject, '1.0.0\n']) assert.ok(!isVersion(v), v);
});

for (const v of VECTORS.version_policy) {
  test(`${v.wanted} with floor '${v.min_version}' and list [${v.allow_list}]: ${v.expect}`, () => {
    assert.equal(versionFault(v.wanted, { minVersion: v.min_version, allowList: v.allow_list }) ?? 'ok', v.expect);
  });
}

test('a version of a million digits is compared in no time', () => {
  assert.equal(versionFault(`${'9'.repeat(1e6)}.0.0`, { minVersion: '1.0.0', allowList: [] }), null);
  assert.equal(versionFault(`${'0'.repeat(1e6)}1.0.0`, { minVersion: '2.0.0', allowList: [] }), 'BelowMinVersion');
});

test('names of endpoints', () => {
  const { sid_hash_sample: user, leaves } = VECTORS.pipe_names;
  assert.deepEqual(
    [leafName(user, { kind: 'shared' }), leafName(user, { kind: 'private', service: 'zccache' }), leafName(user, { kind: 'explicit', instance: 'ci-trusted' }), leafName(user, { kind: 'backend', random: bytes('ab'.repeat(16)) })],
    Object.values(leaves),
  );
  for (const bad of VECTORS.pipe_names.sid_hash_rejects) assert.throws(() => leafName(bad, { kind: 'shared' }), EndpointError);
  assert.throws(() => leafName(user, { kind: 'private', service: 'BAD' }), EndpointError);
});

test('where sockets lie on Linux, and how long their paths may be', () => {
  assert.equal(socketFolder({ XDG_RUNTIME_DIR: '/run/user/7' }, 7), '/run/user/7/running-process/broker');
  assert.equal(socketFolder({}, 7), '/tmp/running-process-7/broker');
  assert.equal(socketPath('/d', 'leaf'), '/d/leaf.sock');
  const longest = 'x'.repeat(MAX_SOCKET_PATH - '/d/.sock'.length);
  assert.equal(socketPath('/d', longest).length, 107);
  assert.throws(() => socketPath('/d', `${longest}x`), (e: Json) => e.kind === 'PathTooLong');
});

const CONSTRUCTORS: Record<string, (name: string) => string> = { windows_pipe: pipeEndpoint, unix_socket: socketEndpoint };
for (const v of VECTORS.endpoint_constructors) {
  test(`endpoint ${v.kind} '${v.name}': ${v.expect}`, () => {
    const make = (): string => CONSTRUCTORS[v.kind](v.name);
    if (v.expect === 'ok') assert.equal(make(), v.name);
    else assert.throws(make, (e: Json) => e instanceof EndpointError && e.kind === v.expect);
  });
}
test('a pipe is connected to by its full name', () => {
  assert.equal(pipePath('svc-pipe'), '\\\\.\\pipe\\svc-pipe');
  assert.throws(() => pipePath('x'.repeat(252)), EndpointError);
});

const { utf8, pattern_len, sid_hash16 } = VECTORS.blake3;
for (const [text, digest] of Object.entries<string>(utf8)) {
  test(`BLAKE3 of '${text}'`, () => assert.equal(hex(hash(Buffer.from(text))), digest));
}
for (const [length, digest] of Object.entries<string>(pattern_len)) {
  test(`BLAKE3 of ${length} bytes, at once and in pieces`, () => {
    const pattern = Uint8Array.from({ length: Number(length) }, (_, i) => i % 251);
    assert.equal(hex(hash(pattern)), digest);
    const pieces = hasher();
    for (let at = 0; at < pattern.length; at += 997) pieces.update(pattern.subarray(at, at + 997));
    assert.equal(hex(pieces.digest()), digest);
  });
}
for (const [text, digest] of Object.entries<string>(sid_hash16)) {
  const [uid, machine] = text.split(':');
  test(`the user hash of ${text}`, () => assert.equal(userHash(uid, machine), digest));
}
