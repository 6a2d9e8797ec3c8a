/** What goes beyond the model: traps of this runtime, Unix paths, who is there, and the lines that run on top. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { connect as rawConnect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipeListener, type Receiver } from '../../src/engine/soc/receivers.js';
import { BufferedSender } from '../../src/engine/soc/senders.js';
import { Connection } from '../../src/net/endpoint.js';
import { freshPath, listen, ms, turns, withPair } from '../support/media.js';
import { Recorder } from '../support/recorder.js';
import { ALL, type Case } from './case.js';
import { leaveStale } from '../support/stale-socket.js';

const quiet = { log: () => {} };
const UNIX = { media: ['unix'], because: 'it is about Unix sockets', skip: process.platform === 'win32' && 'pipes are no files' } as const;
const LINES = { media: ['unix'], because: 'lines run on Unix sockets' } as const;
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'listening', (e: NodeJS.ErrnoException) => e.code ?? e.message);
async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 4000 && !met(); i++) await ms(5);
  assert.ok(met(), 'waited in vain');
}

interface Contender { readonly process: ChildProcess; readonly lines: string[] }
function contender(): Contender {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../support/contender.js', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout!.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return { process: child, lines };
}

export const OURS: readonly Case[] = [
  {
    d: [111], name: 'what the runtime reports after a stream was destroyed never turns a failure into a success', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        pair.client.send(Buffer.alloc(16 << 20));
        await client.until('throttled');
        pair.client.hardClose();
        await client.until('send-failed');
        pair.server.unmute();
        await server.until('closed');
        await turns(10);
        assert.equal(client.count('sent'), 0);
        assert.deepEqual(client.details('send-failed'), [1]);
        assert.ok(server.size < 16 << 20);
      });
    },
  },
  {
    d: [112], name: 'throttled by chunks that are smaller than any water mark, it is told when there is room again', media: ALL,
    run: async (medium) => {
      const client = new Recorder();
      const server = new Recorder({ started: (c) => c.mute() });
      await withPair(medium, client, server, async (pair) => {
        let sent = 0;
        for (const round of [1, 2]) {
          pair.server.mute();
          for (let i = 0; client.count('throttled') < round && i < 20_000; i++) {
            if (pair.client.send(Buffer.alloc(4096)) === 'accepted') sent += 4096;
            if (i % 8 === 7) await turns(1);
          }
          assert.equal(client.count('throttled'), round);
          assert.equal(pair.client.send(Buffer.alloc(4096)), 'not-writeable');
          // What stays for a turn is refused long before it is a burst.
          assert.ok(pair.client.pendingBytes > 0 && pair.client.pendingBytes < 192 << 10, `${pair.client.pendingBytes} are pending`);
          pair.server.unmute();
          await client.until('unthrottled', round);
          assert.equal(pair.client.pendingBytes, 0);
          assert.equal(client.count('sent') * 4096, sent);
        }
        assert.equal(pair.client.send(Buffer.alloc(4096)), 'accepted');
        await server.until(() => server.size === sent + 4096);
        assert.equal(client.count('throttled'), 2);
      });
    },
  },
  {
    d: [116], name: 'a path is refused from the first byte the system has no room for', ...UNIX,
    run: async () => {
      const folder = dirname(freshPath());
      const path = (bytes: number): string => join(folder, 'x'.repeat(bytes - folder.length - 1));
      const longest = process.platform === 'linux' ? 107 : 103;
      const fits = await listen({ kind: 'unix', path: path(longest) }, () => null);
      assert.equal(lstatSync(path(longest)).isSocket(), true);
      assert.equal(await refusal(listen({ kind: 'unix', path: path(longest + 1) }, () => null)), 'ENAMETOOLONG');
      fits.close();
      const client = new Recorder();
      Connection.client({ target: { kind: 'unix', path: path(longest + 1) }, ...quiet }, client);
      await client.until('connect-failed');
      assert.equal(client.failure?.code, 'ENAMETOOLONG');
    },
  },
  {
    d: [117], name: 'of eight processes that race for a stale path exactly one wins, 20 times of 20', ...UNIX,
    run: async () => {
      const contenders = Array.from({ length: 8 }, contender);
      try {
        await until(() => contenders.every((c) => c.lines.includes('ready')));
        for (let round = 1; round <= 20; round++) {
          const path = freshPath();
          await leaveStale(path);
          for (const c of contenders) c.process.stdin!.write(`${path}\n`);
          await until(() => contenders.every((c) => c.lines.length === 1 + round));
          const answers = contenders.map((c) => c.lines[round]).sort();
          assert.deepEqual(answers, [...Array.from({ length: 7 }, () => 'EADDRINUSE'), 'won'], `round ${round}`);
        }
      } finally {
        for (const c of contenders) c.process.kill();
      }
    },
  },
  {
    d: [118], name: 'a peer whose user is not on the list is closed before its first byte is read', ...UNIX,
    run: async () => {
      const log: string[] = [];
      let accepted = 0;
      const rules = { policy: 'require', uids: [process.getuid!() + 1] } as const;
      const listener = await listen({ kind: 'unix', path: freshPath() }, () => { accepted++; return null; }, { credentials: rules, log: (entry) => void log.push(entry.event) });
      const { target } = listener;
      assert.ok(target.kind === 'unix');
      const client = new Recorder({ connected: (c) => void c.send(Buffer.from('let me in')) });
      Connection.client({ target, ...quiet }, client);
      await client.until(() => client.count('closed') + client.count('connect-failed') > 0);
      assert.equal(accepted, 0);
      assert.deepEqual(log, ['refused']);
      listener.close();
    },
  },
  {
    d: [119], name: 'a line of more than 1 MiB closes the connection, one of exactly that does not', ...LINES,
    run: async () => {
      const receivers: Receiver[] = [];
      const listener = await PipeListener.open(freshPath(), (receiver) => void receivers.push(receiver));
      const message = (bytes: number): string => {
        const around = '{"type":"x","id":"1","ts":1,"payload":""}\n'.length;
        return `{"type":"x","id":"1","ts":1,"payload":"${'y'.repeat(bytes - around)}"}\n`;
      };
      for (const bytes of [(1 << 20) + 1, 1 << 20]) {
        const peer = rawConnect(listener.path);
        peer.on('error', () => {});
        const closed = new Promise((resolve) => peer.once('close', resolve));
        peer.write(message(bytes));
        await until(() => receivers.length > 0);
        const next = await receivers.pop()!.next().then((m) => m?.type ?? 'end', (e: Error) => e.message);
        if (bytes > 1 << 20) assert.match(next, /too long/);
        else {
          assert.equal(next, 'x');
          peer.destroy();
        }
        await closed;
      }
      listener.close();
    },
  },
  {
    d: [120], name: 'a peer that does not take a line in time loses its connection, and the next one gets the line under the same id', ...LINES,
    run: async () => {
      const path = freshPath();
      const sockets: Socket[] = [];
      let got = '';
      const server = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => {});
        // The first is never read from.
        if (sockets.length > 1) socket.on('data', (chunk: Buffer) => { got += chunk.toString('latin1'); });
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      const sender = new BufferedSender(path, { writeMs: 200 });
      assert.equal(sender.send({ type: 'soc_event', id: 'the-same', payload: `"${'x'.repeat(1_000_000)}"` }), 'ok');
      await until(() => got.endsWith('\n'));
      assert.equal(sockets.length, 2);
      assert.equal((JSON.parse(got) as { id: string }).id, 'the-same');
      await sender.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  },
];
