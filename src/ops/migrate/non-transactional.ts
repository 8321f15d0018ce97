import { DbctlError, fail } from '../../core/errors.ts';
import { ident, qualified } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { MigrationFile } from './file.ts';
import type { Unfinished } from './history.ts';
import { JOURNAL_APPLIED, journalRecord, journalUpdate } from './run-record.ts';
import type { MigrateSettings } from './settings.ts';
import { concurrentIndex, type Statement } from './statements.ts';

export interface NonTransactionalRun {
  readonly session: Session;
  readonly settings: MigrateSettings;
  readonly onStatement: (done: number, total: number) => void;
}

/**
 * Applies a migration that PostgreSQL runs only outside a transaction: statement by statement, each written into a journal before and
 * after, so that a run after a crash knows where to go on. What a killed CREATE INDEX CONCURRENTLY leaves is dropped and built again.
 *
 * Fails with migration.failed at the statement that failed, with refused when a killed run's last statement cannot be judged.
 */
export async function applyOutsideTransaction(
  run: NonTransactionalRun,
  migration: MigrationFile,
  statements: readonly Statement[],
  historyRow: string,
  unfinished: Unfinished | undefined,
): Promise<void> {
  const first = unfinished === undefined ? 0 : await resumeAt(run.session, migration, statements, unfinished);
  await run.session.script(journalRecord(migration, run.settings.operator, first, statements.length));
  for (const [index, statement] of statements.entries()) {
    if (index < first) continue;
    await applyStatement(run, migration, statement, index);
    run.onStatement(index + 1, statements.length);
  }
  await run.session.script(`begin;\n${historyRow}\n${journalUpdate(migration, JOURNAL_APPLIED)}\ncommit;`);
}

async function applyStatement(
  run: NonTransactionalRun,
  migration: MigrationFile,
  statement: Statement,
  index: number,
): Promise<void> {
  const { session, settings } = run;
  const built = concurrentIndex(statement);
  // A CONCURRENTLY build waits for every older transaction; a lock_timeout would end it there and leave an INVALID index.
  await session.script(
    `set lock_timeout = ${built === undefined ? settings.lockTimeoutMs : 0}; set statement_timeout = ${settings.statementTimeoutMs}`,
  );
  try {
    await session.script(statement.sql, { file: migration.file, text: migration.sql, prefix: -statement.offset });
  } catch (thrown) {
    throw await recordFailure(session, migration, statement, index, thrown);
  }
  if (built?.act === 'create') await assertValid(session, migration, built);
  await session.script(`reset session authorization; reset all;${journalUpdate(migration, `statements_done = ${index + 1}`)}`);
}

async function recordFailure(
  session: Session,
  migration: MigrationFile,
  statement: Statement,
  index: number,
  thrown: unknown,
): Promise<unknown> {
  if (!(thrown instanceof DbctlError)) return thrown;
  await session
    .script(
      `reset session authorization; reset all;${journalUpdate(migration, `state = 'failed', error = '${thrown.sqlstate ?? thrown.code}'`)}`,
    )
    .catch(() => {});
  const built = concurrentIndex(statement);
  // An INVALID index still costs every write, and a unique one may still refuse rows: it goes at once.
  if (built?.act === 'create') await dropInvalid(session, built).catch(() => {});
  const { position, sqlstate, detail } = thrown;
  return new DbctlError(
    thrown.code === 'sql.failed' ? 'migration.failed' : thrown.code,
    `${migration.file}, statement ${index + 1}: ${thrown.message}`,
    {
      cause: thrown,
      ...(sqlstate === undefined ? {} : { sqlstate }),
      ...(position === undefined ? {} : { position }),
      ...(detail === undefined ? {} : { detail }),
      hint:
        index === 0
          ? 'Nothing of this file stayed. Mend the cause and run the command again.'
          : `Its first ${index} statement${index === 1 ? '' : 's'} stayed, as a file without a transaction must. Mend the cause and run the command again: it goes on at this statement.`,
    },
  );
}

/** Where to go on: after the statements the journal knows to be done, judging the one a killed run was in. */
async function resumeAt(
  session: Session,
  migration: MigrationFile,
  statements: readonly Statement[],
  journal: Unfinished,
): Promise<number> {
  if (journal.sha256 !== migration.sha256 && journal.statementsDone > 0) {
    fail('refused', `${migration.file} was changed after ${journal.statementsDone} of its statements had run`, {
      hint: `Bring the file back to what was begun (sha256 ${journal.sha256}), finish it, and write the change as a new migration.`,
    });
  }
  const statement = statements[journal.statementsDone];
  if (statement === undefined) return journal.statementsDone;
  const built = concurrentIndex(statement);
  if (built !== undefined) return (await isDone(session, built)) ? journal.statementsDone + 1 : journal.statementsDone;
  if (journal.state === 'failed' || isRepeatable(statement)) return journal.statementsDone;
  return undecided(migration, statements, journal);
}

/** Running these twice is running them once. */
function isRepeatable({ node }: Statement): boolean {
  return (
    'VacuumStmt' in node || 'ReindexStmt' in node || 'ClusterStmt' in node || 'AlterSystemStmt' in node || 'DiscardStmt' in node
  );
}

function undecided(migration: MigrationFile, statements: readonly Statement[], journal: Unfinished): never {
  const next = journal.statementsDone + 1;
  fail(
    'refused',
    `${migration.file}: a run was killed in statement ${next} of ${statements.length}, and nothing tells whether it took effect`,
    {
      hint:
        `Look whether it did. If not: update dbctl.migration_log set state = 'failed' where version = ${migration.version} and state = 'running'; ` +
        `if it did: the same with statements_done = ${next}. Then run the command again.`,
    },
  );
}

type BuiltIndex = NonNullable<ReturnType<typeof concurrentIndex>>;

/** Looks at what the interrupted statement left, and clears a half-built index away. */
async function isDone(session: Session, built: BuiltIndex): Promise<boolean> {
  const valid = await indexValidity(session, built);
  if (built.act === 'drop') return valid === undefined;
  if (valid === false) await dropInvalid(session, built);
  return valid === true;
}

async function assertValid(session: Session, migration: MigrationFile, built: BuiltIndex): Promise<void> {
  if ((await indexValidity(session, built)) !== false) return;
  await dropInvalid(session, built);
  fail('migration.failed', `${migration.file}: index ${built.name ?? ''} exists, but is INVALID`, {
    hint: 'IF NOT EXISTS skipped over what an interrupted build had left. It was dropped: run the command again.',
  });
}

async function indexValidity(session: Session, built: BuiltIndex): Promise<boolean | undefined> {
  if (built.name === undefined) return undefined;
  const [row] = await session.rows<{ valid: boolean }>(INDEX_VALIDITY, [indexName(built)]);
  return row?.valid;
}

async function dropInvalid(session: Session, built: BuiltIndex): Promise<void> {
  if ((await indexValidity(session, built)) !== false) return;
  // Long enough for the transactions of a busy minute; without a limit a forgotten one would hang the whole run.
  await session.script('set lock_timeout = 30000');
  await session.script(`drop index concurrently if exists ${indexName(built)}`);
}

const indexName = ({ schema, name = '' }: BuiltIndex): string => (schema === undefined ? ident(name) : qualified(schema, name));

const INDEX_VALIDITY = /* sql */ `
select i.indisvalid and i.indisready as valid
from pg_catalog.pg_index i
where i.indexrelid = pg_catalog.to_regclass($1)`;
