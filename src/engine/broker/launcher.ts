/** Starts backends of which there is a definition and none that runs: one attempt at a time for each, and a few in half a minute. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { Router, type BackendKey, type Launch, type RunningBackend } from '../../wire/broker/directories.js';
import { leafName, socketPath, userHash } from '../../wire/broker/endpoint-names.js';
import { traceHeaders } from '../../wire/broker/frame.js';
import type { Backend } from '../../wire/broker/hello.js';
import type { Frame, Hello, ServiceDefinition } from '../../wire/broker/messages.generated.js';
import { SpawnCounters } from '../../wire/broker/metrics.js';
import type { Refusal } from '../../wire/broker/refusal.js';
import { probe } from './dial.js';
import { exeHashes, knownHash } from './exe-hash.js';
import { machineId, processFacts } from './process-facts.js';

export interface LauncherOptions {
  /** The broker's own socket: those of its backends lie beside it. */
  readonly path: string;
  /** As it is now; throws DefinitionError. */
  readonly definition: (service: string) => ServiceDefinition;
  /** A session token for a backend that starts, in hex; null: there are none. */
  readonly token: (service: string) => string | null;
  /** Attempts have been used up for the first time in their window. */
  readonly onStorm?: () => void;
  /** For a backend to answer a probe, in ms. Default 60 000. */
  readonly timeoutMs?: number;
}

/** The names are the first thing a backend reads of its broker. */
const ENV = 'RUNNING_PROCESS_BROKER_V1_';
const TIMEOUT_MS = 60_000;
/** Between probes, in ms; the last one again and again. */
const WAITS = [50, 100, 200, 500, 1000, 2000];

export class Launcher {
  readonly #router: Router;
  readonly counters = new SpawnCounters(() => this.#router.budgets(performance.now()));

  constructor(private readonly options: LauncherOptions) {
    this.#router = new Router({ definition: options.definition, exeHash: (path) => knownHash(path) ?? '', isAlive: processFacts.isAlive, launches: true, onStorm: () => options.onStorm?.() });
  }

  /** What runs. */
  get running(): RunningBackend[] {
    return this.#router.list();
  }

  /** The backend for a Hello, started where it does not run. */
  async find(hello: Hello, frame: Frame): Promise<Backend | Refusal> {
    await this.#hash(hello.serviceName);
    const found = this.#router.find(hello, performance.now());
    if (!('launch' in found)) return found;
    const outcome = await this.#start(found, frame).catch((e: Error) => ({ error: e.message }));
    this.counters.count(found.launch.service, found.launch.version, !('error' in outcome));
    return this.#router.launched(found, outcome);
  }

  /** So that the router need not wait for it. What is wrong with the definition is the router's to say. */
  async #hash(service: string): Promise<void> {
    let path: string;
    try {
      path = this.options.definition(service).binaryPath;
    } catch {
      return;
    }
    if (knownHash(path) === null) await exeHashes(path);
  }

  async #start({ launch, definition }: Launch, frame: Frame): Promise<RunningBackend | { readonly error: string }> {
    const binary = binaryOf(definition);
    const pipe = socketPath(dirname(this.options.path), leafName(userHash(String(process.geteuid?.() ?? 0), machineId()), { kind: 'backend', random: randomBytes(16) }));
    const child = spawn(binary, [], { env: { ...process.env, ...this.#environment(launch, pipe, frame) }, stdio: 'ignore', detached: true });
    // It may outlive its broker: it has clients of its own.
    child.unref();
    const failed = await answers(child, pipe, this.options.timeoutMs ?? TIMEOUT_MS);
    if (failed === null) return { serviceName: launch.service, version: launch.version, pipe, capabilities: 0n, pid: child.pid! };
    child.kill('SIGKILL');
    return { error: failed };
  }

  #environment({ service, version, instance }: BackendKey, pipe: string, frame: Frame): Record<string, string> {
    const token = this.options.token(service);
    const values: [name: string, value: string][] = [
      ['SERVICE_NAME', service], ['SERVICE_VERSION', version], ['BACKEND_PIPE', pipe], ['BACKEND_NAMESPACE', ''], ['INSTANCE', instance],
      ...traceHeaders(frame).map(([name, value]): [string, string] => [name.toUpperCase(), value]),
      ...(token === null ? [] : [['SESSION_TOKEN', token] as [string, string]]),
    ];
    return Object.fromEntries(values.map(([name, value]) => [`${ENV}${name}`, value]));
  }
}

/** Throws where it does not lie in the folder for it. */
function binaryOf({ binaryPath, perVersionBinaryDir }: ServiceDefinition): string {
  if (perVersionBinaryDir === '') throw new Error('the definition has no per_version_binary_dir');
  const [binary, folder] = [realpathSync(binaryPath), realpathSync(perVersionBinaryDir)];
  if (!binary.startsWith(`${folder}/`)) throw new Error(`${binaryPath} does not lie in ${perVersionBinaryDir}`);
  return binary;
}

/** Waits until the process says itself that it serves the pipe; why it does not, or null. */
async function answers(child: ChildProcess, pipe: string, timeoutMs: number): Promise<string | null> {
  let over: string | null = null;
  child.once('error', (e) => { over = e.message; });
  child.once('exit', (code, signal) => { over = `it ended at once (${signal ?? code})`; });
  const until = performance.now() + timeoutMs;
  for (let i = 0; performance.now() < until; i++) {
    await new Promise((resolve) => setTimeout(resolve, WAITS[Math.min(i, WAITS.length - 1)]));
    if (over !== null) return over;
    const found = await probe(pipe);
    if (!('kind' in found)) return found.pid === child.pid ? null : 'somebody else answers for it';
    // Without the hash of its executable yet.
    if (found.kind === 'Identity') return null;
  }
  return 'it does not answer';
}
