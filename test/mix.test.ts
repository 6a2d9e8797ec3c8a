/**
 * One port that serves everything at once, under load: the wire (ours, and the reference's client where RFL_REFERENCE names it), frames with 64
 * requests in flight, probes between them, lines, and all of that inside of TLS too. RFL_MIX_SECONDS: for how long (5).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import test from 'node:test';
import { connect as connectWire } from '../src/engine/client.js';
import { List } from '../src/lang/value.js';
import { name } from '../src/lang/value.js';
import { BodyReader, decodeBody } from '../src/wire/broker/frame.js';
import { OpenRequests } from '../src/wire/broker/lanes.js';
import { decodeDaemonProcess, type Frame } from '../src/wire/broker/messages.generated.js';
import { probeRequest, NONCE_BYTES } from '../src/wire/broker/probe.js';
import { PROBE, TEXT_LANE } from '../src/wire/broker/protocols.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { Running, withFiles } from './support/rfl.js';

const SECONDS = Number(process.env['RFL_MIX_SECONDS'] ?? 5);
const REFERENCE = process.env['RFL_REFERENCE'];
/** After so many answers a client connects anew. */
const ANSWERS = 3000;

const SERVER = `
(set .soc.on.message (fn [h m] (do (.soc.ack h (at m 'id)) (.soc.post h 'answer (at m 'payload)))))
`;

interface Place { readonly port: number; readonly pid: number; readonly ca: string; readonly until: number }

test('one port, every protocol at once, and everybody gets his own answers', { skip: hasOpenssl ? false : 'no openssl', timeout: (SECONDS + 60) * 1000 }, () => {
  const { cert: ca, certFile: caFile } = authority('authority');
  const { certFile, keyFile } = certificate('server', 'authority');
  return withFiles({ 'server.rfl': SERVER }, async (folder) => {
    const server = new Running(['--listen', '127.0.0.1:0', '--protocols', 'wire,frame,soc,tls', '--tls-cert', certFile, '--tls-key', keyFile, join(folder, 'server.rfl')]);
    try {
      const [, port] = await server.see('err', /listening on port (\d+)/);
      const place: Place = { port: Number(port), pid: server.process.pid!, ca, until: performance.now() + SECONDS * 1000 };
      const clients: Record<string, Promise<number>> = {};
      for (const [secure, suffix] of [[false, ''], [true, ' in TLS']] as const) {
        for (let k = 1; k <= 3; k++) clients[`frames ${k}${suffix}`] = again(place, () => frames(place, secure, k));
        clients[`lines 1${suffix}`] = again(place, () => lines(place, secure, secure ? 7 : 8));
        clients[`wire${suffix}`] = again(place, () => wire(place, secure ? { ca: caFile } : null));
      }
      if (REFERENCE !== undefined) clients['reference'] = again(place, () => reference(place, REFERENCE));
      const counts = await Promise.all(Object.entries(clients).map(async ([who, count]) => [who, await count] as const));
      for (const [who, count] of counts) assert.ok(count > 0, `${who}: ${count} answers`);
      if (SECONDS > 5) console.log(counts.map(([who, count]) => `${who}: ${count}`).join(', '));
      // Nobody was taken for something else.
      assert.deepEqual(server.err.split('\n').filter((l) => l.includes('closing') || l.includes('refus')), []);
    } finally {
      server.process.kill('SIGTERM');
      await server.ended;
    }
  });
});

async function again({ until }: Place, session: () => Promise<number>): Promise<number> {
  let answers = 0;
  while (performance.now() < until) answers += await session();
  return answers;
}

/** A stream to the port; rejects when it ends before it was closed here. */
async function stream({ port, ca }: Place, secure: boolean): Promise<{ socket: Socket; lost: Promise<never> }> {
  const at = { port, host: '127.0.0.1' };
  const socket: Socket = secure ? connectTls({ ...at, ca, servername: 'localhost' }) : connectPlain(at);
  const lost = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server has closed')));
  });
  lost.catch(() => {});
  await Promise.race([lost, new Promise<void>((resolve) => socket.once(secure ? 'secureConnect' : 'connect', () => resolve()))]);
  return { socket, lost };
}

/** 64 requests in flight, every 50th a probe. */
async function frames(place: Place, secure: boolean, k: number): Promise<number> {
  const { socket, lost } = await stream(place, secure);
  const reader = new BodyReader();
  const open = new OpenRequests<string>();
  const probes = new Map<bigint, Uint8Array>();
  const base = (k + (secure ? 10 : 0)) * 1_000_000_000 + Math.floor(Math.random() * 1_000_000);
  let sent = 0;
  let answers = 0;
  const ask = (): void => {
    if (++sent % 50 === 0) {
      const nonce = randomBytes(NONCE_BYTES);
      const { wire, requestId } = probeRequest(nonce);
      probes.set(requestId, nonce);
      socket.write(wire);
    } else socket.write(open.ask(TEXT_LANE, Buffer.from(`(+ ${base} ${sent})`), String(base + sent)).wire);
  };
  const answered = (frame: Frame): void => {
    if (frame.payloadProtocol === PROBE) {
      const nonce = probes.get(frame.requestId);
      assert.deepEqual(Buffer.from(frame.payload.subarray(0, NONCE_BYTES)), nonce);
      assert.equal(decodeDaemonProcess(frame.payload, NONCE_BYTES).pid, place.pid);
      probes.delete(frame.requestId);
    } else {
      const settled = open.settle(frame);
      assert.ok('context' in settled, 'fault' in settled ? settled.fault : '');
      assert.equal(Buffer.from(frame.payload).toString(), settled.context);
    }
    answers++;
  };
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
        for (let body = reader.next(); body !== null; body = reader.next()) {
          answered(decodeBody(body));
          if (answers + open.size + probes.size < ANSWERS) ask();
          else if (open.size + probes.size === 0) return resolve();
        }
      } catch (e) {
        reject(e as Error);
      }
    });
  });
  for (let i = 0; i < 64; i++) ask();
  await Promise.race([done, lost]);
  socket.end();
  return answers;
}

/** Messages that are answered and acknowledged, 16 in flight. */
async function lines(place: Place, secure: boolean, k: number): Promise<number> {
  const { socket, lost } = await stream(place, secure);
  const run = `${k}-${randomBytes(4).toString('hex')}`;
  const open = new Set<number>();
  const unacked = new Set<string>();
  let sent = 0;
  let answers = 0;
  let rest = '';
  const ask = (): void => {
    const n = ++sent;
    open.add(n);
    unacked.add(`${run}-${n}`);
    socket.write(`{"type":"ask","id":"${run}-${n}","ts":1,"payload":{"run":"${run}","n":${n}}}\n`);
  };
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      try {
        const parts = (rest + chunk.toString()).split('\n');
        rest = parts.pop()!;
        for (const part of parts) {
          const { type, payload } = JSON.parse(part) as { type: string; payload: { run: string; n: number } & Record<string, string> };
          if (type === 'answer') {
            assert.equal(payload.run, run);
            assert.ok(open.delete(payload.n), `an answer to ${payload.n}`);
            answers++;
          } else if (type === 'soc_ack') {
            const id = Object.values(payload).find((v): v is string => typeof v === 'string' && unacked.has(v));
            assert.ok(id !== undefined, part);
            unacked.delete(id);
          } else continue;
          if (sent < ANSWERS / 4 && open.size < 16) ask();
          else if (sent >= ANSWERS / 4 && open.size + unacked.size === 0) return resolve();
        }
      } catch (e) {
        reject(e as Error);
      }
    });
  });
  for (let i = 0; i < 16; i++) ask();
  await Promise.race([done, lost]);
  socket.end();
  return answers;
}

async function wire({ port }: Place, tls: { ca: string } | null): Promise<number> {
  const client = await connectWire(`${tls === null ? 'tcp' : 'tls'}://localhost:${port}`, tls === null ? {} : { tls });
  const base = Math.floor(Math.random() * 1_000_000);
  let answers = 0;
  for (let n = 0; n < ANSWERS / 3; n += 16) {
    const all = Array.from({ length: 16 }, async (_, i) => assert.equal(await client.send(new List([name('*'), base, n + i])), base * (n + i)));
    await Promise.all(all);
    answers += all.length;
  }
  client.close();
  return answers;
}

/** A script of the reference that counts wrong answers. */
function reference({ port }: Place, binary: string): Promise<number> {
  const requests = 500;
  const base = Math.floor(Math.random() * 1_000_000);
  const script = `(set h (.ipc.open "127.0.0.1:${port}"))
(set wrong (fn [i] (if (== (.ipc.send h (list * i ${base})) (* i ${base})) 0 1)))
(println "wrong %" (sum (map wrong (til ${requests}))))
(.ipc.close h)`;
  return withFiles({ 'client.rfl': script }, (folder) => new Promise<number>((resolve, reject) => {
    const child = spawn(binary, [join(folder, 'client.rfl')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (out += String(chunk)));
    child.on('close', () => (out.includes('wrong 0') ? resolve(requests) : reject(new Error(`the reference: ${out}`))));
  }));
}
