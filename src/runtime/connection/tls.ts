import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import { fail } from '../../core/errors.ts';
import { hostMismatch } from './certificate.ts';
import { privateKey } from './client-key.ts';
import { DEFAULT_TLS_DETAILS, type TlsDetails } from './extras.ts';
import type { HostAddress, SslMode, TlsPolicy } from './target.ts';
import { revocationLists, rootCertificates, systemRoots, unreadable } from './trust.ts';

/** What one connection attempt puts on the wire. `tls-or-plain` goes on in clear when the server says it has no TLS. */
export type Encryption = 'plain' | 'tls' | 'tls-or-plain';

/**
 * The attempts an sslmode makes on one address, in order. `allow` and `prefer` give no protection: who sits in between can make
 * the other attempt fail.
 */
export function encryptionsFor(mode: SslMode): readonly Encryption[] {
  switch (mode) {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'tls'];
    case 'prefer':
      return ['tls-or-plain', 'plain'];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return ['tls'];
  }
}

export type TlsConnectOptions = tls.ConnectionOptions & { readonly secureContext: tls.SecureContext };

/**
 * Options for `tls.connect`, and for pg's `ssl`, that mean what libpq means by the policy: where a root certificate exists the
 * chain is verified in every mode that speaks TLS, the host name in verify-full only; without one, verify-ca and verify-full
 * fail and the other modes verify nothing. TLS 1.2 or newer by default. Fails with config.invalid for a certificate, list or key
 * that is missing or does not parse, with secret.exposed for a key that others can read.
 */
export async function tlsOptions(
  policy: TlsPolicy,
  address: HostAddress,
  details: TlsDetails = DEFAULT_TLS_DETAILS,
): Promise<TlsConnectOptions> {
  const ca = policy.systemRoots ? await systemRoots(details.systemRootsFile) : await rootCertificates(policy);
  const material: tls.SecureContextOptions = {
    minVersion: details.minVersion,
    ...(details.maxVersion === undefined ? {} : { maxVersion: details.maxVersion }),
    ...(ca === undefined ? {} : { ca }),
    // With the system's roots libpq looks at no list: public authorities publish theirs elsewhere.
    ...(ca === undefined || policy.systemRoots ? {} : { crl: await revocationLists(details.revocationLists) }),
    ...(await clientCertificate(policy, details)),
  };
  return {
    secureContext: secureContext(material, [policy.rootCert, policy.cert, policy.key, ...details.revocationLists]),
    ALPNProtocols: ['postgresql'],
    ...(details.serverName && isIP(address.host) === 0 && !address.host.startsWith('/') ? { servername: address.host } : {}),
    rejectUnauthorized: ca !== undefined,
    checkServerIdentity: (_host, certificate) =>
      policy.mode === 'verify-full' ? identityError(certificate, address.host) : undefined,
  };
}

function identityError(certificate: tls.PeerCertificate, host: string): Error | undefined {
  const mismatch = hostMismatch(certificate, host);
  if (mismatch === undefined) return undefined;
  const message = `the server's certificate does not fit the host name "${host}": ${mismatch}`;
  return Object.assign(new Error(message), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

async function clientCertificate({ cert, key }: TlsPolicy, details: TlsDetails): Promise<{ cert?: string; key?: string }> {
  if (cert === undefined || key === undefined) return {};
  const found = await readFile(cert, 'utf8').catch((cause: NodeJS.ErrnoException) => unreadable('certificate', cert, cause));
  return found === undefined ? {} : { cert: found, key: await privateKey(key, details.passphrase()) };
}

/** OpenSSL reads all of it here, so that a broken file is told apart from a broken server. */
function secureContext(material: tls.SecureContextOptions, files: readonly (string | undefined)[]): tls.SecureContext {
  try {
    return tls.createSecureContext(material);
  } catch (cause) {
    const named = files.filter((file) => file !== undefined).join(', ');
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    return fail('config.invalid', `TLS cannot be set up from ${named}: ${reason}`, {
      cause,
      hint: 'Check that the files are PEM and that the key belongs to the certificate.',
    });
  }
}
