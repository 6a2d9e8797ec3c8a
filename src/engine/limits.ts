/** The limits with their defaults; what each is for stands in `api.ts`. */
import { totalmem } from 'node:os';
import type { Limits } from './api.js';

/** Most bytes of a payload in a frame whose requests carry numbers: the 16 MiB of its body, with room for the envelope. */
export const LANE_BYTES = (16 << 20) - 1024;

export function withDefaults(limits: Partial<Limits> = {}): Limits {
  return {
    maxConnections: 10_000,
    handshakeMs: 2_000,
    preAuthBytes: 64 << 10,
    maxFrame: 256 << 20,
    inputPerPeer: 128 << 10,
    outputPerPeer: 64 << 20,
    outputTotal: Math.floor(memory() / 4),
    ...limits,
  };
}

export const defaultHeapMb = (): number => Math.floor(memory() / 2 / 2 ** 20);

/** Bytes. A container's limit, where there is one, is smaller than the machine's memory. */
const memory = (): number => Math.min(totalmem(), process.constrainedMemory?.() || Infinity);
