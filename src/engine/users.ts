/**
 * Users files: who may connect. One `name:secret` or `name:secret:restricted` a line, `#` comments, blank lines.
 *
 * The name ends at the first colon. The secret may hold colons: only a last field that is exactly `restricted` is cut off.
 * An empty name or `*` accepts every user name; several such lines may stand in one file.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isHashed, matchesHashed, parseHashed, unmatchable, type HashedSecret, type ScryptCost } from './scrypt.js';
import type { UserEntry, Users } from './api.js';

/** A users file that must stop the start. The message names file and line, and never shows a secret. */
export class UsersFileError extends Error {}

/**
 * Reads and checks a users file. Errors: `UsersFileError` when it is missing, unreadable, has a malformed line, names nobody, is
 * somebody else's (`us`: the user of this process), may be written by group or others, or holds plain secrets while they may read it.
 */
export function loadUsers(file: string, us = process.geteuid?.()): UserEntry[] {
  const { text, mode, owner } = readWithMode(file);
  // Whoever can write the file admits himself: hashing protects secrets, not the list.
  if (us !== undefined && owner !== us && owner !== ROOT) throw new UsersFileError(`${file}: the users file belongs to user ${owner}: it must be this user's or root's`);
  if ((mode & OTHERS_WRITE) !== 0) throw new UsersFileError(`${file}: others may write the users file (mode ${octal(mode)}): chmod 600 it`);
  const entries = parseUsers(text, file);
  const plain = entries.find((e) => !isHashed(e.secret));
  if (plain !== undefined && (mode & OTHERS_READ) !== 0) {
    throw new UsersFileError(`${file}:${lineOf(text, plain)}: a plain secret in a file that others may read (mode ${octal(mode)}): chmod 600 it, or hash the secrets with 'rfl passwd'`);
  }
  return entries;
}

/** The entries of a file's text (bytes). Errors: `UsersFileError` naming `file` and the line. */
export function parseUsers(text: string, file: string): UserEntry[] {
  const entries: UserEntry[] = [];
  const seen = new Map<string, number>();
  eachLine(text, (line, n) => {
    const entry = parseLine(line, (why) => new UsersFileError(`${file}:${n}: ${why}`));
    if (!isWildcard(entry)) {
      const first = seen.get(entry.name);
      if (first !== undefined) throw new UsersFileError(`${file}:${n}: user '${entry.name}' stands on line ${first} already`);
      seen.set(entry.name, n);
    }
    entries.push(entry);
  });
  if (entries.length === 0) throw new UsersFileError(`${file}: no users in this file: nobody could connect`);
  return entries;
}

/** The secret compare. A user's own line is tried first, then the lines for any name in their order. */
export function makeUsers(entries: readonly UserEntry[]): Users {
  const checks = entries.map((e) => new Check(e));
  const named = new Map(checks.filter((c) => !isWildcard(c.entry)).map((c) => [c.entry.name, c]));
  const wildcards = checks.filter((c) => isWildcard(c.entry));
  const decoys = distinctCosts([...named.values()]).map((cost) => ({ cost, secret: unmatchable(cost) }));
  const nobody = new Check({ name: '', secret: randomBytes(32).toString('latin1'), restricted: true });
  return {
    required: entries.length > 0,
    restricts: (user) => named.get(user)?.entry.restricted ?? entries.some((e) => e.restricted),
    async verify(user, password, wanted = () => true) {
      if (entries.length === 0) return { ok: true, restricted: false };
      const own = named.get(user) ?? nobody;
      // One hash for every cost in the file, whoever asks: the time must not tell whether, or how, a name is listed.
      const padding = decoys.filter((d) => !own.costs(d.cost)).map((d) => d.secret);
      const [results] = await Promise.all([
        Promise.all([own, ...wildcards].map((check) => check.matches(password, wanted))),
        Promise.all(padding.map((secret) => quietly(matchesHashed(password, secret, wanted)))),
      ]);
      const hit = [own, ...wildcards].filter((_, i) => results[i])[0];
      return hit === undefined ? { ok: false, restricted: true } : { ok: true, restricted: hit.entry.restricted };
    },
  };
}

const ROOT = 0;
const OTHERS_READ = 0o044;
const OTHERS_WRITE = 0o022;
const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(3, '0');
/** Credentials travel as `user:password` and NUL behind a length byte. */
const MAX_CREDENTIALS = 254;

const isWildcard = (e: UserEntry): boolean => e.name === '' || e.name === '*';

class Check {
  readonly #hashed: HashedSecret | null;
  readonly #digest: Buffer;
  constructor(readonly entry: UserEntry) {
    this.#hashed = isHashed(entry.secret) ? parseHashed(entry.secret) : null;
    this.#digest = digest(entry.secret);
  }
  costs(cost: ScryptCost): boolean {
    return this.#hashed !== null && sameCost(this.#hashed, cost);
  }
  async matches(password: string, wanted: () => boolean): Promise<boolean> {
    if (this.#hashed !== null) return quietly(matchesHashed(password, this.#hashed, wanted));
    // A malformed hash must never be compared as plain text.
    return timingSafeEqual(digest(password), this.#digest) && !isHashed(this.entry.secret);
  }
}

/** Comparing keyed digests of fixed length hides both the length and the first difference. */
const KEY = randomBytes(32);
const digest = (bytes: string): Buffer => createHmac('sha256', KEY).update(bytes, 'latin1').digest();

/** Out of memory while hashing is a refusal, not a crash; so is a peer that went away. */
const quietly = (match: Promise<boolean>): Promise<boolean> => match.catch(() => false);

const sameCost = (a: ScryptCost, b: ScryptCost): boolean => a.ln === b.ln && a.r === b.r && a.p === b.p;

function distinctCosts(checks: readonly Check[]): ScryptCost[] {
  const costs: ScryptCost[] = [];
  for (const { entry } of checks) {
    const hashed = isHashed(entry.secret) ? parseHashed(entry.secret) : null;
    if (hashed !== null && !costs.some((c) => sameCost(c, hashed))) costs.push(hashed);
  }
  return costs;
}

function parseLine(line: string, malformed: (why: string) => Error): UserEntry {
  const colon = line.indexOf(':');
  if (colon < 0) throw malformed('expected name:secret or name:secret:restricted');
  const name = line.slice(0, colon);
  const rest = line.slice(colon + 1);
  const restricted = rest.endsWith(':restricted');
  const secret = restricted ? rest.slice(0, -':restricted'.length) : rest;
  if (line.includes('\0')) throw malformed('a NUL byte');
  if (secret === '') throw malformed('an empty secret');
  if (isHashed(secret)) {
    if (parseHashed(secret) === null) throw malformed("a malformed $scrypt$ secret: make one with 'rfl passwd'");
  } else if (name.length + 1 + secret.length > MAX_CREDENTIALS) {
    throw malformed(`name and secret are longer than the ${MAX_CREDENTIALS} bytes that credentials can carry`);
  }
  return { name, secret, restricted };
}

/** Lines that are neither blank nor comments, with their 1-based numbers. */
function eachLine(text: string, visit: (line: string, n: number) => void): void {
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/\r$/, '');
    if (!/^\s*(#|$)/.test(line)) visit(line, i + 1);
  });
}

function lineOf(text: string, entry: UserEntry): number {
  let found = 0;
  eachLine(text, (line, n) => {
    if (found === 0 && line.startsWith(`${entry.name}:${entry.secret}`)) found = n;
  });
  return found;
}

/** Text, mode and owner of one and the same file, whatever is renamed meanwhile. */
function readWithMode(file: string): { text: string; mode: number; owner: number } {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const { mode, uid } = fstatSync(fd);
    return { text: readFileSync(fd, 'latin1'), mode, owner: uid };
  } catch (e) {
    throw new UsersFileError(`${file}: cannot read the users file (${(e as NodeJS.ErrnoException).code ?? 'unknown'})`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
