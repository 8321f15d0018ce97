import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import { REPOSITORY_OPTION, bytesOf, knownBackups, openBackups, sizeText, type Backups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup verify',
  summary: 'hash every file of the backups again, and compare with the sealed manifests',
  description:
    'Finds files that were changed, cut short, swapped, added or are missing, manifests that were changed, and backups that are missing in ' +
    'the chain of manifests, or that an incremental one needs. Says nothing about whether they can be restored: that is what backup drill tries. The archived log is read by wal status --read. Needs no database.',
  effect: 'reads',
  args: [{ name: '[id]', description: 'one backup, or latest (default: all of them)' }],
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup verify', 'all of them'],
    ['dbctl backup verify latest', 'the newest'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const all = await knownBackups(backups);
  const wanted = options['id'] as string | undefined;
  const chosen = await choose(all, wanted, backups);
  let bytes = 0;
  const total = chosen.reduce((sum, one) => sum + (one.state === 'sealed' ? bytesOf(one.manifest) : 0), 0);
  const step = context.progress.step('hash files', total, 'bytes');
  const items: Item[] = [];
  for (const known of chosen) {
    items.push(
      await verified(known, all, backups, (count) => {
        bytes += count;
        step.tick(count);
      }),
    );
  }
  step.done();
  const count = (outcome: Item['status']) => items.filter(({ status }) => status === outcome).length;
  const [bad, unread] = [count('fail'), count('unknown')];
  const { unnamedBackups } = await import('../ops/backup/previous.ts');
  const unnamed = unnamedBackups(all.flatMap((one) => (one.state === 'sealed' ? [one.manifest] : [])));
  return {
    ok: bad + unread === 0 && items.length > 0,
    items,
    summary: { repository: backups.repository.name, backups: items.length, bad, unread, unnamed: unnamed.length, bytes },
    view: {
      columns: [
        { field: 'id', title: 'backup' },
        { field: 'message', title: '' },
      ],
      notes: [
        `${items.length} backups, ${sizeText(bytes)} read.`,
        ...(unnamed.length === 0
          ? []
          : [
              `No later backup names ${unnamed.join(', ')}: two machines made one at the same time, or the one between was pruned. The next one names what is there; until then nothing would show that it was taken away.`,
            ]),
      ],
    },
  };
}

async function choose(
  all: readonly KnownBackup[],
  wanted: string | undefined,
  { repository }: Backups,
): Promise<readonly KnownBackup[]> {
  const { fail } = await import('../core/errors.ts');
  if (wanted === undefined) return all;
  const { followChain } = await import('../ops/backup/chain.ts');
  const chosen = wanted === 'latest' ? all.at(-1) : all.find(({ id }) => id === wanted);
  if (chosen !== undefined && chosen.state !== 'sealed') return [chosen];
  // One that holds changes is whole when those it was made on are.
  if (chosen !== undefined) {
    const { members } = followChain(chosen.manifest, all);
    return all.filter(({ id }) => members.some((member) => member.id === id));
  }
  return fail('backup.failed', `${repository.name} has no backup ${wanted}`, { hint: 'dbctl backup list shows what is there.' });
}

async function verified(
  known: KnownBackup,
  all: readonly KnownBackup[],
  { repository, publicKeys }: Backups,
  onBytes: (bytes: number) => void,
): Promise<Item> {
  const [{ backupProblems }, { unreadText }] = await Promise.all([
    import('../ops/backup/verify.ts'),
    import('../ops/backup/unread.ts'),
  ]);
  const { id } = known;
  const unknown = (message: string) =>
    item({ id, object: id, status: 'unknown', severity: 'high', message, fix: 'look at the storage, and run it again' });
  if (known.state === 'unread') return unknown(known.problem);
  const problems = await backupProblems(repository, known, { all, publicKeys, onBytes }).catch((thrown: unknown) => {
    // The others are read all the same.
    if (thrown instanceof DbctlError && thrown.code === 'storage.failed') return unknown(unreadText(thrown));
    throw thrown;
  });
  if (!Array.isArray(problems)) return problems;
  if (problems.length === 0) return item({ id, object: id, message: 'every file as it was sealed' });
  const fix = 'take another one, and find out what happened to it';
  return item({ id, object: id, status: 'fail', severity: 'high', message: problems.join('; '), fix });
}
