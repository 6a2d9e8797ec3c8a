import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Worker } from 'node:worker_threads';
import { Dict, F64, Interpreter, List, RayfallError, Stamp, Sym, Table, T, Vec, connect, entries, fromJs, symbol, toJs, type JsValue } from '../src/index.js';

const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    if (e instanceof RayfallError) return e.code;
    throw e;
  }
  return 'no error';
};

test('a program is evaluated and answers its last value', () => {
  const rfl = new Interpreter();
  assert.equal(rfl.eval('(set xs (til 10)) (sum (* xs xs))'), 285);
  assert.equal(rfl.format(rfl.eval('(list 1 "é" \'sym)')), '(list 1 "é" sym)');
});

test('a program evaluated again sees what was bound in between, be it a special form', () => {
  const rfl = new Interpreter();
  assert.equal(rfl.eval('(if true 1 2)'), 1);
  rfl.eval('(set if (fn [a b c] 9))');
  assert.equal(rfl.eval('(if true 1 2)'), 9);
});

test('two interpreters share no names and no hooks', () => {
  const [a, b] = [new Interpreter(), new Interpreter()];
  a.eval('(do (set x 1) (set .ipc.on.sync (fn [m] m)))');
  assert.equal(code(() => b.eval('x')), 'name');
  assert.equal(code(() => b.eval('.ipc.on.sync')), 'name');
});

test('a function of the program gets and answers JS values', () => {
  const rfl = new Interpreter();
  const seen: JsValue[][] = [];
  rfl.define('note', (...args) => (seen.push(args), args.length));
  assert.deepEqual(rfl.eval('(note 9007199254740993 1.5 "é" [1 2] null (list 1 2.0))'), new F64(6));
  assert.deepEqual(seen, [[9007199254740993n, 1.5, 'é', new BigInt64Array([1n, 2n]), null, [1n, 2]]]);
});

test('what a function of the program throws is an error that scripts can handle', () => {
  const rfl = new Interpreter();
  rfl.define('boom', () => {
    throw new Error('no luck');
  });
  assert.equal(rfl.eval('(try (boom) (fn [e] 7))'), 7);
  assert.throws(() => rfl.eval('(boom)'), /domain: no luck/);
});

test('functions can be called by value and by name', () => {
  const rfl = new Interpreter();
  assert.equal(rfl.call(rfl.eval('(fn [a b] (* a b))'), [6, 7]), 42);
  assert.equal(rfl.call('sum', [new Vec(T.I64, new BigInt64Array([1n, 2n]))]), 3);
  assert.equal(code(() => rfl.call('nope', [])), 'name');
});

test('an error draws its source with a caret', () => {
  assert.throws(() => new Interpreter().eval("((fn [x]\n  (+ x 'a)) 1)", { file: 'f.rfl' }), (e: RayfallError) => {
    assert.equal(e.code, 'type');
    assert.match(e.message, /f\.rfl:2:3/);
    assert.match(e.message, / 2 │ {3}\(\+ x 'a\)\) 1\)\n {3}│ {3}▲/);
    return true;
  });
});

const LOOPS = ['(fold (fn [a b] (+ a b)) 0 (til 50000000))', '(sum (map (fn [x] (* x 2)) (til 50000000)))', '(do (set f (fn [n] (do (til 100000) (self n)))) (map (fn [i] (try (f i) 0)) (til 1000000)))', '(count (asc (rand 30000000 1000000000)))', '(do (set deep (map (fn [i] (list i i)) (til 400000))) (map (fn [i] (count (de (ser deep)))) (til 100)))', '(count (take [1 2 3] 200000000))'];

for (const loop of LOOPS) {
  test(`a deadline ends ${loop.slice(0, 50)}`, () => {
    const rfl = new Interpreter();
    assert.equal(code(() => rfl.eval(loop, { deadlineMs: 30 })), 'cancel');
    assert.equal(rfl.eval('(+ 1 2)'), 3);
  });
}

test('another thread interrupts through the shared word, and the state stays', async () => {
  const rfl = new Interpreter();
  rfl.eval('(set kept 5)');
  const worker = new Worker("const { workerData } = require('node:worker_threads'); setTimeout(() => Atomics.store(workerData, 0, 1), 100)", { eval: true, workerData: rfl.interruptWord });
  assert.equal(code(() => rfl.eval('(fold (fn [a b] (+ a (fold (fn [c d] (+ c d)) 0 (til 1000)))) 0 (til 100000000))')), 'cancel');
  assert.equal(rfl.eval('kept'), 5);
  await worker.terminate();
});

test('an interruption cannot be swallowed by try', () => {
  const rfl = new Interpreter();
  assert.equal(code(() => rfl.eval('(try (fold (fn [a b] (+ a b)) 0 (til 50000000)) 7)', { deadlineMs: 20 })), 'cancel');
});

test('restricted evaluation refuses what a restricted session may not do', () => {
  const rfl = new Interpreter();
  for (const source of ['(set x 1)', '(let x 1)', '(write "/tmp/x" "")', '(map read ["/etc/passwd"])', '((fn [f] (f "/x")) read)', "(let .ipc.on.sync (fn [m] m))", '(: x 1)']) {
    assert.equal(code(() => rfl.eval(source, { restricted: true })), 'access', source);
  }
  assert.equal(rfl.eval('(do (let x 1) (+ x 1))', { restricted: true }), 2);
});

test('names of JS objects are ordinary names', () => {
  const rfl = new Interpreter();
  assert.equal(rfl.eval('(set __proto__ 5)'), 5);
  assert.equal(code(() => rfl.eval('constructor')), 'name');
  assert.equal(rfl.format(rfl.eval('(at {constructor: 1 __proto__: 2} \'__proto__)')), '2');
  assert.equal(rfl.format(rfl.eval('(group [toString a toString])')), '{toString:[0 2] a:[1]}');
});

test('values go to JS and back without losing a bit', () => {
  const leaf: fc.Arbitrary<JsValue> = fc.oneof(
    fc.constant(null), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double(), fc.string(),
    fc.bigInt64Array(), fc.float64Array(), fc.int32Array(), fc.int16Array(), fc.uint8Array(), fc.float32Array(),
  );
  fc.assert(fc.property(fc.oneof(leaf, fc.array(leaf)), (v) => assert.deepEqual(toJs(fromJs(v)), v)));
  const rfl = new Interpreter();
  for (const source of ['0Nl', '9223372036854775807', '0Nf', '2024.01.15', '10:20:30', '2024.01.15D10:20:30.000000001', "'sym", '0x05', '5i', '5h', '(as \'guid "00112233-4455-6677-8899-aabbccddeeff")', '[a b]', '["x" "y"]', '[true false]', '{a:1}', '(table [a] (list [1]))', '(list 1 (list 2.5 "x"))', '[1 0Nl]']) {
    const v = rfl.eval(source);
    assert.equal(rfl.format(fromJs(toJs(v))), rfl.format(v), source);
  }
});

test('bytes that are no UTF-8 stay bytes', () => {
  const rfl = new Interpreter();
  const v = rfl.eval('(at ["\\377"] 0)');
  assert.equal(v, '\xff');
  assert.ok(toJs(v) instanceof Vec);
});

test('dicts and tables give their entries', () => {
  const rfl = new Interpreter();
  const dict = rfl.eval('{a:1 b:"x"}') as Dict;
  assert.deepEqual([...entries(dict)].map(([k, v]) => [(k as Sym).text, v]), [['a', 1], ['b', 'x']]);
  const table = rfl.eval('(table [a b] (list [1 2] [2024.01.15D00:00:00.0 0Np]))') as Table;
  assert.deepEqual([...entries(table)].map(([k]) => (k as Sym).text), ['a', 'b']);
  assert.equal(symbol('a').id, ([...entries(dict)][0][0] as Sym).id);
  assert.ok(rfl.eval('2024.01.15D00:00:00.0') instanceof Stamp);
  assert.ok(fromJs([1n]) instanceof List);
});

test('an embedded interpreter serves clients from the event loop', async () => {
  const rfl = new Interpreter();
  const ipc = rfl.ipc();
  const { port } = ipc.listen('127.0.0.1:0');
  const stop = ipc.pumpOnEvents();
  rfl.eval('(set .ipc.on.sync (fn [m] (list (.ipc.handle) (eval (parse m)))))');
  const client = await connect(`127.0.0.1:${port}`);
  assert.equal(rfl.format(await client.send('(+ 40 2)')).replace(/\d+ /, 'H '), '[H 42]');
  client.close();
  stop();
  ipc.shutdown(100);
});
