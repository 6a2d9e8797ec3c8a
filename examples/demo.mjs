// Starts the market server with a users file of its own, lets a client ask it, stops it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const rfl = path('../bin/rfl.js');
const port = process.argv[2] ?? '5010';
const folder = mkdtempSync(join(tmpdir(), 'rfl-demo-'));
const users = join(folder, 'users');
writeFileSync(users, 'ada:secret\n', { mode: 0o600 });

console.log(`$ rfl -p ${port} -u users examples/market.rfl`);
const server = spawn(process.execPath, [rfl, '-p', port, '-u', users, path('market.rfl')], { stdio: ['ignore', 'inherit', 'pipe'] });
let client = 1;
server.on('exit', (code) => (rmSync(folder, { recursive: true }), process.exit(code || client)));
server.stderr.on('data', (chunk) => {
  process.stderr.write(chunk);
  if (!chunk.includes('listening')) return;
  console.log(`$ rfl examples/client.rfl -- --server 127.0.0.1:${port}:ada:...`);
  client = spawnSync(process.execPath, [rfl, path('client.rfl'), '--', '--server', `127.0.0.1:${port}:ada:secret`], { stdio: 'inherit' }).status;
  server.kill('SIGTERM');
});
