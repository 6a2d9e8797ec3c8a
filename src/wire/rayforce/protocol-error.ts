/** The peer broke the protocol: its connection is to be closed, whatever else happens. Never a fault of this side. */

export type ProtocolFault = 'magic' | 'version' | 'endian' | 'size' | 'handshake' | 'overflow';

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  constructor(readonly fault: ProtocolFault, message: string) {
    super(message);
  }
}
