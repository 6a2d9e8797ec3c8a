/** Replies joined into one write: who gets what, and what becomes of bytes a socket has not taken yet. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Cork } from '../src/engine/cork.js';
import type { Peer } from '../src/engine/peer.js';
import { RingReader, RingWriter, ringMemory } from '../src/engine/ring.js';
import { seeded } from './support/random-columns.js';

interface Write { readonly handle: number; readonly bytes: Uint8Array; readonly copy: Uint8Array; readonly kept: boolean }

/** A cork over a ring; `held` says what of a write its socket has kept. */
function corked(held: (handle: number) => number) {
  const memory = ringMemory(1 << 20);
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  const writes: Write[] = [];
  const peers = new Map<number, { handle: number; held: number }>();
  const find = (handle: number): Peer => {
    if (!peers.has(handle)) peers.set(handle, { handle, held: 0 });
    return peers.get(handle) as unknown as Peer;
  };
  const cork = new Cork(find, (peer, bytes) => {
    const left = held(peer.handle);
    writes.push({ handle: peer.handle, bytes, copy: Uint8Array.from(bytes), kept: left > 0 });
    (peer as unknown as { held: number }).held = left;
  });
  const put = (handle: number, bytes: Uint8Array): void => {
    assert.ok(writer.write(1, handle, 0, bytes, 0, bytes.length));
    assert.ok(reader.peek());
    cork.collect(reader);
    reader.consume();
  };
  return { cork, writes, put };
}
const backings = (writes: readonly Write[]): number => new Set(writes.map(({ bytes }) => bytes.buffer)).size;

test('what lies one behind the other for one peer is one write', () => {
  const { cork, writes, put } = corked(() => 0);
  for (const [handle, byte] of [[1, 1], [1, 2], [2, 3], [1, 4]]) put(handle, Uint8Array.of(byte));
  cork.flush();
  assert.deepEqual(writes.map(({ handle, copy }) => [handle, [...copy]]), [[1, [1, 2]], [2, [3]], [1, [4]]]);
});

test('bytes a socket has kept are never written over', () => {
  const random = seeded(3);
  const { cork, writes, put } = corked(() => (random() < 0.7 ? 1 : 0));
  const sent = new Map<number, number[]>();
  for (let i = 0; i < 3000; i++) {
    const handle = Math.floor(random() * 3);
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * (random() < 0.05 ? 70_000 : 300)) }, () => random() * 256);
    sent.set(handle, [...(sent.get(handle) ?? []), bytes.length]);
    put(handle, bytes);
    if (random() < 0.2) cork.flush();
  }
  cork.flush();
  for (const [handle, lengths] of sent) {
    const total = writes.filter((w) => w.handle === handle).reduce((n, w) => n + w.copy.length, 0);
    assert.equal(total, lengths.reduce((a, b) => a + b, 0));
  }
  for (const { bytes, copy, kept } of writes) if (kept) assert.deepEqual(Uint8Array.from(bytes), copy);
});

test('a socket that keeps every write for a while, as those of TLS do, costs no buffer a write', () => {
  const { cork, writes, put } = corked(() => 1);
  for (let i = 0; i < 1000; i++, cork.flush()) put(1, new Uint8Array(640));
  assert.equal(writes.length, 1000);
  assert.ok(backings(writes) <= 11, `${backings(writes)} buffers for 640 KB`);
});

test('a peer whose writes are taken at once gets whole buffers again after one that kept some', () => {
  const { cork, writes, put } = corked((handle) => (handle === 1 ? 1 : 0));
  put(1, new Uint8Array(60_000));
  cork.flush();
  for (let i = 0; i < 1000; i++) put(2, new Uint8Array(1000));
  cork.flush();
  assert.ok(writes.length < 25, `${writes.length} writes for 1 MB`);
});
