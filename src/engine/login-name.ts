/** Names of the users of this machine. */
import { readFileSync } from 'node:fs';

/** The login name of a user id; where there is none, `uid` and the number. */
export function loginName(uid: number): string {
  for (const line of passwd().split('\n')) {
    const [name, , id] = line.split(':');
    if (id === String(uid)) return name;
  }
  return `uid ${uid}`;
}

function passwd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
