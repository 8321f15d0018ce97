import { hostname } from 'node:os';
import type { ArchiveTools } from '../ops/retention/archiving/run.ts';
import type { ArchiveRule } from '../ops/retention/settings.ts';
import { ARCHIVE_SESSION, openArchives, type Archives } from './archive-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { RETENTION_SETTINGS } from './retention-context.ts';

/** What a run of a rule that archives works with. Fails where the project names no key to sign with, or no destination. */
export async function archiveTools(rule: ArchiveRule, context: Context): Promise<ArchiveTools> {
  const opened = new Map<string, Promise<Archives>>();
  const open = (name: string | null): Promise<Archives> => {
    const wanted = name ?? rule.destination ?? '';
    const found = opened.get(wanted) ?? openArchives(context, wanted === '' ? undefined : wanted);
    opened.set(wanted, found);
    return found;
  };
  const archives = await open(null);
  const [{ exportRelation }, { operator }] = await Promise.all([import('../ops/archive/export.ts'), migrateSettings(context)]);
  const { config } = archives;
  const format = rule.format ?? config.archive.format;
  const parquetWriter = await archives.parquetWriter(format);
  let ready: Promise<void> | undefined;
  const makeReady = async (): Promise<void> => {
    await archives.signer();
    if (parquetWriter !== 'built-in') await (await import('../ops/archive/duckdb-module.ts')).requireDuckdb(parquetWriter);
  };
  return {
    ready: () => (ready ??= makeReady()),
    xidColumn: config.ledger.xid_column,
    publicKeys: archives.publicKeys,
    destination: async (name) => (await open(name)).destination,
    session: (use) => context.withDatabase({ ...ARCHIVE_SESSION, settings: RETENTION_SETTINGS }, use),
    export: async (session, relation, retainDays) =>
      exportRelation(session, {
        destination: archives.destination,
        relation,
        format,
        parquetWriter,
        xidColumn: config.ledger.xid_column,
        signer: await archives.signer(),
        publicKeys: archives.publicKeys,
        project: config.project,
        environment: context.globals.env,
        operator: operator.name,
        dbctl: operator.toolVersion,
        machine: hostname(),
        retainDays: retainDays ?? config.archive.retain_days ?? null,
        lockWaitMs: config.backup.lock_wait,
        clock: context.clock,
        progress: context.progress,
        signal: context.signal,
      }),
  };
}
