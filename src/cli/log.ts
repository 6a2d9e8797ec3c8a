/** The engine's reports on standard error: bare lines for people, one JSON object a line for machines. */
import { STDERR, writeText } from './write.js';
import type { LogRecord } from '../engine/api.js';

export function logTo(format: 'text' | 'json', write: (line: string) => void = (line) => writeText(STDERR, line)): (record: LogRecord) => void {
  return format === 'json'
    ? (record) => write(JSON.stringify({ time: new Date().toISOString(), ...record }) + '\n')
    : (record) => write(oneLine(record.message) + '\n');
}

/** A peer's text must not forge a second line. */
const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
