import test from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../src/engine/client.js';
import type { Vec } from '../src/lang/value.js';
import { RawClient, frame, text } from './support/engine.js';
import { seeded } from './support/random-columns.js';
import { Running, withFiles } from './support/rfl.js';

const ROUNDS = 6;
const CLIENTS = 3;

async function start(base: string, mode: string): Promise<{ server: Running; port: number }> {
  const server = new Running([mode, base, '--journal-cut', '--listen', '127.0.0.1:0']);
  return { server, port: Number((await server.see('err', /listening on port (\d+)/))[1]) };
}

/** Asks for one change after another until the connection ends; answers the numbers that were answered. */
async function changes(port: number, first: number): Promise<number[]> {
  const client = await RawClient.open(port);
  const answered: number[] = [];
  for (let n = first; ; n += CLIENTS) {
    const reply = await client.ask(`(do (set seen (concat seen [${n}])) ${n})`);
    if (reply.length < 10 || reply[0] !== 0xfb) return answered;
    answered.push(n);
  }
}

for (const mode of ['-L', '-l']) {
  test(`${mode}: whenever the server is killed, what it had answered is there after the next start, once`, () => withFiles({}, async (folder) => {
    const random = seeded(mode === '-L' ? 3 : 4);
    const base = join(folder, 'j');
    const answered: number[] = [];
    let next = 0;
    {
      const { server, port } = await start(base, mode);
      const client = await RawClient.open(port);
      await client.ask('(set seen [])');
      server.process.kill('SIGKILL');
      await server.ended;
    }
    for (let round = 0; round < ROUNDS; round++) {
      const { server, port } = await start(base, mode);
      const asking = Array.from({ length: CLIENTS }, (_, i) => changes(port, next + i));
      setTimeout(() => server.process.kill('SIGKILL'), 10 + random() * 150);
      await server.ended;
      const got = (await Promise.all(asking)).flat();
      answered.push(...got);
      next += 1_000_000;
      // Besides what the kill left: half a record, as a machine that lost power leaves it. It was never answered.
      if (round % 2 === 1) tear(base);
    }
    const { server, port } = await start(base, mode);
    const client = await connect(`127.0.0.1:${port}`);
    const numbers = Array.from((await client.send('seen') as Vec).data as BigInt64Array, Number);
    client.close();
    server.process.kill('SIGKILL');
    await server.ended;
    assert.ok(answered.length > ROUNDS, `${answered.length} requests answered`);
    const kept = new Set(numbers);
    assert.deepEqual(answered.filter((n) => !kept.has(n)), []);
    assert.equal(kept.size, numbers.length);
    // At most one request a client and round was on its way.
    assert.ok(numbers.length <= answered.length + ROUNDS * CLIENTS, `${numbers.length} kept, ${answered.length} answered`);
  }));
}

function tear(base: string): void {
  const { size } = statSync(`${base}.log`);
  appendFileSync(`${base}.log`, frame(text('(set seen [])')));
  truncateSync(`${base}.log`, size + 20);
}
