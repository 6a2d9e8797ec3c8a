/** The Rayforce protocol over TLS 1.3 beside the same over plain TCP: one server, one client in Node, the two taking turns. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { authority, certificate } from '../test/support/certificates.js';
import type { LoadResult } from './load.js';
import { serve } from './peers.js';
import { median, report } from './report.js';

const loader = fileURLToPath(new URL('load.js', import.meta.url));
const ROUNDS = 7;
const REQUESTS = 400_000;

function run(port: number, requests: number, inFlight: number, ca?: string): LoadResult {
  const args = [loader, String(port), '--json', '--requests', String(requests), '--in-flight', String(inFlight), '--warm-up', String(requests / 4), ...(ca === undefined ? [] : ['--ca', ca])];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(`the load client failed: ${stderr}`);
  return JSON.parse(stdout) as LoadResult;
}

export async function secureWire(): Promise<void> {
  const { certFile: ca } = authority('authority');
  const { certFile, keyFile } = certificate('server', 'authority');
  const figures = { rate: [] as number[], plainRate: [] as number[], trip: [] as number[], plainTrip: [] as number[] };
  const [plain, secure] = [await serve('rfl'), await serve('rfl', undefined, ['--tls-cert', certFile, '--tls-key', keyFile])];
  for (let i = 0; i < ROUNDS; i++) {
    figures.plainRate.push(run(plain.port, REQUESTS, 64).rps);
    figures.rate.push(run(secure.port, REQUESTS, 64, ca).rps);
    figures.plainTrip.push(run(plain.port, REQUESTS / 20, 1).p50);
    figures.trip.push(run(secure.port, REQUESTS / 20, 1, ca).p50);
  }
  await Promise.all([plain.stop(), secure.stop()]);
  const note = 'peer: plain TCP, client in Node';
  report({ name: '(+ 1 2) over TLS 1.3, 64 in flight', unit: 'rps', ours: median(figures.rate), peer: median(figures.plainRate), higher: true, times: 0.6, note });
  report({ name: '(+ 1 2) over TLS 1.3, one at a time, p50', unit: 'µs', ours: median(figures.trip), peer: median(figures.plainTrip), note });
}
