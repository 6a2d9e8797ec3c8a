import assert from 'node:assert/strict';
import test from 'node:test';
import { Router, type Launch, type RouterOptions, type RunningBackend } from '../src/wire/broker/directories.js';
import { HelloHandler, isRefusal } from '../src/wire/broker/hello.js';
import { SpawnBudget } from '../src/wire/broker/limits.js';
import { BrokerIsolation, createFrame, createHello, createServiceDefinition, decodeServiceDefinition, encodeHello, encodeServiceDefinition, type Hello, type ServiceDefinition } from '../src/wire/broker/messages.generated.js';
import { refusedReply, type Refusal } from '../src/wire/broker/refusal.js';
import { checkDefinition, DefinitionError, definitionFolder, instanceId, loadDefinition, parseDefinition, type DefinitionFiles } from '../src/wire/broker/service-definition.js';
import { bytes, plain, VECTORS, type Json } from './support/broker-vectors.js';

const GOOD = createServiceDefinition({ serviceName: 'zccache', binaryPath: '/usr/local/bin/zccache', isolation: BrokerIsolation.SHARED_BROKER });

/* ── definitions ───────────────────────────────────────────────────────── */

function failing(code: string): never {
  throw Object.assign(new Error(code), { code });
}
function files(entries: Record<string, Uint8Array>, mode = 0o40700): DefinitionFiles {
  return { mode: () => mode, read: (path) => entries[path] ?? failing('ENOENT') };
}
function fault(f: () => unknown): Json {
  try {
    f();
  } catch (e) {
    assert.ok(e instanceof DefinitionError, String(e));
    return e.fault;
  }
  return null;
}

for (const v of VECTORS.service_definition.filter((d: Json) => d.name !== 'v2_file_preferred')) {
  test(`service definition: ${v.name}`, () => {
    const mode = /^dir_mode_(\d+)$/.exec(v.name);
    const definition = v.hex !== undefined ? decodeServiceDefinition(bytes(v.hex)) : createServiceDefinition({
      ...GOOD, serviceName: v.definition_service_name ?? 'zccache', isolation: v.isolation ?? GOOD.isolation, explicitInstance: v.explicit_instance ?? '',
      versionAllowList: v.version_allow_list ?? [], binaryPath: v.binary_path ?? GOOD.binaryPath,
    });
    const folder = files({ '/d/zccache.servicedef': encodeServiceDefinition(definition) }, mode === null ? 0o40700 : Number.parseInt(mode[1], 8));
    const got = fault(() => loadDefinition(folder, '/d', 'zccache'));
    if (v.expect.startsWith('ok')) return assert.equal(got, null);
    const [, kind, detail] = /^(\w+)(?:[ (](.*?)\)?)?$/.exec(v.expect)!;
    assert.equal(got.kind, kind);
    if (kind === 'InvalidPath') assert.equal(`${got.field} ${got.reason}`, detail);
    if (kind === 'InvalidIsolation') assert.equal(got.reason, detail);
  });
}

test('service definition: v2_file_preferred', () => {
  const named = (label: string): Uint8Array => encodeServiceDefinition({ ...GOOD, labels: new Map([['from', label]]) });
  const from = (entries: Record<string, Uint8Array>): string | undefined => loadDefinition(files(entries), '/d', 'zccache').labels.get('from');
  assert.equal(from({ '/d/zccache.servicedef.v2': named('v2'), '/d/zccache.servicedef': named('v1') }), 'v2');
  assert.equal(from({ '/d/zccache.servicedef': named('v1') }), 'v1');
  assert.equal(fault(() => from({ '/d/zccache.servicedef.v2': bytes('ff'), '/d/zccache.servicedef': named('v1') })).kind, 'Decode');
  const unreadable: DefinitionFiles = { mode: () => 0o700, read: (path) => (path.endsWith('.v2') ? failing('EACCES') : named('v1')) };
  assert.deepEqual(fault(() => loadDefinition(unreadable, '/d', 'zccache')), { kind: 'Io', code: 'EACCES' });
  assert.deepEqual(fault(() => from({})), { kind: 'Io', code: 'ENOENT' });
});

test('the first broken rule is reported: names, paths, versions, isolation', () => {
  const bad = { ...GOOD, serviceName: 'BAD', binaryPath: '', perVersionBinaryDir: 'x', minVersion: 'v', versionAllowList: ['w'], isolation: 9 };
  const repairs: Partial<ServiceDefinition>[] = [{ serviceName: 'clud' }, { serviceName: 'zccache' }, { binaryPath: '/b' }, { perVersionBinaryDir: '/d' }, { minVersion: '' }, { versionAllowList: [] }, { isolation: 0 }];
  const seen: string[] = [];
  for (const repair of [{}, ...repairs]) {
    Object.assign(bad, repair);
    const got = fault(() => checkDefinition(bad, 'zccache'));
    seen.push(got === null ? 'ok' : `${got.kind} ${got.field ?? ''}`.trim());
  }
  assert.deepEqual(seen, ['InvalidName service_name', 'ServiceNameMismatch', 'InvalidPath binary_path', 'InvalidPath per_version_binary_dir', 'InvalidName min_version', 'InvalidName version_allow_list', 'InvalidIsolation', 'ok']);
});

test('a folder others may look into is not read, and one that is missing is not there', () => {
  for (const mode of [0o701, 0o704, 0o740, 0o770]) assert.equal(fault(() => loadDefinition(files({}, mode), '/d', 'BAD')).kind, 'InsecureDirectory');
  assert.deepEqual(fault(() => loadDefinition({ mode: () => failing('ENOENT'), read: () => bytes('') }, '/d', 'zccache')), { kind: 'Io', code: 'ENOENT' });
  assert.equal(fault(() => loadDefinition(files({}), '/d', '../etc')).kind, 'InvalidName');
});

test('where definitions lie', () => {
  assert.equal(definitionFolder({ RUNNING_PROCESS_SERVICE_DEF_DIR: '/x', HOME: '/h' }, 'linux'), '/x');
  assert.equal(definitionFolder({ XDG_CONFIG_HOME: '/c', HOME: '/h' }, 'linux'), '/c/running-process/services');
  assert.equal(definitionFolder({ HOME: '/h' }, 'linux'), '/h/.config/running-process/services');
  assert.equal(definitionFolder({ HOME: '/h' }, 'darwin'), '/h/Library/Application Support/running-process/services');
  assert.equal(definitionFolder({ APPDATA: 'C:\\a' }, 'win32'), 'C:\\a\\running-process\\services');
  assert.equal(definitionFolder({}, 'linux'), null);
});

test('which broker a service belongs to', () => {
  const of = (isolation: number, explicitInstance = ''): string => instanceId({ ...GOOD, isolation, explicitInstance });
  assert.deepEqual([of(0), of(1), of(2, 'ci')], ['private:zccache', 'shared', 'explicit:ci']);
  assert.equal(parseDefinition(encodeServiceDefinition(GOOD), 'zccache').serviceName, 'zccache');
});

/* ── the router ────────────────────────────────────────────────────────── */

function wanting(overrides: Partial<Hello> = {}): Hello {
  return createHello({ clientMinProtocol: 1, clientMaxProtocol: 1, serviceName: 'zccache', wantedVersion: '1.11.20', ...overrides });
}
const RUNNING: RunningBackend = { serviceName: 'zccache', version: '1.11.20', pipe: '/b', capabilities: 0n, pid: 99 };
const SHARED = { instance: 'shared', service: 'zccache', version: '1.11.20', exeHash: 'h' };

function router(options: Partial<RouterOptions> = {}): Router {
  return new Router({ definition: () => GOOD, exeHash: () => 'h', isAlive: () => true, ...options });
}
function launch(r: Router, now = 0): Launch {
  const found = r.find(wanting(), now);
  assert.ok('launch' in found);
  return found;
}
const missing = (): never => {
  throw new DefinitionError({ kind: 'Io', code: 'ENOENT' });
};

const ROUTES: Record<string, () => Refusal | RunningBackend | Launch> = {
  missing_servicedef: () => router({ definition: missing }).find(wanting(), 0),
  unloadable_servicedef: () => router({ definition: () => { throw new DefinitionError({ kind: 'InsecureDirectory', mode: 0o777 }); } }).find(wanting(), 0),
  registry_miss_no_launcher: () => router().find(wanting(), 0),
  launcher_failed() {
    const r = router({ launches: true });
    return r.launched(launch(r), { error: 'no such file' });
  },
  spawn_in_progress() {
    const r = router({ launches: true });
    launch(r);
    return r.find(wanting(), 1);
  },
  spawn_budget_exhausted() {
    const r = router({ launches: true, budget: new SpawnBudget({ max: 1, windowMs: 10_000 }) });
    r.launched(launch(r), { error: 'x' });
    return r.find(wanting(), 4000);
  },
  isolation_unresolved: () => router({ instance: () => { throw new Error('nobody knows'); } }).find(wanting(), 0),
  launched_identity_mismatch() {
    const r = router({ launches: true });
    return r.launched(launch(r), { ...RUNNING, version: '1.0.0' });
  },
  backend_install_failed() {
    const r = router({ launches: true });
    return r.launched(launch(r), { ...RUNNING, pipe: '' });
  },
  below_floor_protocol_spawns_nothing() {
    let asked = 0;
    const directory = router({ launches: true, definition: () => { asked++; return GOOD; } });
    const handler = new HelloHandler({ directory, clock: () => 0 });
    const { refused } = handler.handle(createFrame({ envelopeVersion: 1, payload: encodeHello(wanting({ clientMinProtocol: 2, clientMaxProtocol: 2 })) }), { pid: 0, uid: '' });
    assert.equal(asked, 0);
    return { code: refused!.code, reason: refused!.reason, retryAfterMs: Number(refused!.retryAfterMs) };
  },
  version_policy: () => router({ definition: () => ({ ...GOOD, minVersion: '2.0.0' }) }).find(wanting(), 0),
  definition_reread_each_hello() {
    let minVersion = '';
    const r = router({ definition: () => ({ ...GOOD, minVersion }) });
    r.install(SHARED, RUNNING);
    assert.equal(r.find(wanting(), 0), RUNNING);
    minVersion = '1.12.0';
    const second = r.find(wanting(), 0);
    assert.ok(isRefusal(second) && second.code === 8);
    return second;
  },
  private_isolation_does_not_see_shared_backend() {
    const r = router({ definition: () => ({ ...GOOD, isolation: BrokerIsolation.PRIVATE_BROKER }) });
    r.install(SHARED, RUNNING);
    return r.find(wanting(), 0);
  },
};

for (const v of VECTORS.router) {
  test(`router: ${v.name}`, () => {
    const got = ROUTES[v.name]();
    assert.ok(isRefusal(got));
    const { refused } = v.expect;
    if (refused === undefined) return;
    const [reason] = refused.reason.split('<error text>');
    assert.ok(got.reason === reason || (refused.reason.includes('<') && got.reason.startsWith(reason) && got.reason.length > reason.length), got.reason);
    assert.equal(got.code, refused.code);
    assert.equal(got.retryAfterMs, typeof refused.retry_after_ms === 'number' ? refused.retry_after_ms : 6000);
    assert.deepEqual(plain(refusedReply(got)).refused.details, refused.details);
  });
}

test('router: a running backend is found while it lives, and its executable can be read', () => {
  let alive = true;
  let exeHash = 'h';
  const r = router({ isAlive: () => alive, exeHash: () => exeHash });
  r.install(SHARED, RUNNING);
  assert.equal(r.find(wanting(), 0), RUNNING);
  for (const other of ['rebuilt', '']) {
    exeHash = other;
    assert.ok(isRefusal(r.find(wanting(), 0)));
  }
  exeHash = 'h';
  alive = false;
  assert.ok(isRefusal(r.find(wanting(), 0)));
  alive = true;
  assert.ok(isRefusal(r.find(wanting(), 0)), 'the dead do not come back');
});

test('router: a launched backend serves the next Hello', () => {
  const r = router({ launches: true });
  assert.equal(r.launched(launch(r), RUNNING), RUNNING);
  assert.equal(r.find(wanting(), 1), RUNNING);
});

test('spawn budget: counted by key, one storm for each window', () => {
  const budget = new SpawnBudget({ max: 2, windowMs: 10_000 });
  const fail = (key: string): unknown => {
    const verdict = budget.begin(key, 0);
    budget.end(key, false);
    return verdict.verdict;
  };
  assert.deepEqual([fail('a'), fail('a')], ['Begin', 'Begin']);
  assert.deepEqual(budget.begin('a', 0), { verdict: 'BudgetExhausted', retryAfterMs: 10_000, stormTrip: true });
  assert.deepEqual(budget.begin('a', 0), { verdict: 'BudgetExhausted', retryAfterMs: 10_000, stormTrip: false });
  assert.deepEqual([budget.begin('b', 0).verdict, budget.remaining('a', 0), budget.remaining('b', 0)], ['Begin', 0, 1]);
  assert.deepEqual(budget.begin('a', 9_999), { verdict: 'BudgetExhausted', retryAfterMs: 1, stormTrip: false });
  assert.equal(budget.begin('b', 9_999).verdict, 'InProgress');
  assert.deepEqual([budget.begin('a', 10_000).verdict, budget.begin('b', 10_000).verdict], ['Begin', 'Begin']);
});
test('spawn budget: a success begins anew', () => {
  const budget = new SpawnBudget({ max: 1, windowMs: 10_000 });
  budget.begin('a', 0);
  budget.end('a', true);
  assert.equal(budget.begin('a', 1).verdict, 'Begin');
});
