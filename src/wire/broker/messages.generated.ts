// Generated from grammar/broker_v1.proto by grammar/broker-generate.mjs; not to be edited.
import protobuf from 'protobufjs/minimal.js';
import { bool, decodeWhole, int32, NO_BYTES, nested, readPair, skip, uint32, uint64, writePairs, writeUint64 } from './protobuf.js';

export const FrameKind = { REQUEST: 0, RESPONSE: 1, EVENT: 2, CANCEL: 3 } as const;

export const PayloadEncoding = { NONE: 0, ZSTD: 1, SNAPPY: 2, LZ4: 3 } as const;

export const ErrorCode = { CODE_UNSPECIFIED: 0, VERSION_UNSUPPORTED: 1, SERVICE_UNKNOWN: 2, BACKEND_SPAWN_FAILED: 3, RATE_LIMITED: 4, SHUTTING_DOWN: 5, PEER_REJECTED: 6, INTERNAL: 7, VERSION_BLOCKED: 8, FD_PRESSURE: 9 } as const;

export const AdminVerb = { UNSPECIFIED: 0, STATUS: 1, DUMP: 2, LIST_INSTANCES: 3, HEALTHZ: 4, READYZ: 5, BACKEND_HEALTH: 6, CONFIG: 7, DIAGNOSE: 8, METRICS: 9, SHUTDOWN: 21 } as const;

export const AdminReplyKind = { TEXT: 0, JSON: 1, OPENMETRICS: 2 } as const;

export const BrokerIsolation = { PRIVATE_BROKER: 0, SHARED_BROKER: 1, EXPLICIT_INSTANCE: 2 } as const;

export interface Frame {
  envelopeVersion: number;
  kind: number;
  payloadProtocol: number;
  payload: Uint8Array;
  requestId: bigint;
  payloadEncoding: number;
  deadlineUnixMs: bigint;
  traceparent: string;
  tracestate: string;
}

export function createFrame(init: Partial<Frame> = {}): Frame {
  return { envelopeVersion: init.envelopeVersion ?? 0, kind: init.kind ?? 0, payloadProtocol: init.payloadProtocol ?? 0, payload: init.payload ?? NO_BYTES, requestId: init.requestId ?? 0n, payloadEncoding: init.payloadEncoding ?? 0, deadlineUnixMs: init.deadlineUnixMs ?? 0n, traceparent: init.traceparent ?? '', tracestate: init.tracestate ?? '' };
}

export function encodeFrame(m: Frame): Uint8Array {
  return writeFrame(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeFrame(bytes: Uint8Array, start = 0, end = bytes.length): Frame {
  return decodeWhole(bytes, start, end, createFrame(), mergeFrame);
}

export function writeFrame(m: Frame, w: protobuf.Writer): protobuf.Writer {
  if (m.envelopeVersion !== 0) w.uint32(8).uint32(m.envelopeVersion);
  if (m.kind !== 0) w.uint32(16).int32(m.kind);
  if (m.payloadProtocol !== 0) w.uint32(24).uint32(m.payloadProtocol);
  if (m.payload.length > 0) w.uint32(34).bytes(m.payload);
  if (m.requestId !== 0n) writeUint64(w.uint32(40), m.requestId);
  if (m.payloadEncoding !== 0) w.uint32(48).int32(m.payloadEncoding);
  if (m.deadlineUnixMs !== 0n) writeUint64(w.uint32(56), m.deadlineUnixMs);
  if (m.traceparent !== '') w.uint32(66).string(m.traceparent);
  if (m.tracestate !== '') w.uint32(74).string(m.tracestate);
  return w;
}

function mergeFrame(r: protobuf.Reader, m: Frame, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.envelopeVersion = uint32(r); break;
      case 16: m.kind = int32(r); break;
      case 24: m.payloadProtocol = uint32(r); break;
      case 34: m.payload = r.bytes(); break;
      case 40: m.requestId = uint64(r); break;
      case 48: m.payloadEncoding = int32(r); break;
      case 56: m.deadlineUnixMs = uint64(r); break;
      case 66: m.traceparent = r.stringVerify(); break;
      case 74: m.tracestate = r.stringVerify(); break;
      default: skip(r, tag, KNOWN_Frame, depth);
    }
  }
}
const KNOWN_Frame = 0x3fe;

export interface Hello {
  clientMinProtocol: number;
  clientMaxProtocol: number;
  serviceName: string;
  wantedVersion: string;
  clientVersion: string;
  clientCapabilities: bigint;
  authToken: Uint8Array;
  requestId: string;
  connectionId: bigint;
  peerPid: number;
  clientLibName: string;
  clientLibVersion: string;
  peerAttestationNonce: Uint8Array;
  capabilityToken: Uint8Array;
  clientKeepaliveSecs: bigint;
}

export function createHello(init: Partial<Hello> = {}): Hello {
  return { clientMinProtocol: init.clientMinProtocol ?? 0, clientMaxProtocol: init.clientMaxProtocol ?? 0, serviceName: init.serviceName ?? '', wantedVersion: init.wantedVersion ?? '', clientVersion: init.clientVersion ?? '', clientCapabilities: init.clientCapabilities ?? 0n, authToken: init.authToken ?? NO_BYTES, requestId: init.requestId ?? '', connectionId: init.connectionId ?? 0n, peerPid: init.peerPid ?? 0, clientLibName: init.clientLibName ?? '', clientLibVersion: init.clientLibVersion ?? '', peerAttestationNonce: init.peerAttestationNonce ?? NO_BYTES, capabilityToken: init.capabilityToken ?? NO_BYTES, clientKeepaliveSecs: init.clientKeepaliveSecs ?? 0n };
}

export function encodeHello(m: Hello): Uint8Array {
  return writeHello(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeHello(bytes: Uint8Array, start = 0, end = bytes.length): Hello {
  return decodeWhole(bytes, start, end, createHello(), mergeHello);
}

export function writeHello(m: Hello, w: protobuf.Writer): protobuf.Writer {
  if (m.clientMinProtocol !== 0) w.uint32(8).uint32(m.clientMinProtocol);
  if (m.clientMaxProtocol !== 0) w.uint32(16).uint32(m.clientMaxProtocol);
  if (m.serviceName !== '') w.uint32(26).string(m.serviceName);
  if (m.wantedVersion !== '') w.uint32(34).string(m.wantedVersion);
  if (m.clientVersion !== '') w.uint32(42).string(m.clientVersion);
  if (m.clientCapabilities !== 0n) writeUint64(w.uint32(48), m.clientCapabilities);
  if (m.authToken.length > 0) w.uint32(58).bytes(m.authToken);
  if (m.requestId !== '') w.uint32(66).string(m.requestId);
  if (m.connectionId !== 0n) writeUint64(w.uint32(72), m.connectionId);
  if (m.peerPid !== 0) w.uint32(80).uint32(m.peerPid);
  if (m.clientLibName !== '') w.uint32(90).string(m.clientLibName);
  if (m.clientLibVersion !== '') w.uint32(98).string(m.clientLibVersion);
  if (m.peerAttestationNonce.length > 0) w.uint32(106).bytes(m.peerAttestationNonce);
  if (m.capabilityToken.length > 0) w.uint32(114).bytes(m.capabilityToken);
  if (m.clientKeepaliveSecs !== 0n) writeUint64(w.uint32(120), m.clientKeepaliveSecs);
  return w;
}

function mergeHello(r: protobuf.Reader, m: Hello, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.clientMinProtocol = uint32(r); break;
      case 16: m.clientMaxProtocol = uint32(r); break;
      case 26: m.serviceName = r.stringVerify(); break;
      case 34: m.wantedVersion = r.stringVerify(); break;
      case 42: m.clientVersion = r.stringVerify(); break;
      case 48: m.clientCapabilities = uint64(r); break;
      case 58: m.authToken = r.bytes(); break;
      case 66: m.requestId = r.stringVerify(); break;
      case 72: m.connectionId = uint64(r); break;
      case 80: m.peerPid = uint32(r); break;
      case 90: m.clientLibName = r.stringVerify(); break;
      case 98: m.clientLibVersion = r.stringVerify(); break;
      case 106: m.peerAttestationNonce = r.bytes(); break;
      case 114: m.capabilityToken = r.bytes(); break;
      case 120: m.clientKeepaliveSecs = uint64(r); break;
      default: skip(r, tag, KNOWN_Hello, depth);
    }
  }
}
const KNOWN_Hello = 0xfffe;

export interface HelloReply {
  negotiated: Negotiated | null;
  refused: Refused | null;
}

export function createHelloReply(init: Partial<HelloReply> = {}): HelloReply {
  return { negotiated: init.negotiated ?? null, refused: init.refused ?? null };
}

export function encodeHelloReply(m: HelloReply): Uint8Array {
  return writeHelloReply(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeHelloReply(bytes: Uint8Array, start = 0, end = bytes.length): HelloReply {
  return decodeWhole(bytes, start, end, createHelloReply(), mergeHelloReply);
}

export function writeHelloReply(m: HelloReply, w: protobuf.Writer): protobuf.Writer {
  if (m.negotiated !== null) writeNegotiated(m.negotiated, w.uint32(10).fork()).ldelim();
  if (m.refused !== null) writeRefused(m.refused, w.uint32(18).fork()).ldelim();
  return w;
}

function mergeHelloReply(r: protobuf.Reader, m: HelloReply, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: nested(r, m.negotiated ??= createNegotiated(), mergeNegotiated, depth); m.refused = null; break;
      case 18: nested(r, m.refused ??= createRefused(), mergeRefused, depth); m.negotiated = null; break;
      default: skip(r, tag, KNOWN_HelloReply, depth);
    }
  }
}
const KNOWN_HelloReply = 0x6;

export interface Negotiated {
  negotiatedProtocol: number;
  daemonVersion: string;
  backendPipe: string;
  warnings: string[];
  serverCapabilities: bigint;
  keepaliveIntervalSecs: bigint;
  handlePassedToken: Uint8Array;
  connectionId: bigint;
}

export function createNegotiated(init: Partial<Negotiated> = {}): Negotiated {
  return { negotiatedProtocol: init.negotiatedProtocol ?? 0, daemonVersion: init.daemonVersion ?? '', backendPipe: init.backendPipe ?? '', warnings: init.warnings ?? [], serverCapabilities: init.serverCapabilities ?? 0n, keepaliveIntervalSecs: init.keepaliveIntervalSecs ?? 0n, handlePassedToken: init.handlePassedToken ?? NO_BYTES, connectionId: init.connectionId ?? 0n };
}

export function encodeNegotiated(m: Negotiated): Uint8Array {
  return writeNegotiated(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeNegotiated(bytes: Uint8Array, start = 0, end = bytes.length): Negotiated {
  return decodeWhole(bytes, start, end, createNegotiated(), mergeNegotiated);
}

export function writeNegotiated(m: Negotiated, w: protobuf.Writer): protobuf.Writer {
  if (m.negotiatedProtocol !== 0) w.uint32(8).uint32(m.negotiatedProtocol);
  if (m.daemonVersion !== '') w.uint32(18).string(m.daemonVersion);
  if (m.backendPipe !== '') w.uint32(26).string(m.backendPipe);
  for (const v of m.warnings) w.uint32(34).string(v);
  if (m.serverCapabilities !== 0n) writeUint64(w.uint32(40), m.serverCapabilities);
  if (m.keepaliveIntervalSecs !== 0n) writeUint64(w.uint32(48), m.keepaliveIntervalSecs);
  if (m.handlePassedToken.length > 0) w.uint32(58).bytes(m.handlePassedToken);
  if (m.connectionId !== 0n) writeUint64(w.uint32(64), m.connectionId);
  return w;
}

function mergeNegotiated(r: protobuf.Reader, m: Negotiated, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.negotiatedProtocol = uint32(r); break;
      case 18: m.daemonVersion = r.stringVerify(); break;
      case 26: m.backendPipe = r.stringVerify(); break;
      case 34: m.warnings.push(r.stringVerify()); break;
      case 40: m.serverCapabilities = uint64(r); break;
      case 48: m.keepaliveIntervalSecs = uint64(r); break;
      case 58: m.handlePassedToken = r.bytes(); break;
      case 64: m.connectionId = uint64(r); break;
      default: skip(r, tag, KNOWN_Negotiated, depth);
    }
  }
}
const KNOWN_Negotiated = 0x1fe;

export interface Refused {
  reason: string;
  daemonMinProtocol: number;
  daemonMaxProtocol: number;
  code: number;
  details: Map<string, string>;
  retryAfterMs: bigint;
}

export function createRefused(init: Partial<Refused> = {}): Refused {
  return { reason: init.reason ?? '', daemonMinProtocol: init.daemonMinProtocol ?? 0, daemonMaxProtocol: init.daemonMaxProtocol ?? 0, code: init.code ?? 0, details: init.details ?? new Map(), retryAfterMs: init.retryAfterMs ?? 0n };
}

export function encodeRefused(m: Refused): Uint8Array {
  return writeRefused(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeRefused(bytes: Uint8Array, start = 0, end = bytes.length): Refused {
  return decodeWhole(bytes, start, end, createRefused(), mergeRefused);
}

export function writeRefused(m: Refused, w: protobuf.Writer): protobuf.Writer {
  if (m.reason !== '') w.uint32(10).string(m.reason);
  if (m.daemonMinProtocol !== 0) w.uint32(16).uint32(m.daemonMinProtocol);
  if (m.daemonMaxProtocol !== 0) w.uint32(24).uint32(m.daemonMaxProtocol);
  if (m.code !== 0) w.uint32(32).int32(m.code);
  writePairs(w, 42, m.details);
  if (m.retryAfterMs !== 0n) writeUint64(w.uint32(48), m.retryAfterMs);
  return w;
}

function mergeRefused(r: protobuf.Reader, m: Refused, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: m.reason = r.stringVerify(); break;
      case 16: m.daemonMinProtocol = uint32(r); break;
      case 24: m.daemonMaxProtocol = uint32(r); break;
      case 32: m.code = int32(r); break;
      case 42: readPair(r, m.details, depth); break;
      case 48: m.retryAfterMs = uint64(r); break;
      default: skip(r, tag, KNOWN_Refused, depth);
    }
  }
}
const KNOWN_Refused = 0x7e;

export interface HandoffOffer {
  handleValue: bigint;
  token: Uint8Array;
  serviceName: string;
  correlationId: bigint;
}

export function createHandoffOffer(init: Partial<HandoffOffer> = {}): HandoffOffer {
  return { handleValue: init.handleValue ?? 0n, token: init.token ?? NO_BYTES, serviceName: init.serviceName ?? '', correlationId: init.correlationId ?? 0n };
}

export function encodeHandoffOffer(m: HandoffOffer): Uint8Array {
  return writeHandoffOffer(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeHandoffOffer(bytes: Uint8Array, start = 0, end = bytes.length): HandoffOffer {
  return decodeWhole(bytes, start, end, createHandoffOffer(), mergeHandoffOffer);
}

export function writeHandoffOffer(m: HandoffOffer, w: protobuf.Writer): protobuf.Writer {
  if (m.handleValue !== 0n) writeUint64(w.uint32(8), m.handleValue);
  if (m.token.length > 0) w.uint32(18).bytes(m.token);
  if (m.serviceName !== '') w.uint32(26).string(m.serviceName);
  if (m.correlationId !== 0n) writeUint64(w.uint32(32), m.correlationId);
  return w;
}

function mergeHandoffOffer(r: protobuf.Reader, m: HandoffOffer, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.handleValue = uint64(r); break;
      case 18: m.token = r.bytes(); break;
      case 26: m.serviceName = r.stringVerify(); break;
      case 32: m.correlationId = uint64(r); break;
      default: skip(r, tag, KNOWN_HandoffOffer, depth);
    }
  }
}
const KNOWN_HandoffOffer = 0x1e;

export interface HandoffAck {
  token: Uint8Array;
  accepted: boolean;
  errorDetail: string;
  correlationId: bigint;
}

export function createHandoffAck(init: Partial<HandoffAck> = {}): HandoffAck {
  return { token: init.token ?? NO_BYTES, accepted: init.accepted ?? false, errorDetail: init.errorDetail ?? '', correlationId: init.correlationId ?? 0n };
}

export function encodeHandoffAck(m: HandoffAck): Uint8Array {
  return writeHandoffAck(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeHandoffAck(bytes: Uint8Array, start = 0, end = bytes.length): HandoffAck {
  return decodeWhole(bytes, start, end, createHandoffAck(), mergeHandoffAck);
}

export function writeHandoffAck(m: HandoffAck, w: protobuf.Writer): protobuf.Writer {
  if (m.token.length > 0) w.uint32(10).bytes(m.token);
  if (m.accepted) w.uint32(16).bool(m.accepted);
  if (m.errorDetail !== '') w.uint32(26).string(m.errorDetail);
  if (m.correlationId !== 0n) writeUint64(w.uint32(32), m.correlationId);
  return w;
}

function mergeHandoffAck(r: protobuf.Reader, m: HandoffAck, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: m.token = r.bytes(); break;
      case 16: m.accepted = bool(r); break;
      case 26: m.errorDetail = r.stringVerify(); break;
      case 32: m.correlationId = uint64(r); break;
      default: skip(r, tag, KNOWN_HandoffAck, depth);
    }
  }
}
const KNOWN_HandoffAck = 0x1e;

export interface AdminRequest {
  verb: number;
  json: boolean;
  serviceName: string;
  outputPath: string;
  drainDeadlineMs: bigint;
}

export function createAdminRequest(init: Partial<AdminRequest> = {}): AdminRequest {
  return { verb: init.verb ?? 0, json: init.json ?? false, serviceName: init.serviceName ?? '', outputPath: init.outputPath ?? '', drainDeadlineMs: init.drainDeadlineMs ?? 0n };
}

export function encodeAdminRequest(m: AdminRequest): Uint8Array {
  return writeAdminRequest(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeAdminRequest(bytes: Uint8Array, start = 0, end = bytes.length): AdminRequest {
  return decodeWhole(bytes, start, end, createAdminRequest(), mergeAdminRequest);
}

export function writeAdminRequest(m: AdminRequest, w: protobuf.Writer): protobuf.Writer {
  if (m.verb !== 0) w.uint32(8).int32(m.verb);
  if (m.json) w.uint32(16).bool(m.json);
  if (m.serviceName !== '') w.uint32(26).string(m.serviceName);
  if (m.outputPath !== '') w.uint32(34).string(m.outputPath);
  if (m.drainDeadlineMs !== 0n) writeUint64(w.uint32(40), m.drainDeadlineMs);
  return w;
}

function mergeAdminRequest(r: protobuf.Reader, m: AdminRequest, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.verb = int32(r); break;
      case 16: m.json = bool(r); break;
      case 26: m.serviceName = r.stringVerify(); break;
      case 34: m.outputPath = r.stringVerify(); break;
      case 40: m.drainDeadlineMs = uint64(r); break;
      default: skip(r, tag, KNOWN_AdminRequest, depth);
    }
  }
}
const KNOWN_AdminRequest = 0x3e;

export interface AdminReply {
  kind: number;
  body: string;
  exitCode: number;
  contentType: string;
}

export function createAdminReply(init: Partial<AdminReply> = {}): AdminReply {
  return { kind: init.kind ?? 0, body: init.body ?? '', exitCode: init.exitCode ?? 0, contentType: init.contentType ?? '' };
}

export function encodeAdminReply(m: AdminReply): Uint8Array {
  return writeAdminReply(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeAdminReply(bytes: Uint8Array, start = 0, end = bytes.length): AdminReply {
  return decodeWhole(bytes, start, end, createAdminReply(), mergeAdminReply);
}

export function writeAdminReply(m: AdminReply, w: protobuf.Writer): protobuf.Writer {
  if (m.kind !== 0) w.uint32(8).int32(m.kind);
  if (m.body !== '') w.uint32(18).string(m.body);
  if (m.exitCode !== 0) w.uint32(24).uint32(m.exitCode);
  if (m.contentType !== '') w.uint32(34).string(m.contentType);
  return w;
}

function mergeAdminReply(r: protobuf.Reader, m: AdminReply, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.kind = int32(r); break;
      case 18: m.body = r.stringVerify(); break;
      case 24: m.exitCode = uint32(r); break;
      case 34: m.contentType = r.stringVerify(); break;
      default: skip(r, tag, KNOWN_AdminReply, depth);
    }
  }
}
const KNOWN_AdminReply = 0x1e;

export interface Endpoint {
  namespaceId: string;
  path: string;
}

export function createEndpoint(init: Partial<Endpoint> = {}): Endpoint {
  return { namespaceId: init.namespaceId ?? '', path: init.path ?? '' };
}

export function encodeEndpoint(m: Endpoint): Uint8Array {
  return writeEndpoint(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeEndpoint(bytes: Uint8Array, start = 0, end = bytes.length): Endpoint {
  return decodeWhole(bytes, start, end, createEndpoint(), mergeEndpoint);
}

export function writeEndpoint(m: Endpoint, w: protobuf.Writer): protobuf.Writer {
  if (m.namespaceId !== '') w.uint32(10).string(m.namespaceId);
  if (m.path !== '') w.uint32(18).string(m.path);
  return w;
}

function mergeEndpoint(r: protobuf.Reader, m: Endpoint, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: m.namespaceId = r.stringVerify(); break;
      case 18: m.path = r.stringVerify(); break;
      default: skip(r, tag, KNOWN_Endpoint, depth);
    }
  }
}
const KNOWN_Endpoint = 0x6;

export interface DaemonProcess {
  pid: number;
  exePath: string;
  ipcEndpoint: Endpoint | null;
  startedAtUnixMs: bigint;
  bootId: string;
  idleTimeoutSecs: number | null;
  exeHashAlgorithm: string;
  exeHash: Uint8Array;
}

export function createDaemonProcess(init: Partial<DaemonProcess> = {}): DaemonProcess {
  return { pid: init.pid ?? 0, exePath: init.exePath ?? '', ipcEndpoint: init.ipcEndpoint ?? null, startedAtUnixMs: init.startedAtUnixMs ?? 0n, bootId: init.bootId ?? '', idleTimeoutSecs: init.idleTimeoutSecs ?? null, exeHashAlgorithm: init.exeHashAlgorithm ?? '', exeHash: init.exeHash ?? NO_BYTES };
}

export function encodeDaemonProcess(m: DaemonProcess): Uint8Array {
  return writeDaemonProcess(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeDaemonProcess(bytes: Uint8Array, start = 0, end = bytes.length): DaemonProcess {
  return decodeWhole(bytes, start, end, createDaemonProcess(), mergeDaemonProcess);
}

export function writeDaemonProcess(m: DaemonProcess, w: protobuf.Writer): protobuf.Writer {
  if (m.pid !== 0) w.uint32(8).uint32(m.pid);
  if (m.exePath !== '') w.uint32(18).string(m.exePath);
  if (m.ipcEndpoint !== null) writeEndpoint(m.ipcEndpoint, w.uint32(34).fork()).ldelim();
  if (m.startedAtUnixMs !== 0n) writeUint64(w.uint32(40), m.startedAtUnixMs);
  if (m.bootId !== '') w.uint32(50).string(m.bootId);
  if (m.idleTimeoutSecs !== null) w.uint32(56).uint32(m.idleTimeoutSecs);
  if (m.exeHashAlgorithm !== '') w.uint32(66).string(m.exeHashAlgorithm);
  if (m.exeHash.length > 0) w.uint32(74).bytes(m.exeHash);
  return w;
}

function mergeDaemonProcess(r: protobuf.Reader, m: DaemonProcess, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8: m.pid = uint32(r); break;
      case 18: m.exePath = r.stringVerify(); break;
      case 34: nested(r, m.ipcEndpoint ??= createEndpoint(), mergeEndpoint, depth); break;
      case 40: m.startedAtUnixMs = uint64(r); break;
      case 50: m.bootId = r.stringVerify(); break;
      case 56: m.idleTimeoutSecs = uint32(r); break;
      case 66: m.exeHashAlgorithm = r.stringVerify(); break;
      case 74: m.exeHash = r.bytes(); break;
      default: skip(r, tag, KNOWN_DaemonProcess, depth);
    }
  }
}
const KNOWN_DaemonProcess = 0x3f6;

export interface HostIdentity {
  hostname: string;
  machineId: string;
  bootId: string;
  fsDevId: bigint;
  namespaceId: string;
}

export function createHostIdentity(init: Partial<HostIdentity> = {}): HostIdentity {
  return { hostname: init.hostname ?? '', machineId: init.machineId ?? '', bootId: init.bootId ?? '', fsDevId: init.fsDevId ?? 0n, namespaceId: init.namespaceId ?? '' };
}

export function encodeHostIdentity(m: HostIdentity): Uint8Array {
  return writeHostIdentity(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeHostIdentity(bytes: Uint8Array, start = 0, end = bytes.length): HostIdentity {
  return decodeWhole(bytes, start, end, createHostIdentity(), mergeHostIdentity);
}

export function writeHostIdentity(m: HostIdentity, w: protobuf.Writer): protobuf.Writer {
  if (m.hostname !== '') w.uint32(10).string(m.hostname);
  if (m.machineId !== '') w.uint32(18).string(m.machineId);
  if (m.bootId !== '') w.uint32(26).string(m.bootId);
  if (m.fsDevId !== 0n) writeUint64(w.uint32(32), m.fsDevId);
  if (m.namespaceId !== '') w.uint32(42).string(m.namespaceId);
  return w;
}

function mergeHostIdentity(r: protobuf.Reader, m: HostIdentity, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: m.hostname = r.stringVerify(); break;
      case 18: m.machineId = r.stringVerify(); break;
      case 26: m.bootId = r.stringVerify(); break;
      case 32: m.fsDevId = uint64(r); break;
      case 42: m.namespaceId = r.stringVerify(); break;
      default: skip(r, tag, KNOWN_HostIdentity, depth);
    }
  }
}
const KNOWN_HostIdentity = 0x3e;

export interface ServiceDefinition {
  serviceName: string;
  binaryPath: string;
  isolation: number;
  explicitInstance: string;
  perVersionBinaryDir: string;
  minVersion: string;
  versionAllowList: string[];
  labels: Map<string, string>;
}

export function createServiceDefinition(init: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return { serviceName: init.serviceName ?? '', binaryPath: init.binaryPath ?? '', isolation: init.isolation ?? 0, explicitInstance: init.explicitInstance ?? '', perVersionBinaryDir: init.perVersionBinaryDir ?? '', minVersion: init.minVersion ?? '', versionAllowList: init.versionAllowList ?? [], labels: init.labels ?? new Map() };
}

export function encodeServiceDefinition(m: ServiceDefinition): Uint8Array {
  return writeServiceDefinition(m, protobuf.Writer.create()).finish();
}

/** The message in `bytes[start, end)`. Byte fields are views of it. Errors: DecodeError. */
export function decodeServiceDefinition(bytes: Uint8Array, start = 0, end = bytes.length): ServiceDefinition {
  return decodeWhole(bytes, start, end, createServiceDefinition(), mergeServiceDefinition);
}

export function writeServiceDefinition(m: ServiceDefinition, w: protobuf.Writer): protobuf.Writer {
  if (m.serviceName !== '') w.uint32(10).string(m.serviceName);
  if (m.binaryPath !== '') w.uint32(18).string(m.binaryPath);
  if (m.isolation !== 0) w.uint32(24).int32(m.isolation);
  if (m.explicitInstance !== '') w.uint32(34).string(m.explicitInstance);
  if (m.perVersionBinaryDir !== '') w.uint32(42).string(m.perVersionBinaryDir);
  if (m.minVersion !== '') w.uint32(50).string(m.minVersion);
  for (const v of m.versionAllowList) w.uint32(58).string(v);
  writePairs(w, 66, m.labels);
  return w;
}

function mergeServiceDefinition(r: protobuf.Reader, m: ServiceDefinition, depth: number): void {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10: m.serviceName = r.stringVerify(); break;
      case 18: m.binaryPath = r.stringVerify(); break;
      case 24: m.isolation = int32(r); break;
      case 34: m.explicitInstance = r.stringVerify(); break;
      case 42: m.perVersionBinaryDir = r.stringVerify(); break;
      case 50: m.minVersion = r.stringVerify(); break;
      case 58: m.versionAllowList.push(r.stringVerify()); break;
      case 66: readPair(r, m.labels, depth); break;
      default: skip(r, tag, KNOWN_ServiceDefinition, depth);
    }
  }
}
const KNOWN_ServiceDefinition = 0x1fe;
