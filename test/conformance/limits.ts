/** Sending beyond the numbered cases: chains, limits, collected sends, handlers that throw. */
import assert from 'node:assert/strict';
import { withPair } from '../support/media.js';
import { Recorder } from '../support/recorder.js';
import { ALL, TLS, type Case } from './case.js';
import { assertSettled, pattern } from './settled.js';

export const LIMITS: readonly Case[] = [
  {
    name: 'an endless chain of sends from sent neither fills the stack nor starves the others', media: ALL,
    run: async (medium) => {
      let stop = false;
      const client = new Recorder({ sent: (c) => { if (!stop) c.send(Buffer.from('x')); } });
      await withPair(medium, client, new Recorder(), async (pair) => {
        pair.client.send(Buffer.from('x'));
        // Many times as many as are reported in one turn; whoever waits for them gets its turn with the next ones at the latest.
        await client.until('sent', 16 * 64);
        stop = true;
        assert.ok(client.count('sent') < 18 * 64, `${client.count('sent')} before others got their turn`);
        await client.until(() => client.count('sent') === client.count('accepted'));
      });
    },
  },
  {
    name: 'what is large is encrypted piece by piece, as the kernel takes it, however much it is and however it is cut', media: TLS,
    run: async (medium) => {
      for (const data of [pattern(16 << 20), Array.from({ length: 256 }, () => pattern(64 << 10))]) {
        const client = new Recorder();
        let most = 0;
        const look = (): void => {
          // What the runtime has been handed, it encrypts at once.
          const { transport } = client.connection as unknown as { readonly transport: { readonly socket: { readonly writableLength: number } } };
          most = Math.max(most, transport.socket.writableLength);
        };
        const server = new Recorder({ started: (c) => c.mute(), received: look });
        await withPair(medium, client, server, async (pair) => {
          assert.equal(pair.client.send(data), 'accepted');
          look();
          pair.server.unmute();
          await client.until('sent');
          await server.until(() => server.size === 16 << 20);
          assert.ok(most > 0 && most <= 128 << 10, `${most} bytes at a time`);
          assert.ok(server.bytes.equals(Buffer.concat(data instanceof Uint8Array ? [data] : data)));
        });
      }
    },
  },
  {
    name: 'a send larger than the limit is refused without a token; one of exactly the limit is accepted', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      await withPair(medium, client, new Recorder(), (pair) => {
        assert.equal(pair.client.send(pattern(1001)), 'too-large');
        assert.equal(pair.client.send([pattern(500), pattern(501)]), 'too-large');
        assert.equal(client.count('accepted'), 0);
        assert.equal(pair.client.send(pattern(1000)), 'accepted');
      }, { client: { maxSendBytes: 1000 } });
    },
  },
  {
    name: 'coalesced sends leave together when the turn is over, in order with larger ones, each with its token', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        const parts: Buffer[] = [];
        const send = (bytes: Buffer): void => {
          parts.push(bytes);
          assert.equal(pair.client.send(bytes), 'accepted');
        };
        for (let i = 0; i < 200; i++) send(Buffer.from(`message ${i};`));
        assert.equal(client.count('sent'), 0);
        send(pattern(100_000));
        for (let i = 0; i < 5000; i++) send(Buffer.from(`later ${i};`));
        const total = Buffer.concat(parts);
        await server.until(() => server.size === total.length);
        assert.ok(server.bytes.equals(total));
        await client.until('sent', 5201);
        assertSettled(client);
      }, { client: { coalesceBytes: 65536 } });
    },
  },
  {
    name: 'what was collected is sent by a close in the same turn, and fails with a hard close', media: ALL,
    run: async (medium) => {
      const closing = new Recorder();
      const reader = new Recorder();
      await withPair(medium, closing, reader, async (pair) => {
        pair.client.send(Buffer.from('collected'));
        pair.client.close();
        await reader.until('closed');
        assert.equal(reader.text, 'collected');
        assert.deepEqual(closing.details('sent'), [1]);
      }, { client: { coalesceBytes: 65536 } });
      const dropping = new Recorder();
      await withPair(medium, dropping, new Recorder(), async (pair) => {
        pair.client.send(Buffer.from('collected'));
        pair.client.hardClose();
        await dropping.until('send-failed');
        assertSettled(dropping);
      }, { client: { coalesceBytes: 65536 } });
    },
  },
  {
    name: 'a handler that throws closes its own connection with a log entry, and nothing else', media: ALL,
    run: async (medium) => {
      const log: string[] = [];
      const client = new Recorder({ sent: () => { throw new Error('handler broke'); } });
      const server = new Recorder();
      await withPair(medium, client, server, async (pair) => {
        assert.equal(pair.client.send(Buffer.from('x')), 'accepted');
        await client.until('closed');
        assert.equal(client.cause?.code, 'handler-error');
        assert.deepEqual(log, ['handler-error: handler broke']);
        await server.until('closed');
      }, { client: { log: ({ event, message }) => void log.push(`${event}: ${message}`) } });
    },
  },
];
