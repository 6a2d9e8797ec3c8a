/** A node in a thread of its own: its sockets must live while the test's thread blocks. */
import { parentPort, workerData } from 'node:worker_threads';
import { startNode } from '../../src/engine/node.js';

const node = await startNode();
await node.evaluate(workerData as string);
const { port } = await node.listen('127.0.0.1:0');
parentPort!.postMessage(port);
