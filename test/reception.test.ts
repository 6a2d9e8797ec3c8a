/** Every way a connection can begin ends in one verdict. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { served } from '../src/engine/protocols.js';
import type { Protocol } from '../src/wire/mux.js';
import { visit, type Arrival } from './support/visitor.js';

const BEGINNINGS: ReadonlyMap<number, Protocol> = new Map([[0x03, 'wire'], [0x01, 'frame'], [0x7b, 'soc'], [0x16, 'tls']]);
const NAMES: readonly Protocol[] = ['wire', 'frame', 'soc', 'tls'];
/** Every set of protocols, by the bits of a number. */
const subset = (bits: number): Protocol[] => NAMES.filter((_, i) => ((bits >> i) & 1) === 1);

test('each first byte, for each set of protocols that is served', () => {
  for (let bits = 1; bits < 16; bits++) {
    const protocols = subset(bits);
    for (let byte = 0; byte < 256; byte++) {
      const protocol = BEGINNINGS.get(byte);
      for (const rest of [0, 1, 40]) {
        const bytes = new Uint8Array(1 + rest).fill(byte);
        const found = visit(bytes, { served: served({ host: '', port: 1 }, protocols) });
        if (protocol === undefined || !protocols.includes(protocol) || protocol === 'tls') assert.match(found, /^refused: /, `${byte} of ${protocols.join()}`);
        else assert.equal(found, protocol);
      }
    }
  }
});

test('inside of TLS the same, without TLS', () => {
  const hello = Uint8Array.of(0x16, 3, 1);
  for (let bits = 1; bits < 8; bits++) {
    const protocols = subset(bits);
    for (const tls of [true, false]) {
      const at = served({ host: '', port: 1, ...(tls ? { tls } : {}) }, [...protocols, 'tls']);
      for (let byte = 0; byte < 256; byte++) {
        const protocol = BEGINNINGS.get(byte);
        const found = visit(hello, { served: at }, Uint8Array.of(byte, 0));
        if (protocol !== undefined && protocols.includes(protocol)) assert.equal(found, protocol);
        else assert.match(found, /^refused: /);
      }
      // Outside of an address with tls:// there is nothing else.
      assert.equal(visit(Uint8Array.of(3, 0), { served: at }).startsWith('refused'), tls || !protocols.includes('wire'));
    }
  }
});

test('where users are asked for: who may speak what', () => {
  const all = served({ host: '', port: 1 }, NAMES);
  const hello = Uint8Array.of(0x16, 3, 1);
  const speak = (byte: number, arrival: Omit<Arrival, 'served'>, tls = false): string =>
    (tls ? visit(hello, { served: all, usersRequired: true, ...arrival }, Uint8Array.of(byte)) : visit(Uint8Array.of(byte), { served: all, usersRequired: true, ...arrival }));
  for (const [byte, protocol] of [[1, 'frame'], [0x7b, 'soc']] as const) {
    for (const tls of [false, true]) {
      assert.match(speak(byte, { vouched: true }, tls), /refused: .*carry no password/);
      assert.equal(speak(byte, { vouched: true, listed: true }, tls), `${protocol} as root`);
      assert.equal(speak(byte, { vouched: true, certificate: true }, tls), tls ? `${protocol} as alice` : 'refused: ' + refusalOf(protocol));
      for (const known of [{ listed: true }, { certificate: true }]) {
        if (tls || 'listed' in known) {
          assert.match(speak(byte, { vouched: false, ...known }, tls), /refused: authentication failed/);
          assert.equal(speak(byte, { ...known }, tls), 'waits', 'for whoever is asked');
        }
      }
    }
  }
  for (const tls of [false, true]) assert.equal(speak(3, {}, tls), 'wire', 'which asks for a password itself');
});

const refusalOf = (protocol: 'frame' | 'soc'): string => `${protocol === 'frame' ? 'frames' : 'lines'} carry no password: that takes a user id on the list, or a certificate`;

test('nothing is no verdict', () => assert.equal(visit(new Uint8Array(0), { served: served({ host: '', port: 1 }, NAMES) }), 'waits'));
