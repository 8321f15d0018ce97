import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Problem } from '../ops/backup/chain.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import { REPOSITORY_OPTION, bytesOf, knownBackups, openBackups, sizeText } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup list',
  summary: 'the backups of a repository, oldest first, and whether their seals are good',
  description:
    'Opens each manifest and checks its signature and its hash; files are not read, which is what backup verify is for. Needs no database. ' +
    'Exit 1 when one is broken or could not be read, or one that another was made on is gone.',
  effect: 'reads',
  options: [REPOSITORY_OPTION],
  examples: [['dbctl backup list', 'what is there?']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const known = await knownBackups(backups);
  const { problemOf } = await import('../ops/backup/chain.ts');
  const items = known.map((one) => backupItem(one, problemOf(one, known)));
  const count = (outcome: Item['status']) => items.filter(({ status }) => status === outcome).length;
  return {
    ok: items.every(({ status }) => status === 'pass'),
    items,
    summary: { repository: backups.repository.name, backups: known.length, broken: count('fail'), unread: count('unknown') },
    view: {
      columns: [
        { field: 'id', title: 'backup' },
        { field: 'type', title: 'type' },
        { field: 'snapshotAt', title: 'of' },
        { field: 'size', title: 'size', align: 'right' },
        { field: 'version', title: 'server' },
        { field: 'message', title: '' },
      ],
      notes: known.length === 0 ? [`${backups.repository.storage.place} holds no backup. Make one: dbctl backup create`] : [],
    },
  };
}

function backupItem(known: KnownBackup, problem: Problem | null): Item {
  const { id } = known;
  const wrong = problem === null ? {} : outcomeOf(problem);
  if (known.state !== 'sealed') return item({ ...wrong, id, object: id, message: known.problem });
  const { type, snapshotAt, source } = known.manifest;
  const parent = known.manifest.type === 'physical' ? known.manifest.parent : null;
  return item({
    ...wrong,
    id,
    object: id,
    message:
      problem?.words ??
      `${source.database} of ${known.manifest.environment}${parent === null ? '' : `, what changed since ${parent.id}`}`,
    parent: parent?.id ?? null,
    type,
    snapshotAt: snapshotAt.replace(/\.\d+/, ''),
    size: sizeText(bytesOf(known.manifest)),
    bytes: bytesOf(known.manifest),
    version: `${Math.floor(source.serverVersion / 10_000)}.${source.serverVersion % 10_000}`,
  });
}

const outcomeOf = ({ unread }: Problem) =>
  unread
    ? ({ status: 'unknown', severity: 'high', fix: 'look at the storage, and run it again' } as const)
    : ({ status: 'fail', severity: 'high', fix: 'take another one' } as const);
