/** Listeners, TLS and its start on open connections, as scripts ask for them, in both thread arrangements. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { connect } from '../src/engine/client.js';
import { authority, certificate, hasOpenssl } from './support/certificates.js';
import { ARRANGEMENTS, RawClient, frame, peerNode, startHost, text, until, type TestHost } from './support/engine.js';
import { RECORD } from './support/net-script.js';

const folder = mkdtempSync(join(tmpdir(), 'rfl-net-script-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

for (const arrangement of ARRANGEMENTS) {
  const securePort = arrangement === 'worker' ? 7431 : 7432;
  describe(`listeners and TLS of scripts, interpreter in the ${arrangement} thread`, { skip: hasOpenssl ? false : 'no openssl', timeout: 120_000 }, () => {
    let host: TestHost;
    let ca = '';
    let mine: { certFile: string; keyFile: string };
    let server: { certFile: string; keyFile: string };
    let variables = '';
    before(async () => {
      ca = authority('authority').certFile;
      mine = certificate('client', 'authority', 'DNS:client.example');
      server = certificate('server', 'authority');
      variables = `(do (set cert "${server.certFile}") (set key "${server.keyFile}") (set ca "${ca}") (set mine "${mine.certFile}") (set minekey "${mine.keyFile}") null)`;
      host = await startHost(arrangement);
      await host.evaluate(RECORD);
      await host.evaluate(variables);
    });
    after(() => host.stop(500));

    /** Listens, and answers the port it got. */
    const listen = async (options: string): Promise<number> => {
      assert.match(await host.evaluate(`(set id (.net.listen "127.0.0.1:0" ${options}))`), /^\d+$/);
      return Number(/listening on port (\d+)/.exec(host.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1]);
    };

    test('plain and TLS listeners side by side, from a script', async () => {
      const [plain, secure] = [await listen('{}'), await listen('{tls: {cert: cert key: key}}')];
      for (const client of [await connect(`127.0.0.1:${plain}`), await connect(`tls://127.0.0.1:${secure}`, { tls: { ca } })]) {
        assert.equal(await client.send('(+ 1 2)'), 3);
        client.close();
      }
      await until(() => host.connections().length === 0, 'their end');
    });

    test('what is wrong with the options of a listener is named', async () => {
      for (const [call, code, message] of [
        ['"127.0.0.1:0" {colour: 1}', 'value', /no option colour; there are tls/], ['"127.0.0.1:0" {tls: {cert: cert}}', 'value', /no option tls\.key/],
        ['"127.0.0.1:0" {tls: {cert: 7 key: key}}', 'type', /tls\.cert must be a str/], ['"127.0.0.1:0" {restricted: 1}', 'type', /restricted must be a b8/],
        ['"127.0.0.1:0" {credentials: {uid: "x"}}', 'type', /credentials\.uid must be integers/], ['"127.0.0.1:0" {credentials: {who: 1}}', 'value', /no option credentials\.who/],
        ['"127.0.0.1:0" {idle: no-such-name}', 'name', /no-such-name/], ['"nowhere"', 'domain', /no port to listen on/], ['7.5', 'type', /expects an address/],
        ['"127.0.0.1:0" {tls: {cert: "/nowhere" key: key}}', 'io', /cert: ENOENT/], ['"127.0.0.1:0" 7', 'type', /options must be a dict/],
      ] as const) {
        const answer = await host.evaluate(`(.net.listen ${call})`);
        assert.match(answer, new RegExp(`error ${code}`), `${call}: ${answer}`);
        assert.match(answer, message, call);
      }
    });

    test('sessions of a restricted listener are restricted', async () => {
      const client = await connect(`127.0.0.1:${await listen('{restricted: true}')}`);
      await assert.rejects(client.send('(set x 1)'), { code: 'access' });
      assert.equal(await client.send('(+ 1 2)'), 3);
      client.close();
    });

    test('with authorities the certificate is the user, and .ipc.on.auth sees it', async () => {
      const port = await listen('{tls: {cert: cert key: key ca: ca}}');
      await host.evaluate('(do (set asked (list)) (set .ipc.on.auth (fn [u p] (do (set asked (concat asked (list (list u p)))) (!= u welcome)))) (set welcome ""))');
      const dial = (): ReturnType<typeof connect> => connect(`tls://127.0.0.1:${port}`, { tls: { ca, cert: mine.certFile, key: mine.keyFile } });
      const client = await dial();
      assert.equal(await client.send('1'), 1);
      assert.match(await host.evaluate("(at (.net.conns) 'user)"), /client/);
      assert.match(await host.evaluate('asked'), /"client" ""/);
      client.close();
      await host.evaluate('(set welcome "client")');
      await assert.rejects(dial(), { code: 'access' });
      await host.evaluate('(set .ipc.on.auth 0)');
    });

    test('credentials that are sent name the user, whatever the certificate says; .ipc.on.auth sees them over TLS', async () => {
      const guarded = await startHost(arrangement, { users: [{ name: 'bob', secret: 'secret', restricted: false }] });
      await guarded.evaluate(variables);
      await guarded.evaluate('(do (set asked (list)) (set .ipc.on.auth (fn [u p] (do (set asked (concat asked (list (list u p)))) true))))');
      assert.match(await guarded.evaluate('(.net.listen "127.0.0.1:0" {tls: {cert: cert key: key ca: ca}})'), /^\d+$/);
      const port = /listening on port (\d+)/.exec(guarded.logs.filter(({ event }) => event === 'listening').at(-1)!.message)![1];
      const tls = { ca, cert: mine.certFile, key: mine.keyFile };
      const client = await connect(`tls://bob:secret@127.0.0.1:${port}`, { tls });
      assert.equal(await client.send('1'), 1);
      assert.match(await guarded.evaluate("(at (.net.conns) 'user)"), /bob/);
      assert.match(await guarded.evaluate('asked'), /"bob" "secret"/);
      await assert.rejects(connect(`tls://127.0.0.1:${port}`, { tls }), { code: 'access' }, 'a certificate is no password');
      client.close();
      await guarded.stop(500);
    });

    test('hooks are called alike over TCP, TLS and Unix sockets, and every way of writing an address works', async () => {
      const path = join(folder, `${arrangement}-alike.sock`);
      const { port, stop } = await peerNode(`(do ${variables} (set seen (list)) (set say (fn [w] (set seen (concat seen w))))
        (set .ipc.on.open (fn [h] (say 'open))) (set .ipc.on.close (fn [h] (say 'close))) (set .ipc.on.async (fn [m] (say 'async)))
        (set .ipc.on.sync (fn [m] (do (say 'sync) (if (== m "seen") seen (if (== m "forget") (set seen (list)) 7))))) (.net.listen "unix://${path}")
        (.net.listen "tls://127.0.0.1:${securePort}" {tls: {cert: cert key: key}}))`);
      await host.evaluate(`(set here "unix://${path}")`);
      const ways = [
        `"127.0.0.1:${port}"`, `"tcp://127.0.0.1:${port}"`, `"unix://${path}"`, '{address: here}',
        `{address: "tls://127.0.0.1:${securePort}" tls: {ca: ca}}`, `{address: "127.0.0.1:${securePort}" tls: {ca: ca}}`,
      ];
      for (const way of ways) {
        assert.match(await host.evaluate(`(set h (.ipc.open ${way}))`), /^\d+$/, way);
        await host.evaluate('(do (.ipc.send h "forget") (.ipc.post h "x"))');
        assert.equal(await host.evaluate('(.ipc.send h "1")'), '7');
        await host.evaluate('(.ipc.close h)');
        await host.evaluate(`(set h (.ipc.open ${way}))`);
        await until(async () => /close/.test(await host.evaluate('(.ipc.send h "seen")')), `the close over ${way}`);
        const seen = await host.evaluate('(.ipc.send h "seen")');
        assert.match(seen.replaceAll("'", ''), /async sync (open close|close open)/, `${way}: ${seen}`);
        await host.evaluate('(.ipc.close h)');
      }
      await stop();
    });

    test('what TLS has agreed on is told', async () => {
      const port = await listen('{tls: {cert: cert key: key ca: ca alpn: ["rfl" "other"]}}');
      const client = await connect(`tls://127.0.0.1:${port}`, { tls: { ca, cert: mine.certFile, key: mine.keyFile, alpn: ['other'] } });
      await until(async () => (await host.evaluate("(count (at (.net.conns) 'handle))")) === '1', 'the client');
      await host.evaluate('(set agreed (.net.tls peer))');
      assert.equal(await host.evaluate("(at agreed 'version)"), 'TLSv1.3');
      assert.match(await host.evaluate("(at agreed 'cipher)"), /TLS_/);
      assert.equal(await host.evaluate("(at agreed 'alpn)"), '"other"');
      assert.equal(await host.evaluate("(at agreed 'subject)"), '"client"');
      assert.match(await host.evaluate("(at agreed 'fingerprint)"), /^"([0-9A-F]{2}:){31}[0-9A-F]{2}"$/);
      assert.equal(await host.evaluate("(at agreed 'subject-name)"), '"CN=client"');
      assert.equal(await host.evaluate("(list (at agreed 'issuer) (at agreed 'issuer-name))"), '("authority" "CN=authority")');
      assert.equal(await host.evaluate("(at agreed 'names)"), '"DNS:client.example"');
      assert.match(await host.evaluate("(at agreed 'serial)"), /^"[0-9A-F]{2,40}"$/);
      assert.equal(await host.evaluate("(- (as 'date (at agreed 'expires)) (as 'date (at agreed 'begins)))"), '30');
      client.close();
      await until(async () => (await host.evaluate("(count (at (.net.conns) 'handle))")) === '0', 'its end');
      const plain = await RawClient.open(host.port);
      await until(async () => (await host.evaluate('(.net.tls peer)')) === '', 'the plain one');
      plain.close();
      assert.match(await host.evaluate('(.net.tls 900)'), /^error io/);
    });

    test('a script that has connected is told as much of the server', async () => {
      const { port, stop } = await peerNode(`(do ${variables} (.net.listen "tls://127.0.0.1:${securePort}" {tls: {cert: cert key: key}}))`);
      for (const where of [`tls://127.0.0.1:${securePort}`, `tls://localhost:${securePort}`]) {
        assert.match(await host.evaluate(`(set h (.ipc.open {address: "${where}" tls: {ca: ca}}))`), /^\d+$/);
        await host.evaluate('(set agreed (.net.tls h))');
        assert.equal(await host.evaluate("(at agreed 'servername)"), where.includes('localhost') ? '"localhost"' : '', 'an address is no name to ask for');
        assert.equal(await host.evaluate("(at agreed 'subject-name)"), '"CN=server"');
        assert.match(await host.evaluate("(at agreed 'names)"), /DNS:localhost, IP Address:127\.0\.0\.1/);
        assert.equal(await host.evaluate("(< (at agreed 'begins) (at agreed 'expires))"), 'true');
        await host.evaluate('(.ipc.close h)');
      }
      assert.ok(port > 0);
      await stop();
    });

    test('a certificate without a common name does not come in past .ipc.on.auth', async () => {
      const nameless = certificate('unit', 'authority', 'DNS:client.example', 30, '/O=Example/OU=Unit');
      const port = await listen('{tls: {cert: cert key: key ca: ca}}');
      await host.evaluate('(do (set asked (list)) (set .ipc.on.auth (fn [u p] (do (set asked (concat asked (list (list u p)))) false))))');
      await assert.rejects(connect(`tls://127.0.0.1:${port}`, { tls: { ca, cert: nameless.certFile, key: nameless.keyFile } }), { code: 'access' });
      assert.match(await host.evaluate('asked'), /"O=Example, OU=Unit" ""/);
      await host.evaluate('(set .ipc.on.auth 0)');
    });

    test('a server that refuses a certificate after the handshake is told as what it does', async () => {
      const { stop } = await peerNode(`(do ${variables} (.net.listen "tls://127.0.0.1:${securePort}" {tls: {cert: cert key: key ca: ca}}))`);
      await host.evaluate('(do (set codes (list)) (set .net.on.connect-failed (fn [h a c] (set codes (concat codes c)))))');
      assert.match(await host.evaluate(`(.ipc.open {address: "tls://127.0.0.1:${securePort}" tls: {ca: ca}})`), /^error io.*TLS failed \(peer-wants-certificate\): 127\.0\.0\.1:/);
      await until(async () => /peer-wants-certificate/.test(await host.evaluate('codes')), 'its code');
      await host.evaluate('(set .net.on.connect-failed 0)');
      await stop();
    });

    test('what no session can be made of is an error that names it, and ends nobody', async () => {
      for (const [options, message] of [
        ['alpn: [""]', /tls\.alpn must not be empty/], ['alpn: []', /alpn: a protocol has/], ['ca: key', /ca: no certificate in PEM/], ['cert: mine', /cert and key go together/],
        ['cert: mine key: key', /key: it does not belong to the certificate/], ['crl: cert ca: ca', /crl: no list of what was revoked in PEM, or a broken one, '[^']+'/],
      ] as const) {
        const answer = await host.evaluate(`(.ipc.open {address: "tls://127.0.0.1:1" tls: {${options}}})`);
        assert.match(answer, message, options);
      }
      const answer = await host.evaluate('(.net.listen "127.0.0.1:0" {tls: {cert: cert key: key alpn: [""]}})');
      assert.match(answer, /^error domain.*tls\.alpn must not be empty/);
    });

    test('TLS starts on an open connection, asked for by a script at either end', async () => {
      const { port, stop } = await peerNode(`(do ${variables} (set upgrade (fn [] (do (.net.start-tls (.ipc.handle) {cert: cert key: key}) 'go))))`);
      await host.evaluate(`(set h (.ipc.open "127.0.0.1:${port}"))`);
      assert.equal(await host.evaluate('(.net.tls h)'), '');
      assert.equal(await host.evaluate('(.ipc.send h "(upgrade)")'), 'go');
      assert.equal(await host.evaluate('(.net.start-tls h {ca: ca servername: "localhost"})'), '');
      assert.equal(await host.evaluate("(at (.net.tls h) 'version)"), 'TLSv1.3');
      assert.equal(await host.evaluate('(.ipc.send h "(+ 1 2)")'), '3', 'the session goes on');
      assert.match(await host.evaluate('(.net.start-tls h {ca: ca servername: "localhost"})'), /^error state/, 'once');
      await host.evaluate('(.ipc.close h)');
      await host.evaluate(`(set h (.ipc.open "127.0.0.1:${port}"))`);
      await host.evaluate('(.ipc.send h "(upgrade)")');
      assert.match(await host.evaluate('(.net.start-tls h {ca: ca servername: "elsewhere.example"})'), /^error io.*certificate-wrong-host/);
      assert.match(await host.evaluate('(do (.ipc.send h "1"))'), /^error io/, 'nothing goes on in plaintext');
      assert.match(await host.evaluate('(.net.start-tls h {colour: 1})'), /^error/);
      await stop();
    });

    test('TLS does not start while plaintext waits', async () => {
      await host.evaluate("(set upgrade (fn [] (do (.net.start-tls (.ipc.handle) {cert: cert key: key}) 'go)))");
      const both = await RawClient.open(host.port);
      both.write(Buffer.concat([frame(text('(upgrade)')), frame(text('"slipped in"'))]));
      assert.equal((await both.reply())[0], 0x7f, 'refused where the script asks');
      assert.equal((await both.reply())[0], 0xf3, 'and it goes on as it was');
      both.close();
      const part = await RawClient.open(host.port);
      part.write(Buffer.concat([frame(text('(upgrade)')), frame(text('"slipped in"')).subarray(0, 20)]));
      await part.closed();
      await until(() => host.logs.some(({ message }) => /TLS not started/.test(message)), 'the reason in the log');
    });

    test('a listener on a path knows who connects, and lets in whom its lists name', async () => {
      const path = join(folder, `${arrangement}.sock`);
      assert.match(await host.evaluate(`(.net.listen "unix://${path}")`), /^\d+$/);
      const client = await connect(`unix://${path}`);
      assert.equal(await client.send('1'), 1);
      assert.equal(await host.evaluate("(sum (at (.net.conns) 'uid))"), String(process.getuid!()));
      client.close();
      const closed = join(folder, `${arrangement}-closed.sock`);
      assert.match(await host.evaluate(`(.net.listen "unix://${closed}" {credentials: {uid: [4000000] policy: 'require}})`), /^\d+$/);
      await assert.rejects(connect(`unix://${closed}`), { code: 'io' });
    });
  });
}
