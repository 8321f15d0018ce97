import { readdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { fail } from '../../core/errors.ts';
import { hostMismatch } from './certificate.ts';
import { privateKey } from './client-key.ts';
import { DEFAULT_TLS_DETAILS, type TlsDetails } from './extras.ts';
import type { HostAddress, SslMode, TlsPolicy } from './target.ts';

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
 * fail and the other modes verify nothing. TLS 1.2 or newer. Fails with config.invalid for a certificate, list or key that is
 * missing or does not parse, with secret.exposed for a key that others can read.
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
    ...(ca === undefined ? {} : { ca, crl: await revocationLists(details.revocationLists) }),
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

async function rootCertificates({ mode, rootCert }: TlsPolicy): Promise<string | undefined> {
  const found =
    rootCert === undefined
      ? undefined
      : await readFile(rootCert, 'utf8').catch((cause: NodeJS.ErrnoException) => unreadable('root certificate', rootCert, cause));
  if (found !== undefined && !/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(found)) {
    return fail('config.invalid', `root certificate file ${rootCert} holds no certificate`, {
      hint: 'It must be in PEM format.',
    });
  }
  if (found !== undefined || !mode.startsWith('verify-')) return found;
  return fail(
    'config.invalid',
    `sslmode ${mode} needs a root certificate, and ${rootCert ?? '~/.postgresql/root.crt'} does not exist`,
    {
      hint: "Put your authority's certificate there, name its file in sslrootcert, or use sslrootcert=system for public authorities.",
    },
  );
}

/** A file that is not there is passed over, as in libpq. */
function unreadable(what: string, file: string, cause: NodeJS.ErrnoException): undefined {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
  return fail('config.invalid', `${what} file ${file} cannot be read`, { cause });
}

/** Bundles of Debian, Red Hat, SUSE, then Alpine, BSD and macOS. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The machine's own authorities: SSL_CERT_FILE, what Node 22.15 and newer finds, a known bundle, else those Node brings. */
async function systemRoots(file: string | undefined): Promise<string | string[]> {
  if (file !== undefined)
    return readFile(file, 'utf8').catch((cause) => fail('config.invalid', `SSL_CERT_FILE ${file} cannot be read`, { cause }));
  const { getCACertificates } = tls as { getCACertificates?: (kind: 'system') => string[] };
  const own = getCACertificates?.('system') ?? [];
  if (own.length > 0) return own;
  const bundles = await Promise.all(SYSTEM_BUNDLES.map((bundle) => readFile(bundle, 'utf8').catch(() => undefined)));
  return bundles.find((bundle) => bundle !== undefined) ?? [...tls.rootCertificates];
}

/** A list may be a file or a folder of files; one that is missing revokes nothing. */
async function revocationLists(places: readonly string[]): Promise<string[]> {
  const files = await Promise.all(
    places.map(async (place) => {
      const isFolder = await stat(place).then(
        (found) => found.isDirectory(),
        () => false,
      );
      return isFolder ? (await readdir(place)).map((name) => join(place, name)) : [place];
    }),
  );
  const texts = await Promise.all(
    files.flat().map((file) => readFile(file, 'utf8').catch((cause) => unreadable('revocation list', file, cause))),
  );
  return texts.filter((text) => text !== undefined);
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
