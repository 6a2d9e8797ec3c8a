/** What scripts ask of brokers and endpoints elsewhere, in words. */
import { brokersDisabled, CLIENT_TIMEOUT_MS, ENV, timeoutFrom, type ClientFault, type ClientOptions } from '../../wire/broker/client.js';
import { decodeBody, envelopeFault, envelopeText, FramingError, frameWire, request } from '../../wire/broker/frame.js';
import { AdminVerb, createAdminRequest, decodeAdminReply, encodeAdminRequest, ErrorCode, FrameKind, type Hello } from '../../wire/broker/messages.generated.js';
import { DecodeError } from '../../wire/broker/protobuf.js';
import { ADMIN } from '../../wire/broker/protocols.js';
import { hex } from '../../wire/broker/secrets.js';
import { SidecarError } from '../../wire/broker/sidecar.js';
import type { AdminOutcome, AdminWords, ConnectWords, HelloOutcome, HelloWords, IdentityWords, RefusedWords } from './calls.js';
import { brokerConnect, brokerHello, exchange, probe, verify, type BrokerLink } from './dial.js';
import { readSidecar } from './sidecar-file.js';
import { BrokerError } from './socket-folder.js';

/** Errors: BrokerError. */
export async function hello(path: string, words: HelloWords): Promise<HelloOutcome> {
  checkEnabled();
  const answer = await brokerHello(path, helloOf(words), { timeoutMs: timeoutOf(words) });
  if ('fault' in answer) return refusedWords(answer.fault);
  const { backendPipe, daemonVersion, serverCapabilities, keepaliveIntervalSecs, connectionId } = answer.negotiated;
  return { pipe: backendPipe, version: daemonVersion, capabilities: String(serverCapabilities), keepalive: Number(keepaliveIntervalSecs), connection: Number(connectionId) };
}

/** Errors: BrokerError. */
export async function connectTo(path: string, words: ConnectWords): Promise<BrokerLink | RefusedWords> {
  checkEnabled();
  const { handoff = false, self, cached } = words;
  const options: ClientOptions = { broker: path, hello: helloOf(words), adopt: handoff, ...(self === undefined ? {} : { selfVersion: self }), cachedEndpoint: cached ?? null };
  const link = await brokerConnect({ ...options, timeoutMs: timeoutOf(words) });
  return 'fault' in link ? refusedWords(link.fault) : link;
}

/** `expect`: a sidecar that the endpoint is held against; '': none. Errors: BrokerError. */
export async function identity(path: string, expect: string): Promise<IdentityWords> {
  if (expect !== '') await checkExpected(path, expect);
  const found = await probe(path);
  if ('kind' in found) throw new BrokerError(found.kind, `no identity at '${path}': ${'detail' in found ? found.detail : found.kind}`);
  return {
    pid: found.pid, exe: found.exePath, namespace: found.ipcEndpoint?.namespaceId ?? '', path: found.ipcEndpoint?.path ?? '', started: Number(found.startedAtUnixMs),
    boot: found.bootId, algorithm: found.exeHashAlgorithm, hash: hex(found.exeHash),
  };
}

/** `verb`: as in the protocol, in lower case with `-`, or its number. Errors: BrokerError. */
export async function admin(path: string, verb: string, { json = false, service = '', path: outputPath = '', drain = 0, timeout }: AdminWords): Promise<AdminOutcome> {
  const number = /^\d+$/.test(verb) ? Number(verb) : VERBS.get(verb);
  if (number === undefined) throw new BrokerError('domain', `no verb ${verb}; there are ${[...VERBS.keys()].join(', ')}`);
  const asked = createAdminRequest({ verb: number, json, serviceName: service, outputPath, drainDeadlineMs: BigInt(drain) });
  const answer = await exchange(path, frameWire(request(ADMIN, encodeAdminRequest(asked), 1n)), timeout ?? clientTimeout());
  if (!('body' in answer)) throw new BrokerError('io', answer.timeout ? 'the broker does not answer' : `the broker cannot be asked: ${answer.detail}`);
  try {
    const frame = decodeBody(answer.body);
    const fault = envelopeFault(frame, FrameKind.RESPONSE, ADMIN);
    if (fault !== null) throw new BrokerError('io', envelopeText(fault, 'admin'));
    return decodeAdminReply(frame.payload);
  } catch (e) {
    if (e instanceof FramingError || e instanceof DecodeError) throw new BrokerError('io', `not the answer of a broker: ${e.message}`);
    throw e;
  }
}
const VERBS = new Map(Object.entries(AdminVerb).map(([name, number]) => [name.toLowerCase().replaceAll('_', '-'), number as number]));

async function checkExpected(path: string, file: string): Promise<void> {
  let expected: ReturnType<typeof readSidecar>['identity'];
  try {
    expected = readSidecar(file).identity;
  } catch (e) {
    if (e instanceof SidecarError || (e as NodeJS.ErrnoException).code !== undefined) throw new BrokerError('io', `${file}: ${(e as Error).message}`);
    throw e;
  }
  const fault = await verify({ namespaceId: expected.ipcEndpoint?.namespaceId ?? '', path }, expected);
  if (fault !== null) throw new BrokerError(fault.kind, `not who '${file}' says: ${[fault.kind, 'reason' in fault ? fault.reason : '', 'field' in fault ? fault.field : '', 'detail' in fault ? fault.detail : ''].filter(Boolean).join(' ')}`);
}

function helloOf({ service, want, client = '', keepalive = 0, token = '' }: HelloWords): Partial<Hello> {
  return { serviceName: service, wantedVersion: want, clientVersion: client, clientLibName: 'rfl', clientKeepaliveSecs: BigInt(keepalive), authToken: Buffer.from(token, 'hex') };
}

/** Errors: BrokerError, of a fault that is no refusal. */
function refusedWords(fault: ClientFault): RefusedWords {
  if (fault.kind !== 'Refused') throw new BrokerError(fault.kind, faultText(fault));
  const name = Object.entries(ErrorCode).find(([, code]) => code === fault.code)?.[0] ?? '';
  return { code: fault.code, name, reason: fault.refused.reason, retryAfterMs: Number(fault.refused.retryAfterMs) };
}

function faultText(fault: Exclude<ClientFault, { kind: 'Refused' }>): string {
  if ('detail' in fault) return `the broker cannot be asked: ${fault.detail}`;
  return fault.kind === 'Timeout' ? 'the broker does not answer' : 'the broker answers with nothing';
}

function timeoutOf({ timeout }: HelloWords): number {
  return timeout ?? clientTimeout();
}
function clientTimeout(): number {
  return timeoutFrom(process.env[ENV.clientTimeout], CLIENT_TIMEOUT_MS);
}

function checkEnabled(): void {
  const disabled = brokersDisabled(process.env[ENV.disable]);
  if (disabled !== false) throw new BrokerError('policy', disabled === true ? `${ENV.disable} is set` : `${ENV.disable} is '${disabled.invalid}', and may only be 1`);
}
