/** The connection library as a program gets it: everything it needs comes from the package, and handlers without the required callbacks do not compile. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Connection, Listener, ManualClock, fakeDialer, fakePair, type ClientHandler, type ConnectionOptions, type Failure, type ListenTarget, type ServerHandler } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-library-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// @ts-expect-error: whoever connects has to say what becomes of a failure.
const forgetful: ClientHandler = {};
// @ts-expect-error: whoever serves, too.
const careless: ServerHandler = {};

test('an echo server and its client, on every kind of address', async () => {
  const targets: ListenTarget[] = [{ kind: 'tcp', host: '127.0.0.1', port: 0 }];
  if (process.platform !== 'win32') targets.push({ kind: 'unix', path: join(folder, 's') });
  for (const target of targets) {
    const failed = (_: unknown, failure: Pick<Failure, 'message'>): never => assert.fail(failure.message);
    const listener = await new Promise<Listener>((resolve) => {
      Listener.open(target, {
        onListening: resolve, onListenFailure: failed,
        onAccept: (_, accepted) => Connection.server(accepted, { onStartFailure: failed, onReceived: (c, data) => void c.send(data) }),
      });
    });
    const answer = await new Promise<string>((resolve) => {
      Connection.client({ target: target.kind === 'unix' ? target : { kind: 'tcp', host: '127.0.0.1', port: listener.port } }, {
        onConnectionFailure: failed,
        onConnected: (c) => void c.send(Buffer.from('echo')),
        onReceived: (c, data) => {
          resolve(Buffer.from(data).toString());
          c.close();
        },
      });
    });
    assert.equal(answer, 'echo');
    listener.close();
  }
});

test('a program can be tested without sockets and without waiting', () => {
  const clock = new ManualClock();
  const [near, far] = fakePair({ clock, random: () => 0.5, capacity: 1000, latencyMs: 2, mostBytes: 100 });
  const options: Partial<ConnectionOptions> = { clock };
  const got: string[] = [];
  Connection.server(far, { onStartFailure: () => assert.fail(), onReceived: (_, data) => void got.push(Buffer.from(data).toString()) }, options);
  Connection.client({ ...options, target: { kind: 'tcp', host: 'nowhere', port: 1 }, dialer: fakeDialer(clock, 1, { transport: near }) }, {
    onConnectionFailure: () => assert.fail(), onConnected: (c) => void c.send(Buffer.from('hello')),
  });
  clock.advance(100);
  assert.equal(got.join(''), 'hello');
  assert.deepEqual([forgetful, careless], [{}, {}]);
});
