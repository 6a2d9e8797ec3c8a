/**
 * Turns grammar/broker_v1.proto into src/wire/broker/messages.generated.ts: types, encoders and decoders over protobufjs' Reader and
 * Writer. `--check` writes nothing and fails when the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { emit } from './broker-emit.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = '../src/wire/broker/messages.generated.ts';

const { root, package: name } = protobuf.parse(readFileSync(at('broker_v1.proto'), 'utf8'), { keepCase: false });
const text = emit(root.resolveAll().lookup(name));

if (read(at(target)) !== text) {
  if (process.argv.includes('--check')) {
    console.error(`${target} is stale: run npm run grammar`);
    process.exitCode = 1;
  } else writeFileSync(at(target), text);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
