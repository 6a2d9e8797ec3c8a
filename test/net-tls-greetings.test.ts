/** Many who greet a server of TLS at once are answered a few a turn, in the order they came, and all of them. */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import { inTurn } from '../src/net/handshake-turns.js';
import { TlsContext } from '../src/net/tls-context.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { listen, ms, turns } from './support/media.js';
import { Recorder } from './support/recorder.js';

const skip = hasOpenssl ? false : 'no openssl';
const COUNT = 40;
const A_TURN = 4;
const dial = (port: number): Promise<Socket> => new Promise((resolve) => { const socket = connectTcp(port, '127.0.0.1', () => resolve(socket)); });

test('four begin at once and four in each turn that follows, in the order they came, and later ones behind them', async () => {
  const begun: number[] = [];
  for (let i = 0; i < 10; i++) inTurn(() => void begun.push(i));
  assert.deepEqual(begun, [0, 1, 2, 3]);
  await turns(1);
  inTurn(() => void begun.push(10));
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
  await turns(1);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  inTurn(() => void begun.push(11));
  assert.equal(begun.length, 12, 'there is room in this turn');
  await turns(1);
});

test('of forty that greet together, four are answered a turn, and all are let in', { skip }, async () => {
  const { cert, key } = certificate('server', 'authority');
  const context = new TlsContext({ cert, key });
  const servers: Recorder[] = [];
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => {
    servers.push(new Recorder());
    return Connection.sslServer(transport, context, servers.at(-1)!, { log: () => {} });
  });
  const beginnings: number[] = [];
  let turn = 0;
  const counting = setInterval(() => {}, 1000);
  const count = (): void => { turn++; counter = setImmediate(count); };
  let counter = setImmediate(count);
  context.server.on('connection', () => beginnings.push(turn));
  const sockets = await Promise.all(Array.from({ length: COUNT }, () => dial(listener.port)));
  await ms(50);
  assert.equal(beginnings.length, 0, 'nobody has said anything yet');
  try {
    const secured = sockets.map((socket) => new Promise((resolve) => connectTls({ socket, ca: authority('authority').cert, servername: 'localhost' }).once('secureConnect', resolve)));
    await Promise.all(secured);
    assert.equal(beginnings.length, COUNT);
    for (const t of new Set(beginnings)) {
      const together = beginnings.filter((other) => other === t).length;
      assert.ok(together <= 2 * A_TURN, `${together} in one turn`);
    }
    assert.ok(beginnings.at(-1)! - beginnings[0] >= COUNT / A_TURN - 1, `all within ${beginnings.at(-1)! - beginnings[0]} turns`);
  } finally {
    clearInterval(counting);
    clearImmediate(counter);
    for (const socket of sockets) socket.destroy();
    for (const { connection } of servers) connection?.hardClose();
    listener.close();
  }
});

for (const [how, leave] of [['ends its stream', (socket: Socket) => socket.end()], ['resets it', (socket: Socket) => socket.resetAndDestroy()]] as const) {
  test(`whoever ${how} before it has greeted is gone, and not waited for`, { skip }, async () => {
    const server = new Recorder();
    const { cert, key } = certificate('server', 'authority');
    const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => Connection.sslServer(transport, new TlsContext({ cert, key }), server, { log: () => {}, handshakeTimeoutMs: 15_000 }));
    const socket = await dial(listener.port);
    await ms(20);
    leave(socket);
    await server.until('start-failed');
    assert.equal(server.failure?.code, 'peer-closed');
    socket.destroy();
    listener.close();
  });
}
