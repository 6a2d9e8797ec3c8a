import { run } from './conformance/case.js';
import { FAKED, UNFAKED } from './conformance/fake.js';
import { LIMITS } from './conformance/limits.js';
import { SEND } from './conformance/send.js';

run(SEND);
run(LIMITS);
run(FAKED);
run(UNFAKED);
