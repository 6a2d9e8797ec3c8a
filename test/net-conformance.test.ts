/** Every case of the conformance suite is there, under its number, and whatever is not run everywhere says why. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Case, Place } from './conformance/case.js';
import { CONNECT } from './conformance/connect.js';
import { CONNECT_FAKED } from './conformance/connect-fake.js';
import { FAKED, UNFAKED } from './conformance/fake.js';
import { FLOW } from './conformance/flow.js';
import { OURS } from './conformance/ours.js';
import { SEND } from './conformance/send.js';
import { TIMERS } from './conformance/timers.js';
import { HANDSHAKES, UPGRADES } from './conformance/tls.js';

const TABLES: readonly (readonly Case<Place>[])[] = [HANDSHAKES, UPGRADES, SEND, FAKED, UNFAKED, FLOW, TIMERS, CONNECT, CONNECT_FAKED, OURS] as never;
const CASES = TABLES.flat();
const LAST = 120;

test(`cases 1 to ${LAST} and 116b are there`, () => {
  const there = new Set(CASES.flatMap(({ d }) => d ?? []));
  // Refusals are a table of their own; its row runs with TLS from the first byte and after STARTTLS.
  if (/'a rogue client' \? 'D 116b: '/.test(readFileSync(new URL('./net-tls.test.js', import.meta.url), 'utf8').replaceAll('"', "'"))) there.add('116b');
  const missing = ['116b' as const, ...Array.from({ length: LAST }, (_, i) => i + 1)].filter((d) => !there.has(d));
  assert.deepEqual(missing, []);
  assert.equal(there.size, LAST + 1, 'and no others');
});

test('each is run on TCP, on Unix sockets and with TLS, or says why not', () => {
  const places = new Map<number | '116b', Set<Place>>();
  const reasons = new Map<number | '116b', string>();
  for (const { d = [], media, because } of CASES) {
    for (const number of d) {
      places.set(number, new Set([...(places.get(number) ?? []), ...media]));
      if (because !== undefined) reasons.set(number, because);
    }
  }
  for (const [number, where] of places) {
    const everywhere = (['tcp', 'unix', 'tls'] as const).every((place) => where.has(place));
    assert.ok(everywhere || reasons.has(number), `case ${number} is only run on ${[...where].join(', ')}`);
  }
});

test('cases 48 to 51 and 97 to 105 are run on the fake transport', () => {
  const fake = new Set(CASES.filter(({ media }) => media.includes('fake')).flatMap(({ d }) => d ?? []));
  for (const number of [48, 49, 50, 51, 97, 98, 99, 100, 101, 102, 103, 104, 105]) assert.ok(fake.has(number), `case ${number}`);
});
