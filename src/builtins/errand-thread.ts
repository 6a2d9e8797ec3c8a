/** Entry of the thread that does what may block for long: it starts commands, reaps them, and forces files to the disk. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fsync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Errand, ErrandResult, ErrandThreadData } from './errands.js';

/** Between the request to end and the end. */
const GRACE_MS = 500;
/** Bytes kept of what a command writes, each way; one that writes more is ended. */
const MAX_OUTPUT = 64 * 1024 * 1024;
/**
 * Ends a command whose program has died: a line says that all is well, the end of the input without one that nobody waits any more.
 * The command itself has a process group of its own, which the terminal's Ctrl-C does not reach.
 */
const LIFELINE = 'read -r _ || { kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"; } 2>/dev/null';

const { port, done } = workerData as ErrandThreadData;
const commands = new Map<number, ChildProcess>();

port.on('message', (errand: Errand) => {
  try {
    if (errand.do === 'cancel') cancel(errand.id);
    else if (errand.do === 'sync') fsync(errand.fd, (e) => finish(errand.id, { error: e?.message ?? null }));
    else run(errand);
  } catch (e) {
    // Some refusals of the system to start a command are thrown.
    finish(errand.id, { error: (e as Error).message });
  }
});

function run({ id, file, args, input }: Extract<Errand, { do: 'run' }>): void {
  const child = spawn(file, args, { stdio: [input === null ? 'inherit' : 'pipe', 'pipe', 'pipe'], detached: true });
  const stdout = collect(child, 'stdout');
  const stderr = collect(child, 'stderr');
  const lifeline = child.pid === undefined ? null : guard(child.pid);
  commands.set(id, child);
  const over = (result: ErrandResult): void => {
    if (!commands.delete(id)) return;
    lifeline?.stdin!.end('\n');
    finish(id, result);
  };
  child.on('error', (e) => over({ error: e.message }));
  child.on('close', (status, signal) => over({ error: null, status, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }));
  // A command need not read what it is given.
  child.stdin?.on('error', () => {}).end(input);
}

function guard(pid: number): ChildProcess {
  const lifeline = spawn('/bin/sh', ['-c', LIFELINE, 'sh', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  lifeline.on('error', () => {});
  lifeline.stdin!.on('error', () => {});
  return lifeline;
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_OUTPUT) chunks.push(chunk);
    else end(child, 'SIGTERM');
  });
  return chunks;
}

function cancel(id: number): void {
  const child = commands.get(id);
  if (child === undefined) return;
  end(child, 'SIGTERM');
  const late = setTimeout(() => end(child, 'SIGKILL'), GRACE_MS);
  child.on('close', () => clearTimeout(late));
}

/** Signals the command and everything it started. */
function end({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function finish(id: number, result: ErrandResult): void {
  port.postMessage({ id, result });
  Atomics.add(done, 0, 1);
  Atomics.notify(done, 0);
}
