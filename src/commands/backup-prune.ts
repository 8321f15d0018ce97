import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Pruned, RepositoryPrune } from '../ops/backup/prune-repository.ts';
import type { Repository } from '../ops/backup/repository.ts';
import { REPOSITORIES_OPTION, openBackups, sizeText, type Backups } from './backup-context.ts';
import { withNotices } from './notices.ts';
import type { Context } from './context.ts';

export const spec: CommandSpec = {
  name: 'backup prune',
  summary: 'remove the backups that no rule keeps',
  description:
    'Keeps in each repository, of each database of each environment, the newest of each day, week, month and year as backup.keep says (without it: of the last 7 days that have one), ' +
    'and always the newest sealed one. One under hold (a file of its name in the folder .holds of the repository) and one whose seal is ' +
    'broken stay, and so does what an incremental one that stays was made on. A signed note of each removal keeps the chain of manifests whole. ' +
    'The write-ahead log goes up to the segment in which the oldest physical backup that stays begins; without one all of it stays. ' +
    'A hold whose name is that of no backup stops it: what it was to keep would go. What a killed push left half-written in the log goes after a day, and so does what a killed run was sending to a bucket in parts. ' +
    'Look first with --dry-run. One repository that fails is exit 1, and the others are pruned all the same. Needs no database.',
  effect: 'changes',
  options: [REPOSITORIES_OPTION],
  examples: [
    ['dbctl backup prune --dry-run', 'what would go, and why the others stay'],
    ['dbctl backup prune --yes', 'from a timer, after backup create'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const seen = await Promise.all(backups.repositories.map((repository) => planOrProblem(repository, backups, context.clock())));
  const plans = seen.flatMap((one) => one.plan ?? []);
  const { dryRun } = context.globals;
  const planned = sumOf(plans.map(foreseen));
  const all = plans.reduce((sum, { decisions }) => sum + decisions.length, 0);
  if (!dryRun && planned.backups + planned.walFiles + planned.leftFiles > 0)
    await context.confirm(
      `Remove ${planned.backups} of ${all} backups${walText(planned)}${leftText(planned)}?\n${plans.flatMap(goingLines).join('\n')}`,
    );
  const outcomes = dryRun ? plans.map(foreseen) : await pruneAll(plans, backups, context);
  const failures = [...seen.flatMap((one) => one.failure ?? []), ...outcomes.flatMap(failureOf)];
  const done = sumOf(outcomes);
  return {
    ok: failures.length === 0,
    items: [...failures, ...outcomes.flatMap(itemsOf)],
    summary: {
      repositories: seen.length,
      kept: all - done.backups,
      removed: done.backups,
      walFiles: done.walFiles,
      walBytes: done.walBytes,
      leftFiles: done.leftFiles,
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
        planned.backups + planned.walFiles + planned.leftFiles === 0
          ? 'Nothing to remove.'
          : `${done.backups} backups${walText(done)}${leftText(done)} ${dryRun ? 'would be removed' : 'removed'}, ${all - done.backups} kept.`,
      ],
    },
  };
}

/** One that does not answer keeps the others from nothing; where it is the only one, that is the answer. */
async function planOrProblem(
  repository: Repository,
  { repositories, publicKeys, config }: Backups,
  now: Date,
): Promise<{ readonly plan?: RepositoryPrune; readonly failure?: Item }> {
  const { planRepository } = await import('../ops/backup/prune-repository.ts');
  try {
    return { plan: await planRepository(repository, publicKeys, config.backup.keep, now) };
  } catch (thrown) {
    if (!(thrown instanceof DbctlError) || repositories.length === 1) throw thrown;
    return { failure: failed(repository.name, thrown.message) };
  }
}

/** What became of a plan, or would. */
interface Outcome extends Pruned {
  readonly plan: RepositoryPrune;
}

const foreseen = (plan: RepositoryPrune): Outcome => ({
  plan,
  backups: new Set([...plan.unfinished, ...plan.going.map(({ id }) => id)]),
  wal: true,
  problem: null,
});

async function pruneAll(
  plans: readonly RepositoryPrune[],
  backups: Backups,
  { clock, progress, signal }: Context,
): Promise<Outcome[]> {
  const { pruneRepository } = await import('../ops/backup/prune-repository.ts');
  const outcomes: Outcome[] = [];
  for (const plan of plans) {
    const step = progress.step(`remove from ${plan.repository.name}`, foreseen(plan).backups.size);
    const pruned = await pruneRepository(plan, () => backups.signer(), {
      now: clock(),
      signal,
      onRemoved: (id) => step.tick(1, id),
    });
    if (pruned.problem === null) step.done();
    else step.failed();
    outcomes.push({ plan, ...pruned });
  }
  return outcomes;
}

const failureOf = ({ plan, problem }: Outcome): Item[] => (problem === null ? [] : [failed(plan.repository.name, problem)]);

const failed = (repository: string, message: string): Item =>
  item({
    id: 'repository',
    object: repository,
    repository,
    status: 'fail',
    severity: 'high',
    message,
    fix: 'dbctl backup list',
  });

interface Sum {
  readonly backups: number;
  readonly walFiles: number;
  readonly walBytes: number;
  readonly leftFiles: number;
}

function sumOf(outcomes: readonly Outcome[]): Sum {
  const wal = outcomes.flatMap((one) => (one.wal && one.plan.wal !== null ? [one.plan.wal] : []));
  return {
    backups: outcomes.reduce((sum, { backups }) => sum + backups.size, 0),
    walFiles: wal.reduce((sum, { remove }) => sum + remove.length, 0),
    walBytes: wal.reduce((sum, { bytes }) => sum + bytes, 0),
    leftFiles: outcomes.reduce((sum, one) => sum + (one.wal ? leftOf(one.plan).length : 0), 0),
  };
}

const walText = ({ walFiles, walBytes }: Sum): string =>
  walFiles === 0 ? '' : ` and ${walFiles} files of the log (${sizeText(walBytes)})`;

const leftText = ({ leftFiles }: Sum): string => (leftFiles === 0 ? '' : ` and ${leftFiles} half-written files`);

const leftOf = ({ left, uploads }: RepositoryPrune) => [...left, ...uploads];

function itemsOf({ plan: { repository, decisions, wal, left, uploads }, backups, wal: walWent }: Outcome): Item[] {
  const { name } = repository;
  const decided = decisions.map(({ id, act, why }) => {
    const stays = act === 'remove' && !backups.has(id);
    return item({
      id,
      object: id,
      message: stays ? `${why}, and it is still there` : why,
      act: stays ? 'keep' : act,
      repository: name,
    });
  });
  const leavings = walWent ? [...leftItems(WAL_LEFT, left, name), ...leftItems(UPLOADS_LEFT, uploads, name)] : [];
  const items = [...decided, ...leavings];
  if (wal === null) return items;
  const { remove, bytes, why } = wal;
  const goes = remove.length > 0 && walWent;
  const message = goes ? `${remove.length} files, ${sizeText(bytes)}: ${why}` : why;
  const files = { files: goes ? remove.length : 0, bytes: goes ? bytes : 0 };
  return [
    ...items,
    item({ id: 'wal', object: 'write-ahead log', message, act: goes ? 'remove' : 'keep', repository: name, ...files }),
  ];
}

const WAL_LEFT = { id: 'wal-left', object: 'write-ahead log', what: 'half-written files' };
const UPLOADS_LEFT = { id: 'uploads-left', object: 'unfinished uploads', what: 'files sent in part' };

function leftItems({ id, object, what }: typeof WAL_LEFT, left: RepositoryPrune['left'], repository: string): Item[] {
  if (left.length === 0) return [];
  const bytes = left.reduce((sum, file) => sum + file.bytes, 0);
  const message = `${left.length} ${what}, ${sizeText(bytes)}: a run that was killed left them more than a day ago`;
  return [item({ id, object, message, act: 'remove', repository, files: left.length, bytes })];
}

function goingLines(plan: RepositoryPrune): string[] {
  const { wal, left, uploads } = plan;
  const { name } = plan.repository;
  const lines = [
    ...[...foreseen(plan).backups].map((id) => `  ${id} of ${name}`),
    ...(left.length === 0 ? [] : [`  ${left.length} half-written files in the log of ${name}`]),
    ...(uploads.length === 0 ? [] : [`  ${uploads.length} files sent in part to ${name}`]),
  ];
  if (wal === null || wal.remove.length === 0) return lines;
  return [...lines, `  the log of ${name}, ${wal.remove[0]} to ${wal.remove.at(-1)}`];
}
