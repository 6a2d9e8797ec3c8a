/** Brokers and clients for tests: a folder of their own, raw connections that say exactly what they are told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { BrokerServer, type BrokerServerOptions } from '../../src/engine/broker/server.js';
import { BackendTable, type Registration } from '../../src/wire/broker/directories.js';
import { frameWire, tryDecode } from '../../src/wire/broker/frame.js';
import { helloFrame } from '../../src/wire/broker/client.js';
import { decodeHelloReply, type Hello, type HelloReply } from '../../src/wire/broker/messages.generated.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rflb-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let names = 0;
/** A path for a socket; its folder is ours alone. */
export function freshPath(): string {
  return join(FOLDER, `${++names}.sock`);
}

export const SERVICE: Registration = { serviceName: 'zccache', version: '1.11.20', pipe: '/backend', capabilities: 0n, minVersion: '', allowList: [] };

export async function broker(options: Partial<BrokerServerOptions> = {}): Promise<{ server: BrokerServer; table: BackendTable }> {
  const table = new BackendTable();
  table.register(SERVICE);
  const server = await BrokerServer.open({ path: freshPath(), directory: table, log: () => {}, ...options });
  after(() => server.shutdown(0));
  return { server, table };
}

/** A connection that was made. */
export function raw(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Everything a peer sends until it ends the connection, however it does. */
export function all(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** Sends bytes and answers all that comes back. */
export async function talk(path: string, wire: Uint8Array, end = false): Promise<Buffer> {
  const socket = await raw(path);
  const answer = all(socket);
  socket.write(wire);
  if (end) socket.end();
  return answer;
}

export function helloWire(hello: Partial<Hello> = {}): Uint8Array {
  return frameWire(helloFrame({ serviceName: SERVICE.serviceName, wantedVersion: SERVICE.version, ...hello }));
}
export function replyOf(wire: Uint8Array): HelloReply {
  return decodeHelloReply(tryDecode(wire)!.frame.payload);
}
/** The connection id of a reply, or minus the code of a refusal. */
export function idOf(wire: Uint8Array): number {
  const { negotiated, refused } = replyOf(wire);
  return negotiated !== null ? Number(negotiated.connectionId) : -refused!.code;
}
