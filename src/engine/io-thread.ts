/** Entry of the worker that owns the sockets when the interpreter runs in the caller's thread. */
import { workerData } from 'node:worker_threads';
import { End, TO_LANG, type EndMemory } from './channel.js';
import { IoSide } from './io-side.js';
import { SharedState, type SharedMemory } from './shared-state.js';
import { makeUsers } from './users.js';
import type { Limits, ListenOptions, UserEntry } from './api.js';
import type { ServerTls } from './tls-files.js';

export interface IoThreadData {
  readonly end: EndMemory;
  readonly shared: SharedMemory;
  readonly users: readonly UserEntry[];
  readonly restricted: boolean;
  readonly limits: Limits;
  readonly tls: ServerTls | null;
  readonly serving: ListenOptions;
}

function main(data: IoThreadData): void {
  const io: IoSide = new IoSide(new End(data.end), new SharedState(data.shared), {
    users: makeUsers(data.users),
    restricted: data.restricted,
    limits: data.limits,
    tls: data.tls,
    serving: data.serving,
    log: (record) => io.command(TO_LANG.LOG, 0, record),
    outward: () => {},
  });
}

main(workerData as IoThreadData);
