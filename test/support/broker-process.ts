/**
 * A process to be killed. Arguments: a role and what it needs; says a line on standard output when it has come where it is to die.
 * `broker PATH PIPE HANDOFF`, `backend PIPE HANDOFF`, `client PATH`; `asker PATH SERVICE VERSION` only asks, and says what it is answered.
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { Adoption } from '../../src/engine/broker/adoption.js';
import { BrokerServer } from '../../src/engine/broker/server.js';
import { helloFrame } from '../../src/wire/broker/client.js';
import { BackendTable } from '../../src/wire/broker/directories.js';
import { frameWire, tryDecode } from '../../src/wire/broker/frame.js';
import { AckRegistry, TokenStore } from '../../src/wire/broker/handoff-tokens.js';
import { decodeHelloReply } from '../../src/wire/broker/messages.generated.js';
import { CAP_HANDLE_PASSING } from '../../src/wire/broker/protocols.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ROLES: Record<string, (...args: string[]) => unknown> = {
  async broker(path, pipe, handoff) {
    const directory = new BackendTable();
    directory.register({ serviceName: 'mortal', version: '1.0.0', pipe, handoff, capabilities: 0n, minVersion: '', allowList: [] });
    await BrokerServer.open({ path, directory, handoff: new AckRegistry(new TokenStore(randomBytes)) });
    say('ready');
  },
  async backend(pipe, handoff) {
    await Adoption.open({
      path: handoff, tokens: new TokenStore(randomBytes), take: () => {},
      narrow: () => {
        say('offered');
        return new Promise(() => {});
      },
    });
    createServer().listen(pipe, () => say('ready'));
  },
  client(path) {
    const socket = connect(path, () => socket.write(frameWire(helloFrame({ serviceName: 'mortal', wantedVersion: '1.0.0', clientCapabilities: CAP_HANDLE_PASSING }))));
    socket.once('data', () => say('answered'));
  },
  asker(path, serviceName, wantedVersion) {
    const socket = connect(path, () => socket.write(frameWire(helloFrame({ serviceName, wantedVersion, peerPid: process.pid }))));
    socket.once('data', (wire) => {
      const { negotiated, refused } = decodeHelloReply(tryDecode(wire)!.frame.payload);
      say(refused?.reason ?? `connection ${negotiated!.connectionId}`);
    });
  },
};

const [role, ...args] = process.argv.slice(2);
await ROLES[role](...args);
