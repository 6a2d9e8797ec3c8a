/**
 * Side by side with the reference, in one run:
 *
 *     RFL_REFERENCE=path/to/rayforce npm run bench [-- NAME ..]
 */
import { hello, mux } from './broker.js';
import { frames } from './frames.js';
import { badPeers, busy, idle, requests } from './ipc.js';
import { calls, reader, startUp } from './language.js';
import { reference } from './peers.js';
import { connections } from './net.js';
import { rows } from './report.js';
import { secureWire } from './secure.js';
import { pipes } from './soc.js';
import { tables } from './tables.js';

const BENCHMARKS = new Map<string, () => void | Promise<void>>([
  ['calls', calls], ['reader', reader], ['start', startUp], ['requests', requests], ['idle', idle], ['bad-peers', badPeers], ['busy', busy], ['pipes', pipes], ['connections', connections], ['secure', secureWire],
  ['hello', hello], ['mux', mux], ['frames', frames], ['tables', tables],
]);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !BENCHMARKS.has(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${[...BENCHMARKS.keys()].join(' ')}`);
  process.exit(64);
}
if (reference === undefined) console.log('RFL_REFERENCE is not set: our figures only\n');
for (const [name, benchmark] of BENCHMARKS) if (wanted.length === 0 || wanted.includes(name)) await benchmark();
console.log(`\n${rows.length} figures`);
