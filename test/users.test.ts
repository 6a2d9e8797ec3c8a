import test from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsersFileError, loadUsers, makeUsers, parseUsers } from '../src/engine/users.js';
import { hashSecret, parseHashed } from '../src/engine/scrypt.js';

const CHEAP = { ln: 4, r: 8, p: 1 };
const entry = (name: string, secret: string, restricted = false) => ({ name, secret, restricted });

function withFile<R>(text: string, mode: number, body: (file: string) => R): R {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-users-'));
  const file = join(folder, 'users');
  try {
    writeFileSync(file, text, { encoding: 'latin1' });
    chmodSync(file, mode);
    return body(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('users: names, secrets, comments and the restricted field', () => {
  assert.deepEqual(parseUsers('# who\n\nbob:pw\n  # more\nann:x:restricted\r\n*:any\n:none\n', 'f'), [
    entry('bob', 'pw'), entry('ann', 'x', true), entry('*', 'any'), entry('', 'none'),
  ]);
});

test('users: a secret may hold colons and blanks; only an exact last field restricts', () => {
  assert.deepEqual(parseUsers('a:p:q\nb:p:restricted:restricted\nc: p \nd:p:Restricted', 'f'), [
    entry('a', 'p:q'), entry('b', 'p:restricted', true), entry('c', ' p '), entry('d', 'p:Restricted'),
  ]);
});

const MALFORMED: [text: string, message: RegExp][] = [
  ['a:b\nbob', /^f:2: expected name:secret/],
  ['bob:', /^f:1: an empty secret/],
  ['bob::restricted', /^f:1: an empty secret/],
  ['bob:a\0b', /^f:1: a NUL byte/],
  ['bob:$scrypt$nonsense', /^f:1: a malformed \$scrypt\$ secret/],
  ['bob:$scrypt$ln=20,r=99,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA', /^f:1: a malformed \$scrypt\$ secret/],
  [`bob:${'x'.repeat(251)}`, /^f:1: name and secret are longer than the 254 bytes/],
  ['bob:a\n#\nbob:b', /^f:3: user 'bob' stands on line 1 already/],
  ['# nobody\n', /^f: no users in this file/],
];
for (const [text, message] of MALFORMED) {
  test(`users: ${message.source} stops the start`, () => {
    assert.throws(() => parseUsers(text, 'f'), (e) => e instanceof UsersFileError && message.test(e.message));
  });
}

test('users: a hash is taken up to the largest costs, and not beyond', () => {
  const hashed = (ln: number, r: number, p: number, salt = 22, hash = 43): unknown => parseHashed(`$scrypt$ln=${ln},r=${r},p=${p}$${'A'.repeat(salt)}$${'A'.repeat(hash)}`);
  for (const [ln, r, p] of [[1, 8, 1], [20, 1, 1], [18, 8, 1], [15, 8, 16]]) assert.notEqual(hashed(ln, r, p), null, `${ln} ${r} ${p}`);
  for (const [ln, r, p] of [[0, 8, 1], [21, 1, 1], [19, 8, 1], [15, 8, 17], [15, 0, 1], [15, 8, 0]]) assert.equal(hashed(ln, r, p), null, `${ln} ${r} ${p}`);
  assert.equal(hashed(15, 8, 1, 6), null, 'a short salt');
  assert.equal(hashed(15, 8, 1, 22, 42), null, 'a short hash');
});

test('users: messages never show a secret', () => {
  for (const [text] of MALFORMED) {
    assert.throws(() => parseUsers(`x:hunter2\n${text.replace(/^bob:/, 'bob:hunter2')}\n:`, 'f'), (e) => !(e as Error).message.includes('hunter2'));
  }
});

test('users: plain secrets in a file that others may read stop the start; hashed ones do not', async () => {
  const hashed = await hashSecret('pw', CHEAP);
  for (const mode of [0o640, 0o604, 0o644]) {
    withFile(`a:${hashed}\nbob:pw\n`, mode, (file) => {
      assert.throws(() => loadUsers(file), (e) => e instanceof UsersFileError && e.message.startsWith(`${file}:2: a plain secret`));
    });
    withFile(`a:${hashed}\n`, mode, (file) => assert.equal(loadUsers(file).length, 1));
  }
  withFile('bob:pw\n', 0o600, (file) => assert.deepEqual(loadUsers(file), [entry('bob', 'pw')]));
});

test('users: a file that others may write stops the start, hashed secrets or not', async () => {
  const hashed = await hashSecret('pw', CHEAP);
  for (const mode of [0o620, 0o602, 0o622, 0o660, 0o666]) {
    withFile(`a:${hashed}\n`, mode, (file) => {
      assert.throws(() => loadUsers(file), (e) => e instanceof UsersFileError && e.message === `${file}: others may write the users file (mode ${mode.toString(8)}): chmod 600 it`);
    });
  }
});

test("users: the file must be this user's or root's", () => {
  withFile('bob:pw\n', 0o600, (file) => {
    const { uid } = statSync(file);
    assert.equal(loadUsers(file, uid).length, 1);
    if (uid === 0) assert.equal(loadUsers(file, 1234).length, 1, "root's serves everybody");
    else assert.throws(() => loadUsers(file, uid + 1), (e) => e instanceof UsersFileError && e.message.includes(`belongs to user ${uid}`));
    if (process.geteuid!() !== 0) return;
    chownSync(file, 4321, 4321);
    assert.equal(loadUsers(file, 4321).length, 1);
    assert.throws(() => loadUsers(file), (e) => e instanceof UsersFileError && e.message === `${file}: the users file belongs to user 4321: it must be this user's or root's`);
  });
});

test('users: a missing file or a folder stops the start, naming it', () => {
  assert.throws(() => loadUsers('/no/such/file'), /^Error: \/no\/such\/file: cannot read the users file \(ENOENT\)/);
  assert.throws(() => loadUsers(tmpdir()), (e) => e instanceof UsersFileError && e.message.includes('EISDIR'));
});

test('users: verify tells right from wrong, with plain and hashed secrets', async () => {
  const users = makeUsers([entry('bob', 'pw'), entry('ann', await hashSecret('sec:ret', CHEAP), true)]);
  assert.equal(users.required, true);
  assert.deepEqual(await users.verify('bob', 'pw'), { ok: true, restricted: false });
  assert.deepEqual(await users.verify('ann', 'sec:ret'), { ok: true, restricted: true });
  for (const [user, password] of [['bob', 'pW'], ['bob', ''], ['bob', 'pw\0'], ['ann', 'sec'], ['', 'pw'], ['eve', 'pw'], ['*', 'pw']]) {
    assert.equal((await users.verify(user, password)).ok, false, `${user}:${password}`);
  }
});

test('users: the text of a hash is not itself a password', async () => {
  const hashed = await hashSecret('pw', CHEAP);
  assert.equal((await makeUsers([entry('bob', hashed)]).verify('bob', hashed)).ok, false);
  assert.equal((await makeUsers([entry('bob', '$scrypt$broken')]).verify('bob', '$scrypt$broken')).ok, false);
});

test('users: an empty name or * accepts any name, after the name\'s own line', async () => {
  const users = makeUsers([entry('*', 'any', true), entry('', 'more'), entry('bob', 'pw')]);
  assert.deepEqual(await users.verify('bob', 'pw'), { ok: true, restricted: false });
  assert.deepEqual(await users.verify('bob', 'any'), { ok: true, restricted: true });
  assert.deepEqual(await users.verify('', 'more'), { ok: true, restricted: false });
  assert.deepEqual(await users.verify('zoe', 'more'), { ok: true, restricted: false });
  assert.equal((await users.verify('zoe', 'pw')).ok, false);
});

test('users: with one secret on two lines the rights of the name\'s own line count', async () => {
  const users = makeUsers([entry('*', 'pw'), entry('ann', 'pw', true)]);
  assert.deepEqual(await users.verify('ann', 'pw'), { ok: true, restricted: true });
});

test('users: without entries everybody is admitted', async () => {
  const users = makeUsers([]);
  assert.equal(users.required, false);
  assert.deepEqual(await users.verify('x', ''), { ok: true, restricted: false });
});

test('users: hashing takes turns and leaves the event loop free', async () => {
  const users = makeUsers([entry('bob', await hashSecret('pw', { ln: 13, r: 8, p: 1 }))]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const results = await Promise.all(Array.from({ length: 8 }, (_, i) => users.verify('bob', i % 2 ? 'pw' : 'no')));
  clearInterval(timer);
  assert.deepEqual(results.map((r) => r.ok), [false, true, false, true, false, true, false, true]);
  assert.ok(ticks > 0);
});

test('users: nothing is hashed for a peer that has gone, and the newest of those who wait goes first', async () => {
  const users = makeUsers([entry('bob', await hashSecret('pw', CHEAP))]);
  assert.deepEqual(await users.verify('bob', 'pw', () => false), { ok: false, restricted: true });
  const order: number[] = [];
  // Two are hashed at a time, and one of two may be late: so many wait that the last one overtakes the first ones all the same.
  await Promise.all(Array.from({ length: 24 }, (_, i) => users.verify('bob', 'pw').then(() => order.push(i))));
  assert.ok(order.indexOf(23) < order.indexOf(2), String(order));
});

test('users: two hashes of one password differ, and say their cost', async () => {
  const [a, b] = [await hashSecret('pw'), await hashSecret('pw')];
  assert.notEqual(a, b);
  assert.match(a, /^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(parseHashed(a)?.ln, 15);
  assert.equal(parseHashed(a.slice(0, -1)), null);
});

test('users: an unknown user costs as many hashes as a known one', async () => {
  const counted = await countHashes(`
    const { makeUsers } = await import(process.argv[1]);
    const cheap = process.argv[2];
    const users = makeUsers([{ name: 'ann', secret: cheap, restricted: false }, { name: 'bob', secret: 'pw', restricted: false }, { name: '*', secret: cheap, restricted: false }]);
  `, await hashSecret('pw', CHEAP));
  assert.deepEqual(counted, { ann: 2, bob: 2, eve: 2 });
});

/** Hash operations on the thread pool that one verify starts, by user. */
async function countHashes(setup: string, hashed: string): Promise<Record<string, number>> {
  const { execFileSync } = await import('node:child_process');
  const script = `
    import { createHook } from 'node:async_hooks';
    ${setup}
    let hashes = 0;
    createHook({ init: (_, type) => { if (type === 'SCRYPTREQUEST') hashes++; } }).enable();
    const counts = {};
    for (const user of ['ann', 'bob', 'eve']) { hashes = 0; await users.verify(user, 'x'); counts[user] = hashes; }
    console.log(JSON.stringify(counts));
  `;
  const module = new URL('../src/engine/users.js', import.meta.url).href;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script, module, hashed], { encoding: 'utf8' })) as Record<string, number>;
}
