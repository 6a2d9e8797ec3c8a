/** Addresses as scripts, flags and programs write them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { AddressError, listenAddress, peerAddress } from '../src/net/address.js';
import { pathFault } from '../src/net/unix-path.js';

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
  assert.deepEqual(listenAddress('unix:///tmp/a:b@c', 'linux'), { host: '', port: 0, path: '/tmp/a:b@c' });
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
  for (const [address, expected] of rows) assert.deepEqual(peerAddress(address, undefined, 'linux'), expected, address);
  for (const bad of ['tls://h', 'unix://relative', 'unix://', 'tcp://bob:pw@h', 'unix:///folder/', 'unix:///a\0b']) assert.throws(() => peerAddress(bad, undefined, 'linux'), AddressError, JSON.stringify(bad));
  assert.throws(() => listenAddress('unix://relative', 'linux'), AddressError);
});

test('on Windows names of pipes stand for paths, with the scheme and without', () => {
  const pipe = '\\\\.\\pipe\\a:b@c';
  const rows: [string, ReturnType<typeof peerAddress>][] = [
    [pipe, { host: '', port: 0, path: pipe, user: '', password: null }],
    [`unix://${pipe}`, { host: '', port: 0, path: pipe, user: '', password: null }],
    ['unix://bob:pw@\\\\?\\PIPE\\x', { host: '', port: 0, path: '\\\\?\\PIPE\\x', user: 'bob', password: 'pw' }],
    [`frame+unix://${pipe}`, { host: '', port: 0, path: pipe, user: '', password: null, frames: true }],
  ];
  for (const [address, expected] of rows) assert.deepEqual(peerAddress(address, undefined, 'win32'), expected, address);
  for (const address of [pipe, `unix://${pipe}`]) {
    assert.deepEqual(listenAddress(address, 'win32'), { host: '', port: 0, path: pipe });
    assert.throws(() => listenAddress(address, 'linux'), /names of pipes are for Windows/);
    assert.throws(() => peerAddress(address, undefined, 'darwin'), /names of pipes are for Windows/);
  }
  for (const bad of ['unix:///tmp/s', '\\\\.\\pipe\\', '\\\\.\\pipe\\a\\b', 'unix://C:\\s']) {
    assert.throws(() => listenAddress(bad, 'win32'), AddressError, bad);
    assert.throws(() => peerAddress(bad, undefined, 'win32'), AddressError, bad);
  }
  assert.equal(listenAddress('127.0.0.1:1', 'win32').port, 1);
});

test('what can be a path depends on the system', () => {
  const pipe = (n: number): string => `\\\\.\\pipe\\${'x'.repeat(n)}`;
  const rows: [string, NodeJS.Platform, string | null][] = [
    [`/${'x'.repeat(106)}`, 'linux', null], [`/${'x'.repeat(107)}`, 'linux', 'ENAMETOOLONG'], [`/${'ü'.repeat(53)}`, 'linux', null], [`/${'ü'.repeat(54)}`, 'linux', 'ENAMETOOLONG'],
    [`/${'x'.repeat(102)}`, 'darwin', null], [`/${'x'.repeat(103)}`, 'darwin', 'ENAMETOOLONG'], [`/${'x'.repeat(103)}`, 'freebsd', 'ENAMETOOLONG'],
    ['relative', 'linux', null], ['', 'linux', 'EINVAL'], ['/a/', 'linux', 'EINVAL'], ['/a/..', 'darwin', 'EINVAL'], ['/a\0', 'linux', 'EINVAL'], [pipe(1), 'linux', 'EINVAL'], [pipe(1), 'darwin', 'EINVAL'],
    [pipe(1), 'win32', null], [pipe(247), 'win32', null], [pipe(248), 'win32', 'ENAMETOOLONG'], [pipe(0), 'win32', 'EINVAL'], ['\\\\.\\pipe\\..', 'win32', 'EINVAL'],
    ['\\\\.\\pipe\\a/b', 'win32', 'EINVAL'], ['\\\\.\\pipe\\a\0b', 'win32', 'EINVAL'], ['\\\\host\\pipe\\a', 'win32', 'EINVAL'], ['/tmp/s', 'win32', 'EINVAL'], ['', 'win32', 'EINVAL'],
  ];
  for (const [path, platform, code] of rows) assert.equal(pathFault(path, platform)?.code ?? null, code, `${JSON.stringify(path)} on ${platform}`);
});

test('a host and a path written in bytes are read as text, credentials are left as they are', () => {
  const read = (written: string): string => Buffer.from(written, 'latin1').toString('utf8');
  assert.deepEqual(peerAddress('unix://b\xc3\xbc:p\xc3\xbc@/t/\xc3\xbc', read, 'linux'), { host: '', port: 0, path: '/t/ü', user: 'b\xc3\xbc', password: 'p\xc3\xbc' });
  assert.deepEqual(peerAddress('m\xc3\xbc:1:u\xc3\xbc:p', read), { host: 'mü', port: 1, user: 'u\xc3\xbc', password: 'p' });
  // As long as a path can be, and only as bytes of bytes too long.
  assert.equal(peerAddress(`unix:///${'\xc3\xbc'.repeat(53)}`, read, 'linux').path, `/${'ü'.repeat(53)}`);
});
