/** Against the Go original itself: RFL_SOC_ORIGINAL names the folder of its sources. Recorded bytes stand in elsewhere (soc-original). */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SwarmNode, rowFact } from '../src/engine/soc/swarm-node.js';
import type { SyncReport } from '../src/engine/soc/calls.js';
import { toBytes } from '../src/lang/text.js';
import { BufferedSender, PipeListener, type Receiver } from '../src/index.js';
import { Original, buildOriginal, originalOrReason } from './support/original.js';

const original = originalOrReason();

describe('the Go original', { skip: 'reason' in original ? original.reason : false, timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'original-'));
  const outer = process.env['XDG_RUNTIME_DIR'];
  let program = '';
  const run = (...args: string[]): Original => new Original(program, args, folder);
  before(() => {
    process.env['XDG_RUNTIME_DIR'] = folder;
    const build = join(folder, 'build');
    mkdirSync(build);
    program = buildOriginal((original as { sources: string }).sources, build);
  });
  after(() => {
    if (outer === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = outer;
    rmSync(folder, { recursive: true, force: true });
  });

  test('its buffered bursts of events and incidents arrive here, whole and in order', async () => {
    let begin: (receiver: Receiver) => void;
    const accepted = new Promise<Receiver>((resolve) => (begin = resolve));
    const listener = await PipeListener.open('from-go', (receiver) => begin(receiver));
    const peer = run('send', 'from-go', '20000');
    const receiver = await accepted;
    const ids = new Set<string>();
    let n = 0;
    for await (const m of receiver) {
      assert.equal(m.type, n % 2 === 0 ? 'soc_event' : 'soc_incident');
      assert.equal(m.payload, `{"big":9007199254740993,"n":${n},"text":"\\u003ca \\u0026 b\\u003e é"}`);
      ids.add(m.id);
      n++;
    }
    assert.equal(n, 20_000);
    assert.equal(receiver.malformed, 0);
    await peer.see('sent 20000');
    await peer.ended;
    listener.close();
    assert.ok(ids.size > 10_000, 'its ids are those of its clock');
  });

  test('our buffered bursts arrive there, whole and in order', async () => {
    const peer = run('receive', 'to-go', '20000');
    await peer.see('listening');
    const sender = new BufferedSender('to-go');
    for (let n = 0; n < 20_000; n++) {
      while (sender.send({ type: n % 2 === 0 ? 'soc_event' : 'soc_incident', id: `id-${n}`, payload: `{"n":${n},"big":123456789012345678901234567890,"s":"<é>"}` }) !== 'ok') await sender.flush();
    }
    await sender.flush();
    const lines = await peer.see('soc_', 20_000);
    lines.forEach((line, n) => assert.equal(line, `${n % 2 === 0 ? 'soc_event' : 'soc_incident'} id-${n} true {"n":${n},"big":123456789012345678901234567890,"s":"<é>"}`));
    await sender.close();
    await peer.ended;
  });

  const member = (reports: SyncReport[] = []): SwarmNode => new SwarmNode(Date.now, (report) => void reports.push(report), () => {});

  test('facts that it dials with are taken in here', async () => {
    const dir = mkdtempSync(join(folder, 'swarm-'));
    const probe = run('dial', join(folder, 'nowhere'), 'go', '0');
    const hash = (await probe.see('hash'))[0].slice(5);
    await probe.see('dialed false');
    const reports: SyncReport[] = [];
    const node = member(reports);
    assert.equal(await node.listen(dir, { id: 'ours', node: 'n', hash, oldPeers: true }, {}), true);
    const peer = run('dial', dir, 'go', '20');
    await peer.see('dialed true <nil>');
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([reports[0].outcome, reports[0].imported.length, node.facts.size], ['synced', 20, 20]);
    assert.equal(node.facts.get('go-7')!.content, 'fact <7> of go');
    assert.match(node.facts.get('go-7')!.source, /^swarm:/);
    await peer.ended;
    const again = run('dial', dir, 'go', '20');
    await again.see('dialed true');
    while (reports.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(reports[1].imported.filter(([id]) => !id.startsWith('go-')).length, 0);
    assert.equal(node.facts.size, 20);
    node.stepDown('');
  });

  test('it takes in the facts that we dial with', async () => {
    const dir = mkdtempSync(join(folder, 'swarm-'));
    const peer = run('listen', dir, 'go');
    const hash = (await peer.see('hash'))[0].slice(5);
    const node = member();
    for (let i = 0; i < 20; i++) node.facts.put(rowFact([`our-${i}`, toBytes(`fact <${i}> é`), 0, 'net', '', i === 3, 'test', '2026-01-15T10:00:00.5Z']));
    const self = { id: 'ours', node: 'n', hash, oldPeers: true };
    let report = await node.dial(dir, self);
    for (let i = 0; i < 200 && report.outcome === 'no-peer'; i++) report = await node.dial(dir, self);
    assert.deepEqual([report.outcome, report.sent, report.left], ['synced', 20, 0]);
    const facts = await peer.see('fact', 20);
    assert.ok(facts.includes('fact our-3 swarm:test fact <3> é'));
    assert.equal((await node.dial(dir, { ...self, hash: 'other' })).outcome, 'mismatch');
    await peer.end();
  });
});
