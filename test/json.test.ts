import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Interpreter, RayError, Dict, Table, tagOf, T } from '../src/index.js';
import { formatJson } from '../src/columns/json-format.js';
import { parseJson } from '../src/columns/json-parse.js';
import { valueEnd, isUtf8 } from '../src/columns/json-scan.js';
import { fromBytes, toBytes } from '../src/lang/text.js';

const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    if (e instanceof RayError) return e.code;
    throw e;
  }
  return 'none';
};

test('what JSON holds comes back the same', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), (v) => {
    const text = JSON.stringify(v);
    fc.pre(!/\d{19}/.test(text));
    assert.deepEqual(JSON.parse(fromBytes(formatJson(parseJson(toBytes(text))))), JSON.parse(text, (_, x: unknown) => (Object.is(x, -0) ? 0 : x)));
  }), { numRuns: 2000 });
});

test('accepts and rejects the texts that JSON.parse does', () => {
  const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"\\u00e9"', '1', '-0', '1.5', '1e5 ', '01', '.5', 'true', 'null', 'nul', ' ', '\t', '"\\x"', '"\n"', '"'];
  fc.assert(fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 9 }), (parts) => {
    const text = parts.join('');
    let ok = true;
    try {
      JSON.parse(text);
    } catch {
      ok = false;
    }
    assert.equal(code(() => parseJson(text)), ok ? 'none' : 'parse');
    const start = text.search(/[^ \t\r\n]/);
    assert.equal(start >= 0 && /^[ \t]*$/.test(text.slice(valueEnd(text, start))) && valueEnd(text, start) >= 0, ok);
  }), { numRuns: 20000 });
});

test('every 64-bit integer keeps its digits', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (n) => {
    assert.equal(formatJson(parseJson(String(n))), String(n));
    assert.equal(formatJson(parseJson(`[${n},1]`)), `[${n},1]`);
  }));
});

test('every double keeps its value', () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
    const digits = /[.e]/.test(String(x)) ? String(x) : `${x}.0`;
    const v = parseJson(formatJson(parseJson(digits)));
    assert.equal(tagOf(v), -T.F64);
    assert.ok((v as { v: number }).v === x);
  }));
});

test('keys of any kind stay data', () => {
  const v = parseJson('{"__proto__":{"polluted":1},"constructor":2,"toString":3,"":4}');
  assert.ok(v instanceof Dict);
  assert.equal(formatJson(v), '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"":4}');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('objects that change their keys from one to the next are read right', () => {
  const text = '[{"a":1,"b":2},{"a":3},{"b":4,"a":5},{"a":6,"b":7,"c":8},{"a":9,"a":10},{"a\\u0062":1,"ab":2}]';
  assert.equal(formatJson(parseJson(text)), '[{"a":1,"b":2},{"a":3},{"b":4,"a":5},{"a":6,"b":7,"c":8},{"a":10},{"ab":2}]');
});

test('objects with many keys keep the last of each', () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `"k${i % 1000}":${i}`);
  const v = parseJson(`{${keys.join(',')}}`);
  assert.ok(v instanceof Dict && v.length === 1000);
  assert.equal(formatJson(v).slice(0, 22), '{"k0":2000,"k1":2001,"');
});

test('nesting is limited both ways', () => {
  assert.equal(code(() => parseJson('['.repeat(512) + ']'.repeat(512))), 'none');
  assert.equal(code(() => parseJson('['.repeat(513) + ']'.repeat(513))), 'limit');
  assert.equal(code(() => parseJson('['.repeat(1e6))), 'limit');
  assert.equal(valueEnd('['.repeat(1e6), 0), -1);
  const deep = new Interpreter().eval("(fold (fn [a x] (list a)) 1 (til 600))");
  assert.equal(code(() => formatJson(deep)), 'limit');
});

test('texts that are not UTF-8 are refused both ways', () => {
  assert.equal(code(() => parseJson('"\xff"')), 'parse');
  assert.equal(code(() => formatJson('\xff')), 'domain');
  assert.equal(formatJson(toBytes('é\u2028"\n\u0001')), toBytes('"é\u2028\\"\\n\\u0001"'));
  assert.ok(isUtf8('plain'));
});

test('escapes are read as bytes of UTF-8', () => {
  assert.equal(parseJson('"\\u00e9\\ud83d\\ude00\\n\\/"'), toBytes('é😀\n/'));
  assert.equal(parseJson('"\\ud800x"'), toBytes('\ufffdx'));
});

test('a table of every type of column is written row by row', () => {
  const interp = new Interpreter();
  const t = interp.eval('(table [b u i l f d s n] (list [true false] [0x01 0xff] [1i 0Ni] [1 0Nl] [1.5 0Nf] [2024.01.15 0Nd] [\'x \'y] ["p" "q"]))');
  assert.ok(t instanceof Table);
  assert.equal(formatJson(t),
    '[{"b":true,"u":1,"i":1,"l":1,"f":1.5,"d":"2024-01-15","s":"x","n":"p"},{"b":false,"u":255,"i":null,"l":null,"f":null,"d":null,"s":"y","n":"q"}]');
});
