/** A place on TCP where a connect gets no answer: nobody accepts, and the queue of the kernel is full. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import type { DialTarget } from '../../src/net/transport.js';

/** Other systems refuse when the queue is full. */
export const hasEndless = process.platform === 'linux';

const SOURCE = "const s = require('net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(s.address().port))";
const MOST = 20;
const ANSWER_MS = 300;

export async function endless(body: (target: DialTarget) => Promise<void>): Promise<void> {
  const owner = spawn(process.execPath, ['-e', SOURCE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting: Socket[] = [];
  try {
    const port = Number(await new Promise<Buffer>((resolve) => owner.stdout.once('data', resolve)));
    owner.kill('SIGSTOP');
    let full = false;
    while (!full && waiting.length < MOST) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      waiting.push(socket);
      full = !(await Promise.race([
        new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ANSWER_MS)),
      ]));
    }
    assert.ok(full, 'the queue did not fill');
    await body({ kind: 'tcp', host: '127.0.0.1', port });
  } finally {
    for (const socket of waiting) socket.destroy();
    owner.kill('SIGKILL');
  }
}
