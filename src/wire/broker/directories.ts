/** What brokers know about backends: a table filled by registration, and a router over service definitions that can start them. */
import type { Backend, Directory } from './hello.js';
import { isRefusal } from './hello.js';
import { SpawnBudget } from './limits.js';
import type { Hello, ServiceDefinition } from './messages.generated.js';
import { isVersion, NAME_REASONS, nameFault, versionFault, type VersionPolicy } from './names.js';
import { badDefinition, badIsolation, installFailed, REFUSALS, spawnBudgetExhausted, spawnFailed, type Refusal } from './refusal.js';
import { DefinitionError, instanceId, isMissing } from './service-definition.js';

/** A registration that cannot be: a mistake of whoever configures the broker. */
export class RegistrationError extends Error {}

export interface Registration extends Backend, VersionPolicy {}

/**
 * Services by registration. Several versions of a service may stand side by side: a client gets the one it wants, or, where
 * there is none of exactly that version, the one registered last. Policy is the last registration's.
 */
export class BackendTable implements Directory {
  readonly #services = new Map<string, { policy: VersionPolicy; readonly versions: Map<string, Registration> }>();

  /** `alone`: other versions of the service are forgotten. Errors: RegistrationError. */
  register(r: Registration, alone = true): void {
    checkRegistration(r);
    const known = alone ? undefined : this.#services.get(r.serviceName);
    const versions = known?.versions ?? new Map<string, Registration>();
    // Moves to the end: the last one is what other versions get.
    versions.delete(r.version);
    versions.set(r.version, r);
    this.#services.set(r.serviceName, { policy: r, versions });
  }

  /** Forgets one version, or all; answers whether there was something to forget. */
  unregister(service: string, version?: string): boolean {
    const known = this.#services.get(service);
    if (known === undefined) return false;
    if (version !== undefined && !known.versions.delete(version)) return false;
    if (version === undefined || known.versions.size === 0) this.#services.delete(service);
    return true;
  }

  has(service: string): boolean {
    return this.#services.has(service);
  }

  route(hello: Hello): Backend | Refusal {
    const known = this.#services.get(hello.serviceName);
    if (known === undefined) return REFUSALS.unregistered;
    const refusal = policyRefusal(hello.wantedVersion, known.policy);
    if (refusal !== null) return refusal;
    return known.versions.get(hello.wantedVersion) ?? [...known.versions.values()].at(-1)!;
  }

  /** All registrations, services in the order of their first one. */
  list(): Registration[] {
    return [...this.#services.values()].flatMap(({ versions }) => [...versions.values()]);
  }
}

/** Services by definition: files say what may be served, registrations where it runs. Both have a say in versions. */
export class DefinedServices implements Directory {
  /** `definition`: as it is now; throws DefinitionError. */
  constructor(private readonly definition: (service: string) => ServiceDefinition, private readonly table: BackendTable) {}

  route(hello: Hello): Backend | Refusal {
    const found = admitted(hello, this.definition);
    if (isRefusal(found)) return found;
    const backend = this.table.route(hello);
    if (isRefusal(backend)) return backend === REFUSALS.unregistered ? REFUSALS.noBackend : backend;
    return backend.version === hello.wantedVersion ? backend : REFUSALS.noBackend;
  }
}

/** What a backend is found by. The hash tells rebuilt binaries of one version apart; empty (unreadable) never matches. */
export interface BackendKey { readonly instance: string; readonly service: string; readonly version: string; readonly exeHash: string }

export interface RouterOptions {
  /** The definition as it is now; throws DefinitionError. */
  readonly definition: (service: string) => ServiceDefinition;
  /** BLAKE3 of a binary in hex, or empty. */
  readonly exeHash: (path: string) => string;
  readonly isAlive: (pid: number) => boolean;
  readonly instance?: (definition: ServiceDefinition) => string;
  readonly launches?: boolean;
  readonly budget?: SpawnBudget;
  /** The budget was used up for the first time in its window. */
  readonly onStorm?: (key: BackendKey) => void;
}

/** A backend must be started, and `Router.launched` told what came of it. */
export interface Launch { readonly launch: BackendKey; readonly definition: ServiceDefinition }
export interface RunningBackend extends Backend { readonly pid: number }

export class Router implements Directory {
  readonly #options: RouterOptions;
  readonly #budget: SpawnBudget;
  readonly #running = new Map<string, RunningBackend>();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new SpawnBudget();
  }

  /** Attempts left to start what was tried to be started. */
  budgets(now: number): { readonly service: string; readonly version: string; readonly remaining: number }[] {
    return Array.from(this.#budget.open(now), ([key, remaining]) => {
      const [, service, version] = JSON.parse(key) as string[];
      return { service, version, remaining };
    });
  }

  /** What runs, as far as is known. */
  list(): RunningBackend[] {
    this.#forgetDead();
    return [...this.#running.values()];
  }

  /** As `find`, where nothing is launched. */
  route(hello: Hello, now: number): Backend | Refusal {
    const found = this.find(hello, now);
    return 'launch' in found ? REFUSALS.noBackend : found;
  }

  find(hello: Hello, now: number): RunningBackend | Launch | Refusal {
    const definition = admitted(hello, this.#options.definition);
    if (isRefusal(definition)) return definition;
    const key = this.#key(definition, hello.wantedVersion);
    if (isRefusal(key)) return key;
    this.#forgetDead();
    const running = key.exeHash === '' ? undefined : this.#running.get(text(key));
    if (running !== undefined) return running;
    return this.#options.launches ? this.#begin(key, definition, now) : REFUSALS.noBackend;
  }

  /** The end of a launch: the backend, or why there is none. */
  launched({ launch }: Launch, outcome: RunningBackend | { readonly error: string }): RunningBackend | Refusal {
    if ('error' in outcome) return this.#failed(launch, spawnFailed(outcome.error));
    if (outcome.serviceName !== launch.service || outcome.version !== launch.version) return this.#failed(launch, REFUSALS.wrongBackend);
    try {
      this.install(launch, outcome);
    } catch (e) {
      return this.#failed(launch, installFailed((e as Error).message));
    }
    this.#budget.end(text(launch), true);
    return outcome;
  }

  /** A backend that runs. Errors: RegistrationError. */
  install(key: BackendKey, backend: RunningBackend): void {
    checkRegistration({ ...backend, minVersion: '', allowList: [] });
    this.#running.set(text(key), backend);
  }

  #begin(launch: BackendKey, definition: ServiceDefinition, now: number): Launch | Refusal {
    const verdict = this.#budget.begin(text(launch), now);
    if (verdict.verdict === 'Begin') return { launch, definition };
    if (verdict.verdict === 'InProgress') return REFUSALS.spawning;
    if (verdict.stormTrip) this.#options.onStorm?.(launch);
    return spawnBudgetExhausted(verdict.retryAfterMs);
  }

  #failed(launch: BackendKey, refusal: Refusal): Refusal {
    this.#budget.end(text(launch), false);
    return refusal;
  }

  #key(definition: ServiceDefinition, version: string): BackendKey | Refusal {
    try {
      const instance = (this.#options.instance ?? instanceId)(definition);
      return { instance, service: definition.serviceName, version, exeHash: this.#options.exeHash(definition.binaryPath) };
    } catch (e) {
      return badIsolation((e as Error).message);
    }
  }

  #forgetDead(): void {
    for (const [key, { pid }] of this.#running) if (!this.#options.isAlive(pid)) this.#running.delete(key);
  }
}

/** The definition that lets a Hello through. */
function admitted(hello: Hello, find: (service: string) => ServiceDefinition): ServiceDefinition | Refusal {
  let definition: ServiceDefinition;
  try {
    definition = find(hello.serviceName);
  } catch (e) {
    return definitionRefusal(e);
  }
  return policyRefusal(hello.wantedVersion, { minVersion: definition.minVersion, allowList: definition.versionAllowList }) ?? definition;
}

function checkRegistration(r: Registration): void {
  const fault = nameFault(r.serviceName);
  if (fault !== null) throw new RegistrationError(`invalid service_name: ${NAME_REASONS[fault]}`);
  if (r.pipe === '') throw new RegistrationError('backend_pipe must not be empty');
  for (const version of [...(r.minVersion === '' ? [] : [r.minVersion]), ...r.allowList]) {
    if (!isVersion(version)) throw new RegistrationError(`invalid version: ${JSON.stringify(version)}`);
  }
}

function policyRefusal(wanted: string, policy: VersionPolicy): Refusal | null {
  const fault = versionFault(wanted, policy);
  if (fault === null) return null;
  return fault === 'BelowMinVersion' ? REFUSALS.belowFloor : REFUSALS.notAllowed;
}

function definitionRefusal(e: unknown): Refusal {
  if (!(e instanceof DefinitionError)) throw e;
  if (isMissing(e)) return REFUSALS.noDefinition;
  if (e.fault.kind === 'InvalidName' && e.fault.field === 'service_name') return REFUSALS.serviceName;
  return badDefinition(e.message);
}

function text(key: BackendKey): string {
  return JSON.stringify([key.instance, key.service, key.version, key.exeHash]);
}
