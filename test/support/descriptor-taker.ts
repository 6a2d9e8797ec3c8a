/** Run as a process of its own: takes the connection that is passed over the path it is given, and answers on it. */
import { takeConnection } from '../../src/net/descriptor-passing.js';
import { Connection } from '../../src/net/endpoint.js';
import { Listener } from '../../src/net/stream-listener.js';

const handler = { onStartFailure: () => {} };
Listener.open({ kind: 'unix', path: process.argv[2] }, {
  onListening: () => process.stdout.write('ready\n'),
  onListenFailure: (_, { message }) => process.stdout.write(`${message}\n`),
  onAccept: (_, accepted) => Connection.server(accepted, {
    ...handler,
    onStarted: (c) => {
      c.mute();
      void takeConnection(c, 16, 5000).then((taken) => {
        if (taken.kind === 'refused') throw new Error(taken.code);
        Connection.server(taken.transport, { ...handler, onReceived: (peer, data) => void peer.send(Buffer.from(`process ${process.pid} has read: ${Buffer.from(data).toString()}`)) });
      });
    },
  }),
});
