/** Hellos over a socket, idle and beside an evaluation; connections passed on against connections made anew; verdicts of the mux. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Adoption } from '../src/engine/broker/adoption.js';
import { Handoffs } from '../src/engine/broker/handoffs.js';
import { startNode } from '../src/engine/node.js';
import { Connection } from '../src/net/endpoint.js';
import { helloFrame } from '../src/wire/broker/client.js';
import { frameWire, request } from '../src/wire/broker/frame.js';
import { TokenStore } from '../src/wire/broker/handoff-tokens.js';
import { createDaemonProcess, createEndpoint } from '../src/wire/broker/messages.generated.js';
import { ProbeResponder } from '../src/wire/broker/probe.js';
import { CAP_HANDLE_PASSING, TEXT_LANE, VALUE_LANE } from '../src/wire/broker/protocols.js';
import { EndpointMux } from '../src/wire/mux.js';
import { guard, GUARD } from './guard.js';
import { report } from './report.js';

const HELLO = { serviceName: 'bench', wantedVersion: '1.0.0' };
/** About two seconds of evaluation. */
const EVALUATION = '(count (map (fn [y] (fold (fn [a x] (+ a x)) 0 (til 10000))) (til 3000)))';
const PASSED = 2000;

/** A host that serves a broker, a backend, both in threads of their own; the client is this one. */
export async function hello(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rflbench-'));
  const [path, pipe] = [join(folder, 'b.sock'), join(folder, 'p.sock')];
  const backend = await started({ backend: pipe });
  const broker = await started({ broker: path, pipe });
  await measure('Hello round trip', path);
  broker.postMessage('be busy');
  await measure('Hello round trip beside an evaluation', path);
  broker.postMessage('rest');
  await new Promise((resolve) => broker.once('message', resolve));
  if (Handoffs.possible) await against(path, pipe);
  await Promise.all([backend.terminate(), broker.terminate()]);
  rmSync(folder, { recursive: true });
}

async function started(role: Role): Promise<Worker> {
  const worker = new Worker(new URL(import.meta.url), { workerData: role });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return worker;
}

async function measure(name: string, path: string): Promise<void> {
  const wire = frameWire(helloFrame({ ...HELLO, clientCapabilities: 0n }));
  const samples: number[] = [];
  for (let i = 0; i < GUARD.warmUp + GUARD.samples; i++) {
    const us = await roundTrip(path, wire);
    if (i >= GUARD.warmUp) samples.push(us);
  }
  const result = guard(samples);
  if (!('p50us' in result)) throw new Error(result.verdict);
  report({ name: `${name}, p50`, unit: 'us', ours: result.p50us, aim: GUARD.p50us });
  report({ name: `${name}, p99`, unit: 'us', ours: result.p99us, aim: GUARD.p99us });
}

/** Microseconds from the request to the reply; the connection is there already. */
async function roundTrip(path: string, wire: Uint8Array): Promise<number> {
  const socket = await opened(path);
  const start = performance.now();
  await asked(socket, wire);
  const us = (performance.now() - start) * 1000;
  socket.destroy();
  return us;
}

/** From the Hello to the first answer of the backend: on the connection that was passed on, and on one of its own. */
async function against(path: string, pipe: string): Promise<void> {
  const passed: number[] = [];
  const anew: number[] = [];
  for (let i = 0; i < GUARD.warmUp + PASSED; i++) {
    const [p, a] = [await handedOver(path), await reconnected(path, pipe)];
    if (i < GUARD.warmUp) continue;
    passed.push(p);
    anew.push(a);
  }
  for (const [percent, at] of [['p50', 0.5], ['p99', 0.99]] as const) {
    const of = (samples: number[]): number => samples.sort((x, y) => x - y)[Math.ceil(samples.length * at) - 1];
    report({ name: `to the backend by handoff against reconnect, ${percent}`, unit: 'us', ours: of(passed), peer: of(anew) });
  }
}

async function handedOver(path: string): Promise<number> {
  const socket = await opened(path);
  const start = performance.now();
  let events = 0;
  socket.write(frameWire(helloFrame({ ...HELLO, clientCapabilities: CAP_HANDLE_PASSING })));
  await new Promise<void>((resolve, reject) => {
    socket.on('end', () => reject(new Error('the handoff has failed')));
    // The answer and the event: one chunk or two.
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 5 + chunk.readUInt32LE(at + 1)) events++;
      if (events === 2) resolve();
    });
  });
  socket.removeAllListeners('data');
  await asked(socket, PING);
  const us = (performance.now() - start) * 1000;
  socket.destroy();
  return us;
}

async function reconnected(path: string, pipe: string): Promise<number> {
  const socket = await opened(path);
  const start = performance.now();
  await asked(socket, frameWire(helloFrame({ ...HELLO, clientCapabilities: 0n })));
  socket.destroy();
  const second = await opened(pipe);
  await asked(second, PING);
  const us = (performance.now() - start) * 1000;
  second.destroy();
  return us;
}

const PING = Buffer.from('ping');

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket)).once('error', reject);
  });
}
function asked(socket: Socket, bytes: Uint8Array): Promise<unknown> {
  socket.write(bytes);
  return new Promise((resolve) => socket.once('data', resolve));
}

export function mux(): void {
  const identity = createDaemonProcess({ pid: 1, exePath: '/x', ipcEndpoint: createEndpoint({ path: '/x' }), exeHashAlgorithm: 'blake3', exeHash: new Uint8Array(32) });
  const poller = new EndpointMux({ probes: new ProbeResponder(identity, new Uint8Array(32)), served: [VALUE_LANE, TEXT_LANE] });
  const frame = Uint8Array.from(frameWire(request(TEXT_LANE, Buffer.from('(+ 1 2)'), 5n)));
  // A mixed crowd: two of three buffers hold a request, the others half of one or another protocol.
  const buffers = [frame, frame, frame, frame, frame.subarray(0, 9), Uint8Array.of(3, 0)];
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const polls = 1_000_000;
    const start = performance.now();
    for (let i = 0; i < polls; i++) poller.poll(buffers[i % buffers.length]);
    best = Math.max(best, polls / (performance.now() - start) / 1000);
  }
  report({ name: 'mux verdicts', unit: 'M/s', ours: best, higher: true, aim: 2 });
}

/* ── the other threads ─────────────────────────────────────────────────── */

type Role = { readonly broker: string; readonly pipe: string } | { readonly backend: string };

async function serveBroker(path: string, pipe: string): Promise<void> {
  const node = await startNode();
  const { ok, text } = await node.evaluate(`(.broker.serve "${path}" {rate: 1000000000}) (.broker.register {service: "bench" version: "1.0.0" pipe: "${pipe}" handoff: true})`);
  if (!ok) throw new Error(text);
  let busy = false;
  parentPort!.on('message', async (order: string) => {
    busy = order === 'be busy';
    while (busy) await node.evaluate(EVALUATION);
    if (order === 'rest') parentPort!.postMessage('resting');
  });
}

/** Echoes, to whoever connects and to whoever is passed on. */
async function serveBackend(pipe: string): Promise<void> {
  const server = createServer((socket) => void socket.on('error', () => {}).on('data', (chunk: Buffer) => socket.write(chunk)));
  await new Promise<void>((resolve) => server.listen(pipe, resolve));
  if (!Handoffs.possible) return;
  await Adoption.open({
    path: `${pipe}.handoff`, tokens: new TokenStore(randomBytes),
    take: ({ transport }) => void Connection.server(transport, { onReceived: (c, data) => void c.send(data), onStartFailure: () => {} }),
  });
}

const role = workerData as Role | null;
if (!isMainThread && role !== null && ('broker' in role || 'backend' in role)) {
  await ('broker' in role ? serveBroker(role.broker, role.pipe) : serveBackend(role.backend));
  parentPort!.postMessage('ready');
}
