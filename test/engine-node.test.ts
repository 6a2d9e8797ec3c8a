/** A node as the command line uses it. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import { startNode } from '../src/engine/node.js';
import type { RflNode } from '../src/engine/api.js';
import { ENDLESS, RawClient, frame, rawServer, text, until } from './support/engine.js';

describe('a node', { timeout: 60_000 }, () => {
  let node: RflNode;
  let printed: [string, string][];
  before(async () => {
    node = await startNode();
    node.onOutput((bytes, stream) => printed.push([stream, Buffer.from(bytes).toString('latin1')]));
  });
  after(() => node.shutdown());

  test('evaluates in order and shows values as the REPL does', async () => {
    const results = await Promise.all(['(set a 1)', '(set a (+ a 1))', 'a', '"text"', 'null'].map((s) => node.evaluate(s)));
    assert.deepEqual(results.map((r) => r.text), ['1', '2', '2', '"text"', '']);
    assert.deepEqual(results.map((r) => r.type), [-5, -5, -5, -13, 126]);
    assert.equal((await node.evaluate('5', { print: 'none' })).text, '');
  });

  test('explains errors with their code and source', async () => {
    const { ok, code, text: shown } = await node.evaluate("((fn [x] (+ x 'a)) 1)", { file: 'f.rfl' });
    assert.deepEqual([ok, code], [false, 'type']);
    assert.match(shown, /f\.rfl:1:10/);
  });

  test('hands output over before the result it belongs to', async () => {
    printed = [];
    const result = await node.evaluate('(do (println "one") (println "two") 3)');
    assert.equal(result.text, '3');
    assert.equal(printed.map(([, t]) => t).join(''), 'one\ntwo\n');
    assert.ok(printed.every(([stream]) => stream === 'stdout'));
  });

  test('an interrupt stops what runs, generated code and long columns too, and keeps the state', async () => {
    await node.evaluate('(set kept 5)');
    for (const source of [ENDLESS, '(map (fn [x] (sum (til 10000000))) (til 1000))', '(map (fn [x] (map (fn [y] (set k y)) (til 1000000))) (til 1000))', '(asc (rand 30000000 1000000))']) {
      const running = node.evaluate(source);
      await new Promise((resolve) => setTimeout(resolve, 60));
      node.interrupt();
      assert.equal((await running).code, 'cancel', source);
    }
    assert.equal((await node.evaluate('kept')).text, '5');
  });

  test('an interrupt stops what was asked for and has not begun', async () => {
    for (let n = 0; n < 20; n++) {
      const running = node.evaluate(ENDLESS);
      node.interrupt();
      assert.equal((await running).code, 'cancel');
    }
  });

  test('an interrupt with nothing running stops nothing later', async () => {
    node.interrupt();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await node.evaluate('(+ 1 2)')).text, '3');
  });

  test('a deadline ends an evaluation', async () => {
    assert.equal((await node.evaluate(ENDLESS, { deadlineMs: 30 })).code, 'cancel');
    assert.equal((await node.evaluate('(+ 1 2)')).text, '3');
  });

  test('completes names and lists globals with their types', async () => {
    await node.evaluate('(set zebra [1 2]) (set zeal 1)');
    assert.deepEqual(await node.complete('ze'), ['zeal', 'zebra']);
    assert.ok((await node.complete('.ipc.')).includes('.ipc.send'));
    const globals = new Map(await node.globals());
    assert.equal(globals.get('zebra'), 'I64');
    assert.ok(!globals.has('+'));
  });

  test('tells why it cannot listen', async () => {
    const { port } = await node.listen('127.0.0.1:0');
    await assert.rejects(node.listen(`127.0.0.1:${port}`), { code: 'io', message: /Address already in use/ });
    await assert.rejects(node.listen('nonsense'), { code: 'domain' });
    assert.match((await node.evaluate('(.sys.listen 0)')).text, /domain: listen: port out of range \(1\.\.65535\)/);
    assert.match((await node.evaluate(`(.sys.listen ${port})`)).text, new RegExp(`io: listen: bind to port ${port} failed: Address already in use`));
  });

  test('an interrupt ends the wait of a send, whose late answer is not taken for the next', async () => {
    const other = await startNode();
    const { port } = await other.listen('127.0.0.1:0');
    await node.evaluate(`(set h (.ipc.open "127.0.0.1:${port}"))`);
    const waiting = node.evaluate('(.ipc.send h "(sum (map (fn [y] (fold (fn [a x] (+ a x)) 0 (til 100000))) (til 50)))")');
    await new Promise((resolve) => setTimeout(resolve, 30));
    node.interrupt();
    assert.equal((await waiting).code, 'cancel');
    assert.equal((await node.evaluate('(.ipc.send h "(+ 1 2)")')).text, '3');
    await other.shutdown();
  });

  test('an interrupt ends the wait for a connection, which is not kept when it comes after all', async () => {
    const silent = await rawServer('silent');
    const opening = node.evaluate(`(.ipc.open "127.0.0.1:${silent.port}" 300)`);
    await new Promise((resolve) => setTimeout(resolve, 40));
    node.interrupt();
    assert.equal((await opening).code, 'cancel');
    assert.equal((await node.evaluate('(+ 1 2)')).text, '3');
    await new Promise((resolve) => setTimeout(resolve, 350));
    assert.deepEqual(node.connections().filter((c) => c.peer.endsWith(`:${silent.port}`)), []);
    await silent.stop();
  });

  test('lines go to the remote session while there is one, with what they print there', async () => {
    const other = await startNode();
    const { port } = await other.listen('127.0.0.1:0');
    await other.evaluate('(set where "there")');
    await node.evaluate('(set where "here")');
    assert.equal((await node.evaluate(`(.repl.connect "127.0.0.1:${port}")`)).remote, `127.0.0.1:${port}`);
    printed = [];
    assert.equal((await node.evaluate('(do (println "hi") where)')).text, 'there');
    assert.equal(printed.map(([, t]) => t).join(''), 'hi\n');
    const failed = await node.evaluate('(+ 1 \'a)');
    assert.deepEqual([failed.code, failed.remote], ['type', `127.0.0.1:${port}`]);
    printed = [];
    assert.equal((await node.evaluate('(do (println "before") (nope))')).code, 'name');
    assert.equal(printed.map(([, t]) => t).join(''), 'before\n', 'what was printed before the error is shown too');
    assert.equal((await node.evaluate('(list "a" 1)')).text, '(list "a" 1)');
    assert.equal((await node.evaluate('(.repl.disconnect)')).remote, null);
    assert.equal((await node.evaluate('where')).text, '"here"');
    await other.shutdown();
  });
});

describe('timers', { timeout: 60_000 }, () => {
  test('fire as often as asked, between requests, and not after they were deleted', async () => {
    const node = await startNode();
    const shows = async (source: string, value: string): Promise<void> => until(async () => (await node.evaluate(source)).text === value, `${source} = ${value}`);
    await node.evaluate('(set n 0) (set id (.time.timer.set 5 3 (fn [t] (set n (+ n 1)))))');
    await shows('n', '3');
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal((await node.evaluate('n')).text, '3');
    await node.evaluate('(set m 0) (set id (.time.timer.set 1 0 (fn [t] (set m (+ m 1)))))');
    await until(async () => Number((await node.evaluate('m')).text) > 5, 'an endless timer to fire');
    await node.evaluate('(.time.timer.del id) (set m 0)');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal((await node.evaluate('m')).text, '0');
    await node.shutdown();
  });

  test('one that is always due leaves room for requests; its errors are printed with its number', async () => {
    const node = await startNode();
    let printed = '';
    node.onOutput((bytes, stream) => (printed += stream === 'stderr' ? Buffer.from(bytes).toString() : ''));
    await node.evaluate("(.time.timer.set 0 0 (fn [t] (+ t 'a)))");
    assert.equal((await node.evaluate('(+ 1 2)')).text, '3');
    await until(() => printed.includes('timer 0: type'), 'its error');
    await node.shutdown();
  });

  const rows: [string, string][] = [
    ['(.time.timer.set 1 1)', 'domain'], ['(.time.timer.set "a" 1 (fn [t] t))', 'type'], ['(.time.timer.set 1 1 count)', 'type'], ['(.time.timer.set -1 1 (fn [t] t))', 'domain'],
    ['(.time.timer.set 1 -1 (fn [t] t))', 'domain'], ['(.time.timer.set 1 1 (fn [] 1))', 'domain'], ["(.time.timer.del 'a)", 'type'],
  ];
  test('are refused with the reference\'s codes', async () => {
    const node = await startNode();
    for (const [source, code] of rows) assert.equal((await node.evaluate(source)).code, code, source);
    await node.shutdown();
  });
});

describe('a program that ends itself', { timeout: 60_000 }, () => {
  test('by evaluation', async () => {
    const node = await startNode();
    const statuses: number[] = [];
    node.onExit((status) => statuses.push(status));
    assert.equal((await node.evaluate('(do (exit 7) (println "never"))')).exit, 7);
    assert.deepEqual(statuses, [7]);
    await node.shutdown();
  });

  test('by a peer\'s request, caught by nobody', async () => {
    const node = await startNode();
    const exited = new Promise<number>((resolve) => node.onExit(resolve));
    const { port } = await node.listen('127.0.0.1:0');
    const client = await RawClient.open(port);
    client.write(frame(text("(try (exit 3) (fn [e] 1))")));
    assert.equal(await exited, 3);
    client.close();
    await node.shutdown();
  });
});

test('a restarted node has lost its state and listens again', { timeout: 60_000 }, async () => {
  const first = await startNode({ listen: ['127.0.0.1:7198'] });
  await first.evaluate('(set a 1)');
  void first.evaluate(ENDLESS).catch(() => {});
  await first.restart();
  assert.equal((await first.evaluate('a')).code, 'name');
  const client = await RawClient.open(7198);
  assert.equal((await client.ask('(+ 1 1)')).length, 10);
  client.close();
  await first.shutdown();
});
