/** All targets by name. */
import * as brokerFrame from './broker-frame.js';
import * as compression from './compression.js';
import * as evaluation from './eval.js';
import * as frame from './frame.js';
import * as handshake from './handshake.js';
import * as mux from './mux.js';
import * as reader from './reader.js';
import * as socJson from './soc-json.js';
import * as socLines from './soc-lines.js';
import * as socSwarm from './soc-swarm.js';
import type { Target } from './target.js';
import * as value from './value.js';

const ALL: Target[] = [
  frame, value, compression, handshake, brokerFrame, mux, socJson, socLines, socSwarm, evaluation,
  { ...reader, input: (random) => reader.input(() => random.next() / 4294967296) },
];

export const TARGETS: ReadonlyMap<string, Target> = new Map(ALL.map((t) => [t.name, t]));
