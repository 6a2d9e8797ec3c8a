/** What sockets are opened with, and how they are turned away. */
import assert from 'node:assert/strict';
import { connect as rawConnect } from 'node:net';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import { FirstBytes } from '../src/net/first-bytes.js';
import { judge, peerCredentials } from '../src/net/peer-credentials.js';
import { inheritedDescriptors } from '../src/net/stream-listener.js';
import { TlsContext } from '../src/net/tls-context.js';
import type { DialTarget, TlsSession, Transport, TransportEvents } from '../src/net/transport.js';
import { listen, ms, turns } from './support/media.js';
import { Puppet } from './support/puppet.js';
import { Recorder } from './support/recorder.js';

const quiet = { log: () => {} };
const local = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const serve = (accepted: Transport): Connection => Connection.server(accepted, new Recorder(), quiet);
async function dialled(target: DialTarget): Promise<{ client: Recorder; connection: Connection }> {
  const client = new Recorder();
  const connection = Connection.client({ target, ...quiet }, client);
  await client.until(() => client.count('connected') + client.count('connect-failed') > 0);
  return { client, connection };
}

test('a name is looked up for the family that is asked for', async () => {
  const listener = await listen(local, serve);
  const target = { kind: 'tcp', host: 'localhost', port: listener.port } as const;
  for (const family of [0, 4] as const) {
    const { client, connection } = await dialled({ ...target, family });
    assert.equal(client.count('connected'), 1);
    assert.match(connection.peer!.name, /^127\.0\.0\.1:/);
    connection.hardClose();
  }
  const { client } = await dialled({ ...target, family: 6 });
  assert.equal(client.count('connect-failed'), 1, 'nobody listens there');
  listener.close();
});

test('an address of its own that it does not have is a failure of the network, not of a look-up', async () => {
  const listener = await listen(local, serve);
  const { client } = await dialled({ kind: 'tcp', host: '127.0.0.1', port: listener.port, from: '203.0.113.7' });
  assert.deepEqual([client.failure?.reason, client.failure?.code], ['tcp', 'EADDRNOTAVAIL']);
  listener.close();
});

test('an address of version 6 is listened on for both versions, unless it is not to be', async () => {
  for (const ipv6Only of [false, true]) {
    const listener = await listen({ kind: 'tcp', host: '::', port: 0, ...(ipv6Only ? { ipv6Only } : {}) }, serve).catch(() => null);
    if (listener === null) return console.error('no IPv6 here: not tested');
    const { client, connection } = await dialled({ kind: 'tcp', host: '127.0.0.1', port: listener.port });
    assert.equal(client.count('connected'), ipv6Only ? 0 : 1);
    connection.hardClose();
    listener.close();
  }
});

test('more than may wait are reset, so that they know it was not the end of an answer', async () => {
  const listener = await listen(local, serve, { maxConnections: 1, waiting: 0 });
  const first = await dialled({ ...local, port: listener.port });
  const codes: string[] = [];
  const second = rawConnect(listener.port, '127.0.0.1').on('error', ({ code }: NodeJS.ErrnoException) => void codes.push(code ?? ''));
  second.resume();
  await new Promise((resolve) => second.once('close', resolve));
  assert.deepEqual(codes, ['ECONNRESET']);
  first.connection.hardClose();
  listener.close();
});

test('those who wait when the listener closes are closed, and nobody is let in any more', async () => {
  let accepted = 0;
  const listener = await listen(local, (transport) => {
    accepted++;
    return serve(transport);
  }, { maxConnections: 1 });
  const first = await dialled({ ...local, port: listener.port });
  const second = await dialled({ ...local, port: listener.port });
  await ms(20);
  assert.equal(accepted, 1);
  listener.close();
  await second.client.until('closed');
  assert.equal(second.client.cause?.code, 'peer-closed');
  first.connection.hardClose();
  await ms(20);
  assert.deepEqual([accepted, listener.connections], [1, 0]);
});

test('as many sockets are inherited as a process can have, and no more', () => {
  const passed = (n: number | string): number => inheritedDescriptors({ LISTEN_FDS: String(n), LISTEN_PID: '7' }, 7).length;
  assert.deepEqual([0, 1, 1024, 1025, '1e3', '-1', ''].map(passed), [0, 1, 1024, 0, 0, 0, 0]);
});

test('nobody is asked who they are without rules, nor over TCP, nor when they have gone', async () => {
  const known = { pid: 1, uid: 1000, gid: 100 };
  assert.deepEqual(judge(() => assert.fail('asked'), {}), { kind: 'admitted', credentials: null });
  assert.deepEqual(judge(() => known, { policy: 'if-available' }), { kind: 'admitted', credentials: known });
  const listener = await listen(local, serve);
  const socket = rawConnect(listener.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  assert.equal(peerCredentials(socket), 'unavailable');
  socket.destroy();
  assert.equal(peerCredentials(socket), 'unavailable');
  listener.close();
});

/** Keeps the handshake it was asked for. */
class Shaking extends Puppet {
  handshake: TransportEvents | null = null;
  override secure(_: TlsSession, events: TransportEvents): null {
    this.handshake = events;
    return null;
  }
}
const DETAILS = { protocol: 'TLSv1.3', cipher: 'x', alpn: null, servername: null, peerCertificate: null } as const;

test('who looks at first bytes drops the stream inside of TLS, too, and hears nothing of one that is taken or dropped', async () => {
  const told: string[] = [];
  const context = new TlsContext({});
  const puppet = new Shaking();
  const first = new FirstBytes(puppet, { arrived: () => { told.push('arrived'); return { secure: context }; }, over: (reason) => void told.push(reason) });
  puppet.events!.data(Buffer.from('hello'));
  const inner = new Puppet();
  puppet.handshake!.secured(inner, DETAILS);
  assert.equal(first.transport, inner);
  first.destroy();
  assert.deepEqual(inner.calls, ['destroy']);
  puppet.handshake!.data(Buffer.from('late'));
  puppet.handshake!.ended();
  const late = new Puppet();
  puppet.handshake!.secured(late, DETAILS);
  assert.deepEqual([told, late.calls], [['arrived'], ['destroy']]);

  const taken: Transport[] = [];
  const plain = new Puppet();
  new FirstBytes(plain, { arrived: () => ({ take: (transport) => void taken.push(transport) }), over: (reason) => void told.push(reason) });
  for (const text of ['one', 'two']) plain.events!.data(Buffer.from(text));
  plain.events!.failed(new Error('late'));
  await turns(1);
  assert.deepEqual([taken, told, plain.calls], [[plain], ['arrived'], []]);
});
