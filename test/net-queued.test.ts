/** A connection with a queue: everything that is written goes, in order; what the kernel has not taken is accounted for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import type { Failure, TlsFailure } from '../src/net/failures.js';
import { QueuedConnection, type StreamEvents } from '../src/net/queued-connection.js';
import type { Listener } from '../src/net/stream-listener.js';
import { CONGESTED, TAKEN, type Transport } from '../src/net/transport.js';
import { pattern } from './conformance/settled.js';
import { contexts, freshPath, listen, MEDIA, ms, turns, type Medium } from './support/media.js';
import { Puppet } from './support/puppet.js';
import { Recorder } from './support/recorder.js';

const MIB = 1 << 20;
const quiet = { log: () => {} };
async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !met(); i++) await ms(2);
  assert.ok(met(), 'waited in vain');
}

/** Writes down what it is told. */
class Told implements StreamEvents {
  readonly names: string[] = [];
  readonly chunks: Uint8Array[] = [];
  upgrade: TlsFailure | null | undefined;
  failure: Failure | null = null;
  constructor(private readonly act: Partial<Record<string, () => void>> = {}) {}
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  count(name: string): number {
    return this.names.filter((n) => n === name).length;
  }
  note(name: string): void {
    this.names.push(name);
    this.act[name]?.();
  }
  data(chunk: Uint8Array): void { this.chunks.push(Buffer.from(chunk)); this.note('data'); }
  end(): void { this.note('end'); }
  closed(reason: string, refused: boolean): void { this.note(`closed ${reason}${refused ? ' refused' : ''}`); }
  progress(): void { this.note('progress'); }
  throttled(): void { this.note('throttled'); }
  unthrottled(): void { this.note('unthrottled'); }
  idle(): void { this.note('idle'); }
  upgraded(failure: TlsFailure | null): void { this.upgrade = failure; this.note('upgraded'); }
}

interface Opened { readonly near: QueuedConnection; readonly listener: Listener }

/** Opens one to a server that accepts as it is told. */
async function opened(medium: Medium, told: Told, accept: (transport: Transport) => Connection | null): Promise<Opened> {
  const listener = await listen(medium === 'unix' ? { kind: 'unix', path: freshPath() } : { kind: 'tcp', host: '127.0.0.1', port: 0 }, accept);
  const target = listener.target.kind === 'unix' ? listener.target : { kind: 'tcp', host: '127.0.0.1', port: listener.port } as const;
  const secure = medium === 'tls' ? { context: contexts().client, servername: 'localhost' } : {};
  const near = QueuedConnection.open({ target, ...quiet, ...secure }, told, () => told.note('ready'), (failure) => {
    told.failure = failure;
    told.note('failed');
  });
  return { near, listener };
}
const serving = (medium: Medium, recorder: Recorder, halfOpen = false) => (transport: Transport): Connection => (
  medium === 'tls' ? Connection.sslServer(transport, contexts().server, recorder, { ...quiet, halfOpen }) : Connection.server(transport, recorder, { ...quiet, halfOpen })
);
/** One that was accepted, on a stream that does what the test says. */
async function puppeteered(told: Told): Promise<{ near: QueuedConnection; puppet: Puppet }> {
  const puppet = new Puppet();
  const near = QueuedConnection.accept(puppet, told);
  await turns(2);
  return { near, puppet };
}

for (const medium of MEDIA) {
  test(`${medium}: what is written before it is open waits and goes first; what the peer sends is told, so is its end`, async () => {
    const told = new Told();
    const server = new Recorder({ received: (c) => { if (server.text === 'before after') { c.send(Buffer.from('thanks')); c.close(); } } });
    const { near, listener } = await opened(medium, told, serving(medium, server));
    near.write(Buffer.from('before '));
    assert.deepEqual([near.held, near.taken, told.names], [7, 0, []]);
    await until(() => told.count('ready') === 1);
    near.write(Buffer.from('after'));
    await until(() => told.count('end') === 1);
    assert.deepEqual([server.text, told.text], ['before after', 'thanks']);
    assert.deepEqual([near.held, near.taken], [0, 12]);
    assert.equal(near.tls?.protocol ?? null, medium === 'tls' ? 'TLSv1.3' : null);
    assert.equal(near.figures.bytesIn, 6);
    near.close();
    await until(() => told.names.at(-1) === 'closed closed');
    await turns(5);
    assert.deepEqual(told.names.filter((name) => name !== 'progress'), ['ready', 'data', 'end', 'closed closed']);
    listener.close();
  });

  test(`${medium}: what the kernel refuses is queued and counted, and leaves in order; throttled and unthrottled alternate`, async () => {
    const told = new Told();
    const server = new Recorder({ started: (c) => c.mute() });
    const { near, listener } = await opened(medium, told, serving(medium, server));
    await until(() => told.count('ready') === 1);
    const parts = [pattern(12 * MIB), Buffer.from('one'), Buffer.from('two'), pattern(MIB)];
    const whole = Buffer.concat(parts);
    for (const part of parts) near.write(part);
    await until(() => told.count('throttled') === 1);
    assert.equal(near.figures.state, 'throttled');
    assert.ok(near.held > MIB + 6);
    assert.equal(near.held + near.taken >= 12 * MIB, true);
    await server.until('started');
    server.connection!.unmute();
    await until(() => told.count('unthrottled') === 1);
    assert.deepEqual([near.held, near.taken, near.figures.state], [0, whole.length, 'open']);
    assert.ok(told.count('progress') > 0);
    await server.until(() => server.size === whole.length);
    assert.ok(server.bytes.equals(whole));
    const edges = told.names.filter((name) => name.endsWith('throttled'));
    assert.ok(edges.every((name, i) => name === (i % 2 === 0 ? 'throttled' : 'unthrottled')), edges.join(' '));
    near.destroy();
    listener.close();
  });

  test(`${medium}: closing sends what is queued; what is written or received after it is nobody's business`, async () => {
    const told = new Told();
    const server = new Recorder({ started: (c) => c.mute(), received: (c) => void c.send(Buffer.from('unwanted')) });
    const { near, listener } = await opened(medium, told, serving(medium, server));
    await until(() => told.count('ready') === 1);
    const parts = [pattern(12 * MIB), pattern(MIB)];
    for (const part of parts) near.write(part);
    near.close();
    near.close();
    near.write(Buffer.from('too late'));
    await server.until('started');
    server.connection!.unmute();
    await server.until('closed');
    assert.ok(server.bytes.equals(Buffer.concat(parts)));
    await until(() => told.names.some((name) => name.startsWith('closed')));
    await turns(5);
    assert.deepEqual(told.names.filter((name) => name !== 'progress' && name !== 'throttled'), ['ready', 'closed closed']);
    assert.equal(near.taken, 13 * MIB);
    listener.close();
  });

  test(`${medium}: dropped at once it tells so in a turn of its own, and how much the kernel had stays known`, async () => {
    const told = new Told();
    const server = new Recorder({ started: (c) => c.mute() });
    const { near, listener } = await opened(medium, told, serving(medium, server));
    await until(() => told.count('ready') === 1);
    near.write(pattern(12 * MIB));
    near.write(Buffer.from('queued'));
    await until(() => told.count('throttled') === 1);
    near.destroy();
    const { taken } = near;
    assert.deepEqual([near.held, told.names.filter((name) => name.startsWith('closed'))], [0, []]);
    near.destroy();
    near.write(Buffer.from('x'));
    await turns(5);
    assert.equal(told.names.at(-1), 'closed closed');
    assert.equal(told.names.filter((name) => name.startsWith('closed')).length, 1);
    await server.until('started');
    server.connection!.unmute();
    await server.until('closed');
    assert.equal(near.taken, taken);
    assert.ok(server.size >= taken && server.size < 12 * MIB, `${server.size} and ${taken}`);
    listener.close();
  });

  test(`${medium}: paused it holds what comes, resumed it tells`, async () => {
    const told = new Told();
    const server = new Recorder({ started: (c) => void c.send(Buffer.from('held')) });
    const { near, listener } = await opened(medium, told, serving(medium, server));
    near.pause();
    assert.equal(near.paused, true);
    await server.until('sent');
    await ms(20);
    assert.equal(told.count('data'), 0);
    near.resume();
    await until(() => told.text === 'held');
    assert.equal(near.paused, false);
    near.destroy();
    listener.close();
  });

  test(`${medium}: one that cannot be opened fails once, and nothing follows`, async () => {
    const told = new Told();
    const { near, listener } = await opened(medium, told, () => null);
    near.destroy();
    listener.close();
    await ms(20);
    assert.deepEqual(told.names, ['closed closed']);
    const refused = new Told();
    QueuedConnection.open({ target: listener.target.kind === 'unix' ? listener.target : { kind: 'tcp', host: '127.0.0.1', port: listener.port }, ...quiet }, refused, () => refused.note('ready'), (failure) => {
      refused.failure = failure;
      refused.note('failed');
    });
    await until(() => refused.names.length > 0);
    await turns(5);
    assert.deepEqual([refused.names, refused.failure?.reason], [['failed'], 'tcp']);
  });
}

test('what has queued up leaves as one, once there is room; a close waits for it', async () => {
  const told = new Told();
  const { near, puppet } = await puppeteered(told);
  puppet.outcome = CONGESTED;
  near.write(Buffer.from('abc'));
  for (const text of ['d', 'ef', 'ghi']) near.write(Buffer.from(text));
  assert.deepEqual([puppet.writes, near.held, near.taken], [[3], 9, 0]);
  near.close();
  assert.deepEqual(puppet.calls, []);
  puppet.outcome = TAKEN;
  puppet.taken_ += 3;
  puppet.events!.drained();
  assert.deepEqual([puppet.writes, near.held, near.taken], [[3, 6], 0, 9]);
  assert.deepEqual(puppet.calls, ['end']);
  puppet.events!.ended();
  puppet.events!.finished();
  await turns(3);
  assert.deepEqual(told.names.filter((name) => name !== 'progress'), ['throttled', 'closed closed']);
});

test('it is throttled for tables while anything waits, and over when it is over', async () => {
  const { near, puppet } = await puppeteered(new Told());
  assert.equal(near.figures.state, 'open');
  puppet.outcome = CONGESTED;
  near.write(Buffer.from('refused'));
  assert.equal(near.figures.state, 'throttled', 'nothing is queued yet');
  near.write(Buffer.from('queued'));
  assert.equal(near.figures.state, 'throttled');
  near.destroy();
  assert.equal(near.figures.state, 'closed');
  const early = QueuedConnection.accept(new Puppet(), new Told());
  early.write(Buffer.from('x'));
  assert.equal(early.figures.state, 'throttled', 'written before it is open');
  early.destroy();
});

test('a peer that does not take what is queued does not keep a closed connection', async () => {
  const told = new Told();
  const { near, puppet } = await puppeteered(told);
  puppet.outcome = CONGESTED;
  near.write(Buffer.from('refused'));
  near.write(Buffer.from('queued'));
  near.close();
  await turns(3);
  assert.deepEqual(told.names, ['throttled']);
  await until(() => told.names.length > 1);
  assert.deepEqual([told.names, puppet.calls], [['throttled', 'closed closed'], ['destroy']]);
});

test('unthrottled comes when the kernel has all of it, not between two refusals', async () => {
  const told = new Told();
  const { near, puppet } = await puppeteered(told);
  puppet.outcome = CONGESTED;
  near.write(Buffer.from('abc'));
  near.write(Buffer.from('def'));
  puppet.taken_ = 3;
  puppet.events!.drained();
  assert.deepEqual([puppet.writes, told.names.filter((name) => name !== 'progress')], [[3, 3], ['throttled']]);
  puppet.taken_ = 6;
  puppet.events!.drained();
  assert.deepEqual(told.names.filter((name) => name !== 'progress'), ['throttled', 'unthrottled']);
  near.destroy();
});

test('closing reads on, though it was paused: closing over unread bytes would lose those that were sent', async () => {
  const { near, puppet } = await puppeteered(new Told());
  near.pause();
  near.close();
  await turns(3);
  assert.deepEqual(puppet.calls, ['pause', 'end', 'resume']);
  near.destroy();
});

test('the reason of an end is the code of the system when it was that, and otherwise that it is closed', async () => {
  const rows: [string, (puppet: Puppet, near: QueuedConnection) => void][] = [
    ['closed ECONNRESET', (puppet) => puppet.events!.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
    ['closed closed', (_, near) => near.destroy()],
  ];
  for (const [expected, end] of rows) {
    const told = new Told();
    const { near, puppet } = await puppeteered(told);
    end(puppet, near);
    await turns(3);
    assert.deepEqual(told.names, [expected]);
  }
});

test('closed before its first turn it is over without a stream, and says so', async () => {
  const told = new Told();
  const puppet = new Puppet();
  QueuedConnection.accept(puppet, told).close();
  await turns(3);
  assert.deepEqual([told.names, puppet.calls], [['closed closed'], ['destroy']]);
});

test('the idle timeout comes again and again, until it is turned off', async () => {
  const told = new Told();
  const { near } = await puppeteered(told);
  near.setIdleTimeout(5);
  await until(() => told.count('idle') >= 2);
  near.setIdleTimeout(0);
  const before = told.count('idle');
  await ms(40);
  assert.equal(told.count('idle'), before);
  near.destroy();
});

test('TLS can be gone on with: not with a queue, not while closing; what is written meanwhile is sent secured', { skip: MEDIA.includes('tls') ? false : 'no openssl' }, async () => {
  const told = new Told();
  const server = new Recorder({ received: (c, _, nth) => {
    if (nth > 1) return;
    c.send(Buffer.from('go'));
    c.startTls(contexts().server);
  } });
  const { near, listener } = await opened('tcp', told, serving('tcp', server));
  await until(() => told.count('ready') === 1);
  near.write(Buffer.from('may I'));
  await until(() => told.text === 'go');
  assert.equal(near.startTls(contexts().client, 'localhost'), 'ok');
  near.write(Buffer.from('secret'));
  assert.equal(near.held, 6);
  assert.equal(near.startTls(contexts().client, 'localhost'), 'not-ready');
  await until(() => told.count('upgraded') === 1);
  assert.equal(told.upgrade, null);
  await server.until(() => server.text === 'may Isecret');
  assert.equal(near.tls?.protocol, 'TLSv1.3');
  near.close();
  assert.equal(near.startTls(contexts().client, 'localhost'), 'not-ready');
  await until(() => told.names.at(-1) === 'closed closed');
  listener.close();

  const wrong = new Told();
  const other = await opened('tcp', wrong, serving('tcp', new Recorder({ started: (c) => void c.startTls(contexts().server) })));
  await until(() => wrong.count('ready') === 1);
  assert.equal(other.near.startTls(contexts().client, 'elsewhere.example'), 'ok');
  await until(() => wrong.names.some((name) => name.startsWith('closed')));
  assert.deepEqual(wrong.names, ['ready', 'upgraded', 'closed certificate-wrong-host']);
  assert.equal(wrong.upgrade?.kind, 'auth');
  other.listener.close();
});
