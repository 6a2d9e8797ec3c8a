/** The Go package that pipes and swarm are compatible with, built outside of the project. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './root.js';

const MODULE = 'github.com/syntrex-lab/gomcp';
const PARTS = ['infrastructure/ipc', 'domain/alert', 'domain/memory', 'domain/peer'];

/** Where its sources lie, or why it cannot be tested against. */
export function originalOrReason(): { readonly sources: string } | { readonly reason: string } {
  const sources = process.env['RFL_SOC_ORIGINAL'];
  if (sources === undefined) return { reason: 'RFL_SOC_ORIGINAL does not name the folder of its sources' };
  if (!existsSync(join(sources, 'internal', PARTS[0]))) return { reason: `no sources in ${sources}` };
  return spawnSync('go', ['version']).status === 0 ? { sources } : { reason: 'there is no Go toolchain' };
}

/** Builds the driver in `folder`, with nothing but the four packages; answers the program. */
export function buildOriginal(sources: string, folder: string): string {
  const here = fileURLToPath(new URL('test/support/original/', ROOT));
  for (const part of PARTS) {
    const to = join(folder, 'internal', part);
    mkdirSync(to, { recursive: true });
    for (const file of readdirSync(join(sources, 'internal', part))) {
      if (!file.endsWith('.go') || file.endsWith('_test.go')) continue;
      writeFileSync(join(to, file), readFileSync(join(sources, 'internal', part, file), 'utf8').replace('"log/slog"', `"${MODULE}/slog"`));
    }
  }
  mkdirSync(join(folder, 'slog'));
  cpSync(join(here, 'slog.go'), join(folder, 'slog/slog.go'));
  cpSync(join(here, 'main.go'), join(folder, 'main.go'));
  writeFileSync(join(folder, 'go.mod'), `module ${MODULE}\n\ngo 1.19\n`);
  const program = join(folder, 'original');
  const { status, stderr } = spawnSync('go', ['build', '-o', program, '.'], { cwd: folder, encoding: 'utf8', env: { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', GOPROXY: 'off' } });
  if (status !== 0) throw new Error(stderr);
  return program;
}

/** The driver at work; its lines as they come. */
export class Original {
  readonly lines: string[] = [];
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;

  constructor(program: string, args: readonly string[], temporary: string) {
    this.#child = spawn(program, args, { env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'ignore'] });
    let rest = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      this.lines.push(...parts);
    });
    this.ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
  }

  /** Waits for `n` lines that begin so. */
  async see(start: string, n = 1): Promise<string[]> {
    for (let i = 0; i < 2000; i++) {
      const found = this.lines.filter((line) => line.startsWith(start));
      if (found.length >= n) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`the original did not say '${start}' ${n} times: ${this.lines.slice(-5).join(' | ')}`);
  }
  end(): Promise<void> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }
}
