import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import { REPOSITORY_OPTION, knownBackups, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';
import { drillMetrics } from './drill-context.ts';

export const spec: CommandSpec = {
  name: 'backup status',
  summary: 'how old the newest backup and the newest passed drill are, for alarms',
  description:
    'Exit 1 when the newest sealed backup is older than backup.max_age, when no drill has passed within backup.drill_days, or when a seal is ' +
    'broken. Needs no database.',
  effect: 'reads',
  options: [REPOSITORY_OPTION],
  examples: [
    ['dbctl backup status', 'are we safe?'],
    ['dbctl backup status --format prometheus', 'for the textfile collector'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const { readReports } = await import('../ops/drill/report.ts');
  const backups = await openBackups(context, options['repository'] as string | undefined);
  const { max_age: maxAge, drill_days: drillDays } = backups.config.backup;
  const known = await knownBackups(backups);
  const newest = known.findLast(({ state }) => state === 'sealed');
  const drills = await readReports(backups.repository, backups.publicKeys);
  const passed = drills.findLast(({ ok }) => ok);
  const now = context.clock().getTime();
  const age = (at: string | undefined): number | null => (at === undefined ? null : now - Date.parse(at));
  const backupAge = age(newest?.state === 'sealed' ? newest.manifest.snapshotAt : undefined);
  const lastDrill = age(passed?.at);
  const judge = (id: string, what: string, ms: number | null, most: number, fix: string): Item => {
    if (ms !== null && ms <= most) return item({ id, object: what, message: `${ageText(ms)} old` });
    const message = ms === null ? 'there is none' : `${ageText(ms)} old, and ${ageText(most)} is the most`;
    return item({ id, object: what, status: 'fail', severity: 'high', message, fix });
  };
  const broken = known.filter(({ state }) => state === 'broken');
  const items = [
    judge('backup-age', 'newest sealed backup', backupAge, maxAge, 'dbctl backup create'),
    judge('drill-age', 'newest passed drill', lastDrill, drillDays * 86_400_000, 'dbctl backup drill'),
    ...broken.map((one) =>
      item({
        id: 'broken',
        object: one.id,
        status: 'fail',
        severity: 'high',
        message: one.state === 'broken' ? one.problem : '',
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
    ok: items.every(({ status }) => status === 'pass'),
    items,
    summary: { repository: backups.repository.name, backups: known.length, broken: broken.length, newest: newest?.id ?? null },
    view: {
      columns: [
        { field: 'object', title: 'what' },
        { field: 'message', title: '' },
      ],
      metrics: [
        gauge('dbctl_backup_age_seconds', 'Age of the data of the newest sealed backup.', backupAge),
        gauge('dbctl_drill_age_seconds', 'Time since the newest drill that passed.', lastDrill),
        ...drillMetrics(drills.at(-1)),
        {
          name: 'dbctl_backup_broken',
          help: 'Backups whose seal is broken.',
          type: 'gauge',
          samples: [{ labels: {}, value: broken.length }],
        },
      ],
    },
  };
}

function ageText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} days`;
}
