/** Programs of other people that tests talk to. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';

export interface Program { readonly child: ChildProcess; readonly out: () => string }

/** Its two outputs together; its input stays open. */
export function program(name: string, ...args: readonly string[]): Program {
  const child = spawn(name, args);
  let out = '';
  child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString('latin1'); });
  child.stderr!.on('data', (chunk: Buffer) => { out += chunk.toString('latin1'); });
  child.stdin!.on('error', () => {});
  return { child, out: () => out };
}

/** false, or why tests that need the program are skipped. Said aloud, so that nobody believes they have run. */
export function missing(name: string, ...version: readonly string[]): string | false {
  try {
    execFileSync(name, version, { stdio: 'ignore' });
    return false;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    console.error(`no ${name}: NOT tested against it`);
    return `no ${name}`;
  }
}

export async function until(met: () => boolean, what: () => string): Promise<void> {
  for (let i = 0; i < 1500 && !met(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(met(), what());
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
