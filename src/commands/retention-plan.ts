import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import { DbctlError } from '../core/errors.ts';
import type { NewestBackup, Remark } from '../ops/retention/plan.ts';
import { openBackups, knownBackups } from './backup-context.ts';
import type { Context } from './context.ts';
import { RETENTION_SESSION, RULE_OPTION, rulesOf } from './retention-context.ts';
import { bindRules, type BoundRule, type PlannedRule } from './retention-kinds/index.ts';

export const spec: CommandSpec = {
  name: 'retention plan',
  summary: 'what retention run would remove, how fast, and what is in the way',
  description:
    'For each rule of dbctl.yaml: how many rows are old enough, with their bytes and the oldest, by which index the batches find them, what goes or ' +
    'changes with them by foreign keys, which holds keep rows, which rights are missing, and whether the newest sealed backup is younger than ' +
    'what goes. Rows and bytes are estimates of the planner from the last ANALYZE; with --exact they are counted, which reads the rows. Exit 1 ' +
    'when a rule could not run. For a rule that says then: archive: what the next run does with each partition that is old enough, or why it stays, and what they cost a month before and after. Needs what retention run needs, to be able to say so.',
  effect: 'reads',
  targets: true,
  options: [RULE_OPTION, { flags: '--exact', description: 'count rows and bytes instead of estimating them' }],
  examples: [
    ['dbctl retention plan --env prod', 'before the first run'],
    ['dbctl retention plan --env prod --rule auth-sessions --exact', 'one rule, counted'],
  ],
};

/** Counting reads what it counts. */
const EXACT_TIMEOUT_MS = 30 * 60_000;

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const rules = await bindRules(await rulesOf(context, options['rule'] as string[] | undefined), context);
  const exact = options['exact'] === true;
  const session = { access: 'read', ...RETENTION_SESSION, ...(exact ? { statementTimeoutMs: EXACT_TIMEOUT_MS } : {}) } as const;
  return context.withDatabase(session, async (opened) => {
    const backup = await newestBackup(context, opened.database);
    const planned: PlannedRule[] = [];
    for (const rule of rules) planned.push(await rule.plan(opened, { exact }));
    return { ...(await answer(planned, rules, { exact, backup })), target: context.target(opened) };
  });
}

async function answer(
  planned: readonly PlannedRule[],
  rules: readonly BoundRule[],
  { exact, backup }: { readonly exact: boolean; readonly backup: NewestBackup | undefined },
): Promise<Answer> {
  const [{ planBackup }, { retentionMetrics }] = await Promise.all([
    import('../ops/retention/plan.ts'),
    import('../ops/retention/metrics.ts'),
  ]);
  const rows = planned.map(({ row }) => row);
  const going = planned.flatMap((one) => one.going ?? []);
  const remarks = [...planned.flatMap((one) => one.remarks), ...(backup === undefined ? [] : planBackup(going, backup))].map(
    remarkItem,
  );
  const toKnow = remarks.filter(({ status }) => status === 'pass');
  return {
    ok: rows.every(({ status }) => status === 'pass'),
    items: [...rows, ...planned.flatMap(({ parts }) => parts), ...remarks],
    summary: {
      rules: rows.length,
      rows: sum(rows, 'rows'),
      bytes: sum(rows, 'bytes'),
      how: exact ? 'exact' : 'estimate',
      warnings: remarks.length - toKnow.length,
      unfit: rows.filter(({ status }) => status === 'fail').length,
    },
    view: {
      title: exact ? 'Rows and bytes are counted.' : 'Rows and bytes are estimates from the last ANALYZE; --exact counts them.',
      overview: { columns: COLUMNS, rows },
      hidden: ['pass'],
      notes: [
        ...planned.flatMap(({ parts }) => parts.map(({ object, message }) => `${object}: ${message}.`)),
        ...toKnow.map(({ object, message }) => `${object}: ${message}.`),
      ],
      metrics: retentionMetrics(
        rules.map(({ rule }, index) => ({
          rule: rule.name,
          table: `${rule.schema}.${rule.table}`,
          backlog: planned[index]?.backlog ?? null,
        })),
      ),
    },
  };
}

const COLUMNS = [
  { field: 'object', title: 'rule' },
  { field: 'table', title: 'table' },
  { field: 'keeps', title: 'keeps' },
  { field: 'rows', title: 'rows to go', align: 'right' },
  { field: 'size', title: 'size', align: 'right' },
  { field: 'held', title: 'held', align: 'right' },
  { field: 'day', title: 'oldest' },
  { field: 'index', title: 'by index' },
] as const;

const remarkItem = ({ id, object, severity, message, fix }: Remark): Item =>
  item({ id, object, severity, message, fix, status: severity === 'info' ? 'pass' : 'fail' });

const sum = (items: readonly Item[], field: string): number =>
  items.reduce((total, one) => total + (typeof one[field] === 'number' ? one[field] : 0), 0);

/** Undefined: dbctl.yaml has no repository. A repository that does not answer is no reason to plan nothing. */
async function newestBackup(context: Context, database: string): Promise<NewestBackup | undefined> {
  const { config } = await context.config();
  if (config.backup.repositories.length === 0) return undefined;
  try {
    const backups = await openBackups(context, undefined);
    const known = await Promise.all(backups.repositories.map((repository) => knownBackups({ ...backups, repository })));
    const sealed = known.flat().flatMap((one) => (one.state === 'sealed' ? [one.manifest] : []));
    const ours = sealed.filter(
      ({ type, environment, source }) =>
        environment === context.globals.env && (type === 'physical' || source.database === database),
    );
    const newest = ours
      .map(({ snapshotAt }) => snapshotAt)
      .toSorted()
      .at(-1);
    return newest === undefined ? null : { at: newest };
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code !== 'interrupted') return { unknown: thrown.message };
    throw thrown;
  }
}
