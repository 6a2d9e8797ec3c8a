/** Whoever looks at the first bytes of a stream and breaks, breaks nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import { FirstBytes, type FirstBytesEvents } from '../src/net/first-bytes.js';
import { tlsFailure } from '../src/net/failures.js';
import { TlsContext } from '../src/net/tls-context.js';
import { listen } from './support/media.js';
import { Puppet } from './support/puppet.js';
import { Recorder } from './support/recorder.js';

function looked(arrived: FirstBytesEvents['arrived']): { puppet: Puppet; told: string[]; first: FirstBytes } {
  const puppet = new Puppet();
  const told: string[] = [];
  const first = new FirstBytes(puppet, { arrived, over: (reason, refused) => void told.push(`${reason}${refused ? ' refused' : ''}`) });
  return { puppet, told, first };
}
const thrown = (): never => { throw new Error('as asked for'); };

test('a stream is dropped, with the reason, when judging it or taking it over throws', () => {
  for (const arrived of [thrown, () => ({ take: thrown })]) {
    const { puppet, told } = looked(arrived);
    puppet.events!.data(Buffer.from('x'));
    assert.deepEqual(told, ['handler-error: as asked for']);
    assert.deepEqual(puppet.calls, ['destroy']);
    puppet.events!.ended();
    puppet.events!.failed(new Error('late'));
    assert.equal(told.length, 1, 'once');
  }
});

test('its end, its failure and a handshake that cannot begin are told once', () => {
  const rows: [string, (world: ReturnType<typeof looked>) => void][] = [
    ['closed by the peer', ({ puppet }) => puppet.events!.ended()],
    ['ECONNRESET', ({ puppet }) => puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
    ['TLS: session-failed refused', ({ puppet }) => {
      puppet.secure = () => tlsFailure('session-failed');
      puppet.events!.data(Buffer.from('x'));
    }],
  ];
  for (const [reason, happens] of rows) {
    const made = looked(() => ({ secure: new TlsContext({}) }));
    happens(made);
    made.puppet.events!.ended();
    assert.deepEqual(made.told, [reason]);
  }
  const dropped = looked(() => null);
  dropped.first.destroy();
  dropped.puppet.events!.data(Buffer.from('x'));
  dropped.puppet.events!.ended();
  assert.deepEqual(dropped.told, []);
});

test('who takes a stream over gets every byte, first those that were looked at', async () => {
  const server = new Recorder();
  const taking = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => {
    const first = new FirstBytes(transport, {
      arrived: () => ({ take: (stream) => void Connection.server(stream, server) }), over: (reason) => assert.fail(reason),
    });
    return first as unknown as Connection;
  });
  const sender = new Recorder({ connected: (c) => {
    c.send(Buffer.from('looked at, '));
    setImmediate(() => c.send(Buffer.from('and not')));
  } });
  const connection = Connection.client({ target: { kind: 'tcp', host: '127.0.0.1', port: taking.port } }, sender);
  await server.until(() => server.text === 'looked at, and not');
  connection.hardClose();
  taking.close();
});
