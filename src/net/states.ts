/** The states of a connection, and what each operation does in each of them: the table the connection is driven by. */

export type State = keyof typeof STATES;

export interface StateRow {
  readonly meaning: string;
  /** `try`: accepted unless throttled. */
  readonly send: 'try' | 'not-connected';
  /** `silent`: no callback. `drain`: the failure is reported when no attempt is in flight. `hard`: as `hardClose`. */
  readonly close: 'silent' | 'drain' | 'hard' | 'graceful' | 'ignore';
  /** `failure`: onConnectionFailure or onStartFailure. `tls-failure`: onTlsFailure, then onClosed. */
  readonly hardClose: 'silent' | 'failure' | 'closed' | 'tls-failure' | 'ignore';
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
  none: { ...NOT_YET, meaning: 'made; work begins in the next turn', close: 'silent', hardClose: 'silent' },
  connecting: { ...NOT_YET, meaning: 'the name is resolved, addresses are tried', close: 'drain', hardClose: 'failure' },
  'unconnected-closing': { ...NOT_YET, meaning: 'closed while connecting; attempts in flight drain', close: 'ignore', hardClose: 'failure', isClosed: true },
  handshaking: { ...NOT_YET, meaning: 'TLS from the first byte is being agreed', close: 'hard', hardClose: 'failure' },
  open: {
    meaning: 'bytes flow', send: 'try', close: 'graceful', hardClose: 'closed', startTls: 'try',
    ready: true, armsIdle: true, delivers: true, isClosed: false,
  },
  'tls-upgrading': {
    ...NOT_YET, meaning: 'TLS is being agreed on an open connection', close: 'hard', hardClose: 'tls-failure', startTls: 'already-tls', ready: true, armsIdle: true,
  },
  closing: { ...NOT_YET, meaning: 'sends what was accepted, says goodbye, reads until the peer does', close: 'ignore', hardClose: 'closed', delivers: true, isClosed: true },
  closed: { ...NOT_YET, meaning: 'over', close: 'ignore', hardClose: 'ignore', isClosed: true },
} as const satisfies Record<string, StateRow>;
