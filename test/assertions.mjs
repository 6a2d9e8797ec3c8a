// Loaded into every test process by run.mjs: a test that made no assertion fails.
import assert from 'node:assert';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

let made = 0;
/** Assertions that were made when a test began. */
const begun = new WeakMap();
const skipped = new WeakSet();

// The threads that a test starts load this module too.
if (isMainThread) await watch();

async function watch() {
  for (const object of [assert, assert.strict]) countCalls(object);
  syncBuiltinESMExports();
  const { afterEach, beforeEach } = await import('node:test');
  beforeEach((context) => {
    begun.set(context, made);
    noteSkipping(Object.getPrototypeOf(context));
  });
  afterEach((context) => {
    if (made === begun.get(context) && !skipped.has(context)) throw new Error(`'${context.name}' asserts nothing`);
  });
}

function countCalls(object) {
  for (const [name, plain] of Object.entries(object)) {
    if (typeof plain !== 'function' || /^[A-Z]|^strict$/.test(name)) continue;
    object[name] = name === 'match' ? matches : (...args) => {
      made++;
      return plain.apply(object, args);
    };
  }
}

/** Node's own looks itself up in the module to tell itself from its opposite. */
function matches(text, pattern, message = `${text} does not match ${pattern}`) {
  made++;
  assert.strict.equal(typeof text, 'string');
  assert.strict.ok(pattern.test(text), message);
}

function noteSkipping(contexts) {
  for (const name of ['skip', 'todo']) {
    const plain = contexts[name];
    if (plain.noted) continue;
    contexts[name] = function note(...args) {
      skipped.add(this);
      return plain.apply(this, args);
    };
    contexts[name].noted = true;
  }
}
