/** Codes an application may show its clients and alarm on: they never change meaning, whatever PostgreSQL or pg say. */
export const API_CODES = [
  'DB_SERIALIZATION_FAILURE',
  'DB_DEADLOCK',
  'DB_TX_ROLLBACK',
  'DB_OUTCOME_UNKNOWN',
  'DB_LOCK_TIMEOUT',
  'DB_OBJECT_STATE',
  'DB_QUERY_TIMEOUT',
  'DB_QUERY_CANCELED',
  'DB_SHUTTING_DOWN',
  'DB_STARTING',
  'DB_GONE',
  'DB_SESSION_EXPIRED',
  'DB_TX_IDLE_TIMEOUT',
  'DB_TX_TIMEOUT',
  'DB_TX_ABORTED',
  'DB_READ_ONLY',
  'DB_TX_STATE',
  'DB_TOO_MANY_CONNECTIONS',
  'DB_RESOURCES',
  'DB_STATEMENT_TOO_COMPLEX',
  'DB_CONNECTION_LOST',
  'DB_UNREACHABLE',
  'DB_REJECTED',
  'DB_PROTOCOL',
  'DB_AUTH_FAILED',
  'DB_MISCONFIGURED',
  'DB_UNIQUE_VIOLATION',
  'DB_REFERENCE_NOT_FOUND',
  'DB_STILL_REFERENCED',
  'DB_CHECK_VIOLATION',
  'DB_NO_PARTITION',
  'DB_NOT_NULL',
  'DB_EXCLUSION_VIOLATION',
  'DB_CHECK_OPTION',
  'DB_INVALID_VALUE',
  'DB_DATA_EXCEPTION',
  'DB_CARDINALITY',
  'DB_FORBIDDEN',
  'DB_SCHEMA_MISMATCH',
  'DB_BAD_STATEMENT',
  'DB_GENERATED_COLUMN',
  'DB_ALREADY_EXISTS',
  'DB_STALE_PLAN',
  'DB_PREPARED_STATEMENT',
  'DB_NOT_SUPPORTED',
  'DB_RAISED',
  'DB_NO_DATA',
  'DB_ASSERT',
  'DB_FOREIGN_SERVER',
  'DB_IO',
  'DB_INTERNAL',
  'DB_CORRUPTION',
  'DB_TLS',
  'DB_POOL_TIMEOUT',
] as const;
export type ApiCode = (typeof API_CODES)[number];

/**
 * What may be tried again. `transaction`: the whole transaction, on the same connection. `connection`: on a new connection,
 * where it is certain that nothing was committed (nothing sent, COMMIT not sent, or the work is idempotent). `once`: one time
 * on another connection.
 */
export type Retry = 'transaction' | 'connection' | 'once' | 'no';

export interface Rule {
  readonly apiCode: ApiCode;
  /** The HTTP status an API answers with. */
  readonly http: number;
  readonly retry: Retry;
  /** The connection must not be used again. */
  readonly discardClient: boolean;
}

export function rule(apiCode: ApiCode, http: number, retry: Retry = 'no', fate: 'keep' | 'discard' = 'keep'): Rule {
  return { apiCode, http, retry, discardClient: fate === 'discard' };
}

/** SQLSTATEs (five characters) and classes (two), separated by spaces; the longer one wins. */
const TABLE: readonly (readonly [codes: string, rule: Rule])[] = [
  // Success and warnings reach a client as an error only when a function raises them by hand.
  ['00 01 09', rule('DB_INTERNAL', 500)],
  ['02', rule('DB_NO_DATA', 404)],
  ['08', rule('DB_CONNECTION_LOST', 503, 'connection', 'discard')],
  ['08001', rule('DB_UNREACHABLE', 503, 'connection', 'discard')],
  ['08004', rule('DB_REJECTED', 503, 'no', 'discard')],
  ['08007 40003', rule('DB_OUTCOME_UNKNOWN', 503, 'no', 'discard')],
  ['08P01', rule('DB_PROTOCOL', 500, 'no', 'discard')],
  ['0A', rule('DB_NOT_SUPPORTED', 500)],
  ['0L 0P', rule('DB_FORBIDDEN', 403)],
  ['03 0F 0Z 10 20 24 2F 34 38 39 42', rule('DB_BAD_STATEMENT', 500)],
  ['21', rule('DB_CARDINALITY', 500)],
  ['22', rule('DB_DATA_EXCEPTION', 422)],
  ['22001 22003 22007 22008 22009 22018 22021 22023 22026 22P02 22P03 22P05', rule('DB_INVALID_VALUE', 422)],
  ['2200L 2200M 2200N 22030 22031 22032 22033 22034 22035 22036 22037 22038', rule('DB_INVALID_VALUE', 422)],
  ['22039 2203A 2203B 2203C 2203D 2203E 2203F 2203G', rule('DB_INVALID_VALUE', 422)],
  ['23', rule('DB_CHECK_VIOLATION', 422)],
  // PostgreSQL 18 reports ON DELETE RESTRICT as 23001; up to 17 it was 23503.
  ['23001', rule('DB_STILL_REFERENCED', 409)],
  ['23502', rule('DB_NOT_NULL', 422)],
  ['23503', rule('DB_REFERENCE_NOT_FOUND', 422)],
  ['23505', rule('DB_UNIQUE_VIOLATION', 409)],
  ['23P01', rule('DB_EXCLUSION_VIOLATION', 409)],
  ['44', rule('DB_CHECK_OPTION', 422)],
  ['0B 25 2D 3B', rule('DB_TX_STATE', 500, 'no', 'discard')],
  // A write met a standby: the pool still holds connections to the server that was the primary.
  ['25006', rule('DB_READ_ONLY', 503, 'once', 'discard')],
  ['25P02', rule('DB_TX_ABORTED', 500)],
  ['25P03', rule('DB_TX_IDLE_TIMEOUT', 503, 'no', 'discard')],
  ['25P04', rule('DB_TX_TIMEOUT', 504, 'no', 'discard')],
  ['26 42P05', rule('DB_PREPARED_STATEMENT', 503, 'once', 'discard')],
  // A rotated password: read the secret again, then once more.
  ['28', rule('DB_AUTH_FAILED', 500, 'once', 'discard')],
  ['3D', rule('DB_MISCONFIGURED', 500, 'no', 'discard')],
  ['40000', rule('DB_TX_ROLLBACK', 503, 'transaction')],
  ['40', rule('DB_TX_ROLLBACK', 409)],
  ['40001 72', rule('DB_SERIALIZATION_FAILURE', 503, 'transaction')],
  ['40P01', rule('DB_DEADLOCK', 503, 'transaction')],
  ['3F 42P01 42703 42883 42704', rule('DB_SCHEMA_MISMATCH', 500)],
  ['42501', rule('DB_FORBIDDEN', 403)],
  ['428C9', rule('DB_GENERATED_COLUMN', 422)],
  ['42P04 42P06 42P07 42701 42710 42723', rule('DB_ALREADY_EXISTS', 409)],
  ['53', rule('DB_RESOURCES', 503)],
  ['53200', rule('DB_RESOURCES', 503, 'once')],
  ['53300', rule('DB_TOO_MANY_CONNECTIONS', 503, 'connection', 'discard')],
  ['54', rule('DB_STATEMENT_TOO_COMPLEX', 500)],
  ['27 2B 55', rule('DB_OBJECT_STATE', 409)],
  ['55P02 55P04', rule('DB_OBJECT_STATE', 500)],
  ['55P03', rule('DB_LOCK_TIMEOUT', 503, 'transaction')],
  ['57', rule('DB_SHUTTING_DOWN', 503, 'connection', 'discard')],
  // The server answers 57014 while the connection stays in order; keep it after ReadyForQuery.
  ['57014', rule('DB_QUERY_CANCELED', 499)],
  ['57P03', rule('DB_STARTING', 503, 'connection', 'discard')],
  ['57P04', rule('DB_GONE', 503, 'no', 'discard')],
  ['57P05', rule('DB_SESSION_EXPIRED', 503, 'connection', 'discard')],
  ['58', rule('DB_IO', 503, 'no', 'discard')],
  ['HV', rule('DB_FOREIGN_SERVER', 503)],
  ['P0', rule('DB_RAISED', 422)],
  ['P0002', rule('DB_NO_DATA', 404)],
  ['P0003', rule('DB_CARDINALITY', 500)],
  ['P0004', rule('DB_ASSERT', 500)],
  ['F0 XX', rule('DB_INTERNAL', 500, 'no', 'discard')],
  ['XX001 XX002', rule('DB_CORRUPTION', 500, 'no', 'discard')],
];

const RULES: ReadonlyMap<string, Rule> = new Map(
  TABLE.flatMap(([codes, found]) => codes.split(' ').map((code) => [code, found] as const)),
);

/**
 * The rule of a SQLSTATE. Classes that begin with 0-4 and A-H belong to the SQL standard, the others to whoever raises them:
 * an unknown one of those is somebody's own `raise … using errcode`.
 */
export function ruleFor(sqlstate: string): Rule {
  const known = RULES.get(sqlstate) ?? RULES.get(sqlstate.slice(0, 2));
  if (known !== undefined) return known;
  return /^[5-9I-Z]/.test(sqlstate) ? rule('DB_RAISED', 422) : rule('DB_INTERNAL', 500, 'no', 'discard');
}
