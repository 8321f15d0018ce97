import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { DbctlError } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { StrayHold } from '../ops/backup/holds.ts';
import type { Problem } from '../ops/backup/chain.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import type { DrillReport } from '../ops/drill/report.ts';
import { REPOSITORIES_OPTION, knownBackups, openBackups, type Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { drillMetrics } from './drill-context.ts';

export const spec: CommandSpec = {
  name: 'backup status',
  summary: 'how old the newest backup and the newest passed drill are, for alarms',
  description:
    'Exit 1 when a repository does not answer, when in one of them the newest sealed backup of a database is older than backup.max_age, when no drill has passed within backup.drill_days, or when a seal is ' +
    'broken or could not be read, one that an incremental backup was made on is gone, or a hold is of no backup. Needs no database.',
  effect: 'reads',
  options: [REPOSITORIES_OPTION],
  examples: [
    ['dbctl backup status', 'are we safe?'],
    ['dbctl backup status --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const status = await import('../ops/backup/status.ts');
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const seen = await Promise.all(backups.repositories.map((repository) => look({ ...backups, repository })));
  const { max_age: maxAge, drill_days: drillDays, dropped } = backups.config.backup;
  const now = context.clock().getTime();
  const answered = seen.flatMap((one) => ('known' in one ? [one] : []));
  const several = backups.repositories.length > 1;
  const drills = answered.flatMap((one) => one.drills).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const passed = drills.findLast(({ ok }) => ok);
  const ages = answered.flatMap((one) => {
    const good = one.known.filter(({ id }) => !one.problems.some((bad) => bad.id === id));
    return status
      .newestOfEach(good, dropped)
      .map(({ source, at }) => ({ repository: one.name, source, ms: now - Date.parse(at) }));
  });
  const drillMs = passed === undefined ? null : now - Date.parse(passed.at);
  const judged = (id: string, object: string, ms: number | null, most: number, fix: string): Item => {
    const { ok, message } = status.judgeAge(ms, most);
    return item(ok ? { id, object, message } : { id, object, status: 'fail', severity: 'high', message, fix });
  };
  const items = [
    ...seen.flatMap((one) => ('problem' in one ? [failed('repository', one.name, one.problem, 'dbctl backup list')] : [])),
    ...answered.flatMap(({ name, problems }) => {
      const own = ages.filter(({ repository }) => repository === name);
      const what = `newest sealed backup${several ? ` in ${name}` : ''}`;
      if (own.length === 0 && problems.some(({ problem }) => problem.unread)) return [unread('backup-age', what, NONE_READ)];
      if (own.length === 0) return [judged('backup-age', what, null, maxAge, 'dbctl backup create')];
      return own.map(({ source, ms }) =>
        judged('backup-age', own.length === 1 ? what : `${what} of ${source}`, ms, maxAge, 'dbctl backup create'),
      );
    }),
    judged('drill-age', 'newest passed drill', drillMs, drillDays * 86_400_000, 'dbctl backup drill'),
    ...answered.flatMap(({ problems }) =>
      problems.map(({ id, problem }) =>
        problem.unread ? unread('unread', id, problem.words) : failed('broken', id, problem.words, 'dbctl backup verify'),
      ),
    ),
    ...answered.flatMap(({ strays }) => strays.map(({ name, message }) => failed('hold', name, message, HOLD_FIX))),
  ];
  const [first] = answered;
  return {
    ok: items.every(({ status: outcome }) => outcome === 'pass'),
    items,
    summary: {
      repository: backups.repository.name,
      repositories: backups.repositories.length,
      backups: answered.reduce((sum, { known }) => sum + known.length, 0),
      broken: answered.reduce((sum, one) => sum + countOf(one, false), 0),
      unread: answered.reduce((sum, one) => sum + countOf(one, true), 0),
      newest: first?.newest ?? null,
    },
    view: {
      columns: [
        { field: 'object', title: 'what' },
        { field: 'message', title: '' },
      ],
      metrics: [
        {
          name: 'dbctl_backup_age_seconds',
          help: 'Age of the data of the newest sealed backup, by repository and by database.',
          type: 'gauge',
          samples: ages.map(({ repository, source, ms }) => ({ labels: { repository, source }, value: ms / 1000 })),
        },
        {
          name: 'dbctl_backup_repository_up',
          help: 'Whether the repository answers.',
          type: 'gauge',
          samples: seen.map((one) => ({ labels: { repository: one.name }, value: 'known' in one ? 1 : 0 })),
        },
        {
          name: 'dbctl_backup_broken',
          help: 'Backups whose seal is broken, or that of one they were made on.',
          type: 'gauge',
          samples: answered.map((one) => ({ labels: { repository: one.name }, value: countOf(one, false) })),
        },
        {
          name: 'dbctl_backup_unread',
          help: 'Backups of which nothing is known, since the repository did not give their manifest.',
          type: 'gauge',
          samples: answered.map((one) => ({ labels: { repository: one.name }, value: countOf(one, true) })),
        },
        {
          name: 'dbctl_drill_age_seconds',
          help: 'Time since the newest drill that passed.',
          type: 'gauge',
          samples: drillMs === null ? [] : [{ labels: {}, value: drillMs / 1000 }],
        },
        ...drillMetrics(drills.at(-1)),
      ],
    },
  };
}

/** A repository as it answered, or why it did not. */
type Seen =
  | {
      readonly name: string;
      readonly known: readonly KnownBackup[];
      readonly problems: readonly { readonly id: string; readonly problem: Problem }[];
      readonly newest: string | null;
      readonly strays: readonly StrayHold[];
      readonly drills: readonly DrillReport[];
    }
  | { readonly name: string; readonly problem: string };

async function look(backups: Backups): Promise<Seen> {
  const [{ readReports }, { problemOf }, { readHolds, strayHolds }] = await Promise.all([
    import('../ops/drill/report.ts'),
    import('../ops/backup/chain.ts'),
    import('../ops/backup/holds.ts'),
  ]);
  const { repository, publicKeys } = backups;
  const { name } = repository;
  try {
    const known = await knownBackups(backups);
    // What changed since a backup that is gone is no backup.
    const problems = known.map((one) => ({ id: one.id, problem: problemOf(one, known) }));
    return {
      name,
      known,
      problems: problems.flatMap(({ id, problem }) => (problem === null ? [] : [{ id, problem }])),
      newest: problems.findLast(({ problem }) => problem === null)?.id ?? null,
      strays: strayHolds(
        name,
        await readHolds(repository),
        known.map(({ id }) => id),
      ),
      drills: await readReports(repository, publicKeys),
    };
  } catch (thrown) {
    if (thrown instanceof DbctlError) return { name, problem: thrown.message };
    throw thrown;
  }
}

const failed = (id: string, object: string, message: string, fix: string): Item =>
  item({ id, object, status: 'fail', severity: 'high', message, fix });

/** Not known is no alarm of its own kind: exit 1 all the same, since an answer was asked for. */
const unread = (id: string, object: string, message: string): Item =>
  item({ id, object, status: 'unknown', severity: 'high', message, fix: 'look at the storage, and run it again' });

const NONE_READ = 'not known: what is there could not be read';

const countOf = ({ problems }: { readonly problems: readonly { readonly problem: Problem }[] }, unreadOnes: boolean): number =>
  problems.filter(({ problem }) => problem.unread === unreadOnes).length;

const HOLD_FIX = 'give the file in .holds the name of a backup, or remove it';
