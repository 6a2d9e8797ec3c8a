/** Runs the command line in processes of their own. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const built = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** What `bin/rfl.js` runs; the modules themselves where only they were compiled. */
export const MAIN = existsSync(built('program/main.js')) ? built('program/main.js') : built('src/cli/main.js');

export interface Outcome { readonly status: number | null; readonly out: string; readonly err: string }

/** Runs to the end; one that does not end within a minute is killed. */
export function rfl(args: readonly string[], input = '', options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { input, encoding: 'utf8', timeout: 60_000, cwd: options.cwd, env: { ...process.env, ...options.env } });
  return { status, out: stdout, err: stderr };
}

/** A running `rfl`, its output collected. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  out = '';
  err = '';
  readonly ended: Promise<number | null>;
  #changed: () => void = () => {};

  constructor(args: readonly string[]) {
    this.process = spawn(process.execPath, [MAIN, ...args]);
    this.process.stdout.on('data', (chunk: Buffer) => this.#add('out', chunk));
    this.process.stderr.on('data', (chunk: Buffer) => this.#add('err', chunk));
    this.ended = new Promise((resolve) => this.process.on('close', (status) => resolve(status)));
    void this.ended.then(() => this.#changed());
  }

  /** Waits until the output of a stream matches. */
  async see(stream: 'out' | 'err', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[stream]);
      const ended = this.process.exitCode !== null || this.process.signalCode !== null;
      if (found !== null || ended) {
        assert.ok(found !== null, `ended without ${String(pattern)} on ${stream}: ${this.out}${this.err}`);
        return found;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  #add(stream: 'out' | 'err', chunk: Buffer): void {
    this[stream] += chunk.toString('utf8');
    this.#changed();
  }
}

/** A temporary folder with files of these texts. */
export async function withFiles<R>(files: Record<string, string>, body: (folder: string) => R | Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'rfl-test-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
