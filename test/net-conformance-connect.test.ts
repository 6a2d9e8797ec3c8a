import { run } from './conformance/case.js';
import { CONNECT } from './conformance/connect.js';

run(CONNECT);
