/** Nothing in the file of vectors is passed over: for each section there are tests by name, and each of its bytes is fed byte by byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BodyReader, FramingError, frameBody } from '../src/wire/broker/frame.js';
import { bytes, hex, VECTORS, type Json } from './support/broker-vectors.js';

/** `each`: the title of the test of a case; `all`: tests for so many cases together. */
type Claim = { readonly file: string; readonly each: (c: Json, i: number) => string } | { readonly file: string; readonly all: readonly string[]; readonly count: number };

const named = (file: string, prefix: string, suffix = ''): Claim => ({ file, each: (c) => `${prefix}${c.name}${suffix}` });
const together = (file: string, count: number, ...all: string[]): Claim => ({ file, all, count });
const countOf = (section: Json): number => (Array.isArray(section) ? section.length : Object.keys(section).length);

/** By their path in the file. A section that has none here fails. */
const CLAIMS: Record<string, Claim | readonly Claim[]> = {
  constants: together('broker-messages', 31, 'the numbers of the registry'),
  enums: together('broker-messages', 6, 'the schema has the fields, numbers and enums of the vectors'),
  schemas: together('broker-messages', 13, 'the schema has the fields, numbers and enums of the vectors'),
  reserved: together('broker-messages', 10, 'the schema has the fields, numbers and enums of the vectors'),
  frozen_messages: named('broker-messages', ''),
  roundtrip_samples: named('broker-messages', ''),
  decode_tolerance: named('broker-messages', ''),
  framing: named('broker-frames', 'framing: '),
  frame_constructors: named('broker-frames', ''),
  envelope_validation: named('broker-frames', ''),
  'names.service_name': together('broker-names', 4, 'service names that are taken', 'service names that are refused', 'why a service name is refused'),
  'names.version': together('broker-names', 3, 'versions that are taken', 'versions that are refused'),
  version_policy: { file: 'broker-names', each: (v) => `${v.wanted} with floor '${v.min_version}' and list [${v.allow_list}]: ${v.expect}` },
  'hello.backend': together('broker-hello', 4, 'there are 33 cases'),
  'hello.base_hello': together('broker-hello', 15, 'there are 33 cases'),
  'hello.base_frame': together('broker-hello', 6, 'there are 33 cases'),
  'hello.cases': named('broker-hello', 'Hello: '),
  'hello.wire_exchanges': named('broker-hello', 'a whole exchange, byte for byte: '),
  'hello.sequences': named('broker-hello', 'Hellos in a row: '),
  'hello.session_token_cases': named('broker-hello', 'session token: '),
  connection: [named('broker-exchange', 'connection: '), named('broker-serve', 'connection: ')],
  router: named('broker-directories', ''),
  'mux.detectors': together('mux', 3, 'there are 26 cases'),
  'mux.cases': named('mux', 'mux: ', ', byte by byte'),
  'mux.scenarios': named('mux', ''),
  'probe.client_style_request': together('probe', 3, 'the request of a client: its id is the beginning of its nonce'),
  'probe.identity': together('probe', 8, 'a probe is answered byte for byte'),
  'probe.verify_cases': [named('probe', 'verifying: '), named('probe-endpoint', 'verifying: ')],
  'handoff.offer_frame': together('handoff', 3, 'an offer, byte for byte'),
  'handoff.ack_frame': together('handoff', 3, 'an ACK, byte for byte'),
  'handoff.ready_event_frame': together('handoff', 3, 'the ready event, byte for byte'),
  'handoff.unix_production_offer': together('handoff', 4, 'an offer without a handle number, byte for byte'),
  'handoff.scm_rights': together('broker-handoff', 5, 'a client goes on with the backend on the connection of its Hello, and tokens are used up'),
  'handoff.broker_ack_checks_in_order': together('handoff', 9, 'an ACK is looked at in order; only a good one that says no is a rejection'),
  'handoff.backend_offer_checks_in_order': together('handoff', 4, 'handoff: offer_on_control_protocol', 'handoff: offer_request_id_mismatch'),
  'handoff.wire_cases': named('handoff', 'handoff: '),
  'handoff.token_store.cases': named('handoff', 'token store: '),
  'handoff.token_store.defaults': together('handoff', 4, 'token store: defaults and smallest limits'),
  'handoff.ack_registry.cases': named('handoff', 'ACK registry: '),
  'handoff.accept_handed_off': together('handoff', 6, 'adoption: every presentation of the vectors, in a row'),
  'handoff.fallback': together('handoff', 2, 'a handoff is tried where nothing speaks against it, in this order', 'handoffs that wait: so many, and not for long'),
  'handoff.client_ready': together('handoff', 3, 'a client believes the event for its own token only'),
  'admin.exchanges': named('broker-admin', 'admin: '),
  'admin.metrics_body_for_snapshot': together('broker-admin', 4, 'admin: metrics'),
  'admin.metric_names': together('broker-admin', 8, 'admin: metrics'),
  service_definition: named('broker-directories', ''),
  'perf_guard.cases': { file: 'broker-guard', each: (c, i) => `the promise about Hellos, case ${i}: ${JSON.stringify(c.expect ?? c)}` },
  'pipe_names.leaves': together('broker-names', 4, 'names of endpoints'),
  'pipe_names.linux_dir': together('broker-names', 2, 'where sockets lie on Linux, and how long their paths may be'),
  'pipe_names.sid_hash_rejects': together('broker-names', 3, 'names of endpoints'),
  'blake3.utf8': together('broker-names', 5, 'BLAKE3'),
  'blake3.pattern_len': together('broker-names', 16, 'BLAKE3'),
  'blake3.sid_hash16': together('broker-names', 3, 'the user hash of'),
  'spawn_budget.defaults': together('broker-directories', 2, 'spawn budget: counted by key, one storm for each window'),
  'spawn_budget.cases': together('broker-directories', 1, 'spawn budget: counted by key, one storm for each window'),
  'fd_pressure.cases': together('broker-exchange', 2, 'descriptor pressure: demoted by a failed accept, restored by three good ones in a row'),
  endpoint_constructors: { file: 'broker-names', each: (v) => `endpoint ${v.kind} '${v.name}': ${v.expect}` },
};
/** What says where the rest comes from, or holds one value. */
const isSection = (value: Json): boolean => typeof value === 'object' && value !== null;

const titles = new Map<string, Set<string>>();
/** Titles of the tests in a file that pass. */
function passing(file: string): Set<string> {
  let found = titles.get(file);
  if (found === undefined) {
    // Within a test's process another one would not run its files.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'));
    const path = fileURLToPath(new URL(`${file}.test.js`, import.meta.url));
    const { stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', path], { env, encoding: 'utf8', maxBuffer: 1 << 26 });
    const lines = stdout.matchAll(/^\s*ok \d+ - (.*?)(?: # (?:SKIP|TODO).*)?$/gm);
    titles.set(file, (found = new Set(Array.from(lines, ([, title]) => title.replace(/\\([\\#])/g, '$1')))));
  }
  return found;
}

describe('the vectors', { timeout: 300_000 }, () => {
  const used = new Set<string>();
  const check = (path: string, section: Json): void => {
    const claims = CLAIMS[path];
    if (claims === undefined) {
      assert.ok(!Array.isArray(section) && Object.values<Json>(section).some(isSection), `no test for the section ${path}`);
      for (const [key, value] of Object.entries<Json>(section)) if (isSection(value)) check(`${path}.${key}`, value);
      return;
    }
    used.add(path);
    test(`section ${path}`, () => {
      const list = [claims].flat();
      const [first] = list;
      if ('all' in first) {
        assert.equal(countOf(section), first.count, 'there are more or fewer cases than the tests were written for');
        for (const title of first.all) assert.ok([...passing(first.file)].some((t) => t.includes(title)), title);
        return;
      }
      for (const [i, c] of section.entries()) {
        const done = list.some((claim) => 'each' in claim && [...passing(claim.file)].some((t) => t.includes(claim.each(c, i))));
        assert.ok(done, `no test that passes for ${path} ${c.name ?? i}`);
      }
    });
  };
  for (const [path, section] of Object.entries<Json>(VECTORS)) if (path !== '_about' && isSection(section)) check(path, section);
  test('every claim is about a section that is there', () => assert.deepEqual(Object.keys(CLAIMS).filter((path) => !used.has(path)), []));
});

/** Everything in the file that is a stream of frames, or the start of one. */
function* wires(value: Json, path: string): Generator<[path: string, wire: Uint8Array]> {
  for (const [key, inner] of Object.entries<Json>(value)) {
    if (typeof inner === 'string' && /wire_hex$|buffer_hex$/.test(key)) yield [`${path}.${key}`, bytes(inner)];
    else if (typeof inner === 'string' && (key === 'hex' || key === 'frame_hex')) yield [`${path}.${key}`, frameBody(bytes(inner))];
    else if (isSection(inner)) yield* wires(inner, `${path}.${inner.name ?? key}`);
  }
}

function bodies(wire: Uint8Array, step: number): string[] {
  const reader = new BodyReader();
  const out: string[] = [];
  try {
    for (let at = 0; at < wire.length; at += step) {
      reader.push(wire.subarray(at, at + step));
      for (let body = reader.next(); body !== null; body = reader.next()) out.push(hex(body));
    }
  } catch (e) {
    if (!(e instanceof FramingError)) throw e;
    return [...out, e.fault.kind];
  }
  return [...out, `and ${hex(reader.rest())}`];
}

test('all bytes of the vectors: cut anywhere they are the same frames, or the same fault', () => {
  const all = [...wires(VECTORS, '')];
  assert.ok(all.length > 100, `${all.length}`);
  for (const [path, wire] of all) {
    const whole = bodies(wire, wire.length);
    for (const step of [1, 2, 7]) assert.deepEqual(bodies(wire, step), whole, `${path} in steps of ${step}`);
  }
});
