/** The slots of scripts fire in the order docs/connections.md gives them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../src/engine/client.js';
import { SLOTS } from './support/connection-slots.js';
import { ARRANGEMENTS, frame, RawClient, startHost, text, until, type TestHost } from './support/engine.js';

const word = (slot: string): string => slot.slice(1).replaceAll('.', '-');
const ANSWERS: Record<string, string> = { '.ipc.on.auth': 'true', '.ipc.on.sync': '(eval (parse message))', '.ipc.on.async': '(eval (parse message))' };
/** Every slot writes its name down, unless it has just been. */
const SCRIPT = [
  "(set seen (list 'begin))",
  "(set saw (fn [name] (if (!= name (last seen)) (set seen (concat seen (list name))) 0)))",
  ...SLOTS.map(({ slot, args }) => `(set ${slot} (fn [${args}] (do (saw '${word(slot)}) ${ANSWERS[slot] ?? '0'})))`),
].join('\n');
/** One by one: a long list is not shown whole. */
async function seen(host: TestHost): Promise<string[]> {
  const names: string[] = [];
  for (let i = 1, count = Number(await host.evaluate('(count seen)')); i < count; i++) names.push((await host.evaluate(`(at seen ${i})`)).replace("'", ''));
  return names;
}
const order = (names: readonly string[]): number[] => names.map((name) => SLOTS.findIndex(({ slot }) => word(slot) === name));
const sees = (host: TestHost, name: string): Promise<void> => until(async () => (await seen(host)).includes(name), name);

for (const arrangement of ARRANGEMENTS) {
  test(`interpreter in the ${arrangement} thread: a client that behaves`, { timeout: 60_000 }, async () => {
    const host = await startHost(arrangement, { users: [{ name: '', secret: 'secret', restricted: false }] });
    await host.evaluate(SCRIPT);
    const client = await connect(`127.0.0.1:${host.port}:bob:secret`);
    await client.send('(+ 1 2)');
    client.post('(.net.send (.ipc.handle) 7)');
    await sees(host, 'net-on-sent');
    client.close();
    await sees(host, 'ipc-on-close');
    const names = await seen(host);
    assert.deepEqual(names, ['ipc-on-auth', 'ipc-on-open', 'ipc-on-sync', 'ipc-on-async', 'net-on-sent', 'ipc-on-close']);
    assert.deepEqual(order(names), order(names).toSorted((a, b) => a - b));
    await host.stop();
  });

  test(`interpreter in the ${arrangement} thread: a client that does not read, then does, rests, and goes with bytes on their way`, { timeout: 60_000 }, async () => {
    const host = await startHost(arrangement, { serving: { idleMs: 300 } });
    await host.evaluate(SCRIPT);
    const client = await RawClient.open(host.port);
    client.socket.pause();
    client.write(frame(text('(.net.send (.ipc.handle) (til 1000000))'), 0));
    await sees(host, 'net-on-throttled');
    client.socket.resume();
    await sees(host, 'net-on-idle');
    client.socket.pause();
    // More than both kernels hold, however much room they have made for the first.
    client.write(frame(text('(.net.send (.ipc.handle) (til 4000000))'), 0));
    await until(async () => (await seen(host)).filter((n) => n === 'net-on-throttled').length === 2, 'a second throttle');
    client.socket.destroy();
    await sees(host, 'ipc-on-close');
    await sees(host, 'net-on-send-failed');
    const names = await seen(host);
    const [first, second] = [names.slice(0, 6), names.slice(6)];
    assert.deepEqual(first, ['ipc-on-open', 'ipc-on-async', 'net-on-throttled', 'net-on-sent', 'net-on-unthrottled', 'net-on-idle']);
    assert.deepEqual(second.filter((name) => name !== 'net-on-idle'), ['ipc-on-async', 'net-on-throttled', 'ipc-on-close', 'net-on-send-failed']);
    for (const part of [first, second.filter((name) => name !== 'net-on-idle')]) assert.deepEqual(order(part), order(part).toSorted((a, b) => a - b));
    await host.stop();
  });
}
