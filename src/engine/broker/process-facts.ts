/** What the system says about processes, this one and others. */
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import type { ProcessFacts } from '../../wire/broker/probe.js';
import { createDaemonProcess, type DaemonProcess, type Endpoint } from '../../wire/broker/messages.generated.js';
import { HASH_ALGORITHM, HASH_BYTES } from '../../wire/broker/hash.js';
import { exeHashes } from './exe-hash.js';

/** Without the hash, which takes its time: see `exeHashes`. */
export const processFacts: Omit<ProcessFacts, 'exeHash'> = {
  bootId: () => read('/proc/sys/kernel/random/boot_id'),
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (e) {
      // Somebody else's process lives as well.
      return (e as NodeJS.ErrnoException).code === 'EPERM';
    }
  },
  exePath(pid) {
    try {
      return pid === process.pid ? realpathSync(process.execPath) : readlinkSync(`/proc/${pid}/exe`);
    } catch {
      return null;
    }
  },
  realPath(path) {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  },
};

/** Who this process is, for those who probe `endpoint`. `exeSha256`: for older ones among them. */
export async function ownIdentity(endpoint: Endpoint): Promise<{ identity: DaemonProcess; exeSha256: Uint8Array }> {
  const exePath = processFacts.exePath(process.pid) ?? process.execPath;
  const hashes = await exeHashes(exePath);
  const identity = createDaemonProcess({
    pid: process.pid, exePath, ipcEndpoint: endpoint, bootId: processFacts.bootId(), exeHashAlgorithm: HASH_ALGORITHM,
    startedAtUnixMs: BigInt(Math.round(performance.timeOrigin)), exeHash: hashes?.blake3 ?? new Uint8Array(0),
  });
  return { identity, exeSha256: hashes?.sha256 ?? new Uint8Array(HASH_BYTES) };
}

/** Of this machine, as user hashes use it: systemd's, D-Bus's, or of this boot where there is neither. Throws where one cannot be read. */
export function machineId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    }
  }
  return `boot:${processFacts.bootId()}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
