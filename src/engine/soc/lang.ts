/** Pipes and the swarm on the language side: what scripts post, and the calls of their slots. */
import { isAscii } from 'node:buffer';
import { Dict, F64, Lambda, List, Sym, T, Table, Vec, name, strVec, symVec, symbol, type Value } from '../../lang/value.js';
import { RayError, fail } from '../../lang/errors.js';
import { toBytes } from '../../lang/text.js';
import type { Cell } from '../../lang/env.js';
import { itemAt, pack, store, alloc } from '../../columns/item.js';
import { parseJson } from '../../columns/json-parse.js';
import { isUtf8 } from '../../columns/json-scan.js';
import { formatJson } from '../../columns/json-format.js';
import { IdSource } from '../../wire/soc/ids.js';
import { LINE_LIMIT } from '../../wire/soc/lines.js';
import { MessageDecoder, decodeMessage, encodeMessage, type Decoded } from '../../wire/soc/message.js';
import { TO_IO } from '../channel.js';
import { explainBriefly } from '../errors-text.js';
import type { LangSide } from '../lang-side.js';
import { POST, type CloseResult, type DialOptions, type DialResult, type FactRow, type ListenOptions, type SocCall, type SocEvent, type SyncReport } from './calls.js';
import { PipeWords } from './words.js';

/** A pipe as this side sees it: what was posted, against what the other side has settled. */
interface Pipe { readonly words: PipeWords; posted: number; bytes: number; readonly capacity: number; readonly capacityBytes: number; readonly dialed: boolean; readonly restricted: boolean }

export class SocLang {
  readonly #pipes = new Map<number, Pipe>();
  readonly #listeners = new Set<number>();
  readonly #ids: IdSource;
  readonly #slots: { readonly message: Cell; readonly dead: Cell; readonly dropped: Cell; readonly sync: Cell };
  #swarm = false;
  #unheard = 0;
  readonly #decoder = new MessageDecoder();

  constructor(private readonly lang: LangSide) {
    const { host, env } = lang.interp;
    this.#ids = new IdSource(() => host.wall(), Math.floor(host.random() * 1000));
    const cell = (text: string): Cell => env.cell(name(text));
    this.#slots = { message: cell('.soc.on.message'), dead: cell('.soc.on.dead'), dropped: cell('.soc.on.dropped'), sync: cell('.swarm.on.sync') };
  }

  /** Something may still arrive. */
  get active(): boolean {
    return this.#pipes.size > 0 || this.listens;
  }
  /** Whether a handle is a pipe or a listener for them. */
  has(handle: number): boolean {
    return this.#pipes.has(handle) || this.#listeners.has(handle);
  }
  /** Others may connect. */
  get listens(): boolean {
    return this.#listeners.size > 0 || this.#swarm;
  }

  /* ── what scripts ask ──────────────────────────────────────────────── */

  listen(pipe: string, options: ListenOptions): number {
    const { handle } = this.#call({ ask: 'soc', op: 'listen', name: pipe, options });
    this.#listeners.add(handle);
    return handle;
  }

  dial(pipe: string, options: DialOptions): number {
    const { handle, value } = this.#call({ ask: 'soc', op: 'dial', name: pipe, options });
    const { memory, pending, bytes, capacity, capacityBytes, lastId, damage } = value as DialResult;
    this.#ids.after(lastId);
    this.#pipes.set(handle, { words: new PipeWords(memory), posted: pending, bytes, capacity, capacityBytes, dialed: true, restricted: false });
    if (damage !== '') this.lang.log({ level: 'warn', event: 'spool-damaged', handle, message: `soc: the spool was damaged: ${damage}` });
    return handle;
  }

  /** Answers the id. Errors: `full`, `io` for a pipe that is closed. */
  post(handle: number, type: string, payload: Value, id: string = this.#ids.next()): string {
    const pipe = this.#pipe(handle);
    const ts = Math.floor(this.lang.interp.host.wall() / 1000);
    const encoded = encodeMessage({ type, id, ts, payload: payload === null ? null : formatJson(payload) });
    if (!encoded.ok) return fail('limit', encoded.reason);
    const { line } = encoded;
    if (this.#waiting(pipe) >= pipe.capacity) fail('full', `${pipe.capacity} messages wait`);
    if (this.#waitingBytes(pipe) + line.length > pipe.capacityBytes) fail('full', `${pipe.capacityBytes} bytes wait`);
    pipe.posted = (pipe.posted + 1) | 0;
    pipe.bytes = (pipe.bytes + line.length) | 0;
    this.lang.send(TO_IO.SOC, handle, POST.MESSAGE, Buffer.from(String.fromCharCode(id.length - 1) + id + line, 'latin1'));
    return id;
  }

  /** As `post`, but waits for room, and until the message is in the spool or else with the kernel. Errors: `io` where it was dropped, `cancel`. */
  send(handle: number, type: string, payload: Value, id?: string): string {
    const pipe = this.#pipe(handle);
    const hasRoom = (): boolean => this.#waiting(pipe) < pipe.capacity && this.#waitingBytes(pipe) + LINE_LIMIT <= Math.max(pipe.capacityBytes, LINE_LIMIT);
    if (!hasRoom()) this.lang.waitUntil(null, hasRoom, Infinity);
    const posted = this.post(handle, type, payload, id);
    this.#call({ ask: 'soc', op: 'wait', handle, id: posted });
    return posted;
  }

  /** Waits until everything that was posted is in the spool, or else with the kernel: how much is pending. Errors: `io` where something was dropped. */
  flush(handle: number): number {
    this.#pipe(handle);
    return this.#call({ ask: 'soc', op: 'flush', handle }).value as number;
  }

  /** Tells the sender of a message that it was handled. `handle`: that of the message, or of its listener. */
  ack(handle: number, id: string): void {
    if (!this.#listeners.has(handle)) this.#pipe(handle);
    this.lang.send(TO_IO.SOC, handle, POST.ACK, Buffer.from(id, 'latin1'));
  }

  pending(handle: number): number {
    return this.#listeners.has(handle) ? 0 : this.#waiting(this.#pipe(handle));
  }

  /** Null for a listener, and for what is closed already. */
  close(handle: number, ms: number): CloseResult | null {
    if (!this.#listeners.delete(handle) && !this.#pipes.has(handle)) return null;
    const { value } = this.#call({ ask: 'soc', op: 'close', handle, ms });
    this.#pipes.delete(handle);
    return value as CloseResult | null;
  }

  swarm(call: SocCall): unknown {
    const { value } = this.#call(call);
    if (call.op === 'swarm.listen') this.#swarm ||= value as boolean;
    else if (call.op === 'swarm.close') this.#swarm = false;
    return value;
  }

  #call(call: SocCall): { readonly handle: number; readonly value?: unknown } {
    return this.lang.call(call);
  }
  #pipe(handle: number): Pipe {
    return this.#pipes.get(handle) ?? fail('io', `no pipe ${handle}`);
  }
  #waitingBytes(pipe: Pipe): number {
    return (pipe.bytes - pipe.words.settledBytes) | 0;
  }
  #waiting(pipe: Pipe): number {
    return (pipe.posted - pipe.words.settled) | 0;
  }

  /* ── what arrives ──────────────────────────────────────────────────── */

  /** Whole lines, checked by the other side. */
  messages(handle: number, bytes: Uint8Array): void {
    const pipe = this.#pipes.get(handle);
    pipe?.words.addTaken(bytes.length);
    const hook = lambda(this.#slots.message);
    if (pipe === undefined) return;
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const ascii = isAscii(lines);
    for (let at = 0; at < lines.length;) {
      const end = lines.indexOf(LF, at);
      if (hook !== null) this.#hook(hook, 'message', handle, [handle, messageOf(this.#decoder.decode(lines, at, end, ascii))]);
      else if (this.#unheard++ === 0) this.lang.log({ level: 'warn', event: 'unheard', handle, message: 'soc: messages arrive, and .soc.on.message is not set' });
      at = end + 1;
    }
  }

  event(handle: number, event: SocEvent): void {
    switch (event.is) {
      case 'accepted':
        return void this.#pipes.set(handle, { words: new PipeWords(event.memory), posted: 0, bytes: 0, capacity: event.capacity, capacityBytes: event.capacityBytes, dialed: false, restricted: event.restricted });
      case 'lost': {
        const hook = lambda(this.#slots.dead);
        if (hook !== null && this.#pipes.has(handle)) this.#hook(hook, 'dead', handle, [handle, toBytes(event.reason)]);
        if (event.final) this.#pipes.delete(handle);
        return;
      }
      case 'dropped': {
        const hook = lambda(this.#slots.dropped);
        if (hook !== null) return event.lines.forEach((line, i) => this.#hook(hook, 'dropped', handle, [handle, messageOf(decoded(line)), toBytes(event.reasons[i])]));
        return this.lang.log({ level: 'error', event: 'dropped', handle, message: `soc: ${event.lines.length} messages dropped: ${event.reasons[0]}` });
      }
      case 'sync': {
        const hook = lambda(this.#slots.sync);
        if (hook !== null) this.#hook(hook, 'sync', -1, [reportDict(event.report)]);
      }
    }
  }

  #hook(hook: Lambda, slot: string, handle: number, args: Value[]): void {
    try {
      this.lang.dispatcher.within(handle, this.#pipes.get(handle)?.restricted ?? false, () => this.lang.interp.call(hook, args));
    } catch (e) {
      if (!(e instanceof RayError)) throw e;
      this.lang.log({ level: 'warn', event: 'hook-error', handle, message: `soc: the ${slot} hook raised an error (handle=${handle}): ${explainBriefly(e)}` });
    }
  }
}

const LF = 10;
const lambda = (cell: Cell): Lambda | null => (cell.global instanceof Lambda ? cell.global : null);

const MESSAGE_KEYS = symVec(['type', 'id', 'ts', 'payload']);
const BROKEN_KEYS = symVec(['type', 'id', 'ts', 'payload', 'error']);

/**
 * A message as a dict: type (sym), id (str), ts (i64), payload. A payload that the language has no value for is the str of its JSON,
 * and a key `error` says why.
 */
function messageOf(decoded: Decoded): Dict {
  if (!decoded.ok) return fail('interna', decoded.reason);
  const { type, id, ts, payload } = decoded.message;
  const head: Value[] = [symbol(type), id, ts];
  try {
    return new Dict(MESSAGE_KEYS, new List([...head, payload === null ? null : parseJson(payload)]));
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return new Dict(BROKEN_KEYS, new List([...head, payload, explainBriefly(e)]));
  }
}

/** Of a line with its LF. */
function decoded(line: string): Decoded {
  const bytes = Buffer.from(line, 'latin1');
  return decodeMessage(bytes, 0, bytes.length - 1);
}

/* ── facts ───────────────────────────────────────────────────────────── */

const FACT_NAMES = symVec(['id', 'content', 'level', 'domain', 'module', 'gene', 'source', 'created']);
const FACT_TYPES = [T.STR, T.STR, T.I64, T.STR, T.STR, T.B8, T.STR, T.STR];

export function factTable(rows: readonly FactRow[]): Table {
  return new Table(FACT_NAMES, FACT_TYPES.map((t, k) => {
    const data = alloc(t, rows.length);
    rows.forEach((row, i) => store(t, data, i, row[k]));
    return new Vec(t, data);
  }));
}

/** Facts out of a table; only `id` has to be there. Errors: `schema`, `type`. */
export function factRows(t: Table): FactRow[] {
  const column = (key: string): ((i: number) => Value) | null => {
    for (let k = 0; k < t.cols.length; k++) if ((itemAt(t.names, k) as Sym).text === key) return (i) => itemAt(t.cols[k], i);
    return null;
  };
  const texts = (key: string, other: string): ((i: number) => string) => {
    const at = column(key);
    return at === null ? () => other : (i) => textOf(key, at(i));
  };
  if (column('id') === null) fail('schema', 'facts need a column id');
  const [id, content, domain, module, source, created] = [
    texts('id', ''), texts('content', ''), texts('domain', ''), texts('module', ''), texts('source', 'local'), texts('created', '0001-01-01T00:00:00Z'),
  ];
  const level = column('level');
  const gene = column('gene');
  return Array.from({ length: t.length }, (_, i) => {
    const n = level === null ? 0 : level(i);
    return [id(i), content(i), typeof n === 'number' ? n : fail('type', 'level must be i64'), domain(i), module(i), gene !== null && gene(i) === true, source(i), created(i)] as const;
  });
}

function textOf(key: string, v: Value): string {
  const text = v instanceof Sym ? v.text : v;
  if (typeof text === 'string') return isUtf8(text) ? text : fail('domain', `the bytes of ${key} are not UTF-8`);
  const json = formatJson(v);
  return json.startsWith('"') ? json.slice(1, -1) + (json.includes('T') ? 'Z' : '') : fail('type', `${key} must be str`);
}

export function reportDict(r: SyncReport): Dict {
  return new Dict(symVec(['outcome', 'peer', 'node', 'sent', 'left', 'imported', 'skipped', 'facts']), new List([
    symbol(r.outcome), r.peer, r.node, r.sent, r.left, r.imported.length, r.skipped, factTable(r.imported),
  ]));
}

export function peerTable(peers: readonly { id: string; node: string; hash: string; trust: number; seen: number; facts: number }[]): Table {
  return new Table(symVec(['id', 'node', 'hash', 'trust', 'seen', 'facts']), [
    strVec(peers.map((p) => p.id)), strVec(peers.map((p) => p.node)), strVec(peers.map((p) => p.hash)),
    pack(T.I64, peers.map((p) => p.trust)), pack(T.F64, peers.map((p) => new F64(p.seen))), pack(T.I64, peers.map((p) => p.facts)),
  ]);
}
