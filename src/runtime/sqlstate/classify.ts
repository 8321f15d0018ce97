import { DbctlError, type ErrorCode } from '../../core/errors.ts';
import { clientRule } from './client-errors.ts';
import { CONDITIONS } from './conditions.ts';
import { causes, ownSqlstate, type ErrorFields } from './find.ts';
import { rule, ruleFor, type ApiCode, type Retry, type Rule } from './rules.ts';

/** What an error means: for the API's client, for the retry, for the connection. */
export interface Classified {
  readonly apiCode: ApiCode;
  readonly sqlstate: string | null;
  /** PL/pgSQL's name of the SQLSTATE; null without one, and for SQLSTATEs that are not PostgreSQL's. */
  readonly condition: string | null;
  readonly retry: Retry;
  readonly discardClient: boolean;
  readonly http: number;
}

/** What only the caller knows. */
export interface Circumstances {
  /** Who cancelled: our own deadline or the caller's AbortSignal. The server's text is translated and says the same for both. */
  readonly canceledBy?: 'deadline' | 'caller';
  /** COMMIT was sent and its answer is missing. */
  readonly duringCommit?: boolean;
  /** A foreign key fails in two directions, and the server names the same constraint and table for both. */
  readonly statement?: 'insert' | 'update' | 'delete';
}

/**
 * Names any error in stable words. The nearest SQLSTATE among the error and its causes decides, then codes of Node and OpenSSL,
 * then pg's own messages. Something that is no database error at all is DB_INTERNAL and discards the client, whose state is
 * then unknown: ask {@link isDatabaseError} first where an application's own errors may pass. Never throws.
 */
export function classify(error: unknown, circumstances: Circumstances = {}): Classified {
  const chain = causes(error);
  for (const fields of chain) {
    const sqlstate = ownSqlstate(fields);
    if (sqlstate !== undefined) return classified(refined(fields, sqlstate, circumstances), sqlstate);
  }
  const found = chain.map(clientRule).find((one) => one !== undefined) ?? dbctlRule(error);
  if (found === undefined) return classified(rule('DB_INTERNAL', 500, 'no', 'discard'), null);
  return classified(withoutSqlstate(found, circumstances), null);
}

/** Whether the error, or something it was caused by, came from PostgreSQL, from pg, or from the network below. */
export function isDatabaseError(error: unknown): boolean {
  return (
    dbctlRule(error) !== undefined || causes(error).some((one) => ownSqlstate(one) !== undefined || clientRule(one) !== undefined)
  );
}

function classified(found: Rule, sqlstate: string | null): Classified {
  const { apiCode, retry, discardClient, http } = found;
  return {
    apiCode,
    sqlstate,
    condition: sqlstate === null ? null : (CONDITIONS.get(sqlstate) ?? null),
    retry,
    discardClient,
    http,
  };
}

/** `routine` is the C function that reported: unlike the message it is never translated. */
function refined(error: ErrorFields, sqlstate: string, { canceledBy, duringCommit, statement }: Circumstances): Rule {
  const { routine } = error;
  if (sqlstate === '57014' && canceledBy === 'deadline') return rule('DB_QUERY_TIMEOUT', 504);
  if (sqlstate === '23503' && statement === 'delete') return rule('DB_STILL_REFERENCED', 409);
  if (sqlstate === '23514' && routine === 'ExecFindPartition') return rule('DB_NO_PARTITION', 500);
  // "cached plan must not change result type": the statement fails on this connection for ever.
  if (sqlstate === '0A000' && routine === 'RevalidateCachedQuery') return rule('DB_STALE_PLAN', 503, 'once', 'discard');
  const found = ruleFor(sqlstate);
  return duringCommit === true && found.retry === 'connection' ? ruleFor('40003') : found;
}

function withoutSqlstate(found: Rule, { canceledBy, duringCommit }: Circumstances): Rule {
  if (duringCommit === true && found.discardClient) return ruleFor('40003');
  if (canceledBy === 'deadline' && found.discardClient) return rule('DB_QUERY_TIMEOUT', 504, 'no', 'discard');
  return found;
}

const DBCTL_RULES: ReadonlyMap<ErrorCode, Rule> = new Map([
  ['config.invalid', rule('DB_MISCONFIGURED', 500)],
  ['secret.exposed', rule('DB_MISCONFIGURED', 500)],
  ['db.unreachable', rule('DB_UNREACHABLE', 503, 'connection', 'discard')],
  ['db.denied', rule('DB_AUTH_FAILED', 500, 'once', 'discard')],
  ['db.read-only', rule('DB_READ_ONLY', 503, 'once', 'discard')],
  ['db.resources', rule('DB_RESOURCES', 503)],
  ['lock.held', rule('DB_LOCK_TIMEOUT', 503, 'transaction')],
  ['interrupted', rule('DB_QUERY_CANCELED', 499, 'no', 'discard')],
]);

function dbctlRule(error: unknown): Rule | undefined {
  return error instanceof DbctlError ? DBCTL_RULES.get(error.code) : undefined;
}
