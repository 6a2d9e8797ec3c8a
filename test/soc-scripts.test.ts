import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Running, rfl } from './support/rfl.js';

const folder = mkdtempSync(join(tmpdir(), 'scripts-'));
process.env['XDG_RUNTIME_DIR'] = folder;
after(() => rmSync(folder, { recursive: true, force: true }));
const script = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
async function serving<R>(text: string, body: (server: Running) => R | Promise<R>): Promise<R> {
  const server = new Running(['-i', script('server.rfl', text)]);
  try {
    server.process.stdin.end();
    await server.see('out', /ready/);
    return await body(server);
  } finally {
    server.process.kill('SIGKILL');
    await server.ended;
  }
}
const client = (text: string): { out: string; err: string; status: number | null } => rfl([script('client.rfl', text)]);

test('a message arrives as a dict, with the handle it came over', () => serving(`
  (set .soc.on.message (fn [h m] (println "% % % %" (at m 'type) (at m 'payload) (type (at m 'id)) (== h (.ipc.handle)))))
  (.soc.listen "one") (println "ready")`, async (server) => {
  const { out } = client(`(set h (.soc.dial 'one)) (set id (.soc.send h 'soc_event {big: 9007199254740993 s: ['x 'y]})) (println "% %" (count id) (.soc.pending h)) (.soc.close h)`);
  assert.match(out, /^19 0\n\{flushed:0 dropped:0 kept:0\}/);
  await server.see('out', /soc_event \{big:9007199254740993 s:\["x" "y"\]\} str true/);
}));

test('a payload that the language has no value for is the text of it', () => serving(`
  (set .soc.on.message (fn [h m] (println "% | %" (at m 'payload) (at m 'error))))
  (.soc.listen "two") (println "ready")`, async (server) => {
  const { connect } = await import('node:net');
  const socket = connect(join(folder, 'sentinel-soc/two.sock'));
  socket.end('{"type":"x","ts":1,"payload":{"n":18446744073709551615}}\n');
  await server.see('out', /\{"n":18446744073709551615\} \| range: json: 18446744073709551615/);
}));

test('a hook that raises harms neither the next message nor the server', () => serving(`
  (set .soc.on.message (fn [h m] (do (if (== 1 (at m 'payload)) (raise "bad") 0) (println "got %" (at m 'payload)))))
  (.soc.listen "three") (println "ready")`, async (server) => {
  client(`(set h (.soc.dial 'three)) (.soc.post h 'x 1) (.soc.post h 'x 2) (.soc.close h)`);
  await server.see('out', /got 2/);
  await server.see('err', /the message hook raised an error/);
}));

test('a program that listens stays until it closes, exits or is told to end', async () => {
  const ends: [string, string, number][] = [['close', '(.soc.close lh)', 0], ['exit', '(exit 3)', 3], ['signal', '0', 0]];
  for (const [name, last, status] of ends) {
    const server = new Running([script(`${name}.rfl`, `(set .soc.on.message (fn [h m] (println "got %" (at m 'payload)) ${last}))
      (set lh (.soc.listen "stays")) (println "ready")`)]);
    await server.see('out', /ready/);
    client(`(set h (.soc.dial "stays")) (.soc.send h 'x 7) (.soc.close h)`);
    await server.see('out', /got 7/);
    if (name === 'signal') server.process.kill('SIGTERM');
    assert.equal(await server.ended, status, name);
  }
  const swarm = new Running(['-e', `(do (.time.timer.set 10 1 (fn [t] (println "serves"))) (.swarm.listen "${folder}" {hash: "stays"}))`]);
  await swarm.see('out', /true\nserves/);
  swarm.process.kill('SIGTERM');
  assert.equal(await swarm.ended, 0);
});

test('who loses its connection hears of it', () => serving(`
  (set .soc.on.dead (fn [h why] (println "dead %" why))) (.soc.listen "four") (println "ready")`, async (server) => {
  client(`(.soc.send (.soc.dial 'four) 'x 1)`);
  await server.see('out', /dead the peer has closed/);
}));

test('errors of every entry', () => {
  const codes: [string, string][] = [
    [`(.soc.dial "nobody")`, 'io'], [`(.soc.dial "../x")`, 'domain'], [`(.soc.listen 5)`, 'type'], [`(.soc.listen "x" {nope: 1})`, 'value'],
    [`(.soc.dial "x" {spool: nobody-has-set-this})`, 'name'], [`(.broker.hello "/x" {service: nobody-has-set-this})`, 'name'], [`(.soc.listen "x" {uids: "a"})`, 'type'],
    [`(.soc.post 5 'x 1)`, 'io'], [`(.soc.send 5 'x 1)`, 'io'], [`(.soc.post 5 'x)`, 'arity'], [`(.soc.ack 5 "1")`, 'io'], [`(.soc.ack 5 1)`, 'type'], [`(.soc.ack 5 "\\377")`, 'domain'], [`(.soc.ack 5 "")`, 'domain'], [`(.soc.post 5 "\\377" 1)`, 'domain'], [`(.swarm.facts (table [id] (list ["\\377"])))`, 'domain'], [`(.soc.pending 5)`, 'io'],
    [`(.soc.flush 5)`, 'io'], [`(.swarm.facts 5)`, 'type'], [`(.swarm.facts (table [x] (list [1])))`, 'schema'], [`(.swarm.listen "/no/such/dir")`, 'io'], [`(set .soc.on.other 1)`, 'reserve'],
    [`(.soc.dial "x" {spool: "/no/such/dir/x"})`, 'io'],
  ];
  for (const [source, code] of codes) assert.match(rfl(['-e', source]).err, new RegExp(`error: ${code}`), source);
  for (const source of ['(.soc.close 5)', '(.swarm.close)']) assert.equal(rfl(['-e', source]).status, 0);
});

test('posting fails with `full`, sending waits for room', () => {
  const text = (entry: string): string => `(set h (.soc.dial "later" {spool: "${join(folder, `${entry}.spool`)}" capacity: 10}))
    (set f (fn [i] (.soc.post h 'x i))) (map f (til 10)) (println "%" (.soc.pending h)) (.soc.post h 'x 11)`;
  const { out, err } = client(text('full'));
  assert.match(out, /^10/);
  assert.match(err, /error: full/);
});

test('a lost message is told to the script with its reason', () => serving('(.soc.listen "five") (println "ready")', async (server) => {
  const sender = new Running(['-i', script('sender.rfl', `
    (set .soc.on.dropped (fn [h m why] (println "dropped % %" (at m 'payload) why)))
    (set h (.soc.dial "five"))
    (set .soc.on.dead (fn [h why] (.soc.post h 'x 7)))
    (println "ready")`)]);
  sender.process.stdin.end();
  await sender.see('out', /ready/);
  server.process.kill('SIGKILL');
  await sender.see('out', /dropped 7 nobody listens/);
  sender.process.kill('SIGKILL');
  await sender.ended;
}));

test('facts are a table, keyed by id, and sync both ways', () => serving(`
  (set .swarm.on.sync (fn [r] (println "sync % % %" (at r 'outcome) (at r 'peer) (at r 'imported))))
  (.swarm.facts (table [id content level] (list ["s1" "both"] ["of the server" "old"] [0 1])))
  (println "% ready" (.swarm.listen "${folder}" {id: "srv" hash: "h"}))`, async (server) => {
  const { out } = client(`(.swarm.facts (table [id content level] (list ["c1" "both"] ["of the client" "new"] [0 0])))
    (set r (.swarm.dial "${folder}" {id: "cli" hash: "h"}))
    (println "% % % %" (at r 'outcome) (at r 'peer) (at r 'sent) (at r 'imported))
    (println "% %" (count (.swarm.facts)) (at (.swarm.facts) 'content)) (println "% %" (at (.swarm.peers) 'id) (.swarm.listening?))
    (println "%" (at (.swarm.dial "${folder}" {hash: "other"}) 'outcome))`);
  assert.match(out, /^synced srv 2 1\n3 \["of the client" "new" "of the server"\]\n\["srv"\] false\nmismatch\n/);
  await server.see('out', /sync synced cli 2/);
  await server.see('out', /sync mismatch cli 0/);
}));
