/** The admin lane: questions about a broker, answered from a snapshot of its state. */
import { envelopeFault, envelopeText, responseTo } from './frame.js';
import { AdminReplyKind, AdminVerb, createAdminReply, decodeAdminRequest, encodeAdminReply, FrameKind, type AdminReply, type AdminRequest, type Frame } from './messages.generated.js';
import { openMetrics, type HelloCounters, type SpawnCounters } from './metrics.js';
import { DecodeError } from './protobuf.js';
import { ADMIN } from './protocols.js';

export interface BackendState {
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** 0: not known. */
  readonly pid: number;
  readonly backendPipe: string;
  readonly lastActiveUnixMs: number;
  readonly state: 'running' | 'stale';
}

export interface Setting { readonly value: string | number | boolean | null; readonly source: 'default' | 'env' | 'option' }

export interface BrokerState {
  readonly instance: string;
  readonly pid: number;
  readonly nowUnixMs: number;
  readonly uptimeSeconds: number;
  readonly acceptingHello: boolean;
  readonly connectionsOpen: number;
  readonly fdDemoted: boolean;
  /** Used descriptors of those possible, 0 to 1. */
  readonly fdUsageRatio: number;
  readonly backends: readonly BackendState[];
  readonly hellos?: HelloCounters;
  readonly spawns?: SpawnCounters;
  readonly config: ReadonlyMap<string, Setting>;
}

/** A frame on the admin lane that is no request: the connection is closed without an answer. */
export class AdminError extends Error {}

export interface AdminAnswer { readonly frame: Frame; readonly request: AdminRequest }

/** Answers a request; what the verb SHUTDOWN means is up to the caller. Errors: AdminError. */
export function answerAdmin(frame: Frame, state: BrokerState): AdminAnswer {
  const fault = envelopeFault(frame, FrameKind.REQUEST, ADMIN);
  if (fault !== null) throw new AdminError(envelopeText(fault, 'admin'));
  let request: AdminRequest;
  try {
    request = decodeAdminRequest(frame.payload);
  } catch (e) {
    if (e instanceof DecodeError) throw new AdminError(`malformed AdminRequest: ${e.message}`);
    throw e;
  }
  const answer = VERBS.get(request.verb) ?? unsupported;
  return { frame: responseTo(frame, encodeAdminReply(answer(request, state))), request };
}

type Answer = (request: AdminRequest, state: BrokerState) => AdminReply;

const unsupported: Answer = () => text('unsupported admin verb\n', 2);

const VERBS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [AdminVerb.STATUS, (q, s) => (q.json ? json('status', s, status(s)) : text(`broker_instance: ${s.instance}\naccepting_hello: ${s.acceptingHello}\n`))],
  [AdminVerb.DUMP, (_, s) => json('dump', s, { ...status(s), config: config(s) })],
  [AdminVerb.LIST_INSTANCES, (_, s) => json('list-instances', s, {
    instances: [{ broker_instance: s.instance, broker_pid: s.pid, pipe: '', state: s.acceptingHello ? 'running' : 'not-serving' }],
  })],
  [AdminVerb.HEALTHZ, () => text('ok\n')],
  [AdminVerb.READYZ, (_, s) => (s.acceptingHello ? text('ready\n') : text('not ready\n', 1))],
  [AdminVerb.BACKEND_HEALTH, (q, s) => json('backend-health', s, backendHealth(q.serviceName, s))],
  [AdminVerb.CONFIG, (_, s) => json('config', s, { config: config(s) })],
  [AdminVerb.DIAGNOSE, (q, s) => json('diagnose', s, { output_path: q.outputPath === '' ? 'bundle.tar.gz' : q.outputPath, written: false, broker_instance: s.instance, broker_pid: s.pid })],
  [AdminVerb.METRICS, (_, s) => createAdminReply({ kind: AdminReplyKind.OPENMETRICS, body: openMetrics(s), contentType: 'application/openmetrics-text' })],
  [AdminVerb.SHUTDOWN, () => text('broker shutting down\n')],
]);

function text(body: string, exitCode = 0): AdminReply {
  return createAdminReply({ kind: AdminReplyKind.TEXT, body, exitCode, contentType: 'text/plain' });
}

function json(command: string, state: BrokerState, body: object): AdminReply {
  const envelope = { schema_version: 1, command, generated_at_unix_ms: state.nowUnixMs };
  return createAdminReply({ kind: AdminReplyKind.JSON, body: JSON.stringify({ ...envelope, ...body }), contentType: 'application/json' });
}

function status(s: BrokerState): object {
  return {
    broker_instance: s.instance,
    broker_pid: s.pid,
    uptime_seconds: s.uptimeSeconds,
    accepting_hello: s.acceptingHello,
    connections_open: s.connectionsOpen,
    fd_pressure: { demoted: s.fdDemoted },
    inode_pressure: { supported: false },
    backends: s.backends.map(backend),
  };
}

function backendHealth(service: string, s: BrokerState): object {
  const backends = s.backends.filter((b) => b.serviceName === service);
  const state = backends.some((b) => b.state === 'running') ? 'running' : backends.length > 0 ? 'stale' : 'unknown';
  return { service_name: service === '' ? 'unknown' : service, state, backends: backends.map(backend) };
}

function backend(b: BackendState): object {
  return {
    service_name: b.serviceName, service_version: b.serviceVersion, pid: b.pid, backend_pipe: b.backendPipe,
    last_active_unix_ms: b.lastActiveUnixMs, state: b.state,
  };
}

function config(s: BrokerState): object {
  return Object.fromEntries(s.config);
}
