/** Tables of every column type, nulls included, queried by rfl and the reference of each other: RFL_REFERENCE names the binary. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { Running, rfl, withFiles } from './support/rfl.js';

const reference = process.env.RFL_REFERENCE;

const TABLE = `(table [b u h i l e f d m p g s x c] (list [true false true false] [0x01 0x02 0xff 0x02] [1h 0Nh -3h 1h] [1i 0Ni 3i 1i] [1 0Nl 9007199254740993 1] FLOATS
  [1.5 0Nf -0.25 1.5] [2024.01.15 0Nd 1999.12.31 2024.01.15] [12:30:45.123 0Nt 00:00:00.000 12:30:45.123]
  [2024.01.15D10:00:00.000000001 0Np 1999.12.31D23:59:59.999999999 2024.01.15D10:00:00.000000001]
  (as 'GUID (list "00112233-4455-6677-8899-aabbccddeeff" "00000000-0000-0000-0000-000000000000" "ffffffff-ffff-ffff-ffff-ffffffffffff" "00112233-4455-6677-8899-aabbccddeeff"))
  (as 'SYM ["a" "" "ccc" "a"]) ["one" "" "more than twelve characters" "one"] (list [1 2] "x" 2.5 'q)))`.replaceAll('\n', ' ');
/** F32 columns come from files only. */
const SETUP = (folder: string): string => `(write "${folder}/e.csv" "e,o\\n1.25,1\\n,1\\n-7.5,1\\n1.25,1\\n") (set t ${TABLE.replace('FLOATS', `(at (read-csv [F32 I64] "${folder}/e.csv") 'e)`)})`;

const COLUMNS = [...'buhilefdmpgsxc'];
const QUERIES = [
  '{from: t}', '{from: t where: (nil? l)}', '{from: t where: (and b (> l 0))}', "{from: t where: (== s 'a)}", '{from: t where: (== x "one")}', '{from: t where: (== d 2024.01.15)}',
  '{from: t where: (> p 2000.01.01D00:00:00.0)}', '{from: t b: b l: l take: -2}', '{from: t desc: f}', '{from: t asc: [s l]}', '{from: t n: (sum l) a: (avg f) lo: (min d) hi: (max m)}',
  "{from: t by: x n: (count l) first: (first g)}", '{from: t by: [s d] n: (sum i)}', '{from: t y: (yyyy d) l2: (+ l 1) f2: (* f 2.0) q: (like x "o*")}',
  // Groups of symbols, integers and temporals come in an order of their own there.
  ...['b', 'f', 'x'].map((column) => `{from: t by: ${column} n: (count c)}`),
];

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

interface Served { readonly port: number; stop(): void }

const SERVE: Readonly<Record<string, (folder: string) => Promise<Served>>> = {
  rfl: async (folder) => {
    const server = new Running(['--listen', '127.0.0.1:0', join(folder, 'setup.rfl')]);
    return { port: Number((await server.see('err', /listening on (?:\S*:|port )(\d+)/))[1]), stop: () => server.process.kill('SIGKILL') };
  },
  reference: async (folder) => {
    const port = await freePort();
    const server = spawn(reference!, ['-p', String(port), join(folder, 'setup.rfl')], { stdio: 'ignore' });
    return { port, stop: () => server.kill('SIGKILL') };
  },
};

const RUN: Readonly<Record<string, (program: string) => string>> = {
  rfl: (program) => rfl([program]).out,
  reference: (program) => spawnSync(reference!, [program], { encoding: 'utf8' }).stdout,
};

/** The answers of a program whose lines print one value each, asked until the server is there. */
async function ask(client: string, folder: string, port: number, lines: readonly string[]): Promise<string[]> {
  const program = join(folder, `${client}.rfl`);
  writeFileSync(program, [`(set h (.ipc.open "127.0.0.1:${port}"))`, ...lines.map((line) => `(println "%" (list ${line}))`)].join('\n'));
  for (let tries = 0; ; tries++) {
    const out = RUN[client](program);
    // A null guid of a vector without the flag that it has nulls is shown in full there.
    if (out !== '' || tries === 50) return out.trimEnd().replaceAll('00000000-0000-0000-0000-000000000000', '0Ng').split('\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const server of ['rfl', 'reference']) {
  for (const client of ['rfl', 'reference']) {
    const needed = server === 'rfl' && client === 'rfl';
    const skip = needed || reference !== undefined ? false : 'RFL_REFERENCE is not set: queries were NOT exchanged';
    test(`${client} asks ${server}: text, queries as values, and its own table there`, { skip }, () => withFiles({}, async (folder) => {
      writeFileSync(join(folder, 'setup.rfl'), `${SETUP(folder)} null`);
      const local = join(folder, 'local.rfl');
      writeFileSync(local, `${SETUP(folder)}\n${QUERIES.map((q) => `(println "%" (list (select ${q})))`).join('\n')}\n(println "%" (list (map type (value t))))`);
      const expected = RUN.rfl(local).trimEnd().split('\n');
      assert.equal(expected.length, QUERIES.length + 1);
      assert.match(expected[0], /0Nl.*9007199254740993.*0Nf.*0Nd.*0Nt.*0Np/);
      const { port, stop } = await SERVE[server](folder);
      try {
        const types = '(map type (value (.ipc.send h "t")))';
        assert.deepEqual(await ask(client, folder, port, [...QUERIES.map((q) => `(.ipc.send h "(select ${q.replaceAll('"', '\\"')})")`), types]), expected);
        assert.deepEqual(await ask(client, folder, port, QUERIES.map((q) => `(.ipc.send h (list 'select ${q}))`)), expected.slice(0, -1));
        const own = await ask(client, folder, port, [`(do ${SETUP(folder)} (.ipc.send h (list 'set 'u t)) (count t))`, ...QUERIES.map((q) => `(.ipc.send h (list 'select ${q.replace('from: t', 'from: u')}))`)]);
        assert.deepEqual(own.slice(1), expected.slice(0, -1));
        assert.equal(COLUMNS.length, 14);
      } finally {
        stop();
      }
    }));
  }
}
