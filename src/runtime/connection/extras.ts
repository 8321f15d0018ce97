import type { AuthenticationRule } from './authentication.ts';
import type { ConnectionTarget, HostAddress } from './target.ts';

/** TLS details beyond the policy; absent means libpq's default. */
export interface TlsDetails {
  /** Certificate revocation lists, as files; missing ones were left out. */
  readonly revocationLists: readonly string[];
  /** `sslsni`: the host name goes out in clear, so that a proxy can route on it. */
  readonly serverName: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion | undefined;
  /** `SSL_CERT_FILE`, which OpenSSL reads in place of the machine's authorities. */
  readonly systemRootsFile: string | undefined;
  /** Of the private key; a function, so that printing a target cannot show it. */
  passphrase(): string | undefined;
}

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

export interface KeepAlive {
  readonly enabled: boolean;
  /** Milliseconds of silence before the first probe; 0 takes the system's value (two hours on Linux). */
  readonly idleMs: number;
}

/** 10 s: a dead peer behind a firewall is noticed long before the system's two hours. */
export const DEFAULT_KEEP_ALIVE: KeepAlive = { enabled: true, idleMs: 10_000 };

export const DEFAULT_TLS_DETAILS: TlsDetails = {
  revocationLists: [],
  serverName: true,
  minVersion: 'TLSv1.2',
  maxVersion: undefined,
  systemRootsFile: undefined,
  passphrase: () => undefined,
};

export interface PasswordLookup {
  readonly password: string | undefined;
  /** Where it came from (`DATABASE_URL`, `PGPASSWORD`, a file); without one, the places looked at and why each had none. */
  readonly sources: readonly string[];
}

/**
 * What libpq knows beyond the contract of {@link ConnectionTarget}. A target written by hand may leave all of it out; connect()
 * then takes libpq's defaults.
 */
export interface TargetExtras {
  readonly tlsDetails: TlsDetails;
  readonly keepAlive: KeepAlive;
  readonly authentication: AuthenticationRule | undefined;
  lookUpPassword(address: HostAddress): Promise<PasswordLookup>;
}

export type ResolvedTarget = ConnectionTarget & TargetExtras;
