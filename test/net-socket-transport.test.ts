/** A socket as a transport: what is asked of it before it is opened holds when it is, and whoever drops it hears that it has gone. */
import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { SocketTransport } from '../src/net/socket-transport.js';
import type { TransportEvents } from '../src/net/transport.js';
import { freshPath, ms } from './support/media.js';

/** Both ends of a stream, unread. */
async function ends(path?: string): Promise<{ readonly near: Socket; readonly far: Socket; readonly over: () => void }> {
  const server = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => { server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }, resolve); });
  const accepted = new Promise<Socket>((resolve) => { server.once('connection', resolve); });
  const far = path === undefined ? connect((server.address() as AddressInfo).port, '127.0.0.1') : connect(path);
  const near = await accepted;
  return { near, far, over: () => { for (const socket of [near, far]) socket.destroy(); server.close(); } };
}

function told(): { readonly came: string[]; readonly events: TransportEvents } {
  const came: string[] = [];
  const note = (what: string) => () => void came.push(what);
  return { came, events: {
    data: (chunk) => void came.push(Buffer.from(chunk).toString()), ended: note('ended'), failed: note('failed'), finished: note('finished'), released: note('released'),
    secured: note('secured'), refused: note('refused'), progress: note('progress'), congested: note('congested'), drained: note('drained'),
  } };
}

test('a stream that is paused before it is opened delivers nothing until it is resumed', async () => {
  const { near, far, over } = await ends();
  const { came, events } = told();
  const transport = new SocketTransport(near);
  far.write('bytes');
  transport.pause();
  transport.open(events);
  await ms(50);
  assert.deepEqual(came, []);
  transport.resume();
  await ms(50);
  assert.deepEqual(came, ['bytes']);
  over();
});

test('a stream that is paused and resumed before it is opened delivers at once', async () => {
  const { near, far, over } = await ends();
  const { came, events } = told();
  const transport = new SocketTransport(near);
  far.write('bytes');
  transport.pause();
  transport.resume();
  await ms(20);
  assert.deepEqual(came, [], 'nobody could be told');
  transport.open(events);
  await ms(50);
  assert.deepEqual(came, ['bytes']);
  over();
});

test('whoever drops a stream hears once that it has gone, also of one that is gone already', async () => {
  for (const goneBefore of [false, true]) {
    const { near, over } = await ends();
    const { came, events } = told();
    const transport = new SocketTransport(near);
    transport.open(events);
    if (goneBefore) near.destroy();
    transport.destroy();
    await ms(50);
    assert.deepEqual(came, ['released']);
    over();
  }
});

test('a stream given away tells its first owner nothing more', async () => {
  const { near, far, over } = await ends();
  const { came, events } = told();
  const transport = new SocketTransport(near);
  transport.open(events);
  far.end('bytes');
  transport.unread(Buffer.from('looked at '));
  await ms(50);
  assert.deepEqual(came, []);
  for (const event of ['data', 'end', 'finish'] as const) assert.equal(near.listeners(event).filter((f) => f.name.startsWith('#')).length, 0, event);
  over();
});

test('options of TCP are set on TCP, and not on a path', async () => {
  for (const path of [undefined, freshPath()]) {
    const { near, over } = await ends(path);
    const set: unknown[] = [];
    near.setNoDelay = (on) => { set.push(on); return near; };
    near.setKeepAlive = (on, idle) => { set.push(on, idle); return near; };
    const transport = new SocketTransport(near);
    transport.setNoDelay(true);
    transport.setNoDelay(false);
    transport.setKeepAlive(30_000);
    assert.deepEqual(set, path === undefined ? [true, false, true, 30_000] : []);
    assert.equal(transport.peer.kind, path === undefined ? 'tcp' : 'unix');
    assert.match(transport.peer.name, path === undefined ? /^127\.0\.0\.1:\d+$/ : /^unix$/);
    over();
  }
});
