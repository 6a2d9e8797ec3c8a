// Generated from grammar/rfl.ohm by grammar/generate.mjs; not to be edited.
import { checkpoint } from './interrupt.js';
import { MAX_DEPTH, nodes, tokens, tooDeep } from './literals.js';
import type { Source } from './source.js';
import type { Value } from './value.js';

/** The rules that make a value, and whether their action gets a slice of the text or the values beneath. */
export const RULES = { source: 'node', hex: 'token', typedNull: 'token', timestamp: 'token', date: 'token', time: 'token', float: 'token', int: 'token', name: 'token', string: 'token', char: 'token', symbol: 'token', keyword: 'token', list: 'node', bind: 'token', vector: 'node', dict: 'node', keyName: 'token' } as const;

const CLASS_0 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 130, 2, 130, 130, 130, 130, 2, 2, 0, 130, 130, 130, 194, 130, 130, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 2, 1, 130, 130, 130, 130,
  130, 150, 150, 150, 150, 150, 150, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 146, 2, 0, 0, 130, 146,
  0, 150, 150, 150, 158, 150, 158, 146, 154, 154, 146, 146, 154, 146, 146, 146, 154, 146, 146, 146, 154, 146, 146, 146, 146, 146, 146, 2, 130, 0, 130, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CLASS_1 = Uint8Array.of(
  0, 19, 19, 19, 19, 19, 19, 19, 19, 19, 3, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
  19, 27, 25, 27, 27, 27, 27, 19, 19, 19, 27, 27, 27, 27, 27, 27, 31, 31, 31, 31, 31, 31, 31, 31, 27, 27, 19, 19, 27, 27, 27, 27,
  27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 19, 19, 19, 27, 27,
  19, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 27, 19, 27, 19, 27, 19,
  19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
  19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
  19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
  19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
);
const CHOICE_0 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 1, 1, 1, 1, 3, 4, 0, 1, 1, 1, 5, 1, 1, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 1, 0, 1, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_1 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_2 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_3 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_4 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_5 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_6 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_7 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_8 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);

let bytes: Uint8Array = new Uint8Array(1);
let source: Source;
let text = '';
let end = 0;
let far = -1;
let openAt = -1;
let formAt = 0;
let look = 0;
let stack: Value[] = [];
let sp = 0;

/** Bytes between two checkpoints, a power of 2: a millisecond of reading. */
const LOOK = 65536;
const LOOK_MASK = LOOK - 1;

function checkpointAt(i: number): void {
  look = i + LOOK;
  checkpoint();
}

/** Reads `n` bytes, which a 0 follows, of `from`. Undefined: rejected, see `failure`. Errors: what the actions throw, `cancel`. */
export function parse(from: Source, b: Uint8Array, n: number): Value | undefined {
  source = from;
  text = from.text;
  bytes = b;
  end = n;
  far = openAt = -1;
  formAt = sp = 0;
  look = LOOK;
  try {
    return read_source(0) < 0 ? undefined : stack[0];
  } finally {
    // A short stack is kept: growing a new one costs more than reading a short source.
    if (stack.length > 64) stack = [];
  }
}

export interface Failure {
  /** The furthest offset from which no rule could go on. */
  readonly at: number;
  /** Where a bracket or string that the source never closes begins; -1: none. */
  readonly open: number;
  /** Where the last repetition of the start rule began. */
  readonly form: number;
}

/** What is known after a rejection. */
export const failure = (): Failure => ({ at: far, open: openAt >= 0 && (far === end || far === openAt) ? openAt : -1, form: formAt });

function miss(i: number): void {
  if (i > far) far = i;
}

function read_source(i: number): number {
  const b = bytes;
  let j = 0;
  const start = i;
  const base = sp;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  if ((j = read_expr(i, 1)) < 0) { sp = base; return -1; }
  i = j;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  L0: while ((CLASS_0[b[i]] & 2) !== 0) {
    const L0i = i;
    const L0sp = sp;
    formAt = i;
    if ((j = read_expr(i, 1)) < 0) { i = L0i; sp = L0sp; break L0; }
    i = j;
    if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  }
  if (i !== end) { miss(i); sp = base; return -1; }
  const made = nodes.source(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_expr(i: number, d: number): number {
  const b = bytes;
  let j = 0;
  if (d > MAX_DEPTH) tooDeep(i);
  if (i >= look) checkpointAt(i);
  L1: {
    switch (CHOICE_0[b[i]]) {
      case 1: {
        L2: {
          if ((j = read_name(i)) < 0) break L2;
          i = j;
          break L1;
        }
        break;
      }
      case 2: {
        L3: {
          if ((j = read_string(i)) < 0) break L3;
          i = j;
          break L1;
        }
        break;
      }
      case 3: {
        L4: {
          if ((j = read_quoted(i)) < 0) break L4;
          i = j;
          break L1;
        }
        break;
      }
      case 4: {
        L5: {
          if ((j = read_list(i, d)) < 0) break L5;
          i = j;
          break L1;
        }
        break;
      }
      case 5: {
        L6: {
          if ((j = read_number(i)) < 0) break L6;
          i = j;
          break L1;
        }
        L7: {
          if ((j = read_name(i)) < 0) break L7;
          i = j;
          break L1;
        }
        break;
      }
      case 6: {
        L8: {
          if ((j = read_number(i)) < 0) break L8;
          i = j;
          break L1;
        }
        break;
      }
      case 7: {
        L9: {
          if ((j = read_keyword(i)) < 0) break L9;
          i = j;
          break L1;
        }
        break;
      }
      case 8: {
        L10: {
          if ((j = read_vector(i, d)) < 0) break L10;
          i = j;
          break L1;
        }
        break;
      }
      case 9: {
        L11: {
          if ((j = read_dict(i, d)) < 0) break L11;
          i = j;
          break L1;
        }
        break;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_number(i: number): number {
  const b = bytes;
  let j = 0;
  L12: {
    switch (CHOICE_1[b[i]]) {
      case 1: {
        L13: {
          if ((j = read_hex(i)) < 0) break L13;
          i = j;
          break L12;
        }
        L14: {
          if ((j = read_time(i)) < 0) break L14;
          i = j;
          break L12;
        }
        L15: {
          if ((j = read_decimal(i)) < 0) break L15;
          i = j;
          break L12;
        }
        break;
      }
      case 2: {
        L16: {
          if ((j = read_hex(i)) < 0) break L16;
          i = j;
          break L12;
        }
        L17: {
          if ((j = read_typedNull(i)) < 0) break L17;
          i = j;
          break L12;
        }
        L18: {
          if ((j = read_timestamp(i)) < 0) break L18;
          i = j;
          break L12;
        }
        L19: {
          if ((j = read_date(i)) < 0) break L19;
          i = j;
          break L12;
        }
        L20: {
          if ((j = read_time(i)) < 0) break L20;
          i = j;
          break L12;
        }
        L21: {
          if ((j = read_decimal(i)) < 0) break L21;
          i = j;
          break L12;
        }
        break;
      }
      case 3: {
        L22: {
          if ((j = read_timestamp(i)) < 0) break L22;
          i = j;
          break L12;
        }
        L23: {
          if ((j = read_date(i)) < 0) break L23;
          i = j;
          break L12;
        }
        L24: {
          if ((j = read_time(i)) < 0) break L24;
          i = j;
          break L12;
        }
        L25: {
          if ((j = read_decimal(i)) < 0) break L25;
          i = j;
          break L12;
        }
        break;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_hex(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] === 45) i++;
  if (b[i] !== 48 || b[i + 1] !== 120) return -1;
  i += 2;
  if ((CLASS_0[b[i]] & 4) === 0) return -1;
  i++;
  while ((CLASS_0[b[i]] & 4) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.hex(text, start, i);
  return i;
}

function read_typedNull(i: number): number {
  const b = bytes;
  const start = i;
  L26: {
    const L26i = i;
    if (b[i] === 48) {
      L27: {
        if (b[i] !== 48 || b[i + 1] !== 78) { i = L26i; break L27; }
        i += 2;
        if ((CLASS_0[b[i]] & 8) === 0) { i = L26i; break L27; }
        i++;
        break L26;
      }
      L28: {
        if (b[i] !== 48 || b[i + 1] !== 78) { i = L26i; break L28; }
        i += 2;
        if ((CLASS_0[b[i]] & 16) !== 0) { i = L26i; break L28; }
        break L26;
      }
    }
    return -1;
  }
  stack[sp++] = tokens.typedNull(text, start, i);
  return i;
}

function read_timestamp(i: number): number {
  const b = bytes;
  const start = i;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 46) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 46) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 68) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 46) return -1;
  i++;
  while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.timestamp(text, start, i);
  return i;
}

function read_date(i: number): number {
  const b = bytes;
  const start = i;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 46) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 46) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] === 68) return -1;
  stack[sp++] = tokens.date(text, start, i);
  return i;
}

function read_time(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] === 45) i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  L31: if (b[i] === 46) {
    const L31i = i;
    i++;
    if ((CLASS_0[b[i]] & 32) !== 0) { i = L31i; break L31; }
    i = L31i;
    return -1;
  }
  L33: if (b[i] === 46) {
    const L33i = i;
    i++;
    if ((CLASS_0[b[i]] & 32) === 0) { i = L33i; break L33; }
    i++;
    if ((CLASS_0[b[i]] & 32) !== 0) i++;
    if ((CLASS_0[b[i]] & 32) !== 0) i++;
  }
  stack[sp++] = tokens.time(text, start, i);
  return i;
}

function read_decimal(i: number): number {
  const b = bytes;
  let j = 0;
  L34: if ((CLASS_0[b[i]] & 64) !== 0) {
    const L34i = i;
    L35: {
      const L35i = i;
      switch (CHOICE_1[b[i]]) {
        case 1: {
          L36: {
            if (b[i] === 45) i++;
            if (b[i] !== 48 || b[i + 1] !== 120) { i = L35i; break L36; }
            i += 2;
            break L35;
          }
          break;
        }
        case 2: {
          L37: {
            if (b[i] === 45) i++;
            if (b[i] !== 48 || b[i + 1] !== 120) { i = L35i; break L37; }
            i += 2;
            break L35;
          }
          L38: {
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L38; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L38; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L38; }
            i++;
            if (b[i] !== 46) { i = L35i; break L38; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L38; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L38; }
            i++;
            if (b[i] !== 46) { i = L35i; break L38; }
            i++;
            break L35;
          }
          break;
        }
        case 3: {
          L39: {
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L39; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L39; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L39; }
            i++;
            if (b[i] !== 46) { i = L35i; break L39; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L39; }
            i++;
            if ((CLASS_0[b[i]] & 32) === 0) { i = L35i; break L39; }
            i++;
            if (b[i] !== 46) { i = L35i; break L39; }
            i++;
            break L35;
          }
          break;
        }
      }
      { i = L34i; break L34; }
    }
    i = L34i;
    { miss(i); return -1; }
  }
  L40: {
    if ((CLASS_0[b[i]] & 64) !== 0) {
      L41: {
        if ((j = read_float(i)) < 0) break L41;
        i = j;
        break L40;
      }
      L42: {
        if ((j = read_int(i)) < 0) break L42;
        i = j;
        break L40;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_float(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] === 45) i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  L43: {
    const L43i = i;
    switch (CHOICE_2[b[i]]) {
      case 1: {
        L44: {
          i++;
          if ((CLASS_0[b[i]] & 32) === 0) { i = L43i; break L44; }
          i++;
          while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
          L45: if (b[i] === 69 || b[i] === 101) {
            i++;
            if (b[i] === 43 || b[i] === 45) i++;
            while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
          }
          break L43;
        }
        break;
      }
      case 2: {
        i++;
        if (b[i] === 43 || b[i] === 45) i++;
        while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
        break L43;
      }
    }
    return -1;
  }
  stack[sp++] = tokens.float(text, start, i);
  return i;
}

function read_int(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] === 45) i++;
  if ((CLASS_0[b[i]] & 32) === 0) return -1;
  i++;
  while ((CLASS_0[b[i]] & 32) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  if (b[i] === 104 || b[i] === 105) i++;
  stack[sp++] = tokens.int(text, start, i);
  return i;
}

function read_name(i: number): number {
  const b = bytes;
  const start = i;
  L47: {
    const L47i = i;
    switch (CHOICE_3[b[i]]) {
      case 1: {
        i++;
        break L47;
      }
      case 2: {
        L49: {
          i++;
          if ((CLASS_0[b[i]] & 32) !== 0) { i = L47i; break L49; }
          break L47;
        }
        break;
      }
    }
    return -1;
  }
  while ((CLASS_0[b[i]] & 128) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.name(text, start, i);
  return i;
}

function read_string(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] !== 34) return -1;
  i++;
  L51: while ((CLASS_1[b[i]] & 2) !== 0) {
    if (i >= look) checkpointAt(i);
    const L51i = i;
    L52: {
      const L52i = i;
      switch (CHOICE_4[b[i]]) {
        case 1: {
          i++;
          break L52;
        }
        case 2: {
          L54: {
            i++;
            if ((CLASS_1[b[i]] & 1) === 0) { i = L52i; break L54; }
            i++;
            break L52;
          }
          i++;
          break L52;
        }
      }
      { i = L51i; break L51; }
    }
  }
  if (b[i] !== 34) { if (i === end) openAt = start; return -1; }
  i++;
  stack[sp++] = tokens.string(text, start, i);
  return i;
}

function read_quoted(i: number): number {
  const b = bytes;
  let j = 0;
  L56: {
    if (b[i] === 39) {
      L57: {
        if ((j = read_char(i)) < 0) break L57;
        i = j;
        break L56;
      }
      L58: {
        if ((j = read_symbol(i)) < 0) break L58;
        i = j;
        break L56;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_char(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] !== 39) return -1;
  i++;
  L59: {
    const L59i = i;
    switch (CHOICE_5[b[i]]) {
      case 1: {
        i++;
        break L59;
      }
      case 2: {
        L61: {
          i++;
          L62: {
            switch (CHOICE_6[b[i]]) {
              case 1: {
                i++;
                break L62;
              }
              case 2: {
                i++;
                L65: if ((CLASS_1[b[i]] & 4) !== 0) {
                  i++;
                  if ((CLASS_1[b[i]] & 4) !== 0) i++;
                }
                break L62;
              }
            }
            { i = L59i; break L61; }
          }
          break L59;
        }
        break;
      }
    }
    return -1;
  }
  if (b[i] !== 39) { if (i === end) openAt = start; return -1; }
  i++;
  stack[sp++] = tokens.char(text, start, i);
  return i;
}

function read_symbol(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] !== 39) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.symbol(text, start, i);
  return i;
}

function read_keyword(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 128) === 0) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.keyword(text, start, i);
  return i;
}

function read_list(i: number, d: number): number {
  const b = bytes;
  let j = 0;
  const start = i;
  const base = sp;
  if (b[i] !== 40) { miss(i); sp = base; return -1; }
  i++;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  L66: if (b[i] === 58) {
    const L66i = i;
    const L66sp = sp;
    if ((j = read_bind(i)) < 0) { miss(i); i = L66i; sp = L66sp; break L66; }
    i = j;
    if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  }
  L67: while ((CLASS_0[b[i]] & 2) !== 0) {
    const L67i = i;
    const L67sp = sp;
    if ((j = read_expr(i, d + 1)) < 0) { i = L67i; sp = L67sp; break L67; }
    i = j;
    if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  }
  if (b[i] !== 41) { miss(i); if (i === end || (far === end && openAt < 0)) openAt = start; sp = base; return -1; }
  i++;
  const made = nodes.list(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_bind(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] !== 58) return -1;
  i++;
  if ((CLASS_0[b[i]] & 128) !== 0) return -1;
  stack[sp++] = tokens.bind(text, start, i);
  return i;
}

function read_vector(i: number, d: number): number {
  const b = bytes;
  let j = 0;
  const start = i;
  const base = sp;
  if (b[i] !== 91) { miss(i); sp = base; return -1; }
  i++;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  L69: while ((CLASS_0[b[i]] & 2) !== 0) {
    const L69i = i;
    const L69sp = sp;
    if ((j = read_expr(i, d + 1)) < 0) { i = L69i; sp = L69sp; break L69; }
    i = j;
    if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  }
  if (b[i] !== 93) { miss(i); if (i === end || (far === end && openAt < 0)) openAt = start; sp = base; return -1; }
  i++;
  const made = nodes.vector(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_dict(i: number, d: number): number {
  const b = bytes;
  let j = 0;
  const start = i;
  const base = sp;
  if (b[i] !== 123) { miss(i); sp = base; return -1; }
  i++;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  L70: while ((CLASS_1[b[i]] & 8) !== 0) {
    const L70i = i;
    const L70sp = sp;
    if ((j = read_pair(i, d)) < 0) { i = L70i; sp = L70sp; break L70; }
    i = j;
    if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  }
  if (b[i] !== 125) { miss(i); if (i === end || (far === end && openAt < 0)) openAt = start; sp = base; return -1; }
  i++;
  const made = nodes.dict(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_pair(i: number, d: number): number {
  const b = bytes;
  let j = 0;
  if ((j = read_key(i)) < 0) return -1;
  i = j;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  if (b[i] !== 58) { miss(i); return -1; }
  i++;
  if ((CLASS_0[b[i]] & 1) !== 0) i = read_ws(i);
  if ((j = read_expr(i, d + 1)) < 0) return -1;
  i = j;
  return i;
}

function read_key(i: number): number {
  const b = bytes;
  let j = 0;
  L71: {
    switch (CHOICE_7[b[i]]) {
      case 1: {
        L72: {
          if ((j = read_keyName(i)) < 0) break L72;
          i = j;
          break L71;
        }
        break;
      }
      case 2: {
        L73: {
          if ((j = read_string(i)) < 0) break L73;
          i = j;
          break L71;
        }
        break;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_keyName(i: number): number {
  const b = bytes;
  const start = i;
  if ((CLASS_0[b[i]] & 128) === 0) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
  stack[sp++] = tokens.keyName(text, start, i);
  return i;
}

function read_ws(i: number): number {
  const b = bytes;
  L74: while ((CLASS_0[b[i]] & 1) !== 0) {
    if (i >= look) checkpointAt(i);
    const L74i = i;
    L75: {
      switch (CHOICE_8[b[i]]) {
        case 1: {
          i++;
          break L75;
        }
        case 2: {
          i++;
          while ((CLASS_1[b[i]] & 16) !== 0) if ((++i & LOOK_MASK) === 0) checkpoint();
          break L75;
        }
      }
      { i = L74i; break L74; }
    }
  }
  return i;
}
