/** Brokers of this process on the I/O side: what the language side asks for. Never waits for an evaluation. */
import { brokersDisabled, CLIENT_TIMEOUT_MS, ENV, timeoutFrom, type ClientFault } from '../../wire/broker/client.js';
import { BackendTable, RegistrationError } from '../../wire/broker/directories.js';
import { HELLO_TIMEOUT_MS } from '../../wire/broker/exchange.js';
import { HELLO_RATE } from '../../wire/broker/limits.js';
import type { Peer } from '../../wire/broker/hello.js';
import { ErrorCode, type Hello } from '../../wire/broker/messages.generated.js';
import { REFUSALS, type Refusal } from '../../wire/broker/refusal.js';
import { hex } from '../../wire/broker/secrets.js';
import type { LogRecord } from '../api.js';
import type { CallResult } from '../messages.js';
import type { SharedState } from '../shared-state.js';
import type { BrokerCall, BrokerQuestion, BrokerVerdict, HelloOutcome, HelloWords, IdentityWords, ServeOptions, ServiceRow, StatsRow } from './calls.js';
import { brokerHello, probe } from './dial.js';
import { BrokerServer } from './server.js';
import { BrokerError } from './socket-folder.js';

/** The rest of the I/O side, as brokers need it. */
export interface BrokerPorts {
  /** Whether slots are set. */
  readonly shared: Pick<SharedState, 'helloHook' | 'handoffHook'>;
  /** Asks a slot; `answered` is called with the number. */
  ask(id: number, question: BrokerQuestion): void;
  log(record: LogRecord): void;
}

export class BrokerHub {
  /** All brokers of the process know the same services. */
  readonly #services = new BackendTable();
  readonly #servers = new Map<string, BrokerServer>();

  readonly #questions = new Map<number, (verdict: BrokerVerdict) => void>();
  #asked = 0;

  constructor(private readonly ports: BrokerPorts) {}

  get idle(): boolean {
    return this.#servers.size === 0;
  }

  /** Accepts nothing more; resolves when everybody has his answer, at most after `ms`. */
  async finish(ms: number): Promise<void> {
    await Promise.all(Array.from(this.#servers.values(), (server) => server.shutdown(ms)));
    this.#servers.clear();
  }

  /** A slot has answered. */
  answered(id: number, verdict: BrokerVerdict): void {
    this.#questions.get(id)?.(verdict);
    this.#questions.delete(id);
  }

  async call(call: BrokerCall): Promise<CallResult> {
    try {
      return { ok: true, handle: -1, value: await this.#answer(call) };
    } catch (e) {
      if (e instanceof BrokerError) return { ok: false, code: 'io', message: e.message };
      if (e instanceof RegistrationError) return { ok: false, code: 'domain', message: e.message };
      throw e;
    }
  }

  async #answer(call: BrokerCall): Promise<unknown> {
    switch (call.op) {
      case 'serve': return this.#serve(call.path, call.options);
      case 'stop': return this.#stop(call.path);
      case 'register': return this.#register(call.row, call.alone);
      case 'unregister': return this.#services.unregister(call.service, call.version ?? undefined);
      case 'services': return this.#rows();
      case 'stats': return Array.from(this.#servers.values(), (s): StatsRow => ({ path: s.path, connections: s.connections, ...s.figures }));
      case 'hello': return hello(call.path, call.words);
      case 'probe': return identity(call.path);
    }
  }

  async #serve(path: string, { instance, timeout, rate, window }: ServeOptions): Promise<null> {
    const server = await BrokerServer.open({
      path, directory: this.#services, instance, helloTimeoutMs: timeout ?? timeoutFrom(process.env[ENV.helloTimeout], HELLO_TIMEOUT_MS),
      rate: { max: rate ?? HELLO_RATE.max, windowMs: window ?? HELLO_RATE.windowMs },
      backends: () => this.#services.list().map((b) => ({ serviceName: b.serviceName, serviceVersion: b.version, pid: 0, backendPipe: b.pipe, lastActiveUnixMs: 0, state: 'running' as const })),
      narrow: (hello, peer) => (this.ports.shared.helloHook ? this.#narrow(hello, peer) : null),
      log: ({ event, message }) => this.ports.log({ level: 'warn', event, handle: -1, message }),
    });
    this.#servers.set(path, server);
    // Also when the admin lane has asked for it.
    void server.closed.then(() => {
      if (this.#servers.get(path) === server) this.#servers.delete(path);
    });
    return null;
  }

  async #narrow(hello: Hello, peer: Peer): Promise<Refusal | null> {
    const { allowed, reason } = await this.#ask({ slot: 'hello', subject: helloWords(hello), peer: { ...peer } });
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
    const server = this.#servers.get(path);
    if (server === undefined) return false;
    await server.shutdown();
    return true;
  }

  #register(row: ServiceRow, alone: boolean): null {
    const { service, version, pipe, minVersion, allow, capabilities } = row;
    this.#services.register({ serviceName: service, version, pipe, minVersion, allowList: allow, capabilities: BigInt(capabilities) }, alone);
    return null;
  }

  #rows(): ServiceRow[] {
    return this.#services.list().map((b) => ({
      service: b.serviceName, version: b.version, pipe: b.pipe, minVersion: b.minVersion, allow: b.allowList, capabilities: Number(b.capabilities),
    }));
  }
}

async function hello(path: string, { service, want, client, keepalive, timeout }: HelloWords): Promise<HelloOutcome> {
  const disabled = brokersDisabled(process.env[ENV.disable]);
  if (disabled !== false) throw new BrokerError('policy', disabled === true ? `${ENV.disable} is set` : `${ENV.disable} is '${disabled.invalid}', and may only be 1`);
  const answer = await brokerHello(path, {
    serviceName: service, wantedVersion: want, clientVersion: client ?? '', clientLibName: 'rfl', clientCapabilities: 0n, clientKeepaliveSecs: BigInt(keepalive ?? 0),
  }, { timeoutMs: timeout ?? timeoutFrom(process.env[ENV.clientTimeout], CLIENT_TIMEOUT_MS) });
  if ('negotiated' in answer) {
    const { backendPipe, daemonVersion, serverCapabilities, keepaliveIntervalSecs, connectionId } = answer.negotiated;
    return { pipe: backendPipe, version: daemonVersion, capabilities: String(serverCapabilities), keepalive: Number(keepaliveIntervalSecs), connection: Number(connectionId) };
  }
  const { fault } = answer;
  if (fault.kind !== 'Refused') throw new BrokerError(fault.kind, faultText(fault));
  const name = Object.entries(ErrorCode).find(([, code]) => code === fault.code)?.[0] ?? '';
  return { code: fault.code, name, reason: fault.refused.reason, retryAfterMs: Number(fault.refused.retryAfterMs) };
}

function faultText(fault: Exclude<ClientFault, { kind: 'Refused' }>): string {
  if ('detail' in fault) return `the broker cannot be asked: ${fault.detail}`;
  return fault.kind === 'Timeout' ? 'the broker does not answer' : 'the broker answers with nothing';
}

async function identity(path: string): Promise<IdentityWords> {
  const found = await probe(path);
  if ('kind' in found) throw new BrokerError(found.kind, `no identity at '${path}': ${'detail' in found ? found.detail : found.kind}`);
  return {
    pid: found.pid, exe: found.exePath, namespace: found.ipcEndpoint?.namespaceId ?? '', path: found.ipcEndpoint?.path ?? '', started: Number(found.startedAtUnixMs),
    boot: found.bootId, algorithm: found.exeHashAlgorithm, hash: hex(found.exeHash),
  };
}

/** What `.broker.on.hello` is told. */
function helloWords(h: Hello): BrokerQuestion['subject'] {
  return {
    service: h.serviceName, want: h.wantedVersion, client: h.clientVersion, lib: h.clientLibName, lib_version: h.clientLibVersion,
    capabilities: Number(h.clientCapabilities), keepalive: Number(h.clientKeepaliveSecs),
  };
}
