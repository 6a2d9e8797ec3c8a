/** Without a spool messages may be lost, and whoever sent them hears of each. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BufferedSender } from '../src/index.js';
import { Random } from './fuzz/random.js';
import { MAIN } from './support/rfl.js';

// SOC_EVENTS=100000 SOC_KILLS=20 is the long run.
const EVENTS = Number(process.env['SOC_EVENTS'] ?? 6000);
const KILLS = Number(process.env['SOC_KILLS'] ?? 4);

const RECEIVER = `(set .soc.on.message (fn [h m] (println "%" (at m 'id)) (.soc.ack h (at m 'id))))
(.soc.listen "losses")
(println "ready")`;

test(`of ${EVENTS} events to a receiver that is killed ${KILLS} times each one arrives or is reported`, { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'losses-'));
  const outer = process.env['XDG_RUNTIME_DIR'];
  process.env['XDG_RUNTIME_DIR'] = folder;
  const script = join(folder, 'receiver.rfl');
  const printed = join(folder, 'receiver.out');
  writeFileSync(script, RECEIVER);
  const random = new Random(5);
  let receiver: ChildProcess;
  let over = false;
  const start = (): void => {
    const out = openSync(printed, 'a');
    receiver = spawn(process.execPath, [MAIN, script], { stdio: ['ignore', out, 'ignore'] });
    closeSync(out);
    receiver.on('exit', () => over || start());
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const delivered = (): string[] => (existsSync(printed) ? readFileSync(printed, 'latin1').split('\n').filter((line) => /^\d{19}$/.test(line)) : []);
  const reported = new Map<string, string>();
  const sent = new Set<string>();
  const sender = new BufferedSender('losses', {
    onDrop: ({ id, reason }) => {
      assert.ok(!reported.has(id), `${id} is reported once`);
      reported.set(id, reason);
    },
  });
  try {
    start();
    while (!(await sender.connect())) await pause(20);
    const base = BigInt(Date.now()) * 1_000_000n;
    let kills = 0;
    for (let n = 0; n < EVENTS; n++) {
      const id = String(base + BigInt(n));
      while (sender.send({ type: 'soc_event', id, payload: `{"n":${n}}` }) !== 'ok') await pause(2);
      sent.add(id);
      if (n % 50 === 49) await pause(2);
      if (kills < KILLS && n > ((kills + random.int(100) / 100) * EVENTS) / KILLS) {
        kills++;
        receiver!.kill('SIGKILL');
        await pause(random.int(400));
      }
    }
    await sender.flush();
    const missing = (): string[] => {
      const known = new Set(delivered());
      return [...sent].filter((id) => !known.has(id) && !reported.has(id));
    };
    // With a receiver that is far behind there are more than are remembered by their ids: those are counted.
    const unnamed = (): number => sender.counts.unconfirmed - [...reported.values()].filter((reason) => reason.includes('may not have arrived')).length;
    for (let i = 0; i < 400 && missing().length > unnamed(); i++) await pause(50);
    const lost = missing();
    const counted = unnamed();
    if (counted === 0) assert.deepEqual(lost, [], 'nothing is lost in silence');
    assert.ok(lost.length <= counted, `${lost.length} are lost, ${counted} were counted`);
    const got = delivered();
    assert.equal(new Set(got).size, got.length, 'and nothing arrives twice');
    assert.ok(got.every((id) => sent.has(id)));
    const both = got.filter((id) => reported.has(id)).length;
    for (const [id, reason] of reported) assert.ok(reason.includes('may not have arrived') || !got.includes(id), `what has arrived is not said to be lost: ${reason}`);
    assert.ok(kills === KILLS && reported.size > 0);
    t.diagnostic(`${kills} kills: ${sent.size} sent, ${got.length} arrived, ${reported.size} reported and ${counted} counted, of the reported ${both} had arrived`);
  } finally {
    over = true;
    receiver!.kill('SIGKILL');
    await sender.close({ timeoutMs: 0 });
    if (outer === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = outer;
    rmSync(folder, { recursive: true, force: true });
  }
});
