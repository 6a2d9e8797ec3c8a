import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as reference } from 'node:zlib';
import { crc32 } from '../src/wire/soc/crc32.js';
import { KIND, recordSize, scanRecords, writeRecord, type SpoolRecord } from '../src/wire/soc/spool-format.js';

const records: SpoolRecord[] = Array.from({ length: 6 }, (_, i) => ({ kind: i % 3 === 2 ? KIND.ACK : KIND.MESSAGE, id: `id-${i}`, line: i % 3 === 2 ? '' : `{"n":${i}}\n` }));

function file(): Buffer {
  const bytes = Buffer.alloc(records.reduce((n, r) => n + recordSize(r.id, r.line), 0));
  let at = 0;
  for (const r of records) at = writeRecord(bytes, at, r.kind, r.id, r.line);
  assert.equal(at, bytes.length);
  return bytes;
}

const scan = (bytes: Buffer): { found: SpoolRecord[]; damage: ReturnType<typeof scanRecords> } => {
  const found: SpoolRecord[] = [];
  return { damage: scanRecords(bytes, (r) => found.push(r)), found };
};

test('the checksum is that of zip', () => {
  for (let n = 0; n < 70; n++) {
    const bytes = Buffer.from(Array.from({ length: n }, (_, i) => (i * 37 + n) & 255));
    assert.equal(crc32(bytes), reference(bytes));
  }
});

test('records come back in order', () => {
  assert.deepEqual(scan(file()), { found: records, damage: [] });
});

test('torn at every byte: every record before it is found, and the rest is told', () => {
  const bytes = file();
  const ends: number[] = [];
  records.reduce((at, r) => (ends.push(at + recordSize(r.id, r.line)), ends.at(-1)!), 0);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { found, damage } = scan(bytes.subarray(0, cut));
    const whole = ends.filter((end) => end <= cut).length;
    assert.deepEqual(found, records.slice(0, whole));
    const rest = cut - (ends[whole - 1] ?? 0);
    assert.deepEqual(damage, rest === 0 ? [] : [{ at: cut - rest, bytes: rest, tail: true }]);
  }
});

test('any byte damaged costs the record it is in and no other', () => {
  const bytes = file();
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 0x80]) {
      const bad = Buffer.from(bytes);
      bad[at] ^= bit;
      const { found, damage } = scan(bad);
      assert.equal(found.length, records.length - 1, `byte ${at}`);
      assert.equal(damage.length, 1);
      for (const r of found) assert.ok(records.some((x) => x.id === r.id && x.line === r.line && x.kind === r.kind));
    }
  }
});

test('rubbish of any kind between records is passed over', () => {
  const bytes = file();
  const rubbish = Buffer.concat([Buffer.from('\xf3SP\n\xff\xff\xff\xff', 'latin1'), Buffer.alloc(100, 0xf3), bytes.subarray(0, 9)]);
  const { found, damage } = scan(Buffer.concat([rubbish, bytes, rubbish]));
  assert.deepEqual(found, records);
  assert.equal(damage.reduce((n, d) => n + d.bytes, 0), 2 * rubbish.length);
  assert.equal(damage.at(-1)!.tail, true);
});
