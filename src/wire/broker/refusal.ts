/** How a broker says no: code, words and hint of every refusal, and the frame that carries a reply. */
import { frameWire, responseTo } from './frame.js';
import { createFrame, createHelloReply, createRefused, encodeHelloReply, ErrorCode, FrameKind, type Frame, type HelloReply } from './messages.generated.js';
import { CONTROL, PROTOCOL_VERSION } from './protocols.js';

export interface Refusal {
  readonly code: number;
  readonly reason: string;
  /** Milliseconds; 0: asking again is no use. */
  readonly retryAfterMs: number;
}

const VERSION_BLOCKED_RETRY_MS = 30_000;
const SPAWN_FAILED_RETRY_MS = 1000;
const FD_PRESSURE_RETRY_MS = 1000;

const no = (code: number, reason: string, retryAfterMs = 0): Refusal => ({ code, reason, retryAfterMs });
const rejected = (reason: string): Refusal => no(ErrorCode.PEER_REJECTED, reason);

/** What is wrong with a Hello, or stands against it, in the order in which it is looked at. */
export const REFUSALS = {
  envelopeVersion: no(ErrorCode.VERSION_UNSUPPORTED, 'frame envelope_version is not v1'),
  kind: rejected('Hello frame kind must be REQUEST'),
  protocol: rejected('Hello frame payload_protocol must be control-plane'),
  encoding: rejected('Hello payload must not be compressed'),
  malformed: rejected('malformed Hello payload'),
  protocolRange: no(ErrorCode.VERSION_UNSUPPORTED, 'client protocol range does not include v1'),
  serviceName: rejected('invalid service_name'),
  wantedVersion: rejected('invalid wanted_version'),
  clientVersion: rejected('client_version exceeds 128 bytes'),
  clientLib: rejected('client_lib fields exceed 64 bytes'),
  peerPid: rejected('peer_pid does not match verified peer'),
  unregistered: no(ErrorCode.SERVICE_UNKNOWN, 'service is not registered'),
  belowFloor: no(ErrorCode.VERSION_BLOCKED, 'wanted_version is below min_version', VERSION_BLOCKED_RETRY_MS),
  notAllowed: no(ErrorCode.VERSION_BLOCKED, 'wanted_version is not in version_allow_list', VERSION_BLOCKED_RETRY_MS),

  noDefinition: no(ErrorCode.SERVICE_UNKNOWN, 'service definition was not found'),
  noBackend: no(ErrorCode.BACKEND_SPAWN_FAILED, 'backend is not registered', SPAWN_FAILED_RETRY_MS),
  spawning: no(ErrorCode.RATE_LIMITED, 'backend spawn already in progress', SPAWN_FAILED_RETRY_MS),
  wrongBackend: no(ErrorCode.INTERNAL, 'launched backend identity did not match request'),

  narrowed: rejected('refused by the broker'),
  shuttingDown: no(ErrorCode.SHUTTING_DOWN, 'broker is shutting down'),
  fdPressure: no(ErrorCode.FD_PRESSURE, 'broker is low on file descriptors; retry shortly', FD_PRESSURE_RETRY_MS),
  framingVersion: no(ErrorCode.VERSION_UNSUPPORTED, 'unsupported framing version'),
  tooLarge: rejected('initial Hello frame exceeds 64 KiB'),
  incomplete: rejected('incomplete Hello frame'),
  malformedFrame: rejected('malformed broker Frame'),
} as const;

export const rateLimited = (retryAfterMs: number): Refusal => no(ErrorCode.RATE_LIMITED, 'Hello rate limit exceeded', retryAfterMs);
export const sessionRejected = (reason: string): Refusal => rejected(reason);
export const badDefinition = (why: string): Refusal => no(ErrorCode.SERVICE_UNKNOWN, `service definition could not be loaded: ${why}`);
export const badIsolation = (why: string): Refusal => no(ErrorCode.INTERNAL, `service isolation could not be resolved: ${why}`);
export const spawnFailed = (why: string): Refusal => no(ErrorCode.BACKEND_SPAWN_FAILED, `backend spawn failed: ${why}`, SPAWN_FAILED_RETRY_MS);
export const spawnBudgetExhausted = (retryAfterMs: number): Refusal => no(ErrorCode.RATE_LIMITED, 'backend spawn budget exhausted', retryAfterMs);
export const installFailed = (why: string): Refusal => no(ErrorCode.INTERNAL, `registered backend could not be installed: ${why}`);

export function refusedReply({ code, reason, retryAfterMs }: Refusal): HelloReply {
  return createHelloReply({
    refused: createRefused({ reason, daemonMinProtocol: PROTOCOL_VERSION, daemonMaxProtocol: PROTOCOL_VERSION, code, retryAfterMs: BigInt(retryAfterMs) }),
  });
}

/** The frame that answers `to`; without one (it could not be read) id and trace are empty. */
export function replyFrame(to: Frame | null, reply: HelloReply): Frame {
  const frame = responseTo(to ?? NOBODY, encodeHelloReply(reply));
  // Also where the Hello came on another lane.
  frame.payloadProtocol = CONTROL;
  return frame;
}
const NOBODY = createFrame({ envelopeVersion: PROTOCOL_VERSION, kind: FrameKind.REQUEST });

export function refusalWire(to: Frame | null, refusal: Refusal): Uint8Array {
  return frameWire(replyFrame(to, refusedReply(refusal)));
}
