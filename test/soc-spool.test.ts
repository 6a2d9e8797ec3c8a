import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Spool, type SpoolMessage } from '../src/engine/soc/spool.js';
import { MAIN } from './support/rfl.js';

const folder = mkdtempSync(join(tmpdir(), 'spool-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(folder, `${made++}.spool`);

interface Log { stored: string[]; failed: [string, string][] }
async function open(path: string, fsync: 'batch' | 'none' = 'batch'): Promise<{ spool: Spool; ids: string[]; damage: number; lastId: string; log: Log }> {
  const log: Log = { stored: [], failed: [] };
  const { spool, recovered } = await Spool.open(path, fsync, {
    stored: (messages) => void log.stored.push(...messages.map((m) => m.id)),
    failed: (messages, reason) => void log.failed.push(...messages.map((m): [string, string] => [m.id, reason])),
  });
  return { spool, ids: recovered.messages.map((m) => m.id), damage: recovered.damage.length, lastId: recovered.lastId, log };
}
const message = (i: number, size = 20): SpoolMessage => ({ id: String(i), line: `{"n":${i},"x":"${'x'.repeat(size)}"}\n` });

for (const fsync of ['batch', 'none'] as const) {
  test(`what is not acknowledged comes back, in order (fsync ${fsync})`, async () => {
    const path = fresh();
    const first = await open(path, fsync);
    for (let i = 0; i < 10; i++) first.spool.add(message(i));
    assert.ok(first.spool.has('3') && first.spool.isPosted('3'));
    await first.spool.flush();
    assert.deepEqual(first.log.stored, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    assert.ok(!first.spool.isPosted('3'));
    assert.equal(first.spool.ack('0'), true);
    assert.equal(first.spool.ack('7'), true);
    assert.equal(first.spool.ack('7'), false);
    await first.spool.close();
    const second = await open(path, fsync);
    assert.deepEqual(second.ids, ['1', '2', '3', '4', '5', '6', '8', '9']);
    assert.equal(second.lastId, '9');
    await second.spool.close();
  });
}

test('two processes do not share a spool', async () => {
  const path = fresh();
  const { spool } = await open(path);
  await assert.rejects(open(path), /another process has the spool/);
  await spool.close();
  await (await open(path)).spool.close();
});

test('torn at every byte, the records before stay, and what is added later is found', async () => {
  const path = fresh();
  const { spool } = await open(path);
  for (let i = 0; i < 4; i++) spool.add(message(i));
  await spool.close();
  const whole = readFileSync(path);
  for (let cut = 0; cut <= whole.length; cut++) {
    writeFileSync(path, whole.subarray(0, cut));
    const torn = await open(path, 'none');
    const kept = Math.floor(cut / (whole.length / 4));
    assert.equal(torn.ids.length, kept);
    assert.equal(torn.damage, cut % (whole.length / 4) === 0 ? 0 : 1);
    torn.spool.add(message(77));
    await torn.spool.close();
    const again = await open(path, 'none');
    assert.deepEqual(again.ids, ['0', '1', '2', '3'].slice(0, kept).concat('77'));
    assert.equal(again.damage, 0);
    await again.spool.close();
  }
});

test('a byte damaged anywhere costs the record it is in, and what is added later is found', async () => {
  const path = fresh();
  const { spool } = await open(path);
  for (let i = 0; i < 4; i++) spool.add(message(i));
  await spool.close();
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const bad = Buffer.from(whole);
    bad[at] ^= 1 << at % 8;
    writeFileSync(path, bad);
    const damaged = await open(path, 'none');
    const hit = Math.floor(at / (whole.length / 4));
    const rest = ['0', '1', '2', '3'].filter((_, i) => i !== hit);
    assert.deepEqual(damaged.ids, rest, `byte ${at}`);
    assert.equal(damaged.damage, 1);
    damaged.spool.add(message(77));
    await damaged.spool.close();
    const again = await open(path, 'none');
    assert.deepEqual([again.ids, again.damage], [[...rest, '77'], 0]);
    await again.spool.close();
  }
});

test('writes that fail in the middle are told one by one, the program goes on, and what was stored is there again', { skip: process.platform === 'win32' ? 'needs a shell' : false }, async () => {
  const path = fresh();
  const script = join(folder, 'full.rfl');
  writeFileSync(script, `
    (set .soc.on.dropped (fn [h m why] (println "dropped % %" (at m 'id) why)))
    (set h (.soc.dial "full-disk" {spool: "${path}"}))
    (set put (fn [i] (try (do (.soc.send h 'soc_event (til 300) (format "m-%" i)) (println "stored m-%" i)) (fn [e] null))))
    (map put (til 100))
    (println "%" (at (.soc.close h 10) 'kept))`);
  // A limit on the size of files stands for the disk: the last write is a short one.
  const { stdout, status } = spawnSync('sh', ['-c', `ulimit -f 80; exec "${process.execPath}" "${MAIN}" "${script}"`], { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: folder } });
  assert.equal(status, 0);
  const stored = [...stdout.matchAll(/^stored (m-\d+)$/gm)].map((m) => m[1]);
  const dropped = [...stdout.matchAll(/^dropped (m-\d+) spool: EFBIG.*$/gm)].map((m) => m[1]);
  assert.ok(stored.length > 10 && dropped.length > 10, stdout);
  assert.deepEqual(new Set([...stored, ...dropped]).size, 100);
  assert.equal(stored.length + dropped.length, 100);
  assert.match(stdout, new RegExp(`^${stored.length}$`, 'm'));
  const { spool, ids } = await open(path);
  assert.deepEqual(ids, stored);
  await spool.close();
});

test('what is settled does not fill the disk', async () => {
  const path = fresh();
  const { spool } = await open(path, 'none');
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 100; i++) spool.add(message(round * 100 + i, 2000));
    await spool.flush();
    for (let i = 0; i < 100; i++) if (round + i > 0) spool.ack(String(round * 100 + i));
    await spool.flush();
  }
  assert.ok(spool.size < 3 << 20, `${spool.size} bytes for one message`);
  assert.ok(statSync(path).size < 3 << 20);
  await spool.close();
  const { ids, spool: last } = await open(path);
  assert.deepEqual(ids, ['0']);
  await last.close();
});

test('a full disk stops messages and not the process, and what was there stays', { skip: process.getuid?.() !== 0 || !existsSync('/proc/mounts') ? 'needs to mount' : false }, async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('cannot mount');
  }
  try {
    const path = join(disk, 'a.spool');
    const { spool, log } = await open(path);
    for (let i = 0; i < 40; i++) {
      spool.add(message(i, 4000));
      await spool.flush();
    }
    assert.ok(log.failed.length > 10 && log.stored.length > 5, `${log.stored.length} stored, ${log.failed.length} refused`);
    assert.match(log.failed[0][1], /ENOSPC/);
    assert.equal(log.stored.length + log.failed.length, 40);
    for (const id of log.stored.slice(0, 8)) spool.ack(id);
    await spool.close();
    const again = await open(path);
    assert.ok(log.stored.slice(8).every((id) => again.ids.includes(id)), 'every stored message is there');
    assert.ok(again.ids.every((id) => log.stored.includes(id)), 'and no other');
    await again.spool.close();
  } finally {
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});

test('a file that cannot be had is an error, not an exception later', async () => {
  await assert.rejects(open(join(folder, 'no/such/folder/a.spool')), /ENOENT/);
  const path = fresh();
  writeFileSync(path, 'rubbish that was never a spool');
  truncateSync(path, 20);
  const { ids, damage, spool } = await open(path);
  assert.deepEqual([ids.length, damage], [0, 1]);
  await spool.close();
});
