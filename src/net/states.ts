/** The states of a connection, what each operation does in each of them, and how one becomes another: the tables the connection is driven by. */

export type State = keyof typeof STATES;

export interface StateRow {
  readonly meaning: string;
  /** `try`: accepted unless throttled. */
  readonly send: 'try' | 'not-connected';
  /** `drain`: the failure is reported when no attempt is in flight. `hard`, `silent`: as `hardClose`, which tells nobody while it is silent. */
  readonly close: 'silent' | 'drain' | 'hard' | 'graceful' | 'ignore';
  readonly startTls: 'try' | 'not-connected' | 'already-tls';
  /** User timers and socket options work. */
  readonly ready: boolean;
  /** A changed idle timeout is armed at once; otherwise it is stored. */
  readonly armsIdle: boolean;
  /** Received bytes are delivered. */
  readonly delivers: boolean;
  readonly isClosed: boolean;
}

const NOT_YET = { send: 'not-connected', startTls: 'not-connected', ready: false, armsIdle: false, delivers: false, isClosed: false } as const;

export const STATES = {
  none: { ...NOT_YET, meaning: 'made; work begins in the next turn', close: 'silent' },
  connecting: { ...NOT_YET, meaning: 'the name is resolved, addresses are tried', close: 'drain' },
  'unconnected-closing': { ...NOT_YET, meaning: 'closed while connecting; attempts in flight drain', close: 'ignore', isClosed: true },
  handshaking: { ...NOT_YET, meaning: 'TLS from the first byte is being agreed', close: 'hard' },
  open: {
    meaning: 'bytes flow', send: 'try', close: 'graceful', startTls: 'try',
    ready: true, armsIdle: true, delivers: true, isClosed: false,
  },
  'tls-upgrading': {
    ...NOT_YET, meaning: 'TLS is being agreed on an open connection', close: 'hard', startTls: 'already-tls', ready: true, armsIdle: true,
  },
  closing: { ...NOT_YET, meaning: 'sends what was accepted, says goodbye, reads until the peer does', close: 'ignore', delivers: true, isClosed: true },
  closed: { ...NOT_YET, meaning: 'over', close: 'ignore', isClosed: true },
} as const satisfies Record<string, StateRow>;

export interface Move {
  readonly event: 'dial' | 'stream' | 'handshake' | 'secured' | 'upgrade' | 'close' | 'drop';
  readonly from: State;
  readonly to: State;
  readonly when: string;
  /** In this order: `onSent` and `onSendFailed` for each send they are true for, the latter in a turn of their own. A client is told what is before a `|`, a server what is behind it. */
  readonly tells: readonly Told[];
}
export type Told = 'onConnected | onStarted' | 'onTlsReady' | 'onConnectionFailure | onStartFailure' | 'onTlsFailure' | 'onSent' | 'onClosed' | 'onSendFailed';

const READY: readonly Told[] = ['onConnected | onStarted'];
const FAILURE: readonly Told[] = ['onConnectionFailure | onStartFailure'];

/** How states follow each other. There is no other way: an event that has no row for the present state is ignored. */
export const MOVES = [
  { event: 'dial', from: 'none', to: 'connecting', when: 'a client begins', tells: [] },
  { event: 'stream', from: 'none', to: 'open', when: 'a server has its stream', tells: READY },
  { event: 'handshake', from: 'none', to: 'handshaking', when: 'a server begins with TLS', tells: [] },
  { event: 'stream', from: 'connecting', to: 'open', when: 'connected', tells: READY },
  { event: 'handshake', from: 'connecting', to: 'handshaking', when: 'connected, TLS begins', tells: [] },
  { event: 'secured', from: 'handshaking', to: 'open', when: 'TLS is agreed', tells: READY },
  { event: 'upgrade', from: 'open', to: 'tls-upgrading', when: 'startTls', tells: [] },
  { event: 'secured', from: 'tls-upgrading', to: 'open', when: 'TLS is agreed', tells: ['onTlsReady'] },
  { event: 'close', from: 'connecting', to: 'unconnected-closing', when: 'close', tells: [] },
  { event: 'close', from: 'open', to: 'closing', when: 'close, or the peer takes leave', tells: [] },
  { event: 'drop', from: 'none', to: 'closed', when: 'close, hardClose', tells: [] },
  { event: 'drop', from: 'connecting', to: 'closed', when: 'hardClose, refused, no address, too late', tells: FAILURE },
  { event: 'drop', from: 'unconnected-closing', to: 'closed', when: 'no attempt is in flight any more, hardClose, too late', tells: FAILURE },
  { event: 'drop', from: 'handshaking', to: 'closed', when: 'close, hardClose, refused, broken, too late', tells: FAILURE },
  { event: 'drop', from: 'open', to: 'closed', when: 'hardClose, broken, a plain peer ends', tells: ['onSent', 'onClosed', 'onSendFailed'] },
  { event: 'drop', from: 'tls-upgrading', to: 'closed', when: 'close, hardClose, refused, broken, too late', tells: ['onTlsFailure', 'onClosed'] },
  { event: 'drop', from: 'closing', to: 'closed', when: 'the peer has closed too, hardClose, broken, too late', tells: ['onSent', 'onClosed', 'onSendFailed'] },
] as const satisfies readonly Move[];

/** The move that `event` makes of `from`; null: none. */
export function moveOf(event: Move['event'], from: State): Move | null {
  return INDEX.get(`${event} ${from}`) ?? null;
}
const INDEX = new Map<string, Move>(MOVES.map((move) => [`${move.event} ${move.from}`, move]));
