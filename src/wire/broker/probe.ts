/** The identity probe: 32 random bytes there, the same bytes and who the process is back. */
import { decodeBody, envelopeFault, envelopeText, FramingError, frameWire, request, responseTo } from './frame.js';
import { HASH_ALGORITHM, HASH_BYTES } from './hash.js';
import { decodeDaemonProcess, encodeDaemonProcess, FrameKind, type DaemonProcess, type Endpoint, type Frame } from './messages.generated.js';
import { DecodeError } from './protobuf.js';
import { PROBE } from './protocols.js';
import { sameBytes } from './secrets.js';

export const NONCE_BYTES = 32;
/** From connecting to the last byte of the answer, in ms. */
export const PROBE_TIMEOUT_MS = 500;

/* ── asking and answering ──────────────────────────────────────────────── */

/** The request's id is the beginning of its nonce. */
export function probeRequest(nonce: Uint8Array): { readonly wire: Uint8Array; readonly requestId: bigint } {
  const requestId = new DataView(nonce.buffer, nonce.byteOffset).getBigUint64(0, true);
  return { wire: frameWire(request(PROBE, nonce, requestId)), requestId };
}

/** Why a frame on the probe lane is no probe, or null. */
export function probeFault(frame: Frame): string | null {
  const fault = envelopeFault(frame, FrameKind.REQUEST, PROBE);
  if (fault !== null) return envelopeText(fault, 'endpoint probe');
  return frame.payload.length === NONCE_BYTES ? null : `nonce must be ${NONCE_BYTES} bytes`;
}

/** Answers probes with one identity, encoded once. */
export class ProbeResponder {
  readonly #identity: Uint8Array;

  /** `exeSha256`: for peers older than BLAKE3 identities. */
  constructor(readonly identity: DaemonProcess, exeSha256: Uint8Array) {
    this.#identity = Buffer.concat([encodeDaemonProcess(identity), LEGACY_HASH_FIELD, exeSha256]);
  }

  /** The complete answer to a frame without `probeFault`. */
  answer(frame: Frame): Uint8Array {
    const payload = new Uint8Array(NONCE_BYTES + this.#identity.length);
    payload.set(frame.payload);
    payload.set(this.#identity, NONCE_BYTES);
    return frameWire(responseTo(frame, payload));
  }
}
/** Field 3, 32 bytes: reserved by now, and skipped by today's readers. */
const LEGACY_HASH_FIELD = Uint8Array.of(0x1a, HASH_BYTES);

/* ── verifying ─────────────────────────────────────────────────────────── */

export type VerifyFault =
  | { readonly kind: 'EndpointMismatch' }
  | { readonly kind: 'VerifyPid'; readonly reason: 'InvalidPid' | 'BootIdMismatch' | 'NotFound' | 'ExePathMismatch' | 'ExecutableHashMismatch' }
  | { readonly kind: 'Framing'; readonly detail: string }
  | { readonly kind: 'UnexpectedFrame'; readonly detail: string }
  | { readonly kind: 'MalformedPayload'; readonly detail: string }
  | { readonly kind: 'Identity'; readonly reason: 'MissingEndpoint' | 'UnsupportedExecutableHashAlgorithm' | 'InvalidExecutableHashLength'; readonly length?: number }
  | { readonly kind: 'IdentityMismatch'; readonly field: 'pid' | 'exe_path' | 'exe_hash' | 'boot_id' | 'ipc_endpoint' }
  | { readonly kind: 'Timeout' }
  | { readonly kind: 'Io'; readonly detail: string };

/** What the system knows of a process; the answers are of now. */
export interface ProcessFacts {
  /** Of this boot; empty where there is none. */
  bootId(): string;
  isAlive(pid: number): boolean;
  /** The path of its executable, links resolved; null where it cannot be told. */
  exePath(pid: number): string | null;
  /** A path with its links resolved, or as it is. */
  realPath(path: string): string;
  /** BLAKE3 of a file, or null. */
  exeHash(path: string): Uint8Array | null;
}

/** Everything that can be checked without a connection; null: go on and ask. */
export function verifyProcess(endpoint: Endpoint, expected: DaemonProcess, facts: ProcessFacts): VerifyFault | null {
  if (expected.ipcEndpoint === null || !sameEndpoint(endpoint, expected.ipcEndpoint)) return { kind: 'EndpointMismatch' };
  const { pid } = expected;
  const reason = (): Extract<VerifyFault, { kind: 'VerifyPid' }>['reason'] | null => {
    if (pid === 0 || pid > 0x7fff_ffff) return 'InvalidPid';
    const bootId = facts.bootId();
    if (bootId !== '' && expected.bootId !== '' && bootId !== expected.bootId) return 'BootIdMismatch';
    if (!facts.isAlive(pid)) return 'NotFound';
    const path = facts.exePath(pid);
    if (path === null || path !== facts.realPath(expected.exePath)) return 'ExePathMismatch';
    const hash = facts.exeHash(path);
    return hash === null || !sameBytes(hash, expected.exeHash) ? 'ExecutableHashMismatch' : null;
  };
  const found = reason();
  return found === null ? null : { kind: 'VerifyPid', reason: found };
}

/** Judges the body of the answer to a probe. */
export function verifyAnswer(body: Uint8Array, nonce: Uint8Array, requestId: bigint, expected: DaemonProcess): VerifyFault | null {
  const answer = readAnswer(body, nonce, requestId);
  return 'kind' in answer ? answer : identityFault(answer, expected);
}

/** The identity in the answer to a probe, whoever it is. */
export function readAnswer(body: Uint8Array, nonce: Uint8Array, requestId: bigint): DaemonProcess | VerifyFault {
  let frame: Frame;
  try {
    frame = decodeBody(body);
  } catch (e) {
    if (e instanceof FramingError) return { kind: 'Framing', detail: e.message };
    throw e;
  }
  const detail = answerFault(frame, nonce, requestId);
  if (detail !== null) return detail;
  let identity: DaemonProcess;
  try {
    identity = decodeDaemonProcess(frame.payload.subarray(NONCE_BYTES));
  } catch (e) {
    if (e instanceof DecodeError) return { kind: 'MalformedPayload', detail: `malformed DaemonProcess: ${e.message}` };
    throw e;
  }
  if (identity.ipcEndpoint === null) return { kind: 'Identity', reason: 'MissingEndpoint' };
  if (identity.exeHashAlgorithm !== HASH_ALGORITHM) return { kind: 'Identity', reason: 'UnsupportedExecutableHashAlgorithm' };
  if (identity.exeHash.length !== HASH_BYTES) return { kind: 'Identity', reason: 'InvalidExecutableHashLength', length: identity.exeHash.length };
  return identity;
}

function answerFault(frame: Frame, nonce: Uint8Array, requestId: bigint): VerifyFault | null {
  const fault = envelopeFault(frame, FrameKind.RESPONSE, PROBE);
  // The id belongs to the exchange: it is looked at before the encoding.
  const unexpected = fault !== null && fault.kind !== 'PayloadEncoding' ? envelopeText(fault, 'endpoint probe')
    : frame.requestId !== requestId ? 'request_id does not match endpoint probe request'
    : fault !== null ? envelopeText(fault, 'endpoint probe')
    : null;
  if (unexpected !== null) return { kind: 'UnexpectedFrame', detail: unexpected };
  if (frame.payload.length < NONCE_BYTES) return { kind: 'MalformedPayload', detail: 'payload shorter than nonce' };
  if (!sameBytes(frame.payload.subarray(0, NONCE_BYTES), nonce)) return { kind: 'UnexpectedFrame', detail: 'nonce does not match endpoint probe request' };
  return null;
}

/** When the process began and how long it idles are its own business. */
function identityFault(got: DaemonProcess, expected: DaemonProcess): VerifyFault | null {
  const field = got.pid !== expected.pid ? 'pid'
    : got.exePath !== expected.exePath ? 'exe_path'
    : !sameBytes(got.exeHash, expected.exeHash) ? 'exe_hash'
    : got.bootId !== expected.bootId ? 'boot_id'
    : expected.ipcEndpoint === null || !sameEndpoint(got.ipcEndpoint!, expected.ipcEndpoint) ? 'ipc_endpoint'
    : null;
  return field === null ? null : { kind: 'IdentityMismatch', field };
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.namespaceId === b.namespaceId && a.path === b.path;
}
