/** Whether a standard stream is a terminal. */
import { fstatSync } from 'node:fs';
import { STDOUT } from './write.js';

/** The streams of `process` are made when they are asked for, and those of pipes load sockets: only devices are asked. */
export function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && (fd === STDOUT ? process.stdout : process.stderr).isTTY === true;
  } catch {
    return false;
  }
}
