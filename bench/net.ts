/** Connections of the library against bare sockets, in the same run: one message there and back, and as many as go through one way. */
import { connect as bareConnect, createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Connection } from '../src/net/endpoint.js';
import { TlsContext } from '../src/net/tls-context.js';
import { authority, certificate } from '../test/support/certificates.js';
import { median, report } from './report.js';

const MESSAGE = 64;
const ROUNDS = 7;
const TRIPS = 4000;
const BURST = 256;
const BURSTS = 600;

type Medium = 'tcp' | 'unix' | 'tls' | 'tls-unix';
const MEDIA: readonly Medium[] = ['tcp', 'unix', 'tls', 'tls-unix'];
const isTls = (medium: Medium): boolean => medium.startsWith('tls');
const isPath = (medium: Medium): boolean => medium.endsWith('unix');
interface Wire { send(bytes: Uint8Array): boolean; close(): void; /** Bare sockets: `done` when it has left. */ alone?(bytes: Uint8Array, done: () => void): void }
interface Ends { wire: Wire; onData: (bytes: number) => void; onRoom: () => void }

/* ── the peer, in a process of its own: echoes, or counts and answers every so many bytes ── */

async function serve(folder: string, pem: { cert: string; key: string }): Promise<void> {
  const echo = (socket: Socket): void => {
    socket.on('error', () => {});
    socket.setNoDelay(true);
    let counted = -1;
    socket.on('data', (chunk) => {
      if (counted < 0 && chunk[0] === 1) return void socket.write(chunk);
      counted = Math.max(counted, 0) + chunk.length;
      while (counted >= MESSAGE * BURST * BURSTS) {
        counted -= MESSAGE * BURST * BURSTS;
        socket.write(Buffer.alloc(1));
      }
    });
  };
  const listening = (server: Server, at: number | string): Promise<number> => new Promise((resolve) => server.listen(at as number, () => resolve(typeof at === 'string' ? 0 : (server.address() as { port: number }).port)));
  const [tcp, tls] = [createServer(echo), createTlsServer(pem, echo)];
  const paths = { unix: await listening(createServer(echo), join(folder, 'unix')), 'tls-unix': await listening(createTlsServer(pem, echo), join(folder, 'tls-unix')) };
  process.send!({ tcp: await listening(tcp, 0), tls: await listening(tls, 0), ...paths });
}

/* ── both kinds of client behind one face ─────────────────────────────── */

function bare(medium: Medium, at: { port: number; path: string }, ca: string): Promise<Ends> {
  return new Promise((resolve) => {
    const ends: Ends = { wire: null as never, onData: () => {}, onRoom: () => {} };
    const place = isPath(medium) ? { path: at.path } : { port: at.port, host: '127.0.0.1' };
    const socket = isTls(medium) ? tlsConnect({ ...place, servername: 'localhost', ca }) : bareConnect(place);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => ends.onData(chunk.length));
    socket.on('drain', () => ends.onRoom());
    socket.once(isTls(medium) ? 'secureConnect' : 'connect', () => {
      ends.wire = { send: (bytes) => socket.write(bytes), alone: (bytes, done) => void socket.write(bytes, done), close: () => void socket.destroy() };
      resolve(ends);
    });
  });
}

function ours(medium: Medium, at: { port: number; path: string }, ca: string, coalesceBytes: number): Promise<Ends> {
  return new Promise((resolve, reject) => {
    const ends: Ends = { wire: null as never, onData: () => {}, onRoom: () => {} };
    const handler = {
      onConnected: (c: Connection) => {
        ends.wire = { send: (bytes: Uint8Array) => c.send(bytes) === 'accepted', close: () => c.hardClose() };
        resolve(ends);
      },
      onConnectionFailure: (_: Connection, failure: { message: string }) => reject(new Error(failure.message)),
      onReceived: (_: Connection, data: Uint8Array) => ends.onData(data.length),
      onUnthrottled: () => ends.onRoom(),
    };
    const target = isPath(medium) ? ({ kind: 'unix', path: at.path } as const) : ({ kind: 'tcp', host: '127.0.0.1', port: at.port } as const);
    if (isTls(medium)) Connection.sslClient({ target, coalesceBytes, servername: 'localhost', context: new TlsContext({ ca }) }, handler);
    else Connection.client({ target, coalesceBytes }, handler);
  });
}

/** Median time of one trip, in us. */
async function trips(ends: Ends): Promise<number> {
  const message = Buffer.alloc(MESSAGE, 1);
  const times: number[] = [];
  await new Promise<void>((resolve) => {
    let from = 0;
    let due = 0;
    const next = (): void => {
      if (times.length === TRIPS) return resolve();
      from = performance.now();
      due = MESSAGE;
      ends.wire.send(message);
    };
    ends.onData = (bytes) => {
      due -= bytes;
      if (due > 0) return;
      times.push((performance.now() - from) * 1000);
      next();
    };
    next();
  });
  return median(times);
}

/** Messages a second, one way, in bursts of a turn; each refused one waits for room. */
async function oneWay(ends: Ends, refuses: boolean): Promise<number> {
  const message = Buffer.alloc(MESSAGE);
  const from = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const total = BURST * BURSTS;
    ends.onData = () => resolve();
    const burst = (): void => {
      for (let i = 0; i < BURST && sent < total; i++) {
        const room = ends.wire.send(message);
        if (refuses && !room) return;
        sent++;
        if (!refuses && !room) return;
      }
      if (sent < total) setImmediate(burst);
    };
    ends.onRoom = burst;
    burst();
  });
  return (BURST * BURSTS) / ((performance.now() - from) / 1000);
}

/**
 * As `oneWay`, each message a write of its own. A loop of writes is that on plain sockets, which hand every one to the kernel at once; the
 * runtime's TLS joins what is written while a write is under way, so there each waits for the one before.
 */
async function apart(ends: Ends): Promise<number> {
  const message = Buffer.alloc(MESSAGE);
  const from = performance.now();
  await new Promise<void>((resolve) => {
    let left = BURST * BURSTS;
    ends.onData = () => resolve();
    const next = (): void => {
      if (left-- > 0) ends.wire.alone!(message, next);
    };
    next();
  });
  return (BURST * BURSTS) / ((performance.now() - from) / 1000);
}

export async function connections(): Promise<void> {
  const ca = authority('authority').cert;
  const { cert, key } = certificate('server', 'authority');
  const folder = mkdtempSync(join(tmpdir(), 'rfl-bench-'));
  const child = fork(fileURLToPath(import.meta.url), [folder, cert, key]);
  const at = await new Promise<Record<Medium, number>>((resolve) => child.once('message', (m) => resolve(m as Record<Medium, number>)));
  try {
    for (const medium of MEDIA) {
      const place = { port: at[medium], path: join(folder, medium) };
      const figures = { bareTrip: [] as number[], trip: [] as number[], bareWay: [] as number[], alone: [] as number[], way: [] as number[], joined: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        const run = async (make: () => Promise<Ends>, measure: (ends: Ends) => Promise<number>, into: number[]): Promise<void> => {
          const ends = await make();
          into.push(await measure(ends));
          ends.wire.close();
        };
        await run(() => bare(medium, place, ca), trips, figures.bareTrip);
        await run(() => ours(medium, place, ca, 0), trips, figures.trip);
        await run(() => bare(medium, place, ca), (ends) => oneWay(ends, false), figures.bareWay);
        await run(() => bare(medium, place, ca), isTls(medium) ? apart : (ends) => oneWay(ends, false), figures.alone);
        await run(() => ours(medium, place, ca, 0), (ends) => oneWay(ends, true), figures.way);
        await run(() => ours(medium, place, ca, 65536), (ends) => oneWay(ends, true), figures.joined);
      }
      const note = 'peer: bare sockets';
      report({ name: `${medium}: round trip of 64 bytes`, unit: 'us', ours: median(figures.trip), peer: median(figures.bareTrip), times: 0.87, note });
      report({ name: `${medium}: one way, a turn's messages in a loop`, unit: 'msg/s', ours: median(figures.way), peer: median(figures.bareWay), higher: true, note });
      report({ name: `${medium}: one way, coalesced`, unit: 'msg/s', ours: median(figures.joined), peer: median(figures.alone), higher: true, times: 10, note: `${note}, a write per message` });
      if (isTls(medium)) report({ name: `${medium}: one way, coalesced`, unit: 'msg/s', ours: median(figures.joined), peer: median(figures.bareWay), higher: true, note: `${note}, whose loop the runtime joins` });
    }
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.send !== undefined) void serve(process.argv[2], { cert: process.argv[3], key: process.argv[4] });
