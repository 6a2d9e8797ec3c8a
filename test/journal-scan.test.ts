import test from 'node:test';
import assert from 'node:assert/strict';
import { JournalReader, recordHeader } from '../src/wire/rayforce/journal.js';
import { frame, text } from './support/engine.js';

const RECORDS = [frame(text('(set a 1)')), frame(text('x'.repeat(500)), 1, 2), frame(text(''), 0)];
const WHOLE = Buffer.concat(RECORDS);
const ENDS = RECORDS.map((_, i) => RECORDS.slice(0, i + 1).reduce((n, r) => n + r.length, 0));

function scan(bytes: Uint8Array, step: number): { records: string[]; reader: JournalReader } {
  const reader = new JournalReader();
  const records: string[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step));
    for (let f = reader.next(); f !== null; f = reader.next()) records.push(Buffer.from(f.whole()).toString('hex'));
  }
  return { records, reader };
}

test('records come out as they went in, whatever the pieces', () => {
  for (const step of [1, 7, 16, 1000]) {
    const { records, reader } = scan(WHOLE, step);
    assert.deepEqual(records, RECORDS.map((r) => r.toString('hex')));
    assert.deepEqual([reader.records, reader.valid, reader.torn], [3, WHOLE.length, false]);
  }
});

test('a journal cut anywhere has the records that end before the cut', () => {
  for (let cut = 0; cut < WHOLE.length; cut++) {
    for (const step of [1, 1000]) {
      const { reader } = scan(WHOLE.subarray(0, cut), step);
      const whole = ENDS.filter((end) => end <= cut);
      assert.deepEqual([reader.records, reader.valid, reader.torn], [whole.length, whole.at(-1) ?? 0, cut !== (whole.at(-1) ?? 0)], `cut at ${cut}`);
    }
  }
});

test('what is no frame ends the records, and nothing behind it is read', () => {
  for (const junk of ['junk', '\0'.repeat(100), '\xfa\xde\xfa\xce\x04'.padEnd(16, '\0')]) {
    for (const step of [1, 1000]) {
      const { reader } = scan(Buffer.concat([RECORDS[0], Buffer.from(junk, 'latin1'), RECORDS[1]]), step);
      assert.deepEqual([reader.records, reader.valid, reader.torn], [1, RECORDS[0].length, true]);
    }
  }
});

test('a kept request says whether its session was restricted, whatever its sender said', () => {
  for (const flags of [0, 2, 4, 6]) {
    const bytes = Buffer.concat([Buffer.alloc(3), frame(text('1'), 1, flags)]);
    assert.equal(recordHeader(bytes, 3, true)[5], flags | 2);
    assert.equal(recordHeader(bytes, 3, false)[5], flags & ~2);
    assert.equal(bytes[3 + 5], flags);
  }
});
