/** Options that may be left out. */

/** `options` over `defaults`; one that is undefined counts as left out, as it does for whoever only passes on what may not be there. */
export function withDefaults<T extends object>(defaults: T, options: Partial<T>): T {
  const all = { ...defaults };
  for (const key of Object.keys(options) as (keyof T)[]) {
    const value = options[key];
    if (value !== undefined) all[key] = value;
  }
  return all;
}
