/** A server that has three sends in flight, 16 MiB together, to a process that does not read them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Connection } from '../../src/net/endpoint.js';
import type { Listener } from '../../src/net/stream-listener.js';
import { contexts, freshPath, listen, type Medium } from './media.js';
import { Recorder } from './recorder.js';

const SIZES = [100, (8 << 20) - 100, 8 << 20];

export interface InFlight {
  readonly server: Recorder;
  readonly connection: Connection;
  readonly listener: Listener;
  readonly peer: ChildProcess;
  /** How much the peer got altogether; resolves when it has ended. */
  readonly total: Promise<number>;
}

export async function inFlight(medium: Medium, idle: (c: Connection) => void = () => {}): Promise<InFlight> {
  const server = new Recorder({
    // All three before anything is written: none is refused.
    accepted: (c, detail) => {
      const { token } = detail as { token: number };
      if (token < SIZES.length) c.send(Buffer.alloc(SIZES[token]));
    },
    started: (c) => void c.send(Buffer.alloc(SIZES[0])),
    idle,
  });
  const path = freshPath();
  const listener = await listen(medium === 'unix' ? { kind: 'unix', path } : { kind: 'tcp', host: '127.0.0.1', port: 0 }, (accepted) => (
    medium === 'tls' ? Connection.sslServer(accepted, contexts().server, server, { log: () => {} }) : Connection.server(accepted, server, { log: () => {} })
  ));
  const peer = spawn(process.execPath, [fileURLToPath(new URL('./reader-process.js', import.meta.url)), medium, medium === 'unix' ? path : String(listener.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  peer.stdin!.on('error', () => {});
  let out = '';
  peer.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  const total = new Promise<number>((resolve) => peer.once('exit', () => resolve(Number(/total (\d+)/.exec(out)?.[1] ?? Number.NaN))));
  await new Promise((resolve) => peer.stdout!.once('data', resolve));
  await server.until('throttled');
  return { server, connection: server.connection!, listener, peer, total };
}

/** Where each of the sends ends. */
export const ENDS = SIZES.map((_, i) => SIZES.slice(0, i + 1).reduce((a, b) => a + b, 0));
