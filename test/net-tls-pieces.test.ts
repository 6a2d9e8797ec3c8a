/** TLS encrypts what it is given at once: a large message is given to it piece by piece. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hasOpenssl } from './support/certificates.js';
import { ms, withPair } from './support/media.js';
import { Recorder } from './support/recorder.js';

const skip = hasOpenssl ? false : 'no openssl';
const MIB = 1 << 20;
/** 64 MiB that take 1 MiB of memory. */
const block = Buffer.from(Array.from({ length: MIB }, (_, i) => (i * i) >> 3));
const large = Array.from({ length: 64 }, () => block);
const nothing = { maxSendBytes: 256 * MIB };

test('a large message for a peer that does not read is not encrypted before it can leave', { skip }, async () => {
  const [client, server] = [new Recorder(), new Recorder()];
  await withPair('tls', client, server, async ({ client: sender, server: receiver }) => {
    receiver.mute();
    const before = process.memoryUsage().rss;
    assert.equal(sender.send(large), 'accepted');
    await ms(100);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 32 * MIB, `${grown} bytes`);
    assert.equal(client.count('sent'), 0);
    receiver.unmute();
    await client.until('sent');
  }, { client: nothing });
});

test('pieces arrive whole and in order, small messages between large ones as well, and all of it before the goodbye', { skip }, async () => {
  const [client, server] = [new Recorder(), new Recorder()];
  await withPair('tls', client, server, async ({ client: sender }) => {
    const expected = createHash('md5');
    const messages = [[Buffer.from('first')], large.slice(0, 5), [Buffer.from('between')], [block.subarray(0, 131_072)], [block.subarray(7, 131_080)], Array.from({ length: 3000 }, (_, i) => block.subarray(i, i + 100)), [Buffer.from('last')]];
    for (const message of messages) {
      for (const part of message) expected.update(part);
      if (sender.send(message) !== 'accepted') {
        await client.until(() => client.count('unthrottled') >= client.count('throttled'));
        assert.equal(sender.send(message), 'accepted');
      }
    }
    sender.close();
    await server.until('closed');
    assert.equal(createHash('md5').update(server.bytes).digest('hex'), expected.digest('hex'));
    assert.equal(client.count('sent'), messages.length);
    assert.equal(client.count('send-failed'), 0);
  }, { client: nothing });
});

test('a message that was only half given to TLS has failed when the connection is dropped', { skip }, async () => {
  const [client, server] = [new Recorder(), new Recorder()];
  await withPair('tls', client, server, async ({ client: sender, server: receiver }) => {
    receiver.mute();
    sender.send(Buffer.from('small'));
    await client.until('sent');
    assert.equal(sender.send(large), 'accepted');
    await ms(50);
    sender.hardClose();
    await client.until('send-failed');
    assert.equal(client.count('sent'), 1);
    assert.equal(client.count('send-failed'), 1);
  }, { client: nothing });
});
