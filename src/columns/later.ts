/** Modules of the host that most programs never use: they are loaded when they are first asked for, so that no start waits for them. */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

export function later<M>(name: string): () => M {
  let module: M | null = null;
  return () => (module ??= load(name) as M);
}
