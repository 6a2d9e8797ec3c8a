/**
 * Whether the heap has room for an array. One that does not fit ends the whole process, before anybody could report it: V8 leaves no other
 * way out of a single allocation that is too large.
 */
import { later } from './later.js';
import { fail } from '../lang/errors.js';

/** Elements of arrays that are not worth a look, which takes microseconds. */
const SMALL = 2 ** 16;
const SLOT = 8;
/** What must be left for everything else. */
const RESERVE = 2 ** 24;
/** The limit that V8 tells counts the young generation, too: three semispaces of 16 MB, where no large array can be. */
const YOUNG = 3 * 2 ** 24;

/** Errors: `oom` where there is no room for an array of `n` elements, even without what is garbage. */
export function roomFor(n: number): void {
  if (n <= SMALL || isFree(n * SLOT)) return;
  collectGarbage();
  if (!isFree(n * SLOT)) fail('oom', `no room for ${n} elements in the heap`);
}

function isFree(bytes: number): boolean {
  const { heap_size_limit: limit, used_heap_size: used } = v8().getHeapStatistics();
  return limit - YOUNG - used - RESERVE >= bytes;
}

/** The function that does it belongs to the contexts made while the flag is set. */
function collectGarbage(): void {
  const { setFlagsFromString } = v8();
  setFlagsFromString('--expose-gc');
  (vm().runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

/** Most programs never look. */
const v8 = later<typeof import('node:v8')>('node:v8');
const vm = later<typeof import('node:vm')>('node:vm');
