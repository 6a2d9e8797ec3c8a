/** The vectors of broker v1, and how they are compared with messages. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as messages from '../../src/wire/broker/messages.generated.js';
import { hex } from '../../src/wire/broker/secrets.js';

export { hex };

/** Whatever JSON holds; tests know what they look for. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export const VECTORS: Json = JSON.parse(readFileSync(find(process.cwd()) ?? find(dirname(fileURLToPath(import.meta.url))) ?? 'vectors are missing', 'utf8'));

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

type Codec = { decode(b: Uint8Array): Json; encode(m: Json): Uint8Array; create(init?: Json): Json };

/** The codec of a message by its name. */
export function codec(name: string): Codec {
  const all = messages as unknown as Record<string, (x?: Json) => Json>;
  return { decode: all[`decode${name}`], encode: all[`encode${name}`], create: all[`create${name}`] };
}

/** A message as the vectors write it: snake case, bytes in hex, 64-bit numbers as text. */
export function plain(value: Json): Json {
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), plain(v)]));
}

/** What of `got` the vector speaks of. */
export function pick(got: Json, expected: Json): Json {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected) || typeof got !== 'object' || got === null) return got;
  return Object.fromEntries(Object.keys(expected).map((k) => [k, pick(got[k], expected[k])]));
}

export function text(b: Uint8Array): string {
  return Buffer.from(b).toString('utf8');
}

function find(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'test/vectors/broker-v1.json');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
