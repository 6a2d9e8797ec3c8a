/** Certificates made by the `openssl` program, once a process, in a folder of their own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), 'rfl-certificates-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });

function loaded(name: string): Certificate {
  const certFile = join(folder, `${name}.crt`);
  const keyFile = join(folder, `${name}.key`);
  return { cert: readFileSync(certFile, 'latin1'), key: readFileSync(keyFile, 'latin1'), certFile, keyFile };
}
function request(name: string, subject: string): void {
  key(name);
  openssl('req', '-new', '-utf8', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
}
function key(name: string): void {
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
}

/** An authority; also a certificate nobody but itself has signed. `subject`: of a name of its own. */
export function authority(name: string, altNames = 'DNS:localhost,IP:127.0.0.1', subject = `/CN=${name}`): Certificate {
  if (!existsSync(join(folder, `${name}.crt`))) {
    key(name);
    openssl('req', '-new', '-x509', '-key', `${name}.key`, '-out', `${name}.crt`, '-subj', subject, '-days', '30', '-addext', `subjectAltName=${altNames}`);
  }
  return loaded(name);
}

/** A certificate signed by `by`. Days may be negative: expired since yesterday. `more`: lines of further extensions. */
export function certificate(name: string, by: string, altNames = 'DNS:localhost,IP:127.0.0.1', days = 30, subject = `/CN=${name}`, more = ''): Certificate {
  authority(by);
  if (!existsSync(join(folder, `${name}.crt`))) {
    request(name, subject);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${altNames}\n${more}\n`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-out', `${name}.crt`, '-days', String(days), '-extfile', `${name}.ext`);
  }
  return loaded(name);
}

/** A certificate signed by `by` that is valid from the year 2040 to the end of time. */
export function future(name: string, by: string): Certificate {
  if (!existsSync(join(folder, `${name}.crt`))) {
    request(name, `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    register(by, '-in', `${name}.csr`, '-out', `${name}.crt`, '-startdate', '20400101000000Z', '-enddate', '99991231235959Z', '-extfile', `${name}.ext`);
  }
  return loaded(name);
}

/** What `by` has revoked: a list in PEM, and its file. */
export function revocations(by: string, ...revoked: Certificate[]): { readonly crl: string; readonly crlFile: string } {
  const crlFile = join(folder, `${by}-${revoked.length}.crl`);
  if (!existsSync(crlFile)) {
    for (const { certFile } of revoked) register(by, '-revoke', certFile);
    register(by, '-gencrl', '-out', crlFile);
  }
  return { crl: readFileSync(crlFile, 'latin1'), crlFile };
}

/** The book-keeping side of an authority. */
function register(by: string, ...args: string[]): void {
  const file = join(folder, `${by}.conf`);
  if (!existsSync(file)) {
    writeFileSync(join(folder, `${by}.index`), '');
    writeFileSync(file, [
      '[ca]', 'default_ca = d', '[d]', `database = ${by}.index`, 'new_certs_dir = .', 'default_md = sha256', 'policy = p', 'rand_serial = yes',
      'default_days = 30', 'default_crl_days = 30', 'unique_subject = no', '[p]', 'commonName = supplied', '',
    ].join('\n'));
  }
  openssl('ca', '-batch', '-notext', '-config', file, '-cert', `${by}.crt`, '-keyfile', `${by}.key`, ...args);
}
