import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toBytes } from '../src/lang/text.js';
import { IdSource } from '../src/wire/soc/ids.js';
import { MessageDecoder, ackPayload, ackedId, decodeMessage, encodeMessage, type Message } from '../src/wire/soc/message.js';
import { Receiver } from '../src/wire/soc/receiver.js';
import { Window } from '../src/wire/soc/window.js';
import { Liveness } from '../src/wire/soc/liveness.js';

const decode = (s: string): ReturnType<typeof decodeMessage> => decodeMessage(Buffer.from(s), 0, Buffer.byteLength(s));

test('what is encoded is decoded to the same, whatever its texts', () => {
  const arbitrary = fc.record({
    type: fc.string({ unit: 'binary' }).map(toBytes), id: fc.string({ unit: 'binary', maxLength: 40 }).map(toBytes),
    ts: fc.integer(), payload: fc.option(fc.json().map(toBytes).filter((s) => s !== 'null'), { nil: null }),
  });
  fc.assert(fc.property(arbitrary, (m: Message) => {
    const { line, ok } = encodeMessage(m) as { ok: true; line: string };
    assert.ok(ok && line.indexOf('\n') === line.length - 1);
    const bytes = Buffer.from(line, 'latin1');
    assert.deepEqual(decodeMessage(bytes, 0, bytes.length - 1), { ok: true, message: { ...m } });
    assert.equal(typeof JSON.parse(bytes.toString()).type, 'string');
  }), { numRuns: 2000 });
});

test('the payload keeps its bytes', () => {
  const r = decode('{"type":"soc_event","id":"1","ts":1700000000,"payload": {"big": 123456789012345678901234567890, "f":1.0e2} }');
  assert.ok(r.ok);
  assert.equal(r.message.payload, '{"big": 123456789012345678901234567890, "f":1.0e2}');
});

test('lines of the Go original are read', () => {
  // As its encoder writes them: keys in order, <, > and & escaped, id and payload left out where they are empty.
  const go = '{"type":"soc_event","id":"1763634000123456789","ts":1763634000,"payload":{"cmd":"a \\u003c b \\u0026\\u0026 c","n":18446744073709551615}}';
  const r = decode(go);
  assert.ok(r.ok);
  assert.deepEqual([r.message.type, r.message.id, r.message.ts], ['soc_event', '1763634000123456789', 1763634000]);
  assert.deepEqual(decode('{"type":"soc_heartbeat","ts":5}'), { ok: true, message: { type: 'soc_heartbeat', id: '', ts: 5, payload: null } });
});

test('keys are told apart by case, unknown ones are ignored, the last of two counts', () => {
  assert.deepEqual(decode('{"Type":"x","type":"a","type":"b","TS":1,"ts":2,"more":[1,{"type":"z"}]}'), { ok: true, message: { type: 'b', id: '', ts: 2, payload: null } });
});

test('a line is what it is, whatever line came before', () => {
  const heads = ['{"type":"a","id":"1","ts":5,"payload":', '{"type":"a","id":"2","ts":5,"payload":', '{"type":"a","id":"3","ts":6,"payload":', '{"type":"a\\n","id":"4","ts":6,"payload":', '{"type":"a","id":"\\u0031","ts":5,"payload":', '{"id":"5","type":"a","payload":', '{"type":"a","id":"","ts":5,"payload":', '{"type":"a","id":"\u00e9","ts":5,"payload":'];
  const tails = ['1}', 'null}', '{"a":[1,2]}}', '{}} ', '1,"payload":2}', '1,"ts":9}', '1]', '}', '', '"x}', '"\u00e9"}'];
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...heads), fc.constantFrom(...tails)), { minLength: 2, maxLength: 8 }), (lines) => {
    const decoder = new MessageDecoder();
    for (const line of lines) {
      const bytes = Buffer.from(line.join(''));
      const plain = bytes.every((b) => b < 128);
      assert.deepEqual(decoder.decode(bytes, 0, bytes.length, plain), decodeMessage(bytes, 0, bytes.length), line.join(''));
    }
  }), { numRuns: 5000 });
});

test('what is no message says why', () => {
  const reasons: [string, string][] = [
    ['', 'an empty line'], ['{', 'no JSON object'], ['[]', 'no JSON object'], ['{"type":"a"} x', 'no JSON object'], ['{"id":"1"}', 'no type'],
    ['{"type":1}', 'no type'], ['{"type":"a","id":1}', 'an id that is none'], ['{"type":"a","ts":1.5}', 'a ts that is no number of seconds'],
    [`{"type":"a","id":"${'9'.repeat(257)}"}`, 'an id that is none'], [`{"type":"a","payload":${'['.repeat(600)}${']'.repeat(600)}}`, 'no JSON object'],
  ];
  for (const [line, reason] of reasons) assert.deepEqual(decode(line), { ok: false, reason });
  assert.deepEqual(decodeMessage(Buffer.from('{"type":"\xff"}', 'latin1'), 0, 12), { ok: false, reason: 'bytes that are not UTF-8' });
});

test('a message that the other end would not take is refused here', () => {
  const m = { type: 'soc_event', id: '1', ts: 1, payload: `"${'x'.repeat(1 << 20)}"` };
  assert.equal(encodeMessage(m).ok, false);
  assert.equal(encodeMessage({ ...m, id: 'x'.repeat(257), payload: null }).ok, false);
});

test('a line that is no message is passed over', () => {
  const receiver = new Receiver();
  receiver.push(Buffer.from('nonsense\n\n{"type":"a"}\n{"type":"b"}'));
  const got = [receiver.next(), receiver.next(), receiver.next()].map((r) => (r?.kind === 'message' ? r.message.type : r?.kind));
  assert.deepEqual(got, ['malformed', 'malformed', 'a']);
  assert.equal(receiver.next(), null);
  assert.equal(receiver.finish()?.kind, 'message');
  assert.equal(receiver.over, 'cut');
});

test('ids increase strictly, whatever the clock does', () => {
  const times = [1763634000000.5, 1763634000000, 1763633000000, 1763634000001, 5, 1763634000002];
  const ids = new IdSource(() => times.shift() ?? 1763634000002, 998);
  const made = Array.from({ length: 6 }, () => ids.next());
  ids.after('1763634000009999998');
  ids.after('17');
  ids.after('abc');
  made.push(ids.next(), ids.next(), ids.next());
  for (let i = 1; i < made.length; i++) assert.ok(BigInt(made[i]) > BigInt(made[i - 1]), `${made[i]} after ${made[i - 1]}`);
  assert.equal(made[0], '1763634000000000998');
  assert.deepEqual(made.slice(6), ['1763634000009999999', '1763634000010000000', '1763634000010000001']);
});

test('an ack names an id', () => {
  assert.equal(ackedId(ackPayload('12"3')), '12"3');
  assert.equal(ackedId('[]'), null);
  assert.equal(ackedId('{"id":5}'), null);
  assert.equal(ackedId(null), null);
});

test('the window tells what is new, what is being handled and what was handled', () => {
  const window = new Window(3);
  assert.equal(window.note('1', 7, 'a'), 'new');
  assert.equal(window.note('1', 7, 'b'), 'pending');
  assert.equal(window.ack('1'), 'b');
  assert.equal(window.note('1', 7, 'c'), 'acked');
  assert.equal(window.note('1', 8, 'c'), 'new', 'another message under the same id');
  assert.equal(window.note('', 0, 'a'), 'new');
  assert.equal(window.note('', 0, 'a'), 'new');
  for (const id of ['2', '3', '4']) window.note(id, 1, 'a');
  assert.equal(window.ack('1'), 'c', 'the last three are kept at least');
  for (const id of ['5', '6', '7']) window.note(id, 1, 'a');
  assert.equal(window.ack('1'), undefined, 'and no more than six');
  assert.equal(window.note('5', 1, 'a'), 'pending');
});

test('a window does not forget and does not invent, in whatever order ids come', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 2 }), fc.boolean()), { maxLength: 300 }), (events) => {
    const window = new Window(1000);
    const known = new Map<string, { sum: number; acked: boolean }>();
    for (const [n, sum, ack] of events) {
      const id = String(n);
      const seen = known.get(id);
      if (ack) {
        assert.equal(window.ack(id), seen === undefined ? undefined : 'way');
        if (seen !== undefined) seen.acked = true;
        continue;
      }
      const same = seen !== undefined && seen.sum === sum;
      assert.equal(window.note(id, sum, 'way'), same ? (seen.acked ? 'acked' : 'pending') : 'new');
      if (!same) known.set(id, { sum, acked: false });
    }
  }), { numRuns: 1000 });
});

test('a sign of life is due after 15 s of our silence, and the peer is dead after 45 s of its own', () => {
  const l = new Liveness(0, true);
  assert.equal(l.check(14_999), null);
  assert.equal(l.wait(14_000), 1000);
  assert.equal(l.check(15_000), 'heartbeat');
  l.sent(15_000);
  assert.equal(l.check(29_999), null);
  l.heard(20_000);
  l.sent(64_000);
  assert.equal(l.check(64_999), null);
  assert.equal(l.wait(64_999), 1);
  assert.equal(l.check(65_000), 'dead');
  const quiet = new Liveness(0, false);
  quiet.sent(1e6);
  assert.equal(quiet.check(1e6 + 1), null, 'a peer that never gave a sign of life is not missed');
  quiet.heard(1e6, true);
  assert.equal(quiet.check(1e6 + 45_000), 'dead');
});
