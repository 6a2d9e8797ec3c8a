import { run } from './conformance/case.js';
import { TIMERS } from './conformance/timers.js';

run(TIMERS);
