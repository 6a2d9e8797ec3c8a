/** Whatever a peer says, a sync comes to the same end however the stream is cut, and takes in whole pages or nothing. */
import { FactStore, encodeFact } from '../../src/wire/soc/facts.js';
import { SwarmDialer, SwarmListener, type SwarmOptions } from '../../src/wire/soc/swarm.js';
import type { Random } from './random.js';
import { check, damaged } from './target.js';

export const name = 'soc-swarm';

export function once(bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const step = 1 + (bytes[bytes.length - 1] % 40);
  for (const dials of [true, false]) check(run(bytes, bytes.length, dials) === run(bytes, step, dials), `cut into pieces of ${step} the sync ends the same`);
}

function run(bytes: Uint8Array, step: number, dials: boolean): string {
  const store = new FactStore(10);
  store.put({ id: 'own', content: 'c', level: 0, domain: '', module: '', isGene: false, source: 's', createdAt: '2026-01-01T00:00:00Z' });
  const options: SwarmOptions = { self: { id: 'me', node: 'n', hash: 'h' }, store, seconds: () => 1, oldPeers: true };
  const side = dials ? new SwarmDialer(options, 'ab') : new SwarmListener(options);
  if (side instanceof SwarmDialer) side.connected();
  for (let at = 0; at < bytes.length && !side.over; at += step) side.receive(bytes.slice(at, at + step));
  if (!side.over) side.ended();
  check(store.size <= 10, 'the store keeps its bound');
  check(side.imported.every((f) => f.source.startsWith('swarm:')), 'what was told is marked');
  check([...store.values()].every((f) => f.id !== ''), 'facts have ids');
  return side.outcome + side.out.join('') + [...store.values()].map(encodeFact).join('');
}

const MESSAGES = [
  '{"type":"handshake","payload":{"from_peer_id":"a","from_node":"n","genome_hash":"h","timestamp":1,"nonce":"ab"}}',
  '{"type":"handshake","payload":{"from_peer_id":"a","from_node":"n","genome_hash":"h","timestamp":1,"nonce":""}}',
  '{"type":"handshake_ack","payload":{"to_peer_id":"a","to_node":"n","genome_hash":"h","match":true,"trust":2,"timestamp":1,"nonce":"ab"}}',
  '{"type":"handshake_ack","payload":{"to_peer_id":"me","to_node":"n","genome_hash":"h","match":true,"trust":2,"timestamp":1}}',
  '{"type":"sync_payload","payload":{"from_peer_id":"a","genome_hash":"h","facts":[{"id":"1","content":"x","level":0,"is_gene":false,"source":"s","created_at":"2026-01-01T00:00:00Z"},{"id":"own","content":"y","level":-1}],"seq":0,"last":true}}',
  '{"type":"sync_payload","payload":{"from_peer_id":"a","genome_hash":"h","facts":[],"seq":0,"last":false}}',
  '{"type":"sync_ok","payload":{"seq":0,"imported":1,"skipped":0}}',
  '{"type":"sync_request","payload":{"seq":0}}',
];
export const input = damaged((r: Random) => Buffer.from(Array.from({ length: 1 + r.int(5) }, (_, i) => `${i === 0 ? MESSAGES[r.int(4)] : r.pick(MESSAGES)}\n`).join('')));
