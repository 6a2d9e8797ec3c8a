/** Files: whole texts in and out, scripts, facts about paths. */
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { symVec, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { fromBytes, toBytes } from '../lang/text.js';
import { typeName } from '../lang/type-names.js';
import type { BuiltinRow } from '../lang/builtin.js';
import type { Runtime } from '../lang/runtime.js';
import { attempt, folderEntries, ioError, pathOf, readBytes, writeBytes } from './files.js';

export const ROWS: readonly BuiltinRow[] = [
  {
    name: 'read', arity: 1, args: 'path', doc: 'the bytes of a file as str. Errors: io', example: '(type read)', restricted: true,
    fn: (path) => attempt(pathOf('read', path), (file) => readBytes(file).toString('latin1')),
  },
  {
    name: 'write', arity: 2, args: 'path str', doc: 'replaces a file by the bytes of a str; answers 0. Errors: io', example: '(type write)', restricted: true,
    fn: (path, content) => {
      const file = pathOf('write', path);
      if (typeof content !== 'string') fail('type', `write: content must be str, got ${typeName(content)}`);
      attempt(file, (f) => writeBytes(f, content));
      return 0;
    },
  },
  {
    name: 'load', arity: 1, args: 'path', doc: 'evaluates a script; a name that is no file is looked up in the library. Answers the last value', example: '(type load)', restricted: true,
    fn: (path, rt) => load(pathOf('load', path), rt),
  },
  {
    name: '.fs.size', arity: 1, args: 'path', doc: 'size of a file in bytes. Errors: io', example: '(type .fs.size)',
    fn: (path) => attempt(pathOf('.fs.size', path), (file) => (statSync(file).isFile() ? statSync(file).size : fail('io', `${path as string}: not a file`))),
  },
  {
    name: '.fs.list', arity: 1, args: 'path', doc: 'entries of a folder as a sorted SYM vector. Errors: io', example: '(type .fs.list)',
    fn: (path) => attempt(pathOf('.fs.list', path), (dir) => symVec(folderEntries(dir).sort())),
  },
];

/** Evaluates a script file in `rt`. Errors: `io`, and what the script raises. */
export function load(path: string, rt: Runtime): Value {
  const given = fromBytes(path);
  const candidates = [given, ...(isAbsolute(given) ? [] : rt.host.libraries.flatMap((dir) => [join(dir, given), join(dir, `${given}.rfl`)]))];
  let problem: unknown;
  for (const file of candidates) {
    let text: string;
    try {
      text = readBytes(file).toString('latin1');
    } catch (e) {
      if (e instanceof RayError) throw e;
      problem ??= e;
      continue;
    }
    return rt.run(text, toBytes(file));
  }
  throw ioError(problem, path);
}
