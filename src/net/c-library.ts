/**
 * Calls into the C library, through the optional package `koffi`: what the runtime has no function for. No other file calls into it.
 * Layouts are those of 64-bit Linux on little-endian machines; on macOS only functions without layouts are called; elsewhere, and without
 * the package, there is no library. Every buffer has a fixed size and lives as long as the library; lengths are checked before a call and
 * after it.
 */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { PeerCredentials } from './transport.js';

/** Most bytes of one message, and most descriptors that are sent with it. */
export const MESSAGE_BYTES = 4096;
const MOST_DESCRIPTORS = 8;

export interface Message {
  /** Empty: the peer sends nothing more. */
  readonly payload: Uint8Array;
  /** Open from here on; whoever gets them has to close them. */
  readonly descriptors: readonly number[];
  /** There were more descriptors than there was room for; the system has closed those. */
  readonly truncated: boolean;
}

export interface CLibrary {
  /** Who is at the other end of a Unix socket; null: it is none, or the system does not tell. */
  peer(fd: number): PeerCredentials | null;
  /** Holds what is open as `fd` until it is closed: `locked`, or the system's code, `EAGAIN` if another holds it. */
  lock(fd: number): 'locked' | string;
  /** null where descriptors cannot be passed. */
  readonly passing: DescriptorPassing | null;
}

export interface DescriptorPassing {
  /** Whether it is a connected stream socket. */
  isStream(fd: number): boolean;
  /** Sends without waiting. Answers how many bytes were taken (with the first one the descriptors), or the system's code. */
  sendMessage(fd: number, payload: Uint8Array, descriptors: readonly number[]): number | string;
  /** Takes up to `bytes` bytes that are there, and the descriptors that came with them; or the system's code. They close on exec. */
  receiveMessage(fd: number, bytes: number): Message | string;
}

let loaded: CLibrary | null | undefined;

/** Synchronous, because what it tells decides before the first byte of a peer is read. null: there is none. */
export function cLibrary(): CLibrary | null {
  if (loaded === undefined) loaded = loadLibrary(process.platform, process.arch, () => createRequire(import.meta.url)('koffi') as Koffi);
  return loaded;
}

/** That of another system, for tests of this one. */
export function loadLibrary(platform: NodeJS.Platform, arch: NodeJS.Architecture | 'loong64', koffi: () => Koffi): CLibrary | null {
  const make = WIDE.has(arch) ? LIBRARIES.get(platform) : undefined;
  try {
    return make?.(koffi()) ?? null;
  } catch {
    return null;
  }
}

export interface Koffi {
  load(path: null): { func(declaration: string): (...args: unknown[]) => number };
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

const WIDE = new Set<string>(['x64', 'arm64', 'riscv64', 'loong64']);
const LIBRARIES = new Map<NodeJS.Platform, (koffi: Koffi) => CLibrary>([['linux', linux], ['darwin', darwin]]);
/** Room for two descriptors: one is expected, a second one is noticed. */
const RECEIVED_CONTROL = 24;
const OPTION_BYTES = 64;

const [LOCK_EX, LOCK_NB] = [2, 4];
const [SOL_SOCKET, SCM_RIGHTS] = [1, 1];
const [SO_TYPE, SO_PEERCRED, SO_ACCEPTCONN, SO_DOMAIN] = [3, 17, 30, 39];
const STREAM = 1;
const [UNIX, IPV4, IPV6] = [1, 2, 10];
const DOMAINS = new Set([UNIX, IPV4, IPV6]);
/** Three 32-bit numbers: process, user, group. */
const UCRED_BYTES = 12;
/** What the system says of somebody it does not know. */
const NO_USER = 0xffffffff;
/** The runtime has no name for it: too many descriptors are on their way. */
const NAMELESS = new Map([[109, 'ETOOMANYREFS']]);
const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** Of macOS: the process at the other end. */
const [SOL_LOCAL, LOCAL_PEERPID] = [0, 2];

/** `struct msghdr`: name, name length, parts, number of parts, control, control length, flags. */
const HEADER = { bytes: 56, parts: 16, partCount: 24, control: 32, controlBytes: 40, flags: 48 } as const;
/** `struct cmsghdr`: length with this header, level, type; then the data. The next one begins at a multiple of 8. */
const CONTROL = { level: 8, type: 12, data: 16 } as const;

type Getsockopt = (fd: number, level: number, name: number, bytes: number) => DataView | null;

/** The value of a socket option of exactly `bytes` bytes; null: there is none. */
function sockets(libc: ReturnType<Koffi['load']>): Getsockopt {
  const getsockopt = libc.func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)');
  const option = new Uint8Array(OPTION_BYTES);
  return (fd, level, name, bytes) => {
    const length = new Uint32Array([bytes]);
    option.fill(0);
    if (getsockopt(fd, level, name, option, length) !== 0 || length[0] !== bytes) return null;
    return new DataView(option.slice(0, bytes).buffer);
  };
}

function locks(libc: ReturnType<Koffi['load']>, code: () => string): CLibrary['lock'] {
  const flock = libc.func('int flock(int fd, int operation)');
  return (fd) => (flock(fd, LOCK_EX | LOCK_NB) === 0 ? 'locked' : code());
}

const lastCode = (koffi: Koffi) => (): string => NAMELESS.get(koffi.errno()) ?? getSystemErrorName(-koffi.errno());

function linux(koffi: Koffi): CLibrary {
  const libc = koffi.load(null);
  const option = sockets(libc);
  const number = (fd: number, name: number): number | undefined => option(fd, SOL_SOCKET, name, 4)?.getInt32(0, true);
  return {
    peer(fd) {
      // Of a TCP socket the system answers as well, with nobody.
      const found = number(fd, SO_DOMAIN) === UNIX ? option(fd, SOL_SOCKET, SO_PEERCRED, UCRED_BYTES) : null;
      const peer = found === null ? null : { pid: found.getInt32(0, true), uid: found.getUint32(4, true), gid: found.getUint32(8, true) };
      return peer === null || peer.uid === NO_USER ? null : peer;
    },
    lock: locks(libc, lastCode(koffi)),
    passing: {
      isStream: (fd) => number(fd, SO_TYPE) === STREAM && number(fd, SO_ACCEPTCONN) === 0 && DOMAINS.has(number(fd, SO_DOMAIN) ?? -1),
      ...messages(koffi, libc),
    },
  };
}

/** Passing descriptors has layouts of its own there: it is not offered. */
function darwin(koffi: Koffi): CLibrary {
  const libc = koffi.load(null);
  const option = sockets(libc);
  const getpeereid = libc.func('int getpeereid(int fd, _Out_ uint32_t *uid, _Out_ uint32_t *gid)');
  return {
    peer(fd) {
      const [uid, gid] = [new Uint32Array([NO_USER]), new Uint32Array([NO_USER])];
      if (getpeereid(fd, uid, gid) !== 0 || uid[0] === NO_USER) return null;
      return { pid: option(fd, SOL_LOCAL, LOCAL_PEERPID, 4)?.getInt32(0, true) ?? 0, uid: uid[0], gid: gid[0] };
    },
    lock: locks(libc, lastCode(koffi)),
    passing: null,
  };
}

function messages(koffi: Koffi, libc: ReturnType<Koffi['load']>): Pick<DescriptorPassing, 'sendMessage' | 'receiveMessage'> {
  const sendmsg = libc.func('int64_t sendmsg(int fd, const uint8_t *message, int flags)');
  const recvmsg = libc.func('int64_t recvmsg(int fd, _Inout_ uint8_t *message, int flags)');

  // One allocation outside of the collected heap: the addresses stay true.
  const control = CONTROL.data + 4 * MOST_DESCRIPTORS;
  const memory = new ArrayBuffer(HEADER.bytes + 16 + control + MESSAGE_BYTES);
  let used = 0;
  const area = (bytes: number): Uint8Array => new Uint8Array(memory, (used += bytes) - bytes, bytes);
  const areas = { header: area(HEADER.bytes), part: area(16), control: area(control), payload: area(MESSAGE_BYTES) };
  const [header, part, controls] = [areas.header, areas.part, areas.control].map((bytes) => new DataView(memory, bytes.byteOffset, bytes.length));
  const addressOf = { part: koffi.address(areas.part), control: koffi.address(areas.control), payload: koffi.address(areas.payload) };
  const code = lastCode(koffi);

  const prepare = (bytes: number, controlBytes: number): void => {
    areas.header.fill(0);
    header.setBigUint64(HEADER.parts, addressOf.part, true);
    header.setBigUint64(HEADER.partCount, 1n, true);
    header.setBigUint64(HEADER.control, controlBytes === 0 ? 0n : addressOf.control, true);
    header.setBigUint64(HEADER.controlBytes, BigInt(controlBytes), true);
    part.setBigUint64(0, addressOf.payload, true);
    part.setBigUint64(8, BigInt(bytes), true);
  };
  const descriptorsOf = (length: number): number[] => {
    const found: number[] = [];
    for (let at = 0; at + CONTROL.data <= length; ) {
      const bytes = Number(controls.getBigUint64(at, true));
      if (bytes < CONTROL.data || at + bytes > length) break;
      const rights = controls.getInt32(at + CONTROL.level, true) === SOL_SOCKET && controls.getInt32(at + CONTROL.type, true) === SCM_RIGHTS;
      if (rights) for (let i = at + CONTROL.data; i + 4 <= at + bytes; i += 4) found.push(controls.getInt32(i, true));
      at += (bytes + 7) & ~7;
    }
    return found;
  };

  return {
    sendMessage(fd, payload, descriptors) {
      if (payload.length < 1 || payload.length > MESSAGE_BYTES || descriptors.length > MOST_DESCRIPTORS) return 'EMSGSIZE';
      const bytes = CONTROL.data + 4 * descriptors.length;
      areas.payload.set(payload);
      areas.control.fill(0);
      prepare(payload.length, descriptors.length === 0 ? 0 : (bytes + 7) & ~7);
      controls.setBigUint64(0, BigInt(bytes), true);
      controls.setInt32(CONTROL.level, SOL_SOCKET, true);
      controls.setInt32(CONTROL.type, SCM_RIGHTS, true);
      descriptors.forEach((descriptor, i) => controls.setInt32(CONTROL.data + 4 * i, descriptor, true));
      const taken = Number(sendmsg(fd, areas.header, MSG_DONTWAIT | MSG_NOSIGNAL));
      return taken < 0 ? code() : taken;
    },
    receiveMessage(fd, bytes) {
      if (bytes < 1 || bytes > MESSAGE_BYTES) return 'EMSGSIZE';
      areas.control.fill(0);
      prepare(bytes, RECEIVED_CONTROL);
      const got = Number(recvmsg(fd, areas.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
      if (got < 0) return code();
      const length = Math.min(Number(header.getBigUint64(HEADER.controlBytes, true)), RECEIVED_CONTROL);
      return {
        payload: areas.payload.slice(0, Math.min(got, bytes)), descriptors: descriptorsOf(length),
        truncated: (header.getInt32(HEADER.flags, true) & MSG_CTRUNC) !== 0,
      };
    },
  };
}
