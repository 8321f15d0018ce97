import { DbctlError, fail } from '../../core/errors.ts';
import { ident, qualified, splitName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';

/** What the database remembers of one migration: postgrator's row and ours, joined. */
export interface HistoryRow {
  readonly version: number;
  readonly name: string;
  readonly appliedAt: string;
  /** Null for rows another tool wrote. */
  readonly file: string | null;
  readonly sha256: string | null;
  readonly bytesSha256: string | null;
  readonly durationMs: number | null;
  readonly operator: string | null;
}

/** A non-transactional migration that did not come to its end. */
export interface Unfinished {
  readonly version: number;
  readonly file: string;
  readonly sha256: string;
  /** running: the run was killed; failed: the statement after `statementsDone` failed, and nothing of it stayed but what CONCURRENTLY leaves. */
  readonly state: 'running' | 'failed';
  readonly statementsDone: number;
  readonly statementsTotal: number;
}

export interface History {
  /** Version of dbctl's own schema; 0 before the first run, when there is no table yet. */
  readonly schemaVersion: number;
  readonly rows: readonly HistoryRow[];
  readonly unfinished: readonly Unfinished[];
}

export const EMPTY_HISTORY: History = { schemaVersion: 0, rows: [], unfinished: [] };

/** Tables that are not there yet: undefined_table, invalid_schema_name. */
const NOT_THERE = new Set(['42P01', '3F000']);

/**
 * Reads the whole history in one message, and asks in the same message whether this is the backend the session began with: behind
 * a transaction pooler it is not, and a session lock would protect nothing.
 * Fails with refused behind such a pooler, with db.denied when the role may not read the tables.
 */
export async function readHistory(session: Session, table: string): Promise<History> {
  try {
    const [backend, rows, unfinished] = await session.script(historyQuery(table));
    const { pid, schema_version: schemaVersion } = backend?.rows[0] ?? {};
    refusePooler(session, Number(pid));
    return {
      schemaVersion: Number(schemaVersion),
      rows: (rows?.rows ?? []) as HistoryRow[],
      unfinished: (unfinished?.rows ?? []) as Unfinished[],
    };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    if (NOT_THERE.has(thrown.sqlstate ?? '')) return EMPTY_HISTORY;
    throw thrown.sqlstate === '42501' ? denied(session, thrown) : thrown;
  }
}

/** The tables were made by a superuser's run and belong to dbctl_owner: whoever migrates from now on must be a member. */
function denied(session: Session, cause: DbctlError): DbctlError {
  return new DbctlError('db.denied', `${session.user} may not read the migration history: ${cause.message}`, {
    cause,
    sqlstate: '42501',
    hint: `As a superuser, once: grant dbctl_owner to ${ident(session.user)}; for looking only: grant dbctl_auditor.`,
  });
}

function refusePooler(session: Session, pid: number): void {
  if (pid === session.pid) return;
  fail(
    'refused',
    `the connection changes its backend (pid ${session.pid}, then ${pid}): a pooler in transaction mode is in between`,
    {
      hint: 'Migrations need one session: point this environment at the server itself, not at the pooler.',
    },
  );
}

/** Versions come as float8: exact up to 2^53, which file.ts enforces, and a number in JavaScript where int8 would be text. */
function historyQuery(table: string): string {
  const { schema, name } = splitName(table);
  return /* sql */ `
select pg_catalog.pg_backend_pid() as pid,
       (select coalesce(max(v.version), 0) from dbctl.schema_version v) as schema_version;
select m.version::pg_catalog.float8 as "version",
       coalesce(m.name, '') as "name",
       pg_catalog.to_char(m.run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "appliedAt",
       l.file as "file",
       l.sha256 as "sha256",
       l.bytes_sha256 as "bytesSha256",
       l.duration_ms::pg_catalog.float8 as "durationMs",
       l.operator as "operator"
from ${qualified(schema, name)} m
left join dbctl.migration_log l on l.version = m.version and l.state = 'applied'
where m.version > 0
order by m.version;
select l.version::pg_catalog.float8 as "version",
       l.file as "file",
       l.sha256 as "sha256",
       l.state as "state",
       l.statements_done as "statementsDone",
       l.statements_total as "statementsTotal"
from dbctl.migration_log l
where l.state in ('running', 'failed')
  and l.statements_total is not null
  and not exists (select from ${qualified(schema, name)} m where m.version = l.version)
order by l.version, l.attempt;`;
}
