import { run } from './conformance/case.js';
import { FLOW } from './conformance/flow.js';

run(FLOW);
