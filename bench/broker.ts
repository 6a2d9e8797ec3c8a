/** Hellos over a socket, idle and beside an evaluation, and verdicts of the mux. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BrokerServer } from '../src/engine/broker/server.js';
import { helloFrame } from '../src/wire/broker/client.js';
import { BackendTable } from '../src/wire/broker/directories.js';
import { frameWire, request } from '../src/wire/broker/frame.js';
import { createDaemonProcess, createEndpoint } from '../src/wire/broker/messages.generated.js';
import { ProbeResponder } from '../src/wire/broker/probe.js';
import { TEXT_LANE, VALUE_LANE } from '../src/wire/broker/protocols.js';
import { EndpointMux } from '../src/wire/mux.js';
import { guard, GUARD } from './guard.js';
import { report } from './report.js';

const SERVICE = { serviceName: 'bench', version: '1.0.0', pipe: '/backend', capabilities: 0n, minVersion: '', allowList: [] };

/** A broker in a thread of its own; the client is this one. */
export async function hello(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rflbench-'));
  const path = join(folder, 'b.sock');
  const broker = new Worker(new URL(import.meta.url), { workerData: { serve: path } });
  await new Promise((resolve) => broker.once('message', resolve));
  await measure('Hello round trip', path);
  const busy = new Worker('for (let x = 1; ; x++) globalThis.x = x % 7;', { eval: true });
  await measure('Hello round trip beside a busy thread', path);
  await Promise.all([busy.terminate(), broker.terminate()]);
  rmSync(folder, { recursive: true });
}

async function measure(name: string, path: string): Promise<void> {
  const wire = frameWire(helloFrame({ serviceName: SERVICE.serviceName, wantedVersion: SERVICE.version }));
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
  const socket = await new Promise<Socket>((resolve, reject) => {
    const s = connect(path, () => resolve(s)).once('error', reject);
  });
  const start = performance.now();
  socket.write(wire);
  await new Promise((resolve) => socket.once('data', resolve));
  const us = (performance.now() - start) * 1000;
  socket.destroy();
  return us;
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

if (!isMainThread && (workerData as { serve?: string } | null)?.serve !== undefined) {
  const directory = new BackendTable();
  directory.register(SERVICE);
  await BrokerServer.open({ path: (workerData as { serve: string }).serve, directory, rate: { max: 1e9, windowMs: 1000 } });
  parentPort!.postMessage('listening');
}
