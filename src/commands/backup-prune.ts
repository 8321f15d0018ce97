import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer } from '../core/report.ts';
import type { PruneDecision } from '../ops/backup/prune.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import type { Signer } from '../ops/signing/signer.ts';
import { REPOSITORY_OPTION, knownBackups, openBackups, type Backups } from './backup-context.ts';
import { withNotices } from './backup-notices.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup prune',
  summary: 'remove the backups that no rule keeps',
  description:
    'Keeps in each repository, of each database, the newest of each day, week, month and year as backup.keep says (without it: of the last 7 days that have one), ' +
    'and always the newest sealed one. One under hold (a file of its name in the folder .holds of the repository) and one whose seal is ' +
    'broken stay, and so does what an incremental one that stays was made on. A signed note of each removal keeps the chain of manifests whole. Look first with --dry-run. Needs no database.',
  effect: 'changes',
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup prune --dry-run', 'what would go, and why the others stay'],
    ['dbctl backup prune --yes', 'from a timer, after backup create'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const plans = await Promise.all(backups.repositories.map((repository) => planOf({ ...backups, repository })));
  const going = plans.flatMap(({ decisions }) => decisions.filter(({ act }) => act === 'remove'));
  const all = plans.reduce((sum, { decisions }) => sum + decisions.length, 0);
  const { dryRun } = context.globals;
  if (!dryRun && going.length > 0) {
    await context.confirm(`Remove ${going.length} of ${all} backups?\n${plans.flatMap(goingLines).join('\n')}`);
    const signer = await backups.signer();
    for (const plan of plans) await removeGoing(plan, signer, context);
  }
  return {
    ok: true,
    items: plans.flatMap(({ repository, decisions }) =>
      decisions.map(({ id, act, why }) => item({ id, object: id, message: why, act, repository: repository.name })),
    ),
    summary: {
      repositories: plans.length,
      kept: all - going.length,
      removed: going.length,
      state: dryRun ? 'planned' : 'done',
    },
    view: {
      columns: [
        ...(plans.length === 1 ? [] : [{ field: 'repository', title: 'repository' }]),
        { field: 'object', title: 'backup' },
        { field: 'act', title: dryRun ? 'would' : 'done' },
        { field: 'message', title: 'because' },
      ],
      notes: [
        going.length === 0
          ? 'Nothing to remove.'
          : `${going.length} ${dryRun ? 'would be removed' : 'removed'}, ${all - going.length} kept.`,
      ],
    },
  };
}

interface PrunePlan {
  readonly repository: Repository;
  readonly known: readonly KnownBackup[];
  readonly decisions: readonly PruneDecision[];
}

async function planOf(backups: Backups): Promise<PrunePlan> {
  const { planPrune, readHolds } = await import('../ops/backup/prune.ts');
  const { repository, config } = backups;
  const known = await knownBackups(backups);
  const holds = await readHolds(
    repository,
    known.map(({ id }) => id),
  );
  return { repository, known, decisions: planPrune(known, config.backup.keep, holds) };
}

const goingLines = ({ repository, decisions }: PrunePlan): string[] =>
  decisions.flatMap(({ id, act }) => (act === 'remove' ? [`  ${id} of ${repository.name}`] : []));

async function removeGoing({ repository, known, decisions }: PrunePlan, signer: Signer, { signal }: Context): Promise<void> {
  const { removeBackup } = await import('../ops/backup/prune.ts');
  const going = new Set(decisions.flatMap(({ id, act }) => (act === 'remove' ? [id] : [])));
  // From the newest on: an incremental backup goes before those it was made on.
  for (const one of known.toReversed()) {
    if (one.state === 'sealed' && going.has(one.id)) await removeBackup(repository, one.manifest, signer, signal);
  }
}
