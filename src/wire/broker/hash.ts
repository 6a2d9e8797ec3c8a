/** BLAKE3, by which executables and users are told apart. */
import { blake3 } from '@noble/hashes/blake3.js';

export const HASH_ALGORITHM = 'blake3';
export const HASH_BYTES = 32;

export function hash(bytes: Uint8Array): Uint8Array {
  return blake3(bytes);
}

/** For what is too large to be held at once. */
export function hasher(): { update(bytes: Uint8Array): unknown; digest(): Uint8Array } {
  return blake3.create();
}
