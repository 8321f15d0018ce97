import type { ParsedOptions } from '../core/command.ts';
import { fail, type DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { DatabaseOutcome } from '../ops/backup/many.ts';

/** What a person is shown of backups that were made. */
export const MADE_COLUMNS = [
  { field: 'id', title: 'backup' },
  { field: 'object', title: 'in' },
  { field: 'message', title: '' },
] as const;

/** Names of the databases to back up one by one; null: that of the environment. Fails with usage where options contradict. */
export async function wantedDatabases(options: ParsedOptions, session: Session): Promise<readonly string[] | null> {
  const named = (options['database'] as readonly string[] | undefined) ?? [];
  const all = options['allDatabases'] === true;
  const hint = 'Run dbctl backup create --help.';
  if (!all && named.length === 0) return null;
  if (options['type'] === 'physical') {
    fail('usage', 'a physical backup holds every database of the server: leave --database and --all-databases out', { hint });
  }
  if (all && named.length > 0) fail('usage', '--database and --all-databases contradict each other', { hint });
  if (!all) return [...new Set(named)];
  const { databasesOf } = await import('../ops/backup/many.ts');
  return databasesOf(session);
}

/** The line of one that cannot be backed up. */
export function failedDatabase(database: string, { code, message, hint }: DbctlError): Item {
  const said = { message: `${database}: not backed up: ${message}`, fix: hint ?? null };
  return item({ id: database, object: '-', status: 'fail', severity: 'high', code, ...said });
}

/** One answer about several databases: exit 1 when one failed. */
export function manyAnswer(outcomes: readonly DatabaseOutcome<Answer>[], seconds: number, target: Answer['target']): Answer {
  const items = outcomes.flatMap(({ database, made, problem }): Item[] => {
    if (problem === null) return made.items.map((one) => ({ ...one, message: `${database}: ${one.message}` }));
    return [failedDatabase(database, problem)];
  });
  const failed = outcomes.filter(({ made }) => made?.ok !== true).length;
  return {
    ok: failed === 0,
    items,
    summary: { databases: outcomes.length, failed, seconds },
    target: target ?? null,
    view: {
      columns: MADE_COLUMNS,
      notes: ['Each is of a moment of its own. One counts when it was restored and compared: dbctl backup drill'],
    },
  };
}
