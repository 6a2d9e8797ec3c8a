/**
 * Calls into the C library, through the optional package `koffi`: what the runtime has no function for. No other file calls into it.
 * Layouts are those of 64-bit Linux on little-endian machines; elsewhere, and without the package, there is no library. Every buffer
 * has a fixed size and lives as long as the library; lengths are checked before a call and after it.
 */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';

/** Most bytes of one message, and most descriptors that are sent with it. */
export const MESSAGE_BYTES = 4096;
export const MOST_DESCRIPTORS = 8;

export interface Message {
  /** Empty: the peer sends nothing more. */
  readonly payload: Uint8Array;
  /** Open from here on; whoever gets them has to close them. */
  readonly descriptors: readonly number[];
  /** There were more descriptors than there was room for; the system has closed those. */
  readonly truncated: boolean;
}

export interface CLibrary {
  /** The value of a socket option of exactly `bytes` bytes; null: there is none. */
  socketOption(fd: number, level: number, name: number, bytes: number): DataView | null;
  /** Sends without waiting. Answers how many bytes were taken (with the first one the descriptors), or the system's code. */
  sendMessage(fd: number, payload: Uint8Array, descriptors: readonly number[]): number | string;
  /** Takes up to `bytes` bytes that are there, and the descriptors that came with them; or the system's code. They close on exec. */
  receiveMessage(fd: number, bytes: number): Message | string;
}

let loaded: CLibrary | null | undefined;

/** Synchronous, because what it tells decides before the first byte of a peer is read. null: there is none. */
export function cLibrary(): CLibrary | null {
  if (loaded === undefined) loaded = process.platform === 'linux' && WIDE.has(process.arch) ? load() : null;
  return loaded;
}

const WIDE = new Set(['x64', 'arm64', 'riscv64', 'loong64']);
/** Room for two descriptors: one is expected, a second one is noticed. */
const RECEIVED_CONTROL = 24;
const OPTION_BYTES = 64;

const [SOL_SOCKET, SCM_RIGHTS] = [1, 1];
const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** `struct msghdr`: name, name length, parts, number of parts, control, control length, flags. */
const HEADER = { bytes: 56, parts: 16, partCount: 24, control: 32, controlBytes: 40, flags: 48 } as const;
/** `struct cmsghdr`: length with this header, level, type; then the data. The next one begins at a multiple of 8. */
const CONTROL = { level: 8, type: 12, data: 16 } as const;

interface Koffi {
  load(path: null): { func(declaration: string): (...args: unknown[]) => number };
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

function load(): CLibrary | null {
  try {
    return library(createRequire(import.meta.url)('koffi') as Koffi);
  } catch {
    return null;
  }
}

function library(koffi: Koffi): CLibrary {
  const libc = koffi.load(null);
  const getsockopt = libc.func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)');
  const sendmsg = libc.func('int64_t sendmsg(int fd, const uint8_t *message, int flags)');
  const recvmsg = libc.func('int64_t recvmsg(int fd, _Inout_ uint8_t *message, int flags)');

  // One allocation outside of the collected heap: the addresses stay true.
  const [control, option] = [CONTROL.data + 4 * MOST_DESCRIPTORS, OPTION_BYTES];
  const memory = new ArrayBuffer(HEADER.bytes + 16 + control + option + MESSAGE_BYTES);
  let used = 0;
  const area = (bytes: number): Uint8Array => new Uint8Array(memory, (used += bytes) - bytes, bytes);
  const areas = { header: area(HEADER.bytes), part: area(16), control: area(control), option: area(option), payload: area(MESSAGE_BYTES) };
  const [header, part, controls] = [areas.header, areas.part, areas.control].map((bytes) => new DataView(memory, bytes.byteOffset, bytes.length));
  const addressOf = { part: koffi.address(areas.part), control: koffi.address(areas.control), payload: koffi.address(areas.payload) };
  const code = (): string => getSystemErrorName(-koffi.errno());

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
    socketOption(fd, level, name, bytes) {
      if (bytes > OPTION_BYTES) return null;
      const length = new Uint32Array([bytes]);
      areas.option.fill(0);
      if (getsockopt(fd, level, name, areas.option, length) !== 0 || length[0] !== bytes) return null;
      return new DataView(areas.option.slice(0, bytes).buffer);
    },
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
