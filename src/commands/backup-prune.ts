import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { PruneDecision } from '../ops/backup/prune.ts';
import type { Repository } from '../ops/backup/repository.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import type { StoredFile } from '../ops/storage/storage.ts';
import type { WalPrune } from '../ops/wal/prune.ts';
import { REPOSITORY_OPTION, knownBackups, openBackups, sizeText, type Backups } from './backup-context.ts';
import { withNotices } from './backup-notices.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup prune',
  summary: 'remove the backups that no rule keeps',
  description:
    'Keeps in each repository, of each database, the newest of each day, week, month and year as backup.keep says (without it: of the last 7 days that have one), ' +
    'and always the newest sealed one. One under hold (a file of its name in the folder .holds of the repository) and one whose seal is ' +
    'broken stay, and so does what an incremental one that stays was made on. A signed note of each removal keeps the chain of manifests whole. ' +
    'The write-ahead log goes up to the segment in which the oldest physical backup that stays begins; without one all of it stays. ' +
    'What a killed push left half-written in the log goes after a day. ' +
    'Look first with --dry-run. Needs no database.',
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
  const seen = await Promise.all(
    backups.repositories.map((repository) => planOrProblem({ ...backups, repository }, context.clock())),
  );
  const plans = seen.flatMap((one) => one.plan ?? []);
  const failures = seen.flatMap((one) => one.failure ?? []);
  const going = plans.flatMap(({ decisions }) => decisions.filter(({ act }) => act === 'remove'));
  const all = plans.reduce((sum, { decisions }) => sum + decisions.length, 0);
  const [wal, left] = [walOf(plans), plans.reduce((sum, plan) => sum + plan.left.length, 0)];
  const { dryRun } = context.globals;
  if (!dryRun && going.length + wal.files + left > 0) {
    await context.confirm(
      `Remove ${going.length} of ${all} backups${walText(wal)}${leftText(left)}?\n${plans.flatMap(goingLines).join('\n')}`,
    );
    for (const plan of plans) await removeGoing(plan, backups, context);
  }
  return {
    ok: failures.length === 0,
    items: [...failures, ...plans.flatMap(itemsOf)],
    summary: {
      repositories: seen.length,
      kept: all - going.length,
      removed: going.length,
      walFiles: wal.files,
      walBytes: wal.bytes,
      leftFiles: left,
      state: dryRun ? 'planned' : 'done',
    },
    view: {
      columns: [
        ...(seen.length === 1 ? [] : [{ field: 'repository', title: 'repository' }]),
        { field: 'object', title: 'backup' },
        { field: 'act', title: dryRun ? 'would' : 'done' },
        { field: 'message', title: 'because' },
      ],
      notes: [
        going.length + wal.files + left === 0
          ? 'Nothing to remove.'
          : `${going.length} backups${walText(wal)}${leftText(left)} ${dryRun ? 'would be removed' : 'removed'}, ${all - going.length} kept.`,
      ],
    },
  };
}

interface PrunePlan {
  readonly repository: Repository;
  readonly known: readonly KnownBackup[];
  readonly decisions: readonly PruneDecision[];
  /** Null: there is no log in the repository. */
  readonly wal: WalPrune | null;
  /** Half-written files of the log. */
  readonly left: readonly StoredFile[];
}

/** One that does not answer keeps the others from nothing; where it is the only one, that is the answer. */
async function planOrProblem(backups: Backups, now: Date): Promise<{ readonly plan?: PrunePlan; readonly failure?: Item }> {
  try {
    return { plan: await planOf(backups, now) };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || backups.repositories.length === 1) throw thrown;
    const { name } = backups.repository;
    const failure = item({
      id: 'repository',
      object: name,
      repository: name,
      status: 'fail',
      severity: 'high',
      message: thrown.message,
      fix: 'dbctl backup list',
    });
    return { failure };
  }
}

async function planOf(backups: Backups, now: Date): Promise<PrunePlan> {
  const [{ planPrune, readHolds, readLocks }, { planWalPrune }, { readArchive }, { leftWal }] = await Promise.all([
    import('../ops/backup/prune.ts'),
    import('../ops/wal/prune.ts'),
    import('../ops/wal/archive.ts'),
    import('../ops/wal/left-behind.ts'),
  ]);
  const { repository, config } = backups;
  const known = await knownBackups(backups);
  const holds = await readHolds(
    repository,
    known.map(({ id }) => id),
  );
  const wished = planPrune(known, config.backup.keep, holds);
  const locks = await readLocks(
    repository,
    wished.flatMap(({ id, act }) => (act === 'remove' ? [id] : [])),
  );
  // Once more: what a locked one was made on has to stay with it.
  const decisions = locks.size === 0 ? wished : planPrune(known, config.backup.keep, new Map([...holds, ...locks]));
  const going = goingIds(decisions);
  const kept = known.filter(({ id }) => !going.has(id));
  const archive = await readArchive(repository);
  const wal = archive.names.length === 0 ? null : planWalPrune(archive, kept);
  return { repository, known, decisions, wal, left: await leftWal(repository, now) };
}

const goingIds = (decisions: readonly PruneDecision[]): ReadonlySet<string> =>
  new Set(decisions.flatMap(({ id, act }) => (act === 'remove' ? [id] : [])));

interface WalSum {
  readonly files: number;
  readonly bytes: number;
}

const walOf = (plans: readonly PrunePlan[]): WalSum => ({
  files: plans.reduce((sum, { wal }) => sum + (wal?.remove.length ?? 0), 0),
  bytes: plans.reduce((sum, { wal }) => sum + (wal?.bytes ?? 0), 0),
});

const leftText = (files: number): string => (files === 0 ? '' : ` and ${files} half-written files`);

const walText = ({ files, bytes }: WalSum): string => (files === 0 ? '' : ` and ${files} files of the log (${sizeText(bytes)})`);

function itemsOf({ repository: { name: repository }, decisions, wal, left }: PrunePlan): Item[] {
  const items = [
    ...decisions.map(({ id, act, why }) => item({ id, object: id, message: why, act, repository })),
    ...(left.length === 0 ? [] : [leftItem(left, repository)]),
  ];
  if (wal === null) return items;
  const { remove, bytes, why } = wal;
  const message = remove.length === 0 ? why : `${remove.length} files, ${sizeText(bytes)}: ${why}`;
  const act = remove.length === 0 ? 'keep' : 'remove';
  return [...items, item({ id: 'wal', object: 'write-ahead log', message, act, repository, files: remove.length, bytes })];
}

function leftItem(left: readonly StoredFile[], repository: string): Item {
  const bytes = left.reduce((sum, file) => sum + file.bytes, 0);
  const message = `${left.length} half-written files, ${sizeText(bytes)}: a run that was killed left them more than a day ago`;
  return item({ id: 'wal-left', object: 'write-ahead log', message, act: 'remove', repository, files: left.length, bytes });
}

function goingLines({ repository: { name }, decisions, wal, left }: PrunePlan): string[] {
  const lines = [
    ...[...goingIds(decisions)].map((id) => `  ${id} of ${name}`),
    ...(left.length === 0 ? [] : [`  ${left.length} half-written files in the log of ${name}`]),
  ];
  if (wal === null || wal.remove.length === 0) return lines;
  return [...lines, `  the log of ${name}, ${wal.remove[0]} to ${wal.remove.at(-1)}`];
}

/** Backups first: a run that is killed leaves log nobody needs, and never a backup without its log. */
async function removeGoing(
  { repository, known, decisions, wal, left }: PrunePlan,
  backups: Backups,
  { signal, clock }: Context,
): Promise<void> {
  const [{ removeBackup }, { pruneWal }, { removeLeftWal }] = await Promise.all([
    import('../ops/backup/prune.ts'),
    import('../ops/wal/prune.ts'),
    import('../ops/wal/left-behind.ts'),
  ]);
  const going = goingIds(decisions);
  // From the newest on: an incremental backup goes before those it was made on.
  for (const one of known.toReversed()) {
    if (one.state === 'sealed' && going.has(one.id)) await removeBackup(repository, one.manifest, await backups.signer(), signal);
  }
  if (wal !== null && wal.remove.length > 0) await pruneWal(repository, wal, signal);
  if (left.length > 0) await removeLeftWal(repository, clock());
}
