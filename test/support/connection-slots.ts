/** The slots of scripts that follow from what connections tell, in the order of a connection's life. */
export interface SlotRow { readonly slot: string; readonly args: string; readonly callback: string; readonly when: string }

export const SLOTS: readonly SlotRow[] = [
  { slot: '.net.on.connect-failed', args: 'handle address code', callback: 'onConnectionFailure', when: 'an attempt to come back has failed; the next one follows' },
  { slot: '.ipc.on.auth', args: 'user password', callback: 'onStarted', when: 'a peer has shown the right secret and is not told yet' },
  { slot: '.ipc.on.open', args: 'handle', callback: 'onConnected | onStarted', when: 'the handshake of the protocol is done, before the first request' },
  { slot: '.ipc.on.sync', args: 'message', callback: 'onReceived', when: 'a request is complete' },
  { slot: '.ipc.on.async', args: 'message', callback: 'onReceived', when: 'a message that wants no answer is complete' },
  { slot: '.net.on.throttled', args: 'handle', callback: 'onThrottled', when: 'sends answer `again` from here' },
  { slot: '.net.on.sent', args: 'handle token', callback: 'onSent', when: 'the kernel has every byte of an accepted send' },
  { slot: '.net.on.unthrottled', args: 'handle', callback: 'onUnthrottled', when: 'they are accepted again' },
  { slot: '.net.on.idle', args: 'handle', callback: 'onIdleTimeout', when: 'nothing has moved for the time that was asked for' },
  { slot: '.ipc.on.close', args: 'handle', callback: 'onClosed', when: 'once for each `.ipc.on.open`' },
  { slot: '.net.on.send-failed', args: 'handle token reason', callback: 'onSendFailed', when: 'an accepted send will never leave' },
];
