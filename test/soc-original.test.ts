import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Receiver } from '../src/wire/soc/receiver.js';
import { FactStore } from '../src/wire/soc/facts.js';
import { SwarmListener } from '../src/wire/soc/swarm.js';
import { formatJson } from '../src/columns/json-format.js';
import { parseJson } from '../src/columns/json-parse.js';
import { ROOT } from './support/root.js';

const recorded = JSON.parse(readFileSync(new URL('test/vectors/soc-go.json', ROOT), 'utf8')) as { pipe: string; swarm: string };

for (const step of [1, 7, 100_000]) {
  test(`messages the original wrote are read, in pieces of ${step}`, () => {
    const receiver = new Receiver();
    const bytes = Buffer.from(recorded.pipe);
    const got: string[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      receiver.push(bytes.subarray(at, at + step));
      for (let r = receiver.next(); r !== null; r = receiver.next()) got.push(r.kind === 'message' ? `${r.message.type} ${r.message.id} ${formatJson(parseJson(r.message.payload!))}` : r.reason);
    }
    assert.equal(receiver.finish(), null);
    assert.equal(receiver.over, 'clean');
    assert.deepEqual(got, [
      'soc_event 1795174992512179574 {"big":9007199254740993,"n":0,"text":"<a & b>"}',
      'soc_incident 1795174992512188998 {"big":9007199254740993,"n":1,"text":"<a & b>"}',
      'soc_event 1795174992512190490 {"big":9007199254740993,"n":2,"text":"<a & b>"}',
    ]);
  });

  test(`a sync the original dialed is taken in, in pieces of ${step}`, () => {
    const [hello] = recorded.swarm.split('\n');
    const hash = (JSON.parse(hello) as { payload: { genome_hash: string } }).payload.genome_hash;
    const store = new FactStore();
    const listener = new SwarmListener({ self: { id: 'me', node: 'n', hash }, store, seconds: () => 1, oldPeers: true });
    const bytes = Buffer.from(recorded.swarm);
    for (let at = 0; at < bytes.length && !listener.over; at += step) listener.receive(bytes.subarray(at, at + step));
    assert.equal(listener.outcome, 'synced');
    assert.equal(store.size, 20);
    assert.equal(store.get('go-swarm-dial-3')!.content, 'go <fact> 3');
    assert.equal(store.get('go-swarm-dial-3')!.source, 'swarm:manual');
  });
}
