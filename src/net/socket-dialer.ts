/** Opens TCP and Unix sockets; all addresses of a name are tried, one after the other. */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { SocketTransport } from './socket-transport.js';
import { pathFault } from './unix-path.js';
import type { Dialer, DialEvents, DialTarget } from './transport.js';

/** Until the next address of a name is tried. Twice what the runtime takes: a peer across an ocean answers within it. */
const ATTEMPT_MS = 500;

export const socketDialer: Dialer = {
  dial(target, events) {
    let socket: Socket;
    try {
      socket = connect(socketOptions(target));
    } catch (e) {
      // Options the runtime does not take, such as a port out of range, are a failed attempt and no exception.
      let aborted = false;
      setImmediate(() => aborted || events.failed('tcp', e as Error));
      return { abort: () => { aborted = true; } };
    }
    return watch(socket, target.kind, events);
  },
};

function watch(socket: Socket, kind: DialTarget['kind'], events: DialEvents): { abort(): void } {
  let attempted = false;
  let over = false;
  const attempting = (): void => {
    attempted = true;
    // Within this event the runtime still needs the socket, which whoever is told may drop.
    process.nextTick(() => over || events.attempting(1));
  };
  socket.on('connectionAttempt', attempting);
  // Of a path there is one, which the runtime does not announce.
  if (kind === 'unix') attempting();
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (over) return;
    over = true;
    events.failed(!attempted && (error.syscall === 'getaddrinfo' || error.code === 'ENOTFOUND') ? 'dns' : 'tcp', error);
  });
  socket.once('connect', () => {
    if (over) return;
    over = true;
    socket.removeAllListeners();
    socket.pause();
    events.connected(new SocketTransport(socket));
  });
  return {
    abort() {
      over = true;
      socket.on('error', () => {});
      socket.destroy();
    },
  };
}

function socketOptions(target: DialTarget): TcpNetConnectOpts | { path: string; allowHalfOpen: true } {
  if (target.kind === 'unix') {
    const fault = pathFault(target.path);
    if (fault !== null) throw Object.assign(new Error(fault.message), { code: fault.code });
    return { path: target.path, allowHalfOpen: true };
  }
  const { host, port, from, family } = target;
  return {
    host, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    ...(from === undefined ? {} : { localAddress: from }), ...(family === undefined || family === 0 ? {} : { family }),
  };
}
