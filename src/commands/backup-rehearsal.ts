import type { ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { EngineChoice } from '../ops/backup/engine.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { ConnectionTarget } from '../runtime/connection/target.ts';
import { BACKUP_SESSION } from './backup-context.ts';
import { failedDatabase } from './backup-databases.ts';
import type { Context } from './context.ts';
import { toolsContext } from './tools-context.ts';

export interface Rehearsal {
  readonly target: ConnectionTarget;
  /** Null: that of the session alone. */
  readonly databases: readonly string[] | null;
  /** Where it would be made. */
  readonly home: Repository;
  readonly repositories: readonly Repository[];
}

/**
 * What backup create --dry-run says: what would be made where, after the programs, the rights and the state of each source were looked at as
 * before a backup. Fails as the backup would, where it is of one.
 */
export async function rehearse(
  session: Session,
  { target, databases, home, repositories }: Rehearsal,
  options: ParsedOptions,
  context: Context,
): Promise<Answer> {
  const { places: tools } = await toolsContext(context);
  const where = repositories.map(({ storage }) => storage.place).join(', ');
  const would = (what: string) =>
    item({ id: 'backup', object: home.name, message: `a backup of ${what} would be made in ${where}` });
  if (options['type'] === 'physical') {
    const { preparePhysicalBackup } = await import('../ops/backup/physical.ts');
    const incremental = options['incremental'] === true ? { id: null, publicKeys: [] } : null;
    const engine = options['engine'] as EngineChoice;
    await preparePhysicalBackup(session, { repository: home, target, signal: context.signal, incremental, engine, tools });
    return { ok: true, items: [would('the whole server')], summary: {}, target: context.target(session) };
  }
  const { prepareLogicalBackup } = await import('../ops/backup/create.ts');
  if (databases === null) {
    await prepareLogicalBackup(session, tools);
    return { ok: true, items: [would(session.database)], summary: {}, target: context.target(session) };
  }
  const { eachDatabase } = await import('../ops/backup/many.ts');
  const reading = { ...BACKUP_SESSION, signal: context.signal };
  const outcomes = await eachDatabase(databases, target, reading, (one) => prepareLogicalBackup(one, tools));
  const good = outcomes.filter(({ problem }) => problem === null).map(({ database }) => database);
  const failed = outcomes.flatMap(({ database, problem }) => (problem === null ? [] : [failedDatabase(database, problem)]));
  return {
    ok: failed.length === 0,
    items: [...(good.length === 0 ? [] : [would(good.join(', '))]), ...failed],
    summary: { databases: outcomes.length, failed: failed.length },
    target: context.target(session),
  };
}
