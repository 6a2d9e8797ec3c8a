/**
 * What a program is told at each moment within a state, in order. Every row is played on a transport that does what it is told, and
 * docs/connections.md shows what came. What is told from state to state is the table of moves, which drives the code.
 */
import { ManualClock } from '../../src/net/clock.js';
import { Connection, type ServerOptions } from '../../src/net/endpoint.js';
import { fakeDialer } from '../../src/net/fake-transport.js';
import { CONGESTED, PENDING } from '../../src/net/transport.js';
import { Puppet } from './puppet.js';
import { Recorder, type Event } from './recorder.js';

interface Stage { readonly c: Connection; readonly puppet: Puppet; readonly clock: ManualClock; readonly side: Recorder }

export interface Moment {
  readonly moment: string;
  readonly told: readonly Told[];
  readonly play: (stage: Stage) => void;
  readonly options?: ServerOptions;
}
export type Told = keyof typeof EVENTS;

/** What the recorder calls them. */
export const EVENTS = {
  onConnecting: 'connecting', onSendAccepted: 'accepted', onSent: 'sent', onSendFailed: 'send-failed', onThrottled: 'throttled', onUnthrottled: 'unthrottled',
  onReceived: 'received', onPeerEnd: 'peer-end', onIdleTimeout: 'idle', onTimer: 'timer', onClosed: 'closed', onConnected: 'connected',
} as const satisfies Record<string, Event>;

export const MOMENTS: readonly Moment[] = [
  {
    moment: 'an attempt to connect begins, and again when one of several has failed', told: ['onConnecting', 'onConnecting', 'onConnected'],
    play: ({ clock, side }) => {
      const target = { kind: 'tcp', host: 'somewhere', port: 1 } as const;
      Connection.client({ target, clock, dialer: fakeDialer(clock, 5, { transport: new Puppet() }, [2, 1]) }, side);
      clock.advance(10);
    },
  },
  { moment: '`send`, and the kernel takes all of it', told: ['onSendAccepted', 'onSent'], play: ({ c }) => void c.send(Buffer.from('x')) },
  {
    moment: '`send`, and the kernel refuses a part of it', told: ['onSendAccepted', 'onThrottled'],
    play: ({ c, puppet }) => {
      puppet.outcome = CONGESTED;
      c.send(Buffer.from('x'));
    },
  },
  {
    moment: 'the kernel refuses a later one of several sends that left together', told: ['onSendAccepted', 'onSendAccepted', 'onSent', 'onThrottled'], options: { coalesceBytes: 100 },
    play: ({ c, puppet, clock }) => {
      puppet.outcome = CONGESTED;
      puppet.taken_ = 10;
      c.send(Buffer.alloc(10));
      c.send(Buffer.alloc(10));
      clock.advance(1);
    },
  },
  {
    moment: 'the kernel has taken the rest', told: ['onSendAccepted', 'onThrottled', 'onSent', 'onUnthrottled'],
    play: ({ c, puppet }) => {
      puppet.outcome = CONGESTED;
      c.send(Buffer.from('x'));
      puppet.taken_ = 1;
      puppet.events!.drained();
    },
  },
  {
    moment: 'TLS has encrypted and handed over what was pending', told: ['onSendAccepted', 'onSent'],
    play: ({ c, puppet }) => {
      puppet.outcome = PENDING;
      c.send(Buffer.from('x'));
      puppet.taken_ = 1;
      puppet.events!.drained();
    },
  },
  { moment: 'bytes arrive', told: ['onReceived'], play: ({ puppet }) => puppet.events!.data(Buffer.from('x')) },
  {
    moment: 'bytes arrive after what was sent before has been taken', told: ['onSendAccepted', 'onSent', 'onReceived'],
    play: ({ c, puppet }) => {
      c.send(Buffer.from('x'));
      puppet.events!.data(Buffer.from('y'));
    },
  },
  { moment: 'the peer sends nothing more, with the option `halfOpen`', told: ['onPeerEnd'], options: { halfOpen: true }, play: ({ puppet }) => puppet.events!.ended() },
  { moment: 'the peer sends nothing more, without it, on a plain stream', told: ['onClosed'], play: ({ puppet }) => puppet.events!.ended() },
  {
    moment: 'nothing moves for the idle timeout, twice as long', told: ['onIdleTimeout', 'onIdleTimeout'],
    play: ({ c, clock }) => {
      c.setIdleTimeout(10);
      clock.advance(25);
    },
  },
  {
    moment: 'a timer is due', told: ['onTimer'],
    play: ({ c, clock }) => {
      c.setTimer(10);
      clock.advance(100);
    },
  },
  {
    moment: '`hardClose`, with one send of two taken', told: ['onSendAccepted', 'onSendAccepted', 'onThrottled', 'onSent', 'onClosed', 'onSendFailed'], options: { coalesceBytes: 100 },
    play: ({ c, puppet, clock }) => {
      puppet.outcome = CONGESTED;
      c.send(Buffer.alloc(10));
      c.send(Buffer.alloc(10));
      clock.advance(1);
      puppet.taken_ = 10;
      c.hardClose();
      clock.advance(1);
    },
  },
  {
    moment: '`close`, with a send that is not taken yet and a peer that still talks', told: ['onSendAccepted', 'onThrottled', 'onSent', 'onUnthrottled', 'onReceived', 'onClosed'],
    play: ({ c, puppet }) => {
      puppet.outcome = CONGESTED;
      c.send(Buffer.alloc(10));
      c.close();
      puppet.taken_ = 10;
      puppet.events!.drained();
      puppet.events!.finished();
      puppet.events!.data(Buffer.from('last words'));
      puppet.events!.ended();
    },
  },
];

/** What a program was really told. */
export function play({ play: perform, options = {} }: Moment): Event[] {
  const clock = new ManualClock();
  const puppet = new Puppet();
  const side = new Recorder();
  const c = Connection.server(puppet, side, { clock, log: () => {}, ...options });
  clock.advance(1);
  const before = side.names().length;
  perform({ c, puppet, clock, side });
  return side.names().slice(before);
}
