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

/** Like `runScript`; with the most memory the process held, bytes. */
export function runMeasured(peer: Peer, path: string, args: readonly string[] = []): Promise<{ readonly stdout: string; readonly peak: number }> {
  const [cmd, argv] = command(peer, [...args, path]);
  const child = spawn(cmd, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  let peak = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const look = setInterval(() => {
    peak = Math.max(peak, memory(child.pid!, 'VmHWM'));
  }, PEAK_MS);
  return new Promise((resolve, reject) => {
    child.once('close', (status) => {
      clearInterval(look);
      if (status === 0) resolve({ stdout, peak });
      else reject(new Error(`${peer} ${path}: status ${status}\n${stdout}`));
    });
  });
}

/** Between looks at the greatest size of a process, which the kernel keeps itself. */
const PEAK_MS = 10;

/** A line of a process's status in bytes; 0: it is gone. */
function memory(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  try {
    return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
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
    rss: () => memory(child.pid!, 'VmRSS'),
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
