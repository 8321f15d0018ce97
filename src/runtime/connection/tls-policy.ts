import { join, resolve } from 'node:path';
import { fail } from '../../core/errors.ts';
import { TLS_VERSIONS, type TlsDetails, type TlsVersion } from './extras.ts';
import { fileExists } from './file-exists.ts';
import type { ParameterName, Setting, Settings } from './parameters.ts';
import { SSL_MODES, type SslMode, type TlsPolicy } from './target.ts';
import { choice } from './values.ts';

export interface TlsSources {
  readonly settings: Settings;
  /** PG_SSL_MODE or an option: stands above every setting. */
  readonly mode: SslMode | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The folder of root.crt, postgresql.crt and so on: `~/.postgresql`. */
  readonly folder: string;
  readonly onWarning: (message: string) => void;
}

/**
 * The TLS settings with libpq's defaults: mode `prefer`, files of `~/.postgresql` where they exist, `sslrootcert=system` implies
 * `verify-full`. A file that is named and missing is passed over as libpq does, with a warning, because from then on less is
 * verified than was meant. Fails with config.invalid.
 */
export async function tlsPolicy(sources: TlsSources): Promise<{ policy: TlsPolicy; details: TlsDetails }> {
  const { settings } = sources;
  const systemRoots = settings.get('sslrootcert')?.value === 'system';
  const mode = sslMode(sources, systemRoots);
  const negotiation = sslNegotiation(settings, mode);
  const rootCert = systemRoots
    ? undefined
    : await file(sources, 'sslrootcert', 'root.crt', "the server's certificate is not verified");
  const cert = clientCertificates(settings)
    ? await file(sources, 'sslcert', 'postgresql.crt', 'no client certificate is sent')
    : undefined;
  const key = cert === undefined ? undefined : path(settings.get('sslkey'), join(sources.folder, 'postgresql.key'));
  const policy = {
    mode,
    systemRoots,
    negotiation,
    ...(rootCert === undefined ? {} : { rootCert }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  return { policy, details: await tlsDetails(sources) };
}

function sslMode({ settings, mode, variables }: TlsSources, systemRoots: boolean): SslMode {
  const setting = settings.get('sslmode');
  // Deprecated for 20 years and still read by libpq, below PGSSLMODE.
  const old = variables['PGREQUIRESSL']?.startsWith('1') === true ? 'require' : undefined;
  const found = mode ?? (setting === undefined ? old : choice('sslmode', setting, SSL_MODES));
  if (!systemRoots || found === 'verify-full') return found ?? 'prefer';
  if (found === undefined) return 'verify-full';
  return fail('config.invalid', `${settings.get('sslrootcert')?.from}: sslrootcert=system does not go with sslmode ${found}`, {
    hint: 'Any public authority would vouch for any server: use verify-full, or name the file of your own authority.',
  });
}

function sslNegotiation(settings: Settings, mode: SslMode): TlsPolicy['negotiation'] {
  const setting = settings.get('sslnegotiation');
  if (setting === undefined) return 'postgres';
  const found = choice('sslnegotiation', setting, ['postgres', 'direct']);
  if (found === 'postgres' || mode === 'require' || mode.startsWith('verify-')) return found;
  return fail('config.invalid', `${setting.from}: sslnegotiation=direct does not go with sslmode ${mode}`, {
    hint: 'Use require, verify-ca or verify-full, or take sslnegotiation out.',
  });
}

function clientCertificates(settings: Settings): boolean {
  const setting = settings.get('sslcertmode');
  if (setting === undefined || setting.value === '') return true;
  const found = choice('sslcertmode', setting, ['disable', 'allow', 'require']);
  if (found !== 'require') return found === 'allow';
  return fail('config.invalid', `${setting.from}: sslcertmode=require is not supported`, {
    hint: 'Node cannot tell whether the server asked for the certificate; let pg_hba.conf require it: clientcert=verify-full.',
  });
}

/** The named file even if it is missing, the default one only if it exists. */
async function file(sources: TlsSources, name: ParameterName, standard: string, effect: string): Promise<string | undefined> {
  const setting = sources.settings.get(name);
  if (setting === undefined || setting.value === '') {
    const usual = join(sources.folder, standard);
    return (await fileExists(usual)) ? usual : undefined;
  }
  const named = resolve(setting.value);
  if (!(await fileExists(named))) sources.onWarning(`${setting.from}: ${name} ${named} does not exist, so ${effect}`);
  return named;
}

async function tlsDetails(sources: TlsSources): Promise<TlsDetails> {
  const { settings, variables } = sources;
  const phrase = settings.get('sslpassword')?.value;
  const minVersion = version('ssl_min_protocol_version', settings) ?? 'TLSv1.2';
  const maxVersion = version('ssl_max_protocol_version', settings);
  if (maxVersion !== undefined && TLS_VERSIONS.indexOf(minVersion) > TLS_VERSIONS.indexOf(maxVersion)) {
    fail(
      'config.invalid',
      `${settings.get('ssl_max_protocol_version')?.from}: TLS is to be at least ${minVersion} and at most ${maxVersion}`,
    );
  }
  const lists = [await file(sources, 'sslcrl', 'root.crl', 'revoked certificates are accepted'), path(settings.get('sslcrldir'))];
  return {
    revocationLists: lists.filter((list) => list !== undefined),
    serverName: (settings.get('sslsni')?.value ?? '1').startsWith('1'),
    minVersion,
    maxVersion,
    systemRootsFile: variables['SSL_CERT_FILE'],
    passphrase: () => (phrase === '' ? undefined : phrase),
  };
}

function version(name: ParameterName, settings: Settings): TlsVersion | undefined {
  const setting = settings.get(name);
  if (setting === undefined || setting.value === '') return undefined;
  const known = TLS_VERSIONS.find((one) => one.toLowerCase() === setting.value.toLowerCase());
  return known ?? choice(name, setting, TLS_VERSIONS);
}

function path(setting: Setting | undefined, otherwise?: string): string | undefined {
  return setting === undefined || setting.value === '' ? otherwise : resolve(setting.value);
}
