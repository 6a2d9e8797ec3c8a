/** Where brokers and backends of a user are found: names of sockets and pipes. */
import { hash } from './hash.js';
import { NAME_REASONS, nameFault } from './names.js';
import { hex } from './secrets.js';

export class EndpointError extends Error {
  constructor(readonly kind: 'InvalidUserHash' | 'InvalidName' | 'PathTooLong' | 'PrefixedPipeName' | 'Empty', message: string) {
    super(message);
  }
}

const PREFIX = 'rpb-v1';
/** Longest path of a socket on Linux, in bytes. */
export const MAX_SOCKET_PATH = 107;
const MAX_PIPE_PATH = 260;

/** 16 hex digits that stand for a user on a machine, without telling who. */
export function userHash(uid: string, machineId: string): string {
  return hex(hash(Buffer.from(`${uid}:${machineId}`)).subarray(0, 8));
}

export type Leaf =
  | { readonly kind: 'shared' }
  | { readonly kind: 'private'; readonly service: string }
  | { readonly kind: 'explicit'; readonly instance: string }
  /** `random`: 128 bits, so that nobody can be there first. */
  | { readonly kind: 'backend'; readonly random: Uint8Array };

/** The last part of an endpoint's name. Errors: EndpointError. */
export function leafName(user: string, leaf: Leaf): string {
  if (!/^[0-9a-f]{16}$/.test(user)) throw new EndpointError('InvalidUserHash', 'a user hash has 16 digits of 0-9a-f');
  return `${PREFIX}-${user}-${tail(leaf)}`;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** The folder for sockets on Linux. */
export function socketFolder(env: Env, uid: number): string {
  return env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/running-process/broker` : `/tmp/running-process-${uid}/broker`;
}

/** The socket for a leaf on Linux. Errors: EndpointError PathTooLong. */
export function socketPath(folder: string, leaf: string): string {
  const path = `${folder}/${leaf}.sock`;
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH) throw new EndpointError('PathTooLong', `${path} has ${bytes} bytes, at most ${MAX_SOCKET_PATH} are possible`);
  return path;
}

/** What one connects to on Windows. Errors: EndpointError. */
export function pipePath(leaf: string): string {
  const path = `\\\\.\\pipe\\${pipeEndpoint(leaf)}`;
  if (path.length > MAX_PIPE_PATH) throw new EndpointError('PathTooLong', `${path} has more than ${MAX_PIPE_PATH} characters`);
  return path;
}

/** A pipe's name in an identity: without the prefix that every pipe has. Errors: EndpointError. */
export function pipeEndpoint(name: string): string {
  if (name === '') throw new EndpointError('Empty', 'a pipe needs a name');
  if (/^[\\/]{2}\.[\\/]pipe[\\/]/i.test(name)) throw new EndpointError('PrefixedPipeName', 'the name of a pipe is given without \\\\.\\pipe\\');
  return name;
}

/** A socket's path in an identity. Errors: EndpointError. */
export function socketEndpoint(path: string): string {
  if (path === '') throw new EndpointError('Empty', 'a socket needs a path');
  return path;
}

function tail(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'shared': return 'shared';
    case 'private': return `svc-${named(leaf.service)}`;
    case 'explicit': return `inst-${named(leaf.instance)}`;
    case 'backend': return `be-${hex(leaf.random)}`;
  }
}

function named(name: string): string {
  const fault = nameFault(name);
  if (fault !== null) throw new EndpointError('InvalidName', NAME_REASONS[fault]);
  return name;
}
