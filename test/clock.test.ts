import test from 'node:test';
import assert from 'node:assert/strict';
import { ROWS } from '../src/builtins/temporal.js';
import { format } from '../src/lang/format.js';
import { symbol } from '../src/lang/value.js';
import type { UnaryFn } from '../src/lang/builtin.js';
import type { HostServices, Runtime } from '../src/lang/runtime.js';

/** What `name` answers when the wall clock stands at `iso`. */
function at(iso: string, name: string, zone: string): string {
  const host = { wall: () => Date.parse(iso) } as Partial<HostServices>;
  const fn = ROWS.find((row) => row.name === name)!.fn as UnaryFn;
  return format(fn(symbol(zone), { host } as Runtime), 0);
}

test("date, time and timestamp tell the host's clock", () => {
  assert.equal(at('2024-03-15T10:20:30.456Z', 'date', 'global'), '2024.03.15');
  assert.equal(at('2024-03-15T10:20:30.456Z', 'time', 'global'), '10:20:30.456');
  assert.equal(at('2024-03-15T10:20:30.456Z', 'timestamp', 'global'), '2024.03.15D10:20:30.456000000');
  assert.equal(at('1999-12-31T23:59:59.999Z', 'date', 'global'), '1999.12.31');
  assert.equal(at('1999-12-31T23:59:59.999Z', 'time', 'global'), '23:59:59.999');
});

test('the local date and time are those of the time zone', () => {
  const before = process.env.TZ;
  try {
    process.env.TZ = 'Asia/Tokyo';
    assert.equal(at('2024-03-15T20:00:00Z', 'date', 'local'), '2024.03.16');
    assert.equal(at('2024-03-15T20:00:00Z', 'time', 'local'), '05:00:00.000');
    assert.equal(at('2024-03-15T20:00:00Z', 'date', 'global'), '2024.03.15');
    assert.equal(at('2024-03-15T20:00:00Z', 'timestamp', 'local'), '2024.03.15D20:00:00.000000000');
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
