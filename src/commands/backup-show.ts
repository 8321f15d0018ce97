import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import { versionText } from '../core/pin.ts';
import type { Manifest } from '../ops/backup/manifest.ts';
import { REPOSITORY_OPTION, bytesOf, chooseBackup, openBackups, sizeText } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup show',
  summary: 'what one backup holds, where it is from, and what a restore of it needs',
  description: 'Reads the manifest, once its seal is good; the whole of it with --format json. Needs no database.',
  effect: 'reads',
  args: [{ name: '[id]', description: 'the backup (default: latest)' }],
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup show', 'the newest'],
    ['dbctl backup show latest --format json', 'with the fingerprint of every table and the hash of every file'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const manifest = await chooseBackup(backups, (options['id'] as string | undefined) ?? 'latest');
  return {
    ok: true,
    items: factsOf(manifest).map(([name, value]) => item({ id: name, object: name, message: value })),
    summary: { manifest: JSON.parse(JSON.stringify(manifest)) as never },
    view: {
      title: manifest.id,
      columns: [
        { field: 'object', title: '' },
        { field: 'message', title: '' },
      ],
    },
  };
}

function factsOf(manifest: Manifest): readonly (readonly [string, string])[] {
  const { type, snapshotAt, environment, operator, programs, files, previous, source, encryption } = manifest;
  const versions = Object.entries(programs).map(([name, version]) => `${name} ${version}`);
  return [
    ['type', type],
    ['data of', snapshotAt],
    [
      'from',
      `${source.database} of ${environment}, PostgreSQL ${versionText(source.serverVersion)}, system ${source.systemIdentifier ?? 'unknown'}`,
    ],
    ['by', operator],
    ['size', `${sizeText(bytesOf(manifest))} in ${files.length} files, of ${sizeText(source.sizeBytes)}`],
    ...(versions.length === 0 ? [] : [['programs', versions.join(', ')] as const]),
    ...(manifest.type === 'logical' ? logicalFacts(manifest) : physicalFacts(manifest)),
    ['encrypted', encryption === null ? 'no' : `for ${encryption.recipients.join(', ')} when it was made`],
    ['before it', previous === null ? 'none' : previous.id],
  ];
}

function logicalFacts({ fingerprint, source }: Extract<Manifest, { type: 'logical' }>): (readonly [string, string])[] {
  const rows = fingerprint.tables.reduce((sum, table) => sum + Number(table.rows), 0);
  return [
    [
      'holds',
      `${rows} rows of ${fingerprint.tables.length} tables, ${fingerprint.sequences.length} sequences, ${fingerprint.largeObjects?.count ?? 0} large objects`,
    ],
    [
      'needs',
      `${source.encoding}, ${source.localeProvider} ${source.locale ?? source.collate}; roles ${listed(source.roles.map(({ name }) => name))}; extensions ${listed(source.extensions.map(({ name }) => name))}`,
    ],
  ];
}

function physicalFacts({
  source,
  startLsn,
  endLsn,
  timeline,
  tablespaces,
  engine,
  parent,
}: Extract<Manifest, { type: 'physical' }>): (readonly [string, string])[] {
  return [
    ['taken by', engine === 'native' ? 'dbctl itself (native)' : 'pg_basebackup (tools)'],
    ['holds', `databases ${listed(source.databases)}; ${tablespaces.length} tablespaces`],
    ['changes since', parent === null ? 'nothing: it holds everything' : `${parent.id}, without which it cannot be restored`],
    ['WAL', `${startLsn} to ${endLsn}, timeline ${timeline}`],
  ];
}

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
