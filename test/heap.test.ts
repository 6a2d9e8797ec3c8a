/** What happens when the interpreter's heap is full: a value that does not fit is an error, a heap full of small ones ends the server in order. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { F64, List, T, Vec } from '../src/lang/value.js';
import { connect } from '../src/engine/client.js';
import { encode } from '../src/wire/rayforce/value.js';
import { Running } from './support/rfl.js';

async function serve(heap: string): Promise<{ server: Running; port: number }> {
  const server = new Running(['--listen', '127.0.0.1:0', '--heap', heap, '--log', 'json']);
  server.process.stdin.end();
  const [, port] = await server.see('err', /"listening on port (\d+)"/);
  return { server, port: Number(port) };
}

test('a list that the heap has no room for is an error, and the server lives on', { timeout: 60_000 }, async () => {
  const { server, port } = await serve('128M');
  const client = await connect(`127.0.0.1:${port}`);
  await assert.rejects(client.send('(count (take (list 1 "b") 30000000))'), { code: 'oom' });
  await assert.rejects(client.send('(count (take ["a" "b"] 30000000))'), { code: 'oom' });
  assert.equal(await client.send('(+ 1 2)'), 3);
  client.close();
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

test('what fits once the garbage is gone is no error', { timeout: 60_000 }, async () => {
  const { server, port } = await serve('160M');
  const client = await connect(`127.0.0.1:${port}`);
  // 40 MB each: the third one needs the place of the first.
  for (let i = 0; i < 6; i++) assert.equal(await client.send('(do (set xs 0) (set xs (take (list 1 "b") 5000000)) (count xs))'), 5_000_000);
  client.close();
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

test('a packed message with more nulls than there is room for costs its sender nothing but an error', { timeout: 60_000 }, async () => {
  const { server, port } = await serve('128M');
  const client = await connect(`127.0.0.1:${port}`);
  const nulls = new List(new Array<null>(20_000_000).fill(null));
  assert.ok(encode(nulls).length > 20_000_000);
  assert.equal(await client.send(nulls), null, 'what cannot be read is answered with null, as in the reference');
  assert.equal(await client.send('(+ 1 2)'), 3);
  client.close();
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

test('a heap full of small values ends the server with a report and status 70, and its peers hear of it', { timeout: 60_000 }, async () => {
  const { server, port } = await serve('64M');
  const [client, bystander] = [await connect(`127.0.0.1:${port}`), await connect(`127.0.0.1:${port}`)];
  const left = new Promise((resolve) => bystander.on('close', resolve));
  await assert.rejects(client.send("(map (fn [x] (list x (+ x 1) 'a)) (til 1000000))"), { code: 'io' });
  assert.match(String(await left), /closed/);
  assert.equal(await server.ended, 70);
  const report = server.err.trim().split('\n').map((line) => JSON.parse(line) as { event: string; level: string; message: string });
  assert.deepEqual(report.filter((r) => r.level === 'error').map((r) => [r.event, r.message]), [
    ['out-of-memory', 'the interpreter ran out of memory: its heap of 64 MB is full (--heap)'],
  ]);
});

test('columns, and long lists of atoms of one type, lie outside of the heap', { timeout: 60_000 }, async () => {
  const { server, port } = await serve('64M');
  const client = await connect(`127.0.0.1:${port}`);
  assert.equal(await client.send('(count (set xs (til 20000000)))'), 20_000_000);
  const column = await client.send('(take xs 3)') as Vec;
  assert.equal(column.t, T.I64);
  // Boxed, they would be 240 MB.
  assert.equal(await client.send('(count (set fs (map (fn [x] (* x 0.5)) (til 10000000))))'), 10_000_000);
  assert.equal(await client.send('(sum (take fs 9000000))') instanceof F64, true);
  client.close();
  server.process.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});
