/** One connection parameter of libpq. */
export interface Parameter {
  /** The environment variable that stands in for it. */
  readonly variable?: string;
  /** Its value never appears in a message or a log. */
  readonly secret?: true;
}

/**
 * The parameters of libpq 18 with their environment variables, as `PQconndefaults()` of 18.2 lists them, and `servicefile`,
 * which libpq 19 adds. https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
const TABLE = {
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD', secret: true },
  passfile: { variable: 'PGPASSFILE' },
  channel_binding: { variable: 'PGCHANNELBINDING' },
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT' },
  dbname: { variable: 'PGDATABASE' },
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  client_encoding: { variable: 'PGCLIENTENCODING' },
  options: { variable: 'PGOPTIONS' },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: {},
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  sslmode: { variable: 'PGSSLMODE' },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION' },
  sslcompression: { variable: 'PGSSLCOMPRESSION' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslcertmode: { variable: 'PGSSLCERTMODE' },
  sslpassword: { secret: true },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcrl: { variable: 'PGSSLCRL' },
  sslcrldir: { variable: 'PGSSLCRLDIR' },
  sslsni: { variable: 'PGSSLSNI' },
  requirepeer: { variable: 'PGREQUIREPEER' },
  require_auth: { variable: 'PGREQUIREAUTH' },
  min_protocol_version: { variable: 'PGMINPROTOCOLVERSION' },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION' },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION' },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION' },
  gssencmode: { variable: 'PGGSSENCMODE' },
  krbsrvname: { variable: 'PGKRBSRVNAME' },
  gsslib: { variable: 'PGGSSLIB' },
  gssdelegation: { variable: 'PGGSSDELEGATION' },
  replication: {},
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS' },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS' },
  scram_client_key: { secret: true },
  scram_server_key: { secret: true },
  oauth_issuer: {},
  oauth_client_id: {},
  oauth_client_secret: { secret: true },
  oauth_scope: {},
  sslkeylogfile: {},
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof TABLE;
export const PARAMETERS: Readonly<Record<ParameterName, Parameter>> = TABLE;
export const PARAMETER_NAMES = Object.keys(TABLE) as ParameterName[];

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(TABLE, name);
}

/** A value and the place it was read from, for messages: `DATABASE_URL`, `PGPORT`, `service "prod" in /etc/pg_service.conf`. */
export interface Setting {
  readonly value: string;
  readonly from: string;
}

/** What was given, by parameter; a parameter that is absent was given nowhere. */
export type Settings = ReadonlyMap<ParameterName, Setting>;
