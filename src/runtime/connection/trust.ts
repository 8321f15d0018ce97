import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { fail } from '../../core/errors.ts';
import type { TlsPolicy } from './target.ts';

/** The authorities of the policy's file; undefined where there is none and the mode does without. Fails with config.invalid. */
export async function rootCertificates({ mode, rootCert }: TlsPolicy): Promise<string | undefined> {
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
      hint: "Put your authority's certificate there, name its file in sslrootcert, or trust public ones with sslrootcert=system.",
    },
  );
}

/** A file that is not there is passed over, as in libpq. */
export function unreadable(what: string, file: string, cause: NodeJS.ErrnoException): undefined {
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
export async function systemRoots(file: string | undefined): Promise<string | string[]> {
  if (file !== undefined)
    return readFile(file, 'utf8').catch((cause) => fail('config.invalid', `SSL_CERT_FILE ${file} cannot be read`, { cause }));
  const { getCACertificates } = tls as { getCACertificates?: (kind: 'system') => string[] };
  const own = getCACertificates?.('system') ?? [];
  if (own.length > 0) return own;
  const bundles = await Promise.all(SYSTEM_BUNDLES.map((bundle) => readFile(bundle, 'utf8').catch(() => undefined)));
  return bundles.find((bundle) => bundle !== undefined) ?? [...tls.rootCertificates];
}

/** A list may be a file or a folder of files; one that is missing revokes nothing. */
export async function revocationLists(places: readonly string[]): Promise<string[]> {
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
