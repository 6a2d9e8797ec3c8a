/** Addresses as scripts, flags and programs write them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { AddressError, listenAddress, peerAddress } from '../src/net/address.js';

test('where to listen', () => {
  const rows: [string | number, string, number][] = [
    [5010, '0.0.0.0', 5010], ['5010', '0.0.0.0', 5010], [':5010', '0.0.0.0', 5010], ['127.0.0.1:5010', '127.0.0.1', 5010], ['tcp://localhost:0', 'localhost', 0],
    ['[::1]:7', '::1', 7], ['*:65535', '0.0.0.0', 65535],
  ];
  for (const [address, host, port] of rows) assert.deepEqual(listenAddress(address), { host, port }, String(address));
  for (const bad of ['', 'host', 'host:', 'host:x', '65536', -1, 'h:123456']) assert.throws(() => listenAddress(bad), AddressError, String(bad));
});

test('a peer, split at colons into at most four parts', () => {
  const rows: [string, string, number, string, string | null][] = [
    ['h:1', 'h', 1, '', null], ['tcp://h:65535', 'h', 65535, '', null], ['h:1:user', 'h', 1, '', null], ['h:1:bob:secret', 'h', 1, 'bob', 'secret'], ['h:1:bob:a:b', 'h', 1, 'bob', 'a'],
    ['h:1::pw', 'h', 1, '', 'pw'], ['h:12x', 'h', 12, '', null], [`h:1:${'u'.repeat(128)}:${'p'.repeat(127)}`, 'h', 1, '', 'p'.repeat(127)], [`h:1:u:${'p'.repeat(128)}`, 'h', 1, 'u', ''],
  ];
  for (const [address, host, port, user, password] of rows) assert.deepEqual(peerAddress(address), { host, port, user, password }, address);
  for (const bad of ['h', 'h:', 'h:0', 'h:65536', 'h:-5', 'h:x', 'h:12345678', `${'h'.repeat(256)}:1`]) assert.throws(() => peerAddress(bad), AddressError, bad);
});

test('TLS, Unix paths and credentials before the host', () => {
  assert.deepEqual(listenAddress('tls://127.0.0.1:5010'), { host: '127.0.0.1', port: 5010, tls: true });
  assert.deepEqual(listenAddress('unix:///tmp/a:b@c'), { host: '', port: 0, path: '/tmp/a:b@c' });
  const rows: [string, ReturnType<typeof peerAddress>][] = [
    ['tls://h:1', { host: 'h', port: 1, tls: true, user: '', password: null }],
    ['tls://h:1:bob:pw', { host: 'h', port: 1, tls: true, user: 'bob', password: 'pw' }],
    ['tcp://bob:p:w@h:1', { host: 'h', port: 1, user: 'bob', password: 'p:w' }],
    ['tls://bob:p@w@h:1', { host: 'h', port: 1, tls: true, user: 'bob', password: 'p@w' }],
    ['tcp://[::1]:5', { host: '::1', port: 5, user: '', password: null }],
    ['[::1]:5:bob:pw', { host: '::1', port: 5, user: 'bob', password: 'pw' }],
    ['h:1:bob:p@w', { host: 'h', port: 1, user: 'bob', password: 'p@w' }],
    ['unix:///run/rfl', { host: '', port: 0, path: '/run/rfl', user: '', password: null }],
    ['unix://bob:pw@/run/rfl', { host: '', port: 0, path: '/run/rfl', user: 'bob', password: 'pw' }],
  ];
  for (const [address, expected] of rows) assert.deepEqual(peerAddress(address), expected, address);
  for (const bad of ['tls://h', 'unix://relative', 'unix://', 'tcp://bob:pw@h']) assert.throws(() => peerAddress(bad), AddressError, bad);
  assert.throws(() => listenAddress('unix://relative'), AddressError);
});
