// Generated from grammar/rfl.ohm by grammar/generate.mjs; not to be edited.
import { MAX_DEPTH, nodes, tokens, tooDeep } from './literals.js';
import type { Source } from './source.js';
import type { Value } from './value.js';

/** The rules that make a value, and whether their action gets a slice of the text or the values beneath. */
export const RULES = { source: 'node', hex: 'token', typedNull: 'token', timestamp: 'token', date: 'token', time: 'token', float: 'token', int: 'token', name: 'token', string: 'token', char: 'token', symbol: 'token', keyword: 'token', list: 'node', vector: 'node', dict: 'node', keyName: 'token' } as const;

const CLASS_0 = Uint8Array.of(
  0, 2, 2, 2, 2, 2, 2, 2, 2, 7, 5, 2, 2, 7, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  7, 10, 10, 10, 10, 10, 10, 10, 10, 2, 10, 10, 10, 10, 10, 10, 218, 218, 218, 218, 218, 218, 218, 218, 218, 218, 10, 6, 10, 10, 10, 10,
  10, 90, 90, 90, 90, 90, 90, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 74, 10, 2, 2, 10, 74,
  2, 90, 90, 90, 122, 90, 122, 74, 106, 106, 74, 74, 106, 74, 74, 74, 106, 74, 74, 74, 106, 74, 74, 74, 74, 74, 74, 10, 10, 2, 10, 2,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
);
const CLASS_1 = Uint8Array.of(
  0, 56, 56, 56, 56, 56, 56, 56, 56, 24, 24, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
  24, 190, 176, 190, 190, 190, 190, 56, 56, 24, 190, 190, 190, 189, 190, 190, 253, 253, 253, 253, 253, 253, 253, 253, 189, 189, 56, 56, 190, 190, 190, 190,
  190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 56, 24, 24, 190, 190,
  56, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 190, 56, 190, 24, 190, 56,
  56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
  56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
  56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
  56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
);
const CHOICE_0 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_1 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 1, 1, 1, 1, 3, 4, 0, 1, 1, 1, 5, 1, 1, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 1, 0, 1, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_2 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_3 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_4 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
);
const CHOICE_5 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_6 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_7 = Uint8Array.of(
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
);
const CHOICE_8 = Uint8Array.of(
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 2, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
  0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0,
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
let stack: Value[] = [];
let sp = 0;

/** Reads `n` bytes, which a 0 follows, of `from`. Undefined: rejected, see `failure`. Errors: what the actions throw. */
export function parse(from: Source, b: Uint8Array, n: number): Value | undefined {
  source = from;
  text = from.text;
  bytes = b;
  end = n;
  far = openAt = -1;
  formAt = sp = 0;
  const i = read_source(0);
  const value = i < 0 ? undefined : stack[0];
  // A short stack is kept: growing a new one costs more than reading a short source.
  if (stack.length > 64) stack = [];
  return value;
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
  const start = i;
  const base = sp;
  L0: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L0i = i;
    L1: {
      const L1i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L2: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L1i; break L2; } }
            i++;
            break L1;
          }
          break;
        }
        case 2: {
          L3: {
            if (!(b[i] === 59)) { miss(i); { i = L1i; break L3; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L1;
          }
          break;
        }
      }
      { miss(i); { i = L0i; break L0; } }
    }
  }
  const L4 = read_expr(i, 1);
  if (L4 < 0) { sp = base; return -1; }
  i = L4;
  L5: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L5i = i;
    L6: {
      const L6i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L7: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L6i; break L7; } }
            i++;
            break L6;
          }
          break;
        }
        case 2: {
          L8: {
            if (!(b[i] === 59)) { miss(i); { i = L6i; break L8; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L6;
          }
          break;
        }
      }
      { miss(i); { i = L5i; break L5; } }
    }
  }
  L9: while ((CLASS_0[b[i]] & 8) !== 0) {
    const L9i = i;
    const L9sp = sp;
    formAt = i;
    const L10 = read_expr(i, 1);
    if (L10 < 0) { i = L9i; sp = L9sp; break L9; }
    i = L10;
    L11: while ((CLASS_0[b[i]] & 4) !== 0) {
      const L11i = i;
      L12: {
        const L12i = i;
        switch (CHOICE_0[b[i]]) {
          case 1: {
            L13: {
              if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L12i; break L13; } }
              i++;
              break L12;
            }
            break;
          }
          case 2: {
            L14: {
              if (!(b[i] === 59)) { miss(i); { i = L12i; break L14; } }
              i++;
              while ((CLASS_0[b[i]] & 2) !== 0) i++;
              break L12;
            }
            break;
          }
        }
        { miss(i); { i = L11i; break L11; } }
      }
    }
  }
  if (i !== end) { miss(i); { sp = base; return -1; } }
  const made = nodes.source(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_expr(i: number, d: number): number {
  const b = bytes;
  if (d > MAX_DEPTH) tooDeep(i);
  L15: {
    const L15i = i;
    switch (CHOICE_1[b[i]]) {
      case 1: {
        L16: {
          const L17 = read_name(i);
          if (L17 < 0) { i = L15i; break L16; }
          i = L17;
          break L15;
        }
        break;
      }
      case 2: {
        L18: {
          const L19 = read_string(i);
          if (L19 < 0) { i = L15i; break L18; }
          i = L19;
          break L15;
        }
        break;
      }
      case 3: {
        L20: {
          const L21 = read_quoted(i);
          if (L21 < 0) { i = L15i; break L20; }
          i = L21;
          break L15;
        }
        break;
      }
      case 4: {
        L22: {
          const L23 = read_list(i, d);
          if (L23 < 0) { i = L15i; break L22; }
          i = L23;
          break L15;
        }
        break;
      }
      case 5: {
        L24: {
          const L25 = read_number(i);
          if (L25 < 0) { i = L15i; break L24; }
          i = L25;
          break L15;
        }
        L26: {
          const L27 = read_name(i);
          if (L27 < 0) { i = L15i; break L26; }
          i = L27;
          break L15;
        }
        break;
      }
      case 6: {
        L28: {
          const L29 = read_number(i);
          if (L29 < 0) { i = L15i; break L28; }
          i = L29;
          break L15;
        }
        break;
      }
      case 7: {
        L30: {
          const L31 = read_keyword(i);
          if (L31 < 0) { i = L15i; break L30; }
          i = L31;
          break L15;
        }
        break;
      }
      case 8: {
        L32: {
          const L33 = read_vector(i, d);
          if (L33 < 0) { i = L15i; break L32; }
          i = L33;
          break L15;
        }
        break;
      }
      case 9: {
        L34: {
          const L35 = read_dict(i, d);
          if (L35 < 0) { i = L15i; break L34; }
          i = L35;
          break L15;
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
  L36: {
    const L36i = i;
    switch (CHOICE_2[b[i]]) {
      case 1: {
        L37: {
          const L38 = read_hex(i);
          if (L38 < 0) { i = L36i; break L37; }
          i = L38;
          break L36;
        }
        L39: {
          const L40 = read_time(i);
          if (L40 < 0) { i = L36i; break L39; }
          i = L40;
          break L36;
        }
        L41: {
          const L42 = read_decimal(i);
          if (L42 < 0) { i = L36i; break L41; }
          i = L42;
          break L36;
        }
        break;
      }
      case 2: {
        L43: {
          const L44 = read_hex(i);
          if (L44 < 0) { i = L36i; break L43; }
          i = L44;
          break L36;
        }
        L45: {
          const L46 = read_typedNull(i);
          if (L46 < 0) { i = L36i; break L45; }
          i = L46;
          break L36;
        }
        L47: {
          const L48 = read_timestamp(i);
          if (L48 < 0) { i = L36i; break L47; }
          i = L48;
          break L36;
        }
        L49: {
          const L50 = read_date(i);
          if (L50 < 0) { i = L36i; break L49; }
          i = L50;
          break L36;
        }
        L51: {
          const L52 = read_time(i);
          if (L52 < 0) { i = L36i; break L51; }
          i = L52;
          break L36;
        }
        L53: {
          const L54 = read_decimal(i);
          if (L54 < 0) { i = L36i; break L53; }
          i = L54;
          break L36;
        }
        break;
      }
      case 3: {
        L55: {
          const L56 = read_timestamp(i);
          if (L56 < 0) { i = L36i; break L55; }
          i = L56;
          break L36;
        }
        L57: {
          const L58 = read_date(i);
          if (L58 < 0) { i = L36i; break L57; }
          i = L58;
          break L36;
        }
        L59: {
          const L60 = read_time(i);
          if (L60 < 0) { i = L36i; break L59; }
          i = L60;
          break L36;
        }
        L61: {
          const L62 = read_decimal(i);
          if (L62 < 0) { i = L36i; break L61; }
          i = L62;
          break L36;
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
  if (!((CLASS_0[b[i]] & 16) !== 0)) return -1;
  i++;
  while ((CLASS_0[b[i]] & 16) !== 0) i++;
  stack[sp++] = tokens.hex(text, start, i);
  return i;
}

function read_typedNull(i: number): number {
  const b = bytes;
  const start = i;
  L63: {
    const L63i = i;
    if (b[i] === 48) {
      L64: {
        if (b[i] !== 48 || b[i + 1] !== 78) { i = L63i; break L64; }
        i += 2;
        if (!((CLASS_0[b[i]] & 32) !== 0)) { i = L63i; break L64; }
        i++;
        break L63;
      }
      L65: {
        if (b[i] !== 48 || b[i + 1] !== 78) { i = L63i; break L65; }
        i += 2;
        if ((CLASS_0[b[i]] & 64) !== 0) { i = L63i; break L65; }
        break L63;
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
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 46)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 46)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 68)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 58)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 58)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 46)) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) i++;
  stack[sp++] = tokens.timestamp(text, start, i);
  return i;
}

function read_date(i: number): number {
  const b = bytes;
  const start = i;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 46)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 46)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (b[i] === 68) return -1;
  stack[sp++] = tokens.date(text, start, i);
  return i;
}

function read_time(i: number): number {
  const b = bytes;
  const start = i;
  if (b[i] === 45) i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 58)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!(b[i] === 58)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  L68: if (b[i] === 46) {
    const L68i = i;
    if (!(b[i] === 46)) { i = L68i; break L68; }
    i++;
    if ((CLASS_0[b[i]] & 128) !== 0) { i = L68i; break L68; }
    i = L68i;
    return -1;
  }
  L70: if (b[i] === 46) {
    const L70i = i;
    if (!(b[i] === 46)) { i = L70i; break L70; }
    i++;
    if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L70i; break L70; }
    i++;
    if ((CLASS_0[b[i]] & 128) !== 0) i++;
    if ((CLASS_0[b[i]] & 128) !== 0) i++;
  }
  stack[sp++] = tokens.time(text, start, i);
  return i;
}

function read_decimal(i: number): number {
  const b = bytes;
  L71: if ((CLASS_1[b[i]] & 1) !== 0) {
    const L71i = i;
    L72: {
      const L72i = i;
      switch (CHOICE_2[b[i]]) {
        case 1: {
          L73: {
            if (b[i] === 45) i++;
            if (b[i] !== 48 || b[i + 1] !== 120) { i = L72i; break L73; }
            i += 2;
            break L72;
          }
          break;
        }
        case 2: {
          L74: {
            if (b[i] === 45) i++;
            if (b[i] !== 48 || b[i + 1] !== 120) { i = L72i; break L74; }
            i += 2;
            break L72;
          }
          L75: {
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!(b[i] === 46)) { i = L72i; break L75; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L75; }
            i++;
            if (!(b[i] === 46)) { i = L72i; break L75; }
            i++;
            break L72;
          }
          break;
        }
        case 3: {
          L76: {
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!(b[i] === 46)) { i = L72i; break L76; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L72i; break L76; }
            i++;
            if (!(b[i] === 46)) { i = L72i; break L76; }
            i++;
            break L72;
          }
          break;
        }
      }
      { i = L71i; break L71; }
    }
    i = L71i;
    { miss(i); return -1; }
  }
  L77: {
    const L77i = i;
    if ((CLASS_1[b[i]] & 1) !== 0) {
      L78: {
        const L79 = read_float(i);
        if (L79 < 0) { i = L77i; break L78; }
        i = L79;
        break L77;
      }
      L80: {
        const L81 = read_int(i);
        if (L81 < 0) { i = L77i; break L80; }
        i = L81;
        break L77;
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
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) i++;
  L82: {
    const L82i = i;
    switch (CHOICE_3[b[i]]) {
      case 1: {
        L83: {
          if (!(b[i] === 46)) { i = L82i; break L83; }
          i++;
          if (!((CLASS_0[b[i]] & 128) !== 0)) { i = L82i; break L83; }
          i++;
          while ((CLASS_0[b[i]] & 128) !== 0) i++;
          L84: if (b[i] === 69 || b[i] === 101) {
            const L84i = i;
            if (!(b[i] === 69 || b[i] === 101)) { i = L84i; break L84; }
            i++;
            if (b[i] === 43 || b[i] === 45) i++;
            while ((CLASS_0[b[i]] & 128) !== 0) i++;
          }
          break L82;
        }
        break;
      }
      case 2: {
        L85: {
          if (!(b[i] === 69 || b[i] === 101)) { i = L82i; break L85; }
          i++;
          if (b[i] === 43 || b[i] === 45) i++;
          while ((CLASS_0[b[i]] & 128) !== 0) i++;
          break L82;
        }
        break;
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
  if (!((CLASS_0[b[i]] & 128) !== 0)) return -1;
  i++;
  while ((CLASS_0[b[i]] & 128) !== 0) i++;
  if (b[i] === 104 || b[i] === 105) i++;
  stack[sp++] = tokens.int(text, start, i);
  return i;
}

function read_name(i: number): number {
  const b = bytes;
  const start = i;
  L86: {
    const L86i = i;
    switch (CHOICE_4[b[i]]) {
      case 1: {
        L87: {
          if (!((CLASS_1[b[i]] & 2) !== 0)) { i = L86i; break L87; }
          i++;
          break L86;
        }
        break;
      }
      case 2: {
        L88: {
          if (!(b[i] === 45)) { i = L86i; break L88; }
          i++;
          if ((CLASS_0[b[i]] & 128) !== 0) { i = L86i; break L88; }
          break L86;
        }
        break;
      }
    }
    return -1;
  }
  while ((CLASS_1[b[i]] & 4) !== 0) i++;
  stack[sp++] = tokens.name(text, start, i);
  return i;
}

function read_string(i: number): number {
  const b = bytes;
  const start = i;
  if (!(b[i] === 34)) return -1;
  i++;
  L90: while ((CLASS_1[b[i]] & 8) !== 0) {
    const L90i = i;
    L91: {
      const L91i = i;
      switch (CHOICE_5[b[i]]) {
        case 1: {
          L92: {
            if (!((CLASS_1[b[i]] & 8) !== 0)) { i = L91i; break L92; }
            i++;
            break L91;
          }
          break;
        }
        case 2: {
          L93: {
            if (!(b[i] === 92)) { i = L91i; break L93; }
            i++;
            if (!((CLASS_1[b[i]] & 16) !== 0)) { i = L91i; break L93; }
            i++;
            break L91;
          }
          L94: {
            if (!((CLASS_1[b[i]] & 8) !== 0)) { i = L91i; break L94; }
            i++;
            break L91;
          }
          break;
        }
      }
      { i = L90i; break L90; }
    }
  }
  if (!(b[i] === 34)) { if (i === end) openAt = start; return -1; }
  i++;
  stack[sp++] = tokens.string(text, start, i);
  return i;
}

function read_quoted(i: number): number {
  const b = bytes;
  L95: {
    const L95i = i;
    if (b[i] === 39) {
      L96: {
        const L97 = read_char(i);
        if (L97 < 0) { i = L95i; break L96; }
        i = L97;
        break L95;
      }
      L98: {
        const L99 = read_symbol(i);
        if (L99 < 0) { i = L95i; break L98; }
        i = L99;
        break L95;
      }
    }
    { miss(i); return -1; }
  }
  return i;
}

function read_char(i: number): number {
  const b = bytes;
  const start = i;
  if (!(b[i] === 39)) return -1;
  i++;
  L100: {
    const L100i = i;
    switch (CHOICE_6[b[i]]) {
      case 1: {
        L101: {
          if (!((CLASS_1[b[i]] & 32) !== 0)) { i = L100i; break L101; }
          i++;
          break L100;
        }
        break;
      }
      case 2: {
        L102: {
          if (!(b[i] === 92)) { i = L100i; break L102; }
          i++;
          L103: {
            const L103i = i;
            switch (CHOICE_7[b[i]]) {
              case 1: {
                L104: {
                  if (!((CLASS_1[b[i]] & 16) !== 0)) { i = L103i; break L104; }
                  i++;
                  break L103;
                }
                break;
              }
              case 2: {
                L105: {
                  if (!((CLASS_1[b[i]] & 64) !== 0)) { i = L103i; break L105; }
                  i++;
                  L106: if ((CLASS_1[b[i]] & 64) !== 0) {
                    const L106i = i;
                    if (!((CLASS_1[b[i]] & 64) !== 0)) { i = L106i; break L106; }
                    i++;
                    if ((CLASS_1[b[i]] & 64) !== 0) i++;
                  }
                  break L103;
                }
                L107: {
                  if (!((CLASS_1[b[i]] & 16) !== 0)) { i = L103i; break L107; }
                  i++;
                  break L103;
                }
                break;
              }
            }
            { i = L100i; break L102; }
          }
          break L100;
        }
        break;
      }
    }
    return -1;
  }
  if (!(b[i] === 39)) { if (i === end) openAt = start; return -1; }
  i++;
  stack[sp++] = tokens.char(text, start, i);
  return i;
}

function read_symbol(i: number): number {
  const b = bytes;
  const start = i;
  if (!(b[i] === 39)) return -1;
  i++;
  while ((CLASS_1[b[i]] & 4) !== 0) i++;
  stack[sp++] = tokens.symbol(text, start, i);
  return i;
}

function read_keyword(i: number): number {
  const b = bytes;
  const start = i;
  if (!(b[i] === 58)) return -1;
  i++;
  if (!((CLASS_1[b[i]] & 4) !== 0)) return -1;
  i++;
  while ((CLASS_1[b[i]] & 4) !== 0) i++;
  stack[sp++] = tokens.keyword(text, start, i);
  return i;
}

function read_list(i: number, d: number): number {
  const b = bytes;
  const start = i;
  const base = sp;
  if (!(b[i] === 40)) { miss(i); { sp = base; return -1; } }
  i++;
  L108: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L108i = i;
    L109: {
      const L109i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L110: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L109i; break L110; } }
            i++;
            break L109;
          }
          break;
        }
        case 2: {
          L111: {
            if (!(b[i] === 59)) { miss(i); { i = L109i; break L111; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L109;
          }
          break;
        }
      }
      { miss(i); { i = L108i; break L108; } }
    }
  }
  L112: while ((CLASS_0[b[i]] & 8) !== 0) {
    const L112i = i;
    const L112sp = sp;
    const L113 = read_expr(i, d + 1);
    if (L113 < 0) { i = L112i; sp = L112sp; break L112; }
    i = L113;
    L114: while ((CLASS_0[b[i]] & 4) !== 0) {
      const L114i = i;
      L115: {
        const L115i = i;
        switch (CHOICE_0[b[i]]) {
          case 1: {
            L116: {
              if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L115i; break L116; } }
              i++;
              break L115;
            }
            break;
          }
          case 2: {
            L117: {
              if (!(b[i] === 59)) { miss(i); { i = L115i; break L117; } }
              i++;
              while ((CLASS_0[b[i]] & 2) !== 0) i++;
              break L115;
            }
            break;
          }
        }
        { miss(i); { i = L114i; break L114; } }
      }
    }
  }
  if (!(b[i] === 41)) { miss(i); { if (i === end || (far === end && openAt < 0)) openAt = start; { sp = base; return -1; } } }
  i++;
  const made = nodes.list(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_vector(i: number, d: number): number {
  const b = bytes;
  const start = i;
  const base = sp;
  if (!(b[i] === 91)) { miss(i); { sp = base; return -1; } }
  i++;
  L118: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L118i = i;
    L119: {
      const L119i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L120: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L119i; break L120; } }
            i++;
            break L119;
          }
          break;
        }
        case 2: {
          L121: {
            if (!(b[i] === 59)) { miss(i); { i = L119i; break L121; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L119;
          }
          break;
        }
      }
      { miss(i); { i = L118i; break L118; } }
    }
  }
  L122: while ((CLASS_0[b[i]] & 8) !== 0) {
    const L122i = i;
    const L122sp = sp;
    const L123 = read_expr(i, d + 1);
    if (L123 < 0) { i = L122i; sp = L122sp; break L122; }
    i = L123;
    L124: while ((CLASS_0[b[i]] & 4) !== 0) {
      const L124i = i;
      L125: {
        const L125i = i;
        switch (CHOICE_0[b[i]]) {
          case 1: {
            L126: {
              if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L125i; break L126; } }
              i++;
              break L125;
            }
            break;
          }
          case 2: {
            L127: {
              if (!(b[i] === 59)) { miss(i); { i = L125i; break L127; } }
              i++;
              while ((CLASS_0[b[i]] & 2) !== 0) i++;
              break L125;
            }
            break;
          }
        }
        { miss(i); { i = L124i; break L124; } }
      }
    }
  }
  if (!(b[i] === 93)) { miss(i); { if (i === end || (far === end && openAt < 0)) openAt = start; { sp = base; return -1; } } }
  i++;
  const made = nodes.vector(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_dict(i: number, d: number): number {
  const b = bytes;
  const start = i;
  const base = sp;
  if (!(b[i] === 123)) { miss(i); { sp = base; return -1; } }
  i++;
  L128: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L128i = i;
    L129: {
      const L129i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L130: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L129i; break L130; } }
            i++;
            break L129;
          }
          break;
        }
        case 2: {
          L131: {
            if (!(b[i] === 59)) { miss(i); { i = L129i; break L131; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L129;
          }
          break;
        }
      }
      { miss(i); { i = L128i; break L128; } }
    }
  }
  L132: while ((CLASS_1[b[i]] & 128) !== 0) {
    const L132i = i;
    const L132sp = sp;
    const L133 = read_pair(i, d);
    if (L133 < 0) { i = L132i; sp = L132sp; break L132; }
    i = L133;
    L134: while ((CLASS_0[b[i]] & 4) !== 0) {
      const L134i = i;
      L135: {
        const L135i = i;
        switch (CHOICE_0[b[i]]) {
          case 1: {
            L136: {
              if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L135i; break L136; } }
              i++;
              break L135;
            }
            break;
          }
          case 2: {
            L137: {
              if (!(b[i] === 59)) { miss(i); { i = L135i; break L137; } }
              i++;
              while ((CLASS_0[b[i]] & 2) !== 0) i++;
              break L135;
            }
            break;
          }
        }
        { miss(i); { i = L134i; break L134; } }
      }
    }
  }
  if (!(b[i] === 125)) { miss(i); { if (i === end || (far === end && openAt < 0)) openAt = start; { sp = base; return -1; } } }
  i++;
  const made = nodes.dict(stack.slice(base, sp), start, source);
  sp = base;
  stack[sp++] = made;
  return i;
}

function read_pair(i: number, d: number): number {
  const b = bytes;
  const L138 = read_key(i);
  if (L138 < 0) return -1;
  i = L138;
  L139: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L139i = i;
    L140: {
      const L140i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L141: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L140i; break L141; } }
            i++;
            break L140;
          }
          break;
        }
        case 2: {
          L142: {
            if (!(b[i] === 59)) { miss(i); { i = L140i; break L142; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L140;
          }
          break;
        }
      }
      { miss(i); { i = L139i; break L139; } }
    }
  }
  if (!(b[i] === 58)) { miss(i); return -1; }
  i++;
  L143: while ((CLASS_0[b[i]] & 4) !== 0) {
    const L143i = i;
    L144: {
      const L144i = i;
      switch (CHOICE_0[b[i]]) {
        case 1: {
          L145: {
            if (!((CLASS_0[b[i]] & 1) !== 0)) { miss(i); { i = L144i; break L145; } }
            i++;
            break L144;
          }
          break;
        }
        case 2: {
          L146: {
            if (!(b[i] === 59)) { miss(i); { i = L144i; break L146; } }
            i++;
            while ((CLASS_0[b[i]] & 2) !== 0) i++;
            break L144;
          }
          break;
        }
      }
      { miss(i); { i = L143i; break L143; } }
    }
  }
  const L147 = read_expr(i, d + 1);
  if (L147 < 0) return -1;
  i = L147;
  return i;
}

function read_key(i: number): number {
  const b = bytes;
  L148: {
    const L148i = i;
    switch (CHOICE_8[b[i]]) {
      case 1: {
        L149: {
          const L150 = read_keyName(i);
          if (L150 < 0) { i = L148i; break L149; }
          i = L150;
          break L148;
        }
        break;
      }
      case 2: {
        L151: {
          const L152 = read_string(i);
          if (L152 < 0) { i = L148i; break L151; }
          i = L152;
          break L148;
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
  if (!((CLASS_1[b[i]] & 4) !== 0)) return -1;
  i++;
  while ((CLASS_1[b[i]] & 4) !== 0) i++;
  stack[sp++] = tokens.keyName(text, start, i);
  return i;
}
