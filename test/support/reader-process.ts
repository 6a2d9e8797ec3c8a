/**
 * Run as a process of its own: connects over the medium and to the place it is given, reads one chunk and says so, then nothing more
 * until it is told to on its input; at the end it says how much it got altogether.
 */
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

const [medium, place] = process.argv.slice(2);
const socket = medium === 'unix' ? connect(place)
  : medium === 'tls' ? tlsConnect({ port: Number(place), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
    : connect(Number(place), '127.0.0.1');
let total = 0;
socket.on('data', (chunk: Buffer) => {
  if (total === 0) {
    socket.pause();
    process.stdout.write('first\n');
  }
  total += chunk.length;
});
socket.on('error', () => {});
socket.on('close', () => {
  process.stdout.write(`total ${total}\n`);
  process.exit(0);
});
process.stdin.once('data', () => socket.resume());
setTimeout(() => process.exit(1), 60_000);
