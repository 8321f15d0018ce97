import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import { REPOSITORY_OPTION, knownBackups, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup prune',
  summary: 'remove the backups that no rule keeps',
  description:
    'Keeps, of each database, the newest of each day, week, month and year as backup.keep says (without it: of the last 7 days that have one), ' +
    'and always the newest sealed one. One under hold (a file of its name in the folder .holds of the repository) and one whose seal is ' +
    'broken stay. A signed note of each removal keeps the chain of manifests whole. Look first with --dry-run. Needs no database.',
  effect: 'changes',
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup prune --dry-run', 'what would go, and why the others stay'],
    ['dbctl backup prune --yes', 'from a timer, after backup create'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { planPrune, readHolds, removeBackup } = await import('../ops/backup/prune.ts');
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const { repository, config } = backups;
  const known = await knownBackups(backups);
  const holds = await readHolds(
    repository,
    known.map(({ id }) => id),
  );
  const decisions = planPrune(known, config.backup.keep, holds);
  const going = decisions.filter(({ act }) => act === 'remove');
  const { dryRun } = context.globals;
  if (!dryRun && going.length > 0) {
    await context.confirm(
      `Remove ${going.length} of ${known.length} backups from ${repository.name}?\n${going.map(({ id }) => `  ${id}`).join('\n')}`,
    );
    const signer = await backups.signer();
    for (const one of known) {
      if (one.state === 'sealed' && going.some(({ id }) => id === one.id))
        await removeBackup(repository, one.manifest, signer, context.signal);
    }
  }
  return {
    ok: true,
    items: decisions.map(({ id, act, why }) => item({ id, object: id, message: why, act })),
    summary: {
      repository: repository.name,
      kept: decisions.length - going.length,
      removed: going.length,
      state: dryRun ? 'planned' : 'done',
    },
    view: {
      columns: [
        { field: 'object', title: 'backup' },
        { field: 'act', title: dryRun ? 'would' : 'done' },
        { field: 'message', title: 'because' },
      ],
      notes: [
        going.length === 0
          ? 'Nothing to remove.'
          : `${going.length} ${dryRun ? 'would be removed' : 'removed'}, ${decisions.length - going.length} kept.`,
      ],
    },
  };
}
