import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import { splitName } from '../db/ident.ts';
import type { Made } from '../ops/partitions/make.ts';
import type { NewPartition, Trouble, UpkeepPlan, Upkeep } from '../ops/partitions/plan.ts';
import type { Context } from './context.ts';
import { withNotices } from './notices.ts';

export const spec: CommandSpec = {
  name: 'retention partitions',
  summary: 'make the next partitions of the tables of dbctl.yaml, and say what is wrong with those that are there',
  description:
    'For each table under retention.partitions: the partition of today and so many after it are there, or are made, each in a transaction of its ' +
    'own; readers and writers of the table go on. Those of a protected table are guarded in the command that makes them. Rows in a default ' +
    'partition, holes between partitions, one that has half of a period, and a detach that did not end are told. Exit 1 when something of that is ' +
    'of severity medium or above, or a partition could not be made. Run it every day. Needs ownership of the tables, or EXECUTE on ' +
    'dbctl.create_partition (immutability.partition_creators) for protected ones, and SELECT on their default partitions.',
  effect: 'changes',
  options: [],
  examples: [
    ['dbctl retention partitions --env prod --dry-run', 'what would be made, and what is wrong'],
    ['dbctl retention partitions --env prod --yes', 'every day, from a timer'],
  ],
};

export const run = (_options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(context));

async function act(context: Context): Promise<Answer> {
  const upkeep = await upkeepOf(context);
  const [{ inspectPartitions }, { planPartitions }, { makePartitions }] = await Promise.all([
    import('../ops/partitions/inspect.ts'),
    import('../ops/partitions/plan.ts'),
    import('../ops/partitions/make.ts'),
  ]);
  const { dryRun } = context.globals;
  const access = dryRun ? 'read' : 'write';
  return context.withDatabase({ access, applicationName: 'dbctl retention' }, async (session) => {
    const { now, tables } = await inspectPartitions(session, upkeep);
    const plans = tables.map((table, index) => planPartitions(upkeep[index] as Upkeep, table, now));
    const make = plans.flatMap((plan) => plan.make);
    const target = context.target(session);
    if (dryRun || make.length === 0) return { ...answer(plans, null), target };
    await context.confirm(question(make));
    return { ...answer(plans, await makePartitions(session, make, context.progress)), target };
  });
}

async function upkeepOf(context: Context): Promise<readonly Upkeep[]> {
  const { config } = await context.config();
  if (config.retention.partitions.length === 0) {
    fail('config.invalid', 'dbctl.yaml names no table under retention.partitions', {
      hint: 'For instance: retention: {partitions: [{table: audit.audit_log, every: month, ahead: 3}]}.',
    });
  }
  return config.retention.partitions.map(({ table, every, ahead }) => ({ ...splitName(table), every, ahead }));
}

const nameOf = ({ schema, name }: NewPartition): string => `${schema}.${name}`;

function question(make: readonly NewPartition[]): string {
  const lines = make.map((one) => `  ${nameOf(one)}: rows from ${one.from} to before ${one.to}`);
  return [`${make.length} ${make.length === 1 ? 'partition is' : 'partitions are'} made:`, ...lines, 'Go on?'].join('\n');
}

/** `made` null: nothing was done. */
function answer(plans: readonly UpkeepPlan[], made: readonly Made[] | null): Answer {
  const items = [
    ...plans.flatMap(({ troubles }) => troubles.map(troubleItem)),
    ...plans.flatMap(({ make }) => make.map((one) => partitionItem(one, made))),
    ...plans.filter(({ make, troubles }) => make.length === 0 && troubles.length === 0).map(coveredItem),
  ];
  const failed = items.filter(({ status, severity }) => status === 'fail' && severity !== 'low').length;
  return {
    ok: failed === 0,
    items,
    summary: {
      tables: plans.length,
      made: made?.filter(({ problem }) => problem === null).length ?? 0,
      planned: plans.reduce((sum, { make }) => sum + make.length, 0),
      failed,
    },
    view: {
      columns: [
        { field: 'object', title: 'table or partition' },
        { field: 'message', title: '' },
        { field: 'fix', title: 'what to do' },
      ],
    },
  };
}

const troubleItem = ({ object, problem, severity, message, fix }: Trouble): Item =>
  item({ id: problem.replaceAll(' ', '-'), object, status: 'fail', severity, message, fix });

function partitionItem(one: NewPartition, made: readonly Made[] | null): Item {
  const span = `rows from ${one.from} to before ${one.to}`;
  const problem = made?.find(({ partition }) => partition === one)?.problem ?? null;
  if (problem !== null)
    return item({ id: 'not-made', object: nameOf(one), status: 'fail', severity: 'high', message: problem, fix: null });
  const message = made === null ? `to be made: ${span}` : `made: ${span}`;
  return item({
    id: made === null ? 'to-make' : 'made',
    object: nameOf(one),
    status: 'pass',
    severity: 'info',
    message,
    fix: null,
  });
}

function coveredItem({ upkeep, coveredTo }: UpkeepPlan): Item {
  const until =
    coveredTo === null || !Number.isFinite(coveredTo) ? 'for ever' : `to ${new Date(coveredTo).toISOString().slice(0, 10)}`;
  return item({
    id: 'covered',
    object: `${upkeep.schema}.${upkeep.name}`,
    status: 'pass',
    severity: 'info',
    message: `rows have a partition of their own ${until}`,
    fix: null,
  });
}
