/** The programs that are measured: rfl as it is installed, and the reference when RFL_REFERENCE names its binary. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const reference = process.env.RFL_REFERENCE;
export const rfl = fileURLToPath(new URL('../../bin/rfl.js', import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), 'rfl-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export type Peer = 'rfl' | 'reference';
export const peers: readonly Peer[] = reference === undefined ? ['rfl'] : ['rfl', 'reference'];

const command = (peer: Peer, args: readonly string[]): [string, string[]] => (peer === 'rfl' ? [process.execPath, [rfl, ...args]] : [reference!, [...args]]);

/** Writes a script and answers its path. */
export function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs a script to its end and answers its standard output. */
export function runScript(peer: Peer, path: string, args: readonly string[] = []): string {
  const [cmd, argv] = command(peer, [path, ...args]);
  const { stdout, stderr, status } = spawnSync(cmd, argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${peer} ${path}: status ${status}\n${stderr}${stdout}`);
  return stdout;
}

export interface Server { readonly port: number; readonly process: ChildProcess; rss(): number; stop(): Promise<void> }

/** Starts a server on a free port, optionally with a script, and waits until it accepts. */
export async function serve(peer: Peer, path?: string, args: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const [cmd, argv] = command(peer, ['-p', String(port), ...args, ...(path ? [path] : [])]);
  const child = spawn(cmd, argv, { stdio: ['ignore', 'ignore', 'ignore'] });
  for (const end = Date.now() + 10_000; !(await accepts(port));) {
    if (Date.now() > end) throw new Error(`${peer} does not listen on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    process: child,
    rss: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) * 1024,
    stop: () => new Promise((resolve) => (child.once('exit', () => resolve()), child.kill('SIGKILL'))),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address() as AddressInfo;
      s.close(() => resolve(port));
    });
  });
}

const accepts = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
  socket.on('error', () => resolve(false));
});

/** Connects and shakes hands; answers the socket, paused by nobody. */
export function shake(port: number): Promise<import('node:net').Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(Buffer.from([3, 0])));
    socket.once('error', reject);
    socket.once('data', () => (socket.removeListener('error', reject), resolve(socket)));
  });
}
