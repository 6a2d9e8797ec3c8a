/** The table of connections says what is true, for every transport; addresses in all their forms, where they are taken. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { ARRANGEMENTS, RawClient, peerNode, startHost, text, until, type TestHost } from './support/engine.js';
import { RECORD, logged } from './support/net-script.js';
import { freePort } from './support/programs-as-peers.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-conns-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const hasIPv6 = Object.values(networkInterfaces()).flat().some((i) => i?.family === 'IPv6');

for (const arrangement of ARRANGEMENTS) {
  describe(`connections as a table, interpreter in the ${arrangement} thread`, { timeout: 120_000 }, () => {
    let host: TestHost;
    before(async () => {
      host = await startHost(arrangement);
      await host.evaluate(RECORD);
    });
    after(() => host.stop(500));
    const path = join(folder, `${arrangement}.sock`);
    /** One row, by the name of its column. */
    const row = async (handle: string): Promise<(column: string) => Promise<string>> => {
      await host.evaluate(`(set row (find (at (.net.conns) 'handle) ${handle}))`);
      return (column) => host.evaluate(`(at (at (.net.conns) '${column}) row)`);
    };
    const listening = (): string => /port (\d+)/.exec(host.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1];
    const gone = (): Promise<void> => until(() => host.connections().length === 0, 'their end');

    test('bytes are counted inside of TLS as they are without', { skip: hasOpenssl ? false : 'no openssl' }, async () => {
      const [ca, server] = [authority('authority').certFile, certificate('server', 'authority')];
      await host.evaluate(`(.net.listen "127.0.0.1:0" {tls: {cert: "${server.certFile}" key: "${server.keyFile}"}})`);
      const figures: string[][] = [];
      for (const [address, tls] of [[`127.0.0.1:${host.port}`, undefined], [`tls://127.0.0.1:${listening()}`, { ca }]] as const) {
        const client = await connect(address, { tls });
        await client.send('(til 1000)');
        const of = await row('peer');
        figures.push([await of('in'), await of('out'), await of('pending')]);
        assert.equal(await of('tls'), tls === undefined ? "'" : 'TLSv1.3');
        client.close();
        await gone();
      }
      assert.deepEqual(figures[0], figures[1]);
      // The handshake, and one frame each way.
      assert.equal(Number(figures[0][0]), 2 + 16 + text('(til 1000)').length);
      assert.equal(figures[0][2], '0');
    });

    test('what the kernel has not taken is pending, and the state says so', async () => {
      const client = await RawClient.open(host.port);
      await logged(host, 'open');
      client.socket.pause();
      await host.evaluate('(.net.send peer (til 2000000))');
      await logged(host, 'throttled');
      const of = await row('peer');
      assert.equal(await of('state'), 'throttled');
      const [pending, out] = [Number(await of('pending')), Number(await of('out'))];
      assert.ok(pending > 0 && pending < out, `${pending} of ${out}`);
      client.socket.resume();
      await logged(host, 'unthrottled');
      assert.equal(await of('pending'), '0');
      assert.equal(await of('state'), 'open');
      assert.equal(Number(await of('out')), out, 'accepted, whether it had left or not');
      client.close();
      await gone();
    });

    test('a Unix socket is told by its path, from either end, and when each was opened', async () => {
      const peer = await peerNode(`(.net.listen "unix://${path}")`);
      const before = Date.now();
      await host.evaluate(`(set h (.ipc.open "unix://ann:pw@${path}"))`);
      const of = await row('h');
      assert.equal(await of('address'), `"unix://${path}"`);
      assert.equal(await of('direction'), 'out');
      const opened = Date.parse((await of('opened')).replace(/^(\d+)\.(\d+)\.(\d+)D(.{12}).*$/, '$1-$2-$3T$4Z'));
      assert.ok(opened >= before - 1 && opened <= Date.now(), String(opened));
      assert.equal(await host.evaluate(`(.ipc.send h "(first (at (.net.conns) 'address))")`), `"unix://${path}"`);
      assert.equal(await host.evaluate(`(.ipc.send h "(first (at (.net.conns) 'uid))")`), String(process.getuid!()));
      await host.evaluate('(.ipc.close h)');
      await peer.stop();
      await gone();
    });

    test('pipes stand there too', async () => {
      const name = `conns-${arrangement}-${process.pid}`;
      await host.evaluate(`(do (.soc.listen "${name}" {uids: [${process.getuid!()}]}) (set s (.soc.dial "${name}")) (.soc.send s 'x 1))`);
      await until(async () => (await host.evaluate("(count (at (.net.conns) 'handle))")) === '2', 'both ends');
      for (const [column, wanted] of [['protocol', /^\[soc soc\]$/], ['state', /^\[open open\]$/], ['direction', /^\[(out in|in out)\]$/], ['address', /^\["unix:\/\/\/.*\.sock"/], ['uid', new RegExp(`\\b${process.getuid!()}\\b`)]] as const) {
        assert.match(await host.evaluate(`(at (.net.conns) '${column})`), wanted);
      }
      await until(async () => (await host.evaluate("(== (max (at (.net.conns) 'in)) (max (at (.net.conns) 'out)))")) === 'true', 'what one has sent the other has got');
      assert.match(await host.evaluate("(at (.net.conns) 'opened)"), /^\[20/);
      for (const call of ['(.net.tls s)', '(.net.mute s)', '(.net.unmute s)', '(.net.send s 1)', '(.net.start-tls s {})']) assert.match(await host.evaluate(call), /^error io.*a pipe: it is sent to by \.soc/, call);
      await host.evaluate('(.soc.close s)');
      await gone();
    });

    test('whom nobody listens for is told of for pipes as for all others, by the address it is dialed by', async () => {
      await host.evaluate(RECORD);
      await host.evaluate('(set .net.on.connect-failed (fn [h where code] (set log (concat log (list (list h where code))))))');
      const port = await freePort();
      for (const [open, where, code] of [
        [`(.ipc.open "127.0.0.1:${port}" 500)`, `"127.0.0.1:${port}"`, 'ECONNREFUSED'], [`(.ipc.open "tls://127.0.0.1:${port}" 500)`, `"tls://127.0.0.1:${port}"`, 'ECONNREFUSED'],
        [`(.ipc.open "unix://bob:secret@${folder}/none" 500)`, `"unix://${folder}/none"`, 'ENOENT'], [`(.ipc.open "frame+unix://${folder}/none" 500)`, `"frame+unix://${folder}/none"`, 'ENOENT'],
        [`(.soc.dial "nobody-${process.pid}")`, `sentinel-soc/nobody-${process.pid}.sock"`, 'ENOENT'],
      ]) {
        assert.match(await host.evaluate(open), /^error io/, open);
        await until(async () => (await host.evaluate('(count log)')) === '1', open);
        assert.match(await host.evaluate('(first log)'), new RegExp(`^\\(-1 ("unix:///[^"]*)?${where.replaceAll(/[.+]/g, '\\$&')} ${code}\\)$`));
        await host.evaluate('(set log (list))');
      }
      await host.evaluate(RECORD);
    });

    test('version 6 of IP, in brackets, wherever an address is taken', { skip: hasIPv6 ? false : 'no IPv6' }, async () => {
      const peer = await peerNode('(do (.net.listen "[::1]:0") (set where (.net.listen "tcp://[::1]:0")) null)');
      await peer.stop();
      const port = await freePort();
      const there = await peerNode(`(do (.net.listen "[::1]:${port}") null)`);
      for (const way of [`"[::1]:${port}"`, `"tcp://[::1]:${port}"`, `"[::1]:${port}:bob:secret"`, `"tcp://bob:secret@[::1]:${port}"`, `{address: "[::1]:${port}"}`]) {
        assert.equal(await host.evaluate(`(do (set h (.ipc.open ${way})) (.ipc.send h "(+ 1 2)"))`), '3', way);
        const of = await row('h');
        assert.equal(await of('address'), `"[::1]:${port}"`);
        await host.evaluate('(.ipc.close h)');
      }
      await there.stop();
      await gone();
    });

    test('users and passwords are taken as they are written, with colons, at signs and percent signs', async () => {
      const guarded = await startHost('worker', { users: [{ name: 'b@b', secret: 'p@ss:w%40rd/x', restricted: false }] });
      const peer = guarded.port;
      if (arrangement === 'worker') assert.equal(await host.evaluate(`(.ipc.send (.ipc.open "tcp://b@b:p@ss:w%40rd/x@127.0.0.1:${peer}") "(+ 1 2)")`), '3');
      const client = await connect(`tcp://b@b:p@ss:w%40rd/x@127.0.0.1:${peer}`);
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
      await guarded.stop(500);
      await gone();
    });

    test('what no address is is said without what it says of who connects', async () => {
      for (const address of ['bob:secret@127.0.0.1:0', 'tcp://bob:secret@127.0.0.1:0', 'tls://bob:secret@127.0.0.1:0']) {
        const answer = await host.evaluate(`(.net.listen "${address}")`);
        assert.match(answer, /^error domain.*a listener has no user and no password/);
        assert.doesNotMatch(answer, /secret/);
      }
      assert.match(await host.evaluate('(.net.listen 0i)'), /^\d+$/, 'a port of either width');
    });

    test('options: what would leave a door open, what is given twice, and what is out of range', async () => {
      for (const [options, code, message] of [
        ['{tls: {cert: "a" key: "b" require-client: true}}', 'value', /no option tls\.ca, which tls\.require-client needs/],
        ['{idle: 1 idle: 2}', 'value', /option idle is given twice/], ['{tls: {cert: "a" key: "b" cert: "c"}}', 'value', /option tls\.cert is given twice/],
        ['{idle: -1}', 'domain', /idle must not be negative, got -1/], ['{idle: "x"}', 'type', /idle must be a count, got str/], ['{restricted: 1}', 'type', /restricted must be a b8, got i64/],
      ] as const) {
        const answer = await host.evaluate(`(.net.listen "127.0.0.1:0" ${options})`);
        assert.match(answer, new RegExp(`^error ${code}`), options);
        assert.match(answer, message);
      }
    });

    test('the other names of the namespace stay what they are', async () => {
      for (const name of ['.net.foo', '.net.on.foo', '.net.on', '.net.send', '.net', '.net.on.sent.more', '.net.on.Sent']) {
        for (const how of ['set', ':', 'let']) assert.match(await host.evaluate(`(${how} ${name} 1)`), /^error reserve/, `${how} ${name}`);
        assert.match(await host.evaluate(`((fn [x] (let ${name} x)) 1)`), /^error reserve/, name);
      }
    });
  });
}
