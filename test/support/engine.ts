/** The engine for tests, in both thread arrangements behind one face, and peers that speak in bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { BUILTINS } from '../../src/builtins/index.js';
import { systemHost } from '../../src/builtins/host.js';
import { itemAt } from '../../src/columns/item.js';
import { ROWS as SERDE } from '../../src/engine/serde-builtins.js';
import { attachIpc } from '../../src/engine/attach.js';
import { startNode } from '../../src/engine/node.js';
import { replText } from '../../src/lang/format.js';
import { Interp } from '../../src/lang/interpreter.js';
import { RayError } from '../../src/lang/errors.js';
import type { AttachOptions, ConnectionInfo, LogRecord } from '../../src/engine/api.js';

export type Arrangement = 'worker' | 'caller';
export const ARRANGEMENTS: readonly Arrangement[] = ['worker', 'caller'];

export interface TestHost {
  readonly port: number;
  readonly logs: LogRecord[];
  /** What the program printed, both streams. */
  output(): string;
  /** The value as the REPL shows it, or `error CODE: message`. */
  evaluate(source: string): Promise<string>;
  connections(): ConnectionInfo[];
  stop(ms?: number): Promise<void>;
}

/** An interpreter that serves on a port of its own. */
export async function startHost(arrangement: Arrangement, options: AttachOptions = {}): Promise<TestHost> {
  const logs: LogRecord[] = [];
  const log = (record: LogRecord): void => void logs.push(record);
  let printed = '';
  if (arrangement === 'worker') {
    const node = await startNode({ ...options, log });
    node.onOutput((bytes) => (printed += Buffer.from(bytes).toString('latin1')));
    const { port } = await node.listen('127.0.0.1:0');
    return {
      port, logs, output: () => printed,
      evaluate: async (source) => {
        const { ok, text, code } = await node.evaluate(source);
        return ok ? text : `error ${code}: ${text}`;
      },
      connections: () => node.connections(),
      stop: (ms) => node.shutdown(ms),
    };
  }
  const print = (bytes: string): void => void (printed += bytes);
  const interp = new Interp({ builtins: [...BUILTINS, ...SERDE], itemAt, host: systemHost({ out: print, err: print }) });
  const host = attachIpc(interp, { ...options, log });
  const { port } = host.listen('127.0.0.1:0');
  host.pumpOnEvents();
  return {
    port, logs, output: () => printed,
    evaluate: async (source) => {
      // Served first, as in the other arrangement: what arrived before.
      await new Promise((resolve) => setTimeout(resolve, 20));
      try {
        const v = interp.top(() => interp.run(source));
        return v === null ? '' : replText(v);
      } catch (e) {
        if (!(e instanceof RayError)) throw e;
        return `error ${e.code}: ${e.message}`;
      }
    },
    connections: () => host.connections(),
    stop: async (ms) => host.shutdown(ms),
  };
}

/** A program that runs for minutes where nothing stops it. */
export const ENDLESS = '(map (fn [y] (fold (fn [a x] (+ a x)) 0 (til 10000))) (til 1000000))';

/* ── bytes ───────────────────────────────────────────────────────────── */

export const hex = (text: string): Buffer => Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex');

/** A frame around a payload. */
export function frame(payload: Uint8Array, msgtype = 1, flags = 0): Buffer {
  const header = hex('fadeface 03 00 00 00 0000000000000000');
  header[5] = flags;
  header[7] = msgtype;
  header.writeUInt32LE(payload.length, 8);
  return Buffer.concat([header, payload]);
}
/** The payload of a string. */
export function text(source: string): Buffer {
  const head = hex('f300 0000000000000000');
  head.writeUInt32LE(source.length, 2);
  return Buffer.concat([head, Buffer.from(source, 'latin1')]);
}
/** The payload of an i64. */
export function int(n: number): Buffer {
  const out = hex('fb00 0000000000000000');
  out.writeBigInt64LE(BigInt(n), 2);
  return out;
}

/** A client that speaks in bytes. */
export class RawClient {
  received: Buffer = Buffer.alloc(0);
  ended = false;
  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => {});
    socket.on('close', () => (this.ended = true));
    socket.on('end', () => (this.ended = true));
  }

  /** Connects; `shake`: and is admitted without credentials. */
  static async open(port: number, shake = true): Promise<RawClient> {
    const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const client = new RawClient(socket);
    if (shake) {
      client.write(hex('0300'));
      await client.take(2);
    }
    return client;
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }
  /** The next `n` bytes. */
  async take(n: number): Promise<Buffer> {
    await until(() => this.received.length >= n || this.ended, `${n} bytes`);
    const bytes = this.received.subarray(0, n);
    this.received = this.received.subarray(n);
    return bytes;
  }
  /** The payload of the next frame. */
  async reply(): Promise<Buffer> {
    const header = await this.take(16);
    return header.length < 16 ? header : this.take(header.readUInt32LE(8));
  }
  async ask(source: string): Promise<Buffer> {
    this.write(frame(text(source)));
    return this.reply();
  }
  /** Resolves when the other side has closed. */
  closed(): Promise<void> {
    return until(() => this.ended, 'the end of the connection');
  }
  close(): void {
    this.socket.destroy();
  }
}

/** Waits for a condition; a test that waits in vain fails with `what`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  let met = await condition();
  for (let i = 0; !met && i < 2000; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    met = await condition();
  }
  assert.ok(met, `waited in vain for ${what}`);
}

/* ── a server that speaks in bytes, in a thread of its own ───────────── */

export interface RawServer {
  readonly port: number;
  /** Hex of everything received after the handshake, over all connections. */
  received(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Answers the two bytes of a handshake with `hello` and then each request frame with the next of `replies`: hex, `close`, `silent`,
 * or several hex strings joined by `+` to be sent apart.
 */
export async function rawServer(hello: string, replies: readonly string[] = []): Promise<RawServer> {
  const worker = new Worker(SERVER, { eval: true, workerData: { hello, replies } });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    port,
    received: async () => {
      worker.postMessage('received');
      return ((await once(worker, 'message')) as [string])[0];
    },
    stop: async () => void (await worker.terminate()),
  };
}

const SERVER = `
const { parentPort, workerData } = require('node:worker_threads');
const all = [];
let next = 0;
const server = require('node:net').createServer((socket) => {
  let buffer = Buffer.alloc(0), shaken = false;
  socket.on('error', () => {});
  socket.on('data', async (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    if (!shaken) {
      if (buffer.length < 2) return;
      shaken = true;
      buffer = buffer.subarray(2);
      if (workerData.hello === 'close') return socket.destroy();
      if (workerData.hello === 'silent') return;
      socket.write(Buffer.from(workerData.hello, 'hex'));
    }
    while (buffer.length >= 16 && buffer.length >= 16 + buffer.readUInt32LE(8)) {
      const size = 16 + buffer.readUInt32LE(8);
      all.push(buffer.subarray(0, size));
      buffer = buffer.subarray(size);
      const reply = workerData.replies[next++] ?? 'silent';
      if (reply === 'close') socket.destroy();
      else if (reply !== 'silent') for (const part of reply.split('+')) {
        socket.write(Buffer.from(part, 'hex'));
        await new Promise((r) => setTimeout(r, 20));
      }
    }
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
parentPort.on('message', () => parentPort.postMessage(Buffer.concat(all).toString('hex')));
`;

/** An rfl node in threads of its own, for interpreters of this thread that block on it. Evaluates `source` first. */
export async function peerNode(source: string): Promise<{ port: number; stop(): Promise<void> }> {
  const worker = new Worker(new URL('./peer-node.js', import.meta.url), { workerData: source });
  const [port] = (await once(worker, 'message')) as [number];
  return { port, stop: async () => void (await worker.terminate()) };
}
