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
function key(name: string): void {
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
}

/** An authority; also a certificate nobody but itself has signed. */
export function authority(name: string, altNames = 'DNS:localhost,IP:127.0.0.1'): Certificate {
  if (!existsSync(join(folder, `${name}.crt`))) {
    key(name);
    openssl('req', '-new', '-x509', '-key', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`, '-days', '30', '-addext', `subjectAltName=${altNames}`);
  }
  return loaded(name);
}

/** A certificate signed by `by`. Days may be negative: expired since yesterday. */
export function certificate(name: string, by: string, altNames = 'DNS:localhost,IP:127.0.0.1', days = 30): Certificate {
  if (!existsSync(join(folder, `${name}.crt`))) {
    key(name);
    openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${altNames}\n`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-out', `${name}.crt`, '-days', String(days), '-extfile', `${name}.ext`);
  }
  return loaded(name);
}
