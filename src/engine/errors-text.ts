/** Errors in one line, for logs. */
import type { RayError } from '../lang/errors.js';
import { fromBytes } from '../lang/text.js';

export const explainBriefly = (e: RayError): string => (e.message === '' ? e.code : `${e.code}: ${fromBytes(e.message)}`);
