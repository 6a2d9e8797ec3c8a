/** The golden scripts outside rfl-tests/own hold for the reference too: RFL_REFERENCE names its binary. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { goldenLines } from '../src/cli/golden/lines.js';

const reference = process.env.RFL_REFERENCE;
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'rfl-tests');

/** Scripts write into the folder they run in. */
const own = mkdtempSync(join(tmpdir(), 'rfl-golden-'));
after(() => rmSync(own, { recursive: true, force: true }));

/** The reference takes lines of 4095 bytes from a pipe. */
const MAX_LINE = 4000;

const scripts = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
  const path = join(dir, entry.name);
  // A folder with a server in it is a transcript, which the IPC tests run.
  if (entry.isDirectory()) return entry.name === 'own' || existsSync(join(path, 'server.rfl')) ? [] : scripts(path);
  return entry.name.endsWith('.rfl') ? [path] : [];
});

test('the shared golden scripts hold for the reference', { skip: reference ? false : 'RFL_REFERENCE is not set' }, () => {
  const wrong = scripts(folder).flatMap((path) => failures(path));
  assert.deepEqual(wrong, []);
});

/** Lines of one script that the reference answers otherwise. Piped input: each line is an evaluation of its own, as in a harness. */
function failures(path: string): string[] {
  const lines = goldenLines(readFileSync(path, 'latin1')).filter(({ expr, expected }) => expr.length + expected.length < MAX_LINE);
  const input = lines.flatMap(({ kind, expr, expected }, i) => [
    `(println "@${i}@")`,
    kind === 'statement' ? `(do ${expr} null)` : kind === 'equal' ? `(println "%" (list ${expr}))` : `(println "%" (list (eval (parse "${expr.replace(/[\\"]/g, '\\$&')}"))))`,
    ...(kind === 'equal' ? [`(println "@${i}=")`, `(println "%" (list ${expected}))`] : []),
  ]);
  const { stdout } = spawnSync(reference!, [], { cwd: own, input: Buffer.from(`${input.join('\n')}\n`, 'latin1'), encoding: 'latin1', timeout: 60_000 });
  const texts = new Map([...stdout.matchAll(/^@(\d+[@=])\n([^]*?)(?=^@\d|$(?![^]))/gm)].map(([, key, text]) => [key, text]));
  return lines.flatMap(({ kind, expr, expected, line }, i) => {
    const got = texts.get(`${i}@`) ?? '';
    const wanted = kind === 'equal' ? value(texts.get(`${i}=`) ?? '') : expected;
    const right = kind === 'statement' ? errorIn(got) === '' : kind === 'equal' ? value(got) === wanted && errorIn(got) === '' : errorIn(got).includes(expected);
    return right ? [] : [`${path.slice(root.length)}:${line}: ${expr} -- wanted ${wanted}, got ${got}`];
  });
}

/** The printed value stands behind whatever the expression itself printed. */
const value = (text: string): string => text.trimEnd().split('\n').at(-1)!;
const errorIn = (text: string): string => /(?:^error|Error): (\w+)/m.exec(text)?.[1] ?? '';
