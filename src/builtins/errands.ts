/**
 * Waiting that can be interrupted. What could block for long (a command, a pipe that nobody writes to, a disk) is done by a thread of
 * its own, while the caller sleeps and looks whether it is to stop. The thread starts with the first errand and ends with the caller's.
 */
import type { MessagePort } from 'node:worker_threads';
import { checkpoint } from '../lang/interrupt.js';
import { later } from '../columns/later.js';

export type Errand =
  /** `input`: bytes for its standard input; null: it reads the program's. */
  | { readonly do: 'run'; readonly id: number; readonly file: string; readonly args: string[]; readonly input: Uint8Array | null }
  | { readonly do: 'sync'; readonly id: number; readonly fd: number }
  | { readonly do: 'cancel'; readonly id: number };

export interface Finished {
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}
export type ErrandResult = { readonly error: string | null } & Partial<Finished>;

export interface ErrandThreadData {
  readonly port: MessagePort;
  /** Counts the errands done; the caller sleeps on it. */
  readonly done: Int32Array;
}

/** Runs a program to its end. Errors: `cancel`, and then it is ended with all it started; a JS error where it cannot be started. */
export function runCommand(file: string, args: string[], input: Uint8Array | null = null): Finished {
  return send((id) => ({ do: 'run', id, file, args, input })) as Finished;
}

/** `fsync` of a descriptor. Errors: `cancel`; a JS error where the system refuses. */
export function syncFile(fd: number): void {
  send((id) => ({ do: 'sync', id, fd }));
}

/** Between two looks at the interrupt word, which nobody wakes us for. */
const LOOK_MS = 10;

const threads = later<typeof import('node:worker_threads')>('node:worker_threads');

interface Thread extends ErrandThreadData { last: number }
let thread: Thread | null = null;

function start(): Thread {
  const { MessageChannel, Worker } = threads();
  const { port1: port, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ErrandThreadData = { port: port2, done };
  const worker = new Worker(new URL('./errand-thread.js', import.meta.url), { workerData, transferList: [port2] });
  // Neither keeps a program that has nothing else to do.
  worker.unref();
  port.unref();
  return { port, done, last: 0 };
}

function send(errand: (id: number) => Errand): ErrandResult {
  thread ??= start();
  const { port, done } = thread;
  const id = ++thread.last;
  port.postMessage(errand(id));
  let result: ErrandResult | null;
  try {
    for (;;) {
      const seen = Atomics.load(done, 0);
      result = answer(port, id);
      if (result !== null) break;
      checkpoint();
      Atomics.wait(done, 0, seen, LOOK_MS);
    }
  } catch (e) {
    port.postMessage({ do: 'cancel', id });
    throw e;
  }
  if (result.error !== null) throw new Error(result.error);
  return result;
}

/** The result of an errand, if it is there; those of errands that were cancelled may come first. */
function answer(port: MessagePort, id: number): ErrandResult | null {
  const { receiveMessageOnPort } = threads();
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
    const { id: of, result } = got.message as { id: number; result: ErrandResult };
    if (of === id) return result;
  }
  return null;
}
