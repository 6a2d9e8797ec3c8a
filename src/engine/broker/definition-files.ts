/** Service definitions on disk. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { BrokerIsolation, createServiceDefinition, encodeServiceDefinition, type ServiceDefinition } from '../../wire/broker/messages.generated.js';
import { checkDefinition, loadDefinition } from '../../wire/broker/service-definition.js';
import type { DefinitionWords } from './calls.js';

/** The definitions in a folder, each as it is on disk when it is asked for. */
export function definitionsIn(folder: string): (service: string) => ServiceDefinition {
  const files = { mode: (path: string): number => statSync(path).mode, read: (path: string): Uint8Array => readFileSync(path) };
  return (service) => loadDefinition(files, folder, service);
}

/** Answers the file. The folder is made where there is none, and made this user's alone. Throws DefinitionError, or the system's error. */
export function writeDefinition(folder: string, { service, binary, isolation = 'private', versions = '', min_version: minVersion = '', allow = [] }: DefinitionWords): string {
  const [kind, explicitInstance = ''] = isolation.split(':', 2);
  const definition = createServiceDefinition({
    serviceName: service, binaryPath: binary, isolation: ISOLATIONS.get(kind) ?? -1, explicitInstance, perVersionBinaryDir: versions, minVersion, versionAllowList: [...allow],
  });
  checkDefinition(definition, service);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  const file = `${folder}/${service}.servicedef`;
  writeFileSync(file, encodeServiceDefinition(definition));
  return file;
}

const ISOLATIONS = new Map([['private', BrokerIsolation.PRIVATE_BROKER], ['shared', BrokerIsolation.SHARED_BROKER], ['explicit', BrokerIsolation.EXPLICIT_INSTANCE]]);
