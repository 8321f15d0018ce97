import { hostname } from 'node:os';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { ParquetWriter } from '../ops/archive/duckdb-module.ts';
import type { ArchiveFormat } from '../ops/archive/format.ts';
import type { ArchiveManifest } from '../ops/archive/manifest.ts';
import { ARCHIVE_SESSION, DESTINATION_OPTION, openArchives, type Archives } from './archive-context.ts';
import { sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'retention export',
  summary: 'copy a table or partition into an archive, fetch it back and compare every row; removes nothing',
  description:
    'The rows of one moment go to a destination of dbctl.yaml as csv.gz or Parquet, encrypted where archive.encryption says so. Then they are ' +
    'fetched from there, loaded into a temporary table and compared with the database, with what the ledger sealed too; only what is equal ' +
    'gets a signed manifest, and is an archive. The same rows again are the same archive. What a killed run left is taken away first. ' +
    'Needs select on the table, the right TEMPORARY in the database, and room on the server for the rows once more; vacuum waits until it has ended.',
  effect: 'changes',
  args: [{ name: '<table>', description: 'schema.table, of a partitioned table one partition' }],
  options: [
    { flags: '--as <format>', description: 'of the rows (default: archive.format)', choices: ['csv.gz', 'parquet'] },
    DESTINATION_OPTION,
  ],
  examples: [
    ['dbctl retention export audit.audit_log_2025_10 --env prod', 'one partition into the first destination'],
    ['dbctl retention export audit.audit_log_2025_10 --as parquet --destination lake', 'for DuckDB and Spark'],
    ['dbctl retention export audit.audit_log_2025_10 --dry-run', 'what would be copied'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const archives = await openArchives(context, options['destination'] as string | undefined);
  const format = (options['as'] ?? archives.config.archive.format) as ArchiveFormat;
  const parquetWriter = await archives.parquetWriter(format);
  const relation = String(options['table']);
  return context.withDatabase(ARCHIVE_SESSION, async (session) =>
    context.globals.dryRun
      ? rehearse(session, { relation, format, archives }, context)
      : act(session, { relation, format, parquetWriter, archives }, context),
  );
}

interface Wish {
  readonly relation: string;
  readonly format: ArchiveFormat;
  readonly archives: Archives;
}

async function act(
  session: Session,
  { relation, format, parquetWriter, archives }: Wish & { readonly parquetWriter: ParquetWriter },
  context: Context,
): Promise<Answer> {
  const { config, destination, publicKeys } = archives;
  const [{ exportRelation }, { operator }] = await Promise.all([import('../ops/archive/export.ts'), migrateSettings(context)]);
  if (destination.codec.recipients.length === 1)
    context.log.warn(
      'one recipient alone can open the archives: make a second identity with dbctl backup key, and keep it elsewhere',
    );
  const { manifest, outcome, cleared } = await exportRelation(session, {
    destination,
    relation,
    format,
    parquetWriter,
    xidColumn: config.ledger.xid_column,
    signer: await archives.signer(),
    publicKeys,
    project: config.project,
    environment: context.globals.env,
    operator: operator.name,
    dbctl: operator.toolVersion,
    machine: hostname(),
    retainDays: config.archive.retain_days ?? null,
    lockWaitMs: config.backup.lock_wait,
    clock: context.clock,
    progress: context.progress,
    signal: context.signal,
  });
  const coldBytes = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    ok: true,
    items: [
      item({
        id: manifest.id,
        object: `${manifest.relation.schema}.${manifest.relation.name}`,
        message:
          outcome === 'exported' ? 'exported, read back, every row compared' : 'there already: read back and compared again',
        outcome,
        rows: manifest.rows,
        bytes: coldBytes,
      }),
    ],
    summary: {
      destination: destination.name,
      place: destination.storage.place,
      outcome,
      rows: manifest.rows,
      hotBytes: manifest.relation.hotBytes,
      coldBytes,
      cleared: cleared.length,
    },
    target: context.target(session),
    view: {
      columns: [
        { field: 'id', title: 'archive' },
        { field: 'rows', title: 'rows', align: 'right' },
        { field: 'message', title: '' },
      ],
      notes: notes(manifest, coldBytes, destination.storage.place, cleared),
    },
  };
}

function notes(manifest: ArchiveManifest, coldBytes: number, place: string, cleared: readonly string[]): string[] {
  const { schema, name, hotBytes } = manifest.relation;
  const { ledger } = manifest;
  return [
    `${sizeText(hotBytes)} in the database, ${sizeText(coldBytes)} in ${place}.`,
    ledger === null
      ? 'The ledger has sealed none of these rows.'
      : `${ledger.rows} rows in ${ledger.windows} windows of the ledger: every root computed anew from the archive.`,
    ...(cleared.length === 0 ? [] : [`Taken away, left by a run that did not end: ${cleared.join(', ')}.`]),
    `Nothing was removed: ${schema}.${name} is as it was.`,
  ];
}

/** What an export would copy, without reading a row. */
async function rehearse(session: Session, { relation, format, archives }: Wish, context: Context): Promise<Answer> {
  const { EXACT_TEXT, orderOf, readRelation } = await import('../ops/archive/relation.ts');
  await session.script(EXACT_TEXT);
  const found = await readRelation(session, relation, archives.config.ledger.xid_column);
  const order = orderOf(found);
  const rows = found.estimatedRows < 0 ? 'an unknown number of' : `some ${found.estimatedRows}`;
  return {
    ok: true,
    items: [
      item({
        id: 'would-export',
        object: `${found.schema}.${found.name}`,
        message: `${rows} rows, ${sizeText(found.hotBytes)}, to ${archives.destination.name} as ${format}`,
        order: [...order],
      }),
    ],
    summary: { destination: archives.destination.name, format, hotBytes: found.hotBytes, estimatedRows: found.estimatedRows },
    target: context.target(session),
    view: {
      columns: [
        { field: 'object', title: 'table' },
        { field: 'message', title: '' },
      ],
      notes: [order.length === 0 ? 'It has no primary key: rows are ordered by their text.' : `Ordered by ${order.join(', ')}.`],
    },
  };
}
