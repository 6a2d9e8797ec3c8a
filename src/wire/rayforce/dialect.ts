/**
 * What peers of different releases disagree about. Both speak wire version 3 and the handshake does not tell them apart, so the
 * dialect of a connection is configuration.
 */

/** `2512`: bit 0x20 of a symbol atom marks a literal. `216`: the same bit marks a name to be resolved. */
export type Dialect = '2512' | '216';

/** The bit whose meaning differs. */
export const SYM_FLAG = 0x20;

/** Whether a symbol atom that carries `SYM_FLAG` is quoted (a literal). */
export const flagMeansQuoted = (dialect: Dialect): boolean => dialect === '2512';
