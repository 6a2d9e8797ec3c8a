import test from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Running, rfl, withFiles } from './support/rfl.js';

/* ── scripts and -e ──────────────────────────────────────────────────── */

const PROGRAMS: [what: string, source: string, status: number, out: string, err: string | RegExp][] = [
  ['prints the value of the last form only', '(+ 1 2)\n(+ 3 4)', 0, '7\n', ''],
  ['prints nothing for null', '(set a 1)\nnull', 0, '', ''],
  ['keeps bytes beyond ASCII', '"é"', 0, '"é"\n', ''],
  ['prints output before the value', '(do (println "x") 1)', 0, 'x\n1\n', ''],
  ['is fine with comments only', '; nothing\n ;; here\n', 0, '', ''],
  ['is fine when empty', '', 0, '', ''],
  ['runs nothing when a form does not parse', '(println "ran")\n(+ 1', 65, '', /parse/],
  ['ends with 70 after an error, on standard error', '(println "ran")\n(zz)\n(println "not")', 70, 'ran\n', "error: name: 'zz' undefined\n"],
  ['ends with 69 when it cannot connect', '(.ipc.open "127.0.0.1:1")', 69, '', /connection refused/],
  ['ends with the status of exit', '(println 1)\n(exit 3)\n(println 2)', 3, '1\n', ''],
  ['can catch its errors', '(try (zz) 5)', 0, '5\n', ''],
];
for (const [what, source, status, out, err] of PROGRAMS) {
  test(`cli: a script ${what}`, () => withFiles({ 'a.rfl': source }, (folder) => {
    const got = rfl([join(folder, 'a.rfl')]);
    assert.deepEqual([got.status, got.out], [status, out], got.err);
    if (typeof err === 'string') assert.equal(got.err, err);
    else assert.match(got.err, err);
  }));
}

test('cli: an error in a script names its file and line', () => withFiles({ 'a.rfl': '(set f (fn [x]\n  (zz x)))\n(f 1)' }, (folder) => {
  const { err } = rfl(['a.rfl'], '', { cwd: folder });
  assert.match(err, /╭─\[a\.rfl:2:3\]\n 2 │ {3}\(zz x\)\)\)\n {3}│ {3}▲/);
}));

test('cli: a missing script is a usage error', () => {
  const { status, err } = rfl(['/no/such.rfl']);
  assert.deepEqual([status, err], [64, "error: cannot open '/no/such.rfl' (ENOENT)\n"]);
});

test('cli: -e evaluates and prints', () => {
  assert.deepEqual(rfl(['-e', '(set a 2) (* a "x")']).status, 70);
  assert.deepEqual(rfl(['-e', '(concat "é" "x")']), { status: 0, out: '"éx"\n', err: '' });
});

test('cli: arguments after -- reach the program', () => {
  for (const program of [['-e', '(at (.sys.args) (quote args))'], ['-i', '-e', '(at (.sys.args) (quote args))']]) {
    assert.equal(rfl([...program, '--', '-x', 'é']).out, '["-x" "é"]\n');
  }
});

test('cli: errors are coloured on request only', () => {
  assert.equal(rfl(['-e', '(zz)'], '', { env: { FORCE_COLOR: '1' } }).err, "\x1b[1;31merror: name: 'zz' undefined\x1b[0m\n");
  assert.equal(rfl(['--no-color', '-e', '(zz)'], '', { env: { FORCE_COLOR: '1' } }).err, "error: name: 'zz' undefined\n");
});

test('cli: --help and --version answer on standard output', () => {
  assert.match(rfl(['--help']).out, /^usage: rfl/);
  assert.match(rfl(['--version']).out, /^rfl \d+\.\d+\.\d+\n$/);
  assert.match(rfl(['test', '--help']).out, /^usage: rfl test/);
  assert.match(rfl(['passwd', '--help']).out, /^usage: rfl passwd/);
});

test('cli: an unknown flag is a usage error', () => {
  const { status, out, err } = rfl(['--nope']);
  assert.deepEqual([status, out], [64, '']);
  assert.match(err, /Unknown option '--nope'/);
});

/* ── standard input ──────────────────────────────────────────────────── */

test('cli: piped forms are evaluated one by one, errors included, and the status is 0', () => {
  const { status, out, err } = rfl([], '(set a 1)\n; comment\n\n(zz)\n(+ a\n   1)\n(println "x")\n"a\nb"\n(+ a 2) (+ a 3)');
  assert.deepEqual([status, err], [0, '']);
  assert.equal(out, "1\nerror: name: 'zz' undefined\n2\nx\n\"a\nb\"\n4\n");
});

test('cli: input that ends within a form is a parse error', () => {
  assert.match(rfl([], '1\n(+ 1').out, /^1\n[^]*parse/);
});

test('cli: :q ends the input, exit(n) the program', () => {
  assert.equal(rfl([], '1\n:q\n2\n').out, '1\n');
  assert.deepEqual(rfl([], '1\n(exit 5)\n2\n'), { status: 5, out: '1\n', err: '' });
});

test('cli: -i reads standard input after the program, in its state', () => {
  assert.deepEqual(rfl(['-i', '-e', '(set a 20)'], '(+ a 1)\n'), { status: 0, out: '20\n21\n', err: '' });
});

/* ── serving ─────────────────────────────────────────────────────────── */

/** A server on a port of its own, ready. */
async function serving(args: readonly string[], body: (server: Running, port: string) => Promise<void>): Promise<void> {
  const server = new Running(['--listen', '127.0.0.1:0', ...args]);
  try {
    const [, port] = await server.see('err', /listening on port (\d+)/);
    await body(server, port);
  } finally {
    server.process.kill('SIGKILL');
    await server.ended;
  }
}
const ask = (port: string | number, what: string, credentials = '') => rfl(['-e', `(.ipc.send (.ipc.open "127.0.0.1:${port}${credentials}") "${what}")`]);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`cli: a service serves until ${signal}, then exits with 0`, () => serving([], async (server, port) => {
    await server.see('err', /no terminal — running in server-only mode/);
    assert.deepEqual(ask(port, '(+ 40 2)'), { status: 0, out: '42\n', err: '' });
    server.process.kill(signal);
    assert.equal(await server.ended, 0);
  }));
}

test('cli: a second signal ends a service at once', () => serving(['--shutdown-timeout', '60000'], async (server, port) => {
  const client = new Running(['-e', `(.ipc.send (.ipc.open "127.0.0.1:${port}") "(do (println \\"busy\\") (.sys.exec \\"sleep 3\\"))")`]);
  await server.see('out', /busy/);
  server.process.kill('SIGTERM');
  // The first signal was taken when nobody can connect any more.
  for (;;) if (rfl(['-e', `(.ipc.open "127.0.0.1:${port}")`]).status === 69) break;
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 130);
  await client.ended;
}));

test('cli: a script configures the server it runs in', () => withFiles({ 's.rfl': '(set answer (fn [x] (* x 2)))\nnull' }, (folder) =>
  serving([join(folder, 's.rfl')], async (_server, port) => {
    assert.equal(ask(port, '(answer 21)').out, '42\n');
  })));

test('cli: a server whose script fails does not serve', () => withFiles({ 's.rfl': '(set .ipc.on.auth (fn [u p] false))\n(zz)' }, (folder) => {
  const { status, err } = rfl(['--listen', '127.0.0.1:0', join(folder, 's.rfl')]);
  assert.equal(status, 70);
  assert.match(err, /'zz' undefined/);
}));

test('cli: piped forms and peers share one interpreter; the end of input does not end the server', () => serving(['-i'], async (server, port) => {
  server.process.stdin.write('(set a 41)\n');
  await server.see('out', /41\n/);
  assert.equal(ask(port, '(set a (+ a 1))').out, '42\n');
  server.process.stdin.end('(+ a 100)\n');
  await server.see('out', /142\n/);
  assert.equal(ask(port, 'a').out, '42\n');
}));

test('cli: piped input that listens makes a server', async () => {
  const server = new Running([]);
  const port = await freePort();
  server.process.stdin.end(`(.sys.listen ${port})\n(set a 42)\n`);
  await server.see('out', /42\n/);
  assert.equal(ask(port, 'a').out, '42\n');
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

/** A listener on a port of its own. */
async function listener(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
async function freePort(): Promise<number> {
  const { port, close } = await listener();
  await close();
  return port;
}

test('cli: a port that is taken stops the start with 69', async () => {
  const { port, close } = await listener();
  const { status, err } = rfl(['--listen', `127.0.0.1:${port}`]);
  await close();
  assert.equal(status, 69);
  assert.match(err, new RegExp(`${port}.*in use`));
});

test('cli: --log json reports one object a line', async () => {
  await serving(['--log', 'json'], async (server) => {
    const [line] = await server.see('err', /\{.*listening.*\}\n/);
    const record = JSON.parse(line) as { event: string; level: string };
    assert.deepEqual([record.event, record.level], ['listening', 'info']);
  });
});

/* ── users ───────────────────────────────────────────────────────────── */

test('cli: -u admits its users only, with full rights unless restricted', () => withFiles({ users: 'bob:pw\nann:pw2:restricted\n' }, (folder) =>
  serving(['-u', join(folder, 'users')], async (_server, port) => {
    assert.equal(ask(port, '(set a 1)', ':bob:pw').out, '1\n');
    assert.match(ask(port, '(set a 1)', ':ann:pw2').err, /access/);
    assert.equal(ask(port, '(+ a 1)', ':ann:pw2').out, '2\n');
    assert.deepEqual([ask(port, '1', ':bob:no').status, ask(port, '1', ':eve:pw').status, ask(port, '1').status], [77, 77, 77]);
  })));

test('cli: -U restricts every session', () => withFiles({ users: 'bob:pw\n' }, (folder) =>
  serving(['-U', join(folder, 'users')], async (_server, port) => {
    assert.match(ask(port, '(set a 1)', ':bob:pw').err, /access/);
    assert.equal(ask(port, '(+ 1 1)', ':bob:pw').out, '2\n');
  })));

test('cli: a users file that must not be used stops the start with 77, naming file and line', () => withFiles({ users: 'bob:pw\nnonsense\n' }, (folder) => {
  const file = join(folder, 'users');
  const bad = rfl(['-p', '0', '-u', file]);
  assert.deepEqual([bad.status, bad.err], [77, `rfl: ${file}:2: expected name:secret or name:secret:restricted\n`]);
  chmodSync(file, 0o644);
  assert.equal(rfl(['-u', file], '1\n').status, 77);
  assert.equal(rfl(['-u', '/no/such/users'], '1\n').status, 77);
}));

test('cli: passwd hashes standard input into a secret that admits', async () => {
  const { status, out, err } = rfl(['passwd'], 'hunter2\n');
  assert.deepEqual([status, err], [0, '']);
  assert.match(out, /^\$scrypt\$[^\s:]+\n$/);
  await withFiles({ users: `bob:${out}` }, (folder) => serving(['-u', join(folder, 'users')], async (server, port) => {
    assert.equal(ask(port, '(+ 1 1)', ':bob:hunter2').out, '2\n');
    assert.equal(ask(port, '(+ 1 1)', ':bob:hunter3').status, 77);
    assert.ok(!(server.out + server.err).includes('hunter'));
  }));
});

test('cli: passwd refuses an empty password, and one as argument', () => {
  assert.equal(rfl(['passwd'], '\n').status, 64);
  assert.equal(rfl(['passwd', 'hunter2']).status, 64);
});
