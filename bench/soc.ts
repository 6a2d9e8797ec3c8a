/** One-way events through a pipe, against a bare socket with `JSON.stringify` and `split`; in one process, so that both pay for both ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferedSender, PipeListener, type Receiver } from '../src/index.js';
import { Spool } from '../src/engine/soc/spool.js';
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
      if (sender.send({ type: 'soc_event', payload: JSON.stringify(event(n)) }) !== 'ok') return void setImmediate(go);
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
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await bare(join(folder, `b${round}.sock`)));
      ours.push(await piped(join(folder, `p${round}.sock`)));
      disk.push(await spooled(join(folder, `s${round}.spool`)));
    }
    const rate = (all: readonly Measured[]): number => median(all.map((m) => m.rate));
    const p99 = (all: readonly Measured[]): number => median(all.map((m) => m.p99));
    report({ name: 'pipe: events one way, against a bare socket', unit: '/s', ours: rate(ours), peer: rate(theirs), higher: true, times: 1 });
    report({ name: 'pipe: p99 of an event, against a bare socket', unit: 'ms', ours: p99(ours), peer: p99(theirs), times: 1 });
    report({ name: 'spool: events on disk, fsync for each batch', unit: '/s', ours: median(disk), higher: true, aim: 50_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
