/**
 * A sync between two members of a swarm, both sides of it: lines in, lines out, no socket and no clock. Each page of facts is taken in
 * whole or not at all, and taking it in twice changes nothing; so a sync that is cut short is completed by the next.
 *
 * dialer:   handshake -> (handshake_ack) -> sync_payload page 0 -> (sync_ok) -> .. -> sync_request 0 -> (sync_payload) -> .. -> done
 * An old peer takes one unpaged sync_payload and answers with nothing but the end of the stream.
 */
import { quoted } from '../../columns/json-scan.js';
import { decodeFacts, type Fact, type FactStore } from './facts.js';
import { LineReader } from './lines.js';
import { decodeMessage, eachMember, integer, text } from './message.js';

/** For a whole exchange, from its first byte. Default 5 s. */
export const SWARM_MS = 5000;
/** Bytes of facts in one message. Default 512 KiB: half of what a line may have. */
const PAGE_BYTES = 512 << 10;
/** What an old peer reads at most as one line, less the envelope. */
const OLD_PAGE_BYTES = (64 << 10) - 1024;

const TRUST = { UNKNOWN: 0, PENDING: 1, VERIFIED: 2, REJECTED: 3, EXPIRED: 4 } as const;

export interface Member { readonly id: string; readonly node: string; readonly hash: string }
export interface PeerSeen extends Member { readonly trust: number }

export type Outcome =
  | 'synced'
  /** Hashes differ. */
  | 'mismatch'
  /** The other side is this one. */
  | 'self'
  /** What came was not what the protocol says. */
  | 'protocol'
  /** The stream ended before its time. */
  | 'closed'
  | 'timeout';

export interface SwarmOptions {
  readonly self: Member;
  readonly store: FactStore;
  /** Seconds since 1970. */
  readonly seconds: () => number;
  /** Peers of the old kind are served and accepted. Default false. */
  readonly oldPeers?: boolean;
  readonly pageBytes?: number;
}

/** What the two sides have in common. */
abstract class Exchange<State extends string> {
  /** Lines to be sent, in order. */
  readonly out: string[] = [];
  readonly imported: Fact[] = [];
  peer: PeerSeen | null = null;
  sent = 0;
  skipped = 0;
  /** Facts too large to be sent. */
  left = 0;
  outcome: Outcome | null = null;
  readonly #lines = new LineReader();
  protected state: State;
  protected old = false;

  constructor(protected readonly options: SwarmOptions, initial: State) {
    this.state = initial;
  }

  get over(): boolean {
    return this.outcome !== null;
  }

  receive(chunk: Uint8Array): void {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== null && !this.over; line = this.#lines.next()) {
      const decoded = decodeMessage(line.bytes, line.start, line.end);
      if (decoded.ok) this.message(decoded.message.type, fields(decoded.message.payload));
      else this.end('protocol');
    }
    if (this.#lines.over === 'overrun') this.end('protocol');
  }
  /** The peer sends nothing more. A last line without its end counts for nothing: pages are taken in whole. */
  abstract ended(): void;
  expired(): void {
    this.end('timeout');
  }

  protected abstract message(type: string, payload: Fields | null): void;

  protected end(outcome: Outcome): void {
    this.outcome ??= outcome;
  }
  protected say(type: string, payload: string): void {
    this.out.push(`{"type":"${type}","payload":${payload}}\n`);
  }

  protected page(seq: number): void {
    const { self, seconds } = this.options;
    const { pages, left } = this.#snapshot();
    const page = pages[seq];
    this.left = left;
    const paging = this.old ? '' : `,"seq":${seq},"last":${seq === pages.length - 1}`;
    this.sent += page.count;
    this.say('sync_payload', `{"version":"1.1","from_peer_id":${quoted(self.id)},"genome_hash":${quoted(self.hash)},"facts":${page.json},"synced_at":"${rfc3339(seconds())}"${paging}}`);
  }
  protected get pageCount(): number {
    return this.#snapshot().pages.length;
  }
  #pages: ReturnType<FactStore['pages']> | null = null;
  /** What there was when the first page was made: facts that come meanwhile must not move the pages. */
  #snapshot(): ReturnType<FactStore['pages']> {
    if (this.#pages !== null) return this.#pages;
    const all = this.options.store.pages(this.old ? OLD_PAGE_BYTES : (this.options.pageBytes ?? PAGE_BYTES));
    const rest = all.pages.slice(1).reduce((n, page) => n + page.count, 0);
    return (this.#pages = this.old ? { pages: all.pages.slice(0, 1), left: all.left + rest } : all);
  }

  /** Takes a page in: what it said, or null where it does not fit to the handshake or is no page. */
  protected take(payload: Fields | null): { readonly seq: number; readonly last: boolean; readonly imported: number; readonly skipped: number } | null {
    const facts = payload === null ? null : decodeFacts(payload.get('facts') ?? '[]');
    if (payload === null || facts === null || payload.text('from_peer_id') !== this.peer!.id || !same(payload.text('genome_hash'), this.peer!.hash)) return null;
    const { imported, skipped } = this.options.store.import(facts);
    this.imported.push(...imported);
    this.skipped += skipped;
    const seq = integer(payload.get('seq') ?? '0') ?? 0;
    return { seq, last: payload.get('last') !== 'false', imported: imported.length, skipped };
  }
}

type DialerState = 'idle' | 'hello' | 'pushing' | 'pulling';

/** The side that has connected. */
export class SwarmDialer extends Exchange<DialerState> {
  #seq = 0;

  /** `nonce`: 16 random bytes as hex, echoed by the peer. */
  constructor(options: SwarmOptions, private readonly nonce: string) {
    super(options, 'idle');
  }

  connected(): void {
    const { self, seconds } = this.options;
    this.state = 'hello';
    this.say('handshake', `{"from_peer_id":${quoted(self.id)},"from_node":${quoted(self.node)},"genome_hash":${quoted(self.hash)},"timestamp":${seconds()},"nonce":"${this.nonce}"}`);
  }

  ended(): void {
    this.end(this.old && this.state === 'pushing' ? 'synced' : 'closed');
  }

  protected message(type: string, payload: Fields | null): void {
    const on = DIALER[this.state][type];
    if (on !== undefined) on.call(this, payload);
    // Before the peer is known everything else is an error; later it may be newer than this side.
    else if (this.state === 'idle' || this.state === 'hello') this.end('protocol');
  }

  acknowledged(payload: Fields | null): void {
    if (payload === null) return this.end('protocol');
    const { self } = this.options;
    const id = payload.text('to_peer_id');
    const hash = payload.text('genome_hash');
    this.old = payload.text('nonce') === '';
    const match = payload.get('match') === 'true';
    this.peer = { id, node: payload.text('to_node'), hash, trust: match ? TRUST.VERIFIED : TRUST.REJECTED };
    // An old peer answers with the id of whoever asks.
    if (!this.old && id === self.id) return this.end('self');
    if (!match || !same(hash, self.hash)) return this.end('mismatch');
    if (this.old ? this.options.oldPeers !== true : payload.text('nonce') !== this.nonce) return this.end('protocol');
    this.state = 'pushing';
    this.page(0);
  }

  confirmed(payload: Fields | null): void {
    if (payload === null || integer(payload.get('seq') ?? '') !== this.#seq) return this.end('protocol');
    if (++this.#seq < this.pageCount) return this.page(this.#seq);
    this.state = 'pulling';
    this.#seq = 0;
    this.#request();
  }

  pulled(payload: Fields | null): void {
    const page = this.take(payload);
    if (page === null || page.seq !== this.#seq) return this.end('protocol');
    if (page.last) return this.end('synced');
    this.#seq++;
    this.#request();
  }
  #request(): void {
    this.say('sync_request', `{"seq":${this.#seq}}`);
  }
}
const DIALER: Record<DialerState, Record<string, (this: SwarmDialer, payload: Fields | null) => void>> = {
  idle: {},
  hello: { handshake_ack: SwarmDialer.prototype.acknowledged },
  pushing: { sync_ok: SwarmDialer.prototype.confirmed },
  pulling: { sync_payload: SwarmDialer.prototype.pulled },
};

type ListenerState = 'hello' | 'verified';

/** The side that was connected to. */
export class SwarmListener extends Exchange<ListenerState> {
  #complete = false;

  constructor(options: SwarmOptions) {
    super(options, 'hello');
  }

  ended(): void {
    this.end(this.#complete ? 'synced' : 'closed');
  }

  protected message(type: string, payload: Fields | null): void {
    const on = LISTENER[this.state][type];
    if (on !== undefined) on.call(this, payload);
    else if (this.state === 'hello') this.end('protocol');
  }

  greeted(payload: Fields | null): void {
    const id = payload?.text('from_peer_id') ?? '';
    if (payload === null || id === '') return this.end('protocol');
    const { self, seconds } = this.options;
    const hash = payload.text('genome_hash');
    const nonce = payload.text('nonce');
    this.old = nonce === '';
    if (this.old && this.options.oldPeers !== true) return this.end('protocol');
    const refused = id === self.id ? 'self' : same(hash, self.hash) ? null : 'mismatch';
    const trust = refused === null ? TRUST.VERIFIED : TRUST.REJECTED;
    this.peer = { id, node: payload.text('from_node'), hash, trust };
    this.say('handshake_ack', `{"to_peer_id":${quoted(self.id)},"to_node":${quoted(self.node)},"genome_hash":${quoted(self.hash)},`
      + `"match":${refused === null},"trust":${trust},"timestamp":${seconds()}${this.old ? '' : `,"nonce":${quoted(nonce)}`}}`);
    if (refused !== null) return this.end(refused);
    this.state = 'verified';
  }

  pushed(payload: Fields | null): void {
    const page = this.take(payload);
    if (page === null) return this.end('protocol');
    this.#complete = page.last;
    if (this.old) return this.end('synced');
    this.say('sync_ok', `{"seq":${page.seq},"imported":${page.imported},"skipped":${page.skipped}}`);
  }

  requested(payload: Fields | null): void {
    const seq = integer(payload?.get('seq') ?? '0') ?? -1;
    if (seq < 0 || seq >= this.pageCount) return this.end('protocol');
    this.page(seq);
  }
}
const LISTENER: Record<ListenerState, Record<string, (this: SwarmListener, payload: Fields | null) => void>> = {
  hello: { handshake: SwarmListener.prototype.greeted },
  verified: { sync_payload: SwarmListener.prototype.pushed, sync_request: SwarmListener.prototype.requested },
};

/** Members of a payload, as JSON. */
class Fields extends Map<string, string> {
  /** A string member; '' where it is none. */
  text(key: string): string {
    const json = this.get(key) ?? '';
    return text(json, 0, json.length) ?? '';
  }
}

function fields(payload: string | null): Fields | null {
  const out = new Fields();
  if (payload === null) return null;
  return eachMember(payload, 0, (key, from, to) => out.set(key, payload.slice(from, to))) < 0 ? null : out;
}

/** Whether two texts are equal, in a time that says nothing about where they differ. */
function same(a: string, b: string): boolean {
  let differ = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) differ |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return differ === 0;
}

const rfc3339 = (seconds: number): string => new Date(seconds * 1000).toISOString();
