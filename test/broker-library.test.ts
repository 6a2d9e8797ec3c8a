/** The broker as another program uses it: by what the library exports, as docs/broker.md shows. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import {
  AckRegistry, Adoption, answerWire, BackendTable, BodyReader, BrokerServer, brokerConnect, brokerHello, Connection, decodeBody, DefinedServices, definitionsIn, EndpointMux, findSidecar, FrameSession,
  Handoffs, Listener, OpenRequests, ownIdentity, probe, ProbeResponder, REFUSALS, SessionTokens, TokenStore, verify, writeDefinition, writeSidecar,
  type BrokerLink, type ConnectionHandler, type Transport,
} from '../src/index.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'rflp-'));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
let names = 0;
const fresh = (): string => join(FOLDER, `${++names}.sock`);

const echo: ConnectionHandler & { onStartFailure(): void } = { onReceived: (c, data) => void c.send(data), onStartFailure: () => {} };

/** A backend that sends back what it gets, at a path of its own. */
function backend(): Promise<{ path: string; close(): void }> {
  const path = fresh();
  return new Promise((resolve, reject) => {
    const listener = Listener.open({ kind: 'unix', path }, {
      onListening: () => resolve({ path, close: () => listener.close() }),
      onListenFailure: (_, { message }) => reject(new Error(message)),
      onAccept: (_, transport) => Connection.server(transport, echo),
    });
  });
}
async function echoed(link: BrokerLink): Promise<string> {
  return new Promise((resolve) => {
    const stream = link.attach({
      data: (chunk) => {
        stream.destroy();
        resolve(Buffer.from(chunk).toString());
      },
      end: () => resolve('ended'), closed: () => resolve('closed'),
    });
    stream.write(Buffer.from('hello'));
  });
}
const SERVICE = { serviceName: 'cache', version: '1.4.0', capabilities: 0n, minVersion: '1.2.0', allowList: [] };
const HELLO = { serviceName: 'cache', wantedVersion: '1.4.0' };

test('a broker, a backend and a client: led there, and handed over where that can be', async () => {
  const { path: pipe, close } = await backend();
  const table = new BackendTable();
  const handoff = `${pipe}.handoff`;
  table.register({ ...SERVICE, pipe, ...(Handoffs.possible && { handoff }) }, false);
  const broker = await BrokerServer.open({ path: fresh(), directory: table, handoff: Handoffs.possible ? new AckRegistry(new TokenStore(randomBytes)) : null });
  const adoption = Handoffs.possible
    ? await Adoption.open({ path: handoff, tokens: new TokenStore(randomBytes), take: ({ transport }) => void Connection.server(transport, echo) })
    : null;
  for (const adopt of [false, true]) {
    const link = await brokerConnect({ broker: broker.path, hello: HELLO, adopt });
    assert.ok('route' in link);
    assert.equal(link.route, adopt && Handoffs.possible ? 'HandlePassed' : 'BrokerNegotiated');
    assert.equal(await echoed(link), 'hello');
  }
  adoption?.close();
  close();
  await broker.shutdown();
});

test('definitions, session tokens and a word of one\'s own decide', async () => {
  const services = join(FOLDER, 'services');
  writeDefinition(services, { service: 'cache', binary: '/bin/true', min_version: '1.4.0' });
  const table = new BackendTable();
  table.register({ ...SERVICE, pipe: '/cache.sock' }, false);
  const sessions = new SessionTokens(randomBytes);
  const authToken = sessions.register('cache');
  const broker = await BrokerServer.open({
    path: fresh(), directory: new DefinedServices(definitionsIn(services), table), sessions,
    narrow: ({ clientVersion }) => (clientVersion === 'odd' ? Promise.resolve({ ...REFUSALS.narrowed, reason: 'an odd one' }) : null),
  });
  const reason = async (more: object): Promise<string> => {
    const answer = await brokerHello(broker.path, { ...HELLO, authToken, ...more });
    return 'negotiated' in answer ? answer.negotiated.backendPipe : answer.fault.kind === 'Refused' ? answer.fault.refused.reason : answer.fault.kind;
  };
  assert.equal(await reason({}), '/cache.sock');
  assert.equal(await reason({ wantedVersion: '1.3.0' }), 'wanted_version is below min_version');
  assert.equal(await reason({ authToken: new Uint8Array(0) }), 'session token malformed: wrong byte length');
  assert.equal(await reason({ clientVersion: 'odd' }), 'an odd one');
  await broker.shutdown();
});

test('an endpoint answers frames on a lane of its own and probes, and is what its sidecar says', async () => {
  const path = fresh();
  const { identity, exeSha256 } = await ownIdentity({ namespaceId: '', path });
  const mux = new EndpointMux({ probes: new ProbeResponder(identity, exeSha256), served: [0x7a63] });
  const serve = (transport: Transport): Connection => {
    const session = new FrameSession(mux);
    return Connection.server(transport, {
      onStartFailure: () => {},
      onReceived: (c, data) => {
        session.receive(data);
        for (let e = session.next(); e !== null; e = session.next()) {
          if (e.event === 'reply') c.send(e.wire);
          else if (e.event === 'message' && e.message.message === 'request') c.send(answerWire(e.message.frame, Buffer.from('pong')));
        }
      },
    });
  };
  const listener = await new Promise<Listener>((resolve, reject) => void Listener.open({ kind: 'unix', path }, { onListening: resolve, onListenFailure: (_, { message }) => reject(new Error(message)), onAccept: (_, transport) => serve(transport) }));
  writeSidecar(`${path}.json`, { identity, legacyExeSha256: exeSha256 });
  const expected = findSidecar(`${path}.json`)!.identity;
  assert.equal(await verify({ namespaceId: '', path }, expected), null);
  assert.deepEqual(await verify({ namespaceId: '', path }, { ...expected, pid: 0 }), { kind: 'VerifyPid', reason: 'InvalidPid' });
  const found = await probe(path);
  assert.ok('pid' in found && found.pid === process.pid);
  assert.equal(findSidecar(`${path}.none`), null);
  const requests = new OpenRequests<string>();
  const reader = new BodyReader();
  const answered = await new Promise((resolve, reject) => {
    const { wire } = requests.ask(0x7a63, Buffer.from('ping'), 'mine');
    Connection.client({ target: { kind: 'unix', path } }, {
      onConnected: (c) => void c.send(wire),
      onConnectionFailure: (_, { message }) => reject(new Error(message)),
      onReceived: (c, data) => {
        reader.push(data);
        const frame = decodeBody(reader.next()!);
        c.close();
        resolve([requests.settle(frame), Buffer.from(frame.payload).toString()]);
      },
    });
  });
  assert.deepEqual(answered, [{ context: 'mine' }, 'pong']);
  listener.close();
});
