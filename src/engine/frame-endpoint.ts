/** What listeners serve frames with: who this process is, and the lanes. */
import { HASH_ALGORITHM, HASH_BYTES } from '../wire/broker/hash.js';
import { createDaemonProcess, createEndpoint } from '../wire/broker/messages.generated.js';
import { ProbeResponder } from '../wire/broker/probe.js';
import { TEXT_LANE, VALUE_LANE } from '../wire/broker/protocols.js';
import { EndpointMux } from '../wire/mux.js';
import { ownIdentity } from './broker/process-facts.js';
import { FrameBridge } from './frame-bridge.js';

/** Makes the bridges for the peers of one endpoint, whose place is asked for when the first comes. `serve`: further payload protocols. */
export function frameEndpoint(place: () => string, serve: readonly number[] = []): () => FrameBridge {
  let probes: ProbeResponder | null = null;
  const mux = new EndpointMux({ probes: { answer: (frame) => probes!.answer(frame) }, served: [VALUE_LANE, TEXT_LANE, ...serve] });
  return () => {
    if (probes === null) {
      // Hashing the executable takes seconds: not before there is somebody who may ask, and until it is done without the hash.
      const endpoint = createEndpoint({ path: place() });
      probes = new ProbeResponder(createDaemonProcess({ pid: process.pid, exePath: process.execPath, ipcEndpoint: endpoint, exeHashAlgorithm: HASH_ALGORITHM }), UNHASHED);
      void ownIdentity(endpoint).then(({ identity, exeSha256 }) => { probes = new ProbeResponder(identity, exeSha256); });
    }
    return new FrameBridge(mux);
  };
}

const UNHASHED = new Uint8Array(HASH_BYTES);
