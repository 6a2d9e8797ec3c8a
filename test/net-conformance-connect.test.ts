import { run } from './conformance/case.js';
import { CONNECT } from './conformance/connect.js';
import { CONNECT_FAKED } from './conformance/connect-fake.js';

run(CONNECT);
run(CONNECT_FAKED);
