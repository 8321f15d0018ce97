import { DbctlError, type ErrorCode, type SourcePosition } from '../core/errors.ts';
import { sqlPosition } from './sql-position.ts';

/** SQLSTATEs by what they mean for an operator; names from PostgreSQL's errcodes. */
const LOCK_NOT_GRANTED = new Set(['55P03', '40P01']);
const DENIED = new Set(['42501', '28000', '28P01', '3D000']);
const READ_ONLY = new Set(['25006']);
const RESOURCES = new Set(['53000', '53100', '53200', '53300', '53400', '58030']);
const CONNECTION_GONE = new Set(['57P01', '57P02', '57P03', '57P04', '08000', '08003', '08006', '08001', '08004']);

/** The exit-status family of an SQLSTATE (contract C2). */
export function codeOf(sqlstate: string): ErrorCode {
  if (LOCK_NOT_GRANTED.has(sqlstate)) return 'lock.held';
  if (DENIED.has(sqlstate)) return 'db.denied';
  if (READ_ONLY.has(sqlstate)) return 'db.read-only';
  if (RESOURCES.has(sqlstate)) return 'db.resources';
  if (CONNECTION_GONE.has(sqlstate)) return 'db.unreachable';
  return 'sql.failed';
}

const HINTS: Readonly<Record<string, string>> = {
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
 * SQL came from a file, the place in it. Errors that are ours already pass through unchanged.
 */
export function sqlError(thrown: unknown, source?: SqlSource): DbctlError {
  if (thrown instanceof DbctlError) return thrown;
  if (!isServerError(thrown)) {
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
