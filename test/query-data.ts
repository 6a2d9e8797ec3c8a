/** What the tests of queries share: an interpreter whose output is kept, texts of results. */
import { Interp } from '../src/lang/interpreter.js';
import { BUILTINS } from '../src/builtins/index.js';
import { itemAt } from '../src/columns/item.js';
import { format } from '../src/lang/format.js';
import { RayError } from '../src/lang/errors.js';
import type { HostServices } from '../src/lang/runtime.js';

const host: HostServices = {
  out: () => {}, err: () => {}, wall: () => 0, mono: () => 0, random: () => 0.5,
  exit: () => {
    throw new Error('exit');
  },
  args: [], libraries: [],
};

export const interpreter = (): Interp => new Interp({ host, builtins: BUILTINS, itemAt });

/** The compact text of a value, or `!! code` of the error. */
export function evaluated(rt: Interp, source: string, options: { restricted?: boolean } = {}): string {
  try {
    return format(rt.top(() => rt.run(source), options), 0);
  } catch (e) {
    if (e instanceof RayError) return `!! ${e.code}`;
    throw e;
  }
}
