/** A restricted session may call no restricted builtin, whichever way it tries. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { allFamilies } from '../src/engine/builtins.js';
import { List, name, type Value } from '../src/lang/value.js';
import type { Client } from '../src/engine/api.js';
import { ARRANGEMENTS, startHost, type TestHost } from './support/engine.js';

/** What the reference refuses, of what there is here: none of these rows may lose its flag. */
const REFUSED = [
  'set', 'update', 'insert', 'upsert', 'del', 'modify', 'read-csv', 'write-csv', '.csv.read', '.csv.write', '.csv.splayed', 'read', 'write', 'load', 'exit', '.sys.exec', '.sys.cmd',
  '.sys.listen', '.os.getenv', '.os.setenv', '.db.splayed.set', '.ipc.open', '.ipc.close', '.ipc.send', '.ipc.post', '.repl.connect', '.repl.disconnect',
  '.log.open', '.log.replay', '.log.roll', '.log.snapshot', '.log.close', '.log.purge', '.time.timer.set', '.time.timer.del',
  // Of our own: whatever opens, closes, secures or silences connections, sends over them, or tells who is connected.
  '.net.listen', '.net.unlisten', '.net.send', '.net.conns', '.net.tls', '.net.start-tls', '.net.mute', '.net.unmute',
];
const NAMES = [...new Set([...allFamilies().values()].flat().filter((row) => row.restricted).map((row) => row.name).concat(REFUSED))].filter((n) => n !== ':');
const ARGS: Record<string, string> = { set: '__x 1', '.ipc.send': '1 "1"', '.ipc.post': '1 "1"', '.ipc.open': '"127.0.0.1:1"', '.sys.listen': '7199', '.net.listen': '7199', '.net.send': '1 "1"', '.time.timer.set': '1 1 (fn [t] t)', insert: "'t (list 1)", write: '"f" "x"', '.os.setenv': '"a" "b"' };
const args = (n: string): string => ARGS[n] ?? '"x"';

/** `f`: the builtin's name; each answers a program that tries to call it. */
const PATHS: [string, (f: string) => string][] = [
  ['called directly', (f) => `(${f} ${args(f)})`],
  ['inside a lambda', (f) => `((fn [z] (${f} ${args(f)})) 1)`],
  ['inside a lambda that became code', (f) => `(do (let g (fn [z] (if (> z 99) (${f} ${args(f)}) z))) (map g (til 100)) (g 100))`],
  ['by eval of parsed text', (f) => `(eval (parse ${JSON.stringify(`(${f} ${args(f)})`)}))`],
  ['by eval of quoted code', (f) => `(eval (quote (${f} ${args(f)})))`],
  ['through a local alias', (f) => `(do (let alias ${f}) (alias ${args(f)}))`],
  ['through resolve', (f) => `(do (let alias (resolve '${f})) (alias ${args(f)}))`],
  ['by map', (f) => `(map ${f} (list 'x 1 "x"))`],
  ['by apply', (f) => `(apply ${f} (list 'x 1) (list "x" 2))`],
  ['by fold', (f) => `(fold ${f} 'x (list 1 "x"))`],
];

for (const arrangement of ARRANGEMENTS) {
  describe(`a restricted session, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    let client: Client;
    before(async () => {
      host = await startHost(arrangement, { restricted: true });
      await host.evaluate('(set t (table [a] (list [1 2])))');
      client = await connect(`127.0.0.1:${host.port}`);
    });
    after(async () => {
      client.close();
      await host.stop();
    });
    const code = async (message: Value): Promise<string> => {
      try {
        await client.send(message);
        return 'allowed';
      } catch (e) {
        return (e as { code: string }).code;
      }
    };

    for (const [what, program] of PATHS) {
      test(what, async () => {
        const got: Record<string, string> = {};
        for (const n of NAMES) got[n] = await code(program(n));
        const wrong = Object.entries(got).filter(([, c]) => c !== 'access');
        assert.deepEqual(wrong, [], what);
      });
    }
    test('as the head of a list that is sent', async () => {
      await host.evaluate('(set x 1)');
      for (const n of NAMES) assert.equal(await code(new List([name(n), name('x'), 1])), 'access', n);
    });
    test('in the body of a lambda that is sent', async () => {
      assert.equal(await code(await lambdaCall('(fn [z] (set __n z))')), 'access');
      assert.equal(await code(await lambdaCall('(fn [z] (.sys.exec "true"))')), 'access');
    });
    test('let at top level creates no globals and installs no hooks; inside lambdas and blocks it stays', async () => {
      assert.equal(await code('(let leaked 1)'), 'access');
      assert.equal(await code('(let .ipc.on.sync (fn [m] 1))'), 'access');
      assert.equal(await code('(do (let .ipc.on.sync (fn [m] 1)) 2)'), 'access');
      assert.equal(await client.send('((fn [x] (do (let y (* x 2)) (+ y 1))) 4)'), 9);
      assert.equal(await client.send('(do (let y 2) (+ y 1))'), 3);
      assert.equal(await host.evaluate("(try leaked (fn [e] 'unbound))"), 'unbound');
    });
    test('alter changes what a global holds; under a local of its name nothing else takes its place, not even of a builtin', async () => {
      await host.evaluate('(do (set kept (fn [x] (* x 2))) (set shared [1 2]))');
      assert.equal(await code("((fn [kept] (alter 'kept concat 4)) [1 2 3])"), 'access');
      assert.equal(await code("(do (let + [1 2 3]) (alter '+ concat 4))"), 'access');
      assert.equal(await code("((fn [unheard] (alter 'unheard concat 4)) [1 2 3])"), 'access');
      assert.equal(await host.evaluate('(+ (kept 3) 1)'), '7');
      await client.send("(alter 'shared concat 3)");
      assert.equal(await host.evaluate('shared'), '[1 2 3]');
    });
    test('what is not restricted works', async () => {
      assert.equal(await client.send('(+ 3 4)'), 7);
      assert.equal(await client.send('(count (ser [1 2 3]))'), 50);
      assert.equal(await client.send('(.ipc.handle)'), 1);
      assert.equal(await client.send('(eval (parse "(+ 1 2)"))'), 3);
    });
    test('the host itself stays unrestricted, also right after such a session', async () => {
      await code('(set q 1)');
      assert.equal(await host.evaluate('(set q 5)'), '5');
    });

    /** A list that calls a lambda, as another interpreter would send it. */
    async function lambdaCall(source: string): Promise<Value> {
      return new List([await client.send(source), 1]);
    }
  });
}
