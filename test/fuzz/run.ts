/** Runs a target over inputs, and keeps what it finds. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from './random.js';
import type { Target } from './target.js';

/** An input that takes longer is a finding, whatever comes out. */
const SLOW_MS = 100;

export interface Finding { readonly input: Uint8Array; readonly error: unknown }
export interface Result { readonly inputs: number; readonly seconds: number; readonly slowest: number; readonly finding: Finding | null }

/** Tries one input; answers the time it took in ms and what is wrong with it. */
export function attempt(target: Target, bytes: Uint8Array): { readonly ms: number; readonly finding: Finding | null } {
  let ms = Infinity;
  try {
    // The machine may have been busy with something else: slow is what is slow three times in a row, and has worked all the time.
    for (let tries = 0; tries < 3 && ms > SLOW_MS / 20; tries++) {
      const start = performance.now();
      const used = process.cpuUsage();
      target.once(bytes);
      const { user, system } = process.cpuUsage(used);
      ms = Math.min(ms, performance.now() - start, (user + system) / 1000);
    }
  } catch (error) {
    return { ms: 0, finding: { input: bytes, error } };
  }
  return { ms, finding: ms > SLOW_MS ? { input: bytes, error: new Error(`took ${ms.toFixed(0)} ms`) } : null };
}

/** Random inputs until the count, the time or the first finding. */
export function fuzz(target: Target, seed: number, count: number, seconds: number): Result {
  const random = new Random(seed);
  const start = performance.now();
  let slowest = 0;
  let inputs = 0;
  let finding: Finding | null = null;
  while (inputs < count && finding === null && ((inputs & 255) !== 0 || performance.now() - start < seconds * 1000)) {
    const result = attempt(target, target.input(random));
    inputs++;
    if (result.ms > slowest) slowest = result.ms;
    finding = result.finding;
  }
  return { inputs, seconds: (performance.now() - start) / 1000, slowest, finding };
}

/** The committed inputs of a target, by file name. */
export function corpus(target: Target): ReadonlyMap<string, Uint8Array> {
  const folder = join(CORPUS, target.name);
  return new Map((existsSync(folder) ? readdirSync(folder).sort() : []).map((file) => [file, readFileSync(join(folder, file))]));
}

/** Adds an input to the corpus, named by its hash; answers the path. */
export function keep(target: Target, bytes: Uint8Array): string {
  const folder = join(CORPUS, target.name);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(bytes).digest('hex').slice(0, 16));
  writeFileSync(path, bytes);
  return path;
}

/** The sources' corpus folder; compiled code lies elsewhere. */
const CORPUS = find(process.cwd()) ?? find(dirname(fileURLToPath(import.meta.url))) ?? join(process.cwd(), 'test/fuzz/corpus');

function find(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'test/fuzz/corpus');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
