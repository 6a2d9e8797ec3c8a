/** What the system and the TLS library say, as codes of our own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closedMeanwhile, closeReason, liveTlsError, messageOf, systemReason, tlsFailureOf, tlsReason, type TlsFailureCode } from '../src/net/failures.js';

const failing = (code: string, more: object = {}): Error => Object.assign(new Error(`message of ${code}`), { code, ...more });

/** What the library holds against the peer's certificate. */
const VERIFICATION: [string, TlsFailureCode][] = [
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-unknown-ca'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate-unknown-ca'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate-unknown-ca'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate-unknown-ca'],
  ['CERT_UNTRUSTED', 'certificate-unknown-ca'],
  ['CERT_SIGNATURE_FAILURE', 'certificate-bad-signature'],
  ['CERT_HAS_EXPIRED', 'certificate-expired'],
  ['CERT_NOT_YET_VALID', 'certificate-not-yet-valid'],
  ['CERT_REVOKED', 'certificate-revoked'],
  ['INVALID_PURPOSE', 'certificate-wrong-purpose'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-wrong-host'],
  ['HOSTNAME_MISMATCH', 'certificate-wrong-host'],
];
/** How the library names what went wrong; those of a peer's alert also on a connection that is live. */
const HANDSHAKE: [string, TlsFailureCode][] = [
  ['ERR_SSL_EVP_LIB', 'certificate-bad-signature'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'certificate-missing'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'peer-wants-certificate'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'peer-refused-certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'peer-refused-certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'peer-refused-certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'peer-refused-certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'peer-refused-certificate'],
  ['ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'peer-refused-certificate'],
  ['ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', 'peer-refused-certificate'],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'alpn-mismatch'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'protocol-version'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'protocol-version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'no-shared-cipher'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'peer-refused'],
  ['ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE', 'peer-refused'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not-tls'],
  ['ERR_SSL_HTTP_REQUEST', 'not-tls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'not-tls'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'handshake-timeout'],
  ['ECONNRESET', 'peer-closed'],
  ['EPIPE', 'peer-closed'],
  ['ERR_SOMETHING_NEW', 'handshake-failed'],
];

test('who the peer is not decides before what went wrong, and says both', () => {
  for (const [code, expected] of VERIFICATION) {
    assert.deepEqual(tlsFailureOf(failing('ECONNRESET'), code), { kind: 'auth', code: expected, message: `${code}: message of ECONNRESET` });
    assert.deepEqual(tlsFailureOf(failing(code), null), { kind: 'auth', code: expected, message: `message of ${code}` });
  }
  assert.equal(tlsFailureOf(failing('x'), 'SOMETHING_NEW').code, 'certificate-invalid');
  assert.equal(tlsFailureOf(failing('CERT_HAS_EXPIRED'), '').code, 'certificate-expired');
});

test('a handshake that failed has a code for what the library says, and its words', () => {
  for (const [code, expected] of HANDSHAKE) {
    const { kind, code: found, message } = tlsFailureOf(failing(code, { reason: `reason of ${code}` }), null);
    assert.deepEqual([found, kind, message], [expected, expected.startsWith('certificate-') ? 'auth' : 'general', `reason of ${code}`], code);
  }
  assert.equal(tlsFailureOf(new Error('without a code'), null).code, 'handshake-failed');
});

test('on a live connection an alert has its code, anything else of the library is a bad record, and the system keeps its own', () => {
  for (const [code, expected] of HANDSHAKE) {
    const error = failing(code, { reason: `reason of ${code}` });
    const told = liveTlsError(error) as NodeJS.ErrnoException;
    if (!/^ERR_(SSL|TLS)_/.test(code)) assert.equal(told, error);
    else assert.deepEqual([told.code, told.message], [code.includes('ALERT') ? expected : 'bad-record', `reason of ${code}`]);
  }
});

test('what the system says keeps its code; several attempts are told one after the other', () => {
  assert.deepEqual(systemReason(failing('ECONNREFUSED')), { code: 'ECONNREFUSED', message: 'message of ECONNREFUSED' });
  assert.deepEqual(systemReason(new Error('no code')), { code: 'io', message: 'no code' });
  const several = Object.assign(new AggregateError([new Error('one'), new Error('two')], ''), { code: 'ETIMEDOUT' });
  assert.deepEqual(systemReason(several), { code: 'ETIMEDOUT', message: 'one; two' });
});

test('this side has closed: while connecting it is the network, while shaking hands TLS', () => {
  assert.deepEqual([closedMeanwhile(false).reason, closedMeanwhile(true).reason], ['tcp', 'tls']);
  assert.deepEqual([closedMeanwhile(false).code, closedMeanwhile(true).code], ['closed-by-us', 'closed-by-us']);
  assert.deepEqual(tlsReason({ kind: 'auth', code: 'certificate-expired', message: 'm' }), { reason: 'tls', code: 'certificate-expired', message: 'm' });
  assert.equal(closeReason('hard-close').code, 'hard-close');
});

test('whatever is thrown has words', () => {
  const rows: [unknown, string][] = [[new Error('e'), 'e'], ['text', 'text'], [undefined, 'undefined'], [7, '7']];
  for (const [thrown, words] of rows) assert.equal(messageOf(thrown), words);
  assert.equal(messageOf(Object.create(null)), 'something without a name');
});
