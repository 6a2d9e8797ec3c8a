import { run } from './conformance/case.js';
import { OURS } from './conformance/ours.js';

run(OURS);
