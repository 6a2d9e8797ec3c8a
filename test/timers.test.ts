/** Timers of the language: which fire, in what order, how often. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Timers } from '../src/engine/timers.js';
import { Lambda } from '../src/lang/value.js';

const NOTHING = new Lambda([], [], 0, null);

/** The timers that fire at one look, in their order. */
function fired(timers: Timers): number[] {
  const ids: number[] = [];
  timers.fire((_fn, id) => ids.push(id));
  return ids;
}
function pass(ms: number): void {
  for (const until = performance.now() + ms; performance.now() <= until;);
}

test('timers: what is not due does not fire', () => {
  const timers = new Timers();
  timers.set(60_000, 1, NOTHING);
  const due = timers.set(0, 1, NOTHING);
  assert.deepEqual(fired(timers), [due]);
  assert.deepEqual(fired(timers), []);
  assert.equal(timers.size, 1);
});

test('timers: the one that was due first fires first, and each once at a look', () => {
  const timers = new Timers();
  const later = timers.set(1, 0, NOTHING);
  const sooner = timers.set(0, 0, NOTHING);
  pass(2);
  assert.deepEqual(fired(timers), [sooner, later]);
});

test('timers: after its number of times one is gone; zero is for ever', () => {
  const timers = new Timers();
  const twice = timers.set(0, 2, NOTHING);
  const always = timers.set(0, 0, NOTHING);
  assert.deepEqual([fired(timers), fired(timers), fired(timers)], [[twice, always], [twice, always], [always]]);
});

test('timers: one that another deletes while both are due does not fire', () => {
  const timers = new Timers();
  timers.set(0, 0, NOTHING);
  const deleted = timers.set(0, 0, NOTHING);
  const seen: number[] = [];
  timers.fire((_fn, id) => {
    seen.push(id);
    timers.del(deleted);
  });
  assert.deepEqual(seen, [0]);
});

test('timers: the wait is until the next one, or for ever', () => {
  const timers = new Timers();
  assert.equal(timers.wait, Infinity);
  timers.set(60_000, 1, NOTHING);
  assert.ok(timers.wait > 1000 && timers.wait <= 60_000);
  timers.set(0, 1, NOTHING);
  assert.equal(timers.wait, 0);
});
