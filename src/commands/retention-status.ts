import { AGE_PATTERN } from '../config/retention-text.ts';
import { ageText } from '../core/age.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { LastRun } from '../ops/retention/record.ts';
import type { RetentionRule } from '../ops/retention/settings.ts';
import type { Context } from './context.ts';
import { withNotices } from './notices.ts';
import { RETENTION_SESSION, RULE_OPTION, rulesOf } from './retention-context.ts';
import { bindRules, type Sight } from './retention-kinds/index.ts';

export const spec: CommandSpec = {
  name: 'retention status',
  summary: 'how far each rule is behind, for alarms',
  description:
    'For each rule: how much older the oldest row is than the rule keeps it, how many such rows there are (counted up to 100001), how many are held, ' +
    'and the last run. Rows that are held are not behind. Exit 1 when a rule is behind by more than the grace, or cannot be looked at. Needs SELECT ' +
    'on the tables and membership in dbctl_auditor.',
  effect: 'reads',
  targets: true,
  options: [
    RULE_OPTION,
    {
      flags: '--grace <age>',
      description: 'how far a rule may be behind (default: retention.grace of dbctl.yaml)',
      parse: parseGrace,
    },
  ],
  examples: [
    ['dbctl retention status --env prod', 'does the timer run?'],
    ['dbctl retention status --env prod --grace "2 hours" --format prometheus', 'for the textfile collector'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  const rules = await bindRules(await rulesOf(context, options['rule'] as string[] | undefined), context);
  const grace = (options['grace'] as string | undefined) ?? (await context.config()).config.retention.grace;
  const [{ readLastRuns }, { retentionMetrics }] = await Promise.all([
    import('../ops/retention/record.ts'),
    import('../ops/retention/metrics.ts'),
  ]);
  return context.withDatabase({ access: 'read', ...RETENTION_SESSION }, async (session) => {
    const graceSeconds = await secondsOf(session, grace);
    const lastRuns = await readLastRuns(session);
    const seen: { readonly rule: RetentionRule; readonly sight: Sight | string }[] = [];
    for (const bound of rules) seen.push({ rule: bound.rule, sight: await bound.look(session) });
    const items = seen.map(({ rule, sight }) => statusItem(rule, sight, graceSeconds, lastRuns));
    return {
      ok: items.every(({ status }) => status === 'pass'),
      items,
      summary: {
        rules: items.length,
        behind: items.filter(({ status }) => status === 'fail').length,
        unknown: items.filter(({ status }) => status === 'unknown').length,
        grace,
      },
      target: context.target(session),
      view: {
        columns: [
          { field: 'object', title: 'rule' },
          { field: 'table', title: 'table' },
          { field: 'rows', title: 'old enough', align: 'right' },
          { field: 'held', title: 'held', align: 'right' },
          { field: 'lastRun', title: 'last run' },
          { field: 'removed', title: 'removed', align: 'right' },
          { field: 'message', title: '' },
        ],
        notes: lastRuns === null ? [`${session.user} may not see runs: grant dbctl_auditor to it.`] : [],
        metrics: [
          ...retentionMetrics(
            seen.map(({ rule, sight }) => ({
              rule: rule.name,
              table: `${rule.schema}.${rule.table}`,
              backlog: typeof sight === 'string' ? null : sight,
            })),
          ),
          {
            name: 'dbctl_retention_last_run_timestamp_seconds',
            help: 'When the last run of the rule began, in seconds since 1970.',
            type: 'gauge',
            samples: (lastRuns ?? []).map(({ rule, at }) => ({ labels: { rule }, value: Date.parse(at) / 1000 })),
          },
        ],
      },
    };
  });
}

function parseGrace(text: string): string {
  if (AGE_PATTERN.test(text)) return text;
  throw new Error(`an age is written 24 hours, 30 days or 13 months, not ${text}`);
}

async function secondsOf(session: Session, age: string): Promise<number> {
  const [row] = await session.rows<{ seconds: number }>(
    `select pg_catalog.date_part('epoch', pg_catalog.now() - (pg_catalog.now() - $1::pg_catalog.interval))::pg_catalog.float8 as seconds`,
    [age],
  );
  return row?.seconds ?? 0;
}

function statusItem(rule: RetentionRule, sight: Sight | string, graceSeconds: number, lastRuns: readonly LastRun[] | null): Item {
  const last = lastRuns?.find((one) => one.rule === rule.name);
  const common = {
    id: 'rule',
    object: rule.name,
    table: `${rule.schema}.${rule.table}`,
    lastRun: last?.at ?? null,
    lastState: last?.state ?? null,
    removed: last?.deleted ?? null,
  };
  if (typeof sight === 'string') {
    return item({
      ...common,
      status: 'unknown',
      severity: 'high',
      message: sight,
      fix: 'dbctl retention plan',
      rows: null,
      held: null,
      lateSeconds: null,
    });
  }
  const { rows, held, lateSeconds, oldest, told, fix = `dbctl retention run --rule ${rule.name}` } = sight;
  const behind = lateSeconds > graceSeconds;
  const message =
    rows === 0 && told === undefined
      ? 'nothing to do'
      : `the oldest is ${ageText(lateSeconds)} older than ${rule.keep}${behind ? '' : ': within the grace'}${told === undefined ? '' : `; ${told}`}`;
  return item({
    ...common,
    status: behind ? 'fail' : 'pass',
    severity: behind ? 'high' : 'info',
    message,
    fix: behind ? fix : null,
    rows,
    held,
    lateSeconds: Math.round(lateSeconds),
    oldest,
  });
}
