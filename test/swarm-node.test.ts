import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SwarmNode, rowFact } from '../src/engine/soc/swarm-node.js';
import type { SwarmSelf, SyncReport } from '../src/engine/soc/calls.js';
import { MAIN } from './support/rfl.js';

const base = mkdtempSync(join(tmpdir(), 'swarm-'));
after(() => rmSync(base, { recursive: true, force: true }));
let made = 0;
const folder = (): string => mkdtempSync(join(base, String(made++)));
const self = (id: string, hash = 'h'): SwarmSelf => ({ id, node: `node-${id}`, hash, oldPeers: false });
const member = (reports: SyncReport[] = []): SwarmNode => new SwarmNode(() => 1_763_634_000_000, (r) => void reports.push(r), () => {});
const put = (node: SwarmNode, id: string, content = 'c'): boolean => node.facts.put(rowFact([id, content, 0, '', '', false, 'me', '2026-01-01T00:00:00Z']));

test('nobody there is no error', async () => {
  assert.equal((await member().dial(folder(), self('a'))).outcome, 'no-peer');
});

test('facts go both ways over a socket, and listening is true exactly while it is', async () => {
  const dir = folder();
  const reports: SyncReport[] = [];
  const [a, b] = [member(), member(reports)];
  for (let i = 0; i < 3000; i++) put(a, `a${i}`, 'x'.repeat(400));
  put(b, 'b');
  assert.equal(b.listening, false);
  assert.equal(await b.listen(dir, self('b'), {}), true);
  assert.equal(b.listening, true);
  const report = await a.dial(dir, self('a'));
  assert.deepEqual([report.outcome, report.peer, report.sent, report.imported.length], ['synced', 'b', 3000, 1]);
  assert.equal(a.facts.size, 3001);
  assert.equal(b.facts.size, 3001);
  assert.equal(reports[0].imported.length, 3000);
  assert.equal(b.peers.get('a')!.trust, 2);
  assert.equal((await a.dial(dir, self('a', 'other'))).outcome, 'mismatch');
  assert.equal((await a.dial(dir, self('b'))).outcome, 'self');
  b.stepDown('');
  assert.equal(b.listening, false);
  assert.equal((await a.dial(dir, self('a'))).outcome, 'no-peer');
});

test('the first one wins, and the next when it has gone', async () => {
  const dir = folder();
  const [a, b] = [member(), member()];
  assert.deepEqual([await a.listen(dir, self('a'), {}), await b.listen(dir, self('b'), {})], [true, false]);
  assert.equal(b.listening, false);
  a.stepDown('');
  assert.equal(await b.listen(dir, self('b'), {}), true);
  b.stepDown('');
});

test('whose socket was replaced does not call itself the listener', async () => {
  const dir = folder();
  const a = member();
  await a.listen(dir, self('a'), {});
  rmSync(join(dir, 'swarm.sock'));
  writeFileSync(join(dir, 'swarm.sock'), '');
  assert.equal(a.listening, false);
  a.stepDown('');
});

test('who is not on the list is refused before a byte is read', async () => {
  const dir = folder();
  const reports: SyncReport[] = [];
  const [a, b] = [member(), member(reports)];
  await b.listen(dir, self('b'), { uids: [process.getuid!() + 1] });
  put(a, '1');
  assert.notEqual((await a.dial(dir, self('a'))).outcome, 'synced');
  const socket = connect(join(dir, 'swarm.sock'));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  assert.deepEqual(reports, []);
  assert.equal(b.facts.size, 0);
  b.stepDown('');
});

test('of eight processes that race over a stale socket one wins, also when the winner is killed', { timeout: 300_000 }, async () => {
  const ROUNDS = Number(process.env['SWARM_ROUNDS'] ?? 3);
  const dir = folder();
  const script = join(base, 'racer.rfl');
  writeFileSync(script, `(println "listening %" (.swarm.listen "${dir}" {hash: 'h}))\n`);
  let stale: ChildProcess | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const racers = Array.from({ length: 8 }, () => spawn(process.execPath, [MAIN, '-i', script], { stdio: ['pipe', 'pipe', 'inherit'] }));
    // The winner of the last round is killed while the others are starting.
    setTimeout(() => stale?.kill('SIGKILL'), round === 0 ? 0 : 30);
    const answers = await Promise.all(racers.map((racer) => new Promise<string>((resolve) => racer.stdout.once('data', (d: Buffer) => resolve(d.toString().trim())))));
    const winners = racers.filter((_, i) => answers[i] === 'listening true');
    assert.equal(winners.length, 1, `round ${round}: ${answers.join(', ')}`);
    for (const racer of racers) if (racer !== winners[0]) racer.kill('SIGKILL');
    [stale] = winners;
  }
  stale?.kill('SIGKILL');
});
