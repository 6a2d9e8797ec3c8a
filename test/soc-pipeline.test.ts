import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './fuzz/random.js';
import { runPipeline } from './support/pipeline.js';

// SOC_EVENTS=100000 SOC_KILLS=20 is the long run.
const EVENTS = Number(process.env['SOC_EVENTS'] ?? 6000);
const KILLS = Number(process.env['SOC_KILLS'] ?? 3);

test(`${EVENTS} events pass three processes that are killed ${KILLS} times each, and every one is answered`, { timeout: 600_000 }, async (t) => {
  const { handled, kills, seconds } = await runPipeline(EVENTS, KILLS, new Random(11));
  const ids = new Set(handled);
  t.diagnostic(`${kills} kills, ${seconds.toFixed(1)} s, ${handled.length - ids.size} repetitions`);
  for (let i = 0; i < EVENTS; i++) assert.ok(ids.has(`event-${i}`), `event ${i} was answered`);
  assert.equal(ids.size, EVENTS);
});
