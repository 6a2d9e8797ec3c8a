/** Run as a process of its own: connects to the port it is given, reads one chunk, then nothing more, and says how much it got. */
import { connect } from 'node:net';

const socket = connect(Number(process.argv[2]), '127.0.0.1');
socket.once('data', (chunk) => {
  socket.pause();
  process.stdout.write(`${chunk.length}\n`);
});
setTimeout(() => process.exit(1), 60_000);
