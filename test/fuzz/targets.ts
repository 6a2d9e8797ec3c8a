/** All targets by name. */
import * as compression from './compression.js';
import * as frame from './frame.js';
import * as handshake from './handshake.js';
import type { Target } from './target.js';
import * as value from './value.js';

export const TARGETS: ReadonlyMap<string, Target> = new Map([frame, value, compression, handshake].map((t) => [t.name, t]));
