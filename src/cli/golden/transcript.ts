/**
 * Golden transcripts: a folder with `server.rfl`, one or more `client*.rfl`, and beside each script the output it must give
 * (`server.out`, `client.out`): standard output, then standard error. The server gets a free port, which the clients read with
 * `(.os.getenv "RFL_PORT")`; the clients run to their end one after the other, in the order of their names. All of them have one empty
 * folder, `(.os.getenv "XDG_RUNTIME_DIR")`, where the sockets of pipes lie too.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface TranscriptResult {
  readonly passed: number;
  readonly failures: readonly { readonly file: string; readonly expected: string; readonly got: string }[];
}

const SERVER = 'server.rfl';
const CLIENT = /^client.*\.rfl$/;
/** How long one client may take, and the server to start or stop. */
const LIMIT_MS = 60_000;
const LOOK_MS = 10;

export const isTranscript = (folder: string): boolean => existsSync(join(folder, SERVER));

/** Plays a transcript with this very program and compares each script's output; `update` writes it instead. */
export async function runTranscript(folder: string, update: boolean): Promise<TranscriptResult> {
  const clients = readdirSync(folder).filter((name) => CLIENT.test(name)).sort();
  const outputs = new Map<string, string>();
  const own = mkdtempSync(join(tmpdir(), 'rfl-'));
  const server = start(folder, own);
  try {
    // A server that ends before it listens fails by what it said.
    await until(() => server.port() !== null || ended(server.child));
    for (const client of clients) outputs.set(client, run(folder, own, client, server.port() ?? '0'));
  } finally {
    server.child.kill('SIGTERM');
    await until(() => server.closed());
    rmSync(own, { recursive: true, force: true });
  }
  outputs.set(SERVER, server.output());
  return compare(folder, outputs, update);
}

function compare(folder: string, outputs: ReadonlyMap<string, string>, update: boolean): TranscriptResult {
  const failures: TranscriptResult['failures'][number][] = [];
  for (const [script, got] of outputs) {
    const file = join(folder, basename(script, '.rfl') + '.out');
    const expected = existsSync(file) ? readFileSync(file, 'latin1') : null;
    if (expected === got) continue;
    failures.push({ file, expected: expected ?? `${NO_FILE}\n`, got });
    if (update) writeFileSync(file, got, 'latin1');
  }
  return { passed: outputs.size - failures.length, failures };
}

/** A script that says nothing has an empty file: without one nothing would be asserted. */
const NO_FILE = 'a file of this name';

const command = (...args: string[]): string[] => [process.argv[1], '--no-color', ...args];
interface Server {
  readonly child: ChildProcess;
  port(): string | null;
  output(): string;
  /** It ended, and all it wrote has arrived. */
  closed(): boolean;
}

const LISTENING = /^listening on port (\d+)\n/m;

function start(folder: string, own: string): Server {
  const child = spawn(process.execPath, command('--listen', '127.0.0.1:0', SERVER), { cwd: folder, env: { ...process.env, XDG_RUNTIME_DIR: own }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let closed = false;
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('latin1')));
  child.once('close', () => (closed = true));
  return { child, port: () => LISTENING.exec(err)?.[1] ?? null, output: () => (out + err.replace(LISTENING, '')).replaceAll(own, 'FOLDER'), closed: () => closed };
}

/** The port and the folder are this run's alone, so they may not stand in what is compared. */
function run(folder: string, own: string, client: string, port: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, command(client), { cwd: folder, env: { ...process.env, RFL_PORT: port, XDG_RUNTIME_DIR: own }, encoding: 'latin1', timeout: LIMIT_MS });
  const text = (stdout + stderr).replaceAll(`:${port}`, ':PORT').replaceAll(own, 'FOLDER');
  return status === 0 ? text : `${text}exit ${status ?? 'by timeout'}\n`;
}

async function until(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + LIMIT_MS; !done() && performance.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
