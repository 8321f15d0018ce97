import { fail } from '../../core/errors.ts';
import { PARAMETER_NAMES, type ParameterName } from './parameters.ts';
import { suggest } from '../../core/suggest.ts';

const KEYWORDS = 'https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS';

/** Parameters of connection pools: they say nothing about one connection and may stay in a URL that an application shares. */
const POOL_ONLY: ReadonlySet<string> = new Set([
  'connection_limit',
  'pool_timeout',
  'pgbouncer',
  'statement_cache_size',
  'socket_timeout',
  'uselibpqcompat',
]);

const ESCAPES = "Quote a password with spaces as 'pass word'; in a URL write / as %2F, ? as %3F, & as %26 and @ as %40.";

const schema = 'Take it out of the URL and set DB_SCHEMA, or use options=-c%20search_path=name.';

/** Parameters of Prisma, JDBC and node-postgres that would change what the session sees, with what to write in their place. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['schema', schema],
  ['search_path', schema],
  ['currentSchema', schema],
  ['sslaccept', 'Use sslmode: require encrypts, verify-full also checks the certificate and the host name.'],
  ['sslidentity', 'Use sslcert and sslkey with PEM files.'],
  ['ssl', 'Use sslmode: disable, prefer, require, verify-ca or verify-full; of ssl only ssl=true is read.'],
  ['statement_timeout', 'Set PG_QUERY_TIMEOUT_MS, or use options=-c%20statement_timeout=5s.'],
  ['timezone', 'Use options=-c%20timezone=UTC, or PGTZ.'],
]);

const ALIASES: ReadonlyMap<string, ParameterName> = new Map([
  ['database', 'dbname'],
  ['db', 'dbname'],
  ['hostname', 'host'],
  ['server', 'host'],
  ['username', 'user'],
  ['login', 'user'],
  ['pass', 'password'],
  ['pwd', 'password'],
  ['timeout', 'connect_timeout'],
  ['ApplicationName', 'application_name'],
  ['targetServerType', 'target_session_attrs'],
]);

/** Where an unknown name was met. */
export interface Place {
  readonly from: string;
  /** The name may be the rest of a badly quoted password: it is not repeated. */
  readonly mayBeSecret: boolean;
  readonly onWarning: (message: string) => void;
}

/**
 * Passes over a parameter that concerns only a pool, with a warning. Fails with config.invalid for every other name, with what
 * to write in its place.
 */
export function unknownParameter(name: string, { from, mayBeSecret, onWarning }: Place): void {
  const refuse = (what: string, hint: string): never => fail('config.invalid', `${from}: ${what}`, { hint });
  if (POOL_ONLY.has(name)) return onWarning(`${from}: "${name}" is ignored, it concerns a pool and not the connection`);
  const instead = ELSEWHERE.get(name);
  if (instead !== undefined) return refuse(`"${name}" is not a parameter of PostgreSQL connections`, instead);
  if (mayBeSecret) return refuse('unknown parameter after the password', ESCAPES);
  const meant = ALIASES.get(name) ?? suggest(name, PARAMETER_NAMES);
  return refuse(
    `unknown parameter "${name}"`,
    meant === undefined ? `The parameters are those of libpq: ${KEYWORDS}` : `Did you mean "${meant}"?`,
  );
}
