/** A case of the conformance suite: its numbers, what has to hold, where it is run, and why not elsewhere. */
import { test } from 'node:test';
import { hasOpenssl } from '../support/certificates.js';
import type { Medium } from '../support/media.js';

/** `fake`: on the fake transport and a clock that the test moves. */
export type Place = Medium | 'fake';

export interface Case<P extends Place = Medium> {
  /** Its numbers; absent: beyond the numbered ones. */
  readonly d?: readonly (number | '116b')[];
  readonly name: string;
  readonly media: readonly P[];
  /** Why it is not run on TCP, on Unix sockets and with TLS, each. */
  readonly because?: string;
  /** What this system lacks. */
  readonly skip?: string | false;
  readonly run: (medium: P) => Promise<void> | void;
}

export const ALL: readonly Medium[] = ['tcp', 'unix', 'tls'];
export const PLAIN: readonly Medium[] = ['tcp', 'unix'];
export const TLS: readonly Medium[] = ['tls'];
export const FAKE: readonly 'fake'[] = ['fake'];

export function run<P extends Place>(cases: readonly Case<P>[]): void {
  for (const { d, name, media, skip: lacking = false, run: body } of cases) {
    for (const medium of media) {
      const skip = medium === 'tls' && !hasOpenssl ? 'no openssl' : lacking;
      test(`${d === undefined ? '' : `D ${d.join(', ')}: `}${medium}: ${name}`, { skip }, () => body(medium));
    }
  }
}
