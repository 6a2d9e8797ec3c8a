/** Run as a process of its own: listens on each path it is given, a line each, says how that went, and ends when its input does. */
import { createInterface } from 'node:readline';
import { Listener } from '../../src/net/stream-listener.js';

process.stdout.write('ready\n');
createInterface({ input: process.stdin })
  .on('line', (path) => {
    Listener.open({ kind: 'unix', path }, {
      onListening: () => process.stdout.write('won\n'),
      onListenFailure: (_, { code }) => process.stdout.write(`${code}\n`),
      onAccept: () => null,
    }, { log: () => {} });
  })
  .on('close', () => process.exit(0));
