import { item, type Answer, type Item, type Metric } from '../core/report.ts';
import type { Drill, DrillInputs } from '../ops/drill/drill.ts';
import type { DrillReport, ReportFacts } from '../ops/drill/report.ts';
import type { DrillStep } from '../ops/drill/steps.ts';
import type { DrillChecks } from '../ops/drill/verify.ts';
import type { Backups } from './backup-context.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';
import { toolsContext } from './tools-context.ts';
import { projectChecks, projectPolicy, projectWaivers } from './verify-project.ts';

/** What dbctl.yaml asks of a restored backup. `environment` is that the backup is of: waivers may be for one only. */
export async function drillInputs(backups: Backups, context: Context, environment: string): Promise<DrillInputs> {
  const [{ immutabilitySettings }, { ledgerSettings }, { places }, checks] = await Promise.all([
    import('../ops/immutability/settings.ts'),
    import('../ops/ledger/settings.ts'),
    toolsContext(context),
    drillChecks(context, environment),
  ]);
  const { config } = backups;
  const { drill, jobs } = config.backup;
  const ledger = ledgerSettings(config);
  return {
    repository: backups.repository,
    tools: places,
    jobs,
    immutability: immutabilitySettings(config),
    ledger: ledger.publicKeys.length > 0 ? ledger : { ...ledger, publicKeys: backups.publicKeys },
    database: drill.database ?? config.dev.database,
    checks,
    assertions: { list: drill.assertions, timeoutMs: drill.assertion_timeout },
    targets: { rtoMs: drill.rto ?? null, rpoMs: drill.rpo ?? null },
    uid: process.getuid?.(),
    clock: context.clock,
    progress: context.progress,
    signal: context.signal,
  };
}

async function drillChecks(context: Context, environment: string): Promise<DrillChecks> {
  const [{ selectChecks }, { advisories }, policy, loaded] = await Promise.all([
    import('../ops/verify/select.ts'),
    import('../ops/verify/advisories.ts'),
    projectPolicy(context),
    context.config(),
  ]);
  const { groups, skip, required, fail_on: failOn } = loaded.config.verify;
  const checks = await projectChecks(loaded, context);
  return {
    checks: selectChecks(checks, { configuredGroups: groups, skip, required }).run,
    waivers: await projectWaivers(checks, loaded, context),
    policy,
    advisories,
    clock: context.clock,
    failOn,
    required,
    environment,
  };
}

/** Stores the signed report of a drill, and says what it says. */
export async function reportDrill(
  drill: Drill,
  facts: Pick<ReportFacts, 'backup' | 'choice' | 'programs'>,
  backups: Backups,
  context: Context,
): Promise<Answer> {
  const [{ storeReport }, { operator }, signer] = await Promise.all([
    import('../ops/drill/report.ts'),
    migrateSettings(context),
    backups.signer(),
  ]);
  const { rto, rpo } = backups.config.backup.drill;
  const { report, path, head } = await storeReport(
    backups.repository,
    drill,
    {
      ...facts,
      at: context.clock(),
      operator: operator.name,
      dbctl: operator.toolVersion,
      targets: { rtoSeconds: rto === undefined ? null : rto / 1000, rpoSeconds: rpo === undefined ? null : rpo / 1000 },
    },
    signer,
    { publicKeys: backups.publicKeys, signal: context.signal },
  );
  return answer(report, path, head);
}

async function answer(report: DrillReport, path: string, head: string): Promise<Answer> {
  const [{ ANSWER_MEANING }, { extrapolation, historyText }, { secondsText }] = await Promise.all([
    import('../ops/drill/answer.ts'),
    import('../ops/drill/history.ts'),
    import('../ops/drill/targets.ts'),
  ]);
  const { backup, rtoSeconds, rpoSeconds, history } = report;
  const rto = rtoSeconds === null ? 'not reached' : secondsText(rtoSeconds);
  const rpo = rpoSeconds === null ? 'not measured' : secondsText(rpoSeconds);
  const more = extrapolation(history, backup.sizeBytes);
  return {
    ok: report.ok,
    items: report.steps.map(stepItem),
    summary: { backup: backup.id, answer: report.answer, report: path, head, rtoSeconds, rpoSeconds },
    view: {
      title: `${backup.id}, data of ${backup.snapshotAt.replace(/\.\d+/, '')}`,
      columns: [
        { field: 'step', title: 'step' },
        { field: 'outcome', title: 'outcome' },
        { field: 'seconds', title: 's', align: 'right' },
        { field: 'message', title: 'what was seen' },
      ],
      notes: [
        `${report.answer.charAt(0).toUpperCase()}${report.answer.slice(1)}. ${ANSWER_MEANING[report.answer]}`,
        `Time to a database that was looked at (RTO): ${rto}. Data that would be lost (RPO): ${rpo}.`,
        ...(history === null ? [] : [historyText(history)]),
        ...(more === null ? [] : [more]),
        `Report ${report.number}: ${path}`,
      ],
      metrics: drillMetrics(report),
    },
  };
}

/** The same numbers of the newest drill, from `backup drill` and from `backup status`. */
export function drillMetrics(report: Pick<DrillReport, 'ok' | 'rtoSeconds' | 'rpoSeconds'> | undefined): Metric[] {
  const gauge = (name: string, help: string, value: number | null | undefined): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: value === null || value === undefined ? [] : [{ labels: {}, value }],
  });
  return [
    gauge('dbctl_drill_ok', 'Whether the newest drill passed.', report === undefined ? null : Number(report.ok)),
    gauge('dbctl_drill_rto_seconds', 'Time to a database that was looked at in the newest drill.', report?.rtoSeconds),
    gauge('dbctl_drill_rpo_seconds', 'Age of the data the newest drill brought back.', report?.rpoSeconds),
  ];
}

const STATUS = {
  passed: ['pass', 'info'],
  failed: ['fail', 'high'],
  missed: ['fail', 'medium'],
  skipped: ['skipped', 'info'],
} as const;

function stepItem({ name, subject, outcome, message, details, seconds }: DrillStep): Item {
  const [status, severity] = STATUS[outcome];
  const step = subject === undefined ? name : `${name} ${subject}`;
  const detail = details === undefined ? null : [...details];
  return item({
    id: name,
    object: subject ?? name,
    status,
    severity,
    message,
    detail,
    step,
    outcome,
    seconds: seconds.toFixed(1),
  });
}
