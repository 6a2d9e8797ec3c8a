/** Run as a process of its own, with few descriptors: echoes on a port of its own and says what happens. */
import { Connection } from '../../src/net/endpoint.js';
import { Listener } from '../../src/net/stream-listener.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
Listener.open({ kind: 'tcp', host: '127.0.0.1', port: 0 }, {
  onListening: (listener) => say(`port ${listener.port}`),
  onListenFailure: (_, failure) => say(failure.message),
  onAccept: (listener, accepted) => {
    say(`open ${listener.connections}`);
    return Connection.server(accepted, { onStartFailure: () => {}, onClosed: () => say('closed'), onReceived: (c, data) => void c.send(data) });
  },
}, { log: ({ event }) => say(event) });
process.stdin.on('end', () => process.exit()).resume();
