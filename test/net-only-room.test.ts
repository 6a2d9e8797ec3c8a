/** All traffic runs on the connections of src/net: the lint rule finds whoever opens a socket elsewhere, however it gets at the module. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { ROOT } from './support/root.js';

const WAYS = [
  "import { connect } from 'node:net';\nconnect(1);",
  "import type { Socket } from 'node:net';\nexport type S = Socket;",
  "import { connect } from 'tls';\nconnect(1);",
  "export { createSocket } from 'node:dgram';",
  "export * from 'node:tls';",
  "export const net = await import('node:net');",
  'export const net = await import(`node:net`);',
  "export const net = import('net');",
  "export type S = import('node:net').Socket;",
  "import { createRequire } from 'node:module';\nexport const net: unknown = createRequire(import.meta.url)('node:net');",
  "import http = require('http');\nexport { http };",
  "export const page = fetch('http://localhost');",
  "export const stream = new WebSocket('ws://localhost');",
];

test('nobody but src/net gets at sockets', async () => {
  const root = fileURLToPath(ROOT);
  const lint = new ESLint({ cwd: root, overrideConfigFile: '.eslint.config.mjs' });
  const found = async (code: string, filePath: string): Promise<string[]> => (await lint.lintText(code, { filePath }))
    .flatMap(({ messages }) => messages.map(({ message }) => message)).filter((message) => message.includes('src/net') || message.includes('no file, socket'));
  const rooms = readdirSync(new URL('src/', ROOT), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.ok(rooms.includes('engine') && rooms.includes('wire'));
  for (const code of WAYS) {
    for (const room of rooms) {
      const messages = await found(code, `src/${room}/example.ts`);
      assert.equal(messages.length > 0, room !== 'net', `src/${room}: ${code}`);
    }
    assert.ok((await found(code, 'src/example.ts')).length > 0, code);
  }
  // The words themselves are free.
  assert.deepEqual(await found("export const kind = 'tls';\nexport const name = 'net';\n", 'src/engine/example.ts'), []);
});
