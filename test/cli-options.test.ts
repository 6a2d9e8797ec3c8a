import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliError, EXIT, statusOf } from '../src/cli/exit-codes.js';
import { HELP, parseOptions, parseTestOptions } from '../src/cli/options.js';
import { isEmptySource } from '../src/cli/source-file.js';
import { logTo } from '../src/cli/log.js';
import { useColor } from '../src/cli/color.js';
import { withDefaults } from '../src/engine/limits.js';
import { ROOT } from './support/root.js';

test('cli: a file, addresses, users and arguments for the program', () => {
  const o = parseOptions(['-p', '5010', '--listen', '127.0.0.1:5011', 'a.rfl', '-u', 'users', '--', '-x', '--', 'y']);
  assert.deepEqual([o.file, o.listen, o.usersFile, o.restricted, o.args], ['a.rfl', ['5010', '127.0.0.1:5011'], 'users', false, ['-x', '--', 'y']]);
});

test('cli: -U restricts everybody', () => {
  const o = parseOptions(['-U', 'users']);
  assert.deepEqual([o.usersFile, o.restricted], ['users', true]);
});

test('cli: -l and -L name a journal, --journal-cut lets its end be cut', () => {
  assert.deepEqual(parseOptions(['-l', '/data/j']).journal, { base: '/data/j', durable: false, cut: false });
  assert.deepEqual(parseOptions(['-L', 'j', '--journal-cut']).journal, { base: 'j', durable: true, cut: true });
});

test('cli: what listeners serve, and to whom', () => {
  assert.deepEqual(parseOptions(['--protocols', 'wire,frame,tls', '--allow-uid', '0', '--allow-uid', '1000']).serving, { protocols: ['wire', 'frame', 'tls'], credentials: { uids: [0, 1000] } });
});

test('cli: every -p and every --listen is served', () => {
  assert.deepEqual(parseOptions(['-p', '1', '--listen', 'localhost:2', '-p', '0', '-p', '3', '--listen', 'unix:///a']).listen, ['1', '3', 'localhost:2', 'unix:///a']);
});

test('cli: -p 0 does not serve', () => assert.deepEqual(parseOptions(['-p', '0']).listen, []));

test('cli: limits take sizes and counts', () => {
  const o = parseOptions(['--max-connections', '5', '--handshake-timeout', '100', '--pre-auth-bytes', '1K', '--max-frame', '16m', '--max-input', '3', '--max-output', '1G', '--max-output-total', '2G', '--send-timeout', '250', '--shutdown-timeout', '9']);
  assert.deepEqual(o.limits, { maxConnections: 5, handshakeMs: 100, preAuthBytes: 1024, maxFrame: 2 ** 24, inputPerPeer: 3, outputPerPeer: 2 ** 30, outputTotal: 2 ** 31 });
  assert.deepEqual([o.sendTimeoutMs, o.shutdownMs], [250, 9]);
});

test('cli: --heap takes a size', () => {
  assert.equal(parseOptions(['--heap', '2G']).heapMb, 2048);
  assert.equal(parseOptions(['--heap', '64M']).heapMb, 64);
});

test('cli: no flags, no surprises', () => {
  assert.deepEqual(parseOptions([]), {
    file: undefined, expr: undefined, args: [], interactive: false, listen: [], serving: {}, tls: undefined, usersFile: undefined, restricted: false, journal: undefined, log: 'text',
    color: undefined, dialect: '2512', seed: undefined, sendTimeoutMs: undefined, limits: {}, shutdownMs: undefined, heapMb: undefined, help: false, version: false,
  });
});

const WRONG: [argv: string[], message: RegExp][] = [
  [['--nope'], /Unknown option '--nope'/],
  [['-z'], /Unknown option '-z'/],
  [['-p'], /argument missing/],
  [['-p', 'x'], /--port: 'x' is no count/],
  [['-p', '70000'], /--port: '70000' is no port/],
  [['--listen', 'foo://x'], /--listen: no address to listen on: 'foo:\/\/x'/],
  [['--listen', 'foo://x:5010'], /--listen: no address to listen on: 'foo:\/\/x:5010'/],
  [['--listen', 'localhost'], /--listen: no port to listen on: 'localhost'/],
  [['--listen', 'tcp://h:70000'], /--listen: no port to listen on/],
  [['--listen', 'unix://here'], /--listen: no absolute path/],
  [['--listen', ''], /--listen: no port to listen on: ''/],
  [['-u', 'a', '-u', 'b'], /--users is given more than once/],
  [['-e', '1', '--eval', '2'], /--eval is given more than once/],
  [['--max-output', '1M', '--max-output', '2M'], /--max-output is given more than once/],
  [['--max-frame', '1T'], /--max-frame: '1T' is no size/],
  [['--heap', '63M'], /--heap: '63M' is less than 64M/],
  [['--log', 'xml'], /--log: 'xml' is none of text, json/],
  [['--dialect', '217'], /--dialect/],
  [['--protocols', 'wire,http'], /--protocols: no protocol 'http'; there are wire, frame, soc, tls/],
  [['--protocols', ''], /--protocols: no protocol ''/],
  [['--allow-uid', 'root'], /--allow-uid: 'root' is no count/],
  [['a.rfl', 'b.rfl'], /more than one file: 'b.rfl'/],
  [['-e', '1', 'a.rfl'], /-e and a file/],
  [['-u', 'a', '-U', 'b'], /-u and -U exclude each other/],
  [['--no-color=1'], /does not take an argument/],
];
for (const [argv, message] of WRONG) {
  test(`cli: rfl ${argv.join(' ')} is a usage error`, () => {
    assert.throws(() => parseOptions(argv), (e) => e instanceof CliError && e.status === 64 && message.test(e.message));
  });
}

test('cli: rfl test takes paths, --update and --filter, and needs a path', () => {
  assert.deepEqual(parseTestOptions(['a', 'b', '--update', '--filter', 'x']), { paths: ['a', 'b'], update: true, filter: 'x', help: false });
  assert.throws(() => parseTestOptions(['--update']), (e) => e instanceof CliError && e.status === 64);
  assert.throws(() => parseTestOptions(['a', '-p', '1']), (e) => e instanceof CliError && e.status === 64);
});

test('cli: help names every flag with its value', () => {
  for (const flag of ['-e, --eval EXPR', '-i, --interactive', '-p, --port PORT', '-u, --users USERS', '--listen ADDR', '--log text|json', '--no-color', '-h, --help', '--version']) {
    assert.ok(HELP.includes(flag), flag);
  }
});

test('cli: the help and docs/cli.md name the defaults that limits have', () => {
  const size = (n: number): string => (n % 2 ** 20 === 0 ? `${n / 2 ** 20}M` : n % 1024 === 0 ? `${n / 1024}K` : String(n));
  const page = readFileSync(fileURLToPath(new URL('docs/cli.md', ROOT)), 'utf8');
  const { maxConnections, handshakeMs, preAuthBytes, maxFrame, inputPerPeer, outputPerPeer } = withDefaults();
  const defaults = { 'max-connections': maxConnections, 'handshake-timeout': handshakeMs, 'pre-auth-bytes': preAuthBytes, 'max-frame': maxFrame, 'max-input': inputPerPeer, 'max-output': outputPerPeer };
  for (const [flag, value] of Object.entries(defaults)) {
    assert.match(HELP, new RegExp(`--${flag} .*\\(${size(value)}\\)\n`));
    assert.match(page, new RegExp(`\\| \`--${flag} .*\` \\| ${size(value)} \\|`));
  }
});

test('cli: statuses are what scripts and docs/exit-codes.md rely on', () => {
  assert.deepEqual(EXIT, { ok: 0, failed: 1, usage: 64, parse: 65, connect: 69, runtime: 70, journal: 74, auth: 77, interrupted: 130 });
});

const STATUSES: [code: string, message: string, status: number][] = [
  ['parse', '', EXIT.parse], ['type', '', EXIT.runtime], ['cancel', 'interrupted', EXIT.interrupted],
  ['io', 'connection refused: 127.0.0.1:1', EXIT.connect], ['io', 'connection timed out: h:1', EXIT.connect],
  ['io', 'TLS failed (certificate-unknown-ca): h:1', EXIT.connect], ['io', 'listen: bind to port 1 failed: Address already in use', EXIT.connect], ['io', 'read', EXIT.runtime],
  ['access', 'authentication failed', EXIT.auth], ['access', 'server requires authentication', EXIT.auth], ['access', "'set' is restricted", EXIT.runtime],
];
for (const [code, message, status] of STATUSES) {
  test(`cli: a program that ends with ${code} ${message} exits with ${status}`, () => assert.equal(statusOf(code, message), status));
}

test('cli: blanks and comments are an empty program, a string with a semicolon is not', () => {
  for (const text of ['', ' \n', '; c', ';; c\n  ; d\n']) assert.equal(isEmptySource(text), true, text);
  for (const text of ['1', '; c\n1', '";"', '; c\n";"']) assert.equal(isEmptySource(text), false, text);
});

test('cli: a log line cannot be forged by a peer, in text or JSON', () => {
  const lines: string[] = [];
  const record = { level: 'warn', event: 'closed', message: 'bye\nlistening on port 1', handle: 3 } as const;
  logTo('text', (l) => lines.push(l))(record);
  logTo('json', (l) => lines.push(l))(record);
  assert.equal(lines[0], 'bye\\x0alistening on port 1\n');
  const { time, ...rest } = JSON.parse(lines[1]) as { time: string };
  assert.deepEqual(rest, record);
  assert.equal(new Date(time).toISOString(), time);
  assert.equal(lines[1].indexOf('\n'), lines[1].length - 1);
});

test('cli: colours obey the flag, then NO_COLOR, then FORCE_COLOR', () => {
  assert.equal(useColor(2, false, { FORCE_COLOR: '1' }), false);
  assert.equal(useColor(2, undefined, { FORCE_COLOR: '1' }), true);
  assert.equal(useColor(2, undefined, { FORCE_COLOR: '0' }), false);
  assert.equal(useColor(2, undefined, { FORCE_COLOR: '1', NO_COLOR: '1' }), false);
});

test('cli: a certificate makes -p speak TLS; its flags go together', () => {
  const parsed = parseOptions(['-p', '7400', '--tls-cert', 'c.pem', '--tls-key', 'k.pem', '--listen', '7401']);
  assert.deepEqual(parsed.listen, ['tls://0.0.0.0:7400', '7401']);
  assert.deepEqual(parsed.tls, { cert: 'c.pem', key: 'k.pem' });
  const files = ['--tls-cert', 'c', '--tls-key', 'k'];
  assert.deepEqual(parseOptions([...files, '--tls-ca', 'a']).tls, { cert: 'c', key: 'k', ca: 'a', requireClient: false });
  assert.deepEqual(parseOptions([...files, '--tls-ca', 'a', '--tls-require-client']).tls, { cert: 'c', key: 'k', ca: 'a', requireClient: true });
  for (const bad of [['--tls-cert', 'c'], ['--tls-key', 'k'], ['--tls-ca', 'a'], [...files, '--tls-require-client']]) assert.throws(() => parseOptions(bad), { status: 64 });
});
