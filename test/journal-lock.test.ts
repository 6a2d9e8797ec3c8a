import test from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { JournalLock } from '../src/engine/journal-lock.js';
import { startNode } from '../src/engine/node.js';
import { RayError } from '../src/lang/errors.js';
import { RawClient } from './support/engine.js';
import { Running, rfl, withFiles } from './support/rfl.js';

const server = (base: string, mode = '-L'): Running => new Running([mode, base, '--listen', '127.0.0.1:0']);
const portOf = async (running: Running): Promise<number> => Number((await running.see('err', /listening on port (\d+)/))[1]);
async function kill(running: Running): Promise<void> {
  running.process.kill('SIGKILL');
  await running.ended;
}

test('a second server on a journal ends with status 74 and says who has it; the first goes on', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const first = server(base);
  const client = await RawClient.open(await portOf(first));
  await client.ask('(set a 1)');
  const before = readFileSync(`${base}.log`);
  for (const mode of ['-L', '-l']) {
    const second = rfl([mode, base, '--journal-cut', '-e', '(println "never")']);
    assert.equal(second.status, 74);
    assert.equal(second.err, `rfl: state: journal ${base} is in use by process ${first.process.pid} (${base}.lock)\n`);
    assert.equal(second.out, '');
  }
  assert.deepEqual(readFileSync(`${base}.log`), before);
  await client.ask('(set a 2)');
  assert.ok(readFileSync(`${base}.log`).length > before.length);
  client.close();
  await kill(first);
}));

test('after a kill the next server takes the journal; one that ends leaves no lock', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const first = server(base);
  const client = await RawClient.open(await portOf(first));
  await client.ask('(set a 41)');
  await kill(first);
  assert.ok(existsSync(`${base}.lock`));
  const second = server(base);
  (await RawClient.open(await portOf(second))).close();
  assert.equal(readFileSync(`${base}.lock`, 'utf8').split(' ')[0], String(second.process.pid));
  second.process.kill('SIGTERM');
  assert.equal(await second.ended, 0);
  assert.ok(!existsSync(`${base}.lock`));
  assert.equal(rfl(['-L', base, '-e', '(println (+ a 1))']).out, '42\n');
  assert.ok(!existsSync(`${base}.lock`));
}));

test('a script hears that a journal is in use, and may try again later', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const first = server(base);
  await portOf(first);
  const script = join(folder, 'a.rfl');
  writeFileSync(script, `(.log.open 'sync "${base}")`);
  assert.match(rfl([script]).err, /state.*is in use by process/);
  await kill(first);
  writeFileSync(script, `(.log.open 'sync "${base}") (.log.write 1) (.log.close) (.log.open 'sync "${base}") (println "open")`);
  assert.equal(rfl([script]).out, 'open\n');
}));

test('a lock counts for nothing when its process is gone, was another of the same number, or never wrote it', () => withFiles({}, (folder) => {
  const base = join(folder, 'j');
  for (const text of [`4194304 ${hostname()} 1\n`, `${process.pid} ${hostname()} 1\n`, '']) {
    writeFileSync(`${base}.lock`, text);
    const lock = JournalLock.take(base);
    assert.equal(readFileSync(`${base}.lock`, 'utf8').split(' ')[0], String(process.pid));
    assert.throws(() => JournalLock.take(base), (e: unknown) => e instanceof RayError && e.code === 'state' && e.message.includes('this process'));
    lock.release();
    assert.ok(!existsSync(`${base}.lock`));
  }
}));

test('of another host nobody can tell: its lock stays, and the message says what to do', () => withFiles({}, (folder) => {
  const base = join(folder, 'j');
  writeFileSync(`${base}.lock`, '1 elsewhere 1\n');
  assert.throws(() => JournalLock.take(base), (e: unknown) => e instanceof RayError && e.code === 'state' && /process 1 of elsewhere: remove the file if it has ended/.test(e.message));
}));

test('an interpreter that is restarted takes its journal again; a second one in the process does not, and leaves the lock to the first', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const options = { journal: { base, durable: false, cut: false } };
  const node = await startNode(options);
  await assert.rejects(startNode(options), /state: journal .* is in use by this process/);
  await node.restart();
  assert.ok(existsSync(`${base}.lock`));
  assert.equal((await node.evaluate('(.log.write "(set a 7)")')).ok, true);
  await assert.rejects(startNode(options), /in use by this process/);
  await node.shutdown();
  assert.ok(!existsSync(`${base}.lock`));
  const next = await startNode(options);
  assert.equal((await next.evaluate('a')).text, '7');
  await next.shutdown();
}));
