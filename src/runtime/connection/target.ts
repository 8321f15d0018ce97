/** The words of libpq's sslmode, with libpq's meaning. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const TARGET_SESSION_ATTRS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
export type TargetSessionAttrs = (typeof TARGET_SESSION_ATTRS)[number];

export interface HostAddress {
  /** Host name, IP address, or the folder of a Unix socket (starts with `/`). */
  readonly host: string;
  /** `hostaddr`: connect here, but verify the certificate for `host`. */
  readonly address?: string;
  readonly port: number;
}

export interface TlsPolicy {
  readonly mode: SslMode;
  /** Files, already resolved to absolute paths; undefined where libpq would find none. */
  readonly rootCert?: string;
  readonly cert?: string;
  readonly key?: string;
  /** `sslrootcert=system`: the machine's own certificate authorities. */
  readonly systemRoots: boolean;
  readonly negotiation: 'postgres' | 'direct';
}

/** Where and as whom to connect: everything libpq would know after reading URL, service file, PG* and .pgpass. */
export interface ConnectionTarget {
  /** Tried in this order, unless `loadBalance`. */
  readonly hosts: readonly HostAddress[];
  readonly loadBalance: boolean;
  readonly database: string;
  readonly user: string;
  /** Looked up per host, because .pgpass entries differ by host. Never logged. */
  password(address: HostAddress): Promise<string | undefined>;
  readonly tls: TlsPolicy;
  readonly targetSessionAttrs: TargetSessionAttrs;
  readonly applicationName: string | undefined;
  /** libpq `options`, such as `-c search_path=app`. */
  readonly options: string | undefined;
  /** Milliseconds for one host; 0 waits without limit, as in libpq. */
  readonly connectTimeoutMs: number;
  /** `channel_binding`. */
  readonly channelBinding: 'disable' | 'prefer' | 'require';
}
