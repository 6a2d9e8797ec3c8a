/** Brokers of this process on the I/O side: what the language side asks for. Never waits for an evaluation, except where a slot is set. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ENV, timeoutFrom } from '../../wire/broker/client.js';
import { BackendTable, DefinedServices, RegistrationError } from '../../wire/broker/directories.js';
import { HELLO_TIMEOUT_MS } from '../../wire/broker/exchange.js';
import { AckRegistry, TokenStore } from '../../wire/broker/handoff-tokens.js';
import type { Peer } from '../../wire/broker/hello.js';
import { HELLO_RATE } from '../../wire/broker/limits.js';
import { createEndpoint, type Frame, type HandoffOffer, type Hello, type ServiceDefinition } from '../../wire/broker/messages.generated.js';
import { REFUSALS, type Refusal } from '../../wire/broker/refusal.js';
import { hex } from '../../wire/broker/secrets.js';
import { DefinitionError, definitionFolder } from '../../wire/broker/service-definition.js';
import { SessionTokens } from '../../wire/broker/session-tokens.js';
import type { LogRecord } from '../api.js';
import type { CallResult } from '../messages.js';
import type { SharedState } from '../shared-state.js';
import { Adoption, type TakenClient } from './adoption.js';
import { admin, connectTo, hello, identity } from './asking.js';
import type { BrokerCall, BrokerQuestion, BrokerVerdict, ServeOptions, ServiceRow, StatsRow } from './calls.js';
import { definitionsIn, writeDefinition } from './definition-files.js';
import type { BrokerLink } from './dial.js';
import { endpointPath } from './endpoints.js';
import { Handoffs } from './handoffs.js';
import { Launcher } from './launcher.js';
import { ownIdentity } from './process-facts.js';
import { BrokerServer } from './server.js';
import { writeSidecar } from './sidecar-file.js';
import { BrokerError } from './socket-folder.js';

/** The rest of the I/O side, as brokers need it. */
export interface BrokerPorts {
  /** Whether slots are set. */
  readonly shared: Pick<SharedState, 'helloHook' | 'handoffHook'>;
  /** Asks a slot; `answered` is called with the number. */
  ask(id: number, question: BrokerQuestion): void;
  /** Whether this process listens at a path. */
  listens(path: string): boolean;
  /** Serves a connection as if it had come to that path. */
  receive(path: string, client: TakenClient): void;
  /** Makes a handle of a connection to a backend. */
  enter(link: BrokerLink, msLeft: number, answer: (result: CallResult) => void): void;
  log(record: LogRecord): void;
}

type ConnectCall = Extract<BrokerCall, { op: 'connect' }>;

/** For shaking hands with a backend, in ms. */
const ENTER_MS = 5000;

export class BrokerHub {
  /** All brokers of the process know the same services. */
  readonly #services = new BackendTable();
  readonly #servers = new Map<string, BrokerServer>();
  readonly #adoptions = new Map<string, Adoption>();
  readonly #sessions = new SessionTokens(randomBytes);
  readonly #questions = new Map<number, (verdict: BrokerVerdict) => void>();
  #asked = 0;

  constructor(private readonly ports: BrokerPorts) {}

  /** Accepts nothing more; resolves when everybody has his answer, at most after `ms`. */
  async finish(ms: number): Promise<void> {
    for (const adoption of this.#adoptions.values()) adoption.close();
    this.#adoptions.clear();
    await Promise.all(Array.from(this.#servers.values(), (server) => server.shutdown(ms)));
    this.#servers.clear();
  }

  /** A slot has answered. */
  answered(id: number, verdict: BrokerVerdict): void {
    this.#questions.get(id)?.(verdict);
    this.#questions.delete(id);
  }

  /** `answer` is called at once when the backend has let us in: what it sends next must come behind the answer. */
  connect({ path, words }: ConnectCall, answer: (result: CallResult) => void): void {
    connectTo(path, words).then(
      (found) => ('code' in found ? answer({ ok: true, handle: -1, value: found }) : this.ports.enter(found, words.timeout ?? ENTER_MS, answer)),
      (e: unknown) => answer(failure(e)),
    );
  }

  async call(call: Exclude<BrokerCall, ConnectCall>): Promise<CallResult> {
    try {
      return { ok: true, handle: -1, value: await this.#answer(call) };
    } catch (e) {
      return failure(e);
    }
  }

  async #answer(call: Exclude<BrokerCall, ConnectCall>): Promise<unknown> {
    switch (call.op) {
      case 'serve': return this.#serve(call.path, call.options);
      case 'stop': return this.#stop(call.path);
      case 'register': return this.#register(call.row, call.alone);
      case 'unregister': return this.#unregister(call.service, call.version);
      case 'services': return this.#rows();
      case 'stats': return Array.from(this.#servers.values(), (s): StatsRow => ({ path: s.path, connections: s.connections, ...s.figures }));
      case 'adopt': return this.#adopt(call.pipe, call.path);
      case 'path': return endpointPath(call.words);
      case 'token': return this.#token(call.service);
      case 'sidecar': return sidecar(call.file, call.path);
      case 'define': return writeDefinition(call.folder, call.words);
      case 'hello': return hello(call.path, call.words);
      case 'probe': return identity(call.path, call.expect);
      case 'admin': return admin(call.path, call.verb, call.words);
    }
  }

  /* ── brokers ───────────────────────────────────────────────────────── */

  async #serve(path: string, options: ServeOptions): Promise<null> {
    const { instance, timeout, rate, window, tokens = false, handoff = true } = options;
    const definition = definitions(options.services ?? false);
    if (options.launch === true && definition === null) throw new BrokerError('domain', 'backends are started by their definitions: services says where those are');
    const launcher = options.launch !== true ? null : new Launcher({
      path, definition: definition!,
      token: (service) => (tokens ? hex(this.#sessions.register(service)) : null),
      onStorm: () => this.#sessions.rotate(),
    });
    const server = await BrokerServer.open({
      path, directory: definition === null ? this.#services : new DefinedServices(definition, this.#services), instance,
      ...(launcher !== null && { launch: (asked: Hello, frame: Frame) => launcher.find(asked, frame), spawns: launcher.counters }),
      helloTimeoutMs: timeout ?? timeoutFrom(process.env[ENV.helloTimeout], HELLO_TIMEOUT_MS),
      rate: { max: rate ?? HELLO_RATE.max, windowMs: window ?? HELLO_RATE.windowMs },
      sessions: tokens ? this.#sessions : null,
      handoff: handoff && Handoffs.possible ? new AckRegistry(new TokenStore(randomBytes)) : null,
      backends: () => [...this.#services.list(), ...(launcher?.running ?? [])].map((b) => ({
        serviceName: b.serviceName, serviceVersion: b.version, pid: 'pid' in b ? b.pid : 0, backendPipe: b.pipe, lastActiveUnixMs: 0, state: existsSync(b.pipe) ? 'running' : 'stale',
      })),
      narrow: (asked, peer) => (this.ports.shared.helloHook ? this.#narrow(asked, peer) : null),
      log: ({ event, message }) => this.ports.log({ level: 'warn', event, handle: -1, message }),
    });
    this.#servers.set(path, server);
    // Also when the admin lane has asked for it.
    void server.closed.then(() => {
      if (this.#servers.get(path) === server) this.#servers.delete(path);
    });
    if (options.sidecar !== undefined) await sidecar(options.sidecar, path);
    return null;
  }

  async #narrow(asked: Hello, peer: Peer): Promise<Refusal | null> {
    const { allowed, reason } = await this.#ask({ slot: 'hello', subject: helloWords(asked), peer: { ...peer } });
    if (allowed) return null;
    return reason === undefined ? REFUSALS.narrowed : { ...REFUSALS.narrowed, reason };
  }

  #ask(question: BrokerQuestion): Promise<BrokerVerdict> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      this.ports.ask(id, question);
    });
  }

  async #stop(path: string): Promise<boolean> {
    const adoption = this.#adoptions.get(path);
    adoption?.close();
    this.#adoptions.delete(path);
    const server = this.#servers.get(path);
    await server?.shutdown();
    return server !== undefined || adoption !== undefined;
  }

  /* ── services ──────────────────────────────────────────────────────── */

  #register({ service, version, pipe, minVersion, allow, capabilities, handoff }: ServiceRow, alone: boolean): null {
    this.#services.register({
      serviceName: service, version, pipe, minVersion, allowList: allow, capabilities: BigInt(capabilities), ...(handoff === '' ? {} : { handoff }),
    }, alone);
    this.#sessions.register(service);
    return null;
  }

  #unregister(service: string, version: string | null): boolean {
    const known = this.#services.unregister(service, version ?? undefined);
    if (!this.#services.has(service)) this.#sessions.unregister(service);
    return known;
  }

  #rows(): ServiceRow[] {
    return this.#services.list().map((b) => ({
      service: b.serviceName, version: b.version, pipe: b.pipe, minVersion: b.minVersion, allow: b.allowList, capabilities: Number(b.capabilities), handoff: b.handoff ?? '',
    }));
  }

  #token(service: string): string {
    const token = this.#sessions.token(service);
    if (token === null) throw new BrokerError('domain', `no service ${service} is registered`);
    return hex(token);
  }

  /* ── connections that are passed on to this process ────────────────── */

  async #adopt(pipe: string, path: string): Promise<null> {
    if (!this.ports.listens(pipe)) throw new BrokerError('domain', `nothing listens at '${pipe}' here`);
    const adoption = await Adoption.open({
      path, tokens: new TokenStore(randomBytes),
      take: (client) => this.ports.receive(pipe, client),
      narrow: (offer, client) => (this.ports.shared.handoffHook ? this.#mayTake(offer, client) : null),
      log: ({ event, message }) => this.ports.log({ level: 'warn', event, handle: -1, message }),
    });
    this.#adoptions.set(path, adoption);
    return null;
  }

  async #mayTake({ serviceName, correlationId }: HandoffOffer, client: Peer): Promise<string | null> {
    const subject = { service: serviceName, connection: Number(correlationId) };
    const { allowed, reason = 'refused by the backend' } = await this.#ask({ slot: 'handoff', subject, peer: { ...client } });
    return allowed ? null : reason;
  }
}

/** Null: registrations alone decide. */
function definitions(services: string | boolean): ((service: string) => ServiceDefinition) | null {
  if (services === false) return null;
  const folder = services === true ? definitionFolder(process.env, process.platform) : services;
  if (folder === null) throw new BrokerError('domain', 'no folder for service definitions: neither HOME nor XDG_CONFIG_HOME is set');
  return definitionsIn(folder);
}

/** What `.broker.on.hello` is told. */
function helloWords(h: Hello): BrokerQuestion['subject'] {
  return {
    service: h.serviceName, want: h.wantedVersion, client: h.clientVersion, lib: h.clientLibName, lib_version: h.clientLibVersion,
    capabilities: Number(h.clientCapabilities), keepalive: Number(h.clientKeepaliveSecs),
  };
}

async function sidecar(file: string, path: string): Promise<null> {
  const { identity: own, exeSha256 } = await ownIdentity(createEndpoint({ path }));
  try {
    writeSidecar(file, { identity: own, legacyExeSha256: exeSha256 });
    return null;
  } catch (e) {
    throw new BrokerError('io', `${file}: ${(e as Error).message}`);
  }
}

function failure(e: unknown): CallResult {
  if (e instanceof BrokerError) return { ok: false, code: e.code === 'domain' ? 'domain' : 'io', message: e.message };
  if (e instanceof RegistrationError || e instanceof DefinitionError) return { ok: false, code: 'domain', message: e.message };
  if ((e as NodeJS.ErrnoException).code !== undefined) return { ok: false, code: 'io', message: (e as Error).message };
  throw e;
}
