import test from 'node:test';
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '../src/engine/node.js';
import { ARRANGEMENTS, RawClient, frame, int, startHost, text, type TestHost } from './support/engine.js';
import { Running, rfl, withFiles } from './support/rfl.js';

async function inFolder(body: (base: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-journal-'));
  try {
    await body(join(folder, 'j'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A host with a journal, ended without any farewell to it. */
async function withHost<R>(base: string, body: (host: TestHost, client: RawClient) => Promise<R>, options: Parameters<typeof startHost>[1] = {}, arrangement: (typeof ARRANGEMENTS)[number] = 'caller'): Promise<R> {
  const host = await startHost(arrangement, { ...options, journal: { base, durable: true, cut: false, ...options.journal } });
  const client = await RawClient.open(host.port);
  try {
    return await body(host, client);
  } finally {
    client.close();
    await host.stop(200);
  }
}

for (const arrangement of ARRANGEMENTS) {
  test(`${arrangement}: requests are evaluated again after a restart, asynchronous ones are not`, () => inFolder(async (base) => {
    await withHost(base, async (_, client) => {
      await client.ask('(set a 40)');
      await client.ask('(set a (+ a 2))');
      client.write(frame(text('(set b 1)'), 0));
      await client.ask('(zz)');
    }, {}, arrangement);
    await withHost(base, async (host) => {
      assert.equal(await host.evaluate('a'), '42');
      assert.match(await host.evaluate('b'), /'b' undefined/);
      assert.deepEqual(host.logs.filter((l) => l.event === 'journal').map((l) => l.message), [
        'log: WARN  chunk 2 raised: name (during replay)', `log: replayed 3 entries (1 eval errors) from ${base}.log`,
      ]);
    }, {}, arrangement);
  }));
}

test('the journal is the frames as they came, end to end', () => inFolder(async (base) => {
  const frames = [frame(text('(+ 1 2)')), frame(text('x'), 1, 4), frame(Buffer.from('fb000700000000000000', 'hex'))];
  await withHost(base, async (_, client) => {
    for (const f of frames) {
      client.write(f);
      await client.reply();
    }
  });
  assert.deepEqual(readFileSync(`${base}.log`), Buffer.concat(frames));
}));

test('a request that cannot be read is not kept', () => inFolder(async (base) => {
  await withHost(base, async (_, client) => {
    client.write(frame(Buffer.from('20ffff', 'hex')));
    await client.reply();
    await client.ask('(set a 1)');
  });
  assert.equal(readFileSync(`${base}.log`).length, 16 + 19);
  await withHost(base, async (host) => assert.equal(await host.evaluate('a'), '1'));
}));

test('requests of restricted sessions are evaluated again as restricted', () => inFolder(async (base) => {
  await withHost(base, async (_, client) => void (await client.ask('(set a 1)')), { restricted: true });
  assert.equal(readFileSync(`${base}.log`)[5], 2);
  await withHost(base, async (host) => {
    assert.match(await host.evaluate('a'), /'a' undefined/);
    assert.ok(host.logs.some((l) => l.message.includes('raised: access')));
  });
}));

test('the sync hook is not called by a replay', () => inFolder(async (base) => {
  await withHost(base, async (host, client) => {
    await host.evaluate("(set .ipc.on.sync (fn [m] (set seen m)))");
    await client.ask('(set a 1)');
    assert.equal(await host.evaluate('seen'), '"(set a 1)"');
  });
  await withHost(base, async (host) => {
    assert.equal(await host.evaluate('a'), '1');
    assert.match(await host.evaluate('seen'), /undefined/);
  });
}));

test('an interpreter that is replaced comes back with what the journal holds', () => inFolder(async (base) => {
  const node = await startNode({ journal: { base, durable: true, cut: false } });
  const { port } = await node.listen('127.0.0.1:0');
  const client = await RawClient.open(port);
  await client.ask('(set a 41)');
  await node.restart();
  const again = await RawClient.open((await node.listen('127.0.0.1:0')).port);
  await again.ask('(set a (+ a 1))');
  assert.equal((await node.evaluate('a')).text, '42');
  client.close();
  again.close();
  await node.shutdown(200);
  assert.equal(readFileSync(`${base}.log`).length, 16 + 20 + 16 + 25);
}));

test('what a hook writes to the journal is evaluated as code by the next start', () => inFolder(async (base) => {
  const program = "(set upd (fn [n x] (set rows (concat rows x)))) (set .ipc.on.async (fn [m] (do (.log.write m) (eval m))))";
  await withHost(base, async (host, client) => {
    await host.evaluate(`(set rows []) ${program}`);
    for (const n of [7, 8]) client.write(frame(Buffer.concat([Buffer.from('00000300000000000000', 'hex'), Buffer.from('f40075706400', 'hex'), Buffer.from('f3000100000000000000', 'hex'), Buffer.from('t'), int(n)]), 0));
    await client.ask('(set done 1)');
    assert.equal(await host.evaluate('rows'), '[7 8]');
  });
  const loader = join(base, '..', 'load.rfl');
  writeFileSync(loader, `(set rows []) ${program} (.log.replay "${base}.log") rows`);
  assert.equal(rfl([loader]).out, '[7 8]\n');
}));

/* ── damage ──────────────────────────────────────────────────────────── */

test('a torn end stops the start with the offset that is valid, and is cut when asked to', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  writeFileSync(`${base}.log`, Buffer.concat([frame(text('(set a 1)')), frame(text('(set a 2)')).subarray(0, 30)]));
  const refused = rfl(['-l', base, '-e', 'a']);
  assert.equal(refused.status, 74);
  assert.match(refused.err, /badtail: .*j\.log.* 1 entries are whole, valid bytes = 35; --journal-cut cuts it at offset 35/);
  assert.equal(readFileSync(`${base}.log`).length, 65);
  const cut = rfl(['-l', base, '--journal-cut', '-e', 'a']);
  assert.deepEqual([cut.status, cut.out], [0, '1\n']);
  assert.equal(readFileSync(`${base}.log`).length, 35);
  const server = new Running(['-l', `${base}`, '--listen', '127.0.0.1:0']);
  await server.see('err', /replayed 1 entries/);
  server.process.kill();
  await server.ended;
}));

test('a server whose journal is torn does not listen', () => withFiles({ 'j.log': 'junk' }, async (folder) => {
  const server = new Running(['-L', join(folder, 'j'), '--listen', '127.0.0.1:0']);
  assert.equal(await server.ended, 74);
  assert.doesNotMatch(server.err, /listening/);
  assert.match(server.err, /valid bytes = 0/);
}));

test('a record that is whole but cannot be read stops the start, and is not to be cut', () => withFiles({}, (folder) => {
  const base = join(folder, 'j');
  writeFileSync(`${base}.log`, Buffer.concat([frame(text('(set a 1)')), frame(Buffer.from('20ffff', 'hex'))]));
  const { status, err } = rfl(['-l', base, '--journal-cut', '-e', 'a']);
  assert.equal(status, 74);
  assert.match(err, /deser: .*failed at chunk 1 - framing intact, do not truncate/);
}));

test('a request that cannot be written is refused, not evaluated, and the journal stays whole', () => withFiles({}, async (folder) => {
  const base = join(folder, 'j');
  const out = rfl(['-e', `(.log.open 'sync "${base}") (.log.write "1") (.log.close)`]);
  assert.equal(out.status, 0, out.err);
  const { spawn } = await import('node:child_process');
  const { MAIN } = await import('./support/rfl.js');
  // Files of this process may not grow beyond a few kilobytes.
  const child = spawn('sh', ['-c', `ulimit -f 4; exec "${process.execPath}" "${MAIN}" -l "${base}" --listen 127.0.0.1:0`]);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  while (!/port (\d+)/.test(err)) await new Promise((resolve) => setTimeout(resolve, 10));
  const client = await RawClient.open(Number(/port (\d+)/.exec(err)![1]));
  let n = 0;
  for (; n < 200; n++) {
    const reply = await client.ask(`(do (set n ${n}) "${'x'.repeat(300)}" n)`);
    if (reply[0] === 0x7f) {
      assert.equal(reply.toString('latin1', 1, 3), 'io');
      break;
    }
  }
  assert.ok(n > 2 && n < 200, `${n} requests fitted`);
  const log = readFileSync(`${base}.log`);
  client.close();
  child.kill('SIGKILL');
  const again = rfl(['-l', base, '-e', 'n']);
  assert.deepEqual([again.status, again.out], [0, `${n - 1}\n`], `${again.err} (${log.length} bytes)`);
}));

/* ── snapshots ───────────────────────────────────────────────────────── */

const STATE = '(set a 1) (set f (fn [x] (+ x a))) (set t (table [s v] (list [x y] [1 0Nl]))) (set plus +) (set cfg.port 7) (set .ipc.on.open (fn [h] h)) (set nothing null)';
const CHECK = '(list (f 2) (count t) (plus 1 2) cfg.port a)';

test('a snapshot brings back the globals, and passes over slots', () => inFolder(async (base) => {
  await withHost(base, async (host, client) => {
    await host.evaluate(STATE);
    await client.ask('(.log.snapshot)');
    await client.ask('(set a 10)');
  });
  assert.equal(readFileSync(`${base}.log`).length, 16 + 20);
  await withHost(base, async (host) => {
    assert.equal(await host.evaluate(CHECK), '(12 2 3 7 10)');
    assert.match(host.logs[0].message, /loaded snapshot .*j\.qdb \(6 bound, 0 skipped\)/);
  });
}));

test('a crash at any step of a snapshot loses nothing and repeats nothing', () => inFolder(async (base) => {
  const requests = ['(set a 1)', '(set a (+ a 1))', '(set a (* a 10))'];
  await withHost(base, async (_, client) => {
    for (const r of requests) await client.ask(r);
  });
  const log = readFileSync(`${base}.log`);
  await withHost(base, async (_, client) => void (await client.ask('(.log.snapshot)')));
  const archive = readdirSync(join(base, '..')).find((f) => f.endsWith('Z.log'))!;
  const qdb = readFileSync(`${base}.qdb`);
  const clear = (): void => ['.log', '.qdb', '.qdb.tmp'].forEach((ext) => rmSync(base + ext, { force: true }));
  const steps: [what: string, files: Record<string, Buffer>][] = [
    ['before it', { '.log': log }],
    ['while it is written', { '.log': log, '.qdb.tmp.tmp': qdb.subarray(0, 20) }],
    ['when it is written', { '.log': log, '.qdb.tmp': qdb }],
    ['when the log is archived', { '.qdb.tmp': qdb }],
    ['when it has its name', { '.qdb': qdb }],
    ['when the new log is there', { '.qdb': qdb, '.log': Buffer.alloc(0) }],
  ];
  for (const [what, files] of steps) {
    clear();
    for (const [ext, bytes] of Object.entries(files)) writeFileSync(base + ext, bytes);
    await withHost(base, async (host) => assert.equal(await host.evaluate('a'), '20', what));
    await withHost(base, async (host) => assert.equal(await host.evaluate('a'), '20', `${what}, started again`));
  }
  assert.ok(existsSync(join(base, '..', archive)));
}));

test('a damaged snapshot stops the start', () => inFolder(async (base) => {
  await withHost(base, async (_, client) => void (await client.ask('(do (set a 1) (.log.snapshot))')));
  truncateSync(`${base}.qdb`, 30);
  await assert.rejects(withHost(base, async () => {}), (e: { code?: string }) => e.code === 'deser');
  appendFileSync(`${base}.qdb`, 'more than it was before the damage');
  await assert.rejects(withHost(base, async () => {}), (e: { code?: string }) => e.code === 'deser');
  rmSync(`${base}.qdb`);
  renameSync(`${base}.log`, `${base}.other`);
  await withHost(base, async (host) => assert.match(await host.evaluate('a'), /undefined/));
}));

test('a journal is started once only', () => {
  for (const args of [['-l', 'a', '-L', 'b', '-e', '1'], ['--journal-cut', '-e', '1'], ['-l', '', '-e', '1']]) assert.equal(rfl(args).status, 64, args.join(' '));
});
