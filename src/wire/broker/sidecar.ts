/** The file beside an endpoint that says who serves it, as JSON. Whoever writes it does so beside its place, and renames. */
import { HASH_BYTES } from './hash.js';
import { createDaemonProcess, createEndpoint, type DaemonProcess } from './messages.generated.js';

export interface Sidecar { readonly identity: DaemonProcess; readonly legacyExeSha256: Uint8Array }

export class SidecarError extends Error {}

export function formatSidecar({ identity, legacyExeSha256 }: Sidecar): string {
  return JSON.stringify({
    pid: identity.pid,
    exe_path: identity.exePath,
    exe_hash_algorithm: identity.exeHashAlgorithm,
    exe_hash: [...identity.exeHash],
    legacy_exe_sha256: [...legacyExeSha256],
    boot_id: identity.bootId,
    ipc_endpoint: { namespace_id: identity.ipcEndpoint?.namespaceId ?? '', path: identity.ipcEndpoint?.path ?? '' },
    started_at_unix_ms: Number(identity.startedAtUnixMs),
    idle_timeout_secs: identity.idleTimeoutSecs,
  }, null, 2);
}

/** Errors: SidecarError. */
export function parseSidecar(text: string): Sidecar {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new SidecarError((e as Error).message);
  }
  const o = fields(json, 'the sidecar');
  const endpoint = fields(o.get('ipc_endpoint'), 'ipc_endpoint');
  const idle = o.get('idle_timeout_secs') ?? null;
  return {
    identity: createDaemonProcess({
      pid: integer(o, 'pid', 0xffff_ffff),
      exePath: string(o, 'exe_path'),
      exeHashAlgorithm: string(o, 'exe_hash_algorithm'),
      exeHash: bytes(o, 'exe_hash'),
      bootId: string(o, 'boot_id'),
      ipcEndpoint: createEndpoint({ namespaceId: string(endpoint, 'namespace_id'), path: string(endpoint, 'path') }),
      startedAtUnixMs: BigInt(integer(o, 'started_at_unix_ms', Number.MAX_SAFE_INTEGER)),
      idleTimeoutSecs: idle === null ? null : integer(o, 'idle_timeout_secs', 0xffff_ffff),
    }),
    legacyExeSha256: o.has('legacy_exe_sha256') ? bytes(o, 'legacy_exe_sha256') : new Uint8Array(HASH_BYTES),
  };
}

type Fields = ReadonlyMap<string, unknown>;

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SidecarError(`${what} is no object`);
  return new Map(Object.entries(value));
}

function string(o: Fields, key: string): string {
  const value = o.get(key);
  if (typeof value !== 'string') throw new SidecarError(`${key} is no text`);
  return value;
}

function integer(o: Fields, key: string, max: number): number {
  const value = o.get(key);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw new SidecarError(`${key} is no number from 0 to ${max}`);
  return value;
}

function bytes(o: Fields, key: string): Uint8Array {
  const value = o.get(key);
  const isByte = (b: unknown): boolean => typeof b === 'number' && Number.isInteger(b) && b >= 0 && b <= 255;
  if (!Array.isArray(value) || value.length !== HASH_BYTES || !value.every(isByte)) throw new SidecarError(`${key} is no list of ${HASH_BYTES} bytes`);
  return Uint8Array.from(value as number[]);
}
