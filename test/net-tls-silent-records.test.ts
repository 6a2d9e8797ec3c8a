/** A peer of TLS that sends records which say nothing is dropped; one that says little in them, or hides how much it says, is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../src/net/endpoint.js';
import { hasOpenssl } from './support/certificates.js';
import { TlsContext, type TlsContextOptions } from '../src/net/tls-context.js';
import { contexts, listen, ms } from './support/media.js';
import { Recorder } from './support/recorder.js';
import { APPLICATION, sealing, type Sealer } from './support/tls-records.js';

const skip = hasOpenssl ? false : 'no openssl';
const times = (n: number, make: () => Buffer): Buffer => Buffer.concat(Array.from({ length: n }, make));
/** Longer than it takes to be found. */
const LOOKS_MS = 800;

/** What a server hears of a peer that sends what `forge` answers. */
async function heard(forge: (sealer: Sealer) => Buffer, body: (server: Recorder) => Promise<unknown>, options: TlsContextOptions = {}): Promise<void> {
  const server = new Recorder();
  const context = new TlsContext({ ...contexts().server.options, ...options });
  const listener = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (transport) => Connection.sslServer(transport, context, server, { log: () => {} }));
  const { raw, sealer } = await sealing(listener.port);
  try {
    await server.until('started');
    raw.write(forge(sealer));
    await body(server);
  } finally {
    raw.destroy();
    server.connection?.hardClose();
    listener.close();
  }
}

for (const wantsOne of [true, false]) {
  test(`a peer that does nothing but ${wantsOne ? 'ask for new keys' : 'change its keys'} is dropped`, { skip }, () =>
    heard((sealer) => times(5000, () => sealer.keyUpdate(wantsOne)), async (server) => {
      await server.until('closed');
      assert.equal(server.cause?.code, 'silent-records');
      assert.equal(server.cause.ours, false);
    }));
}

test('a peer that changes its keys now and then is not dropped, and is understood', { skip }, () =>
  heard((sealer) => Buffer.concat([times(1000, () => sealer.keyUpdate(false)), sealer.record(APPLICATION, Buffer.from('heard'))]), async (server) => {
    await server.until(() => server.size === 5);
    await ms(LOOKS_MS);
    assert.equal(server.count('closed'), 0);
    assert.equal(server.bytes.toString(), 'heard');
  }));

test('a peer that says a byte a record is not dropped', { skip }, () =>
  heard((sealer) => times(10_000, () => sealer.record(APPLICATION, Buffer.from('x'))), async (server) => {
    await server.until(() => server.size === 10_000);
    await ms(LOOKS_MS);
    assert.equal(server.count('closed'), 0);
  }));

test('a peer that fills up its records to the largest is not dropped', { skip }, () =>
  heard((sealer) => times(20, () => sealer.record(APPLICATION, Buffer.alloc(100), 16_000)), async (server) => {
    await server.until(() => server.size === 2000);
    await ms(LOOKS_MS);
    assert.equal(server.count('closed'), 0);
  }));

test('how much a peer may send that says nothing is an option', { skip }, async () => {
  const keys = (n: number) => (sealer: Sealer): Buffer => times(n, () => sealer.keyUpdate(false));
  await heard(keys(100), (server) => server.until('closed'), { silentBytes: 1000 });
  await heard(keys(5000), async (server) => {
    await ms(LOOKS_MS);
    assert.equal(server.count('closed'), 0);
  }, { silentBytes: 1 << 20 });
  assert.match(new TlsContext({ silentBytes: Number.NaN }).failure!.message, /silentBytes/);
});
