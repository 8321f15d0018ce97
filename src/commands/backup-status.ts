import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { KnownBackup } from '../ops/backup/verify.ts';
import { REPOSITORY_OPTION, knownBackups, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';
import { drillMetrics } from './drill-context.ts';

export const spec: CommandSpec = {
  name: 'backup status',
  summary: 'how old the newest backup and the newest passed drill are, for alarms',
  description:
    'Exit 1 when the newest sealed backup of a database is older than backup.max_age, when no drill has passed within backup.drill_days, or when a seal is ' +
    'broken, or one that an incremental backup was made on is gone. Needs no database.',
  effect: 'reads',
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup status', 'are we safe?'],
    ['dbctl backup status --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ readReports }, { problemOf }] = await Promise.all([
    import('../ops/drill/report.ts'),
    import('../ops/backup/chain.ts'),
  ]);
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const { max_age: maxAge, drill_days: drillDays } = backups.config.backup;
  const known = await knownBackups(backups);
  // What changed since a backup that is gone is no backup.
  const problems = new Map(known.map((one) => [one.id, problemOf(one, known)]));
  const newest = known.findLast(({ id }) => problems.get(id) === null);
  const sources = newestOfEach(known.filter(({ id }) => problems.get(id) === null));
  const drills = await readReports(backups.repository, backups.publicKeys);
  const passed = drills.findLast(({ ok }) => ok);
  const now = context.clock().getTime();
  const age = (at: string | undefined): number | null => (at === undefined ? null : now - Date.parse(at));
  const lastDrill = age(passed?.at);
  const judge = (id: string, what: string, ms: number | null, most: number, fix: string): Item => {
    if (ms !== null && ms <= most) return item({ id, object: what, message: `${ageText(ms)} old` });
    const message = ms === null ? 'there is none' : `${ageText(ms)} old, and ${ageText(most)} is the most`;
    return item({ id, object: what, status: 'fail', severity: 'high', message, fix });
  };
  const broken = [...problems].flatMap(([id, problem]) => (problem === null ? [] : [{ id, problem }]));
  const items = [
    ...(sources.length === 0 ? [judge('backup-age', 'newest sealed backup', null, maxAge, 'dbctl backup create')] : []),
    ...sources.map(({ source, at }) => {
      const what = sources.length === 1 ? 'newest sealed backup' : `newest sealed backup of ${source}`;
      const ms = now - Date.parse(at);
      if (sources.length === 1 || ms <= GONE_AFTER * maxAge) return judge('backup-age', what, ms, maxAge, 'dbctl backup create');
      const message = `${ageText(ms)} old: taken for gone, and no longer watched`;
      return item({ id: 'backup-age', object: what, status: 'skipped', message });
    }),
    judge('drill-age', 'newest passed drill', lastDrill, drillDays * 86_400_000, 'dbctl backup drill'),
    ...broken.map((one) =>
      item({
        id: 'broken',
        object: one.id,
        status: 'fail',
        severity: 'high',
        message: one.problem,
        fix: 'dbctl backup verify',
      }),
    ),
  ];
  const gauge = (name: string, help: string, ms: number | null) => ({
    name,
    help,
    type: 'gauge' as const,
    samples: ms === null ? [] : [{ labels: {}, value: ms / 1000 }],
  });
  return {
    ok: items.every(({ status }) => status === 'pass' || status === 'skipped'),
    items,
    summary: { repository: backups.repository.name, backups: known.length, broken: broken.length, newest: newest?.id ?? null },
    view: {
      columns: [
        { field: 'object', title: 'what' },
        { field: 'message', title: '' },
      ],
      metrics: [
        {
          name: 'dbctl_backup_age_seconds',
          help: 'Age of the data of the newest sealed backup, of each database where there are several.',
          type: 'gauge',
          samples: sources.map(({ source, at }) => ({
            labels: sources.length === 1 ? {} : { source },
            value: (now - Date.parse(at)) / 1000,
          })),
        },
        gauge('dbctl_drill_age_seconds', 'Time since the newest drill that passed.', lastDrill),
        ...drillMetrics(drills.at(-1)),
        {
          name: 'dbctl_backup_broken',
          help: 'Backups whose seal is broken, or that of one they were made on.',
          type: 'gauge',
          samples: [{ labels: {}, value: broken.length }],
        },
      ],
    },
  };
}

/** One whose newest backup is this many times backup.max_age old was dropped: it must not be an alarm for ever. */
const GONE_AFTER = 30;

/** The newest sealed backup of each database, and of the server: one that stopped must not hide behind another that goes on. */
function newestOfEach(known: readonly KnownBackup[]): { readonly source: string; readonly at: string }[] {
  const newest = new Map<string, string>();
  for (const one of known) {
    if (one.state !== 'sealed') continue;
    const { type, source, snapshotAt } = one.manifest;
    newest.set(type === 'physical' ? 'the server' : source.database, snapshotAt);
  }
  return [...newest].map(([source, at]) => ({ source, at })).toSorted((a, b) => (a.source < b.source ? -1 : 1));
}

function ageText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} days`;
}
