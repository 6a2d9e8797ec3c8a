import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox, type OutboxOptions } from '../src/wire/soc/outbox.js';
import { Random } from './fuzz/random.js';

const box = (options: Partial<OutboxOptions> = {}, n = 0): Outbox => {
  const outbox = new Outbox(options);
  for (let i = 0; i < n; i++) assert.equal(outbox.offer(String(i), `line ${i}\n`), 'ok');
  return outbox;
};

test('dials when there is something to send, writes it, and rests', () => {
  const o = box();
  assert.deepEqual(o.todo(0), { do: 'rest', ms: Infinity });
  o.offer('1', 'a\n');
  o.offer('2', 'b\n');
  assert.deepEqual(o.todo(0), { do: 'dial' });
  assert.deepEqual(o.todo(0), { do: 'rest', ms: Infinity });
  o.connected(1);
  assert.deepEqual(o.todo(1), { do: 'write', bytes: 'a\nb\n' });
  assert.equal(o.pending, 2);
  o.sent(2);
  assert.equal(o.pending, 0);
  assert.deepEqual(o.todo(2), { do: 'rest', ms: Infinity });
  assert.deepEqual(o.counts, { offered: 2, settled: 2, dropped: 0, resent: 0, unconfirmed: 0 });
});

test('each failure in a row makes the wait longer, up to the longest', () => {
  const o = box({ reliable: true, waitMs: 100, longestWaitMs: 250 }, 1);
  let now = 0;
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    assert.deepEqual(o.todo(now), { do: 'dial' });
    o.refused(now);
    const rest = o.todo(now);
    assert.ok(rest.do === 'rest');
    waits.push(rest.ms);
    now += rest.ms;
  }
  assert.deepEqual(waits, [100, 200, 250, 250]);
});

test('a write that takes too long ends its connection, and the same lines go out over the next', () => {
  const o = box({}, 1);
  o.todo(0);
  o.connected(0);
  assert.equal(o.todo(0).do, 'write');
  assert.deepEqual(o.todo(4999), { do: 'rest', ms: 1 });
  assert.equal(o.todo(5000).do, 'kill');
  o.sent(5001);
  assert.equal(o.pending, 1, 'a late report of the connection that was given up does not count');
  assert.deepEqual(o.todo(5000), { do: 'rest', ms: 100 });
  assert.deepEqual(o.todo(5100), { do: 'dial' });
  o.connected(5100);
  assert.deepEqual(o.todo(5100), { do: 'write', bytes: 'line 0\n' });
  assert.equal(o.counts.resent, 1);
});

test('after three tries, 100 and 200 ms apart, a message is given up and reported', () => {
  const o = box({}, 2);
  const times: number[] = [];
  for (let now = 0; now < 1000; now++) {
    if (o.todo(now).do !== 'dial') continue;
    times.push(now);
    o.refused(now);
  }
  assert.deepEqual(times, [0, 100, 300]);
  assert.deepEqual(o.takeDropped().map((d) => [d.entry.id, d.reason]), [['0', 'nobody listens'], ['1', 'nobody listens']]);
  assert.deepEqual(o.takeDropped(), []);
  assert.equal(o.counts.dropped, 2);
});

test('a reliable message stays until it is acknowledged, over any number of failures', () => {
  const o = box({ reliable: true }, 2);
  let now = 0;
  for (let i = 0; i < 50; i++) {
    for (let todo = o.todo(now); todo.do !== 'dial'; todo = o.todo(now)) now += todo.do === 'rest' ? todo.ms : 0;
    if (i % 2 === 0) o.refused(now);
    else {
      o.connected(now);
      assert.deepEqual(o.todo(now), { do: 'write', bytes: 'line 0\nline 1\n' });
      o.sent(now);
      o.lost(now, 'reset');
    }
  }
  assert.equal(o.pending, 2);
  assert.ok(now <= 50 * 5000, 'never more than 5 s apart');
  assert.equal(o.acked('1'), true);
  assert.equal(o.acked('1'), false);
  assert.deepEqual([...o.unsettled()].map((e) => e.id), ['0']);
  assert.equal(o.offer('0', 'x'), 'known');
});

test('takes no more than it has room for', () => {
  const o = box({}, 4096);
  assert.equal(o.offer('x', 'y'), 'full');
  const b = new Outbox({ capacityBytes: 10 });
  assert.equal(b.offer('1', '123456'), 'ok');
  assert.equal(b.offer('2', '12345'), 'full');
  assert.equal(b.offer('3', '1234'), 'ok');
});

test('closing sends what is there, within its time, and says what is left', () => {
  const o = box({ batchBytes: 7 }, 3);
  o.todo(0);
  o.connected(0);
  o.todo(0);
  o.close(0, 50);
  o.close(10, 5000);
  assert.equal(o.offer('9', 'z'), 'closed');
  o.sent(1);
  assert.equal(o.todo(1).do, 'write');
  assert.deepEqual(o.todo(50), { do: 'done' });
  assert.deepEqual(o.todo(51), { do: 'done' });
  assert.deepEqual(o.counts, { offered: 3, settled: 1, dropped: 2, resent: 0, unconfirmed: 0 });
  assert.equal(o.takeDropped().length, 2);
});

test('without redialing the end of the connection is the end of everything', () => {
  const o = box({ redials: false });
  o.expect();
  o.connected(0);
  o.offer('1', 'a\n');
  o.lost(1, 'reset');
  assert.deepEqual(o.takeDropped().map((d) => d.reason), ['reset']);
  assert.deepEqual(o.todo(1), { do: 'done' });
});

/** One that has sent n messages over a connection. */
const sentOver = (n: number, options: Partial<OutboxOptions> = {}): Outbox => {
  const o = box(options, n);
  o.todo(0);
  o.connected(0);
  for (let todo = o.todo(0); todo.do === 'write'; todo = o.todo(0)) o.sent(0);
  assert.equal(o.pending, 0);
  return o;
};
const lostWith = (o: Outbox, clean: boolean): string[] => {
  o.lost(1, 'reset', clean);
  return o.takeDropped().map((d) => `${d.entry.id} ${d.gone} ${d.reason}`);
};

test('what the kernel had when a connection broke is reported, once', () => {
  const o = sentOver(2);
  assert.deepEqual(lostWith(o, false), ['0 true may not have arrived: reset', '1 true may not have arrived: reset']);
  assert.equal(o.counts.unconfirmed, 2);
  assert.deepEqual(lostWith(o, false), []);
});

test('a peer that leaves in good order has read everything, unless it is one that acknowledges and has not', () => {
  assert.deepEqual(lostWith(sentOver(2), true), []);
  const o = sentOver(3);
  assert.equal(o.acked('1'), false);
  assert.deepEqual(lostWith(o, true), ['0 true may not have arrived: reset', '2 true may not have arrived: reset']);
});

test('acks in any order take their messages off the list, others change nothing', () => {
  const o = sentOver(50);
  for (const id of ['7', '8', '3', 'x', '49', '0', '7']) o.acked(id);
  const left = Array.from({ length: 50 }, (_, i) => i).filter((i) => ![7, 8, 3, 49, 0].includes(i));
  assert.deepEqual(lostWith(o, false).map((text) => Number(text.split(' ')[0])), left);
});

test('the list of what may be lost is bounded, and what fell off it is counted', () => {
  const o = box({ capacity: 4 });
  o.todo(0);
  for (let i = 0; i < 10; i++) {
    o.offer(String(i), 'x\n');
    if (i === 0) {
      o.todo(0);
      o.connected(0);
    }
    o.todo(0);
    o.sent(0);
  }
  assert.deepEqual(lostWith(o, false).map((text) => text.split(' ')[0]), ['6', '7', '8', '9']);
  assert.equal(o.counts.unconfirmed, 10);
});

test('whatever fails and whenever: every message is settled or reported, once, and lines stay whole and in order', () => {
  for (let seed = 0; seed < 400; seed++) {
    const r = new Random(seed);
    const reliable = r.int(2) === 0;
    const o = new Outbox({ reliable, capacity: 50, batchBytes: 40, longestWaitMs: 500 });
    const dropped: string[] = [];
    let delivered: string[] = [];
    let offered = 0;
    let inFlight = '';
    const unacked: string[] = [];
    let now = 0;
    for (let step = 0; step < 600 || o.pending > 0; step++) {
      assert.ok(step < 100_000, `seed ${seed} comes to an end`);
      const calm = step > 600;
      if (!calm && r.int(3) === 0 && o.offer(String(offered), `${offered}\n`) === 'ok') offered++;
      const todo = o.todo(now);
      if (todo.do === 'dial') calm || r.int(3) > 0 ? o.connected(now) : o.refused(now);
      else if (todo.do === 'write') inFlight = todo.bytes;
      else if (todo.do === 'kill') inFlight = '';
      else now += todo.do === 'rest' && r.int(4) === 0 ? Math.min(todo.ms, 6000) : 1;
      if (inFlight !== '' && (calm || r.int(2) === 0)) {
        const ids = inFlight.trimEnd().split('\n');
        delivered.push(...ids);
        unacked.push(...ids);
        inFlight = '';
        o.sent(now);
      } else if (!calm && r.int(6) === 0) {
        // Part of the batch may have arrived.
        const ids = inFlight.split('\n').slice(0, -1);
        delivered.push(...ids.slice(0, r.int(ids.length + 1)));
        inFlight = '';
        o.lost(now, 'cut');
      }
      if (reliable && (calm || r.int(2) === 0) && unacked.length > 0) o.acked(unacked.shift()!);
      dropped.push(...o.takeDropped().map((d) => d.entry.id));
    }
    delivered = [...new Set(delivered)];
    if (reliable) assert.deepEqual(dropped, []);
    const accounted = new Set([...delivered, ...dropped]);
    assert.equal(accounted.size, offered, `seed ${seed}: nothing is lost silently`);
    assert.equal(new Set(dropped).size, dropped.length);
    assert.deepEqual(o.counts.settled + o.counts.dropped, offered);
    assert.equal(o.pendingBytes, 0);
  }
});
