import { DbctlError, type ErrorCode, type SourcePosition } from '../core/errors.ts';
import {
  CONNECTION_LOST,
  LOCK_NOT_GRANTED,
  LOGIN_REFUSED,
  NO_DATABASE,
  NOT_ACCEPTING,
  PRIVILEGE,
  READ_ONLY,
  RESOURCES,
  SERIALIZATION,
} from '../runtime/sqlstate/classes.ts';
import { sqlPosition } from './sql-position.ts';

/** Which exit-status family (contract C2) each set of SQLSTATEs belongs to; what is in none is a failed statement. */
const FAMILIES: readonly (readonly [states: ReadonlySet<string>, code: ErrorCode])[] = [
  [LOCK_NOT_GRANTED, 'lock.held'],
  [SERIALIZATION, 'lock.held'],
  [PRIVILEGE, 'db.denied'],
  [LOGIN_REFUSED, 'db.denied'],
  [NO_DATABASE, 'db.denied'],
  [READ_ONLY, 'db.read-only'],
  [RESOURCES, 'db.resources'],
  [CONNECTION_LOST, 'db.unreachable'],
  [NOT_ACCEPTING, 'db.unreachable'],
];

function codeOf(sqlstate: string): ErrorCode {
  return FAMILIES.find(([states]) => states.has(sqlstate))?.[1] ?? 'sql.failed';
}

const HINTS: Readonly<Record<string, string>> = {
  '57P01': 'An administrator ended the session, or the server is being stopped: run the command again when it is back.',
  '25P03': 'The session sat idle inside a transaction for too long and was ended.',
  '25006':
    'The session is on a standby, or default_transaction_read_only is on: connect to the primary (target_session_attrs=read-write).',
  '53100': 'The disk of the server is full: free space or grow the volume, then run the command again.',
  '53200': 'The server is out of memory: look at work_mem and the number of connections.',
  '53300': 'Every connection slot is taken: close sessions or put a pooler in front.',
  '55P03':
    'Another session holds the lock: see who with `select pid, application_name, query from pg_stat_activity where cardinality(pg_blocking_pids(pid)) = 0` or raise lock_timeout.',
  '57014': 'The statement ran into statement_timeout, or was cancelled: raise the timeout or make the statement cheaper.',
};

/** An error the server reported, with the fields of its protocol. */
interface ServerError extends Error {
  readonly code: string;
  readonly severity: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
  readonly position?: string;
}

/** By shape, not by class: a bundle may hold the driver twice. */
function isServerError(thrown: unknown): thrown is ServerError {
  return thrown instanceof Error && 'severity' in thrown && 'code' in thrown && /^[0-9A-Z]{5}$/.test(String(thrown.code));
}

export interface SqlSource {
  /** Name shown in front of line and column. */
  readonly file: string;
  readonly text: string;
  /** Characters dbctl put in front of `text` in the message it sent. */
  readonly prefix?: number;
}

/**
 * Turns what the driver threw into a {@link DbctlError} with SQLSTATE, the server's own hint where it gave one, and, where the
 * SQL came from a file, the place in it. `lost` is what ended the connection: a query that finds it gone knows no reason. Errors that are ours already pass through unchanged.
 */
export function sqlError(thrown: unknown, source?: SqlSource, lost?: Error): DbctlError {
  if (thrown instanceof DbctlError) return thrown;
  if (!isServerError(thrown)) {
    if (isServerError(lost)) return sqlError(lost, source);
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new DbctlError('db.unreachable', `connection lost: ${text.toLowerCase()}`, {
      cause: thrown,
      hint: 'The server ended the connection or the network did: look at the server log, then run the command again.',
    });
  }
  const position = source === undefined ? undefined : positionOf(thrown, source);
  // Ours name the next act; the server's own ("Perhaps you meant …") serve where we have none.
  const hint = HINTS[thrown.code] ?? thrown.hint;
  const detail = [thrown.detail, thrown.where].filter((text) => text !== undefined).join('\n');
  return new DbctlError(codeOf(thrown.code), thrown.message, {
    cause: thrown,
    sqlstate: thrown.code,
    ...(hint === undefined ? {} : { hint }),
    ...(detail === '' ? {} : { detail }),
    ...(position === undefined ? {} : { position }),
  });
}

function positionOf(error: ServerError, source: SqlSource): SourcePosition | undefined {
  if (error.position === undefined) return undefined;
  return sqlPosition(source.file, source.text, Number(error.position) - (source.prefix ?? 0));
}
