import test from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../src/engine/client.js';
import { Vec } from '../src/lang/value.js';
import { seeded } from './support/random-columns.js';
import { ROOT } from './support/root.js';
import { Running, withFiles } from './support/rfl.js';

const ROUNDS = 4;
const PLANT = fileURLToPath(new URL('examples/tick/tickerplant.rfl', ROOT));

test('a tickerplant that is killed again and again loses no answered update, and its subscriber ends with the same rows', () => withFiles({}, async (folder) => {
  const port = await freePort();
  const random = seeded(11);
  const plant = async (): Promise<Running> => {
    const running = new Running(['-L', join(folder, 'market'), '--journal-cut', '--listen', `127.0.0.1:${port}`, PLANT]);
    await running.see('out', /(\d+) quotes, (\d+) trades/);
    return running;
  };
  const answered: number[] = [];
  const running: Running[] = [];
  try {
    let server = await plant();
    running.push(server, subscriber(folder, port));
    const [, follower] = running;
    const followed = Number((await follower.see('err', /listening on port (\d+)/))[1]);
    for (let round = 0; round < ROUNDS; round++) {
      const fed = feed(port, round * 100_000);
      setTimeout(() => server.process.kill('SIGKILL'), 50 + random() * 200);
      answered.push(...(await fed));
      await server.ended;
      running[0] = server = await plant();
    }
    const trades = await column(port, "(at trades 'size)");
    const kept = new Set(trades);
    assert.ok(answered.length > ROUNDS, `${answered.length} updates answered`);
    assert.deepEqual(answered.filter((n) => !kept.has(n)), [], 'answered, and lost');
    assert.equal(kept.size, trades.length, 'once each');
    await until(async () => (await column(followed, '(if (nil? (resolve (quote trades))) [] (at trades (quote size)))')).length === trades.length);
    assert.deepEqual(await column(followed, "(at trades 'size)"), trades);
    // Trade n has n for its price, and the quote before it n for its bid.
    const joined = '(asof-join [sym time] trades quotes)';
    assert.deepEqual(await column(followed, `(as 'I64 (at ${joined} 'bid))`), trades);
  } finally {
    for (const each of running) each.process.kill('SIGKILL');
    await Promise.all(running.map((each) => each.ended));
  }
}));

test('a subscriber that was away gets the rows it missed, each once', () => withFiles({}, async (folder) => {
  const port = await freePort();
  const running = [new Running(['--listen', `127.0.0.1:${port}`, PLANT])];
  try {
    await running[0].see('out', /0 quotes, 0 trades/);
    const client = await connect(`127.0.0.1:${port}`);
    await client.send(update(1));
    running.push(subscriber(folder, port));
    const followed = Number((await running[1].see('err', /listening on port (\d+)/))[1]);
    const sizes = (): Promise<number[]> => column(followed, '(if (nil? (resolve (quote trades))) [] (at trades (quote size)))');
    await until(async () => (await sizes()).length === 1);
    const follower = await connect(`127.0.0.1:${followed}`);
    await follower.send('(.ipc.close tick-feed)');
    await client.send(update(2));
    await client.send(update(3));
    await until(async () => (await sizes()).length === 3);
    assert.deepEqual(await sizes(), [1, 2, 3]);
    follower.close();
    client.close();
  } finally {
    for (const each of running) each.process.kill('SIGKILL');
    await Promise.all(running.map((each) => each.ended));
  }
}));

function subscriber(folder: string, port: number): Running {
  const script = join(folder, 'subscriber.rfl');
  writeFileSync(script, `(load "tick")\n(tick-follow "127.0.0.1:${port}" ['quotes 'trades])\n`);
  return new Running(['--listen', '127.0.0.1:0', script]);
}

const at = (n: number): string => `(+ 00:00:00.000 ${n})`;
const update = (n: number): string => `(upd 'trades (table [time sym price size] (list (enlist ${at(n)}) [A] [${n}.0] [${n}])))`;
const quote = (n: number): string => `(upd 'quotes (table [time sym bid ask] (list (enlist ${at(n)}) [A] [${n}.0] [${n}.5])))`;

/** A quote and a trade after the other until the connection ends; the trades that were answered. */
async function feed(port: number, from: number): Promise<number[]> {
  const client = await connect(`127.0.0.1:${port}`);
  const answered: number[] = [];
  try {
    for (let n = from; ; n++) {
      await client.send(quote(n));
      await client.send(update(n));
      answered.push(n);
    }
  } catch {
    return answered;
  } finally {
    client.close();
  }
}

async function column(port: number, source: string): Promise<number[]> {
  const client = await connect(`127.0.0.1:${port}`);
  try {
    const v = await client.send(source);
    return v instanceof Vec ? Array.from(v.data as BigInt64Array, Number) : [];
  } finally {
    client.close();
  }
}

/** Until it is so; fails after half a minute. */
async function until(so: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await so());) {
    assert.ok(Date.now() < end, 'it never was');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
});
