/** Service definitions: what a broker may serve under a name. Files are read through an injected view of the system. */
import { BrokerIsolation, decodeServiceDefinition, type ServiceDefinition } from './messages.generated.js';
import { isVersion, NAME_REASONS, nameFault } from './names.js';
import { DecodeError } from './protobuf.js';

export type DefinitionFault =
  /** `code`: the system's name of the error, such as ENOENT. */
  | { readonly kind: 'Io'; readonly code: string }
  | { readonly kind: 'Decode'; readonly detail: string }
  | { readonly kind: 'InvalidName'; readonly field: string; readonly reason: string }
  | { readonly kind: 'InsecureDirectory'; readonly mode: number }
  | { readonly kind: 'ServiceNameMismatch'; readonly requested: string; readonly actual: string }
  | { readonly kind: 'InvalidPath'; readonly field: string; readonly reason: 'must not be empty' | 'must be absolute' }
  | { readonly kind: 'InvalidIsolation'; readonly reason: string };

export class DefinitionError extends Error {
  constructor(readonly fault: DefinitionFault) {
    super(TEXTS[fault.kind](fault as never));
  }
}

const TEXTS: { [K in DefinitionFault['kind']]: (f: Extract<DefinitionFault, { kind: K }>) => string } = {
  Io: (f) => f.code,
  Decode: (f) => `malformed definition: ${f.detail}`,
  InvalidName: (f) => `invalid ${f.field}: ${f.reason}`,
  InsecureDirectory: (f) => `directory mode ${f.mode.toString(8)} lets others in`,
  ServiceNameMismatch: (f) => `definition of ${f.actual} under the name ${f.requested}`,
  InvalidPath: (f) => `${f.field} ${f.reason}`,
  InvalidIsolation: (f) => f.reason,
};

/** What the loader asks of the system; both throw an error with a `code`. */
export interface DefinitionFiles {
  /** Permission bits of a folder. */
  mode(folder: string): number;
  read(path: string): Uint8Array;
}

/** Later brokers' files come first: the fields known here are the same. */
const SUFFIXES = ['.servicedef.v2', '.servicedef'];

/** Reads the definition of a service, as it is on disk now. Errors: DefinitionError; `Io` with ENOENT where there is none. */
export function loadDefinition(files: DefinitionFiles, folder: string, service: string): ServiceDefinition {
  const mode = io(() => files.mode(folder));
  if ((mode & 0o077) !== 0) throw new DefinitionError({ kind: 'InsecureDirectory', mode: mode & 0o777 });
  checkName('service_name', service);
  for (const suffix of SUFFIXES.slice(0, -1)) {
    try {
      return parseDefinition(io(() => files.read(`${folder}/${service}${suffix}`)), service);
    } catch (e) {
      if (!isMissing(e)) throw e;
    }
  }
  return parseDefinition(io(() => files.read(`${folder}/${service}${SUFFIXES.at(-1)}`)), service);
}

/** Errors: DefinitionError. */
export function parseDefinition(bytes: Uint8Array, requested: string): ServiceDefinition {
  let definition: ServiceDefinition;
  try {
    definition = decodeServiceDefinition(bytes);
  } catch (e) {
    if (e instanceof DecodeError) throw new DefinitionError({ kind: 'Decode', detail: e.message });
    throw e;
  }
  checkDefinition(definition, requested);
  return definition;
}

/** Every rule: names, paths, versions, isolation. Errors: DefinitionError. */
export function checkDefinition(d: ServiceDefinition, requested: string): void {
  checkName('service_name', d.serviceName);
  if (d.serviceName !== requested) throw new DefinitionError({ kind: 'ServiceNameMismatch', requested, actual: d.serviceName });
  if (d.binaryPath === '') throw new DefinitionError({ kind: 'InvalidPath', field: 'binary_path', reason: 'must not be empty' });
  checkAbsolute('binary_path', d.binaryPath);
  if (d.perVersionBinaryDir !== '') checkAbsolute('per_version_binary_dir', d.perVersionBinaryDir);
  if (d.minVersion !== '') checkVersion('min_version', d.minVersion);
  for (const version of d.versionAllowList) checkVersion('version_allow_list', version);
  checkIsolation(d);
}

/** Which broker a service belongs to. */
export function instanceId(d: Pick<ServiceDefinition, 'serviceName' | 'isolation' | 'explicitInstance'>): string {
  if (d.isolation === BrokerIsolation.SHARED_BROKER) return 'shared';
  return d.isolation === BrokerIsolation.PRIVATE_BROKER ? `private:${d.serviceName}` : `explicit:${d.explicitInstance}`;
}

/** Where definitions lie, or null where the environment does not say. */
export function definitionFolder(env: Readonly<Record<string, string | undefined>>, platform: string): string | null {
  const { RUNNING_PROCESS_SERVICE_DEF_DIR: explicit, XDG_CONFIG_HOME: config, HOME: home, APPDATA: appData } = env;
  if (explicit) return explicit;
  if (platform === 'win32') return appData ? `${appData}\\running-process\\services` : null;
  if (platform === 'darwin') return home ? `${home}/Library/Application Support/running-process/services` : null;
  if (config) return `${config}/running-process/services`;
  return home ? `${home}/.config/running-process/services` : null;
}

export function isMissing(e: unknown): boolean {
  return e instanceof DefinitionError && e.fault.kind === 'Io' && e.fault.code === 'ENOENT';
}

function checkName(field: string, name: string): void {
  const fault = nameFault(name);
  if (fault !== null) throw new DefinitionError({ kind: 'InvalidName', field, reason: NAME_REASONS[fault] });
}

function checkVersion(field: string, version: string): void {
  if (!isVersion(version)) throw new DefinitionError({ kind: 'InvalidName', field, reason: `${JSON.stringify(version)} is no version` });
}

function checkAbsolute(field: string, path: string): void {
  if (!/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path)) throw new DefinitionError({ kind: 'InvalidPath', field, reason: 'must be absolute' });
}

function checkIsolation(d: ServiceDefinition): void {
  const explicit = d.isolation === BrokerIsolation.EXPLICIT_INSTANCE;
  if (!Object.values<number>(BrokerIsolation).includes(d.isolation)) throw new DefinitionError({ kind: 'InvalidIsolation', reason: 'unknown BrokerIsolation value' });
  if (!explicit && d.explicitInstance !== '') throw new DefinitionError({ kind: 'InvalidIsolation', reason: 'explicit_instance must be empty unless isolation is EXPLICIT_INSTANCE' });
  if (!explicit) return;
  if (d.explicitInstance === '') throw new DefinitionError({ kind: 'InvalidIsolation', reason: 'EXPLICIT_INSTANCE requires explicit_instance' });
  checkName('explicit_instance', d.explicitInstance);
}

function io<T>(f: () => T): T {
  try {
    return f();
  } catch (e) {
    throw new DefinitionError({ kind: 'Io', code: (e as { code?: string }).code ?? (e as Error).message });
  }
}
