import { literal } from '../../db/ident.ts';
import type { MigrationFile } from './file.ts';

/** Who runs, for the record. */
export interface Operator {
  /** `user@machine`. */
  readonly name: string;
  /** The commit the files come from, where CI says so. */
  readonly commit: string | null;
  /** The CI job, as its own URL or number; null outside CI. */
  readonly ciJob: string | null;
  readonly toolVersion: string;
}

/** The next free attempt of a version; attempts count failures too. */
const NEXT_ATTEMPT = (version: number): string =>
  `(select coalesce(max(l.attempt), 0) + 1 from dbctl.migration_log l where l.version = ${version})`;

/**
 * Inserts the log row of a migration that is applied by the running transaction, with its duration so far.
 *
 * @param previous the version applied before it in the same message: PostgreSQL gives all transactions of one message the same
 *   start, so a migration then begins when the one before it ended
 */
export function appliedRecord(migration: MigrationFile, operator: Operator, previous?: number): string {
  const ended = `(select l.started_at + l.duration_ms * interval '1 millisecond' from dbctl.migration_log l where l.version = ${previous} and l.state = 'applied')`;
  const started =
    previous === undefined ? 'pg_catalog.transaction_timestamp()' : `coalesce(${ended}, pg_catalog.transaction_timestamp())`;
  return insertRecord(migration, operator, {
    state: `'applied'`,
    started_at: started,
    duration_ms: `(extract(epoch from pg_catalog.clock_timestamp() - ${started}) * 1000)::bigint`,
  });
}

/** Inserts the log row of an attempt that was rolled back; `error` names SQLSTATE and place, never the server's text, which may quote data. */
export function failedRecord(migration: MigrationFile, operator: Operator, error: string): string {
  return insertRecord(migration, operator, { state: `'failed'`, error: literal(error) });
}

/** Begins the journal of a migration that runs outside a transaction; an attempt that was killed is closed by it. */
export function journalRecord(
  migration: MigrationFile,
  operator: Operator,
  statementsDone: number,
  statementsTotal: number,
): string {
  const closed = `update dbctl.migration_log set state = 'failed', error = 'killed' where version = ${migration.version} and state = 'running';\n`;
  return (
    closed +
    insertRecord(migration, operator, {
      state: `'running'`,
      statements_done: String(statementsDone),
      statements_total: String(statementsTotal),
    })
  );
}

/** Moves the journal's newest row on. */
export function journalUpdate(migration: MigrationFile, change: string): string {
  return /* sql */ `
update dbctl.migration_log set ${change}
where version = ${migration.version}
  and attempt = (select max(l.attempt) from dbctl.migration_log l where l.version = ${migration.version});`;
}

export const JOURNAL_APPLIED = `state = 'applied', duration_ms = (extract(epoch from pg_catalog.clock_timestamp() - started_at) * 1000)::bigint`;

function insertRecord(migration: MigrationFile, operator: Operator, more: Readonly<Record<string, string>>): string {
  const columns: Record<string, string> = {
    version: String(migration.version),
    attempt: NEXT_ATTEMPT(migration.version),
    name: literal(migration.slug),
    file: literal(migration.file),
    sha256: literal(migration.sha256),
    bytes_sha256: literal(migration.bytesSha256),
    operator: literal(operator.name),
    commit_sha: operator.commit === null ? 'null' : literal(operator.commit),
    dbctl_version: literal(operator.toolVersion),
    ...more,
  };
  return `insert into dbctl.migration_log (${Object.keys(columns).join(', ')})\nvalues (${Object.values(columns).join(', ')});`;
}
