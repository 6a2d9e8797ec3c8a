/** One-way events through a pipe, against a bare socket with `JSON.stringify` and `split`; in one process, so that both pay for both ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferedSender, PipeListener, type Receiver } from '../src/index.js';
import { Spool } from '../src/engine/soc/spool.js';
import { MAIN } from '../test/support/rfl.js';
import { median, report } from './report.js';

const EVENTS = 200_000;
const ROUNDS = 5;
const event = (n: number): { n: number; user: string; source: string; failed: boolean } => ({ n, user: `user-${n % 50}`, source: '10.1.2.3', failed: n % 3 === 0 });

interface Measured { readonly rate: number; readonly p99: number }
/** Each thousandth event carries its time: what it took from its making to its arrival, ms. */
class Latencies {
  readonly #at = new Map<number, number>();
  readonly #ms: number[] = [];
  made(n: number): void {
    if (n % 1000 === 0) this.#at.set(n, performance.now());
  }
  arrived(n: number): void {
    if (n % 1000 === 0) this.#ms.push(performance.now() - this.#at.get(n)!);
  }
  get p99(): number {
    return this.#ms.sort((a, b) => a - b)[Math.floor(this.#ms.length * 0.99)];
  }
}

function bare(path: string): Promise<Measured> {
  return new Promise((resolve) => {
    const latencies = new Latencies();
    let got = 0;
    const start = performance.now();
    const server = createServer((socket) => {
      let rest = '';
      socket.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const m = JSON.parse(line) as { payload: { n: number } };
          latencies.arrived(m.payload.n);
          if (++got === EVENTS) {
            client.destroy();
            server.close(() => resolve({ rate: EVENTS / ((performance.now() - start) / 1000), p99: latencies.p99 }));
          }
        }
      });
    });
    const client = connect({ path });
    server.listen(path);
    let n = 0;
    const go = (): void => {
      while (n < EVENTS) {
        latencies.made(n);
        const line = JSON.stringify({ type: 'soc_event', id: String(1763634000000000000n + BigInt(n)), ts: Math.floor(Date.now() / 1000), payload: event(n) }) + '\n';
        n++;
        if (!client.write(line)) return void client.once('drain', go);
      }
    };
    client.once('connect', go);
    client.on('error', () => setTimeout(() => client.connect({ path }), 5));
  });
}

async function piped(path: string): Promise<Measured> {
  const latencies = new Latencies();
  let begin: (receiver: Receiver) => void;
  const accepted = new Promise<Receiver>((resolve) => (begin = resolve));
  const listener = await PipeListener.open(path, (receiver) => begin(receiver));
  const start = performance.now();
  const sender = new BufferedSender(path, { capacity: 512 });
  let n = 0;
  const go = (): void => {
    for (; n < EVENTS; n++) {
      latencies.made(n);
      if (sender.send({ type: 'soc_event', payload: event(n) }) !== 'ok') return void sender.room().then(go);
    }
  };
  go();
  const receiver = await accepted;
  for (let got = 0; got < EVENTS;) {
    const messages = (await receiver.batch())!;
    for (const { payload } of messages) latencies.arrived((JSON.parse(payload!) as { n: number }).n);
    got += messages.length;
  }
  const seconds = (performance.now() - start) / 1000;
  await sender.close();
  listener.close();
  return { rate: EVENTS / seconds, p99: latencies.p99 };
}

/** Over a spool that is synced for each batch, to a receiver that acknowledges each message: from the first until the last ack. */
async function acknowledged(path: string): Promise<number> {
  const listener = await PipeListener.open(path, (receiver) => void (async () => {
    for (let batch = await receiver.batch(); batch !== null; batch = await receiver.batch()) for (const { id } of batch) receiver.ack(id);
  })());
  const sender = await BufferedSender.spooled(path, `${path}.spool`);
  const start = performance.now();
  for (let n = 0; n < EVENTS; n++) {
    const payload = event(n);
    while (sender.send({ type: 'soc_event', payload }) === 'full') await sender.room();
    if (n % 1000 === 999) await turn();
  }
  while (sender.pending > 0) await turn();
  const seconds = (performance.now() - start) / 1000;
  await sender.close();
  listener.close();
  return EVENTS / seconds;
}

const SCRIPTED = 100_000;
const RECEIVER = `(set n 0)
(set .soc.on.message (fn [h m] (set n (+ n 1)) (if (== n 1) (println "first") (if (== n ${SCRIPTED}) (do (println "last") (.soc.close l)) 0))))
(set l (.soc.listen "bench"))
(println "ready")`;
const SENDER = `(set h (.soc.dial "bench"))
(set users (map (fn [i] (format "user-%" i)) (til 50)))
(set event (fn [i] (dict [n user source failed] (list i (at users (% i 50)) "10.1.2.3" (== 0 (% i 3))))))
(set put (fn [i] (let e (event i)) (let posted (try (.soc.post h 'soc_event e) (fn [x] null))) (if (nil? posted) (.soc.send h 'soc_event e) posted)))
(map put (til ${SCRIPTED}))
(.soc.close h 60000)`;

/** From one script to another, each a process: what is posted, until the slot was called for the last. */
async function scripted(folder: string): Promise<number> {
  const run = (name: string, source: string): ChildProcess => {
    const file = join(folder, `${name}.rfl`);
    writeFileSync(file, source);
    return spawn(process.execPath, [MAIN, file], { env: { ...process.env, XDG_RUNTIME_DIR: folder }, stdio: ['ignore', 'pipe', 'ignore'] });
  };
  const receiver = run('receiver', RECEIVER);
  const seen = new Map<string, number>();
  return new Promise((resolve, reject) => {
    receiver.stdout!.on('data', (chunk: Buffer) => {
      for (const word of chunk.toString().trim().split('\n')) seen.set(word, performance.now());
      if (chunk.includes('ready')) run('sender', SENDER).on('close', (status) => status !== 0 && receiver.kill());
    });
    receiver.on('close', () => (seen.has('last') ? resolve(SCRIPTED / ((seen.get('last')! - seen.get('first')!) / 1000)) : reject(new Error('the receiver ended before its time'))));
  });
}

/** Into a spool that is synced for each batch: how many are on disk in a second. */
async function spooled(path: string): Promise<number> {
  let stored = 0;
  let done: () => void;
  const all = new Promise<void>((resolve) => (done = resolve));
  const { spool } = await Spool.open(path, 'batch', {
    stored: (messages) => {
      stored += messages.length;
      for (const { id } of messages) spool.ack(id);
      if (stored === EVENTS) done();
    },
    failed: (_, reason) => {
      throw new Error(reason);
    },
  });
  const start = performance.now();
  let n = 0;
  const go = (): void => {
    for (const until = Math.min(EVENTS, n + 1000); n < until; n++) spool.add({ id: String(n), line: `{"type":"soc_event","id":"${n}","ts":1,"payload":${JSON.stringify(event(n))}}\n` });
    if (n < EVENTS) setImmediate(go);
  };
  go();
  await all;
  const seconds = (performance.now() - start) / 1000;
  await spool.close();
  return EVENTS / seconds;
}

export async function pipes(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-bench-'));
  try {
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    const disk: number[] = [];
    const whole: number[] = [];
    const scripts: number[] = [];
    // Both are compiled by the engine before it counts.
    await bare(join(folder, 'b.sock'));
    await piped(join(folder, 'p.sock'));
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await bare(join(folder, `b${round}.sock`)));
      ours.push(await piped(join(folder, `p${round}.sock`)));
      disk.push(await spooled(join(folder, `s${round}.spool`)));
      whole.push(await acknowledged(join(folder, `a${round}.sock`)));
      scripts.push(await scripted(folder));
    }
    const rate = (all: readonly Measured[]): number => median(all.map((m) => m.rate));
    const p99 = (all: readonly Measured[]): number => median(all.map((m) => m.p99));
    report({ name: 'pipe: events one way, against a bare socket', unit: '/s', ours: rate(ours), peer: rate(theirs), higher: true, times: 1 });
    report({ name: 'pipe: p99 of an event, against a bare socket', unit: 'ms', ours: p99(ours), peer: p99(theirs), times: 1 });
    report({ name: 'spool: events on disk, fsync for each batch', unit: '/s', ours: median(disk), higher: true, aim: 50_000 });
    report({ name: 'spool: events acknowledged, fsync for each batch', unit: '/s', ours: median(whole), higher: true, aim: 50_000 });
    report({ name: 'pipe: events from script to script', unit: '/s', ours: median(scripts), peer: rate(theirs), higher: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
