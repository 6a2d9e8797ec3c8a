/**
 * Two connections over a network that splits, delays, stalls, half-closes, resets and refuses certificates, driven by handlers that
 * send, close and mute at any point. What happens depends on the seed alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../src/net/clock.js';
import { Connection, type TimerResult } from '../src/net/endpoint.js';
import { fakeDialer, FakeTransport, fakePair } from '../src/net/fake-transport.js';
import { tlsFailure, type Failure, type TlsFailure } from '../src/net/failures.js';
import type { Bytes, LogEntry } from '../src/net/handlers.js';
import { TlsContext } from '../src/net/tls-context.js';
import type { Transport } from '../src/net/transport.js';

const COUNT = Number(process.env['RFL_SIMULATIONS'] ?? 500);
const ONLY = process.env['RFL_SEED'];

/** xorshift; in [0, 1). */
function random(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

class Side {
  readonly log: string[] = [];
  connection!: Connection;
  /** What was accepted, in order; `ends[token - 1]` is where a send ends. */
  readonly accepted: Buffer[] = [];
  readonly ends: number[] = [];
  readonly settled: ('sent' | 'failed')[] = [];
  readonly received: Buffer[] = [];
  ready = 0;
  ended: 'failure' | 'closed' | null = null;
  throttled = false;
  cause = '';
  tlsFailed = false;
  /** How often a handler does something. */
  eager = 0.25;
  /** The code a handshake has to fail with here, if it fails by itself. */
  refusal = '';
  #serial = 0;
  #timer = 0;

  constructor(readonly name: string, private readonly clock: ManualClock, private readonly chance: () => number) {}

  get acceptedBytes(): number {
    return this.ends.at(-1) ?? 0;
  }
  get sentBytes(): number {
    const sent = this.settled.lastIndexOf('sent');
    return sent < 0 ? 0 : this.ends[sent];
  }
  /** It has heard the end of the other's stream, and so everything before. */
  get heardTheEnd(): boolean {
    // An upgrade that fails has codes of its own.
    return !this.tlsFailed && (this.cause === 'peer-closed' || this.cause === 'closed');
  }

  /** Something a program might do, from inside a handler or from outside. */
  act(): void {
    const dice = this.chance();
    const c = this.connection;
    if (dice < 0.55) this.send();
    else if (dice < 0.62) c.mute();
    else if (dice < 0.74) c.unmute();
    else if (dice < 0.78) c.bufferUntil(1 + Math.floor(this.chance() * 50));
    else if (dice < 0.82) c.bufferUntil('streaming');
    else if (dice < 0.84) c.setIdleTimeout(5 + this.chance() * 100);
    else if (dice < 0.86) this.#timer = timerOf(c.setTimer(1 + this.chance() * 50)) ?? this.#timer;
    else if (dice < 0.88) c.startTls(CONTEXT, 'peer');
    else if (dice < 0.90) c.close();
    else if (dice < 0.91) c.hardClose();
    else if (dice < 0.915) throw new Error(THROWN);
    else if (dice < 0.93) this.#offer([]);
    else if (dice < 0.94) c.resizeReadBuffer(1 + Math.floor(this.chance() * 400));
    else if (dice < 0.95) c.setReadBufferMinimum(1 + Math.floor(this.chance() * 400));
    else if (dice < 0.96) c.cancelTimer(this.#timer);
  }
  /** Outside of handlers nothing catches. */
  poke(): void {
    try {
      this.act();
    } catch {
      // Only handlers are the connection's business.
    }
  }

  send(): void {
    const parts: Uint8Array[] = [];
    for (let i = Math.floor(this.chance() * 4); i >= 0; i--) parts.push(this.#part(Math.floor(this.chance() ** 3 * 900)));
    this.#offer(parts.length === 1 ? parts[0] : parts);
  }
  #offer(data: Bytes): void {
    const before = this.ends.length;
    const result = this.connection.send(data);
    if (result !== 'accepted') assert.equal(this.ends.length, before, 'a refused send has no token');
  }
  #part(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => (this.#serial = (this.#serial * 5 + 7) & 255));
  }

  readonly handler = {
    onConnecting: () => this.#event('connecting'),
    onConnected: () => { this.ready++; this.#event('connected'); },
    onConnectionFailure: (_: Connection, failure: Failure) => this.#refused(failure),
    onStarted: () => { this.ready++; this.#event('started'); },
    onStartFailure: (_: Connection, failure: Failure) => this.#refused(failure),
    onReceived: (_: Connection, data: Uint8Array): void | 'yield' => {
      assert.ok(!this.connection.muted, 'delivered while muted');
      this.received.push(Buffer.from(data));
      this.#event(`received ${data.length}`);
      return this.chance() < 0.1 ? 'yield' : undefined;
    },
    onSendAccepted: (_: Connection, token: number, data: Bytes) => {
      const bytes = Buffer.concat(data instanceof Uint8Array ? [data] : [...data]);
      assert.equal(token, this.ends.length + 1, 'tokens ascend by one');
      this.accepted.push(bytes);
      this.ends.push(this.acceptedBytes + bytes.length);
      this.#event(`accepted ${token}`);
    },
    onSent: (_: Connection, token: number) => this.#settle(token, 'sent'),
    onSendFailed: (_: Connection, token: number) => {
      assert.equal(this.ended, 'closed', 'a send fails only after closed');
      this.#settle(token, 'failed');
    },
    onThrottled: () => {
      assert.ok(!this.throttled);
      this.throttled = true;
      this.#event('throttled');
    },
    onUnthrottled: () => {
      assert.ok(this.throttled);
      this.throttled = false;
      this.#event('unthrottled');
    },
    onTlsReady: () => this.#event('tls-ready'),
    onTlsFailure: (_: Connection, { code }: TlsFailure) => {
      this.tlsFailed = true;
      this.#judged(code, 'upgrade');
      this.#event('tls-failure');
    },
    onPeerEnd: () => {
      this.#event('peer-end');
      if (this.chance() < 0.5) this.connection.close();
    },
    onIdleTimeout: () => this.#event('idle'),
    onTimer: () => this.#event('timer'),
    onClosed: (_: Connection, { code }: { readonly code: string }) => {
      this.cause = code;
      this.#end('closed');
    },
  };

  #refused({ reason, code }: Failure): void {
    if (reason === 'tls') this.#judged(code, 'handshake');
    this.#end('failure');
  }
  /** A refused certificate is told by its own code, on the side that refuses it. */
  #judged(code: string, when: 'handshake' | 'upgrade'): void {
    if (OWN_WAYS.has(code)) return;
    assert.equal(code, this.refusal);
    this.log.push(`- ${this.name} refused-in-${when}`);
  }
  #settle(token: number, how: 'sent' | 'failed'): void {
    assert.equal(token, this.settled.length + 1, `token ${token} is settled once and in order`);
    if (how === 'sent') assert.ok(this.settled.at(-1) !== 'failed', 'sent after failed');
    this.settled.push(how);
    this.#event(`${how} ${token}`);
  }
  #end(how: 'failure' | 'closed'): void {
    assert.equal(this.ended, null, 'over only once');
    assert.equal(this.ready, how === 'closed' ? 1 : 0);
    this.ended = how;
    this.#event(how);
  }
  #event(what: string): void {
    const over = this.ended !== null && what !== this.ended;
    if (over) assert.match(what, /^failed/, 'nothing but failures after the end');
    this.log.push(`${this.clock.now().toFixed(3)} ${this.name} ${what}`);
    if (this.chance() < this.eager) this.act();
  }
}

const CONTEXT = new TlsContext({});
const THROWN = 'a handler that throws';
const timerOf = (set: TimerResult): number | null => (typeof set === 'object' ? set.token : null);
/** How handshakes fail when no certificate is to blame. */
const OWN_WAYS: ReadonlySet<string> = new Set(['closed-by-us', 'peer-closed', 'not-tls', 'handshake-timeout']);
const CERTIFICATES = ['certificate-missing', 'certificate-self-signed', 'certificate-unknown-ca', 'certificate-expired', 'certificate-wrong-host'] as const;
const quiet = { log: () => {} };

/** `wrap` comes between the client and its stream. */
function simulate(seed: number, wrap: (transport: FakeTransport) => Transport = (transport) => transport): string[] {
  const chance = random(seed);
  const clock = new ManualClock();
  const [near, far] = fakePair({ clock, random: chance, capacity: 64 + Math.floor(chance() ** 2 * 8192), latencyMs: chance() * 20, mostBytes: 1 + Math.floor(chance() * 2000) });
  const sides = [new Side('client', clock, chance), new Side('server', clock, chance)] as const;
  const [client, server] = sides;
  for (const side of sides) side.eager = 0.05 + chance() ** 2 * 0.45;
  // What is asserted inside of handlers is thrown there, and so ends up here.
  const broken: string[] = [];
  const log = ({ message }: LogEntry): void => { if (message !== THROWN) broken.push(message); };
  const options = () => ({
    log, clock, halfOpen: chance() < 0.3, coalesceBytes: chance() < 0.3 ? 256 : 0, messagesPerTurn: 1 + Math.floor(chance() * 10),
    chainedSends: 1 + Math.floor(chance() * 8), closeTimeoutMs: 500, handshakeTimeoutMs: 300, connectTimeoutMs: 400,
  });
  const tls = chance() < 0.3;
  const faults: string[] = [];
  const takenOf = [near, far].map((transport) => FakeTransport.prototype.taken.bind(transport));
  if (chance() < 0.2) {
    const code = CERTIFICATES[Math.floor(chance() * CERTIFICATES.length)];
    const [judge, judged] = chance() < 0.5 ? [client, server] : [server, client];
    judge.refusal = code;
    judged.refusal = 'peer-refused-certificate';
    (judge === client ? near : far).refuseHandshakes(tlsFailure(code), tlsFailure('peer-refused-certificate'));
  }
  const dialer = fakeDialer(clock, chance() * 30, { transport: wrap(near) });
  const dial = { ...options(), target: { kind: 'tcp', host: 'peer', port: 1 } as const, dialer };
  client.connection = tls ? Connection.sslClient({ ...dial, context: CONTEXT }, client.handler) : Connection.client(dial, client.handler);
  server.connection = tls ? Connection.sslServer(far, CONTEXT, server.handler, options()) : Connection.server(far, server.handler, options());

  const fault = (transport: FakeTransport): void => {
    const dice = chance();
    if (dice < 0.9) {
      faults.push('stall');
      transport.stall(true);
      clock.after(chance() * 100, () => transport.stall(false));
    } else if (dice < 0.94) {
      faults.push('reset');
      transport.reset();
    } else if (dice < 0.98) {
      faults.push('half-close');
      transport.halfClose();
    }
  };
  // Before they have had their first turn.
  if (chance() < 0.02) sides[chance() < 0.5 ? 0 : 1].connection[chance() < 0.5 ? 'close' : 'hardClose']();
  const upgrade = !tls && chance() < 0.5 ? 2 + Math.floor(chance() * 12) : -1;
  for (let step = 0; step < 60; step++) {
    clock.advance(chance() * 8);
    if (step === upgrade) {
      // It takes that nothing is under way, in either direction.
      for (const { connection } of sides) {
        connection.unmute();
        connection.bufferUntil('streaming');
      }
      clock.advance(200);
    }
    if (step === upgrade) for (const side of sides) side.connection.startTls(CONTEXT, 'peer');
    const dice = chance();
    if (dice < 0.45) client.poke();
    else if (dice < 0.9) server.poke();
    else fault(dice < 0.95 ? near : far);
  }
  for (const transport of [near, far]) transport.stall(false);
  for (const side of sides) {
    side.connection.unmute();
    side.connection.close();
  }
  clock.advance(3000);
  for (const side of sides) side.connection.hardClose();
  clock.advance(10);

  assert.deepEqual(broken, []);
  let heard = 0;
  for (const [i, [side, peer]] of ([[client, server], [server, client]] as const).entries()) {
    assert.equal(side.connection.state, 'closed');
    assert.equal(side.settled.length, side.ends.length, 'every accepted token is settled once');
    const taken = takenOf[i]();
    assert.deepEqual(side.settled, side.ends.map((end) => (end <= taken ? 'sent' : 'failed')), `${side.name}: sent is what was taken to the last byte, of ${taken}`);
    const received = Buffer.concat(peer.received);
    const accepted = Buffer.concat(side.accepted);
    assert.ok(received.equals(accepted.subarray(0, received.length)), 'the bytes arrive intact and in order');
    if (!peer.heardTheEnd) continue;
    heard++;
    // With what does not make a whole message.
    const arrived = peer.connection.bytesIn;
    assert.equal(arrived, taken, `${side.name}: ${taken} bytes were taken, ${side.sentBytes} of them of sends that were sent, and ${arrived} have arrived`);
  }
  return [...client.log, ...server.log, ...faults.map((fault) => `- - ${fault}`), ...Array.from({ length: heard }, () => '- - end-heard')];
}

test(`${ONLY ?? COUNT} simulated pairs settle every token once and keep every byte`, () => {
  const seen = new Map<string, number>();
  for (let i = 0; i < (ONLY === undefined ? COUNT : 1); i++) {
    const seed = ONLY === undefined ? i + 1 : Number(ONLY);
    try {
      for (const line of simulate(seed)) {
        const what = line.split(' ')[2];
        if (what !== undefined) seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    } catch (e) {
      throw new Error(`seed ${seed} (again: RFL_SEED=${seed}): ${(e as Error).stack}`, { cause: e });
    }
  }
  // A simulation in which nothing happens proves nothing.
  if (ONLY === undefined) for (const what of ['received', 'sent', 'failed', 'throttled', 'unthrottled', 'tls-ready', 'tls-failure', 'peer-end', 'idle', 'timer', 'closed', 'failure', 'stall', 'reset', 'half-close', 'refused-in-handshake', 'refused-in-upgrade', 'end-heard']) assert.ok((seen.get(what) ?? 0) > 0, `never came: ${what}`);
});

test('the same seed is the same story', () => {
  for (let seed = 1; seed <= 50; seed++) assert.deepEqual(simulate(seed), simulate(seed));
});

/** What a runtime does that claims success for bytes that never left. */
const lying = (transport: FakeTransport): Transport => {
  transport.taken = () => Number.MAX_SAFE_INTEGER;
  return transport;
};
test('a stream that lies about what was taken is found out, and the seed that found it finds the same again', () => {
  const failure = (seed: number): string | null => {
    try {
      simulate(seed, lying);
      return null;
    } catch (e) {
      return (e as Error).message;
    }
  };
  const found = Array.from({ length: 300 }, (_, i) => ({ seed: i + 1, message: failure(i + 1) })).filter(({ message }) => message !== null);
  assert.ok(found.length > 0, 'nobody noticed');
  for (const { seed, message } of found) assert.equal(failure(seed), message);
});

test('without faults and hard closes, what the peer has received is everything that was reported as sent', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const chance = random(seed);
    const clock = new ManualClock();
    const [near, far] = fakePair({ clock, random: chance, capacity: 500, latencyMs: 10, mostBytes: 100 });
    const client = new Side('client', clock, () => 0.99);
    const server = new Side('server', clock, () => 0.99);
    client.connection = Connection.client({ ...quiet, clock, target: { kind: 'tcp', host: 'peer', port: 1 }, dialer: fakeDialer(clock, 1, { transport: near }) }, client.handler);
    server.connection = Connection.server(far, server.handler, { ...quiet, clock });
    clock.advance(10);
    for (let i = 0; i < 20; i++) {
      client.connection.send(Buffer.alloc(Math.floor(chance() * 800), i));
      clock.advance(chance() * 20);
    }
    if (seed % 2 === 0) client.connection.close();
    else client.connection.hardClose();
    clock.advance(5000);
    const received = Buffer.concat(server.received).length;
    assert.ok(received >= client.sentBytes, `seed ${seed}: ${received} of ${client.sentBytes}`);
    if (seed % 2 === 0) assert.equal(received, client.acceptedBytes);
  }
});
