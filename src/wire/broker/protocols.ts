/** Which lane a frame is on: `payload_protocol` numbers and who may use them. */
export const CONTROL = 0x0000;
export const ADMIN = 0xad01;
export const PROBE = 0xb232;
export const HANDOFF = 0xd0ff;
/** The data plane of later brokers; a mux may be told to serve it. */
export const SESSION = 0x5350;
/** One serialized Rayfall value. */
export const VALUE_LANE = 0x7266;
/** Rayfall source as text, answered by text. */
export const TEXT_LANE = 0x7267;

/** The only version of protocol and envelope. */
export const PROTOCOL_VERSION = 1;
/** Both sides can pass connections to each other. */
export const CAP_HANDLE_PASSING = 1n;

/** The lanes that belong to the broker itself: these four numbers, not their range. */
export function isFirstParty(protocol: number): boolean {
  return protocol === CONTROL || protocol === ADMIN || protocol === PROBE || protocol === HANDOFF;
}

/** Whether a program may use this number for payloads of its own: registered ones, or private ones. */
export function isConsumer(protocol: number): boolean {
  return !isFirstParty(protocol) && ((protocol >= 0x7000 && protocol <= 0x7eff) || (protocol >= 0xf000 && protocol <= 0xffff));
}
