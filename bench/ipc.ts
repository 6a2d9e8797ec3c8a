/** Requests and replies over loopback; clients run in a process of their own. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { folder, peers, script, serve, shake, type Peer } from './peers.js';
import { median, report } from './report.js';
import type { LoadResult } from './load.js';

const loader = fileURLToPath(new URL('load.js', import.meta.url));
const source = fileURLToPath(new URL('../../bench/load.c', import.meta.url));

interface Asked { readonly text?: string; readonly requests: number; readonly inFlight?: number; readonly warmUp: number; /** Divides what the reference is asked. */ readonly slower?: number }

/** The client in C where there is a compiler, for it leaves the processors to the server; otherwise the same in Node. */
const lean = ((): string | null => {
  const binary = join(folder, 'load');
  return spawnSync('cc', ['-O2', '-o', binary, source]).status === 0 ? binary : null;
})();

/** `at`: a port, or the path of a Unix socket. `frame`: frames are spoken. */
export function run(at: number | string, { text = '(+ 1 2)', requests, inFlight = 1, warmUp }: Asked, frame = false): LoadResult {
  const [n, m, w] = [requests, inFlight, warmUp].map(String);
  const { stdout, stderr } = lean !== null
    ? spawnSync(lean, [String(at), n, m, w, text, ...(frame ? ['frame'] : [])], { encoding: 'utf8' })
    : spawnSync(process.execPath, [loader, String(at), '--json', '--requests', n, '--in-flight', m, '--warm-up', w, '--text', text, ...(frame ? ['--frame'] : [])], { encoding: 'utf8' });
  if (stdout === '') throw new Error(`the load client failed: ${stderr}`);
  return JSON.parse(stdout) as LoadResult;
}

const HOOK = '(set .ipc.on.sync (fn [m] (eval (parse m))))';

interface Case { readonly name: string; readonly unit: string; readonly times: number; readonly higher?: boolean; readonly hook?: string; readonly asked: Asked; readonly figure: (r: LoadResult) => number }

/** Enough that both peers run for seconds: the reference gets a tenth. */
const PIPELINED: Asked = { requests: 1_000_000, inFlight: 64, warmUp: 200_000, slower: 10 };

const CASES: readonly Case[] = [
  { name: '(+ 1 2) one at a time, p50', unit: 'µs', times: 2, asked: { requests: 40_000, warmUp: 20_000 }, figure: (r) => r.p50 },
  { name: '(+ 1 2) 64 in flight', unit: 'rps', times: 30, higher: true, asked: PIPELINED, figure: (r) => r.rps },
  { name: 'on.sync in Rayfall, 64 in flight', unit: 'rps', times: 10, higher: true, hook: HOOK, asked: PIPELINED, figure: (r) => r.rps },
  { name: 'reply of 1 M random i64', unit: 'ms', times: 1, hook: '(set v (rand 1000000 1000000000))', asked: { text: 'v', requests: 30, warmUp: 5 }, figure: (r) => r.p50 / 1000 },
];

const fewer = ({ slower = 1, ...asked }: Asked): Asked => ({ ...asked, requests: asked.requests / slower, warmUp: asked.warmUp / slower });

/** Median of three runs, the servers taking turns. */
export async function requests(): Promise<void> {
  for (const { name, unit, times, higher, hook, asked, figure } of CASES) {
    const figures = new Map<Peer, number[]>(peers.map((peer) => [peer, []]));
    for (let i = 0; i < 3; i++) {
      for (const peer of peers) {
        const server = await serve(peer, hook ? script('hook.rfl', hook) : undefined);
        figures.get(peer)!.push(figure(run(server.port, peer === 'rfl' ? asked : fewer(asked))));
        await server.stop();
      }
    }
    const [ours, peer] = [figures.get('rfl')!, figures.get('reference')];
    report({ name, unit, ours: median(ours), peer: peer && median(peer), higher, times, note: lean === null ? 'no C compiler: client in Node' : undefined });
  }
}

/** Memory of 8,000 idle connections that shook hands. */
export async function idle(): Promise<void> {
  const COUNT = 8000;
  const server = await serve('rfl');
  // The first connections pay for code and buffers that do not grow with their number.
  const sockets = await Promise.all(Array.from({ length: 100 }, () => shake(server.port)));
  await pause(500);
  const before = server.rss();
  while (sockets.length < COUNT + 100) sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => shake(server.port)))));
  await pause(1500);
  report({ name: `${COUNT} idle connections, each`, unit: 'KB', ours: (server.rss() - before) / COUNT / 1024, aim: 12 });
  sockets.forEach((s) => s.destroy());
  await server.stop();
}

/** A good client while 40 peers leave replies of 40 MB unread, 100 stall in the handshake and 100 send garbage. */
export async function badPeers(): Promise<void> {
  const server = await serve('rfl');
  const big = frame('(til 5000000)');
  const bad = await Promise.all(Array.from({ length: 40 }, () => shake(server.port)));
  for (const socket of bad) socket.pause().write(big);
  const { connect } = await import('node:net');
  const keep = (write: (s: import('node:net').Socket) => void): NodeJS.Timeout => setInterval(() => {
    for (let i = 0; i < 10; i++) {
      const s = connect(server.port, '127.0.0.1', () => write(s));
      s.on('error', () => {});
    }
  }, 200);
  // A hundred of each at any time: the server drops them after two seconds, so they come back.
  const stalled = keep((s) => s.write(Buffer.from([3])));
  const garbage = keep((s) => s.write(Buffer.alloc(64, 0xaa)));
  await pause(6000);
  const result = await new Promise<LoadResult>((resolve) => {
    const child = spawn(process.execPath, [loader, String(server.port), '--json', '--requests', '20000', '--warm-up', '1000']);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('exit', () => resolve(JSON.parse(text) as LoadResult));
  });
  clearInterval(stalled);
  clearInterval(garbage);
  report({ name: 'good client p99 among 240 bad peers', unit: 'ms', ours: result.p99 / 1000, aim: 5 });
  bad.forEach((s) => s.destroy());
  await server.stop();
}

/** A handshake while another client's evaluation runs for about two seconds. */
export async function busy(): Promise<void> {
  const server = await serve('rfl', script('busy.rfl', '(set spin (fn [n] (fold (fn [a b] (+ (% a 7) b)) 0 (til n))))'));
  const client = await shake(server.port);
  client.write(frame('(map (fn [i] (spin 1000000)) (til 200))'));
  await pause(300);
  let worst = 0;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    (await shake(server.port)).destroy();
    worst = Math.max(worst, performance.now() - start);
    await pause(50);
  }
  report({ name: 'handshake during another client\'s evaluation, worst', unit: 'ms', ours: worst, aim: 20 });
  client.destroy();
  await server.stop();
}

function frame(text: string): Buffer {
  const b = Buffer.alloc(26 + text.length);
  b.set([0xfa, 0xde, 0xfa, 0xce, 3, 0, 0, 1]);
  b.writeUInt32LE(10 + text.length, 8);
  b[16] = 0xf3;
  b.writeUInt32LE(text.length, 18);
  b.write(text, 26, 'latin1');
  return b;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
