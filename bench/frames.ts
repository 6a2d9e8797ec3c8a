/** Requests in frames beside those of the wire on one socket, and beside unary calls of gRPC where RFL_GRPC names a folder that has it. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './ipc.js';
import { load } from './load.js';
import { folder, serve } from './peers.js';
import { median, report } from './report.js';

const ASKED = { requests: 500_000, inFlight: 64, warmUp: 200_000 };
/** A tenth of it, and client and server each a process of Node, as there. */
const FEWER = { requests: 100_000, inFlight: 64, warmUp: 50_000, text: '(+ 1 2)' };
const ROUNDS = 5;
const grpcFolder = process.env['RFL_GRPC'];

export async function frames(): Promise<void> {
  const path = join(folder, 'frames.sock');
  const server = await serve('rfl', undefined, ['--listen', `unix://${path}`]);
  const wire: number[] = [];
  const framed: number[] = [];
  // In turns, so that both meet the same machine.
  for (let i = 0; i < ROUNDS; i++) {
    wire.push(run(path, ASKED).rps);
    framed.push(run(path, ASKED, true).rps);
  }
  report({ name: '(+ 1 2) in frames, 64 in flight', unit: 'rps', ours: median(framed), higher: true });
  report({ name: "the same, of the wire's rate on the same socket", unit: '%', ours: (100 * median(framed)) / median(wire), higher: true, aim: 70 });
  if (grpcFolder === undefined) console.log('     RFL_GRPC is not set: nothing beside gRPC');
  else {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = 0; i < 3; i++) {
      ours.push((await load({ at: path, framed: true, ...FEWER })).rps);
      theirs.push(await grpc(grpcFolder));
    }
    const ratio = median(ours) / median(theirs);
    report({ name: 'frames beside unary calls of @grpc/grpc-js', unit: 'x', ours: ratio, higher: true, aim: 10, note: `${median(theirs)} calls/s, client in Node on both sides` });
  }
  await server.stop();
}

/** Calls a second, 64 in flight, to a server in a process of its own that answers at once. */
async function grpc(installed: string): Promise<number> {
  const child = fork(fileURLToPath(new URL('grpc.js', import.meta.url)), [installed, 'serve']);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', () => reject(new Error('the gRPC server has ended')));
  });
  const client = fork(fileURLToPath(new URL('grpc.js', import.meta.url)), [installed, String(port)]);
  const rate = await new Promise<number>((resolve, reject) => {
    client.once('message', (message) => resolve(message as number));
    client.once('exit', () => reject(new Error('the gRPC client has ended')));
  });
  client.kill();
  child.kill();
  return rate;
}
