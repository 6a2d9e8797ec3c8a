import { run } from './conformance/case.js';
import { HANDSHAKES, UPGRADES } from './conformance/tls.js';

run(HANDSHAKES);
run(UPGRADES);
