/** Evaluating the records of a journal again, and the values of a snapshot. */
import { Builtin, Dict, List, Sym, T, Vec, name, type Value } from '../lang/value.js';
import { RayError, fail } from '../lang/errors.js';
import { checkpoint } from '../lang/interrupt.js';
import { isReserved } from '../lang/env.js';
import { itemAt } from '../columns/item.js';
import { fromBytes } from '../lang/text.js';
import type { Interp } from '../lang/interpreter.js';
import { FLAG } from '../wire/rayforce/header.js';
import type { Frame } from '../wire/rayforce/frames.js';
import { decodePayload, type DecodeOptions } from '../wire/rayforce/value.js';
import { runText } from './dispatch.js';
import { evalMessage } from './message-eval.js';
import { scanJournal } from './journal-file.js';

export interface Replayed { readonly records: number; readonly errors: number }

/**
 * Evaluates each record as it was evaluated when it came, hooks aside; an error of one is reported and counted, and the next goes on.
 * Errors: `deser` or `decompr` a record that cannot be read although it is whole, `badtail` behind the last whole record, `cancel`.
 */
export function replay(interp: Interp, path: string, decoding: DecodeOptions, warn: (message: string) => void): Replayed {
  const { host } = interp;
  const { exit } = host;
  let errors = 0;
  // A program that ended itself once must not do so at every start.
  host.exit = () => fail('state', 'exit while a journal is replayed');
  try {
    const reader = scanJournal(fromBytes(path), (frame, index) => {
      checkpoint();
      const message = decoded(frame, index, path, decoding);
      try {
        interp.top(() => (typeof message === 'string' ? runText(interp, message) : evalMessage(interp, message)), { restricted: (frame.flags & FLAG.RESTRICTED) !== 0 });
      } catch (e) {
        if (!(e instanceof RayError) || e.code === 'cancel') throw e;
        errors++;
        warn(`log: WARN  chunk ${index} raised: ${fromBytes(e.code)} (during replay)`);
      }
    });
    if (reader.torn) fail('badtail', `${path}: framing broken after ${reader.records} entries (valid bytes = ${reader.valid})`);
    return { records: reader.records, errors };
  } finally {
    host.exit = exit;
  }
}

function decoded(frame: Frame, index: number, path: string, decoding: DecodeOptions): Value {
  const broken = (e: RayError): never => {
    const packed = e.code === 'decompr';
    return fail(packed ? 'decompr' : 'deser', `${path}: ${packed ? 'decompression' : 'deserialization'} failed at chunk ${index} - framing intact, do not truncate`);
  };
  try {
    const message = decodePayload(frame.bytes, frame.flags, decoding, frame.payload, frame.end);
    return message instanceof RayError ? broken(message) : message;
  } catch (e) {
    if (!(e instanceof RayError)) throw e;
    return broken(e);
  }
}

/** The user's globals: what a snapshot keeps. Slots and everything else in the reserved namespace belong to the program, not to its data. */
export function snapshotOf(interp: Interp): Dict {
  const names: number[] = [];
  const values: Value[] = [];
  for (const [text, v] of interp.env.globals()) {
    const sym = name(text);
    if (isReserved(sym) || isVocabulary(text, v)) continue;
    names.push(sym.id);
    values.push(v);
  }
  return new Dict(new Vec(T.SYM, Int32Array.from(names)), new List(values));
}

/** A name that means what it means in every session. */
const isVocabulary = (text: string, v: Value): boolean => (v instanceof Builtin ? v.name === text : v === null && text === 'null');

/** Binds what a snapshot holds; answers how many names, and how many were passed over. Errors: `domain` something else than a snapshot. */
export function bindSnapshot(interp: Interp, snapshot: Value, path: string): { bound: number; skipped: number } {
  if (!(snapshot instanceof Dict)) return fail('domain', `snapshot ${path} is not a dict`);
  let bound = 0;
  let skipped = 0;
  for (let i = 0; i < snapshot.keys.length; i++) {
    const key = itemAt(snapshot.keys, i);
    if (!(key instanceof Sym) || isReserved(key)) {
      skipped++;
      continue;
    }
    interp.env.set(key, itemAt(snapshot.vals, i));
    bound++;
  }
  return { bound, skipped };
}
