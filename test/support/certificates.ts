/** Certificates for a server at 127.0.0.1, made for one test. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** File paths. */
export interface Certificates {
  /** Of the authority that signed `cert`. */
  readonly ca: string;
  /** Of an authority that has signed nothing. */
  readonly otherCa: string;
  /** Fit for a server at 127.0.0.1 or `localhost`, and for a client. */
  readonly cert: string;
  readonly key: string;
}

export function makeCertificates(directory: string): Certificates {
  const make = (name: string, subject: string, ...more: string[]) => {
    const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}-key.pem`)];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-days', '2', '-subj', `/CN=${subject}`, '-keyout', key, '-out', cert];
    execFileSync('openssl', [...args, ...files, ...more], { stdio: 'pipe' });
    return { cert, key };
  };
  const authority = make('ca', 'An authority of the tests');
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const issued = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=CA:FALSE'];
  const server = make('server', 'A server of the tests', ...issued, ...names);
  return { ca: authority.cert, otherCa: make('other-ca', 'Another authority').cert, ...server };
}
