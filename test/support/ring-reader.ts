/** Blocks on a ring until it is nudged, then until there is a record. */
import { parentPort, workerData } from 'node:worker_threads';
import { RingReader, type RingMemory } from '../../src/engine/ring.js';

const reader = new RingReader(workerData as RingMemory);
parentPort!.postMessage('ready');
parentPort!.postMessage(reader.wait(Infinity) ? 'a record' : 'nothing');
while (!reader.peek()) reader.wait(100);
parentPort!.postMessage(reader.kind);
