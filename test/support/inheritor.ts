/** Run as a process of its own: serves one connection on the listening socket it was started with. */
import { Connection } from '../../src/net/endpoint.js';
import { inheritedDescriptors, Listener } from '../../src/net/stream-listener.js';

const [{ fd, name }] = inheritedDescriptors();
Listener.open({ kind: 'fd', fd }, {
  onListening: () => process.stdout.write(`listening on ${name}\n`),
  onListenFailure: (_, failure) => process.stdout.write(`${failure.message}\n`),
  onAccept: (listener, accepted) => Connection.server(accepted, {
    onStartFailure: () => {},
    onReceived: (c, data) => {
      c.send(data);
      c.close();
      listener.close();
    },
  }),
});
