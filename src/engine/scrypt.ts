/**
 * Hashed secrets: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, salt and hash in base64 without padding, cost N = 2^ln.
 * Hashing runs on the thread pool, at most `AT_ONCE` at a time, so that a burst of log-ins leaves threads for files and names. The
 * newest goes first, and who went away meanwhile costs nothing: otherwise a crowd with wrong passwords would keep everybody out.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

export interface ScryptCost {
  /** log2 of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}
export interface HashedSecret extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 32 MiB and some 80 ms a guess: what a handshake of two seconds can bear when several peers log in at once. */
const COST: ScryptCost = { ln: 15, r: 8, p: 1 };

export const isHashed = (secret: string): boolean => secret.startsWith('$scrypt$');

/** The parts of a hashed secret; null where it is malformed or costs more than `MAX_MEMORY`. */
export function parseHashed(secret: string): HashedSecret | null {
  const m = FORMAT.exec(secret);
  if (m === null) return null;
  const parsed = { ln: +m[1], r: +m[2], p: +m[3], salt: Buffer.from(m[4], 'base64'), hash: Buffer.from(m[5], 'base64') };
  const sound = parsed.ln >= 1 && parsed.ln <= 20 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16
    && memory(parsed) <= MAX_MEMORY && parsed.hash.length === HASH_BYTES && parsed.salt.length >= 8;
  return sound ? parsed : null;
}

/** Hashes a new secret (bytes) with a fresh salt. */
export async function hashSecret(password: string, cost: ScryptCost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, cost);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a password (bytes) is the hashed one; constant time over the hash. Rejects when `wanted` answers false before it is hashed. */
export async function matchesHashed(password: string, secret: HashedSecret, wanted?: () => boolean): Promise<boolean> {
  return timingSafeEqual(await derive(password, secret.salt, secret, wanted), secret.hash);
}

/** A secret of this cost that no password matches: work for users that do not exist. */
export const unmatchable = (cost: ScryptCost): HashedSecret => ({ ...cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) });

const FORMAT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MAX_MEMORY = 2 ** 28;
const memory = (cost: ScryptCost): number => 128 * 2 ** cost.ln * cost.r;
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const AT_ONCE = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: ScryptCost, wanted = () => true): Promise<Buffer> {
  if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  else running++;
  try {
    if (!wanted()) throw new Error('nobody waits for the answer');
    return await new Promise<Buffer>((resolve, reject) => {
      const options = { N: 2 ** cost.ln, r: cost.r, p: cost.p, maxmem: 2 * MAX_MEMORY };
      scrypt(Buffer.from(password, 'latin1'), salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
    });
  } finally {
    // The place passes to the next one directly, so that nobody can slip in between.
    const next = waiting.pop();
    if (next) next();
    else running--;
  }
}
